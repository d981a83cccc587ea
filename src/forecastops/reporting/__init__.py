"""Facts to words and documents: text for a person, JSON documents, summaries, and what build systems read."""
