"""The figure of performance, found in what a program prints."""
