"""From facts to words and documents: text for people, JSON, summaries, reports for build systems."""
