"""Attribute the energy of shared devices to concurrent trainings."""
