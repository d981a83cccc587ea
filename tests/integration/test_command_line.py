"""What every command does with its options and with standard output, as a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from forecastops.commands.main import main as program

COMMANDS = [["config", "show"], ["config", "show", "--json"], ["config", "schema"], ["--help"], ["train", "--help"]]
PROGRAM = [sys.executable, "-m", "forecastops"]


def run(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The program as it is installed, so that it calls itself by its name."""
    command = [str(Path(sys.executable).parent / "forecastops"), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ | (environment or {}))


def closed() -> None:
    os.close(1)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_result_that_cannot_be_printed_is_a_failure(arguments: list[str]) -> None:
    without = subprocess.run([*PROGRAM, *arguments], check=False, preexec_fn=closed, stderr=subprocess.PIPE, text=True)
    assert without.returncode == 1
    (line,) = without.stderr.splitlines()
    assert line.startswith("forecastops: error: standard output: is closed")
    with open("/dev/full", "w") as disk:
        full = subprocess.run([*PROGRAM, *arguments], check=False, stdout=disk, stderr=subprocess.PIPE, text=True)
    assert full.returncode == 1
    (line,) = full.stderr.splitlines()
    assert line.startswith("forecastops: error: standard output: cannot be written: No space left on device")


def test_nothing_is_done_where_its_result_could_not_be_printed(tmp_path: Path) -> None:
    arguments = [*PROGRAM, "data", "sample", "transactions", "--out", "data"]
    subprocess.run(arguments, check=False, preexec_fn=closed, cwd=tmp_path, stderr=subprocess.DEVNULL)
    assert not list(tmp_path.iterdir())


def test_a_reader_that_has_seen_enough_is_no_error_to_speak_of() -> None:
    with subprocess.Popen(
        [*PROGRAM, "config", "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as one:
        assert one.stdout is not None
        one.stdout.close()
        assert one.stderr is not None
        assert not one.stderr.read()


@pytest.mark.parametrize("option", ["--config", "--set", "--json", "--data"])
def test_an_option_before_the_command_is_told_where_it_belongs(option: str) -> None:
    refused = subprocess.run([*PROGRAM, option, "x", "status"], check=False, capture_output=True, text=True)
    assert refused.returncode == 2
    assert f"{option} follows the command: forecastops COMMAND {option}" in refused.stderr


@pytest.mark.parametrize("horizon", ["\u0667", "1_0", "7.0", "true"])
def test_a_number_is_written_in_plain_digits(horizon: str) -> None:
    refused = subprocess.run([*PROGRAM, "forecast", "--horizon", horizon], check=False, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "is not a valid integer" in refused.stderr


def test_the_demonstration_lists_no_option_that_it_refuses() -> None:
    told = subprocess.run([*PROGRAM, "demo", "--help"], check=True, capture_output=True, text=True).stdout
    assert "--dir" in told
    assert "--config" not in told
    assert "--set" not in told
    refused = subprocess.run([*PROGRAM, "demo", "--set", "a=b"], check=False, capture_output=True, text=True)
    assert (refused.returncode, "configuration of its own" in refused.stderr) == (2, True)


def test_newest_rows_alone_can_be_checked(tmp_path: Path) -> None:
    rows = "".join(f"2014-06-0{day},{10 + day}\n" for day in range(1, 6))
    (tmp_path / "newest.csv").write_text(f"date,value\n{rows}")
    columns = ["--set", "data.date_column=date", "--set", "data.value_column=value"]
    check = [*PROGRAM, "data", "check", "newest.csv", *columns]
    refused = subprocess.run(check, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert (refused.returncode, "say --newest-part" in refused.stderr) == (1, True), refused.stderr
    told = subprocess.run([*check, "--newest-part"], check=True, capture_output=True, text=True, cwd=tmp_path).stdout
    assert told.startswith("2014-06-01 to 2014-06-05: 5 rows, frequency D")


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its words."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("words", [words for words, _ in commands(program)], ids=" ".join)
def test_help_says_what_a_command_does_and_shows_examples(words: tuple[str, ...]) -> None:
    told = run(*words, "--help")
    assert told.returncode == 0
    assert "Usage: forecastops" in told.stdout
    command = dict(commands(program))[words]
    if not isinstance(command, click.Group):
        shown = re.findall(r"(?m)^\s+(forecastops .+)$", told.stdout.partition("Examples:")[2])
        assert shown
        assert all(one.startswith(f"forecastops {' '.join(words)}") for one in shown)
    assert all(getattr(one, "help", "") for one in command.params if isinstance(one, click.Option))


def test_help_lists_every_command_once_by_its_subject() -> None:
    listed = re.findall(r"(?m)^  ([a-z]+)  ", run("--help").stdout)
    assert sorted(listed) == sorted(program.commands)


def test_the_shell_completes_commands_options_and_settings() -> None:
    def completed(words: str) -> list[str]:
        asked = {"_FORECASTOPS_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        told = run(environment=asked)
        return [line.partition(",")[2] for line in told.stdout.splitlines()]

    assert completed("forecastops ret") == ["retrain"]
    assert completed("forecastops renew --acc") == ["--accept-data"]
    assert completed("forecastops train --set gate.half") == ["gate.half_life="]
    assert "model.order=" in completed("forecastops train --set model.")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (["retrian"], "retrain"),
        (["renew", "--dat", "x"], "--data"),
        (["config", "show", "--set", "modle.order=[1,0,1]"], "model"),
        (["config", "show", "--set", "model.ordre=[1,0,1]"], "model.order"),
    ],
)
def test_what_is_misspelt_is_told_what_may_be_meant(said: list[str], meant: str) -> None:
    told = run(*said)
    assert told.returncode == 2
    assert f"'{meant}'" in told.stderr
