"""Where trials are kept, durable the moment they end."""
