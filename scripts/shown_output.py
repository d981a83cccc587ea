"""Run what a document shows: each ``$ command`` of its ```console blocks, in order, in one empty folder.

``python scripts/shown_output.py docs/tutorial.md`` says whether the output shown is what the commands print, up to run
ids, digests and figures, which differ between machines; with ``--write`` it is put into the document.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_BLOCK = re.compile(r"(?ms)^```console\n(.*?)^```$")
_SECONDS = 300


def shape(text: str) -> list[str]:
    """Return the lines with run ids, digests, numbers, folders and white space made alike."""
    text = re.sub(r"\b[0-9a-f]{32}\b", "RUN", text)
    text = re.sub(r"\b[0-9a-f]{12}\b", "DIGEST", text)
    text = re.sub(r"[^\s'\"]*/bin/", "", text)
    text = re.sub(r"-?\d+([.,]\d+)*(e-?\d+)?", "#", text)
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def performed(document: str, folder: Path, environment: dict[str, str]) -> str:
    """Return the document with the output that its commands print now.

    Raises:
        subprocess.CalledProcessError: when a command fails.
    """
    return _BLOCK.sub(lambda block: f"```console\n{''.join(_run(block[1], folder, environment))}```", document)


def _run(block: str, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    for command in re.findall(r"(?m)^\$ ((?:.*\\\n)*.*)$", block):
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
        printed = done.stdout.replace(str(folder), "~/sales").rstrip("\n")
        yield f"$ {command}\n{printed}\n" if printed else f"$ {command}\n"


def environment_in(folder: Path) -> dict[str, str]:
    """Return an environment whose commands are those beside this interpreter, with a home of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "FORECASTOPS_"))}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return kept | {"PATH": programs, "FORECASTOPS_HOME": str(folder.parent / "home"), "COLUMNS": "120"}


def main(arguments: list[str]) -> int:
    """Check or write the documents named; 1 where one shows something else."""
    stale = 0
    for name in (one for one in arguments if one != "--write"):
        path = Path(name)
        shown = path.read_text("utf-8")
        with tempfile.TemporaryDirectory() as base:
            folder = Path(base) / "sales"
            folder.mkdir()
            printed = performed(shown, folder, environment_in(folder))
        if shape(printed) != shape(shown):
            stale += 1
            print(f"{name}: shows something else than its commands print")
            if "--write" in arguments:
                path.write_text(printed, "utf-8")
    return int(stale > 0)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.cmd}\nexited with {error.returncode}\n{error.stdout}{error.stderr}")
