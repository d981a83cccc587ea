"""Packages that wait until something of them is used; each test in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PACKAGE = {
    "idle/__init__.py": """
import idle, marks
marks.seen.append('idle')
from idle.inner import deep
early = hasattr(idle, 'value')
value = 7
""",
    "idle/inner.py": "import marks\nmarks.seen.append('inner')\ndeep = 1\n",
    "broken/__init__.py": "import marks\nmarks.seen.append('broken')\nraise RuntimeError('cannot begin')\n",
    "kinds/__init__.py": "import marks\nmarks.seen.append('kinds')\n",
    "kinds/one.py": "import other.one, marks\nmarks.seen.append('kinds.one')\n",
    "kinds/two.py": "import marks\nmarks.seen.append('kinds.two')\n",
    "other/__init__.py": "",
    "other/one.py": "import marks\nmarks.seen.append('other.one')\n",
    "other/two.py": "import marks\nmarks.seen.append('other.two')\n",
    "marks.py": "seen = []\n",
}
BEGIN = """
import sys, threading
from forecastops.core.deferred_imports import defer_imports
defer_imports(["idle", "broken", "not_installed"])
defer_imports(["idle", "broken", "not_installed"])
import marks
"""


def run(folder: Path, program: str) -> None:
    for name, text in PACKAGE.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    subprocess.run([sys.executable, "-c", BEGIN + program], cwd=folder, check=True, timeout=600)


def test_a_package_is_executed_once_and_when_a_name_is_asked_of_it(tmp_path: Path) -> None:
    program = """
import idle
import idle
assert idle.__name__ == "idle" and idle.__path__ and idle.__spec__ and idle.__file__
assert marks.seen == []
found = []
asking = [threading.Thread(target=lambda: found.append(idle.value)) for _ in range(8)]
for one in asking: one.start()
for one in asking: one.join()
assert found == [7] * 8
assert marks.seen == ["idle", "inner"], marks.seen
assert not hasattr(idle, "nothing") and not idle.early
assert type(idle) is type(sys)
"""
    run(tmp_path, program)


def test_what_lies_inside_is_imported_as_ever(tmp_path: Path) -> None:
    run(tmp_path, "from idle.inner import deep\nassert deep == 1 and marks.seen == ['inner']\n")
    run(tmp_path, "from idle import value\nassert value == 7 and marks.seen == ['idle', 'inner']\n")


def test_what_fails_says_so_each_time_and_what_is_not_there_is_missing(tmp_path: Path) -> None:
    program = """
import broken
for _ in range(2):
    try: broken.value
    except RuntimeError as error: assert str(error) == "cannot begin"
    else: raise AssertionError
try: import not_installed
except ModuleNotFoundError: pass
else: raise AssertionError
"""
    run(tmp_path, program)


def test_what_registers_itself_is_executed_with_what_it_is_for(tmp_path: Path) -> None:
    begin = """
defer_imports(["other.two"], until={"kinds.one": "other.one", "kinds.two": "other.two"})
"""
    with_it = """
from kinds import one, two
assert marks.seen == ["kinds"]
import other.one
assert marks.seen == ["kinds", "other.one", "kinds.one"], marks.seen
from other import two as awaited
assert marks.seen[3:] == []
assert not hasattr(awaited, "nothing")
assert marks.seen[3:] == ["other.two", "kinds.two"]
"""
    run(tmp_path, begin + with_it)
    before = """
import other.one
from kinds import one
assert marks.seen == ["other.one", "kinds", "kinds.one"], marks.seen
"""
    run(tmp_path, begin + before)
    asked = """
from kinds import one
assert not hasattr(one, "nothing")
assert marks.seen == ["kinds", "other.one", "kinds.one"], marks.seen
"""
    run(tmp_path, begin + asked)


def test_what_others_take_of_a_module_stands_for_it_until_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "lent.py").write_text(
        "import marks\nmarks.seen.append('lent')\nfrom borrows import twice\n"
        "class Kind:\n    size = 3\nkind = Kind()\ndef double(value): return 2 * value\n"
    )
    (tmp_path / "borrows.py").write_text("from lent import double, kind\ndef twice(value): return double(value)\n")
    begin = """
