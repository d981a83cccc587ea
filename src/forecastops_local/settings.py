"""What a user may say about a deployment: its name, and settings, which arrive as text by `-C key=value`."""

from __future__ import annotations

import contextlib
import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mlflow.exceptions import MlflowException

from forecastops.core.errors import ConfigError
from forecastops.core.signatures import Trusted
from forecastops_local.token_file import read_token

__all__ = [
    "DEFAULTS",
    "check_flavor",
    "check_model_uri",
    "check_name",
    "check_reach",
    "refuse_endpoint",
    "settings_from",
]

FLAVOR = "python_function"
_PUBLIC_KEY = re.compile(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Setting(NamedTuple):
    """A setting: its default, and what reads a value that a user gave, or raises ValueError saying what it must be."""

    default: Any
    read: Callable[[object], Any]


def _whole(least: int, most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        text = str(value).strip()
        if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return read


def _text(pattern: str, meaning: str, tidy: Callable[[str], str] = str) -> Callable[[object], str]:
    def read(value: object) -> str:
        text = tidy(str(value))
        if not re.fullmatch(pattern, text):
            raise ValueError(meaning)
        return text

    return read


def _seconds(value: object) -> float:
    text = str(value).strip()
    seconds = math.nan
    # Not all that Python reads: digits of any script, 1_000 or infinity.
    if not isinstance(value, bool) and re.fullmatch(r"[0-9]{0,9}\.?[0-9]{0,9}([eE][+-]?[0-9]{1,2})?", text):
        with contextlib.suppress(ValueError):
            seconds = float(text)
    if not 0 < seconds <= 86_400:
        raise ValueError("a number of seconds above 0 and at most 86400")
    return seconds


def _host(value: object) -> str:
    text = "127.0.0.1" if value == "localhost" else str(value).strip()
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError("an IP address of this machine") from None


def _token_file(value: object) -> str:
    text = str(value)
    if not text:
        return ""
    path = str(Path(text).expanduser().absolute())
    try:
        read_token(path)
    except ValueError as error:
        raise ValueError(f"a file that holds a token ({error})") from None
    return path


def _keys(value: object) -> str:
    """Return PEM texts, one after the other: as given, or read from the named files, separated by commas."""
    text = str(value).strip()
    if not text:
        return ""
    if blocks := _PUBLIC_KEY.findall(text):
        return "".join(f"{block}\n" for block in blocks)
    try:
        return "".join(Trusted.read(part.strip() for part in text.split(",")).keys)
    except ConfigError as error:
        raise ValueError(f"PEM files of public keys; {error.what}; {error.remedy}") from None


def _address(value: object) -> str:
    text = str(value).strip()
    if not text.isprintable():
        raise ValueError("the address of an MLflow server")
    return text


def _truth(value: object) -> bool:
    if str(value).lower() not in ("true", "false"):
        raise ValueError("true or false")
    return str(value).lower() == "true"


def _lower(text: str) -> str:
    return text.strip().lower()


_SETTINGS: Mapping[str, Setting] = {
    "port": Setting(0, _whole(0, 65535)),
    "host": Setting("127.0.0.1", _host),
    "timeout_seconds": Setting(120.0, _seconds),
    "max_body_bytes": Setting(1 << 20, _whole(1, 1 << 30)),
    "owner": Setting("", _text(r"[A-Za-z0-9._-]{0,64}", "at most 64 letters, digits or any of ._-")),
    "token_file": Setting("", _token_file),
    "max_memory_bytes": Setting(512 << 20, _whole(64 << 20, 1 << 40)),
    "model_sha256": Setting("", _text(r"([0-9a-f]{64})?", "64 hexadecimal digits", _lower)),
    "run_id": Setting("", _text(r"[A-Za-z0-9._-]{0,256}", "the id of a run")),
    "public_key": Setting("", _keys),
    "restore": Setting(False, _truth),
    "tracking_uri": Setting("", _address),
    "registry_uri": Setting("", _address),
}
DEFAULTS: dict[str, Any] = {name: setting.default for name, setting in _SETTINGS.items()}


def settings_from(config: Mapping[str, object] | None) -> dict[str, Any]:
    """Return the settings that ``config`` names, read and checked.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE, naming the key and the value.
    """
    settings = {}
    for key, value in (config or {}).items():
        if key not in _SETTINGS:
            known = ", ".join(_SETTINGS)
            raise MlflowException.invalid_parameter_value(f"unknown setting {key}={value!r}; known are {known}")
        try:
            settings[key] = _SETTINGS[key].read(value)
        except ValueError as error:
            raise MlflowException.invalid_parameter_value(f"{key}={value!r} must be {error}") from None
    return settings


def check_reach(host: str, token_file: str) -> None:
    """Refuse to listen where other machines reach it without asking callers for a token."""
    if not token_file and not ipaddress.ip_address(host).is_loopback:
        raise MlflowException.invalid_parameter_value(
            f"host={host} lets other machines in, so callers need a token: set token_file"
        )


def check_name(name: object) -> str:
    """Return the name, if it can be a directory's everywhere."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise MlflowException.invalid_parameter_value(
            f"deployment name {name!r} must be 1 to 128 letters, digits or any of ._-, and begin with a letter or digit"
        )
    return name


def check_model_uri(uri: object) -> str:
    """Return the URI, if it is one line of text."""
    if not isinstance(uri, str) or not uri.strip() or not uri.isprintable():
        raise MlflowException.invalid_parameter_value(f"model URI {uri!r} must be one line of text")
    return uri


def check_flavor(flavor: str | None) -> None:
    """Refuse any flavor but pyfunc: it is what MLflow's scoring app serves."""
    if flavor not in (None, FLAVOR):
        raise MlflowException.invalid_parameter_value(f"flavor {flavor!r} is not supported; use {FLAVOR}")


def refuse_endpoint(endpoint: str | None) -> None:
    """Refuse MLflow's ``endpoint`` grouping, which this target does not have."""
    if endpoint is not None:
        raise MlflowException.invalid_parameter_value(
            f"forecastops-local has no endpoints to group by; got {endpoint!r}"
        )
