"""The demonstration: what its page shows is what it prints, and it leaves a healthy endpoint behind."""

from __future__ import annotations

import re

import requests

from command import Command
from repository import ROOT
from scripts_support import script

PAGE = ROOT / "docs/demo.md"
shape = script("shown_output").shape


def test_the_demo_prints_what_its_page_shows_and_can_be_run_again(forecastops: Command) -> None:
    shown = re.search(r"<!-- demo -->\n```\n(.*?)```\n<!-- end demo -->", PAGE.read_text("utf-8"), re.DOTALL)
    assert shown is not None
    told = forecastops("demo")
    assert told.code == 0, told.stderr
    assert shape(told.stdout) == shape(shown[1])

    again = forecastops("demo", "--json")
    assert again.code == 0, again.stderr
    first, second, third, status = again.json["chapters"]
    assert [chapter["evaluate"]["verdict"] for chapter in (first, second, third)] == ["PROMOTE", "PROMOTE", "HOLD"]
    assert (third["promote"], third["renew"]) == (None, None)
    assert status["consistent"]
    assert (status["champion"]["version"], status["endpoint"]["state"]) == ("2", "Healthy")
    answer = requests.post(
        f"{status['endpoint']['url']}/invocations", json={"inputs": [], "params": {"horizon": 7}}, timeout=300
    )
    assert len(answer.json()["predictions"]) == 7
    assert "problems" in forecastops.ok("status", "--config", "demo/demo.yaml")


def test_a_folder_that_holds_something_else_is_left_alone(forecastops: Command) -> None:
    (forecastops.folder / "mine").mkdir()
    (forecastops.folder / "mine/thesis.txt").write_text("years of work")
    refused = forecastops("demo", "--dir", "mine")
    assert refused.code == 1
    assert "holds something that is no demo" in refused.error
    assert [path.name for path in (forecastops.folder / "mine").iterdir()] == ["thesis.txt"]
