"""Parameters of operations."""

from croton.legacy.params import Params as Params
from croton.legacy.params import ParamsType as ParamsType
