"""Defines operators, and puts values into programs: files, command lines and environments."""
