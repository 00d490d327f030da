"""Phrases that several commands use."""
