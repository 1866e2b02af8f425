"""Other programs."""

from croton.legacy.machine import output_subprocess_Popen as output_subprocess_Popen
