"""Bytes to a parsed file whose positions are worked out on demand."""
