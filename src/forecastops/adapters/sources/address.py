"""Files at an address that fsspec knows, such as ``https://``, ``abfss://`` or ``s3://``."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from forecastops.core.distribution import install_command
from forecastops.core.errors import ConfigError, DataError, ForecastopsError
from forecastops.core.redaction import redact_uri
from forecastops.data.unpacking import MAX_BYTES

__all__ = ["MAX_SECONDS", "PROTOCOLS", "is_address", "read_address", "require_no_secret"]

PROTOCOLS = ("https", "http", "abfss", "abfs", "az", "adl", "s3", "gs", "azureml")
MAX_SECONDS = 600.0  # of one file
_CHUNK = 2**22
_WHOLE = "azureml://subscriptions/S/resourcegroups/G/workspaces/W/datastores/D/paths/P"
_SECRET = re.compile(
    r"(?i)sig|.*(token|secret|passw(or)?d|pwd|credential|signature|access.?key|account.?key|api.?key|subscription.?key).*|key|auth"
)
_T = TypeVar("_T")


def is_address(path: str) -> bool:
    """Tell whether a text names an address rather than a file here."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.:-]*://", path) is not None


def read_address(address: str) -> list[tuple[str, bytes]]:
    """Return what is at an address: of a file, or of each in a folder, whose address ends in a slash; by their names.

    Credentials come from the environment, as the protocol's own library reads them.

    Raises:
        ConfigError: for a protocol that is not allowed, a chain, a secret in the address, or a missing library.
        DataError: when it cannot be read, is too large, or takes too long.
    """
    protocol = address.partition("://")[0].lower()
    shown = redact_uri(address)
    if "::" in address or address.count("://") > 1:
        raise ConfigError(f"data {shown}", "chains addresses, which is not allowed", "name one address")
    if protocol not in PROTOCOLS:
        known = ", ".join(PROTOCOLS)
        raise ConfigError(f"data {shown}", f"protocol {protocol!r} is not allowed", f"take one of {known}, or a file")
    require_no_secret(address)
    return _within(MAX_SECONDS, shown, lambda: list(_files(address, protocol, shown)))


def require_no_secret(address: str) -> None:
    """Refuse an address that holds a password or token: it would stand in logs and parameters.

    Raises:
        ConfigError: naming where the secret stands, and not what it is.
    """
    try:
        parts = urlsplit(address)
        secret = parts.password is not None or ("@" in parts.netloc and ":" in parts.netloc.rpartition("@")[0])
        names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if _SECRET.fullmatch(name)]
    except ValueError as error:
        raise ConfigError("data", "holds an address that cannot be read", "correct it") from error
    if secret or names:
        where = "a password" if secret else f"a secret ({names[0]})"
        remedy = "put it into the environment, as the protocol's library reads it, or sign in"
        raise ConfigError(f"data {redact_uri(address)}", f"its address holds {where}, which logs would show", remedy)


def _files(address: str, protocol: str, shown: str) -> Iterator[tuple[str, bytes]]:
    filesystem, path = _filesystem(address, protocol, shown)
    deadline, left = time.monotonic() + MAX_SECONDS, MAX_BYTES
    if protocol in ("http", "https"):
        yield shown, _content(filesystem.open(path, "rb", block_size=0), shown, deadline, left)
        return
    parts = [path]
    if address.endswith("/"):
        found = sorted(filesystem.find(path))
        parts = [part for part in found if not part.rpartition("/")[2].startswith((".", "_"))]
        if not parts:
            raise DataError(shown, "is a folder without files", "correct the address")
    for part in parts:
        name = shown + part.removeprefix(path.rstrip("/")).lstrip("/")
        data = _content(filesystem.open(part, "rb"), name, deadline, left)
        left -= len(data)
        yield name, data


def _content(opened: Any, shown: str, deadline: float, most: int) -> bytes:
    """Read the file by pieces, up to the bound whatever its size is said to be."""
    found = bytearray()
    with opened as file:
        while piece := file.read(_CHUNK):
            found += piece
            if len(found) > most:
                raise DataError(shown, f"is larger than {MAX_BYTES // 2**20} MiB", "give fewer rows or columns")
            if time.monotonic() > deadline:
                raise DataError(shown, f"takes longer than {MAX_SECONDS:g} s", "fetch it first, and name the file")
    return bytes(found)


def _filesystem(address: str, protocol: str, shown: str) -> tuple[Any, str]:
    extra = "azureml" if protocol == "azureml" else "cloud"
    try:
        import fsspec

        if protocol in ("http", "https"):
            from aiohttp import ClientTimeout

            wait = ClientTimeout(total=MAX_SECONDS, sock_connect=30, sock_read=60)
            return fsspec.filesystem(protocol, client_kwargs={"timeout": wait}, skip_instance_cache=True), address
        options = {"anon": False} if protocol in ("abfs", "abfss", "az", "adl") else {}
        filesystem, path = fsspec.core.url_to_fs(address, **options)
    except (ImportError, ValueError) as error:
        remedy = install_command(extra)
        raise ConfigError(f"data {shown}", f"its protocol needs a library that is missing: {error}", remedy) from error
    return filesystem, path


def _within(seconds: float, shown: str, read: Callable[[], _T]) -> _T:
    """Return what ``read`` gives, or an error once the time is over: not every library keeps a time of its own."""
    found: list[_T] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            found.append(read())
        except Exception as error:  # noqa: BLE001  # whatever a protocol's library raises is told in one line
            failed.append(error)

    # A daemon, so that a library that never returns keeps no command from ending.
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds + 5)
    if failed:
        raise _told(shown, failed[0]) from failed[0]
    if not found:
        raise DataError(shown, f"does not answer within {seconds:g} s", "check the address and the network")
    return found[0]


def _told(shown: str, error: Exception) -> ForecastopsError:
    if isinstance(error, ForecastopsError):
        return error
    if isinstance(error, TimeoutError | asyncio.TimeoutError):  # one and the same since Python 3.11
        return DataError(shown, f"takes longer than {MAX_SECONDS:g} s", "fetch it first, and name the file")
    status = getattr(error, "status", None) or getattr(error, "status_code", None)
    cause = error.__cause__
    if isinstance(error, FileNotFoundError) and cause is not None and not hasattr(cause, "status"):
        return DataError(shown, f"cannot be read: {cause}", "check the address and the network")
    if isinstance(error, FileNotFoundError):
        return DataError(shown, "is not there", "correct the address")
    reason = f"status {status}" if status else f"{type(error).__name__}: {error}"
    remedy = "check the address, the network and your credentials"
    if shown.startswith("azureml://") and "workspace context" in reason:
        remedy = f"write the whole address, {_WHOLE}, or name registered data as azureml:NAME"
    return DataError(shown, f"cannot be read: {reason}", remedy)
