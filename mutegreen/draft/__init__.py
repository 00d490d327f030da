"""Drafts a `subject.toml` for any training program: from its source and, with `--try`, from a test run."""
