"""Install a wheel as its users do, into an empty environment, and run its demonstration from an empty folder.

Usage: try_wheel.py WHEEL. Packages are those of requirements.lock, by their hashes; the wheel then has to find in them
all that it asks for. Exits with 1 where something is missing.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"
# What an installation reads of its surroundings, and nothing that points at this repository.
_KEPT = ("LANG", "LC_ALL", "TZ", "TMPDIR", "OPENBLAS_NUM_THREADS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def main() -> None:
    """Install, ask for the version, tell the story, take the endpoint away again; say how long each took."""
    wheel = Path(sys.argv[1]).resolve(strict=True)
    with tempfile.TemporaryDirectory(prefix="forecastops-wheel-") as name:
        folder = Path(name)
        python, home = folder / "venv/bin/python", folder / "home"
        started = time.monotonic()
        venv.create(folder / "venv", with_pip=True)
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", str(LOCK)], check=True)
        subprocess.run([*pip, "--no-index", str(wheel)], check=True)
        installed = time.monotonic()
        home.mkdir()
        _tell_the_story(folder / "venv/bin", home)
        told = time.monotonic()
    print(f"{wheel.name}: installed in {installed - started:.0f} s, demonstrated in {told - installed:.0f} s")


def _tell_the_story(programs: Path, home: Path) -> None:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    path = f"{programs}:/usr/local/bin:/usr/bin:/bin"
    environment = {**kept, "PATH": path, "HOME": str(home), "FORECASTOPS_HOME": str(home / "endpoints")}

    def run(*command: str) -> None:
        subprocess.run([str(programs / command[0]), *command[1:]], cwd=home, env=environment, check=True)

    run("forecastops", "--version")
    run("forecastops", "config", "example", "default")
    try:
        run("forecastops", "demo")
    finally:
        for settings in home.glob("demo/demo.yaml"):
            name = re.findall(r'"deployment": \{\s*"name": "([^"]+)"', settings.read_text("utf-8"))[0]
            run("mlflow", "deployments", "delete", "-t", "forecastops-local", "--name", name)


if __name__ == "__main__":
    main()
