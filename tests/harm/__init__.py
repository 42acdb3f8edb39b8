"""Runs the examples of the rules against real databases and counts what they leave behind."""
