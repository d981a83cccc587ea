"""A panel's decision, on series whose gains are known: who changes, why not, and when nothing may change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from forecastops.panel.config import PanelConfig
from forecastops.panel.decision import PanelRuling, decide_panel
from forecastops.panel.facts import SeriesFacts, facts_without, table_of
from forecastops.panel.shrinkage import moderated, shrunk

COLUMNS = ["gain", "action", "why"]


def panel(number: int, shifted: float, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of series of which a share gains a fifth of its RMSE and the others nothing; errors with 3 degrees."""
    random = np.random.default_rng(seed)
    gains = np.where(np.arange(number) < shifted * number, np.arctanh(0.25), 0.0)
    spread = 0.05 / np.sqrt(random.chisquare(20, number) / 20)  # true errors differ a little
    share = np.tanh(gains + spread * random.normal(size=number))
    error = spread * np.sqrt(random.chisquare(3, number) / 3)
    p_values = stats.t.sf(share / error, 3)
    promoted = (p_values < 0.4) & (share > 0.01)
    rows = [
        row(f"s{number:05}", share=float(one), error=float(known), verdict="PROMOTE" if good else "HOLD")
        for number, (one, known, good) in enumerate(zip(share, error, promoted, strict=True))
    ]
    return table_of(rows), gains > 0


def row(name: str, **given: Any) -> SeriesFacts:
    about = {"share": 0.0, "error": 0.1, "freedom": 3.0, "ours": 1.0, "theirs": 1.0, "scale": 1.0, "volume": 1.0}
    return SeriesFacts(name, **({"outcome": "compared", "verdict": "HOLD"} | about | given))


def changed(ruling: PanelRuling) -> np.ndarray:
    return (ruling.table["action"] == "change").to_numpy()


def test_a_tenth_shifted_is_found_and_equals_are_left_alone() -> None:
    table, real = panel(1000, 0.1)
    found = {name: changed(decide_panel(table, PanelConfig(decision=name))) for name in ("shrunk", "independent", "bh")}
    needless = {name: int(np.sum(one & ~real)) for name, one in found.items()}
    missed = {name: int(np.sum(~one & real)) for name, one in found.items()}
    assert needless["independent"] > 200
    assert needless["shrunk"] <= 90
    assert missed["shrunk"] <= 5
    assert missed["bh"] > missed["shrunk"]  # three degrees of freedom prove little to a thousand tests


def test_where_nothing_has_shifted_nothing_changes() -> None:
    table, _ = panel(1000, 0.0)
    assert changed(decide_panel(table, PanelConfig())).mean() < 0.01
    assert changed(decide_panel(table, PanelConfig(decision="independent"))).mean() > 0.2


def test_where_all_have_shifted_all_change() -> None:
    table, _ = panel(300, 1.0)
    assert changed(decide_panel(table, PanelConfig())).mean() > 0.98


def test_it_is_made_again_from_its_own_table_and_in_any_order_of_rows() -> None:
    table, _ = panel(200, 0.2)
    once = decide_panel(table, PanelConfig())
    again = decide_panel(once.table.drop(columns=COLUMNS), PanelConfig())
    pd.testing.assert_frame_equal(once.table, again.table)
    assert (once.verdict, once.checks, once.reasons) == (again.verdict, again.checks, again.reasons)


