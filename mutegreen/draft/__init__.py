"""Drafts a `subject.toml` for a training that nobody prepared: from its source, and from a trial run if asked."""
