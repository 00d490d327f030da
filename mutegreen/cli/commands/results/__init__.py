"""Commands that read the store or exported rows."""
