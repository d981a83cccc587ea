"""Derive the reference pages, docs/options.md and docs/configuration.md, from the commands' help and the schema.

Run ``python scripts/reference.py`` after changing an option or a setting; ``--check`` only says whether that is needed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from forecastops.commands.main import main as program
from forecastops.config import Config

ROOT = Path(__file__).resolve().parents[1]
_NO_CELL_ENDS = str.maketrans({"|": "\\|", "\n": " "})


def options_page() -> str:
    """Return docs/options.md: every command with its usage, arguments and options."""
    head = (
        "# Every command and option\n\n"
        "What `--help` says, for all commands; [commands.md](commands.md) says what they are for. "
        "`--config`, `--set`, `--json`, `--ci`, `--traceback`, `-v` and `--help`, the same "
        "everywhere, are left out.\n"
    )
    return head + "".join(_command(path, command) for path, command in _commands(program, ("forecastops",)))


def _commands(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in sorted(group.commands):
        command = group.commands[name]
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))
        elif not command.hidden:
            yield (*path, name), command


_SHARED = {"--config", "--set", "--json", "--ci", "--traceback", "--verbose", "--help"}


def _command(path: tuple[str, ...], command: click.Command) -> str:
    context = click.Context(command, info_name=" ".join(path))
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    rows = [
        found
        for parameter in command.get_params(context)
        if not _SHARED & set(parameter.opts) and (found := parameter.get_help_record(context)) is not None
    ]
    table = "".join(f"| `{_cell(left)}` | {_cell(right)} |\n" for left, right in rows)
    shown = f"\n| option | |\n|---|---|\n{table}" if table else ""
    said = "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n"))
    return f"\n## `{' '.join(path)}`\n\n    {usage}\n\n{said}\n{shown}"


def configuration_page() -> str:
    """Return docs/configuration.md: every setting by its dotted key, with default and meaning."""
    schema = Config.model_json_schema()
    head = (
        "# Configuration\n\n"
        "A YAML file, given by `--config` or found as `forecastops.yaml` in the current folder, and single settings "
        "laid over it by `--set key=value`. Unknown keys are errors. `forecastops config show` prints all of it as it "
        "is resolved, and what horizon, window, season and members each frequency has; `forecastops config schema` is "
        "the JSON schema from which this page is made.\n"
    )
    return head + "".join(_section(name, section, schema) for name, section in schema["properties"].items())


def _section(name: str, section: dict[str, Any], schema: dict[str, Any]) -> str:
    resolved = _resolved(section, schema)
    rows = "".join(
        f"| `{name}.{key}` | {_default(field)} | {_cell(field.get('description', ''))} |\n"
        for key, field in resolved.get("properties", {}).items()
    )
    return f"\n## {name}\n\n{resolved.get('description', '')}\n\n| key | default | |\n|---|---|---|\n{rows}"


def _resolved(section: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = section.get("$ref") or next((one["$ref"] for one in section.get("allOf", []) if "$ref" in one), None)
    found: dict[str, Any] = schema["$defs"][reference.rpartition("/")[2]] if reference else section
    return found


def _default(field: dict[str, Any]) -> str:
    return f"`{_cell(json.dumps(field['default'], ensure_ascii=False))}`" if "default" in field else ""


def _cell(text: str) -> str:
    return " ".join(text.translate(_NO_CELL_ENDS).split())


PAGES = {"docs/options.md": options_page, "docs/configuration.md": configuration_page}


def main(check: bool) -> int:
    """Write the pages; or return 1, naming them, where they are not as they would be written."""
    stale = []
    for name, page in PAGES.items():
        text = page()
        path = ROOT / name
        if not path.exists() or path.read_text("utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, "utf-8")
    print("\n".join(stale) or "the reference is as the code says")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
