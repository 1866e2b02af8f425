/* The kernels of packed.c for one processor family and one type. Wants KERNEL(name), REAL, BYTES (of a vector) and
 * ATTRIBUTES defined; undefines none of them. */

typedef REAL KERNEL(vec) __attribute__((vector_size(BYTES), aligned(sizeof(REAL)), may_alias));
enum { KERNEL(LANES) = BYTES / sizeof(REAL), KERNEL(WIDTH) = RT_PANEL_BYTES / sizeof(REAL) };

/* ROWS rows of the left factor with two vectors of a panel, added to `totals`. Strides are counted in elements. Few rows
 * are summed in CHAINS chains, since an addition waits for the one before it. */
#define TILE(ROWS, CHAINS)                                                                                      \
    ATTRIBUTES static void KERNEL(tile##ROWS)(const REAL *a, int64_t row, int64_t step, const REAL *panel,      \
                                              int64_t k, REAL *totals)                                          \
    {                                                                                                           \
        KERNEL(vec) sum[CHAINS][ROWS][2] = {0};                                                                 \
        _Pragma("GCC unroll 8") for (int i = 0; i < ROWS; i++)                                                  \
        {                                                                                                       \
            sum[0][i][0] = *(KERNEL(vec) *)(totals + i * KERNEL(WIDTH));                                        \
            sum[0][i][1] = *(KERNEL(vec) *)(totals + i * KERNEL(WIDTH) + KERNEL(LANES));                        \
        }                                                                                                       \
        int64_t whole = k / CHAINS * CHAINS, l = 0;                                                             \
        for (; l < whole; l += CHAINS) {                                                                        \
            _Pragma("GCC unroll 4") for (int c = 0; c < CHAINS; c++, a += step, panel += KERNEL(WIDTH))         \
            {                                                                                                   \
                KERNEL(vec) x = *(const KERNEL(vec) *)panel, y = *(const KERNEL(vec) *)(panel + KERNEL(LANES)); \
                _Pragma("GCC unroll 8") for (int i = 0; i < ROWS; i++)                                          \
                {                                                                                               \
                    REAL one = a[i * row];                                                                      \
                    sum[c][i][0] += x * one;                                                                    \
                    sum[c][i][1] += y * one;                                                                    \
                }                                                                                               \
            }                                                                                                   \
        }                                                                                                       \
        for (; l < k; l++, a += step, panel += KERNEL(WIDTH)) {                                                 \
            KERNEL(vec) x = *(const KERNEL(vec) *)panel, y = *(const KERNEL(vec) *)(panel + KERNEL(LANES));     \
            _Pragma("GCC unroll 8") for (int i = 0; i < ROWS; i++)                                              \
            {                                                                                                   \
                sum[0][i][0] += x * a[i * row];                                                                 \
                sum[0][i][1] += y * a[i * row];                                                                 \
            }                                                                                                   \
        }                                                                                                       \
        _Pragma("GCC unroll 8") for (int i = 0; i < ROWS; i++)                                                  \
        {                                                                                                       \
            _Pragma("GCC unroll 4") for (int c = 1; c < CHAINS; c++)                                            \
            {                                                                                                   \
                sum[0][i][0] += sum[c][i][0];                                                                   \
                sum[0][i][1] += sum[c][i][1];                                                                   \
            }                                                                                                   \
            *(KERNEL(vec) *)(totals + i * KERNEL(WIDTH)) = sum[0][i][0];                                        \
            *(KERNEL(vec) *)(totals + i * KERNEL(WIDTH) + KERNEL(LANES)) = sum[0][i][1];                        \
        }                                                                                                       \
    }

TILE(1, 4)
TILE(2, 4)
TILE(4, 2)
TILE(8, 1)

/* `rows` rows (at most ROW_BLOCK) of the left factor with one panel: `totals` is rows x WIDTH. */
ATTRIBUTES static void KERNEL(gather)(const void *left, int64_t row, int64_t step, const void *right, int64_t rows,
                                      int64_t k, void *sums)
{
    const REAL *a = left, *panel = right;
    REAL *totals = sums;
    memset(totals, 0, (size_t)(rows * RT_PANEL_BYTES));
    for (int64_t done = 0; done < k; done += DEPTH) {
        int64_t depth = rt_min(DEPTH, k - done);
        for (int64_t half = 0; half < KERNEL(WIDTH); half += 2 * KERNEL(LANES)) {
            const REAL *b = panel + done * KERNEL(WIDTH) + half;
            for (int64_t i = 0; i < rows;) {
                const REAL *at = a + i * row + done * step;
                REAL *to = totals + i * KERNEL(WIDTH) + half;
                int64_t left_rows = rows - i;
                if (left_rows >= 8) {
                    KERNEL(tile8)(at, row, step, b, depth, to);
                    i += 8;
                } else if (left_rows >= 4) {
                    KERNEL(tile4)(at, row, step, b, depth, to);
                    i += 4;
                } else if (left_rows >= 2) {
                    KERNEL(tile2)(at, row, step, b, depth, to);
                    i += 2;
                } else {
                    KERNEL(tile1)(at, row, step, b, depth, to);
                    i += 1;
                }
            }
        }
    }
}

/* What is made of the totals: `count` elements of each of `rows` rows, c being `row` elements from one to the next. */
ATTRIBUTES static void KERNEL(deliver)(const void *sums, int64_t rows, int64_t count, const void *alpha_at,
                                       const void *beta_at, void *to, int64_t row)
{
    const REAL *totals = sums;
    REAL alpha = *(const REAL *)alpha_at, beta = *(const REAL *)beta_at, *c = to;
    for (int64_t i = 0; i < rows; i++, totals += KERNEL(WIDTH), c += row) {
        if (beta == 0)
            for (int64_t j = 0; j < count; j++) c[j] = alpha * totals[j];
        else
            for (int64_t j = 0; j < count; j++) c[j] = alpha * totals[j] + beta * c[j];
    }
}

static const packed_kernels KERNEL(kernels) = {KERNEL(gather), KERNEL(deliver)};

#undef TILE
