"""One root error whose message is a single line: the place, what is wrong there, and the way out."""

from __future__ import annotations

from forecastops.core.redaction import redacted

_LONGEST = 1000  # characters of each part: a message stays readable whatever a user or a library puts into it

__all__ = [
    "ConfigError",
    "DataError",
    "EndpointError",
    "ForecastopsError",
    "ModelError",
    "PromotionRefusedError",
    "RegistryError",
]


class ForecastopsError(Exception):
    """Something a user can act on; the command line prints it as one line and exits with 1.

    Args:
        where: the file, key, run, version or address at fault.
        what: what is wrong there, naming the offending value.
        remedy: what the user can do about it.
    """

    def __init__(self, where: str, what: str, remedy: str) -> None:
        self.where, self.what, self.remedy = (_one_line(part) for part in (where, what, remedy))
        super().__init__(f"{self.where}: {self.what}; {self.remedy}")

    def __reduce__(self) -> tuple[type[ForecastopsError], tuple[str, str, str]]:
        # Exceptions are rebuilt from their message by default, which would stop a pool of processes.
        return type(self), (self.where, self.what, self.remedy)


def _one_line(text: str) -> str:
    # A control character could rewrite what the terminal shows.
    shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in " ".join(text.split()))
    line = redacted(shown)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "..."


class ConfigError(ForecastopsError):
    """The configuration, or an option that overrides it, cannot be used."""


class DataError(ForecastopsError):
    """The data cannot be read or do not make a regular series."""


class ModelError(ForecastopsError):
    """A model cannot be fitted, rebuilt, or trusted."""


class RegistryError(ForecastopsError):
    """Tracking server or model registry: unreachable, or without what was asked for."""


class EndpointError(ForecastopsError):
    """A deployment failed, is unhealthy, or does not answer as the model does."""


class PromotionRefusedError(ForecastopsError):
    """The promotion or rollback asked for must not happen; nothing was changed."""
