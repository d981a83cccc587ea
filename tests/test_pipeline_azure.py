"""The pipeline against the stand-in workspace: the real client over TLS, and a container service that is rebuilt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pipeline_rehearsal.places import in_a_workspace
from pipeline_rehearsal.stories import GREEN, SKIPPED, Life, results

pytest.importorskip("standin.workspace", reason="the stand-in workspace is not there")


@pytest.fixture(scope="module")
def life(azure: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    with in_a_workspace(azure, tmp_path_factory.mktemp("pipeline")) as found:
        yield found


def test_the_first_champion_serves_from_the_workspace(life: Life, azure: Any) -> None:
    run = life.story("first champion")
    assert results(run) == (GREEN, GREEN, GREEN, GREEN, GREEN)
    assert run.job("Promote").outputs["promote.version"] == run.job("Verify").outputs["verify.version"] == "1"
    endpoint = life.status()["endpoint"]
    assert (endpoint["state"], endpoint["version"]) == ("Healthy", "1")
    assert endpoint["url"].startswith("https://")
    shown = "".join(line for jobs in run.jobs.values() for job in jobs.values() for line in job.log)
    assert not [secret for secret in azure.secrets() if secret in shown]
    assert azure.connected_hosts() <= {"localhost", "127.0.0.1", "::1"}


def test_a_hold_changes_nothing_in_the_workspace(life: Life) -> None:
    life.story("first champion")
    before = life.status()
    # The same data once more: nothing can be proven.
    run = life.run({"data": "data/transaction_ts2013.csv"}, reason="Schedule")
    assert results(run) == (GREEN, GREEN, GREEN, SKIPPED, SKIPPED)
    assert run.job("Evaluate").outputs["evaluate.verdict"] == "HOLD"
    assert life.status() == before
