"""How trials share the machine: one by one, several at once, or with a background load."""
