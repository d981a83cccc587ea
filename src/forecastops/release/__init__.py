"""How a version moves into production, and how an interrupted move is finished or undone."""
