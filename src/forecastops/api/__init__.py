"""The functions of `import forecastops as fo`: what the commands do, for Python.

Nothing of the caller's process is changed: what MLflow is pointed at, its active run, environment variables, loggers,
warning filters and signal handlers are as before, whatever comes of a call. Functions may be called from several
threads, also with different servers, and inside a running event loop, which they block meanwhile.

Errors that a person can act on are `ForecastopsError`; its message is one line. Progress and warnings are logged to
``logging.getLogger("forecastops")``. In the examples ``sales`` is a Series of daily values by their dates.
"""
