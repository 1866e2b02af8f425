"""What loops are equal to: smaller loops, and work on whole sequences outside of them."""
