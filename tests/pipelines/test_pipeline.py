"""The pipeline as users run it: fifteen stories of one production, each through `azure-pipelines.yml`'s own scripts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from mlflow import MlflowClient

from forecastops.config_file import load_config
from pipeline_rehearsal.definition import load_pipeline
from pipeline_rehearsal.places import in_a_workspace, on_one_machine
from pipeline_rehearsal.run import STAND_INS, Rehearsal
from pipeline_rehearsal.stories import (
    CANCELED,
    GREEN,
    REASON,
    RED,
    RENEWAL,
    RETRAINING,
    SKIPPED,
    STORIES,
    Life,
    results,
)
from repository import ROOT
from test_pipeline_rules import OUTPUTS

IN_A_WORKSPACE = bool(find_spec("standin")) and os.environ.get("FORECASTOPS_REHEARSE_ON") != "one-machine"


@pytest.fixture(scope="module")
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """In the stand-in workspace; on one machine where that is asked for."""
    folder = tmp_path_factory.mktemp("pipeline")
    if IN_A_WORKSPACE:
        place = in_a_workspace(request.getfixturevalue("azure"), folder)
    else:
        place = on_one_machine(folder, request.getfixturevalue("empty_database"))
    with place as found:
        yield found


def test_first_champion(life: Life) -> None:
    run = life.story("first champion")
    assert results(run) == (GREEN, GREEN, GREEN, GREEN, SKIPPED, GREEN)
    run_id = run.job("Train").outputs["train.run_id"]
    assert run.job("Evaluate").outputs == {"evaluate.run_id": run_id, "evaluate.verdict": "PROMOTE"}
    assert set(run.job("Evaluate").tests.values()) == {"passed"}
    assert run.job("Promote").outputs == {
        "promote.run_id": run_id,
        "promote.verdict": "PROMOTE",
        "promote.version": "1",
        "promote.renewed": "false",
    }
    assert run.job("Verify").outputs == {"verify.version": "1"}
    assert run.job("Check").steps["Tests"] == SKIPPED
    assert not any(unexpected(job.issues) for jobs in run.jobs.values() for job in jobs.values())


def unexpected(issues: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """All but what is said of container instances, on which the rehearsal deploys, at each deployment."""
    return [issue for issue in issues if not issue[1].startswith("container instances need Python 3.10")]


def test_renewed_daily(life: Life) -> None:
    run = life.story("renewed")
    assert daily(run) == (GREEN, GREEN, SKIPPED, GREEN)
    assert run.job("Monitor").outputs == {
        "monitor.retrain": "false",
        "monitor.broken": "false",
        "monitor.too_old": "false",
    }
    job = run.job("Refresh")
    assert job.outputs == {"renew.renewed": "true", "renew.version": "2", "sound.version": "2"}
    assert "version 2, renewed through 2014\\-01\\-20" in job.summaries[0] or "2014-01-20" in job.summaries[0]
    assert all("rows repeat a date with the same value" in said for _, said in unexpected(job.issues))  # two files
    assert "fitting" not in "\n".join(job.log)


def daily(run: Rehearsal) -> tuple[str, ...]:
    """Of Check, Monitor, Train and Refresh; what follows Train is as it is."""
    assert list(run.stages) == ["Check", "Monitor", "Train", "Evaluate", "Promote", "Keep", "Verify", "Refresh"]
    return tuple(run.stages[name] for name in ("Check", "Monitor", "Train", "Refresh"))


def test_refused_data_leave_everything_and_the_run_green_with_a_warning(life: Life) -> None:
    run = life.story("refused data")
    assert daily(run) == (GREEN, GREEN, SKIPPED, SKIPPED)
    job = run.job("Monitor")
    assert job.outputs["monitor.broken"] == "true"
    assert {severity for severity, _ in job.issues} == {"warning"}
    # Of one value ten times the others, more than one signal tells.
    assert any(re.match(r"Plausible values: the value of 2014-02-01 lies [\d.]+", said) for _, said in job.issues)
    assert life.status()["champion"]["version"] == "2"


def test_data_that_look_bad_are_taken_by_a_person_with_a_reason(life: Life) -> None:
    refused = life.story("renewal without a reason")
    assert refused.stages == {"Renew": RED}
    assert refused.job("Renew").issues == [("error", "force needs a reason, which is recorded on the version")]
    run = life.story("accepted data")
    assert run.stages == {"Renew": GREEN}
    assert run.job("Renew").outputs == {"renew.renewed": "true", "renew.version": "3", "sound.version": "3"}
    found = MlflowClient(f"sqlite:///{life.database}").get_model_version("transactions-forecast", "3")
    assert found.tags["forecastops.accepted_data"] == REASON
    assert found.tags["forecastops.parameters_of"] == "1"


def test_the_files_of_a_schedule_are_those_of_its_name() -> None:
    path = ROOT / "azure-pipelines.yml"
    names = [stage.name for stage in load_pipeline(path, {}, RENEWAL).stages]
    assert names == [*(stage.name for stage in load_pipeline(path, {}, RETRAINING).stages), "Refresh"]
    assert [stage.name for stage in load_pipeline(path, {"task": "renew"}).stages] == ["Renew"]


def test_held_is_green_and_the_champion_gets_the_data(life: Life) -> None:
    """On a day that is none of retraining, since something has moved."""
    run = life.story("held")
    assert results(run) == (GREEN, GREEN, GREEN, SKIPPED, GREEN, GREEN)
    assert run.job("Monitor").outputs["monitor.retrain"] == "true"
    assert any("serial correlation" in said.lower() or "level" in said.lower() for _, said in run.job("Monitor").issues)
    outputs = run.job("Keep").outputs
    assert outputs["keep.run_id"] == run.job("Train").outputs["train.run_id"]
    assert (outputs["keep.verdict"], outputs["keep.renewed"], outputs["keep.version"]) == ("HOLD", "true", "4")
    assert run.job("Verify").outputs == {"verify.version": "4"}
    (said,) = run.job("Keep").summaries
    refitted = r"its specification, refitted through 2014\\?-05\\?-16, is version 4"
    assert re.search(rf"the champion stays version 3; {refitted}", said)
    tests = run.job("Evaluate").tests
    assert {name for name, result in tests.items() if result == "skipped"} == {"min_improvement"}
    assert set(tests.values()) == {"passed", "skipped"}
    assert unexpected(run.job("Evaluate").issues) == unexpected(run.job("Keep").issues) == []
    (summary,) = run.job("Evaluate").summaries
    assert "| not met | min\\_improvement" in summary


def test_promoted(life: Life) -> None:
    run = life.story("promoted")
    assert results(run) == (GREEN, GREEN, GREEN, GREEN, SKIPPED, GREEN)
    (summary,) = run.job("Evaluate").summaries
    assert summary.startswith("### PROMOTE: transactions-forecast\n")
    assert "](https://dev.azure.com/example/our%20forecasts/_build/results?buildId=4711&view=artifacts" in summary
    assert re.search(r"(?m)^\| champion \| [▁▂▃▄▅▆▇█]{14} \|", summary), "error by step ahead, drawn"
    (report,) = run.job("Evaluate").artifacts.values()
    assert report.lower().startswith("<!doctype html>")
    assert "PROMOTE" in report
    assert "against champion version 4; 2014-04-06 to 2014-05-31: 43 origins, 14 steps each" in summary
    error = r"recency-weighted RMSE \(half-life 15\) \d+\.\d+ against \d+\.\d+ of the champion"
    assert re.search(rf"(?m)^\| pass \| min\\_improvement \| {error}", summary)
    (said,) = run.job("Promote").summaries
    assert "version 5 is the champion" in said
    told = [life.story(name).recorded() for name in ("first champion", "renewed", "held", "accepted data")]
    assert {step: names for each in told for step, names in each.items()} == OUTPUTS  # by which rules are judged


def test_rejected_is_green_and_names_the_guardrail(life: Life) -> None:
    run = life.story("rejected")
    assert results(run) == (GREEN, GREEN, GREEN, SKIPPED, GREEN, GREEN)
    assert run.job("Keep").outputs["keep.renewed"] == "false"  # it has these data
    assert run.job("Verify").outputs == {"verify.version": "5"}
    assert run.job("Evaluate").tests["converged"] == "failure"
    severity, message = unexpected(run.job("Evaluate").issues)[0]
    assert severity == "warning"
    assert message.startswith("REJECT: the challenger fails converged")


def test_an_error_is_red_and_nothing_follows(life: Life) -> None:
    run = life.story("error in the data")
    assert results(run) == (RED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED)
    (issue,) = run.job("Check").issues
    assert issue[0] == "error"
    assert "data/transactions.csv: cannot be read: No such file or directory; name an existing" in issue[1]


def test_an_error_before_the_gate_is_red_even_when_forced(life: Life) -> None:
    run = life.story("error in between")
    assert results(run) == (GREEN, GREEN, RED, SKIPPED, SKIPPED, SKIPPED)
    gate = run.job("Evaluate")
    assert [severity for severity, _ in gate.issues] == ["error"]
    assert (gate.outputs, gate.steps["Checks in the Tests tab"]) == ({}, SKIPPED)


def test_a_run_without_a_workspace_does_not_begin(life: Life) -> None:
    """On an agent, MLflow's default would be a database that is lost with the agent."""
    run = life.story("no workspace")
    assert results(run) == (RED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED)
    ((severity, message),) = run.job("Check").issues
    assert (severity, message[:45]) == ("error", "no workspace is named: set the pipeline varia")


