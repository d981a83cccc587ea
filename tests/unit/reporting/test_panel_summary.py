"""What build systems are told of a panel: as short for ten thousand series as for ten."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from forecastops.reporting.junit import junit_xml
from forecastops.reporting.panel_summary import panel_decision_report, panel_trained_report

SERIES = 10_000


def decided(verdict: str, *, failed: bool = False, segments: int = 400) -> dict[str, Any]:
    """A decision on many series of many segments, for more reasons than anybody reads."""
    checks = [{"name": "total_error", "passed": not failed, "value": 1.01 if failed else 0.98, "threshold": 1.0}]
    checks += [
        {
            "name": "segment_error",
            "passed": not failed or number != 7,
            "value": 0.9 + (number == 7) * (0.6 if failed else 0.05),
            "threshold": 1.02,
        }
        | {"segment": f"region|{number}"}
        for number in range(segments)
    ]
    reasons = {f"failed:reason {number}": 1 for number in range(300)} | {"rejected:bias": 200, "small_gain": 9500}
    return {
        "run_id": "0123456789abcdef",
        "model_name": "sales",
        "verdict": verdict,
        "champion": "3",
        "series": SERIES,
        "checks": [{"segment": None} | check for check in checks],
        "actions": {"keep": SERIES},
        "reasons": reasons,
        "screening": {},
        "gains": {"median": 0.1},
        "most_improved": [["<b>milk</b>|", 0.31]],
        "worst": [["eggs", -0.12]],
        "window": {"start": "2020-01-01", "end": "2020-02-25", "origins": 43, "horizon": 14},
    }


@pytest.mark.parametrize("verdict", ["HOLD", "REJECT"])
def test_a_decision_is_told_by_counts_and_extremes(verdict: str) -> None:
    found = panel_decision_report(decided(verdict, failed=verdict == "REJECT"))
    lines = found.summary.splitlines()
    assert lines[0] == f"### {verdict}: sales, a panel"
    assert len(lines) < 60
    assert "| 287 other reasons | 287 |" in found.summary
    assert "And 390 segments more, all within the bound." in found.summary
    assert "most improved" in found.summary
    assert "<b>" not in found.summary
    assert [warning.startswith("REJECT") for warning in found.warnings] == [True] * (verdict == "REJECT")
    suite = ElementTree.fromstring(junit_xml(found))
    cases = {case.get("name"): case for case in suite}
    assert len(cases) == len(suite) < 40
    assert (cases["segment_error: 'region|7'"].find("failure") is not None) == (verdict == "REJECT")
    said = cases["series"].findtext("system-out", "")
    assert "31.0%" in said
    assert "eggs" in said
    assert cases["rejected by bias"].find("skipped") is not None


def test_a_training_is_told_by_counts() -> None:
    facts = {
        "run_id": "0123456789abcdef",
        "model_name": "sales",
        "series": SERIES,
        "counts": {"compared": 9700, "failed": 300},
        "screening": {},
        "failed": {f"reason *{number}*": 1 for number in range(20)},
        "champion": None,
        "data": {"start": "2019-01-01", "end": "2020-02-25", "rows": 4_000_000},
    }
    found = panel_trained_report(facts)
    assert found.outputs == {"run_id": "0123456789abcdef"}
    assert "10000 series, 2019-01-01 to 2020-02-25" in found.summary
    assert "| reason \\*0\\* | 1 |" in found.summary
    assert len(found.summary.splitlines()) < 30
