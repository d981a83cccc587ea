"""What a user may say about a deployment: its name, and `-C key=value` settings that arrive as text."""

from __future__ import annotations

import contextlib
import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException

from forecastops.core.errors import ConfigError
from forecastops.core.signatures import Trusted
from forecastops_local.bearer import read_token

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

DEFAULTS: dict[str, Any] = {
    "port": 0,
    "host": "127.0.0.1",
    "timeout_seconds": 120.0,
    "max_body_bytes": 1 << 20,
    "owner": "",
    "token_file": "",
    "max_memory_bytes": 512 << 20,
    "model_sha256": "",
    "run_id": "",
    "public_key": "",
    "restore": False,
    "tracking_uri": "",
    "registry_uri": "",
}


def _port(value: object) -> int:
    return _whole(value, 0, 65535)


def _bytes(value: object) -> int:
    return _whole(value, 1, 1 << 30)


def _whole(value: object, least: int, most: int) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
        raise ValueError(f"a whole number from {least} to {most}")
    return int(text)


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


def _label(value: object) -> str:
    text = str(value)
    if not re.fullmatch(r"[A-Za-z0-9._-]{0,64}", text):
        raise ValueError("at most 64 letters, digits or any of ._-")
    return text


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


def _memory(value: object) -> int:
    return _whole(value, 64 << 20, 1 << 40)


def _sha256(value: object) -> str:
    text = str(value).strip().lower()
    if not re.fullmatch(r"([0-9a-f]{64})?", text):
        raise ValueError("64 hexadecimal digits")
    return text


def _run(value: object) -> str:
    text = str(value)
    if not re.fullmatch(r"[A-Za-z0-9._-]{0,256}", text):
        raise ValueError("the id of a run")
    return text


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


_READERS: dict[str, Callable[[object], Any]] = {
    "port": _port,
    "host": _host,
    "timeout_seconds": _seconds,
    "max_body_bytes": _bytes,
    "owner": _label,
    "token_file": _token_file,
    "max_memory_bytes": _memory,
    "model_sha256": _sha256,
    "run_id": _run,
    "public_key": _keys,
    "restore": _truth,
    "tracking_uri": _address,
    "registry_uri": _address,
}


def settings_from(config: Mapping[str, object] | None) -> dict[str, Any]:
    """Return the settings that ``config`` names, read and checked.

    Raises:
        MlflowException: INVALID_PARAMETER_VALUE, naming the key and the value.
    """
    settings = {}
    for key, value in (config or {}).items():
        if key not in _READERS:
            known = ", ".join(_READERS)
            raise MlflowException.invalid_parameter_value(f"unknown setting {key}={value!r}; known are {known}")
        try:
            settings[key] = _READERS[key](value)
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
