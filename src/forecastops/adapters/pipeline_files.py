"""Pipelines for a repository of the user's own: this project's, changed to install the package instead of building it.

They are this project's own files, so that what is rehearsed here is what users get; the wheel carries them along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forecastops import __version__
from forecastops.core.distribution import DISTRIBUTION
from forecastops.core.errors import ConfigError

__all__ = ["REQUIREMENTS", "SYSTEMS", "PipelineRequest", "pipeline_files"]

SYSTEMS = ("azure-devops", "github")

REQUIREMENTS = "requirements-forecastops.txt"
_PACKAGE = Path(__file__).resolve().parents[1]
_CONNECTION = "forecastops-azure"
_DATA, _CONFIG = "data/transaction_ts2013.csv,data/transaction_ts2014.csv", "configs/online-endpoint.yaml"
_STAGES = (
    "certificate",
    "check",
    "evaluate",
    "keep",
    "monitor",
    "promote",
    "refresh",
    "renew",
    "renewal",
    "request",
    "train",
    "verify",
)
_TESTS = {
    "pipelines/check.yml": """    - bash: make PYTHON=python check
      displayName: Tests
      condition: and(succeeded(), in(variables['Build.Reason'], 'IndividualCI', 'BatchedCI', 'PullRequest'))
""",
    ".github/workflows/retrain.yml": """    - name: Tests
      if: github.event_name == 'push' || github.event_name == 'pull_request'
      run: make PYTHON=python check
""",
}
_WHERE_DATA = """# The data that the pipeline names by `data`. Files of this repository need no step, nor do
# addresses such as abfss://. Else replace it by what brings yours, e.g. `az storage blob download-batch`.
"""
_INSTALL = f"""
    if [ "$CACHED" != true ]; then
      python -m venv .venv && .venv/bin/python -m pip install -q -r {REQUIREMENTS}
    fi
"""
_AZURE_DATA = f"""{_WHERE_DATA}steps:
- bash: echo 'the data need no step'
  displayName: Data
"""
_AZURE_ENVIRONMENT = f"""# Steps: the package, from the cache where its version and Python's are the same, on the PATH.
steps:
- task: UsePythonVersion@0
  displayName: Python 3.11
  inputs:
    versionSpec: '3.11'
- bash: python -c "import platform as p; print('##vso[task.setvariable variable=interpreter]' + p.python_version())"
  displayName: Its version (an environment is of one)
- task: Cache@2
  displayName: Environment from the cache
  inputs:
    key: forecastops | "$(Agent.OS)" | "$(interpreter)" | {REQUIREMENTS}
    path: $(Build.SourcesDirectory)/.venv
    cacheHitVar: cached
- bash: |{_INSTALL}  displayName: Package
- bash: echo "##vso[task.prependpath]$PWD/.venv/bin"
  displayName: forecastops on the PATH
"""
_GITHUB_DATA = f"""{_WHERE_DATA}name: Data
description: Brings the data that the workflow names.
runs:
  using: composite
  steps:
  - shell: bash
    run: echo 'the data need no step'
"""
_GITHUB_INSTALL = f"""    env:
      CACHED: ${{{{ steps.cache.outputs.cache-hit }}}}
    run: |{_INSTALL.replace(chr(10) + "  ", chr(10) + "    ")}  - shell: bash
    run: echo "$PWD/.venv/bin" >> "$GITHUB_PATH"
"""
_AZURE_PATHS = """    - configs
    - data
    - pipelines
    - pyproject.toml
    - requirements-build.lock
    - requirements.lock
    - src
    - tests
