"""Loops as users write them."""