@pytest.mark.parametrize("decision", ["shrunk", "independent", "bh"])
def test_guardrails_of_a_series_bind_whatever_the_panel_says(decision: Any) -> None:
    rows = [row(f"good{n}", share=0.3, error=0.01, verdict="PROMOTE", ours=0.5) for n in range(20)]
    rows += [
        row("rejected", share=0.5, error=0.01, outcome="rejected", verdict="REJECT", reason="converged,finite"),
        row("stale", share=0.3, error=0.01, same_spec=True, newer_data=False),
        row("nan", share=None, error=None, freedom=None),
        row("new", outcome="new", verdict="PROMOTE", has_champion=False, theirs=None),
        row("refused", outcome="rejected", verdict="REJECT", reason="finite", has_champion=False, theirs=None),
        row("legacy", outcome="unscored", verdict="PROMOTE", theirs=None),
        row("legacy held", outcome="unscored", verdict="HOLD", theirs=None),
        facts_without("failed", "failed", "timeout"),
        facts_without("still", "kept", "did not move"),
    ]
    ruling = decide_panel(table_of(rows), PanelConfig(decision=decision))
    found = ruling.table.set_index("unique_id")[["action", "why"]].T.to_dict("list")
    assert found["good0"] == ["change", "gain"]
    assert found["rejected"] == ["keep", "rejected:converged"]
    assert found["stale"] == ["keep", "newer_data"]
    assert found["nan"][0] == "keep"
    assert found["new"] == ["new", "new"]
    assert found["refused"] == ["naive", "rejected:finite"]
    assert found["legacy"] == ["change", "unscored"]
    assert found["legacy held"] == ["keep", "unscored"]
    assert found["failed"] == ["keep", "failed:timeout"]
    assert found["still"] == ["keep", "kept"]
    assert ruling.verdict == "PROMOTE"
    assert ruling.actions == {"change": 21, "keep": 6, "naive": 1, "new": 1}
    assert sum(ruling.reasons.values()) == len(rows)


@pytest.mark.parametrize(
    ("rows", "policy", "check"),
    [
        ([facts_without(f"f{n}", "failed", "timeout") for n in range(20)], {}, "failed_share"),
        (
            [row(f"r{n}", outcome="rejected", verdict="REJECT", reason="finite") for n in range(20)],
            {},
            "rejected_share",
        ),
        ([row("x")], {"max_changed_share": 0.5}, "changed_share"),
        ([], {"max_total_ratio": 0.4}, "total_error"),
        ([], {"max_segment_ratio": 0.4}, "segment_error"),
    ],
)
def test_a_guardrail_of_the_panel_stops_all(rows: list[SeriesFacts], policy: dict[str, Any], check: str) -> None:
    good = [
        row(f"good{n}", share=0.3, error=0.01, verdict="PROMOTE", ours=0.5, segment="north" if n else "south")
        for n in range(10)
    ]
    ruling = decide_panel(table_of([*good, *rows]), PanelConfig(decision="independent", **policy))
    failed = [one for one in ruling.checks if not one.passed]
    assert {one.name for one in failed} == {check}
    assert ruling.verdict == "REJECT"
    assert ruling.actions == {"keep": 10 + len(rows)}
    assert ruling.reasons[f"panel:{check}"] == 10


def test_errors_add_up_by_volume_and_scale() -> None:
    worse = row("large", share=0.1, error=0.01, verdict="PROMOTE", ours=30.0, theirs=20.0, scale=10.0, volume=100.0)
    better = row("small", share=0.1, error=0.01, verdict="PROMOTE", ours=0.1, theirs=0.2, scale=0.1, volume=1.0)
    ruling = decide_panel(table_of([worse, better]), PanelConfig(decision="independent"))
    (total,) = (one for one in ruling.checks if one.name == "total_error")
    assert total.value == pytest.approx((100 * 3 + 1 * 1) / (100 * 2 + 1 * 2))
    assert not total.passed


def test_equal_losses_hold_and_an_empty_panel_too() -> None:
    equal = table_of([row(f"e{n}", share=0.0, error=0.0) for n in range(3)])
    assert decide_panel(equal, PanelConfig()).verdict == "HOLD"
    assert decide_panel(table_of([]), PanelConfig()).verdict == "HOLD"


def test_variances_are_drawn_to_their_common_one_where_they_are_alike_and_left_where_they_are_not() -> None:
    random = np.random.default_rng(1)
    freedom = np.full(5000, 3.0)
    alike = moderated(random.chisquare(3, 5000) / 3, freedom)
    assert np.ptp(np.log(alike.variance)) < 0.3
    assert np.median(alike.variance) == pytest.approx(1, rel=0.05)
    unlike = moderated(random.chisquare(3, 5000) / 3 * 10 ** random.normal(0, 1.5, 5000), freedom)
    assert np.mean(unlike.freedom) < 4


def test_one_series_alone_is_believed_no_more_than_its_test() -> None:
    assert 0 <= float(shrunk(np.array([0.3]), np.array([0.1]), np.array([3.0]))[0]) < 0.15
