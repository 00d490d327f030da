"""Run a command in its own session and workspace."""