"""
_SIGN_IN = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID")


@dataclass(frozen=True)
class PipelineRequest:
    """What a pipeline is for.

    Attributes:
        system: ``azure-devops`` or ``github``.
        data: what the commands are given as data: files, separated by commas, or addresses.
        config: the configuration file, relative to the repository.
        extras: of the package, which the data need.
    """

    system: str
    data: str
    config: str
    extras: Sequence[str] = ()


def pipeline_files(request: PipelineRequest) -> dict[str, str]:
    """Return the files of a repository's pipeline, by their paths in it.

    Raises:
        ConfigError: for data whose name YAML or a list of files cannot hold, or a system that is not known.
    """
    if request.system not in SYSTEMS:
        known = " or ".join(SYSTEMS)
        raise ConfigError("pipeline", f"{request.system!r} is no system that files are known for", f"name {known}")
    if any(char in request.data for char in "'\"\n{}$"):
        raise ConfigError(f"data {request.data}", "no pipeline can name it safely", "rename the file")
    found = _github(request) if request.system == "github" else _azure_devops(request)
    extras = f"[{','.join(request.extras)}]" if request.extras else ""
    return {**found, REQUIREMENTS: f"{DISTRIBUTION}{extras}=={__version__}\n"}


def _azure_devops(request: PipelineRequest) -> dict[str, str]:
    root = _changed(
        "azure-pipelines.yml",
        ("# docs/azure-devops.md says how to set it up. Approval", "# Data: pipelines/data.yml. Approval"),
        (_AZURE_PATHS, f"    - pipelines\n    - {request.config}\n    - {REQUIREMENTS}\n"),
        (f"  default: {_DATA}\n", f"  default: '{request.data}'\n"),
        (f"  default: {_CONFIG}\n", f"  default: {request.config}\n"),
        (f"serviceConnection: {_CONNECTION}", "serviceConnection: ${{ parameters.serviceConnection }}"),
        (
            "- name: force\n",
            "- name: serviceConnection\n  displayName: Service connection to Azure\n  type: string\n"
            f"  default: {_CONNECTION}\n- name: force\n",
        ),
    )
    stages = {f"pipelines/{name}.yml": _source(f"pipelines/{name}.yml") for name in _STAGES}
    stages["pipelines/check.yml"] = _without_tests("pipelines/check.yml")
    return {
        "azure-pipelines.yml": root,
        **stages,
        "pipelines/data.yml": _AZURE_DATA,
        "pipelines/environment.yml": _AZURE_ENVIRONMENT,
    }


def _github(request: PipelineRequest) -> dict[str, str]:
    name = ".github/workflows/retrain.yml"
    step = "    - name: Data\n      run: forecastops data sample transactions --out data\n"
    paths = "['.github/**', 'configs/**', 'data/**', pyproject.toml, 'requirements*.lock', 'src/**', 'tests/**']"
    sign_in = "".join(f"  {one}: ${{{{ vars.{one} }}}}\n" for one in _SIGN_IN)
    workflow = _changed(
        name,
        (
            "# The stages of azure-pipelines.yml for GitHub Actions; docs/azure-devops.md says what differs.\n",
            "# Data: .github/actions/data. Who signs in: the variables below.\n",
        ),
        (paths, f"['.github/**', {request.config}, {REQUIREMENTS}]"),
        (f"default: {_DATA}\n", f"default: '{request.data}'\n"),
        (f"'{_DATA}'", f"'{request.data}'"),
        (_CONFIG, request.config),
        (step, "    - uses: ./.github/actions/data\n"),
        (_TESTS[name], ""),
        *((f"${{{{ vars.{one} }}}}", f"${{{{ env.{one} }}}}") for one in _SIGN_IN),
        ("\njobs:\n", f"{sign_in}\njobs:\n"),
    )
    environment = _changed(
        ".github/actions/environment/action.yml",
        (
            "The locked environment, from the cache where lock file and interpreter are the same",
            "The package, from the cache where its version and the interpreter are the same",
        ),
        ("hashFiles('requirements.lock', 'requirements-build.lock', 'pyproject.toml')", f"hashFiles('{REQUIREMENTS}')"),
    )
    setup, first_script, _ = environment.partition("  - shell: bash\n")
    return {
        name: workflow,
        ".github/actions/environment/action.yml": setup + first_script + _GITHUB_INSTALL,
        ".github/actions/data/action.yml": _GITHUB_DATA,
        ".github/actions/sign-in/action.yml": _source(".github/actions/sign-in/action.yml"),
    }


def _without_tests(name: str) -> str:
    return _changed(name, (_TESTS[name], ""))


def _changed(name: str, *changes: tuple[str, str]) -> str:
    """Return a file of this project with some of its text replaced, all of which must be there."""
    text = _source(name)
    for old, new in changes:
        if old not in text:
            raise AssertionError(f"{name} no longer holds {old!r}")
        text = text.replace(old, new)
    return text


def _source(name: str) -> str:
    """Return a file as the wheel carries it, or of the checkout that is installed in place."""
    packed = _PACKAGE / "pipeline_files" / name.replace(".github", "github")
    return (packed if packed.is_file() else _PACKAGE.parents[1] / name).read_text("utf-8")
