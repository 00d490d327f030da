"""What is read from a training: performance, outcome, evidence, phases, output."""
