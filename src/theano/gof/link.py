"""Where values are kept."""

from croton.compile.container import Container as Container
