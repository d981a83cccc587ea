"""How many examples a property is tried on."""

from __future__ import annotations

from hypothesis import settings

__all__ = ["QUICK", "examples"]

QUICK = 10  # with `--hypothesis-profile=quick`, as `make test-fast` asks


def examples(count: int) -> settings:
    """That many, or few where the profile says so."""
    few = settings.get_current_profile_name() == "quick"
    return settings(max_examples=min(count, QUICK) if few else count)
