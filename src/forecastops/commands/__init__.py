"""Floor 5: the command line; a command passes its arguments on and prints a result."""
