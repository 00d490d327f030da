"""Texts that several commands use."""
