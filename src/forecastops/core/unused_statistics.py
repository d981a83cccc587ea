"""What statsmodels imports along, and estimating, filtering and forecasting ARIMAs do not use.

For processes of our own, where it may wait until it is: three quarters of importing statsmodels' ARIMA.
"""

from __future__ import annotations

from forecastops.core.deferred_imports import defer_imports

__all__ = ["defer_unused_statistics"]

_UNUSED = (
    "formulaic",
    "scipy.fft",
    "scipy.integrate",
    "scipy.ndimage",
    "scipy.spatial",
)
# Functions and distributions of which tests and summaries make use, and that statsmodels takes as it is imported.
_TAKEN = {
    "scipy.interpolate": ("interp1d",),
    "scipy.linalg.interpolative": ("interp_decomp",),
    "scipy.optimize": ("minimize",),
    "scipy.signal": ("correlate", "lfilter"),
    "scipy.stats": ("chi2", "f", "kurtosis", "norm", "scoreatpercentile", "skew", "t"),
}


def defer_unused_statistics() -> None:
    """Have parts of scipy execute when something of them is used."""
    defer_imports(_UNUSED, taken=_TAKEN)
