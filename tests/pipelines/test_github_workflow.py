"""The GitHub variant of the pipeline: the same stages and scripts, and outputs that are really handed on."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline_rehearsal.definition import load_pipeline
from repository import ROOT
from test_pipeline_rules import OUTPUTS

WORKFLOW = ROOT / ".github/workflows/retrain.yml"
STEPS = {step: names for (_, _, step), names in OUTPUTS.items()}


def jobs_of(text: str) -> dict[str, Any]:
    """The jobs, as texts."""
    jobs: dict[str, Any] = yaml.load(text, yaml.BaseLoader)["jobs"]
    return jobs


def problems(text: str) -> list[str]:
    """Each path that leads nowhere, and each text that is inserted into a script."""
    found = []
    jobs = jobs_of(text)
    for name, job in jobs.items():
        needs = job.get("needs", [])
        for other, output in re.findall(r"needs\.(\w+)\.outputs\.(\w+)", str(job)):
            if other not in needs or output not in jobs.get(other, {}).get("outputs", {}):
                found.append(f"{name}: {other} hands on no {output}")
        found += [
            f"{name}: waits for no {other}"
            for other in re.findall(r"needs\.(\w+)\.result", str(job))
            if other not in needs
        ]
        found += [
            f"{name}: there is no schedule {asked}"
            for asked in re.findall(r"event\.schedule [!=]= '([^']+)'", job.get("if", ""))
            if f"cron: '{asked}'" not in text
        ]
        ids = {step.get("id") for step in job["steps"]}
        for output, value in job.get("outputs", {}).items():
            step = re.fullmatch(r"\$\{\{ steps\.(\w+)\.outputs\.(\w+) \}\}", value)
            if step is None or step[1] not in ids or step[2] not in STEPS.get(step[1], ()):
                found.append(f"{name}: no step sets {output}")
        found += [f"{name}: text in a script" for step in job["steps"] if "${{" in step.get("run", "")]
    return found


def test_paths_lead_somewhere() -> None:
    assert problems(WORKFLOW.read_text()) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("needs.evaluate.outputs.verdict", "needs.evaluate.outputs.verdicts"),
        ("needs.evaluate.outputs.verdict", "needs.gate.outputs.verdict"),
        ("needs: [evaluate, promote, keep]", "needs: [promote, keep]"),
        ("needs.keep.result", "needs.kept.result"),
        ("github.event.schedule == '0 5 * * 0,2-6'", "github.event.schedule == '0 5 * * *'"),
        ("needs.monitor.outputs.retrain", "needs.monitor.outputs.retrains"),
        ("steps.train.outputs.run_id", "steps.train.outputs.run"),
        ("- id: evaluate", "- id: gate"),
        ('--run-id "$RUN_ID"', '--run-id "${{ needs.evaluate.outputs.run_id }}"'),
    ],
)
def test_a_mistake_is_caught(right: str, wrong: str) -> None:
    text = WORKFLOW.read_text()
    assert right in text
    assert problems(text.replace(right, wrong))


def test_stages_scripts_and_parameters_are_those_of_azure_pipelines() -> None:
    """`True` is spelled `true` here, and issues are told otherwise."""
    pipeline, alone = (load_pipeline(ROOT / "azure-pipelines.yml", {"task": task}) for task in ("monitor", "renew"))
    ours = jobs_of(WORKFLOW.read_text())
    stages = [*pipeline.stages, *alone.stages]
    assert list(ours) == [stage.name.lower() for stage in stages]
    for stage in stages:
        (job,) = stage.jobs
        scripts = [step.inputs.get("inlineScript", step.inputs.get("script", "")) for step in job.steps]
        theirs = [_alike(script) for script in scripts if re.search(r"forecastops |FORCE| check", script)]
        assert [_alike(step["run"]) for step in ours[stage.name.lower()]["steps"] if "run" in step] == theirs
    document = yaml.load(WORKFLOW.read_text(), yaml.BaseLoader)
    inputs = document["on"]["workflow_dispatch"]["inputs"]
    parameters = load_pipeline(ROOT / "azure-pipelines.yml", {}).parameters
    defaults = {name: str(value).replace("False", "false") for name, value in parameters.items()}
    assert {name: each["default"] for name, each in inputs.items()} == defaults
    theirs = yaml.load((ROOT / "azure-pipelines.yml").read_text(), yaml.BaseLoader)
    assert [each["cron"] for each in document["on"]["schedule"]] == [each["cron"] for each in theirs["schedules"]]
    for name, value in defaults.items():
        shown = value if value == "false" else f"'{value}'"
        assert document["env"][name.upper()] == f"${{{{ inputs.{name} || {shown} }}}}"


def _alike(script: str) -> str:
    return (
        script.strip()
        .replace("= True", "= true")
        .replace("##vso[task.logissue type=error]", "::error::")
        .replace("pipeline variable", "variable")
    )


def test_only_jobs_that_sign_in_may_ask_for_a_token() -> None:
    text = WORKFLOW.read_text()
    assert yaml.load(text, yaml.BaseLoader)["permissions"] == {"contents": "read"}
    for name, job in jobs_of(text).items():
        signs_in = any(step.get("uses") == "./.github/actions/sign-in" for step in job["steps"])
        assert ("id-token" in job.get("permissions", {})) == signs_in, name
    for name, where in (("promote", "production"), ("keep", "renewal"), ("renew", "renewal")):
        assert jobs_of(text)[name]["environment"] == f"forecastops-{where}"
        assert jobs_of(text)[name]["concurrency"] == {"group": "forecastops-production", "cancel-in-progress": "false"}


def test_local_actions_exist() -> None:
    used = set(re.findall(r"uses: (\./\S+)", WORKFLOW.read_text()))
    assert used
    assert all((ROOT / Path(action) / "action.yml").is_file() for action in used)


def test_signing_in_hands_on_a_token_that_is_renewed(tmp_path: Path) -> None:
    """GitHub's own server is stood in for: it gives another token each time, to whoever shows the request's."""
    asked: list[tuple[str, str | None]] = []

    class Tokens(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
            body = json.dumps({"value": f"token-{len(asked)}"}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    action = yaml.safe_load((ROOT / ".github/actions/sign-in/action.yml").read_text("utf-8"))
    login, script = action["runs"]["steps"]
    assert "azure/login" in login["uses"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        **os.environ,
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_ENV": str(tmp_path / "env"),
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{server.server_port}/token?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "the-request-token",
        "CLIENT_ID": "client",
        "TENANT_ID": "tenant",
        "SIGN_IN_SECONDS": "0.2",
    }
    file = tmp_path / "azure-federated-token"
    with subprocess.Popen(
        ["/bin/bash", "-c", f"{script['run']}\nsleep 60"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            deadline = time.monotonic() + 300
            while not (file.exists() and file.read_text("utf-8") not in ("", "token-1")):
                assert time.monotonic() < deadline, asked
                time.sleep(0.05)
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        finally:
            os.killpg(running.pid, signal.SIGKILL)
            said = running.communicate()[0]
    server.shutdown()
    assert set(asked) == {("/token?api-version=2.0&audience=api://AzureADTokenExchange", "bearer the-request-token")}
    given = dict(line.split("=", 1) for line in (tmp_path / "env").read_text("utf-8").splitlines())
    assert given == {
        "AZURE_FEDERATED_TOKEN_FILE": str(file),
        "AZURE_CLIENT_ID": "client",
        "AZURE_TENANT_ID": "tenant",
    }
    assert "token" not in said
