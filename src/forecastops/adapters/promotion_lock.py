"""One promotion or rollback of a model at a time on this machine."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forecastops.ground.errors import PromotionRefusedError

__all__ = ["promotion_lock"]


@contextmanager
def promotion_lock(home: Path, model_name: str, registry: str, wait_seconds: float) -> Iterator[None]:
    """Hold the lock of this model in this registry; the kernel releases it with its owner, however that ends.

    Args:
        home: folder that holds the locks of this machine's user.
        model_name: the registered model.
        registry: the registry's address; only a digest of it is written.
        wait_seconds: how long to wait for another owner.

    Raises:
        PromotionRefusedError: when another owner still holds it after that time.
    """
    folder = home / "locks"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256(f"{registry}\0{model_name}".encode()).hexdigest()[:24]
    handle = os.open(folder / f"{model_name}-{digest}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _acquire(handle, model_name, time.monotonic() + wait_seconds)
        yield
    finally:
        os.close(handle)


def _acquire(handle: int, model_name: str, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise PromotionRefusedError(
                    f"model {model_name!r}",
                    "another promotion or rollback of it is under way on this machine",
                    "run this again when it has ended",
                ) from None
            time.sleep(0.1)
        else:
            return
