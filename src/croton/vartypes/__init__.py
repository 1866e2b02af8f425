"""What values are: data types, static shapes, tensors and the other kinds of value."""
