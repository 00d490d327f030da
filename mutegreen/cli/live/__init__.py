"""Progress on stderr while trainings run."""
