"""Shows progress on stderr while trainings run."""
