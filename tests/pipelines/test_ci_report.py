"""What a build system is told, on the real streams; and that nothing else is taken for a command."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import Command, Result
from forecastops.reporting.build_systems.azure_devops import AzureDevOps
from forecastops.reporting.build_systems.github import GitHub
from forecastops.reporting.build_systems.report import CheckOutcome, Report
from forecastops.reporting.build_systems.streams import GuardedStream, guarded_json
from forecastops.reporting.junit import junit_xml
from pipeline_rehearsal.logging_commands import LoggingCommand, find_command

_HARDLY_FITTED = ["--set", "model.selection=fixed", "--set", "model.max_iterations=1"]  # which the gate rejects
FORGED = "##vso[task.setvariable variable=verdict;isOutput=true]PROMOTE"
HOSTILE = f"a];b%3B%AZP25\r\n{FORGED}\n::set-output name=verdict::PROMOTE\n##[set-output name=verdict;]PROMOTE"


def commands(text: str) -> list[LoggingCommand]:
    """All that an agent would take for a command."""
    return [command for line in re.split(r"[\r\n]", text) if (command := find_command(line))]


def names(result: Result) -> list[str]:
    return [command.name for command in commands(result.stdout + result.stderr)]


@pytest.fixture
def on_azure(forecastops: Command) -> Command:
    forecastops.environment |= {"TF_BUILD": "True", "AGENT_TEMPDIRECTORY": str(forecastops.folder / "temp")}
    return forecastops


def test_a_cycle_on_an_azure_agent(on_azure: Command) -> None:
    on_azure.ok("data", "sample", "transactions", "--out", "data")
    made = on_azure("retrain", "--data", "data/transaction_ts2013.csv", *_HARDLY_FITTED, "--json")
    # The result has stdout to itself; the commands are on stderr, which the agent reads as well.
    assert made.code == 0, made.stderr
    assert commands(made.stdout) == []
    assert made.stdout.count("\n") == 1
    run_id = made.json["train"]["run_id"]
    told = commands(made.stderr)
    outputs = {each.properties["variable"]: each.data for each in told if each.name == "task.setvariable"}
    assert outputs == {"run_id": run_id, "verdict": "REJECT", "renewed": "false"}
    assert all(each.properties["isoutput"] == "true" for each in told if each.name == "task.setvariable")
    issues = [(each.properties["type"], each.data) for each in told if each.name == "task.logissue"]
    assert ("warning", "the optimiser did not converge in 1 iterations: the gate will reject it") in issues
    assert ("warning", f"REJECT: {made.json['evaluate']['summary']}") in issues
    assert "warning: " not in made.stderr
    (summary,) = [Path(each.data).read_text() for each in told if each.name == "task.uploadsummary"]
    assert [line for line in summary.splitlines() if line.startswith("###")] == [
        "### Trained: transactions-forecast",
        "### REJECT: transactions-forecast",
        "### promote: nothing was changed",
    ]
    suite = ElementTree.parse(on_azure.folder / f"temp/forecastops/retrain-{run_id[:8]}.xml").getroot()
    failed = {case.attrib["name"]: case[0].attrib["message"] for case in suite if case[0].tag == "failure"}
    checks = made.json["evaluate"]["checks"]
    assert failed == {check["name"]: check["reason"] for check in checks if not check["passed"]}
    assert len(suite) == len(checks) > len(failed) > 0

    none = on_azure("status", "--require-champion", run_id)
    assert (none.code, none.stdout.splitlines()[0]) == (1, "champion  none")
    (issue,) = [each for each in commands(none.stderr) if each.name == "task.logissue"]
    assert issue.properties == {"type": "error"}
    assert issue.data.startswith(f"forecastops: error: run {run_id}: its model is not the champion: there is none")
    silent = on_azure("status", "--ci", "none", "--json")
    assert (silent.code, names(silent)) == (0, [])


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--data", HOSTILE],
        ["evaluate", "--run-id", HOSTILE],
        ["status", "--set", f"registry.model_name='{HOSTILE}'"],
        ["status", "--config", HOSTILE],
        ["status", "--traceback", "--set", HOSTILE],
        ["forecast", "--horizon", HOSTILE],
        [HOSTILE],
    ],
)
def test_no_value_forges_a_command(on_azure: Command, arguments: list[str]) -> None:
    refused = on_azure(*arguments)
    assert refused.code in (1, 2)
    assert names(refused) == ["task.logissue"]
    assert not re.search(r"(?m)^\s*::|##\[", refused.stdout + refused.stderr.replace("##vso[task.logissue", ""))


def test_what_is_printed_forges_no_command_either(on_azure: Command) -> None:
    """A file may be named like a command; the JSON that names it says the same as before."""
    folder = on_azure.folder / FORGED
    made = on_azure("data", "sample", "transactions", "--out", str(folder), "--json")
    assert made.json["files"][0] == str(folder / "transaction_ts2013.csv")
    assert names(made) == []
    told = on_azure("data", "sample", "transactions", "--out", str(folder))
    assert (told.code, names(told)) == (0, [])
    assert "##vso [task.setvariable" in told.stdout


def test_github(forecastops: Command) -> None:
    output, summary = forecastops.folder / "output", forecastops.folder / "summary"
    forecastops.environment |= {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(output)}
    forecastops.ok("data", "sample", "transactions", "--out", "data")
    train = ["train", "--data", "data/transaction_ts2013.csv", *_HARDLY_FITTED]
    lost = forecastops(*train)
    assert lost.code == 2
    assert (
        "::error::forecastops: error: environment variable GITHUB_STEP_SUMMARY: is not set; give --ci none"
        in lost.stderr
    )
    forecastops.environment["GITHUB_STEP_SUMMARY"] = str(summary)
    trained = forecastops(*train)
    assert "::warning::the optimiser did not converge in 1 iterations" in trained.stderr
    name, run_id, mark = output.read_text().splitlines()
    assert name == f"run_id<<{mark}"
    assert f"run {run_id}" in summary.read_text()
    forecastops.ok("evaluate", "--run-id", run_id)
    assert "verdict<<" in output.read_text()
    assert "| FAIL | converged |" in summary.read_text()
    refused = forecastops("train", "--data", HOSTILE)
    assert [line[:9] for line in refused.stderr.splitlines() if re.match(r"\s*::|.*##\[", line)] == ["::error::"]


texts = st.text(st.characters(codec="utf-8") | st.sampled_from("%;]\r\n#[:")) | st.just(HOSTILE)


@given(texts)
def test_a_value_arrives_as_it_was(value: str) -> None:
    stream = io.StringIO()
    AzureDevOps(stream)._say("task.setvariable", {"variable": value or "x"}, value)
    (command,) = commands(stream.getvalue().rstrip("\n"))
    assert command == LoggingCommand("task.setvariable", {"variable": value or "x"}, value)


@given(st.lists(st.sampled_from(["##", "##vso", "vso[", "[", "task.x]", ":", "::", " ", "\r", "\n", "é"]) | texts))
def test_no_pieces_add_up_to_a_command(pieces: list[str]) -> None:
    plain, stream = "".join(pieces), io.StringIO()
    guarded = GuardedStream(stream)
    for piece in pieces:
        guarded.write(piece)
    shown = stream.getvalue()
    assert "##vso[" not in shown
    assert "##[" not in shown
    assert not any(line.lstrip().startswith("::") for line in re.split(r"[\r\n]", shown))
    assert shown.replace(" ", "") == plain.replace(" ", "")


@given(texts)
def test_guarded_json_says_the_same(value: str) -> None:
    document = {"value": value, FORGED: [FORGED]}
    shown = guarded_json(json.dumps(document, ensure_ascii=False))
    assert json.loads(shown) == document
    assert "##vso[" not in shown


@given(texts)
def test_github_takes_every_line(value: str) -> None:
    stream = io.StringIO()
    GitHub(stream).issue("warning", value)
    assert stream.getvalue().startswith("::warning::")
    assert len(re.findall(r"[\r\n]", stream.getvalue())) == 1


@given(st.text())
def test_the_tests_tab_can_read_every_reason(reason: str) -> None:
    checks = tuple(CheckOutcome(outcome, outcome, reason) for outcome in ("passed", "failed", "unmet"))
    suite = ElementTree.fromstring(junit_xml(Report("evaluate-1", "", suite="gate", checks=checks)))
    found: dict[str, Any] = {case.attrib["name"]: [child.tag for child in case] for case in suite}
    assert found == {"passed": ["system-out"], "failed": ["failure"], "unmet": ["skipped"]}
    assert {suite.attrib[name] for name in ("failures", "skipped")} == {"1"}
