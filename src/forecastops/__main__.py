"""``python -m forecastops`` is the ``forecastops`` command."""

from forecastops.commands.main import main

main()
