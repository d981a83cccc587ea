"""Floor 3: how a version moves into production, and how what was interrupted on the way is finished or undone."""
