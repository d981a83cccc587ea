"""What a build system is told of a command: outputs for later stages, issues, a summary, and the checks as tests."""
