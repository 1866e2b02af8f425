/* What our own kernels for products and triangles offer (tile_kernel.h, triangle_kernel.h), for one processor family and
 * one type. Matrices are given by their first element and by strides counted in elements.
 *
 * A panel is RT_PANEL_BYTES wide; its rows lie one behind the other. */
#ifndef CROTON_TILES_H
#define CROTON_TILES_H

#include "blas.h"

/* RT_DEPTH: terms summed before moving on, so that a block of a panel stays in the L1 cache. RT_NARROW, RT_SQUARE: sizes from
 * which LU and Cholesky factors are made in halves. */
enum { RT_PANEL_BYTES = 128, RT_DEPTH = 256, RT_NARROW = 8, RT_SQUARE = 16 };

typedef struct {
    /* C = alpha A B + beta C, for `rows` rows of A and `count` columns of the panel B. With `packed`, A lies in tiles. */
    void (*block)(const void *a, int64_t row, int64_t step, bool packed, const void *b, int64_t b_row, int64_t rows,
                  int64_t count, int64_t k, double alpha, double beta, void *c, int64_t c_row);
    /* A panel of k rows out of `count` columns, with zeros behind them; and back. */
    void (*pack_panel)(const void *from, int64_t row, int64_t step, int64_t k, int64_t count, void *panel);
    void (*unpack_panel)(const void *panel, int64_t k, int64_t count, void *to, int64_t row, int64_t step);
    /* Tiles of rows that are adjacent, columns being `step` apart. */
    void (*pack_rows)(const void *from, int64_t step, int64_t rows, int64_t k, void *tiles);
    /* X = T^-1 X, for the lower triangle T and `count` columns of a panel, which are whole vectors. */
    void (*solve)(const void *t, int64_t row, int64_t step, bool unit, int64_t n, void *x, int64_t x_row, int64_t count);
    int (*factor_columns)(void *a, int64_t rows, int64_t columns, int64_t ld, int *pivots);
    int (*factor_square)(void *a, int64_t n, int64_t ld);
} rt_tile_kernels;

/* NULL on processors that have none, and for complex numbers. */
const rt_tile_kernels *rt_tile_kernels_for(int kind);

/* The product on this thread. */
void rt_dense_alone(int kind, const rt_dense_product *p);

/* One thread's part of equations and factors of real numbers (triangle.c). */
typedef struct {
    const rt_tile_kernels *kernels;
    int kind;
    int64_t item;
} rt_tiles;

/* C -= A B, C being row-major. */
void rt_take_out(const rt_tiles *with, int64_t m, int64_t n, int64_t k, const char *a, int64_t row, int64_t step,
                 const char *b, int64_t b_row, int64_t b_step, char *c, int64_t c_row);
/* X = T^-1 X for the n x n triangle T and `width` columns of the row-major X. */
void rt_solve_rows(const rt_tiles *with, const char *t, int64_t row, int64_t step, bool upper, bool unit, int64_t n, char *x,
                   int64_t x_row, int64_t width);
/* X = T^-1 X for the lower triangle T of at most RT_DEPTH rows and `width` columns of a column-major X. */
void rt_solve_columns(const rt_tiles *with, const char *t, int64_t row, int64_t step, bool unit, int64_t n, char *x,
                      int64_t ld, int64_t width);
/* LU factors of a column-major matrix of at most 2 RT_DEPTH columns, as LAPACK's getrf makes them. */
int rt_factor_lu(const rt_tiles *with, char *a, int64_t rows, int64_t columns, int64_t ld, int *pivots);
/* The lower factor of a row-major matrix of at most 2 RT_DEPTH rows, as LAPACK's potrf makes it; above it is anything. */
int rt_factor_cholesky(const rt_tiles *with, char *a, int64_t n, int64_t ld);
/* The exchanges of rows that LU factors tell of, the first `count`, in columns [lo, hi) of a column-major matrix. */
void rt_exchange_rows(int kind, char *a, int64_t ld, const int *pivots, int64_t count, int64_t lo, int64_t hi);

#endif
