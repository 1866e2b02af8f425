"""Graphs as pages for a browser."""

from croton.diagnose.d3viz import d3viz as d3viz
from croton.diagnose.d3viz import d3write as d3write
from croton.diagnose.d3viz import replace_patterns as replace_patterns
from croton.diagnose.d3viz import safe_json as safe_json
