"""Python's search for objects that refer to each other in circles, which costs a short process more than it frees.

For processes of our own, never in a caller's: how much memory waits to be found belongs to everything in a process.
"""

from __future__ import annotations

import atexit
import gc

__all__ = ["collect_rarely"]

# Importing MLflow makes a quarter of a million objects that all stay, and by the usual 700 they are searched again and
# again. As many results of statsmodels' as are made before the next search are some tens of MB.
_MADE_BETWEEN = 50_000
_SEARCHES_OF_NEW = 20  # before what stayed is searched again


def collect_rarely() -> None:
    """Search less often, and not through everything once more when the process ends.

    What ends with the process was closed by whoever opened it; its memory is the system's again in any case.
    """
    gc.set_threshold(_MADE_BETWEEN, _SEARCHES_OF_NEW)
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
