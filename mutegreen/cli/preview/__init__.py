"""What would be trained, and for how long."""