defer_imports([], taken={"lent": ["double", "kind"]})
from borrows import double, kind, twice
assert marks.seen == []
"""
    called = """
found = []
asking = [threading.Thread(target=lambda: found.append(twice(4))) for _ in range(8)]
for one in asking: one.start()
for one in asking: one.join()
assert found == [8] * 8 and marks.seen == ["lent"], (found, marks.seen)
import lent
assert isinstance(kind, lent.Kind) and kind.size == 3 and lent.kind is not kind and type(lent) is type(sys)
"""
    run(tmp_path, begin + called)
    run(tmp_path, begin + "assert isinstance(kind, object) and kind.size == 3 and marks.seen == ['lent']\n")
    run(tmp_path, begin + "import lent\nassert lent.twice is twice and marks.seen == ['lent']\n")


def test_statsmodels_leaves_out_tests_and_summaries_and_has_them_when_they_are_used(tmp_path: Path) -> None:
    program = """
from forecastops.core.unused_statistics import defer_unused_statistics
defer_unused_statistics()
import numpy as np
from statsmodels.tsa.arima.model import ARIMA
unused = ("scipy.stats._stats_py", "scipy.signal._signal_api", "scipy.optimize._optimize", "scipy.ndimage._filters",
          "formulaic.formula")
assert not [name for name in unused if name in sys.modules]
fitted = ARIMA(np.sin(np.arange(60.0)) + np.arange(60) % 7, order=(1, 0, 1)).fit()
assert np.isfinite(fitted.get_forecast(3).conf_int()).all() and "Ljung-Box" in str(fitted.summary())
from statsmodels.tsa.stattools import acf, adfuller
assert adfuller(np.arange(40.0) % 7)[1] < 1 and len(acf(np.arange(40.0) % 7, fft=True)) > 2
from scipy.stats import norm
assert norm.ppf(0.975) > 1.95
"""
    run(tmp_path, program)


def test_mlflow_leaves_out_what_is_not_used_and_has_it_when_it_is(tmp_path: Path) -> None:
    """Azure's parts are imported from the inside, which must not depend on their package having been executed."""
    program = """
from forecastops.adapters.mlflow_store.unused_parts import defer_unused_parts
defer_unused_parts()
import mlflow, mlflow.store.tracking.sqlalchemy_store
unused = ("fastapi", "msrest", "azureml.mlflow._internal.utils", "mlflow.genai.evaluation", "pygments",
          "sqlalchemy.dialects.postgresql", "numpy.f2py.crackfortran")
assert not [name for name in unused if name in sys.modules]
from azureml.mlflow._tracking.request_header import AzureMLRequestHeaderProvider
from azureml.mlflow._store.tracking.store import AzureMLRestStore
from azureml.mlflow._store.artifact.artifact_repo import AzureMLflowArtifactRepository
assert sys.modules["azureml.mlflow"].get_portal_url
assert mlflow.genai.evaluate
"""
    run(tmp_path, program)


def test_each_database_is_migrated_by_its_own_class(tmp_path: Path) -> None:
    """alembic finds it by the database's name, and asks its module for nothing."""
    program = """
from forecastops.adapters.mlflow_store.unused_parts import defer_unused_parts
defer_unused_parts()
from alembic.migration import MigrationContext
for name in ("postgresql", "mysql", "mssql", "oracle", "sqlite"):
    found = MigrationContext.configure(dialect_name=name, opts={"as_sql": True}).impl
    assert type(found).__module__ == "alembic.ddl." + name, found
"""
    run(tmp_path, program)


def test_a_new_database_is_made_by_all_migrations(tmp_path: Path) -> None:
    """They call a module whose functions alembic puts there."""
    program = """
from forecastops.adapters.mlflow_store.unused_parts import defer_unused_parts
defer_unused_parts()
import mlflow
mlflow.MlflowClient("sqlite:///new.db").create_registered_model("one")
"""
    run(tmp_path, program)


def test_the_newest_tables_are_those_that_mlflow_says(tmp_path: Path) -> None:
    program = """
from mlflow.store.db.utils import _get_latest_schema_revision
from forecastops.adapters.mlflow_store.database import _newest_revision
assert _newest_revision() == _get_latest_schema_revision()
"""
    run(tmp_path, program)
