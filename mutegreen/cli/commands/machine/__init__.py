"""Commands about this machine and its meters."""
