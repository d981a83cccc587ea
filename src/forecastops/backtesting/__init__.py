"""Living through a series' own past by the product's code: what a policy would have served, and what it was worth.

Pure: what is to be computed is named by jobs (``jobs``), which an engine carries out wherever it likes.
"""
