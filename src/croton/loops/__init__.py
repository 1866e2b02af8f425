"""The loop IR: a small closed language of typed loops, below the ops and unaware of LLVM."""