def test_force_needs_a_reason_before_anything_is_trained(life: Life) -> None:
    run = life.story("force without a reason")
    assert results(run) == (RED, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED)
    assert run.job("Check").issues == [("error", "force needs a reason, which is recorded on the version")]


def test_a_change_is_checked_and_trains_nothing(life: Life) -> None:
    run = life.story("change")
    assert results(run) == (GREEN, SKIPPED, SKIPPED, SKIPPED, SKIPPED, SKIPPED)
    assert run.job("Check").steps["Tests"] == GREEN


def test_cancelled_leaves_the_champion_and_says_what_was_interrupted(life: Life) -> None:
    held = life.story("change")
    assert "Promote" not in held.jobs
    champion = life.status()["champion"]["version"]
    run = life.story("cancelled")
    assert results(run) == (GREEN, GREEN, GREEN, CANCELED, SKIPPED, SKIPPED)
    status = life.status()
    assert status["champion"]["version"] == champion == "5"
    assert "a promote of version 6 was interrupted" in status["problems"][0]


def test_forced_is_recorded_and_mends_what_was_interrupted(life: Life) -> None:
    run = life.story("forced")
    assert results(run) == (GREEN, GREEN, GREEN, GREEN, SKIPPED, GREEN)
    # What a person writes reaches the registry as it is, and is taken for a command by nobody on its way.
    promote = run.job("Promote")
    assert promote.outputs["promote.verdict"] == run.job("Evaluate").outputs["evaluate.verdict"] == "HOLD"
    assert any(said.startswith("promoting against the verdict HOLD: the holidays") for _, said in promote.issues)
    version = promote.outputs["promote.version"]
    found = MlflowClient(f"sqlite:///{life.database}").get_model_version("transactions-forecast", version)
    assert found.tags["forecastops.forced_reason"] == REASON
    assert found.tags["forecastops.promoted_by"] == "Ada Lovelace"
    status = life.status()
    assert status["consistent"], status["problems"]
    assert status["champion"]["version"] == status["endpoint"]["version"] == version
    before = life.story("promoted").job("Train").outputs["train.run_id"]
    refused = life.command("status", "--require-champion", before)
    assert refused.returncode == 1
    assert f"run {before}: its model is not the champion: that is version {version} of run" in refused.stderr


