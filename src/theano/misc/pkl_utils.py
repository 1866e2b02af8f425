"""Programs and their values in files."""

from croton.legacy.archive import CompatUnpickler as CompatUnpickler
from croton.legacy.archive import StripPickler as StripPickler
from croton.legacy.archive import dump as dump
from croton.legacy.archive import load as load
