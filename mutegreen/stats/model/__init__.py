"""The measurements of one scenario, and the statistical model that all questions are answered from."""
