"""The limit of what a test waits for."""

HANG_S = 600.0
"""Seconds after which a test ends what hangs. It is far above any work of a test, so it judges no machine."""
