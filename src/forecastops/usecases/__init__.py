"""Floor 4: what a user can ask for, one readable function each; no state is kept here."""
