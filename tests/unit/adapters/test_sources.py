"""Where data live: addresses, standard input and databases, each read to the same series as a file."""

from __future__ import annotations

import contextlib
import gzip
import json
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from forecastops.adapters.sources import address
from forecastops.adapters.sources.query import PASSWORD
from forecastops.commands.main import main
from servers import postgres, postgres_binaries

DATES = pd.date_range("2023-01-02", periods=120)
VALUES = np.round(1500 + 100 * np.sin(np.arange(120)) + np.arange(120) / 7, 2)
CSV = pd.DataFrame({"day": DATES.strftime("%Y-%m-%d"), "amount": VALUES}).to_csv(index=False)
SETTINGS = ["--set", "data.date_column=day", "--set", "data.value_column=amount"]


def check(*paths: str, **how: Any) -> Result:
    return CliRunner().invoke(main, ["data", "check", *paths, *SETTINGS, "--json"], **how)


def require_series(result: Result) -> None:
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["rows"], found["start"], found["end"]) == (120, "2023-01-02", "2023-05-01")
    assert (found["sum"], found["first"], found["last"]) == (pytest.approx(VALUES.sum()), VALUES[0], VALUES[-1])


def refusal(result: Result, code: int) -> str:
    assert result.exit_code == code, (result.stdout, result.stderr)
    (line,) = result.stderr.splitlines()
    assert line.startswith("forecastops: error: ")
    assert "hunter2" not in line
    return line


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/slow.csv":
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                for _ in range(100):
                    self.wfile.write(b"day,amount\n")
                    self.wfile.flush()
                    time.sleep(0.1)
            return
        bodies = {"/a.csv": CSV.encode(), "/a,b.csv": CSV.encode(), "/a.csv.gz": gzip.compress(CSV.encode())}
        if path == "/bomb.gz":
            bodies[path] = gzip.compress(bytes(2**22))
        self.send_response(200 if path in bodies else 404)
        self.end_headers()
        self.wfile.write(bodies.get(path, b"not here"))

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a,b.csv", "a.csv?version=3"])
def test_an_address_is_read_as_a_file(site: str, name: str) -> None:
    require_series(check(f"{site}/{name}"))


def test_an_address_that_is_not_there_is_named(site: str) -> None:
    assert f"{site}/none.csv: is not there" in refusal(check(f"{site}/none.csv"), 1)
    assert "cannot be read" in refusal(check("http://127.0.0.1:9/a.csv"), 1)


def test_size_and_time_are_bounded(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "MAX_BYTES", 1000)
    assert "is larger than" in refusal(check(f"{site}/a.csv"), 1)
    monkeypatch.undo()
    monkeypatch.setattr("forecastops.data.unpacking.MAX_BYTES", 2**20)
    assert "is larger than 1 MiB, unpacked" in refusal(check(f"{site}/bomb.gz"), 1)
    monkeypatch.setattr(address, "MAX_SECONDS", 0.5)
    assert "takes longer than 0.5 s" in refusal(check(f"{site}/slow.csv"), 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://me:hunter2@host/a.csv", "a password"),
        ("https://host/a.csv?sig=hunter2&sp=r", "a secret (sig)"),
        ("https://host/a.csv?api_key=hunter2", "a secret (api_key)"),
        ("https://host/a.csv?X-Amz-Signature=hunter2", "a secret (X-Amz-Signature)"),
        ("az://c/a.csv?sas_token=hunter2", "a secret (sas_token)"),
        ("postgresql://me:hunter2@host/db?query=select 1", "a password"),
        ("simplecache::https://host/a.csv", "chains addresses"),
        ("https://host/a.zip::zip://b.csv", "chains addresses"),
        ("ssh://host/a.csv", "protocol 'ssh' is not allowed"),
        ("memory://a.csv", "protocol 'memory' is not allowed"),
        ("github://owner:repo@/a.csv", "protocol 'github' is not allowed"),
    ],
)
def test_addresses_that_are_refused(text: str, said: str) -> None:
    assert said in refusal(check(text), 2)


