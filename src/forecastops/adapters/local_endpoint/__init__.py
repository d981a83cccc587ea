"""Former place of ``forecastops_local``, for what was started or installed before that was a package of its own."""
