"""Limits on what tests wait for. They end what hangs, and judge no time: each is more than ten times what is usual."""

PROCESS_S = 600
"""A process that a test starts, or what a process of a test does to end."""

EVENT_S = 240
"""Something that a process does soon. Less than pytest's own limit, so that the test says what it waited for."""

SLOW_TEST_S = 900
"""A test marked `slow`. Other tests have the limit that `pyproject.toml` gives."""
