"""Parsed source files: modules, imports, calls, and the literals that a value comes from."""
