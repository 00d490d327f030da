"""Records to the store's rows and back: enums as texts, structures as JSON."""
