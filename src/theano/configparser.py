"""Flags: how they are declared and changed."""

from croton.config import AddConfigVar as AddConfigVar
from croton.config import TheanoConfigParser as TheanoConfigParser
from croton.config import change_flags as change_flags
from croton.config import config as config
from croton.config import fetch_val_for_key as fetch_val_for_key
from croton.config import get_config_hash as get_config_hash
from croton.errors import TheanoConfigWarning as TheanoConfigWarning
from croton.util.flags import BoolParam as BoolParam
from croton.util.flags import ConfigParam as ConfigParam
from croton.util.flags import EnumStr as EnumStr
from croton.util.flags import FloatParam as FloatParam
from croton.util.flags import IntParam as IntParam
from croton.util.flags import StrParam as StrParam
from croton.config import THEANO_FLAGS_DICT as THEANO_FLAGS_DICT
