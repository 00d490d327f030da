"""What an audit trains: its mutants, its trials in order, and what is started for each."""
