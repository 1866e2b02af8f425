/* The kernels of packed.c for one processor family and one type. Wants KERNEL(name), REAL, BYTES (of a vector) and
 * ATTRIBUTES defined; undefines none of them. Strides are counted in elements. */

typedef REAL KERNEL(vec) __attribute__((vector_size(BYTES), aligned(sizeof(REAL)), may_alias));
enum {
    KERNEL(LANES) = BYTES / sizeof(REAL),
    KERNEL(WIDTH) = RT_PANEL_BYTES / sizeof(REAL), /* of a panel */
    KERNEL(PAIR) = 2 * KERNEL(LANES),              /* of a tile */
    KERNEL(TALLEST) = BYTES == 64 ? 12 : 6,        /* rows whose sums fit into registers beside what is added */
};

/* C = alpha * A * B + beta * C for ROWS rows and two vectors; A's rows are `row` apart and its columns `step`, B's rows
 * `b_row`. Few rows are summed in CHAINS chains, since an addition waits for the one before it. One row alone is not
 * fetched ahead for: it only reads. source: measured, 100 x 100 in float64 0.90 us without, 0.98 with. */
#define TILE(ROWS, CHAINS)                                                                                      \
    ATTRIBUTES static void KERNEL(tile##ROWS)(const REAL *a, int64_t row, int64_t step, const REAL *b,          \
                                              int64_t b_row, int64_t k, REAL alpha, REAL beta, REAL *c,         \
                                              int64_t c_row)                                                    \
    {                                                                                                           \
        KERNEL(vec) sum[CHAINS][ROWS][2] = {0};                                                                 \
        int64_t whole = k / (CHAINS) * (CHAINS), l = 0;                                                         \
        if (beta != 0) {                                                                                        \
            for (int i = 0; i < ROWS; i++) {                                                                    \
                __builtin_prefetch(c + i * c_row, 1);                                                           \
                __builtin_prefetch(c + i * c_row + KERNEL(LANES), 1);                                           \
            }                                                                                                   \
        }                                                                                                       \
        for (; l < whole; l += CHAINS) {                                                                        \
            _Pragma("GCC unroll 4") for (int s = 0; s < CHAINS; s++, a += step, b += b_row)                     \
            {                                                                                                   \
                KERNEL(vec) x = *(const KERNEL(vec) *)b, y = *(const KERNEL(vec) *)(b + KERNEL(LANES));         \
                if (ROWS > 1) {                                                                                 \
                    __builtin_prefetch(b + AHEAD * b_row);                                                      \
                    __builtin_prefetch(b + AHEAD * b_row + KERNEL(LANES));                                      \
                }                                                                                               \
                _Pragma("GCC unroll 12") for (int i = 0; i < ROWS; i++)                                         \
                {                                                                                               \
                    REAL one = a[i * row];                                                                      \
                    sum[s][i][0] += x * one;                                                                    \
                    sum[s][i][1] += y * one;                                                                    \
                }                                                                                               \
            }                                                                                                   \
        }                                                                                                       \
        for (; l < k; l++, a += step, b += b_row) {                                                             \
            KERNEL(vec) x = *(const KERNEL(vec) *)b, y = *(const KERNEL(vec) *)(b + KERNEL(LANES));             \
            _Pragma("GCC unroll 12") for (int i = 0; i < ROWS; i++)                                             \
            {                                                                                                   \
                sum[0][i][0] += x * a[i * row];                                                                 \
                sum[0][i][1] += y * a[i * row];                                                                 \
            }                                                                                                   \
        }                                                                                                       \
        _Pragma("GCC unroll 12") for (int i = 0; i < ROWS; i++)                                                 \
        {                                                                                                       \
            KERNEL(vec) *to = (KERNEL(vec) *)(c + i * c_row);                                                   \
            _Pragma("GCC unroll 2") for (int v = 0; v < 2; v++)                                                 \
            {                                                                                                   \
                KERNEL(vec) total = sum[0][i][v];                                                               \
                _Pragma("GCC unroll 4") for (int s = 1; s < CHAINS; s++) total += sum[s][i][v];                 \
                to[v] = beta == 0 ? alpha * total : alpha * total + beta * to[v];                               \
            }                                                                                                   \
        }                                                                                                       \
    }

TILE(1, 4)
TILE(3, 2)
TILE(5, 1)
TILE(6, 1)
#if BYTES == 64
TILE(2, 4)
TILE(4, 2)
TILE(7, 1)
TILE(8, 1)
TILE(9, 1)
TILE(10, 1)
TILE(11, 1)
TILE(12, 1)
#else
TILE(2, 2)
TILE(4, 1)
#endif
#undef TILE

