"""What everything stands on: errors, redaction, locks, files, signatures, strict records, the names of tags."""
