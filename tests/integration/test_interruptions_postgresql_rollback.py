"""kill -9 before every change of a replacement and a rollback on PostgreSQL; a file of its own, for another worker."""

from __future__ import annotations

import pytest

from killing import require_every_kill_mended
from test_interruptions_postgresql import workshop
from workshop import Stage

__all__ = ["workshop"]


@pytest.mark.parametrize("names", [["replacement", "rollback"]], ids="-".join)
def test_killed_before_each_change_it_is_finished_or_undone_by_one_rerun(stage: Stage, names: list[str]) -> None:
    require_every_kill_mended(stage, names)
