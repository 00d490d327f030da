"""Reads CPU packages and their memory from perf events of the kernel."""
