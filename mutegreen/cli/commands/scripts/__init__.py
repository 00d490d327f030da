"""Commands that read or write training scripts and their subject.toml."""
