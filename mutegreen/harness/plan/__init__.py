"""Plan an audit: its mutants, its trials in their order, and what is started for each."""
