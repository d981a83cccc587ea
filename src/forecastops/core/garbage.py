"""Python's search for objects that refer to each other in circles, which costs a short process more than it frees.

For processes of our own, never in a caller's: how much memory waits to be found belongs to everything in a process.
"""

from __future__ import annotations

import atexit
import gc

__all__ = ["collect_rarely"]

# Importing MLflow makes half a million objects that all stay, and the usual 700 would have them searched again and again.
_MADE_BETWEEN = 20_000


def collect_rarely() -> None:
    """Search less often, and not through everything once more when the process ends.

    What ends with the process was closed by whoever opened it; its memory is the system's again in any case.
    """
    gc.set_threshold(_MADE_BETWEEN)
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
