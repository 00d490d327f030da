"""Reads CPU packages and their memory from the RAPL counters in Linux's powercap class."""
