"""azure/main.bicep, as far as it can be known without its compiler: names, types and versions hold together."""

from __future__ import annotations

import re

from repository import ROOT

TEXT = (ROOT / "azure/main.bicep").read_text("utf-8")
# Without comments and texts, but with what is inserted into texts.
CODE = re.sub(r"(?m)^\s*//.*", "", TEXT)
BARE = re.sub(r"'[^']*'", lambda text: " ".join(re.findall(r"\$\{([^}]*)\}", text[0])), CODE)
DECLARED = {
    name: kind for kind, name in re.findall(r"(?m)^(param|var|resource|output) (\w+)", CODE) if kind != "output"
}
FUNCTIONS = {"resourceGroup", "subscription", "subscriptionResourceId", "uniqueString", "guid", "empty"}
ROLES = {  # of Azure's list of built-in roles
    "dataScientist": "f6c7c914-8db3-469d-8ca1-694a8f32e121",
    "blobDataReader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
}


def test_every_resource_has_a_type_and_a_version() -> None:
    resources = re.findall(r"(?m)^resource (\w+) '([^']+)'(?: existing)? = (?:if \(.*\) )?\{$", CODE)
    assert len(resources) == len(re.findall(r"(?m)^resource ", CODE)) == 11
    assert all(re.fullmatch(r"Microsoft\.\w+(/\w+)+@20\d\d-\d\d-\d\d", kind) for _, kind in resources)
    nested = [name for name, kind in resources if kind.count("/") > 1]
    for name in nested:
        assert re.search(rf"(?s)resource {name} .*?\n  parent: (\w+)\n", CODE)


def test_what_is_used_is_declared_and_what_is_declared_is_used() -> None:
    assert BARE.count("{") == BARE.count("}")
    assert BARE.count("(") == BARE.count(")")
    called = set(re.findall(r"\b(\w+)\(", BARE)) - {"if"} - set(re.findall(r"@(\w+)\(", BARE))
    assert called == FUNCTIONS
    for name, kind in DECLARED.items():
        assert len(re.findall(rf"\b{name}\b", BARE)) > 1 or kind == "resource", f"{name} is not used"
    values = re.findall(r"(?m)^\s*(?:scope|parent|location|roleDefinitionId|issuer|subject): (\w+)$", BARE)
    assert values
    assert set(values) <= set(DECLARED)
    assert set(re.findall(r"\b(\w+)\.(?:id|name|properties)\b", BARE)) <= set(DECLARED)


def test_roles_are_those_that_are_named() -> None:
    for name, role in ROLES.items():
        assert f"var {name} = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{role}')" in TEXT


def test_the_guide_gives_the_parameters_that_there_are() -> None:
    guide = (ROOT / "docs/azure-devops-from-nothing.md").read_text("utf-8").replace("\\\n", " ")
    commands = re.findall(r"(?m)^ +az deployment group create .*$", guide)
    given = {key for one in commands for key in re.findall(r"(\w+)=", one.partition("--parameters")[2])}
    assert len(commands) == 3
    assert given == {"environment", "federationIssuer", "federationSubject", "dataStorageAccountName"}
    assert given <= {name for name, kind in DECLARED.items() if kind == "param"}
