"""kill -9 before every change that a renewal makes; beside test_interruptions.py, which takes as long."""

from __future__ import annotations

import pytest

from killing import require_every_kill_mended
from stories import RENEWALS
from workshop import Stage


@pytest.mark.parametrize("names", RENEWALS, ids="-".join)
def test_killed_before_each_change_it_is_finished_or_undone_by_one_rerun(stage: Stage, names: list[str]) -> None:
    require_every_kill_mended(stage, names)
