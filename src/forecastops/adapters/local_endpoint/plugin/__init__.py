"""Offer the deployments target to an installation whose metadata name its former place."""

from __future__ import annotations

from forecastops_local.plugin import LocalEndpointClient, run_local, target_help

__all__ = ["LocalEndpointClient", "run_local", "target_help"]
