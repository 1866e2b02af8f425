/* Equations with triangles, LU and Cholesky factors of real numbers, on our own kernels and on one thread.
 *
 * All are made in halves, so that most of the work is products; factor.c says what that gains. */
#include "runtime.h"
#include "tiles.h"

#include <complex.h>

void rt_take_out(const rt_tiles *with, int64_t m, int64_t n, int64_t k, const char *a, int64_t row, int64_t step,
                 const char *b, int64_t b_row, int64_t b_step, char *c, int64_t c_row)
{
    static const union {
        float s;
        double d;
    } ones[] = {{.s = 1}, {.d = 1}}, minus_ones[] = {{.s = -1}, {.d = -1}};
    int64_t item = with->item;
    rt_dense_product p = {.m = m, .n = n, .k = k, .a = a, .a_row = row * item, .a_col = step * item, .b = b,
                          .b_row = b_row * item, .b_col = b_step * item, .c = c, .c_row = c_row * item, .c_col = item,
                          .alpha = &minus_ones[with->kind], .beta = &ones[with->kind]};
    rt_dense_alone(with->kind, &p);
}

/* -- equations ------------------------------------------------------------------------------------------------------------------ */
static void solve_lower(const rt_tiles *with, const char *t, int64_t row, int64_t step, bool unit, int64_t n, char *x,
                        int64_t x_row, int64_t width)
{
    int64_t item = with->item, panel = RT_PANEL_BYTES / item;
    if (n > RT_DEPTH) {
        int64_t half = n / 2 / 8 * 8;
        char *below = x + half * x_row * item;
        solve_lower(with, t, row, step, unit, half, x, x_row, width);
        rt_take_out(with, n - half, width, half, t + half * row * item, row, step, x, x_row, 1, below, x_row);
        solve_lower(with, t + half * (row + step) * item, row, step, unit, n - half, below, x_row, width);
        return;
    }
    _Alignas(64) char room[RT_DEPTH * RT_PANEL_BYTES];
    for (int64_t j = 0; j < width; j += panel, x += RT_PANEL_BYTES) {
        int64_t count = rt_min(panel, width - j);
        if (count == panel) {
            with->kernels->solve(t, row, step, unit, n, x, x_row, panel);
            continue;
        }
        with->kernels->pack_panel(x, x_row, 1, n, count, room);
        with->kernels->solve(t, row, step, unit, n, room, panel, panel);
        with->kernels->unpack_panel(room, n, count, x, x_row, 1);
    }
}

void rt_solve_rows(const rt_tiles *with, const char *t, int64_t row, int64_t step, bool upper, bool unit, int64_t n, char *x,
                   int64_t x_row, int64_t width)
{
    if (!upper) {
        solve_lower(with, t, row, step, unit, n, x, x_row, width);
        return;
    }
    /* Counted from its end, an upper triangle is a lower one. */
    t += (n - 1) * (row + step) * with->item;
    x += (n - 1) * x_row * with->item;
    solve_lower(with, t, -row, -step, unit, n, x, -x_row, width);
}

void rt_solve_columns(const rt_tiles *with, const char *t, int64_t row, int64_t step, bool unit, int64_t n, char *x,
                      int64_t ld, int64_t width)
{
    int64_t panel = RT_PANEL_BYTES / with->item;
    _Alignas(64) char room[RT_DEPTH * RT_PANEL_BYTES];
    for (int64_t j = 0; j < width; j += panel, x += panel * ld * with->item) {
        int64_t count = rt_min(panel, width - j);
        with->kernels->pack_panel(x, 1, ld, n, count, room);
        with->kernels->solve(t, row, step, unit, n, room, panel, panel);
        with->kernels->unpack_panel(room, n, count, x, 1, ld);
    }
}

