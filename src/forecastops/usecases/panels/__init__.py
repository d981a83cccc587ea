"""What a user can ask for of a panel, many series that are one model: the same verbs as of one series."""
