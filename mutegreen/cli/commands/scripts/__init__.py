"""Commands about training scripts, subjects and operators."""
