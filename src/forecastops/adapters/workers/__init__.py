"""Processes of our own that carry out jobs, and a folder in which their outcomes are kept."""
