"""Operators, and the ways in which a value is put into a program."""
