"""From an optimised graph to a program: what is computed together, in what order, in which memory."""
