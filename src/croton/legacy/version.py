"""The version of the language: that of the Theano whose programs run here, for programs that ask."""

version = short_version = full_version = "1.0.5"
release = True
