"""The pages as a small web application on loopback: read-only, for one person, who holds the token."""
