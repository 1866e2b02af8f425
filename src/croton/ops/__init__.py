"""What can be done to values: every operation, with all that is to be known of it in one place."""
