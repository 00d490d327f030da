"""Energy meters behind one interface, and the recorder that measures windows of time with all of them at once."""
