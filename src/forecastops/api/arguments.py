"""Arguments as Python users give them, checked and made what the use cases take."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from forecastops.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd

    from forecastops.adapters.sources.read_series import Source
    from forecastops.config import Config

    OneSource: TypeAlias = str | os.PathLike[str] | pd.DataFrame | pd.Series
    Data: TypeAlias = OneSource | Iterable[OneSource]
    ConfigLike: TypeAlias = Config | Mapping[str, Any] | str | os.PathLike[str] | None

__all__ = [
    "config_of",
    "count_of",
    "date_of",
    "horizon_of",
    "load_config",
    "path_of",
    "port_of",
    "reason_of",
    "require_panel",
    "run_id_of",
    "sources_of",
    "text_of",
    "time_of",
    "untold",
]

_USUAL_CONFIG = "forecastops.yaml"
_LONGEST_HORIZON = 1000


def load_config(
    path: str | os.PathLike[str] | None = None, overrides: Iterable[str] | Mapping[str, Any] = ()
) -> Config:
    """Return the configuration of a YAML file with settings laid over it, checked as a whole.

    Args:
        path: the file; None for ``forecastops.yaml`` in the working directory, where it exists, else the defaults.
        overrides: texts ``"key.sub=value"`` as ``--set`` takes them; or a mapping, nested or with dotted keys, whose
            values are Python's: lists or tuples, numbers of NumPy, dates, paths.

    Returns:
        a frozen record; ``model_dump()`` gives it as a dictionary.

    Raises:
        ConfigError: naming the file or option, the key, and what is wrong with its value.

    Example:
        >>> fo.load_config(overrides=["evaluation.horizon=7", "evaluation.window=28"]).evaluation.horizon
        7
        >>> fo.load_config(overrides={"model": {"order": [2, 0, 2]}}).model.order
        (2, 0, 2)
    """
    from forecastops.config_file import load_config as read

    if path is None and Path(_USUAL_CONFIG).is_file():
        path = _USUAL_CONFIG
    if isinstance(overrides, str):
        raise ConfigError("overrides", "is one text", 'give a list of them, e.g. ["evaluation.horizon=7"]')
    return read(None if path is None else Path(path), overrides)


def config_of(given: object) -> Config:
    """Return the configuration that a caller means.

    Raises:
        ConfigError: when it is none.
    """
    from forecastops.config import Config

    if isinstance(given, Config):
        return given
    if isinstance(given, Mapping):
        return load_config(None, given)
    if given is not None and not isinstance(given, str | os.PathLike):
        what = f"is of type {type(given).__name__}"
        raise ConfigError("config", what, "give what load_config returns, a path, a mapping of settings, or None")
    return load_config(given)


def sources_of(data: Data) -> list[Source]:
    """Return the sources one by one; in a text, commas are part of a name.

    Raises:
        DataError: when it is none, or a list that holds something else.
    """
    import pandas as pd

    if isinstance(data, str | os.PathLike | pd.DataFrame | pd.Series):
        data = [data]
    elif isinstance(data, Mapping | bytes) or not isinstance(data, Iterable):
        raise _no_data(data)
    return [_source(one) for one in data]


def text_of(name: str, given: object) -> str:
    """Return a text that is not empty.

    Raises:
        ConfigError: when it is none.
    """
    if isinstance(given, str) and given.strip():
        return given
    raise ConfigError(name, f"is {given!r}", "give a text that is not empty")


def path_of(name: str, given: object) -> Path | None:
    """Return the path of a file; None where none is given.

    Raises:
        ConfigError: when it is none.
    """
    if given is None:
        return None
    if isinstance(given, str | os.PathLike) and isinstance(path := os.fspath(given), str) and path.strip():
        return Path(path)
    raise ConfigError(name, f"is {given!r:.200}", "give the path of a file")


def run_id_of(given: object) -> str:
    """Return a text, of which the run's own check says whether it names a run.

    Raises:
        ConfigError: when it is none.
    """
    if isinstance(given, str):
        return given
    raise ConfigError("run_id", f"is {given!r:.200}", "give the run_id of a trained run, a text")


def reason_of(reason: str | None, *, asked: bool, option: str) -> str | None:
    """Return the reason for what is asked against a rule; None where nothing is.

    Raises:
        ConfigError: when it is none.
    """
    if asked:
        return text_of(f"reason, which goes with {option}=True,", reason)
    if reason is not None:
        raise ConfigError("reason", f"goes with {option}=True", "give both or neither")
    return None


def date_of(name: str, given: object) -> pd.Timestamp | None:
    """Return a date or time, ``today`` for the one of this machine; None where none is given.

    Raises:
        ConfigError: when it is none, or has a timezone.
    """
    import pandas as pd

    if given is None:
        return None
    found = pd.Timestamp.now() if given == "today" else None
    with suppress(ValueError, TypeError):
        moment = datetime.fromisoformat(given) if isinstance(given, str) else given
        found = pd.Timestamp(moment) if isinstance(moment, date) else None
    if found is None or pd.isna(found) or found.tzinfo is not None:
        raise ConfigError(name, f"is {given!r:.80}", "give an ISO date such as 2014-05-31, without timezone")
    return found


def horizon_of(given: object) -> int | None:
    """Return a number of steps.

    Raises:
        ConfigError: when it is none.
    """
    if given is None:
        return None
    steps = _whole_number(given)
    if steps is None or not 1 <= steps <= _LONGEST_HORIZON:
        raise ConfigError("horizon", f"is {given!r}", f"give a whole number from 1 to {_LONGEST_HORIZON}")
    return steps


def count_of(name: str, given: object) -> int | None:
    """Return a number of things.

    Raises:
        ConfigError: when it is none.
    """
    if given is None:
        return None
    count = _whole_number(given)
    if count is None or count < 1:
        raise ConfigError(name, f"is {given!r:.200}", "give a whole number from 1 on, or None for all")
    return count


def port_of(given: object) -> int | None:
    """Return the number of a port, 0 for any.

    Raises:
        ConfigError: when it is none.
    """
    if given is None:
        return None
    port = _whole_number(given)
    if port is None or not 0 <= port <= 65_535:
        raise ConfigError("port", f"is {given!r:.200}", "give a whole number from 0 (any that is free) to 65535")
    return port


def time_of(name: str, given: object) -> datetime | None:
    """Return a time with its time zone, UTC where none is given; a date begins at midnight.

    Raises:
        ConfigError: when it is none.
    """
    if given is None:
        return None
    try:
        text = given if isinstance(given, str) else given.isoformat()  # type: ignore[attr-defined]
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise ConfigError(name, f"is {given!r:.200}", "give an ISO date or time, e.g. 2026-01-31") from None


def require_panel(config: Config, name: str) -> None:
    """Refuse what is asked of a panel where the configuration names none.

    Raises:
        ConfigError: saying which setting makes one.
    """
    if not config.data.series_column:
        raise ConfigError(name, "is for panels, many series that are one model", "set data.series_column")


def untold(_done: int, _whole: int) -> None:
    """Take what is told of progress where nobody listens."""


def _source(given: Any) -> Source:
    import pandas as pd

    if isinstance(given, pd.DataFrame | pd.Series):
        return given
    if not isinstance(given, str | os.PathLike):
        raise _no_data(given)
    path = os.fspath(given)
    if not path.strip():  # as an unset variable leaves it; it would be the working folder
        raise DataError("data", "a path is empty", "give that of a file, of a folder, or an address")
    return path


def _no_data(given: object) -> DataError:
    what = f"is of type {type(given).__name__}"
    return DataError("data", what, "give a path, a pandas DataFrame or Series, or a list of them")


def _whole_number(given: object) -> int | None:
    """Return the number, numpy's too; None for what is none, as True and False are."""
    try:
        return None if isinstance(given, bool) else operator.index(given)  # type: ignore[arg-type]  # others raise
    except TypeError:
        return None
