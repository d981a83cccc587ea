// What forecastops needs on Azure, for one environment (dev, test or prod): an Azure ML workspace with what belongs to it, and
// an identity for the pipelines, which signs in by federation and keeps no secret.
//
//   az deployment group create --resource-group GROUP --template-file azure/main.bicep --parameters environment=dev
targetScope = 'resourceGroup'

@description('Which of your environments this is; a part of every name.')
@allowed(['dev', 'test', 'prod'])
param environment string

@description('Where everything is made.')
param location string = resourceGroup().location

@description('What names begin with.')
@minLength(3)
@maxLength(11)
param prefix string = 'forecastops'

@description('Issuer that the service connection shows (Azure DevOps), or https://token.actions.githubusercontent.com; empty: no federation yet.')
param federationIssuer string = ''

@description('Subject that the service connection shows, or repo:OWNER/NAME:environment:forecastops-production.')
param federationSubject string = ''

@description('Name of the storage account in this group that holds the data; empty: the data are brought in another way.')
param dataStorageAccountName string = ''

var name = '${prefix}-${environment}'
var unique = uniqueString(resourceGroup().id, environment)
var dataScientist = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f6c7c914-8db3-469d-8ca1-694a8f32e121')
var blobDataReader = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1')

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: '${name}-logs'
  location: location
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: 30
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: '${name}-insights'
  location: location
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: logs.id
  }
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: 'kv-${unique}'
  location: location
  properties: {
    tenantId: subscription().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    enablePurgeProtection: true
  }
}

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'st${unique}'
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    allowBlobPublicAccess: false
    supportsHttpsTrafficOnly: true
  }
}

// Images of endpoints are kept here; the workspace signs in by the admin account.
resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: 'cr${unique}'
  location: location
  sku: { name: 'Basic' }
  properties: { adminUserEnabled: true }
}

resource workspace 'Microsoft.MachineLearningServices/workspaces@2024-10-01' = {
  name: name
  location: location
  identity: { type: 'SystemAssigned' }
  properties: {
    friendlyName: name
    storageAccount: storage.id
    keyVault: vault.id
    applicationInsights: insights.id
    containerRegistry: registry.id
  }
}

resource pipelines 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-pipelines'
  location: location
}

resource federation 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = if (!empty(federationIssuer)) {
  parent: pipelines
  name: 'pipelines'
  properties: {
    issuer: federationIssuer
    subject: federationSubject
    audiences: ['api://AzureADTokenExchange']
  }
}

resource mayTrainAndDeploy 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(workspace.id, pipelines.id, dataScientist)
  scope: workspace
  properties: {
    roleDefinitionId: dataScientist
    principalId: pipelines.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

resource dataStorage 'Microsoft.Storage/storageAccounts@2023-05-01' existing = if (!empty(dataStorageAccountName)) {
  name: dataStorageAccountName
}

resource mayReadData 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(dataStorageAccountName)) {
  name: guid(resourceGroup().id, dataStorageAccountName, pipelines.id, blobDataReader)
  scope: dataStorage
  properties: {
    roleDefinitionId: blobDataReader
    principalId: pipelines.properties.principalId
    principalType: 'ServicePrincipal'
  }
}

@description('What the service connection, or azure/login, asks for.')
output clientId string = pipelines.properties.clientId

@description('The workspace, for az ml workspace show.')
output workspaceName string = workspace.name
