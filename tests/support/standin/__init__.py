"""A stand-in for an Azure ML workspace, on loopback: what the real, unmodified client is driven against."""
