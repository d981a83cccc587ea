"""Many series together: which moved, whose gains are real beside those of all others, and what the whole may do."""
