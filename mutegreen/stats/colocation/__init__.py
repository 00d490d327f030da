"""Co-location: what other trainings on the same machine change."""
