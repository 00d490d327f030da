"""Energy estimated from busy CPU time, where no counter can be read."""
