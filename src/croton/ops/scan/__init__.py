"""Loops: a graph computed step by step, with what it carries from one step to the next."""
