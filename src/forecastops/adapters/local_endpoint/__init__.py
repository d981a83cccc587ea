"""Former place of ``forecastops_local``, for supervisors that were started before that was a package of its own."""
