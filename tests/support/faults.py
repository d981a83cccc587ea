"""Failures as servers and networks have them, switched on for chosen requests, and a record of what was asked."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

__all__ = ["Fault", "Faults"]


@dataclass
class Fault:
    """One kind of failure for requests whose path holds ``path``, and whose body ``word``.

    ``kind`` is a status code, or ``drop`` (no answer, not done), ``lost`` (done, the answer lost), or
    ``slow`` (no answer for a while). The first ``after`` requests are spared.
    """

    path: str
    kind: int | str
    times: float
    method: str | None = None
    after: int = 0
    word: str = ""


@dataclass
class Faults:
    """The faults that wait, and what was asked: method, path, and the failure that it met (0 for none)."""

    faults: list[Fault] = field(default_factory=list)
    seen: list[tuple[str, str, int | str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(
        self,
        path: str,
        kind: int | str,
        times: float = 1,
        method: str | None = None,
        after: int = 0,
        word: str = "",
    ) -> None:
        """Fail the next requests of that path; ``float('inf')`` for all."""
        self.faults.append(Fault(path, kind, times, method, after, word))

    def clear(self) -> None:
        """Behave again."""
        self.faults.clear()
        self.seen.clear()

    def next_fault(self, method: str, path: str, body: bytes = b"") -> int | str | None:
        """The failure for this request, if any."""
        with self.lock:
            for fault in self.faults:
                asked = fault.path in path and fault.word.encode() in body and fault.method in (None, method)
                if asked and fault.times > 0:
                    if fault.after > 0:
                        fault.after -= 1
                        continue
                    fault.times -= 1
                    self.seen.append((method, path, fault.kind))
                    return fault.kind
            self.seen.append((method, path, 0))
            return None
