"""What moves objects about in memory."""

from croton.legacy.machine import disturb_mem as disturb_mem
