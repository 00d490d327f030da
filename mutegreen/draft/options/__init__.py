"""Reads the options of a program, and turns findings into hyperparameters of a subject."""
