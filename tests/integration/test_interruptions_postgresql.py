"""The interruptions again, on an `mlflow server` with PostgreSQL behind it, as teams run MLflow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from command import Command, new_command
from killing import require_every_kill_mended
from local_endpoint_support import stop_endpoints
from servers import mlflow_server, postgres, postgres_binaries
from test_interruptions import (
    test_another_machines_fresh_journal_is_respected_and_an_old_one_undone,
    test_of_two_promotions_at_once_exactly_one_wins,
    test_renewals_and_promotions_at_once_leave_one_champion_with_the_newest_data,
)
from workshop import Stage, Workshop

__all__ = [
    "test_another_machines_fresh_journal_is_respected_and_an_old_one_undone",
    "test_of_two_promotions_at_once_exactly_one_wins",
    "test_renewals_and_promotions_at_once_leave_one_champion_with_the_newest_data",
    "workshop",
]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Workshop]:
    """Trained runs on the server."""
    if postgres_binaries() is None:
        assert not os.environ.get("CI"), "CI must have PostgreSQL"
        pytest.skip("PostgreSQL is not installed")
    folder = tmp_path_factory.mktemp("postgresql")
    local = new_command(folder, empty_database)
    with postgres() as database, mlflow_server(database, folder) as address:
        yield Workshop.build(Command(folder, local.environment | {"MLFLOW_TRACKING_URI": address}))
        stop_endpoints(folder / "home")


# Everything else is made of these, and of the two in test_interruptions_postgresql_rollback.py.
@pytest.mark.parametrize("names", [["first"], ["renewal"]], ids="-".join)
def test_killed_before_each_change_it_is_finished_or_undone_by_one_rerun(stage: Stage, names: list[str]) -> None:
    require_every_kill_mended(stage, names)
