"""Findings that a comment takes back, and the comments that take back none."""
