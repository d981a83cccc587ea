"""Floor 0: what everything stands on - errors, configuration, and the contract of a series."""
