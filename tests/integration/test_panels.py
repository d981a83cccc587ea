"""A panel from a long table to an endpoint, renewed, killed, rolled back: by the same commands as one series."""

from __future__ import annotations

import functools
import hashlib
import html
import json
import random
import re
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests

from command import Command, new_command
from forecastops.usecases.panels.pieces import work_on_piece
from interruptions import kill_before
from local_endpoint_support import stop_endpoints

SETTINGS = {
    "data.series_column": "shop",
    "data.date_column": "day",
    "data.value_column": "sold",
    "model.order": "[0,1,1]",
    "evaluation.horizon": "7",
    "evaluation.window": "28",
    "gate.max_coverage_shortfall": "null",
    "gate.beat_seasonal_naive": "false",
    "panel.decision": "independent",
    "panel.bucket_size": "3",
}
OPTIONS = tuple(word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}"))
NAMES = ["a/slash", "an emoji \U0001f600", "'quoted'", "d", "e", "f", '<i onclick="x">g</i>']


def long_table(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    parts = []
    for name in NAMES:
        days = pd.date_range("2013-01-01", periods=160, freq="D")
        sold = np.round(50 + rng.normal(size=160).cumsum() + rng.normal(size=160), 3)
        parts.append(pd.DataFrame({"shop": name, "day": days.strftime("%Y-%m-%d"), "sold": sold}).iloc[:rows])
    return pd.concat(parts)


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Command]:
    """The command, with a panel in production that was trained on 120 rows a series."""
    folder = tmp_path_factory.mktemp("panel")
    made = new_command(folder, empty_database)
    parts = folder / "parts"
    parts.mkdir()
    table = long_table(120)
    table.iloc[:300].to_csv(parts / "one.csv", index=False)
    table.iloc[300:].to_csv(parts / "two.csv", index=False)
    done = made("retrain", "--data", str(parts), *OPTIONS, "--json")
    assert done.code == 0, done.stderr
    assert done.json["evaluate"]["verdict"] == "PROMOTE"
    assert done.json["train"]["series"] == len(NAMES)
    yield made
    stop_endpoints(folder / "home")