typedef void KERNEL(tile)(const REAL *a, int64_t row, int64_t step, const REAL *b, int64_t b_row, int64_t k, REAL alpha,
                          REAL beta, REAL *c, int64_t c_row);
static KERNEL(tile) *const KERNEL(tiles)[] = {
    KERNEL(tile1), KERNEL(tile2), KERNEL(tile3), KERNEL(tile4),  KERNEL(tile5),  KERNEL(tile6),
#if BYTES == 64
    KERNEL(tile7), KERNEL(tile8), KERNEL(tile9), KERNEL(tile10), KERNEL(tile11), KERNEL(tile12),
#endif
};

/* The next of `left` rows that a tile does: all tiles are of about one height. */
static inline int64_t KERNEL(height)(int64_t left)
{
    return rt_ceil_div(left, rt_ceil_div(left, KERNEL(TALLEST)));
}

/* One tile of a panel's edge: `count` of its columns are there. */
ATTRIBUTES static void KERNEL(edge)(KERNEL(tile) *tile, const REAL *a, int64_t row, int64_t step, const REAL *b,
                                    int64_t b_row, int64_t k, REAL alpha, REAL beta, REAL *c, int64_t c_row,
                                    int64_t rows, int64_t count)
{
    _Alignas(64) REAL made[KERNEL(TALLEST) * KERNEL(PAIR)];
    const REAL *from = made;
    tile(a, row, step, b, b_row, k, alpha, 0, made, KERNEL(PAIR));
    for (int64_t i = 0; i < rows; i++, from += KERNEL(PAIR), c += c_row) {
        if (beta == 0)
            for (int64_t j = 0; j < count; j++) c[j] = from[j];
        else
            for (int64_t j = 0; j < count; j++) c[j] = from[j] + beta * c[j];
    }
}

/* `rows` rows with `count` columns of a panel. With `packed`, A lies in tiles, each with its columns one behind the other. */
ATTRIBUTES static void KERNEL(block)(const void *left, int64_t row, int64_t step, bool packed, const void *right,
                                     int64_t b_row, int64_t rows, int64_t count, int64_t k, double alpha, double beta,
                                     void *to, int64_t c_row)
{
    for (int64_t j = 0; j < count; j += KERNEL(PAIR)) {
        const REAL *a = left, *b = (const REAL *)right + j;
        REAL *c = (REAL *)to + j;
        for (int64_t i = 0; i < rows;) {
            int64_t height = KERNEL(height)(rows - i), across = packed ? 1 : row, along = packed ? height : step;
            KERNEL(tile) *tile = KERNEL(tiles)[height - 1];
            if (count - j >= KERNEL(PAIR))
                tile(a, across, along, b, b_row, k, (REAL)alpha, (REAL)beta, c, c_row);
            else
                KERNEL(edge)(tile, a, across, along, b, b_row, k, (REAL)alpha, (REAL)beta, c, c_row, height, count - j);
            a += packed ? height * k : height * row;
            c += height * c_row;
            i += height;
        }
    }
}

/* Rows and columns of a square of vectors change places: in each round those whose numbers differ in one bit. */
ATTRIBUTES static inline void KERNEL(turn)(KERNEL(vec) *x)
{
    _Pragma("GCC unroll 4") for (int bit = 1; bit < KERNEL(LANES); bit *= 2)
    {
        INTEGER low __attribute__((vector_size(BYTES))), high __attribute__((vector_size(BYTES)));
        _Pragma("GCC unroll 16") for (int l = 0; l < KERNEL(LANES); l++)
        {
            low[l] = l & bit ? (l ^ bit) + KERNEL(LANES) : l;
            high[l] = l & bit ? l + KERNEL(LANES) : l ^ bit;
        }
        _Pragma("GCC unroll 16") for (int i = 0; i < KERNEL(LANES); i++)
        {
            if (i & bit) continue;
            KERNEL(vec) one = x[i], other = x[i + bit];
            x[i] = __builtin_shuffle(one, other, low);
            x[i + bit] = __builtin_shuffle(one, other, high);
        }
    }
}

