"""Differentiation: from the gradient of each operation to that of whole graphs."""
