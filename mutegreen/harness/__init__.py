"""Train the original and the mutants in planned order and measure each trial; independent of the statistics."""
