"""ARIMA forecasts and how they are scored; numbers in, numbers out."""
