"""Analyses rows of audits or CSV files and writes the results: the code that `stats` and `plot` share."""
