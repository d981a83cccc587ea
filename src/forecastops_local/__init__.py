"""MLflow deployments target `forecastops-local`: a model as a process on loopback, replaced without losing a request.

``plugin`` is what MLflow loads; ``lifecycle`` is the client's side of each verb; ``supervisor`` owns the socket and the
processes; ``server`` runs MLflow's scoring app behind ``guard``. Supervisor and client talk through ``state``'s files.
"""
