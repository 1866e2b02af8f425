"""What runs programs."""

from croton.legacy.linkers import VM_Linker as VM_Linker
