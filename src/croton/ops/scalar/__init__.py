"""Operations on single numbers, one row each: from it come the elementwise form, its gradient, its native code."""
