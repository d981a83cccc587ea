"""Floor 2: one adapter per thing outside - files, MLflow runs, registry, deployments; none knows another."""
