"""Advice: what to change, how far to trust it, and what to measure next."""
