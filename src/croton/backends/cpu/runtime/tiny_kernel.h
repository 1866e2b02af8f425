/* The kernel of tiny.c for one processor family and one type. Wants KERNEL(name), REAL, INTEGER, LETTERS (that end the names of
 * its instructions), BYTES (of a vector) and ATTRIBUTES defined; undefines none of them. Strides are counted in elements. */

typedef REAL KERNEL(vec) __attribute__((vector_size(BYTES), may_alias));
enum { KERNEL(LANES) = BYTES / sizeof(REAL), KERNEL(PARTS) = RT_TINY / KERNEL(LANES) };

/* Of a vector, the first `count` elements: no memory beyond them is read or written. */
#if BYTES == 64
typedef uint32_t KERNEL(mask);
#define MASK(count) ((UINT32_C(1) << (count)) - 1)
#define FETCH(from, mask) ((KERNEL(vec))JOIN(_mm512_maskz_loadu_, LETTERS)(mask, from))
#define PUT(to, mask, what) JOIN(_mm512_mask_storeu_, LETTERS)(to, mask, what)
#else
typedef INTEGER KERNEL(mask) __attribute__((vector_size(BYTES)));
ATTRIBUTES static inline KERNEL(mask) KERNEL(first)(int64_t count)
{
    KERNEL(mask) made;
    for (int lane = 0; lane < KERNEL(LANES); lane++) made[lane] = lane < count ? -1 : 0;
    return made;
}
#define MASK(count) KERNEL(first)(count)
#define FETCH(from, mask) ((KERNEL(vec))JOIN(_mm256_maskload_, LETTERS)(from, (__m256i)(mask)))
#define PUT(to, mask, what) JOIN(_mm256_maskstore_, LETTERS)(to, (__m256i)(mask), what)
#endif

/* So many rows of C, in so many vectors each. */
__attribute__((always_inline)) ATTRIBUTES static inline void KERNEL(some)(
    int rows, int parts, const KERNEL(mask) *masks, int64_t k, const REAL *a, int64_t row, int64_t step, const REAL *b,
    int64_t b_row, REAL alpha, REAL beta, REAL *c, int64_t c_row)
{
    KERNEL(vec) sum[4][KERNEL(PARTS)] = {0};
    for (int64_t l = 0; l < k; l++, a += step, b += b_row) {
        KERNEL(vec) x[KERNEL(PARTS)];
        _Pragma("GCC unroll 4") for (int v = 0; v < parts; v++) x[v] = FETCH(b + v * KERNEL(LANES), masks[v]);
        _Pragma("GCC unroll 4") for (int i = 0; i < rows; i++)
        {
            REAL one = a[i * row];
            _Pragma("GCC unroll 4") for (int v = 0; v < parts; v++) sum[i][v] += x[v] * one;
        }
    }
    _Pragma("GCC unroll 4") for (int i = 0; i < rows; i++)
        _Pragma("GCC unroll 4") for (int v = 0; v < parts; v++)
        {
            REAL *to = c + i * c_row + v * KERNEL(LANES);
            KERNEL(vec) made = alpha * sum[i][v];
            if (beta != 0) made += beta * FETCH(to, masks[v]);
            PUT(to, masks[v], made);
        }
}

__attribute__((always_inline)) ATTRIBUTES static inline void KERNEL(all)(
    int parts, const KERNEL(mask) *masks, int64_t m, int64_t k, const REAL *a, int64_t row, int64_t step, const REAL *b,
    int64_t b_row, REAL alpha, REAL beta, REAL *c, int64_t c_row)
{
    enum { ROWS = KERNEL(PARTS) > 2 ? 2 : 4 }; /* whose sums fit into registers */
    for (; m >= ROWS; m -= ROWS, a += ROWS * row, c += ROWS * c_row)
        KERNEL(some)(ROWS, parts, masks, k, a, row, step, b, b_row, alpha, beta, c, c_row);
    if (m & 2) {
        KERNEL(some)(2, parts, masks, k, a, row, step, b, b_row, alpha, beta, c, c_row);
        a += 2 * row;
        c += 2 * c_row;
    }
    if (m & 1) KERNEL(some)(1, parts, masks, k, a, row, step, b, b_row, alpha, beta, c, c_row);
}

/* C = alpha A B + beta C, the n columns of B and of C being adjacent. */
ATTRIBUTES static void KERNEL(multiply)(int64_t m, int64_t n, int64_t k, const void *a, int64_t row, int64_t step,
                                        const void *b, int64_t b_row, double alpha, double beta, void *c, int64_t c_row)
{
    KERNEL(mask) masks[KERNEL(PARTS)];
    int64_t parts = rt_ceil_div(n, KERNEL(LANES));
    for (int64_t v = 0; v < parts; v++) masks[v] = MASK(rt_min(KERNEL(LANES), n - v * KERNEL(LANES)));
#define WITH(COUNT)                                                                                             \
    if (KERNEL(PARTS) >= COUNT && parts == COUNT)                                                               \
        KERNEL(all)(COUNT, masks, m, k, a, row, step, b, b_row, (REAL)alpha, (REAL)beta, c, c_row);
    WITH(1)
    WITH(2)
    WITH(3)
    WITH(4)
#undef WITH
}

static const rt_tiny_kernels KERNEL(kernels) = {KERNEL(multiply)};

#undef MASK
#undef FETCH
#undef PUT
