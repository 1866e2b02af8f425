/* Products of matrices of at most RT_TINY rows and columns, such as rotations, transitions between a few states, or the filters
 * made of them: a BLAS takes longer to begin than they take. The second factor is read where it lies, if its columns are
 * adjacent. source: measured in a loop, a step with 4 x 4 x 4 in float64 takes 73 ns with OpenBLAS, 30 so; with 16 x 16 x 16 180
 * and 160. */
#include "runtime.h"
#include "blas.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "fp-contract=fast")
#endif

typedef struct {
    void (*multiply)(int64_t m, int64_t n, int64_t k, const void *a, int64_t row, int64_t step, const void *b, int64_t b_row,
                     double alpha, double beta, void *c, int64_t c_row);
} rt_tiny_kernels;

#define KERNELS "tiny_kernel.h"
#define TABLE rt_tiny_kernels
#include "for_processors.h"

bool rt_tiny_fits(int kind, const rt_dense_product *p)
{
    int64_t item = kind ? 8 : 4;
    if (kind < 0 || kind > 1 || !rt_is_tiny(p->m, p->n, p->k) || p->c_col != item) return false;
    return !((p->a_row | p->a_col | p->b_row | p->b_col | p->c_row) & (item - 1)) && kernels_for(kind);
}

/* The second factor, its columns adjacent. */
static void gather(const rt_dense_product *p, int64_t item, void *to)
{
    for (int64_t l = 0; l < p->k; l++) {
        for (int64_t j = 0; j < p->n; j++) {
            const char *from = p->b + l * p->b_row + j * p->b_col;
            if (item == 4)
                ((float *)to)[l * RT_TINY + j] = *(const float *)(const void *)from;
            else
                ((double *)to)[l * RT_TINY + j] = *(const double *)(const void *)from;
        }
    }
}

void rt_tiny(int kind, const rt_dense_product *p)
{
    _Alignas(64) double room[RT_TINY * RT_TINY];
    int64_t item = kind ? 8 : 4, b_row = p->b_row / item;
    const void *b = p->b;
    if (p->b_col != item && p->n > 1) {
        gather(p, item, room);
        b = room;
        b_row = RT_TINY;
    }
    kernels_for(kind)->multiply(p->m, p->n, p->k, p->a, p->a_row / item, p->a_col / item, b, b_row,
                                rt_read_real(p->alpha, item), rt_read_real(p->beta, item), p->c, p->c_row / item);
}
