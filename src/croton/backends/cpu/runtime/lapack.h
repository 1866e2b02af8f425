/* The LAPACK pointers, by routine and kind of number (s, d, c, z), and what the files that call them share. */
#ifndef CROTON_LAPACK_H
#define CROTON_LAPACK_H

#include "blas.h"

typedef enum {
    RT_POTRF,
    RT_GETRF,
    RT_SYEVD,
    RT_SYGVD,
    RT_GEEV,
    RT_GESDD,
    RT_GEQRF,
    RT_ORGQR,
    RT_GELSD,
    RT_LAPACK_ROUTINES,
} rt_lapack_routine;

extern void *rt_lapack[RT_LAPACK_ROUTINES][RT_BLAS_KINDS];

/* What lowering says of a routine's work (abi.md section 4). */
enum {
    RT_LA_UPPER = 1,      /* the upper triangle is read, or the matrix is upper triangular */
    RT_LA_TRANSPOSED = 2, /* solve with the transpose */
    RT_LA_NAN = 4,        /* a failure makes NaNs instead of an error */
    RT_LA_THIN = 8,       /* singular vectors: as many as there are values */
    RT_LA_VALUES = 16,    /* no vectors at all */
    RT_LA_TRIANGULAR = 32, /* right sides are a triangle as the matrix is */
};

/* Said in place of LAPACK, which may not end on such a matrix. */
enum { RT_NOT_FINITE = -1 };

#define RT_LAPACK_FN(type, routine, kind) ((type *)(uintptr_t)rt_lapack[routine][kind])

/* Records that `routine` failed on one matrix of a batch; `info` is what LAPACK said. */
int32_t rt_lapack_fail(rt_ctx *ctx, int32_t node, int64_t info, int64_t item);
/* 0, or the error of a runtime without LAPACK, of a dtype that it lacks, or of lengths beyond C's int. */
int32_t rt_lapack_check(rt_ctx *ctx, int32_t dtype, int64_t longest);

#endif
