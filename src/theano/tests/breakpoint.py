"""Stopping in the debugger in the midst of a call."""

from croton.ops.breakpoint import PdbBreakpoint as PdbBreakpoint
