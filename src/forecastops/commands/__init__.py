"""The command line: a command passes its arguments on and shows a result."""
