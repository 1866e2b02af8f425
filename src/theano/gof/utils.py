"""What graphs are worked on with."""

from croton.errors import MethodNotDefined as MethodNotDefined
