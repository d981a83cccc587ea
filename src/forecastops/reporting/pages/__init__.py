"""Pages in HTML: from facts to one self-contained file; everything shown is escaped, and nothing is a script."""
