"""Run the server."""

from __future__ import annotations

import sys

from forecastops_local.server import main

main(int(sys.argv[1]), int(sys.argv[2]))