def test_a_panel_is_served_renewed_and_rolled_back(command: Command, tmp_path: Path) -> None:
    status = command("status", "--check", *OPTIONS, "--json")
    assert status.code == 0, status.stderr
    assert status.json["champion"]["version"] == "1"

    newest = tmp_path / "newest.csv"
    table = long_table(123)
    table.groupby("shop").tail(3).to_csv(newest, index=False)
    asked = table[table["shop"] == "d"].tail(3).rename(columns={"shop": "unique_id", "day": "date", "sold": "value"})
    body = {"dataframe_records": [row | {"horizon": 2} for row in asked.to_dict("records")]}
    request = urllib.request.Request(
        f"{status.json['endpoint']['url']}/invocations",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        served = json.load(answer)["predictions"]

    renewed = command("renew", "--data", str(newest), *OPTIONS, "--json")
    assert renewed.code == 0, renewed.stderr
    assert renewed.json["renewed"], renewed.json
    assert renewed.json["version"] == "2"
    ahead = command("forecast", "--series", "d", "--horizon", "2", *OPTIONS, "--json")
    assert [row["date"] for row in ahead.json["forecast"]] == [row["date"] for row in served]
    for now, then in zip(ahead.json["forecast"], served, strict=True):
        assert now["mean"] == pytest.approx(then["mean"], rel=1e-12)

    out = tmp_path / "all.parquet"
    written = command("forecast", "--output", str(out), *OPTIONS)
    assert written.code == 0, written.stderr
    found = pq.read_table(out)
    assert found.column_names[:3] == ["unique_id", "date", "mean"]
    assert set(found["unique_id"].to_pylist()) == set(NAMES)

    back = command("rollback", "--series", NAMES[0], "--to-version", "1", "--reason", "too low", *OPTIONS, "--json")
    assert back.code == 0, back.stderr
    one, other = (command("status", "--series", name, *OPTIONS, "--json").json for name in (NAMES[0], "d"))
    assert (one["version"], one["forecasts_from"]) == ("3", "2013-04-30")
    assert (other["version"], other["forecasts_from"], other["since"]) == ("3", "2013-05-03", "1")
    fresh = command.ok("status", *OPTIONS)["panel"]
    assert (fresh["series"], fresh["newest"], fresh["oldest"]) == (len(NAMES), "2013-05-03", "2013-04-30")
    assert (fresh["behind"], fresh["oldest_series"]) == (1, NAMES[0])
    nobody = command("status", "--series", "nobody", *OPTIONS)
    assert (nobody.code, "is none of this panel's" in nobody.stderr) == (2, True)


def test_a_panel_is_watched_series_by_series_and_decided_on_together(command: Command, tmp_path: Path) -> None:
    table = long_table(160)
    wild = (table["shop"] == "d") & (table["day"] > "2013-05-03")
    rng = np.random.default_rng(2)
    table.loc[wild, "sold"] += np.round(3.5 * rng.normal(size=int(wild.sum())), 3)
    broken = (table["shop"] == "e") & (table["day"] > "2013-06-01")
    table.loc[broken, "sold"] *= 1000
    data = tmp_path / "watched.parquet"
    pd.concat([table, table[table["shop"] == "f"].assign(shop="newcomer")]).to_parquet(data, index=False)

    found = command.ok("monitor", "--data", str(data), *OPTIONS)
    assert (found["retrain"], found["broken"], found["series"]) == (True, False, len(NAMES) + 1)
    assert found["states"] == {"watched": len(NAMES) - 1, "broken": 1, "new": 1}
    assert found["moved_series"] == 1
    worst = {one["series"]: one for one in found["worst"]}
    assert set(worst) == {"d", "e"}
    assert (worst["d"]["state"], worst["e"]["state"]) == ("moved", "broken")
    assert "larger than in training" in worst["d"]["reason"]
    client = mlflow.MlflowClient(command.environment["MLFLOW_TRACKING_URI"])
    rows = pq.read_table(client.download_artifacts(found["run_id"], found["table"])).to_pylist()
    assert {row["unique_id"] for row in rows if row["moved"]} == {"d"}
    assert all(row["level_bound"] > 0 for row in rows if row["state"] == "watched")

    few = ("--set", "panel.moved_share=0.5")
    assert command("monitor", "--data", str(data), "--require-ok", *OPTIONS).code == 3
    assert command("monitor", "--data", str(data), "--require-ok", *OPTIONS, *few).code == 0
    newest = tmp_path / "newest.parquet"
    table[table["day"] == "2013-05-04"].to_parquet(newest, index=False)
    alone = command("monitor", "--data", str(newest), *OPTIONS)
    assert alone.code == 1
    assert "a panel keeps no series" in alone.error


def test_a_decision_is_replayed_from_its_table_and_overridden_by_force(command: Command, tmp_path: Path) -> None:
    data, hold = tmp_path / "long.parquet", ("--set", "panel.decision=shrunk", "--set", "panel.min_gain=0.99")
    long_table(140).to_parquet(data, index=False)
    run_id = command.ok("train", "--data", str(data), *OPTIONS, *hold)["run_id"]
    before = command.ok("status", *OPTIONS)["champion"]["version"]
    command.environment["AGENT_TEMPDIRECTORY"] = str(tmp_path)
    judged = command("evaluate", "--run-id", run_id, *OPTIONS, *hold, "--json", "--ci", "azure-devops")
    assert judged.json["verdict"] == "HOLD"
    said = (tmp_path / "forecastops" / f"evaluate-{run_id[:8]}.md").read_text("utf-8")
    assert said.startswith(f"### HOLD: transactions-forecast, a panel\n\n**of {len(NAMES)} series")
    cases = ElementTree.parse(tmp_path / "forecastops" / f"evaluate-{run_id[:8]}.xml").getroot()
    assert (cases.get("failures"), cases.get("errors")) == ("0", "0")
    assert {"failed_share", "total_error", "series"} <= {case.get("name") for case in cases}
    replayed = command.ok("evaluate", "--replay", run_id, *OPTIONS)
    assert (replayed["verdict"], replayed["replayed"]) == ("HOLD", True)

    forced = ("promote", "--run-id", run_id, "--force", "--reason", "the board says so", *OPTIONS, *hold)
    chance, killed, begun = random.Random(19), 0, 0
    while begun < 6:  # killed before some change, and begun again, which first mends what is left
        begun += 1
        before_change = functools.partial(kill_before, chance.randint(2, 12))
        killed += command(*forced, before=before_change).code == -signal.SIGKILL
        require_one_of_two(command, before)
    assert killed
    moved = command.ok(*forced)
    assert (moved["promoted"], moved["verdict"], moved["previous_version"]) == (True, "HOLD", before)
    again = command.ok(*forced)
    assert (again["promoted"], again["version"]) == (True, moved["version"])
    table = panel_table(command, run_id)
    compared = [row["unique_id"] for row in table.to_pylist() if row["outcome"] == "compared"]
    assert compared
    for name in (one for one in NAMES if one != NAMES[0]):
        status = command.ok("status", "--series", name, *OPTIONS)
        assert (status["run_id"] == run_id) == (name in compared), name
        assert status["forecasts_from"] == "2013-05-20"
    (promotion, *_) = command.ok("history", "--limit", "1", *OPTIONS)["events"]
    assert (promotion["kind"], promotion["forced"], promotion["reason"]) == ("promotion", True, "the board says so")
    assert command("status", "--check", *OPTIONS).code == 0


def require_one_of_two(command: Command, before: str) -> None:
    """Production is the panel before or the forced one, whole; or `status` says what is not, and what mends it."""
    status = command("status", "--json", *OPTIONS)
    assert status.code == 0, status.stderr
    if status.json["consistent"]:
        served = command("forecast", "--series", "d", "--horizon", "1", *OPTIONS, "--json")
        assert served.code == 0, served.stderr
        versions = [event["version"] for event in command.ok("history", *OPTIONS)["events"] if event.get("forced")]
        assert served.json["version"] in (before, *versions)
    else:
        assert status.json["problems"]


def test_a_replay_finds_each_number_that_is_another(command: Command) -> None:
    (run_id,) = {one["run_id"] for one in command.ok("history", *OPTIONS)["events"] if one["verdict"] == "HOLD"}
    client = mlflow.MlflowClient(command.environment["MLFLOW_TRACKING_URI"])
    run = client.get_run(run_id)
    root = Path(unquote(urlsplit(run.info.artifact_uri).path))
    place, part = root / run.data.tags["forecastops.panel.decision"], root / "panel" / "series-00000.parquet"
    kept = pq.read_table(part)

    def logged(table: pa.Table, **changes: object) -> str:
        """Log another table and decision as somebody would who may write everything; the replay's error."""
        pq.write_table(table, part)
        digest = hashlib.sha256(hashlib.sha256(part.read_bytes()).digest()).hexdigest()
        file = place / "decision.json"
        text = json.dumps(json.loads(file.read_text()) | {"table_sha256": digest} | changes)
        file.write_text(text)
        client.set_tag(run_id, "forecastops.panel.decision.sha256", hashlib.sha256(text.encode()).hexdigest())
        done = command("evaluate", "--replay", run_id, *OPTIONS)
        assert done.code == (1 if done.stderr else 0)
        return done.error if done.code else ""

    assert logged(kept) == ""
    row = kept.column("outcome").to_pylist().index("compared")
    for name in ("share", "ours"):
        values = kept.column(name).to_pylist()
        values[row] = float(np.nextafter(values[row], np.inf))
        other = kept.set_column(kept.column_names.index(name), name, pa.array(values, pa.float64()))
        assert f"{name} of series" in logged(other)
    actions = pa.array(["change"] * kept.num_rows)
    assert "(gain, action, why)" in logged(kept.set_column(kept.column_names.index("action"), "action", actions))
    assert "verdict was PROMOTE" in logged(kept, verdict="PROMOTE")
    part.write_bytes(b"no table")
    assert "is not the one that was logged" in command("evaluate", "--replay", run_id, *OPTIONS).error
    assert logged(kept, verdict="HOLD") == ""


def test_a_panel_and_each_series_of_it_have_pages(command: Command, tmp_path: Path) -> None:
    run_id = command.ok("status", *OPTIONS)["champion"]["run_id"]
    decided = next(one for one in command.ok("history", *OPTIONS)["events"] if one["kind"] == "decision")
    page = tmp_path / "report.html"
    told = command.ok("report", "--run-id", decided["run_id"], "--output", str(page), *OPTIONS)
    assert told["verdict"] == decided["verdict"]
    assert f"a panel of {len(NAMES)} series" in page.read_text()
    for name in NAMES:
        command.ok("report", "--run-id", decided["run_id"], "--series", name, "--output", str(page), *OPTIONS)
        text = page.read_text()
        assert f"<h1>{html.escape(name)}</h1>".replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in text
        assert "<svg" in text
        assert "<i onclick" not in text
    nobody = command("report", "--run-id", run_id, "--series", "nobody", "--output", str(page), *OPTIONS)
    assert nobody.code == 1


def test_the_pages_on_this_machine_know_panels(command: Command) -> None:
    decided = next(one for one in command.ok("history", *OPTIONS)["events"] if one["kind"] == "decision")
    running = command.start("ui", "--no-open", "--port", "0", "--json", *OPTIONS)
    out = running.base.with_suffix(".out")
    deadline = time.monotonic() + 300
    while not (out.exists() and out.read_text("utf-8").strip()) and time.monotonic() < deadline:
        time.sleep(0.05)
    try:
        url = json.loads(out.read_text("utf-8"))["url"]
        visitor, root = requests.Session(), url.partition("?")[0].rstrip("/")
        assert visitor.get(url, timeout=300).status_code == 200
        model = visitor.get(f"{root}/models/transactions-forecast", timeout=300)
        assert "of them behind" in model.text
        report = visitor.get(f"{root}/runs/{decided['run_id']}/report", timeout=300)
        links = re.findall(r'href="(/runs/[^"]*/series/[^"]*)"', report.text)
        assert links
        for path in (*links, f"/runs/{decided['run_id']}/series/{quote(NAMES[-1], safe='')}"):
            assert visitor.get(root + html.unescape(path), timeout=300).status_code == 200, path
        nobody = visitor.get(f"{root}/runs/{decided['run_id']}/series/nobody", timeout=300)
        assert nobody.status_code == 404
    finally:
        running.process.terminate()
        running.process.join()


def panel_table(command: Command, run_id: str) -> pa.Table:
    client = mlflow.MlflowClient(command.environment["MLFLOW_TRACKING_URI"])
    return pq.read_table(Path(client.download_artifacts(run_id, "panel")) / "series-00000.parquet")


def test_what_did_not_move_is_renewed_and_not_fitted(command: Command, tmp_path: Path) -> None:
    data, table = tmp_path / "long.csv", long_table(152)
    moved = (table["shop"] == "d") & (table["day"] > "2013-05-20")
    table.loc[moved, "sold"] += np.where(np.arange(moved.sum()) % 2, 3, -3)
    table.to_csv(data, index=False)
    screened = ("--set", "panel.screen_share=0.1", "--json")
    # What is to be fitted is cut into files and carried out before, as a parallel job does it.
    work = tmp_path / "work"
    words = ("--data", str(data), "--work", str(work), *OPTIONS, *screened)
    cut = command("train", "--cut", str(tmp_path / "pieces"), *words)
    assert cut.code == 0, cut.stderr
    carried_out = [work_on_piece(piece, work) for piece in (tmp_path / "pieces").iterdir()]
    assert len(carried_out) == cut.json["pieces"] > 0
    times = {path: path.stat().st_mtime_ns for path in work.iterdir()}
    done = command("retrain", *words)
    assert done.code == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in work.iterdir()} == times, "it computed something"
    found = done.json["train"]["screening"]
    assert cut.json["series"] == len(NAMES) - found["calm"] - found.get("implausible", 0) - found.get("unread", 0)
    assert done.json["evaluate"]["screening"] == found
    assert sum(found.values()) == len(NAMES)
    assert found["moved"] >= 1
    assert found["calm"] >= 1
    (part,) = command.folder.rglob(f"{done.json['train']['run_id']}/artifacts/panel/series-*.parquet")
    rows = {row["unique_id"]: row for row in pq.read_table(part).to_pylist()}
    assert (rows["d"]["treatment"], rows["d"]["screening"]) == ("refitted", "moved")
    calm = [name for name, row in rows.items() if row["screening"] == "calm"]
    assert {(rows[name]["treatment"], rows[name]["decided_by"]) for name in calm} == {("renewed", "kept")}
    one = command("status", "--series", calm[0], *OPTIONS, "--json").json
    assert one["forecasts_from"] == "2013-06-01"


