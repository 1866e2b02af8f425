"""Orders of nodes."""

from croton.legacy.schedule import make_dependence_cmp as make_dependence_cmp
from croton.legacy.schedule import make_depends as make_depends
from croton.legacy.schedule import posort as posort
from croton.legacy.schedule import reverse_dict as reverse_dict
from croton.legacy.schedule import sort_apply_nodes as sort_apply_nodes
from croton.legacy.schedule import sort_schedule_fn as sort_schedule_fn
