"""Telling people: a webhook, e-mail. What cannot be told is said, and fails nothing."""
