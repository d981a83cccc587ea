"""What a command imports and searches: nothing that it does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

IMPORTED = """
import importlib, sys
from forecastops.commands.main import main
for use_case in ("status", "forecast", "replay", "renew"):
    importlib.import_module("forecastops.usecases." + use_case)
    print(*(f"{{use_case}} imports {{name}}" for name in {unused} if name in sys.modules))
"""
ESTIMATION = ("statsmodels", "scipy.signal", "scipy.optimize", "scipy.linalg", "scipy.stats", "matplotlib")


def printed(program: str, folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_who_estimates_nothing_imports_nothing_of_it(tmp_path: Path) -> None:
    assert printed(IMPORTED.format(unused=ESTIMATION), tmp_path) == ""


def test_a_command_searches_for_garbage_rarely_and_not_once_more_at_its_end(tmp_path: Path) -> None:
    program = """
import atexit, gc
from forecastops.commands.main import main
before, kept = gc.get_threshold()[0], gc.get_freeze_count()
try:
    main(["--version"])
except SystemExit as left:
    assert not left.code
assert gc.get_threshold()[0] > 10 * before and gc.isenabled()
assert gc.get_freeze_count() == kept
atexit._run_exitfuncs()
print(gc.get_freeze_count() > kept + 1000)
"""
    assert printed(program, tmp_path).endswith("True")
