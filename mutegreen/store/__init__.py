"""Stores audits and their trials in one SQLite file, each trial durable as soon as it ends."""
