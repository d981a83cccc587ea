"""The gate's facts as sentences, for notes, log lines and records; no code reads one, so that any can change."""
