"""Write THIRD_PARTY_NOTICES.md: which packages requirements.lock installs beside forecastops, and their licences.

Run it where the lock is installed. Licences are what the packages say of themselves, as SPDX identifiers.
"""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTICES = ROOT / "THIRD_PARTY_NOTICES.md"

# What packages write instead of SPDX identifiers.
MEANS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Zope Public License": "ZPL-2.1",
}
# Read by a person in the package's own licence file, because its metadata say too little.
READ = {"huey": "MIT", "sigstore-models": "MIT", "skops": "MIT"}
# Installed only elsewhere: on other Pythons, other processors or Windows.
ELSEWHERE = {
    "async-timeout": "Apache-2.0",
    "backports-asyncio-runner": "PSF-2.0",
    "exceptiongroup": "MIT",
    "greenlet": "MIT AND PSF-2.0",
    "importlib-resources": "Apache-2.0",
    "numpy-typing-compat": "BSD-3-Clause",
    "pywin32": "PSF-2.0",
    "tomli": "MIT",
    "waitress": "ZPL-2.1",
}

_HEAD = """\
# Third-party notices

Made by `make notices` from `requirements.lock`; do not edit.

forecastops contains no code and no data of others. The samples are generated, or read from statsmodels when they are
asked for (weekly CO2 at Mauna Loa: Keeling and Whorf, Scripps Institution of Oceanography; public domain); the
AdventureWorks series are made from a file that you bring. These packages are installed beside it, each under its own
licence, whose text it brings along:

| package | licence |
|---|---|
"""


def licences(name: str) -> list[str]:
    """Return the licences of a package, each an SPDX expression where one is known."""
    if name in READ:
        return [READ[name]]
    try:
        said = _said(distribution(name))
    except PackageNotFoundError:
        said = [ELSEWHERE[name]]
    return [MEANS.get(one, one) for one in said]


def locked_names() -> list[str]:
    """Return the names of the packages that requirements.lock installs, on any platform."""
    return sorted(set(re.findall(r"(?m)^([a-z0-9][a-z0-9._-]*)==", (ROOT / "requirements.lock").read_text("utf-8"))))


def notices() -> str:
    """Return the text of the file."""
    rows = [f"| {name} | {', '.join(sorted(licences(name)))} |\n" for name in locked_names()]
    return _HEAD + "".join(rows)


def _said(package: Distribution) -> list[str]:
    """Return a package's SPDX expression, else its classifiers, else its free text."""
    (expression, *_) = package.metadata.get_all("License-Expression") or [""]
    if expression:
        return [str(expression)]
    classifiers = [name for name in package.metadata.get_all("Classifier") or [] if name.startswith("License ::")]
    named = [name.rpartition(" :: ")[2] for name in classifiers if not name.endswith("OSI Approved")]
    return named or [str(text).strip() for text in package.metadata.get_all("License") or [""]]


if __name__ == "__main__":
    NOTICES.write_text(notices(), encoding="utf-8")
