"""Finds the program to train: its script, its folder, and what its workspace needs."""
