"""The engine that the configuration names."""

from __future__ import annotations

from typing import Literal

from forecastops.adapters.engine.port import Engine

__all__ = ["engine_of"]


def engine_of(name: Literal["pool", "dask", "spark", "ray"], workers: int | None = None) -> Engine:
    """Return the engine.

    Args:
        name: as ``panel.engine`` has it.
        workers: on this machine; as many as there are processors by default.

    Raises:
        ConfigError: when its library is not installed.
    """
    if name == "dask":
        from forecastops.adapters.engine.on_dask import Dask

        return Dask(workers)
    if name == "ray":
        from forecastops.adapters.engine.on_ray import Ray

        return Ray(workers)
    if name == "spark":
        from forecastops.adapters.engine.on_spark import Spark

        return Spark(workers)
    from forecastops.adapters.engine.pool import Pool

    return Pool(workers)
