"""Check every ``forecastops``, ``make`` and ``mlflow run`` command in documents: what it names exists.

``python scripts/shown_commands.py README.md docs/*.md`` names those that do not. Nothing is run.
"""

from __future__ import annotations

import itertools
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import yaml

from forecastops.commands.main import main as program
from forecastops.config import Config

ROOT = Path(__file__).resolve().parents[1]
_IN_TEXT = re.compile(r"`((?:forecastops|make|mlflow run) [^`\n]+)`")
_IN_BLOCK = re.compile(r"(?m)^(?: {4}|\$ |> )?\s*((?:forecastops|make|mlflow run) (?:.*\\\n)*.*)$")
_ENDS = {"|", "||", "&&", ";", ">", "<", ">>", "#", "2>", "&"}


def problems(text: str) -> Iterator[str]:
    """Yield what is wrong with the commands of a document, each with the command."""
    for command in (*_IN_TEXT.findall(text), *_in_blocks(text)):
        words = _words(command)
        if len(words) < 2 or not re.match(r"[a-z-]", words[1]):
            continue
        check = {"forecastops": _forecastops, "make": _make, "mlflow": _mlflow_run}[words[0]]
        yield from (f"{command.splitlines()[0]}: {wrong}" for wrong in check(words[1:]))


def _in_blocks(text: str) -> Iterator[str]:
    """Yield the commands in fenced and indented blocks."""
    fenced = re.findall(r"(?ms)^```(?:console|bash|sh|yaml)?\n(.*?)^```", text)
    indented = re.findall(r"(?m)^(?: {4,}.*\n)+", text)
    for block in (*fenced, *indented):
        yield from _IN_BLOCK.findall(block)


def _words(command: str) -> list[str]:
    """Return the words of the command up to what belongs to the shell."""
    lexer = shlex.shlex(command.replace("\\\n", " "), posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    found: list[str] = []
    try:
        for word in lexer:
            if word in _ENDS:
                break
            found.append(word)
    except ValueError:  # a quotation that ends in another line
        pass
    return found


def _forecastops(words: list[str]) -> Iterator[str]:
    command: click.Command = program
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        name, *words = words
        if name == "COMMAND":
            return
        if name not in command.commands:
            yield f"there is no command {name!r}"
            return
        command = command.commands[name]
    known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help", "-h"}
    if command is program:
        known |= {"--version"}
    for place, word in enumerate(words):
        if word.startswith("--") and word.partition("=")[0] not in known:
            yield f"there is no option {word!r}"
        if word == "--set" and place + 1 < len(words):
            yield from _setting(words[place + 1])


def _setting(text: str) -> Iterator[str]:
    key = text.partition("=")[0]
    if key.isupper() or not re.fullmatch(r"[a-z_.]+", key):
        return  # a placeholder
    section, _, field = key.partition(".")
    found: Any = Config.model_fields.get(section)
    inner = getattr(found.annotation, "model_fields", {}) if found else {}
    if found is None or (field and field.partition(".")[0] not in inner):
        yield f"there is no setting {key!r}"


def _make(words: list[str]) -> Iterator[str]:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8")))
    for word in words:
        if re.fullmatch(r"[a-z][a-z-]*", word) and word not in targets:
            yield f"there is no target {word!r}"


def _mlflow_run(words: list[str]) -> Iterator[str]:
    points = yaml.safe_load((ROOT / "MLproject").read_text("utf-8"))["entry_points"]
    name = next((after for word, after in itertools.pairwise(words) if word == "-e"), None)
    if name is None:
        return  # in a sentence about it
    if name not in points:
        yield f"there is no entry point {name!r}"
        return
    for word, after in itertools.pairwise(words):
        key = after.partition("=")[0]
        if word == "-P" and key not in points[name].get("parameters", {}) and not _is_option(name, key):
            yield f"entry point {name!r} has no parameter {key!r}"


def _is_option(command: str, key: str) -> bool:
    """Tell whether MLflow hands the parameter on as an option that the command has."""
    return any(f"--{key}" in one.opts for one in program.commands[command].params)


def main(names: list[str]) -> int:
    """Print what is wrong in the documents named; 1 where anything is."""
    wrong = [f"{name}: {one}" for name in names for one in problems(Path(name).read_text("utf-8"))]
    print("\n".join(wrong) or "every command shown exists")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
