"""Draws small programs, runs them every way they can go, and says what each acquisition does."""
