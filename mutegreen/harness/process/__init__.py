"""A command in a process group and workspace of its own."""
