"""What carries out a panel's work: processes on this machine, or a cluster of Dask, Spark or Ray; one port, `map`."""