def test_what_is_stood_in_for_is_what_only_azure_can_do() -> None:
    pipeline = load_pipeline(ROOT / "azure-pipelines.yml", {"config": "configs/aci.yaml"})
    used = {step.task for stage in pipeline.stages for job in stage.jobs for step in job.steps}
    # Of AzureCLI@2, only the sign-in; the last two are stood in for by each agent.
    assert used == {"bash", "checkout", "AzureCLI@2", *STAND_INS, "Cache@2", "DownloadSecureFile@1"}


@pytest.mark.skipif(not IN_A_WORKSPACE, reason="the stories were told on one machine")
def test_the_logs_hold_no_secret_and_no_other_host_was_asked(life: Life, request: pytest.FixtureRequest) -> None:
    azure = request.getfixturevalue("azure")
    runs = [life.story(name) for name in STORIES]
    log = "\n".join(line for run in runs for jobs in run.jobs.values() for job in jobs.values() for line in job.log)
    assert "comparing the endpoint's forecasts with those evaluated" in log
    assert [secret for secret in azure.secrets() if secret in log] == []
    assert azure.connected_hosts() <= {"localhost", "127.0.0.1", "::1"}
    assert life.status()["endpoint"]["url"].startswith("https://")
    assert life.story("forced").job("Promote").steps["Certificate"] == GREEN


@pytest.mark.skipif(not IN_A_WORKSPACE, reason="without a stand-in there is nothing of Azure to configure")
def test_the_configuration_that_is_the_default_deploys_to_azure() -> None:
    named = load_pipeline(ROOT / "azure-pipelines.yml", {}).parameters["config"]
    assert load_config(ROOT / str(named)).deployment.target == "azureml"
