"""Findings to text; each form of it is one module."""
