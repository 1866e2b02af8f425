"""The house behind `import theano`: a compiler of numerical expressions."""

__version__ = "0.1.0"
