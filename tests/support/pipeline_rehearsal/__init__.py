"""A rehearsal of `azure-pipelines.yml` without Azure: the YAML as it is, the scripts for real, the tasks stood in for.

It follows the published rules of Azure Pipelines where the pipeline uses them, and refuses what it does not know.
"""
