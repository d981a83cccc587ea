"""The report as people see it: whoever knows nothing can say what was decided, why, by how much, what was missing."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from browser import DESKTOP, PHONE, Browser, Page, axe_violations, open_page, outside, screenshot, see_as
from decided import HOSTILE, decided, scored
from forecastops.gate.evidence import AlarmRecord
from forecastops.gate.policy import GatePolicy
from forecastops.reporting.pages.judged import Judged, judged_page
from forecastops.reporting.pages.lineage import Data, Lineage, VersionFact
from forecastops.reporting.pages.picture import Picture

DRAWING = '<svg viewBox="0 0 9 9" role="img" aria-label="A line"><path d="M0 0L9 9" stroke="red"/></svg>'
PICTURES = (Picture(DRAWING, "Forecasts", "What each model forecast."),)
LONG = (HOSTILE + " ") * 80  # some 10,000 characters
LEVELS = tuple(range(5, 100, 5))

CASES = {
    "promote": Judged(decided(scored(80), scored(100)), Data("sales.csv", "2024-01-01", "2026-10-26", "1030")),
    "hold": Judged(decided(scored(99.5), scored(100)), Data()),
    "reject": Judged(decided(scored(150, coverage=-0.3, bias=-140), scored(100)), Data()),
    "first": Judged(decided(scored(80), None), Data(), lineage=Lineage(None, None)),
    "excused": Judged(decided(scored(130), scored(150)), Data()),
    "gone": Judged(decided(scored(80), None, gone=True), Data()),
    "legacy": Judged(
        decided(scored(80), None, legacy_champion=True, record={"recorded": {"RMSE": 3.0, "R2": None}}), Data()
    ),
    "implausible": Judged(
        decided(
            scored(80),
            scored(100),
            alarm=AlarmRecord(rule="single_error", value=1260.0, threshold=8.0, date="2026-10-26"),
        ),
        Data(),
    ),
    "many": Judged(decided(scored(80, levels=LEVELS, coverage=-0.2), scored(100, levels=LEVELS)), Data()),
    "hostile": Judged(
        decided(scored(80), scored(100)).model_copy(update={"model_name": HOSTILE}),
        Data(HOSTILE),
        HOSTILE,
        {"data.where": HOSTILE},
        Lineage(
            VersionFact(
                "8", "forced", "8", HOSTILE, "2026-10-27T00:00:00+00:00", HOSTILE, "7", LONG, LONG, current=True
            )
        ),
    ),
}


def written(folder: Path, name: str) -> str:
    facts = CASES[name]
    path = folder / f"{name}.html"
    path.write_text(judged_page(Judged(**{**vars(facts), "pictures": PICTURES})), "utf-8")
    return path.as_uri()


@pytest.mark.parametrize("name", CASES)
def test_nobody_is_shut_out(browser: Browser, tmp_path: Path, name: str) -> None:
    with open_page(browser, written(tmp_path, name)) as page:
        assert page.locator("script").count() == 0
        for width, dark in itertools.product((PHONE, DESKTOP), (False, True)):
            see_as(page, width, dark)
            require_nothing_beyond_the_edge(page)
            # Colours are the theme's, whatever the width.
            if dark == (width == DESKTOP):
                screenshot(page, f"report-{name}-{width}-{'dark' if dark else 'light'}")
                assert axe_violations(page) == [], (width, dark)
        see_as(page, DESKTOP, dark=False)
        page.emulate_media(media="print")
        assert axe_violations(page) == []
        assert page.get_by_role("heading", level=1).is_visible()
        assert outside(page) == []
        assert page.title().startswith(CASES[name].decision.verdict)


def require_nothing_beyond_the_edge(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def said(browser: Browser, folder: Path, name: str) -> str:
    with open_page(browser, written(folder, name)) as page:
        return " ".join(page.get_by_role("main").inner_text().split())


def test_a_promotion_says_why_and_by_how_much(browser: Browser, tmp_path: Path) -> None:
    text = said(browser, tmp_path, "promote")
    assert "PROMOTE: the new model may replace the one in production" in text
    assert "It passes every guardrail, and every comparison" in text
    assert "20.0 % lower than the" in text
    assert "at least 1.0 % lower was asked" in text
    assert "What would have been needed Nothing more" in text


def test_what_is_held_says_what_is_missing(browser: Browser, tmp_path: Path) -> None:
    text = said(browser, tmp_path, "hold")
    assert "HOLD: the model in production stays" in text
    assert "It falls short of “Error is lower by enough”" in text
    assert "Missing: an error lower by another 0.5 %" in text


def test_a_rejection_says_what_every_guardrail_and_comparison_lacks(browser: Browser, tmp_path: Path) -> None:
    text = said(browser, tmp_path, "reject")
    assert "REJECT: the new model was refused" in text
    for title in ("No worse than repeating the last season", "Intervals hold what they promise", "Not off to one side"):
        assert f"“{title}”" in text
    unmet = CASES["reject"].decision.unmet
    assert text.count("Needed:") == len(unmet)
    assert text.count("Missing:") == len(unmet)
    assert "Missing: an error lower by another 20.0 %" in text  # than the seasonal naive's
    assert "another 15.0 % of the actual values within the 80 % interval" in text


def test_a_champion_that_could_not_be_scored_is_told(browser: Browser, tmp_path: Path) -> None:
    assert "The files of the model in production are gone" in said(browser, tmp_path, "gone")
    assert "was not made by forecastops and cannot be scored" in said(browser, tmp_path, "legacy")
    assert "No model is in production yet" in said(browser, tmp_path, "first")
    assert "does not count, since the champion does no better there" in said(browser, tmp_path, "excused")


def test_implausible_data_are_told_with_their_distance(browser: Browser, tmp_path: Path) -> None:
    assert "1252 standard deviations nearer to what was expected" in said(browser, tmp_path, "implausible")


def test_what_strangers_wrote_does_nothing(browser: Browser, tmp_path: Path) -> None:
    with open_page(browser, written(tmp_path, "hostile")) as page:
        assert page.title() != "taken"
        assert page.locator("script, main img").count() == 0
        text = page.get_by_role("main").inner_text()
        assert "<script>document.title='taken'</script>" in text
        # What is too long for a table opens on demand.
        assert page.locator("details").count() >= 2
        assert page.get_by_role("heading", name="Scores", exact=True).is_visible()


def test_each_mark_lies_on_the_side_of_its_bound_that_its_words_say(browser: Browser, tmp_path: Path) -> None:
    with open_page(browser, written(tmp_path, "reject")) as page:
        marks = page.evaluate(
            """() => [...document.querySelectorAll('.scale')].map(line => {
                const value = line.querySelector('.value').getBoundingClientRect()
                const allowed = line.querySelector('.allowed').getBoundingClientRect()
                const middle = value.x + value.width / 2
                return [middle >= allowed.x - 1 && middle <= allowed.right + 1, line.querySelector('circle') !== null]
            })"""
        )
    assert len(marks) > 10
    assert {passed for passed, _ in marks} == {True, False}
    assert all(inside == disc for inside, disc in marks)


def test_the_policy_of_a_switched_off_gate_is_shown(browser: Browser, tmp_path: Path) -> None:
    policy = GatePolicy(min_improvement=None, same_spec_improvement=None, alpha=None)
    path = tmp_path / "off.html"
    path.write_text(judged_page(Judged(decided(scored(80), scored(100), policy), Data())), "utf-8")
    with open_page(browser, path.as_uri()) as page:
        text = page.get_by_role("main").inner_text()
    assert "Every comparison with the model in production is switched off" in text
