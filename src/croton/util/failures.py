"""The codes by which native code says what went wrong; what they say to users is in backends/cpu/failure.py.

Codes below 100 are the runtime's own.
"""

MISMATCH = 100
BAD_INDEX = 101
BAD_VALUE = 102  # the operation's `explain_failure` makes the exception
EMPTY = 103
NO_BROADCAST = 104
CHANGED = 105
