"""Co-location: scenarios with a background load against exclusive ones, and audits with concurrent trials."""
