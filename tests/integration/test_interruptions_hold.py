"""kill -9 before every change of a promotion that renews or refits; beside test_interruptions.py, as long as this."""

from __future__ import annotations

import pytest

from killing import require_every_kill_mended
from stories import HOLDS
from workshop import Stage


@pytest.mark.parametrize("names", HOLDS, ids="-".join)
def test_killed_before_each_change_it_is_finished_or_undone_by_one_rerun(stage: Stage, names: list[str]) -> None:
    require_every_kill_mended(stage, names)
