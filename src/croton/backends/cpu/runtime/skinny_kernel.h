/* The kernels of skinny.c for one processor family and one type. Wants KERNEL(name), REAL, BYTES (of a vector) and
 * ATTRIBUTES defined; undefines none of them. */

typedef REAL KERNEL(vec) __attribute__((vector_size(BYTES), aligned(sizeof(REAL)), may_alias));
enum { KERNEL(LANES) = BYTES / sizeof(REAL) };

/* Along the long side: `totals` (columns x RT_SKINNY_BLOCK) gathers k outer products of a row of `big` with a row of `small`. */
#define ALONG(COLUMNS)                                                                                          \
    ATTRIBUTES static void KERNEL(along##COLUMNS)(const REAL *big, int64_t step, const REAL *small,             \
                                                  int64_t stride, int64_t k, REAL *totals)                      \
    {                                                                                                           \
        (void)stride;                                                                                           \
        KERNEL(vec) sum[COLUMNS][2];                                                                            \
        _Pragma("GCC unroll 10") for (int j = 0; j < COLUMNS; j++)                                              \
        {                                                                                                       \
            sum[j][0] = *(KERNEL(vec) *)(totals + j * RT_SKINNY_BLOCK);                                         \
            sum[j][1] = *(KERNEL(vec) *)(totals + j * RT_SKINNY_BLOCK + KERNEL(LANES));                         \
        }                                                                                                       \
        for (int64_t i = 0; i < k; i++, big += step, small += COLUMNS) {                                        \
            KERNEL(vec) x = *(const KERNEL(vec) *)big, y = *(const KERNEL(vec) *)(big + KERNEL(LANES));         \
            _Pragma("GCC unroll 10") for (int j = 0; j < COLUMNS; j++)                                          \
            {                                                                                                   \
                sum[j][0] += x * small[j];                                                                      \
                sum[j][1] += y * small[j];                                                                      \
            }                                                                                                   \
        }                                                                                                       \
        _Pragma("GCC unroll 10") for (int j = 0; j < COLUMNS; j++)                                              \
        {                                                                                                       \
            *(KERNEL(vec) *)(totals + j * RT_SKINNY_BLOCK) = sum[j][0];                                         \
            *(KERNEL(vec) *)(totals + j * RT_SKINNY_BLOCK + KERNEL(LANES)) = sum[j][1];                         \
        }                                                                                                       \
    }

/* Along k: two rows of `big` with each of the columns of `small`, which are `stride` apart, k a whole number of vectors. */
#define ACROSS(COLUMNS)                                                                                         \
    ATTRIBUTES static void KERNEL(across##COLUMNS)(const REAL *big, int64_t step, const REAL *small,            \
                                                   int64_t stride, int64_t k, REAL *totals)                     \
    {                                                                                                           \
        KERNEL(vec) sum[COLUMNS][2] = {0};                                                                      \
        for (int64_t i = 0; i < k; i += KERNEL(LANES)) {                                                        \
            KERNEL(vec) x = *(const KERNEL(vec) *)(big + i), y = *(const KERNEL(vec) *)(big + step + i);        \
            _Pragma("GCC unroll 10") for (int j = 0; j < COLUMNS; j++)                                          \
            {                                                                                                   \
                KERNEL(vec) z = *(const KERNEL(vec) *)(small + j * stride + i);                                 \
                sum[j][0] += x * z;                                                                             \
                sum[j][1] += y * z;                                                                             \
            }                                                                                                   \
        }                                                                                                       \
        for (int j = 0; j < COLUMNS; j++)                                                                       \
            for (int row = 0; row < 2; row++) {                                                                 \
                REAL total = 0;                                                                                 \
                for (int lane = 0; lane < KERNEL(LANES); lane++) total += sum[j][row][lane];                    \
                totals[j * RT_SKINNY_BLOCK + row] += total;                                                     \
            }                                                                                                   \
    }

ALONG(2)
ALONG(4)
ALONG(6)
ALONG(8)
ALONG(10)
ACROSS(2)
ACROSS(4)
ACROSS(6)
ACROSS(8)
ACROSS(10)

static const rt_skinny_kernels KERNEL(kernels) = {
    KERNEL(LANES),
    {(rt_skinny_kernel *)KERNEL(along2), (rt_skinny_kernel *)KERNEL(along4), (rt_skinny_kernel *)KERNEL(along6),
     (rt_skinny_kernel *)KERNEL(along8), (rt_skinny_kernel *)KERNEL(along10)},
    {(rt_skinny_kernel *)KERNEL(across2), (rt_skinny_kernel *)KERNEL(across4), (rt_skinny_kernel *)KERNEL(across6),
     (rt_skinny_kernel *)KERNEL(across8), (rt_skinny_kernel *)KERNEL(across10)},
};

#undef ALONG
#undef ACROSS
