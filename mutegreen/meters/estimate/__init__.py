"""Estimates energy from busy CPU time, for machines on which no counter can be read."""
