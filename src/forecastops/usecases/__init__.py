"""What a user can ask for, one readable function each; no state is kept here."""