def test_a_protocol_without_its_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adlfs", None)
    assert "'mlflow-forecastops[cloud]'" in refusal(check("abfss://container@account.dfs.core.windows.net/a.csv"), 2)


def test_standard_input_is_read(tmp_path: Path) -> None:
    require_series(check("-", input=CSV.encode()))
    require_series(check("-", input=gzip.compress(CSV.encode())))
    assert "standard input: is empty" in refusal(check("-", input=b""), 1)
    assert "standard input:3: column 'amount' holds 'x'" in refusal(
        check("-", input=b"day,amount\n2023-01-01,1\n2023-01-02,x\n"), 1
    )


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "sales.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table sales (day text, store integer, amount real)")
        rows = [
            (f"{day:%Y-%m-%d}", store, value * store)
            for day, value in zip(DATES, VALUES, strict=True)
            for store in (1, 2)
        ]
        connection.executemany("insert into sales values (?, ?, ?)", rows)
    return path


@pytest.mark.parametrize(
    "query",
    [
        "select day, amount from sales where store = 1",
        "SELECT day, sum(amount) / 3 AS amount, 'a:b' AS note FROM sales GROUP BY day ORDER BY day, 1;",
        "with one as (select * from sales where store in (1, 3)) select day, amount from one",
    ],
)
def test_a_query_gives_the_rows(sales: Path, query: str) -> None:
    require_series(check(f"sqlite:///{sales}?query={query}"))
    require_series(check(f"sqlite:///{sales}?query={quote(query)}"))


def test_where_and_duplicates_go_with_a_query(sales: Path) -> None:
    base = f"sqlite:///{sales}?query=select day, store, amount from sales"
    assert "every date stands 2 times; several series (columns store)?" in refusal(check(base), 1)
    require_series(
        CliRunner().invoke(main, ["data", "check", base, *SETTINGS, "--set", "data.where.store=1", "--json"])
    )


@pytest.mark.parametrize(
    ("query", "code", "said"),
    [
        ("delete from sales", 2, "not one SELECT"),
        ("select 1; drop table sales", 2, "not one SELECT"),
        ("", 2, "not one SELECT"),
        ("with x as (select 1) delete from sales", 1, "readonly"),
        ("select day from sales", 1, "column 'amount' is not there; its columns are 'day'"),
        ("select day from nowhere", 1, "no such table: nowhere"),
        ("select day, amount from sales where store = 9", 1, "no rows"),
    ],
)
def test_a_query_that_is_refused_changes_nothing(sales: Path, query: str, code: int, said: str) -> None:
    before = sales.read_bytes()
    assert said in refusal(check(f"sqlite:///{sales}?query={query}"), code)
    assert sales.read_bytes() == before
    assert [path.name for path in sales.parent.iterdir()] == ["sales.db"]


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert "is no file" in refusal(check(f"sqlite:///{tmp_path}/none.db?query=select 1"), 1)
    assert list(tmp_path.iterdir()) == []
    assert "is no database" in refusal(check("nosql://host/db?query=select 1"), 2)


@pytest.mark.skipif(postgres_binaries() is None, reason="PostgreSQL is not installed")
def test_a_query_of_postgresql_only_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy import create_engine, text

    with postgres() as uri:
        engine = create_engine(uri)
        with engine.begin() as connection:
            connection.execute(text("create table sales (day date, amount numeric(12, 2))"))
            rows = [{"day": day.date(), "amount": float(value)} for day, value in zip(DATES, VALUES, strict=True)]
            connection.execute(text("insert into sales values (:day, :amount)"), rows)
            connection.execute(text("create function f() returns int language sql as 'delete from sales; select 1'"))
        monkeypatch.setenv(PASSWORD, "hunter2")
        require_series(check(f"{uri}?query=select day, amount from sales where day::text like '20%' order by 1"))
        line = refusal(check(f"{uri}?query=select day, amount, f() from sales"), 1)
        assert "read-only transaction" in line
        assert 'relation "nowhere" does not exist' in refusal(check(f"{uri}?query=select * from nowhere"), 1)
        with engine.connect() as connection:
            assert connection.execute(text("select count(*) from sales")).scalar() == 120
        engine.dispose()