/* -- LU factors ----------------------------------------------------------------------------------------------------------------- */
/* Four columns at a time: the exchanges in one wait for memory while those in the next go on. */
#define EXCHANGE(NAME, TYPE)                                                                                      \
    static void NAME(char *a, int64_t ld, const int *pivots, int64_t count, int64_t lo, int64_t hi)                \
    {                                                                                                              \
        for (int64_t first = lo; first < hi; first += 4) {                                                         \
            int64_t last = rt_min(first + 4, hi);                                                                  \
            for (int64_t i = 0; i < count; i++) {                                                                  \
                int64_t other = pivots[i] - 1;                                                                     \
                if (other == i) continue;                                                                          \
                for (int64_t column = first; column < last; column++) {                                            \
                    TYPE *x = (TYPE *)(void *)a + column * ld, held = x[i];                                        \
                    x[i] = x[other];                                                                               \
                    x[other] = held;                                                                               \
                }                                                                                                  \
            }                                                                                                      \
        }                                                                                                          \
    }
EXCHANGE(exchange_s, float)
EXCHANGE(exchange_d, double)
EXCHANGE(exchange_c, float complex)
EXCHANGE(exchange_z, double complex)

void rt_exchange_rows(int kind, char *a, int64_t ld, const int *pivots, int64_t count, int64_t lo, int64_t hi)
{
    static void (*const exchanges[RT_BLAS_KINDS])(char *, int64_t, const int *, int64_t, int64_t, int64_t) = {
        exchange_s, exchange_d, exchange_c, exchange_z};
    exchanges[kind](a, ld, pivots, count, lo, hi);
}

int rt_factor_lu(const rt_tiles *with, char *a, int64_t rows, int64_t columns, int64_t ld, int *pivots)
{
    if (columns <= RT_NARROW) return with->kernels->factor_columns(a, rows, columns, ld, pivots);
    int64_t half = (columns / 2 + RT_NARROW - 1) / RT_NARROW * RT_NARROW, rest = columns - half;
    char *right = a + half * ld * with->item, *below = a + half * with->item;
    char *corner = right + half * with->item;
    int info = rt_factor_lu(with, a, rows, half, ld, pivots);
    rt_exchange_rows(with->kind, a, ld, pivots, half, half, columns);
    rt_solve_columns(with, a, 1, ld, true, half, right, ld, rest);
    rt_take_out(with, rest, rows - half, half, right, ld, 1, below, ld, 1, corner, ld);
    int second = rt_factor_lu(with, corner, rows - half, rest, ld, pivots + half);
    rt_exchange_rows(with->kind, below, ld, pivots + half, rest, 0, half);
    for (int64_t i = half; i < columns; i++) pivots[i] += (int)half;
    return info ? info : second ? second + (int)half : 0;
}

/* -- Cholesky factors ------------------------------------------------------------------------------------------------------------ */
int rt_factor_cholesky(const rt_tiles *with, char *a, int64_t n, int64_t ld)
{
    if (n <= RT_SQUARE) return with->kernels->factor_square(a, n, ld);
    int64_t item = with->item, width = RT_PANEL_BYTES / item;
    int64_t half = (n / 2 + RT_SQUARE - 1) / RT_SQUARE * RT_SQUARE, rest = n - half;
    char *left = a + half * ld * item, *corner = left + half * item;
    int info = rt_factor_cholesky(with, a, half, ld);
    if (info) return info;
    _Alignas(64) char room[RT_DEPTH * RT_PANEL_BYTES];
    /* From below, so that the rows that a panel is multiplied with are solved for already. */
    for (int64_t i = (rest - 1) / width * width; i >= 0; i -= width) {
        int64_t count = rt_min(width, rest - i);
        char *rows = left + i * ld * item;
        with->kernels->pack_panel(rows, 1, ld, half, count, room);
        with->kernels->solve(a, ld, 1, false, half, room, width, width);
        with->kernels->unpack_panel(room, half, count, rows, 1, ld);
        with->kernels->block(rows, ld, 1, false, room, width, rest - i, count, half, -1, 1, corner + i * (ld + 1) * item, ld);
    }
    info = rt_factor_cholesky(with, corner, rest, ld);
    return info ? info + (int)half : 0;
}
