"""CPU packages and their memory, read from perf events of the kernel."""
