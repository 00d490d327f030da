"""Read a training's performance, outcome, evidence, phases and output."""
