"""Finds the performance metric in the output of a program."""
