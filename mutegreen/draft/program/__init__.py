"""The program to train: its script, its folder, and what surrounds it."""
