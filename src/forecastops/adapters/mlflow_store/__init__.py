"""MLflow's tracking server and model registry, behind plain records: connection, runs, registry."""
