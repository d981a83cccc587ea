"""Python imports this at its start where the tests put this folder on PYTHONPATH."""

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location("forecastops_watch", Path(__file__).parents[1] / "watch.py")
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
_module.watch_connections()