def test_a_killed_training_goes_on_and_comes_to_the_same(command: Command, tmp_path: Path) -> None:
    data, work = tmp_path / "long.parquet", tmp_path / "work"
    long_table(150).to_parquet(data, index=False)
    words = ["train", "--data", str(data), "--work", str(work), *OPTIONS, "--set", "registry.model_name=killed"]
    running = command.start(*words)
    deadline = time.monotonic() + 300
    while not list(work.glob("*.parquet")) and time.monotonic() < deadline and running.process.is_alive():
        time.sleep(0.02)
    running.process.kill()
    running.process.join()
    done = {path: path.stat().st_mtime_ns for path in work.glob("*.parquet")}
    assert done
    again = command(*words, "--json")
    assert again.code == 0, again.stderr
    assert {path: path.stat().st_mtime_ns for path in work.glob("*.parquet") if path in done} == done
    alone = command(*(str(tmp_path / "other") if word == str(work) else word for word in words), "--json")
    assert alone.json["data"] == again.json["data"]
    assert alone.json["counts"] == again.json["counts"]
    for path in work.glob("*.parquet"):
        assert pq.read_table(path).equals(pq.read_table(tmp_path / "other" / path.name))
    # A worker of the killed call may go on with its bucket for a while; it tidies up after itself.
    deadline = time.monotonic() + 300
    while list(work.glob("*.at")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not list(work.glob("*.at"))
