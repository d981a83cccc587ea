"""The endpoint that serves the champion: what promotion needs of it, and how each kind of target does it."""
