"""The gate's facts as sentences; the room below asks for none of them, so that any of them can change.

It stands below the use cases, because their notes, log lines and records carry sentences.
"""
