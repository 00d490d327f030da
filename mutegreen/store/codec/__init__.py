"""Converts records to rows of the store and back: enums as text, structures as JSON."""
