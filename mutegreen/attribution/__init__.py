"""Whose joules were they: the energy of shared devices, shared out among the trainings that ran side by side."""
