/* The kernels of triangle.c for one processor family and one type, after those of tile_kernel.h. */

/* What a triangle's corner does to ROWS rows of two vectors: x = T^-1 x for the lower triangle T, from the top. Kept in
 * registers: as soon as a row is known, it is taken out of those below. */
#define CORNER(ROWS)                                                                                            \
    ATTRIBUTES static void KERNEL(corner##ROWS)(const REAL *t, int64_t row, int64_t step, bool unit, REAL *x,   \
                                                int64_t x_row)                                                  \
    {                                                                                                           \
        KERNEL(vec) rest[ROWS][2];                                                                              \
        _Pragma("GCC unroll 8") for (int i = 0; i < ROWS; i++)                                                  \
            _Pragma("GCC unroll 2") for (int v = 0; v < 2; v++) rest[i][v] = ((KERNEL(vec) *)(x + i * x_row))[v]; \
        _Pragma("GCC unroll 8") for (int j = 0; j < ROWS; j++)                                                  \
        {                                                                                                       \
            REAL scale = unit ? 1 : 1 / t[j * (row + step)];                                                    \
            rest[j][0] *= scale;                                                                                \
            rest[j][1] *= scale;                                                                                \
            _Pragma("GCC unroll 8") for (int i = j + 1; i < ROWS; i++)                                          \
            {                                                                                                   \
                REAL one = t[i * row + j * step];                                                               \
                rest[i][0] -= rest[j][0] * one;                                                                 \
                rest[i][1] -= rest[j][1] * one;                                                                 \
            }                                                                                                   \
        }                                                                                                       \
        _Pragma("GCC unroll 8") for (int i = 0; i < ROWS; i++)                                                  \
            _Pragma("GCC unroll 2") for (int v = 0; v < 2; v++) ((KERNEL(vec) *)(x + i * x_row))[v] = rest[i][v]; \
    }
CORNER(1)
#if BYTES == 64
CORNER(8)
#define LARGE_CORNER KERNEL(corner8)
#else
CORNER(4)
#define LARGE_CORNER KERNEL(corner4)
#endif
#undef CORNER

/* n rows of a panel (whole vectors): x = T^-1 x for the lower triangle T. */
ATTRIBUTES static void KERNEL(solve)(const void *triangle, int64_t row, int64_t step, bool unit, int64_t n, void *panel,
                                     int64_t x_row, int64_t count)
{
    enum { LARGE = BYTES / 8 };
    for (int64_t j = 0; j < count; j += KERNEL(PAIR)) {
        const REAL *t = triangle;
        REAL *x = (REAL *)panel + j, *top = x;
        for (int64_t i = 0; i < n;) {
            int64_t height = n - i >= LARGE ? LARGE : 1;
            if (i) KERNEL(tiles)[height - 1](t, row, step, top, x_row, i, -1, 1, x, x_row);
            (height == 1 ? KERNEL(corner1) : LARGE_CORNER)(t + i * step, row, step, unit, x, x_row);
            t += height * row;
            x += height * x_row;
            i += height;
        }
    }
}
#undef LARGE_CORNER

/* Where in x[from, n) the greatest magnitude stands first; `from` where there are only zeros and what is no number. */
ATTRIBUTES static int64_t KERNEL(greatest)(const REAL *x, int64_t from, int64_t n)
{
    typedef INTEGER whole __attribute__((vector_size(BYTES)));
    KERNEL(vec) tops = {0};
    REAL top = 0;
    int64_t i = from;
    for (; i + KERNEL(LANES) <= n; i += KERNEL(LANES)) {
        KERNEL(vec) now = *(const KERNEL(vec) *)(x + i), minus = -now;
        whole low = (whole)(now < 0);
        now = (KERNEL(vec))(((whole)now & ~low) | ((whole)minus & low));
        whole more = (whole)(now > tops);
        tops = (KERNEL(vec))(((whole)now & more) | ((whole)tops & ~more));
    }
    for (int lane = 0; lane < KERNEL(LANES); lane++) top = tops[lane] > top ? tops[lane] : top;
    for (; i < n; i++) {
        REAL now = x[i] < 0 ? -x[i] : x[i];
        top = now > top ? now : top;
    }
    for (i = from; i < n; i++)
        if (top > 0 && (x[i] == top || x[i] == -top)) return i;
    return from;
}

/* LU factors of a narrow column-major matrix, column after column, with the number (from 1) of the first pivot that is 0. */
ATTRIBUTES static int KERNEL(factor_columns)(void *matrix, int64_t rows, int64_t columns, int64_t ld, int *pivots)
{
    REAL *a = matrix;
    int singular = 0;
    for (int64_t j = 0; j < columns; j++) {
        REAL *x = a + j * ld;
        int64_t pivot = KERNEL(greatest)(x, j, rows);
        pivots[j] = (int)pivot + 1;
        for (int64_t c = 0; c < columns; c++) {
            REAL held = a[c * ld + j];
            a[c * ld + j] = a[c * ld + pivot];
            a[c * ld + pivot] = held;
        }
        if (x[j] == 0) {
            if (!singular) singular = (int)j + 1;
            continue;
        }
        for (int64_t i = j + 1; i < rows; i++) x[i] /= x[j];
        for (int64_t c = j + 1; c < columns; c++) {
            REAL *y = a + c * ld, factor = y[j];
            for (int64_t i = j + 1; i < rows; i++) y[i] -= factor * x[i];
        }
    }
    return singular;
}

/* The lower factor of a small row-major matrix: 0, or the number (from 1) of the pivot that is not above 0. */
ATTRIBUTES static int KERNEL(factor_square)(void *matrix, int64_t n, int64_t ld)
{
    REAL *a = matrix, column[RT_SQUARE];
    for (int64_t j = 0; j < n; j++) {
        REAL pivot = a[j * ld + j];
        if (!(pivot > 0)) return (int)j + 1;
        REAL root = sizeof(REAL) == 4 ? (REAL)sqrtf((float)pivot) : (REAL)sqrt((double)pivot);
        a[j * ld + j] = root;
        for (int64_t i = j + 1; i < n; i++) column[i] = a[i * ld + j] /= root;
        for (int64_t i = j + 1; i < n; i++)
            for (int64_t l = j + 1; l <= i; l++) a[i * ld + l] -= column[i] * column[l];
    }
    return 0;
}
