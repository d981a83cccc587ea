"""Print what CHANGELOG.md says of the release that a tag names, once the tag, the version and the changelog agree.

Usage: release_notes.py TAG, such as v0.1.0. Exits with 1, and one line on stderr, where they do not.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHANGELOG = ROOT / "CHANGELOG.md"
PACKAGE = ROOT / "src/forecastops/__init__.py"


def notes(tag: str) -> str:
    """Return the changelog's section for the version of this tag.

    Raises:
        ValueError: when the tag is not the package's version, or the changelog has no dated section for it.
    """
    version = re.findall(r'(?m)^__version__ = "(.+)"$', PACKAGE.read_text("utf-8"))[0]
    if tag != f"v{version}":
        raise ValueError(f"tag {tag}: the package's version is {version}; tag v{version}, or change {PACKAGE.name}")
    heading = rf"(?m)^## \[{re.escape(version)}\] - \d{{4}}-\d{{2}}-\d{{2}}\n"
    parts = re.split(heading, CHANGELOG.read_text("utf-8"))
    if len(parts) != 2:
        remedy = f"move what is under Unreleased into a section [{version}] - YEAR-MONTH-DAY"
        raise ValueError(f"{CHANGELOG.name}: has no dated section for {version}; {remedy}")
    section = re.split(r"(?m)^## ", parts[1])[0].strip()
    if not section:
        raise ValueError(f"{CHANGELOG.name}: the section [{version}] is empty; say in it what has changed")
    return section


def main() -> None:
    """Print the notes of the release."""
    try:
        print(notes(sys.argv[1]))
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
