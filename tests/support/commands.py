"""The command line as tests use it."""

import subprocess
from collections.abc import Callable

Run = Callable[..., subprocess.CompletedProcess[str]]
"""Runs `mutegreen` with words and environment variables, and returns what came of it."""
