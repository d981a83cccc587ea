"""The place where MLflow's errors become ours: one line, with the remedy for what happened."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from forecastops.core.errors import ForecastopsError, RegistryError

__all__ = ["mlflow_errors", "status_code"]

_LONGEST = 300
_REFUSED = re.compile(
    r"\b(403|Forbidden|AuthorizationFailed|PERMISSION_DENIED|Permission denied|not authorized|"
    r"does not have (?:the )?(?:authorization|permission))\b",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(r"\b(401|Unauthorized|UNAUTHENTICATED)\b", re.IGNORECASE)
_FULL = re.compile(r"disk is full|No space left|quota exceeded", re.IGNORECASE)
_FAILED = re.compile(r"too many \d+ error responses", re.IGNORECASE)  # it did answer, again and again
_OF_FILES = re.compile(r"##### File (.+) #####")
_NO_ANSWER = re.compile(r"Max retries exceeded|timed out|could not connect|connection refused", re.IGNORECASE)


@contextmanager
def mlflow_errors(where: str, remedy: str | None = None, variable: str = "MLFLOW_TRACKING_URI") -> Iterator[None]:
    """Turn whatever MLflow raises inside into one line that names ``where``.

    Its stores let errors of their own libraries through (HTTP, SQLAlchemy, Azure, files), which share no base class.

    Args:
        where: the run, version or address at fault.
        remedy: the way out where the server answered, and not because of the credential.
        variable: that says where the server is.
    """
    try:
        yield
    except ForecastopsError:
        raise
    except Exception as error:
        what = _short(error)
        raise RegistryError(where, what, _remedy(error, what, variable, remedy)) from error


def status_code(error: BaseException) -> int | None:
    """Return the HTTP status that the server answered with; None where it did not, or it is not known.

    MLflow's error keeps what the body says, which need not be that: the response itself is still in the frames that
    the error went through.
    """
    found: int | None = None
    trace = error.__traceback__
    while trace is not None:
        status = getattr(trace.tb_frame.f_locals.get("response"), "status_code", None)
        found = status if isinstance(status, int) else found
        trace = trace.tb_next
    return found


def _remedy(error: Exception, what: str, variable: str, remedy: str | None) -> str:
    status = status_code(error)
    if status == 403 or (status is None and _REFUSED.search(what)):
        return (
            "check that its credential is good for it: it lacks the role to do this "
            "(on Azure ML: AzureML Data Scientist); then run the command again"
        )
    if status == 401 or (status is None and _UNKNOWN.search(what)):
        return "check that its credential is good for it and has not expired, then run the command again"
    if _is_full(error, what):
        return "free space there, then run the command again"
    if _no_answer(error, what) and not _FAILED.search(str(error)):
        return f"check {variable} and that the server answers"
    if status is not None and status >= 500:
        return remedy or "see the server's log, then run the command again"
    return remedy or "fix what it names, then run the command again"


def _causes(error: BaseException) -> Iterator[BaseException]:
    inner: BaseException | None = error
    while inner is not None:
        yield inner
        inner = inner.__cause__ or inner.__context__


def _is_full(error: Exception, what: str) -> bool:
    full = (errno.ENOSPC, errno.EDQUOT)
    numbers = [cause.errno for cause in _causes(error) if isinstance(cause, OSError)]
    return bool(_FULL.search(what)) or any(number in full for number in numbers)


def _no_answer(error: Exception, what: str) -> bool:
    lost = (ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError)
    return bool(_NO_ANSWER.search(what)) or any(isinstance(one, lost) for one in _causes(error))


def _short(error: BaseException) -> str:
    """Return the first line of the error; of one about a connection, what the operating system said at its root."""
    proxy = False
    for inner in _causes(error):
        proxy = proxy or type(inner).__name__ == "ProxyError"
        if isinstance(inner, ssl.SSLCertVerificationError):
            return _untrusted(inner)
        if isinstance(inner, ConnectionError | TimeoutError | socket.gaierror) and inner.strerror:
            return f"the proxy that HTTPS_PROXY or HTTP_PROXY names: {inner.strerror}" if proxy else inner.strerror
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    file = _OF_FILES.fullmatch(lines[1]) if len(lines) > 2 else None
    if file:  # MLflow's first line says only that there are some
        lines = [f"{file[1]}: {lines[2]}"]
    return lines[0] if len(lines[0]) <= _LONGEST else lines[0][: _LONGEST - 3] + "..."


def _untrusted(error: ssl.SSLCertVerificationError) -> str:
    what = f"its TLS certificate is not trusted ({error.verify_message})"
    if "expired" in what or "not yet valid" in what:
        return f"{what}; is this machine's clock right?"
    return f"{what}; a proxy that opens TLS, or a private authority, needs its certificate in REQUESTS_CA_BUNDLE"
