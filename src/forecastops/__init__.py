"""Retrain ARIMA forecasts on MLflow; promote a new model only when it has earned it.

The floors, each importing only from those below it: ``commands`` (click), ``reporting`` (facts to words),
``usecases`` (one function each),
``release`` (how a version moves into production), ``adapters`` (MLflow, files, endpoints), ``gate`` and ``forecasting``
(pure), ``core`` (errors, configuration, the series contract).
"""

__version__ = "0.1.0"
