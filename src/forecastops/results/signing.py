"""What `sign` returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from forecastops.results.base import Result

if TYPE_CHECKING:
    from forecastops.usecases.sign import Signed

__all__ = ["SignResult", "sign_result"]


@dataclass(frozen=True)
class SignResult(Result):
    """What was signed, and with which key.

    Attributes:
        version: that was signed.
        run_id: whose model it is.
        sha256: the digest of the model's files.
        key: with which it was signed, named by the digest of its public half.
        note: all that in one line.
    """

    version: str
    run_id: str
    sha256: str
    key: str
    note: str


def sign_result(found: Signed) -> SignResult:
    """Return what was signed."""
    return SignResult(**asdict(found), **Result.shown(asdict(found), found.note))
