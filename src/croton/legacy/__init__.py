"""Historic names that have behaviour of their own."""
