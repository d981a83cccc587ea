"""Whether what looks at pages sees what is wrong with them."""

from __future__ import annotations

from pathlib import Path

from browser import PHONE, Browser, axe_violations, open_page, outside, screenshot

GOOD = "<!doctype html><html lang=en><title>A page</title><main><h1>Verdict</h1></main>"


def test_a_page_without_faults_has_no_violations(browser: Browser, tmp_path: Path) -> None:
    with open_page(browser, _page(tmp_path, GOOD), width=PHONE, dark=True) as page:
        assert axe_violations(page) == []
        assert outside(page) == []
        assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        assert page.evaluate("innerWidth") == PHONE
        assert screenshot(page, "good").read_bytes().startswith(b"\x89PNG")


def test_faults_and_foreign_requests_are_seen(browser: Browser, tmp_path: Path) -> None:
    bad = GOOD + "<img src='https://pictures.invalid/a.png'><p style='color:#ccc;background:#fff'>pale</p>"
    with open_page(browser, _page(tmp_path, bad)) as page:
        assert {line.partition(" ")[0] for line in axe_violations(page)} >= {"color-contrast", "image-alt"}
        assert outside(page) == ["https://pictures.invalid/a.png"]


def _page(folder: Path, text: str) -> str:
    path = folder / "page.html"
    path.write_text(text)
    return path.as_uri()
