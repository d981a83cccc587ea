"""The server, by the name by which supervisors that were started before the endpoint moved start it."""
