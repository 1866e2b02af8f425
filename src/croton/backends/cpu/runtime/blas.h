/* The BLAS pointers, by kind of number: s, d, c, z. */
#ifndef CROTON_BLAS_H
#define CROTON_BLAS_H

#include <stdbool.h>
#include <stdint.h>

enum { RT_BLAS_KINDS = 4 };

typedef struct rt_ctx rt_ctx;

typedef void rt_gemm_fn(char *ta, char *tb, int *m, int *n, int *k, const void *alpha, const void *a, int *lda,
                        const void *b, int *ldb, const void *beta, void *c, int *ldc);
typedef void rt_gemv_fn(char *trans, int *m, int *n, const void *alpha, const void *a, int *lda, const void *x,
                        int *incx, const void *beta, void *y, int *incy);
typedef void rt_ger_fn(int *m, int *n, const void *alpha, const void *x, int *incx, const void *y, int *incy, void *a,
                       int *lda);
typedef float rt_sdot_fn(int *n, const void *x, int *incx, const void *y, int *incy);
typedef double rt_ddot_fn(int *n, const void *x, int *incx, const void *y, int *incy);

typedef void rt_trsm_fn(char *side, char *uplo, char *trans, char *diag, int *m, int *n, const void *alpha, const void *a,
                        int *lda, void *b, int *ldb);
typedef void rt_trsv_fn(char *uplo, char *trans, char *diag, int *n, const void *a, int *lda, void *x, int *incx);

typedef struct {
    rt_gemm_fn *gemm[RT_BLAS_KINDS];
    rt_gemv_fn *gemv[RT_BLAS_KINDS];
    rt_ger_fn *ger[RT_BLAS_KINDS];
    rt_sdot_fn *sdot;
    rt_ddot_fn *ddot;
    rt_trsm_fn *trsm[RT_BLAS_KINDS];
    rt_trsv_fn *trsv[RT_BLAS_KINDS];
    bool best; /* its products are faster than our own */
} rt_blas_table;

extern rt_blas_table rt_blas;

/* 0..3 for float32, float64, complex64, complex128; -1 for others. */
int rt_blas_kind(int32_t dtype);
bool rt_blas_is_zero(int kind, const void *scalar);
/* For column-major BLAS: 'N' when rows are adjacent, 'T' when columns are, 0 when neither is. Extents of 1 fit any. */
char rt_blas_orientation(int64_t rows, int64_t cols, int64_t rs, int64_t cs, int64_t item, int64_t *ld);

static inline double rt_read_real(const void *at, int64_t item)
{
    return item == 4 ? (double)*(const float *)at : *(const double *)at;
}

/* C (rows x columns) = alpha * big (rows x k) * small (k x columns) + beta * C; strides in bytes. */
typedef struct {
    int64_t rows, columns, k;
    const char *big, *small;
    int64_t big_l, big_k, small_k, small_s;
    char *c;
    int64_t c_l, c_s;
    const void *alpha, *beta;
} rt_skinny_product;

bool rt_skinny_fits(int kind, const rt_skinny_product *p);
/* ps: picoseconds per row. */
int32_t rt_skinny(rt_ctx *ctx, int kind, const rt_skinny_product *p, int64_t ps);

/* C (m x n) = alpha * A * B + beta * C; strides in bytes. */
typedef struct {
    int64_t m, n, k;
    const char *a, *b;
    int64_t a_row, a_col, b_row, b_col;
    char *c;
    int64_t c_row, c_col;
    const void *alpha, *beta;
} rt_dense_product;

/* Up to so many rows, the second factor is read where it lies. */
enum { RT_FEW_ROWS = 24 };

/* Whether it is worth our own kernels. */
bool rt_dense_fits(int kind, const rt_dense_product *p);
int32_t rt_dense(rt_ctx *ctx, int kind, const rt_dense_product *p);

/* Sides so short that the product is one of tiny.c. */
enum { RT_TINY = 16 };
static inline bool rt_is_tiny(int64_t m, int64_t n, int64_t k)
{
    return m <= RT_TINY && n <= RT_TINY && k <= RT_TINY && k > 0;
}

/* Whether tiny.c can do the product; there is nothing in it that could fail. */
bool rt_tiny_fits(int kind, const rt_dense_product *p);
void rt_tiny(int kind, const rt_dense_product *p);

#endif
