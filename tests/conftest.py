from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# Machines differ in speed; a slow one must not fail a property that holds.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real series beside the repository; tests that need it skip where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real series at {folder}")
    return folder
