"""Keep the list of loaders that were ever shipped with models: those of this repository's history, by digest.

`python scripts/released_loaders.py` adds what is missing; with `--check` it says what is missing, and exits 1.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "src/forecastops/forecasting/released_loaders.txt"
# Of one series, and of a panel.
LOADERS = ("src/forecastops/forecasting/forecaster.py", "src/forecastops/panel/panel_forecaster.py")
_HEAD = """\
# SHA-256 of every loader that forecastops has shipped with models, and the day on which it was written.
# Models with one of them, or with the installed package's own, are loaded; no other. Lines are only ever added:
# python scripts/released_loaders.py
"""


def history() -> dict[str, str]:
    """Return the day of each version of the loaders by its digest, oldest first; their earlier names are followed."""
    return {digest: day for loader in LOADERS for digest, day in _history(loader).items()}


def _history(loader: str) -> dict[str, str]:
    log = _git("log", "--follow", "--format=>%H %ad", "--date=short", "--name-only", "--", loader).decode()
    found: list[tuple[str, str]] = []
    commit = day = ""
    for line in filter(None, log.splitlines()):
        if line.startswith(">"):
            commit, day = line[1:].split()
        else:
            found.append((hashlib.sha256(_git("show", f"{commit}:{line}")).hexdigest(), day))
    return dict(reversed(found))


def listed() -> list[str]:
    """Return the lines of the list."""
    if not LIST.exists():
        return []
    return [line for line in LIST.read_text("utf-8").splitlines() if line and not line.startswith("#")]


def missing() -> list[str]:
    """Return the lines that the list lacks: of the history, without the loaders as they are now, which count too."""
    known = {line.split()[0] for line in listed()}
    known |= {hashlib.sha256((ROOT / loader).read_bytes()).hexdigest() for loader in LOADERS}
    return [f"{digest}  {day}" for digest, day in history().items() if digest not in known]


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True).stdout  # noqa: S607


def main() -> int:
    """Add what is missing, or say it."""
    lacking = missing()
    if "--check" in sys.argv[1:]:
        sys.stderr.writelines(f"{LIST.name} lacks {line}\n" for line in lacking)
        return 1 if lacking else 0
    LIST.write_text(_HEAD + "".join(f"{line}\n" for line in [*listed(), *lacking]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
