"""A forecast as lines of text."""

from __future__ import annotations

from typing import Any

from forecastops.reporting.interval_bars import interval_bars


def row(date: str, mean: float, **bounds: float) -> dict[str, Any]:
    return {"date": date, "mean": mean, **bounds}


def test_the_mean_lies_where_it_does_between_the_bounds() -> None:
    rows = [
        row("2014-06-01", 5.0, lower_80=3.0, upper_80=7.0, lower_95=0.0, upper_95=10.0),
        row("2014-06-02", 7.0, lower_80=5.0, upper_80=9.0, lower_95=4.0, upper_95=10.0),
    ]
    assert interval_bars(rows, width=11) == ["2014-06-01  ───━━●━━───", "2014-06-02      ─━━●━━─"]


def test_a_constant_one_and_levels_of_any_number_are_drawn() -> None:
    constant = row("2014-06-01", 1.0, lower_80=1.0, upper_80=1.0)
    assert interval_bars([constant], width=11) == ["2014-06-01  ●"]
    assert interval_bars([row("2014-06-01", 1.0)]) == ["2014-06-01  ●"]
    three = row("d", 5, lower_50=4, upper_50=6, lower_80=2, upper_80=8, lower_95=0, upper_95=10)
    assert interval_bars([three], width=11) == ["         d  ┄┄──━●━──┄┄"]


def test_more_dates_than_a_screen_holds_are_not_drawn() -> None:
    assert interval_bars([row("2014-06-01", 1.0)] * 61) == []
    assert interval_bars([]) == []
