"""Where data live, and how they are brought here."""

from __future__ import annotations

from forecastops.adapters.sources.read_series import read_series

__all__ = ["read_series"]
