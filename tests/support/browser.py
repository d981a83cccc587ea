"""Pages as people see them: headless Chromium, screenshots, and axe-core's opinion.

    def test_page(browser: Browser) -> None:
        with open_page(browser, path.as_uri(), width=390, dark=True) as page:
            assert page.get_by_role("heading", name="PROMOTE").is_visible()
            assert axe_violations(page) == []
            screenshot(page, "report-phone-dark")

The fixture ``browser`` is in ``conftest.py``. It is of a module: Playwright keeps an event loop running in this thread
for as long as it lives, beside which ``asyncio.run`` refuses to work.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, sync_playwright

__all__ = [
    "DESKTOP",
    "PHONE",
    "Browser",
    "Page",
    "axe_violations",
    "chromium",
    "open_page",
    "outside",
    "screenshot",
    "see_as",
]

DESKTOP, PHONE = 1280, 390

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_LOCAL = {"127.0.0.1", "localhost", ""}
_CI = ("CI", "TF_BUILD")
_kept: list[Path] = []  # where the screenshots of the module under way go
_outside: dict[int, list[str]] = {}  # what each page under way asked of other machines
_idle: dict[int, list[Page]] = {}  # of each browser, the tabs that nobody visits
_AXE: Any = Axe()


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A browser whose screenshots go to ``folder``; the test is skipped where there is none, but fails in CI."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        reason = f"none of {', '.join(_PROGRAMS)} is installed"
        if any(os.environ.get(name) for name in _CI):
            pytest.fail(reason)
        pytest.skip(reason)
    # Chromium's own sandbox refuses to start for root.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=[*options, "--disable-dev-shm-usage"])
        _kept.append(folder)
        try:
            yield found
        finally:
            _kept.remove(folder)
            _idle.pop(id(found), None)
            found.close()


@contextmanager
def open_page(
    browser: Browser, address: str, *, width: int = DESKTOP, height: int = 900, dark: bool = False, **options: Any
) -> Iterator[Page]:
    """A page at that address, as a new visitor sees it; it gets nothing from any other machine (``outside``).

    One tab serves all visits to a browser that are like each other and not at once: a new one, and axe-core compiled
    anew in it, take a second.

    Args:
        browser: the fixture.
        address: an URL; ``path.as_uri()`` for a file.
        width: of the window; ``PHONE`` or ``DESKTOP``.
        height: of the window.
        dark: whether the visitor prefers dark pages.
        options: further ones of Playwright's ``new_context``, as ``java_script_enabled``.
    """
    idle = _idle.setdefault(id(browser), [])
    page = idle.pop() if idle and not options else _new_page(browser, options)
    _outside[id(page)] = []
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce", media="screen")
    try:
        page.goto(address)
        yield page
    finally:
        if options or page.is_closed():
            page.context.close()
        else:
            _forget(page)
            idle.append(page)
        del _outside[id(page)]


def _new_page(browser: Browser, options: dict[str, Any]) -> Page:
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(300_000)  # of a loaded machine

    def only_local(route: Route) -> None:
        if (urlsplit(route.request.url).hostname or "") in _LOCAL:
            route.continue_()
        else:
            _outside[id(page)].append(route.request.url)
            route.abort()

    page.context.route("**/*", only_local)
    return page


def see_as(page: Page, width: int, dark: bool) -> None:
    """See the open page as another visitor does; where it has no scripts, it is as if it had been opened so."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if dark else "light", media="screen")


def _forget(page: Page) -> None:
    """Leave no trace of the visit for the next visitor."""
    if page.url.startswith("http"):
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear() }")
    page.context.clear_cookies()
    page.goto("about:blank")


def outside(page: Page) -> list[str]:
    """What the page has asked of other machines so far, which it did not get."""
    return list(_outside[id(page)])


def screenshot(page: Page, name: str, *, whole: bool = True) -> Path:
    """Keep a picture of the page, of all of it or of what is in the window; where it is."""
    path = _kept[-1] / f"{name}.png"
    page.screenshot(path=path, full_page=whole, animations="disabled")
    return path


def axe_violations(page: Page) -> list[str]:
    """What axe-core holds against the page, a line each; none when it is well."""
    found = _AXE.run(page).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {' '.join(map(str, node['target']))}"
        for one in found
        for node in one["nodes"]
    ]