/* Squares of a panel whose columns lie one behind the other, as far as whole vectors go along k: gives how far. */
ATTRIBUTES static int64_t KERNEL(turn_panel)(const REAL *b, int64_t step, int64_t k, REAL *to)
{
    int64_t done = 0;
    for (; done + KERNEL(LANES) <= k; done += KERNEL(LANES), b += KERNEL(LANES), to += KERNEL(LANES) * KERNEL(WIDTH)) {
        for (int64_t j = 0; j < KERNEL(WIDTH); j += KERNEL(LANES)) {
            KERNEL(vec) x[KERNEL(LANES)];
            _Pragma("GCC unroll 16") for (int i = 0; i < KERNEL(LANES); i++)
                x[i] = *(const KERNEL(vec) *)(b + (j + i) * step);
            KERNEL(turn)(x);
            _Pragma("GCC unroll 16") for (int i = 0; i < KERNEL(LANES); i++)
                *(KERNEL(vec) *)(to + i * KERNEL(WIDTH) + j) = x[i];
        }
    }
    return done;
}

/* A panel: k rows of `count` columns, with zeros behind them. */
ATTRIBUTES static void KERNEL(pack_panel)(const void *from, int64_t row, int64_t step, int64_t k, int64_t count, void *panel)
{
    const REAL *b = from;
    REAL *to = panel;
    int64_t done = row == 1 && count == KERNEL(WIDTH) ? KERNEL(turn_panel)(b, step, k, to) : 0;
    b += done * row;
    to += done * KERNEL(WIDTH);
    for (; done < k; done++, b += row, to += KERNEL(WIDTH)) {
        if (step == 1 && count == KERNEL(WIDTH)) {
            memcpy(to, b, RT_PANEL_BYTES);
            continue;
        }
        for (int64_t j = 0; j < count; j++) to[j] = b[j * step];
        for (int64_t j = count; j < KERNEL(WIDTH); j++) to[j] = 0;
    }
}

/* What pack_panel made, or what became of it, goes back. */
ATTRIBUTES static void KERNEL(unpack_panel)(const void *panel, int64_t k, int64_t count, void *to, int64_t row, int64_t step)
{
    const REAL *from = panel;
    REAL *b = to;
    int64_t done = 0;
    if (row == 1 && count == KERNEL(WIDTH)) {
        for (; done + KERNEL(LANES) <= k; done += KERNEL(LANES), from += KERNEL(LANES) * KERNEL(WIDTH)) {
            for (int64_t j = 0; j < KERNEL(WIDTH); j += KERNEL(LANES)) {
                KERNEL(vec) x[KERNEL(LANES)];
                _Pragma("GCC unroll 16") for (int i = 0; i < KERNEL(LANES); i++)
                    x[i] = *(const KERNEL(vec) *)(from + i * KERNEL(WIDTH) + j);
                KERNEL(turn)(x);
                _Pragma("GCC unroll 16") for (int i = 0; i < KERNEL(LANES); i++)
                    *(KERNEL(vec) *)(b + done + (j + i) * step) = x[i];
            }
        }
    }
    for (; done < k; done++, from += KERNEL(WIDTH))
        for (int64_t j = 0; j < count; j++) b[done * row + j * step] = from[j];
}

/* Rows whose columns lie `step` apart, the rows being adjacent, as tiles that KERNEL(block) reads: some columns of all rows at
 * a time, since each column lies on a page of its own. A tile is written in whole vectors, each over the end of the one
 * before; where that would read beyond the rows or write into the next tile, one by one. */
ATTRIBUTES static void KERNEL(pack_rows)(const void *from, int64_t step, int64_t rows, int64_t k, void *tiles)
{
    enum { REACH = (KERNEL(TALLEST) + KERNEL(LANES) - 1) / KERNEL(LANES) * KERNEL(LANES), COLUMNS = 32 };
    for (int64_t first = 0; first < k; first += COLUMNS) {
        int64_t last = rt_min(k, first + COLUMNS);
        for (int64_t i = 0, height; i < rows; i += height) {
            height = KERNEL(height)(rows - i);
            const REAL *column = (const REAL *)from + i + first * step;
            REAL *to = (REAL *)tiles + i * k + first * height;
            int64_t l = first, whole = rows - i >= REACH ? rt_min(last, k - 1) : first;
            for (; l < whole; l++, column += step, to += height)
                _Pragma("GCC unroll 4") for (int v = 0; v < REACH; v += KERNEL(LANES))
                    *(KERNEL(vec) *)(to + v) = *(const KERNEL(vec) *)(column + v);
            for (; l < last; l++, column += step, to += height)
                for (int64_t r = 0; r < height; r++) to[r] = column[r];
        }
    }
}

#include "triangle_kernel.h"

static const rt_tile_kernels KERNEL(kernels) = {
    KERNEL(block), KERNEL(pack_panel), KERNEL(unpack_panel), KERNEL(pack_rows),
    KERNEL(solve), KERNEL(factor_columns), KERNEL(factor_square),
};
