"""Commands that train: `run` and `study`."""
