"""Begin with a file: what is in it, and the configuration that reads it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from forecastops.core.surroundings import borrowed

if TYPE_CHECKING:
    from forecastops.results.beginning import InitResult
    from forecastops.usecases.init import Ask

__all__ = ["init"]


def init(
    path: str | os.PathLike[str],
    overrides: Iterable[str] = (),
    *,
    folder: str | os.PathLike[str] = ".",
    pipeline: str | None = None,
    ask: Ask | None = None,
) -> InitResult:
    """Look at a file, and write ``forecastops.yaml`` for it.

    Args:
        path: a table: CSV, its compressed forms, or Parquet.
        overrides: settings that are known, as texts ``"key.sub=value"``; what they say is not looked for.
        folder: where the configuration is written.
        pipeline: ``"azure-devops"`` or ``"github"`` to write the files of a pipeline too; None for none.
        ask: is called with a question, the choices and the default where there is a choice, and returns one of them;
            None for what is most likely, where what can be read in two ways is refused.

    Returns:
        what was found in the file, which files were written, and the command that comes next.

    Raises:
        DataError: when the file makes no series, naming the option that would help; or another configuration is there.
        ConfigError: for an override that is none, or a pipeline that is not known.
    """
    from forecastops.api.arguments import text_of
    from forecastops.results.beginning import init_result
    from forecastops.usecases.init import init as use_case

    system = None if pipeline is None else text_of("pipeline", pipeline)
    with borrowed():
        return init_result(use_case(Path(path), overrides, Path(folder), ask, system), system)
