"""Time limits of tests, each more than ten times the usual time: they end tests that hang and do not judge speed."""

PROCESS_S = 600
"""For a process that a test starts, or for the end of such a process."""

EVENT_S = 240
"""For an event that a process causes soon. Shorter than pytest's limit: the test then says what it waited for."""

SLOW_TEST_S = 900
"""For a test marked `slow`. Other tests have the limit of `pyproject.toml`."""
