"""`forecastops ui`: the pages in Chromium, and what others on this machine or on the web can do to the server."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import pytest
import requests

from browser import DESKTOP, PHONE, Browser, axe_violations, open_page, outside, screenshot, see_as
from command import Command, Running
from workshop import SPRING, Stage, Workshop

HOSTILE = "<img src=x onerror=alert(1)> \"'><script>alert(2)</script> https://evil.example/ \u202e"
STRANGE = "<b onclick=alert(3)>a\"b'c 🙂%2F"


@dataclass(frozen=True)
class Served:
    """A server of pages, and what it shows."""

    running: Running
    url: str
    stage: Stage

    @property
    def root(self) -> str:
        return self.url.partition("?")[0].rstrip("/")

    def visitor(self) -> requests.Session:
        """Somebody who holds the address."""
        session = requests.Session()
        assert session.get(self.url, timeout=300).status_code == 200
        return session


@contextmanager
def serving(stage: Stage, *options: str) -> Iterator[tuple[Running, str]]:
    """The command under way, and the address that it has printed."""
    running = stage.start("ui", "--no-open", "--port", "0", *options)
    out = running.base.with_suffix(".out")
    deadline = time.monotonic() + 300
    while not (out.exists() and out.read_text("utf-8").strip()):
        assert running.process.is_alive(), running.error_so_far()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    try:
        yield running, json.loads(out.read_text("utf-8"))["url"]
    finally:
        if running.process.is_alive():
            running.process.terminate()
            running.result(30)


@pytest.fixture(scope="module")
def served(workshop: Workshop) -> Iterator[Served]:
    """A model with a past, written about by strangers, and the pages of it."""
    stage = workshop.stage("sales")
    first = stage.first_champion()
    stage.renew(SPRING)
    stage.ok("rollback", "--to-version", first, "--reason", HOSTILE)
    stage.client.create_registered_model(STRANGE)
    with serving(stage) as (running, url):
        yield Served(running, url, stage)


def paths(served: Served) -> dict[str, str]:
    return {
        "models": "/",
        "model": "/models/sales",
        "history": "/models/sales/history",
        "decisions": "/models/sales/decisions",
        "report": f"/runs/{served.stage.workshop.first}/report",
        "unknown": "/models/nobody",
        "unevaluated": f"/runs/{served.stage.workshop.third}/report",
        "nowhere": "/nowhere",
    }


@pytest.mark.parametrize(
    "name", ["models", "model", "history", "decisions", "report", "unknown", "unevaluated", "nowhere"]
)
def test_every_page_is_well(served: Served, browser: Browser, name: str) -> None:
    with open_page(browser, served.url) as page:
        said: list[str] = []
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("console", lambda message: said.append(message.text if message.type == "error" else "404"))
        answer = page.goto(served.root + paths(served)[name])
        assert answer is not None
        assert (answer.status == 200) == (name not in ("unknown", "unevaluated", "nowhere")), answer.status
        assert page.locator("script, [onerror], [onclick]").count() == 0
        for width, dark in itertools.product((PHONE, DESKTOP), (False, True)):
            see_as(page, width, dark)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            # Colours are the theme's, whatever the width.
            if dark == (width == DESKTOP):
                screenshot(page, f"ui-{name}-{width}-{'dark' if dark else 'light'}")
                assert axe_violations(page) == [], (width, dark)
        assert outside(page) == []
        assert not [one for one in said if "404" not in one], said


def test_hostile_words_are_shown_as_they_are(served: Served, browser: Browser) -> None:
    with open_page(browser, served.url) as page:
        assert page.get_by_text(STRANGE, exact=True).is_visible()
        page.goto(f"{served.root}/models/sales/history")
        assert page.get_by_text("<script>alert(2)</script>").first.is_visible()
        assert page.locator("main figure svg").is_visible()


def test_links_lead_from_page_to_page(served: Served, browser: Browser) -> None:
    with open_page(browser, served.url) as page:
        assert "token" not in page.url
        seen, todo = set[str](), [page.url]
        while todo:
            answer = page.goto(todo.pop())
            assert answer is not None
            assert answer.status == 200, answer.url
            seen.add(page.url.partition("#")[0])
            found = page.locator("a[href]").evaluate_all("links => links.map(link => link.href)")
            todo += [link for link in {link.partition("#")[0] for link in found} if link not in {*seen, *todo}]
            assert all(urlsplit(link).netloc == urlsplit(served.root).netloc for link in todo)
        places = {urlsplit(url).path for url in seen}
        assert {"/", "/models/sales", "/models/sales/history", "/models/sales/decisions"} <= places


def test_a_browser_sent_by_another_site_gets_in_too(served: Served, browser: Browser) -> None:
    with open_page(browser, f"data:text/html,<a href='{quote(served.url, safe=':/?=&')}'>go</a>") as page:
        page.get_by_text("go").click()
        page.wait_for_url(f"{served.root}/")
        assert page.get_by_role("heading", name="Models").is_visible()


def test_only_who_holds_the_token_sees_anything(served: Served) -> None:
    token = served.url.partition("token=")[2]
    for path in paths(served).values():
        for query in ("", "?token=", "?token=x", f"?token={token}x", f"?token={token}&token={token}", f"?t={token}"):
            answer = requests.get(served.root + path + query, timeout=300, allow_redirects=False)
            assert (answer.status_code, answer.cookies.get_dict()) == (403, {}), query
            assert "sales" not in answer.text
    first = requests.get(served.url, timeout=300, allow_redirects=False)
    assert (first.status_code, first.headers["Location"]) == (303, "/")
    cookie = first.headers["Set-Cookie"]
    assert token not in cookie
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert "Domain" not in cookie
    deep = requests.get(f"{served.root}/models/sales?token={token}", timeout=300, allow_redirects=False)
    assert deep.headers["Location"] == "/models/sales"
    for path in ("//evil.example/", "/..//evil.example", "/https://evil.example"):
        sent = raw(served, f"GET {path}?token={token} HTTP/1.1", f"Host: {urlsplit(served.root).netloc}")
        assert re.search(r"(?i)^location: /\r?$", sent, re.M), sent
    assert token not in served.running.error_so_far()


def test_names_that_point_here_are_refused(served: Served) -> None:
    session, port = served.visitor(), urlsplit(served.root).port
    assert session.get(f"http://127.0.0.1:{port}/", timeout=300).status_code == 200
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1",
        f"127.0.0.1.evil.example:{port}",
        "",
        f"[::1]:{port}",
    ):
        answer = session.get(f"{served.root}/", headers={"Host": host}, timeout=300)
        assert (answer.status_code, "sales" in answer.text) == (421, False), host
        hidden = session.get(served.url, headers={"Host": host}, timeout=300)
        assert hidden.status_code == 421
    both = raw(served, "GET / HTTP/1.1", f"Host: 127.0.0.1:{port}", "Host: evil.example")
    assert both.split()[1] in ("400", "421")


def test_pages_can_only_be_read(served: Served) -> None:
    session = served.visitor()
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"):
        for path in ("/", "/models/sales", "/nowhere"):
            answer = session.request(method, served.root + path, timeout=300)
            assert (answer.status_code, answer.headers.get("Allow")) == (405, "GET, HEAD"), method
    head = session.head(f"{served.root}/models/sales", timeout=300)
    assert (head.status_code, head.content) == (200, b"")


def test_paths_are_places_and_no_files(served: Served) -> None:
    session = served.visitor()
    for path in (
        *(
            "/../../etc/passwd",
            "/%2e%2e/%2e%2e/etc/passwd",
            "/models/..%2f..%2fetc%2fpasswd",
            "/models/%00",
            "/models/",
        ),
        *("/models/%ff", "/models/sales/history/..", "/runs/../report", "/runs/%2e%2e%2f/report", "/runs/x'y/report"),
        *("/runs/nosuchrun/report", f"/models/{quote(STRANGE, safe='')}", "/models/a%2Fb", "/models/" + "x" * 5000),
    ):
        answer = raw(served, f"GET {path} HTTP/1.1", f"Host: {urlsplit(served.root).netloc}", cookie_of(session))
        assert answer.split()[1] == "404", (path, answer[:200])
        assert "root:" not in answer
        assert "Traceback" not in answer


def test_every_answer_has_its_headers(served: Served) -> None:
    session = served.visitor()
    asked = [session.get(served.root + path, timeout=300) for path in (*paths(served).values(), "/welcome")]
    asked += [requests.get(served.root, timeout=300), session.post(served.root, timeout=300)]
    asked += [requests.get(served.url, timeout=300, allow_redirects=False)]
    for answer in asked:
        headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert "server" not in headers


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_it_is_told_to(served: Served, number: signal.Signals) -> None:
    with (
        serving(served.stage) as (running, url),
        # A connection that nothing comes from does not hold it up.
        socket.create_connection(("127.0.0.1", urlsplit(url).port or 0)),
    ):
        os.kill(running.process.pid, number)
        ended = running.result(30)
    assert ended.code == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    assert url.partition("token=")[2] not in ended.stderr


def test_a_registry_that_is_away_is_said_on_a_page(served: Served, forecastops: Command) -> None:
    taken = urlsplit(served.root).port
    said = served.stage.run("ui", "--no-open", "--port", str(taken))
    assert (said.code, f"port {taken}: is taken; give another with --port" in said.error) == (1, True)
    assert served.stage.run("ui", "--port", "70000").code == 2
    away = ["--set", "tracking.tracking_uri=http://127.0.0.1:9"]
    with serving(served.stage, *away) as (_, url):
        answer = requests.get(url, timeout=300)
    assert answer.status_code == 503
    assert "check MLFLOW_TRACKING_URI and that the server answers" in answer.text


def cookie_of(session: requests.Session) -> str:
    return "Cookie: " + "; ".join(f"{name}={value}" for name, value in session.cookies.items())


def raw(served: Served, *lines: str) -> str:
    """The answer to exactly these lines."""
    with socket.create_connection(("127.0.0.1", urlsplit(served.root).port or 0), timeout=300) as connection:
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
        return b"".join(iter(lambda: connection.recv(65_536), b"")).decode("utf-8", "replace")
