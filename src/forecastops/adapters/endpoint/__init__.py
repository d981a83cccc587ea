"""The endpoint that serves the champion: what promotion needs of it, and how each kind of target does it."""

from __future__ import annotations

from forecastops.adapters.endpoint.interface import BoundVersion, Endpoint, EndpointState
from forecastops.adapters.endpoint.targets import open_endpoint

__all__ = ["BoundVersion", "Endpoint", "EndpointState", "open_endpoint"]
