"""One adapter per thing outside: files, MLflow's runs and registry, deployments; none knows another."""
