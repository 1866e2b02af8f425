"""Operations on single numbers, one row each; from a row come the elementwise operation, its gradient and its native code."""
