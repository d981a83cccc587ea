"""Run the server by its former name: a supervisor that was started before the endpoint moved starts servers by it."""

from __future__ import annotations

import sys

from forecastops_local.server import main

__all__ = ["main"]

if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
