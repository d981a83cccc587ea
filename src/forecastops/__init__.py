"""Retrain ARIMA forecasts on MLflow; promote a new model only when it has earned it.

The floors, each importing only from those below it: ``commands`` (click), ``reporting`` (facts to words and
documents), ``usecases`` (one function each), ``release`` (how a version moves into production), ``config`` (its
sections stand beside what reads them), ``adapters`` (MLflow, files, endpoints), ``gate`` and ``forecasting`` (pure),
``data`` (from cells to a series), ``core`` (errors, redaction, locks, files, names of tags).
"""

__version__ = "0.1.0"
