"""The version of Theano whose programs run."""

from croton.legacy.version import full_version as full_version
from croton.legacy.version import release as release
from croton.legacy.version import short_version as short_version
from croton.legacy.version import version as version
