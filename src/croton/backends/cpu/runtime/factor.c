/* Triangular factors and solutions with them: Cholesky, LU, and equations; real ones on our own kernels (triangle.c).
 *
 * Matrices of LAPACK are column-major. What is row-major here is a transpose there: the lower factor of Cholesky is an
 * upper one, and a right side B is B^T, which is solved for from the right. So no right side is ever transposed.
 *
 * A large matrix is cut into blocks for our own threads, BLAS being serial. The blocks depend on sizes alone, so that the
 * bits of a result do not depend on the number of threads. */
#include "runtime.h"
#include "lapack.h"
#include "tiles.h"

#include <complex.h>
#include <math.h>
#include <string.h>

typedef void potrf_fn(char *uplo, int *n, void *a, int *lda, int *info);
typedef void getrf_fn(int *m, int *n, void *a, int *lda, int *pivots, int *info);

/* source: measured, one core does 60 Gflop/s in float64 here: 33 ps for a multiplication with its addition. */
static const int64_t ps_per_product[RT_BLAS_KINDS] = {16, 33, 64, 130};

/* Columns of a panel, columns of a tile, and the order from which a matrix is cut.
 * source: measured on one thread, float64: order 512 in panels of 128 takes 1.05 times as long as LAPACK's own way;
 * on our own kernels equations of order 200 and 1000 take 0.46 and 0.80 of the time that LAPACK takes over SciPy's
 * OpenBLAS, Cholesky factors 0.31 and 0.57; panels of 192 and 256 are no faster. */
enum { PANEL = 128, TILE = 128, CUT_FROM = 384 };

static const union {
    float s;
    double d;
    float complex c;
    double complex z;
} ones[RT_BLAS_KINDS] = {{.s = 1}, {.d = 1}, {.c = 1}, {.z = 1}},
  minus_ones[RT_BLAS_KINDS] = {{.s = -1}, {.d = -1}, {.c = -1}, {.z = -1}};

/* The work of `products` multiplications with their additions, in picoseconds. */
static int64_t work_of(int kind, int64_t products) { return rt_times(products, ps_per_product[kind]); }

static void set_nan(int kind, char *at)
{
    bool single = kind == 0 || kind == 2;
    for (int part = 0; part < (kind < 2 ? 1 : 2); part++) {
        float s = NAN;
        double d = NAN;
        memcpy(at + part * (single ? 4 : 8), single ? (void *)&s : (void *)&d, single ? 4 : 8);
    }
}

/* -- one matrix, cut into panels ------------------------------------------------------------------------------------------ */
/* The panel in hand is columns [j, j + nb) of the n x n matrix at `a`; `rest` columns follow it. */
typedef struct {
    int kind;
    int n, j, nb, rest;
    int64_t item, tiles;
    char *a;
    int *pivots;
    int info;
    rt_tiles with; /* no kernels: BLAS and LAPACK */
} panels;

static char *element(const panels *p, int64_t row, int64_t column)
{
    return p->a + (row + column * p->n) * p->item;
}

static void factor_panel(void *arg, int64_t Py_UNUSED(chunk), int Py_UNUSED(worker))
{
    panels *p = arg;
    int below = p->n - p->j;
    char *corner = element(p, p->j, p->j);
    if (p->with.kernels)
        p->info = p->pivots ? rt_factor_lu(&p->with, corner, below, p->nb, p->n, p->pivots + p->j)
                            : rt_factor_cholesky(&p->with, corner, p->nb, p->n);
    else if (p->pivots)
        RT_LAPACK_FN(getrf_fn, RT_GETRF, p->kind)(&below, &p->nb, corner, &p->n, p->pivots + p->j,
                                                  &p->info);
    else
        RT_LAPACK_FN(potrf_fn, RT_POTRF, p->kind)("U", &p->nb, corner, &p->n, &p->info);
}

static void solve_tile(void *arg, int64_t chunk, int Py_UNUSED(worker))
{
    panels *p = arg;
    int64_t column = p->j + p->nb + chunk * TILE;
    int width = (int)rt_min(TILE, p->n - column);
    if (p->with.kernels) {
        rt_solve_columns(&p->with, element(p, p->j, p->j), p->n, 1, false, p->nb, element(p, p->j, column), p->n, width);
        return;
    }
    rt_blas.trsm[p->kind]("L", "U", "C", "N", &p->nb, &width, &ones[p->kind], element(p, p->j, p->j), &p->n,
                          element(p, p->j, column), &p->n);
}

/* Tile (row, column) of the upper triangle, counted along rows of tiles, loses the product of what stands above. */
static void update_tile(void *arg, int64_t chunk, int Py_UNUSED(worker))
{
    panels *p = arg;
    int64_t row = 0;
    while (chunk >= p->tiles - row) chunk -= p->tiles - row++;
    int64_t first = p->j + p->nb, i = first + row * TILE, l = first + (row + chunk) * TILE;
    int height = (int)rt_min(TILE, p->n - i), width = (int)rt_min(TILE, p->n - l);
    if (p->with.kernels) {
        rt_take_out(&p->with, width, height, p->nb, element(p, p->j, l), p->n, 1, element(p, p->j, i), 1, p->n,
                    element(p, i, l), p->n);
        return;
    }
    rt_blas.gemm[p->kind]("C", "N", &height, &width, &p->nb, &minus_ones[p->kind], element(p, p->j, i), &p->n,
                          element(p, p->j, l), &p->n, &ones[p->kind], element(p, i, l), &p->n);
}

static int32_t cut_cholesky(rt_ctx *ctx, panels *p)
{
    for (p->j = 0; p->j < p->n; p->j += p->nb) {
        p->nb = (int)rt_min(PANEL, p->n - p->j);
        p->rest = p->n - p->j - p->nb;
        p->tiles = rt_ceil_div(p->rest, TILE);
        int64_t block = (int64_t)p->nb * p->nb, columns = block * p->rest;
        if (!rt_split(ctx, factor_panel, p, 1, work_of(p->kind, block * p->nb / 6), false)) return RT_E_INTERRUPTED;
        if (p->info) {
            p->info += p->j;
            return 0;
        }
        if (!p->rest) break;
        if (!rt_split(ctx, solve_tile, p, p->tiles, work_of(p->kind, columns / 2), true)) return RT_E_INTERRUPTED;
        int64_t work = work_of(p->kind, rt_times(p->rest, (int64_t)p->rest * p->nb) / 2);
        if (!rt_split(ctx, update_tile, p, p->tiles * (p->tiles + 1) / 2, work, true)) return RT_E_INTERRUPTED;
    }
    return 0;
}

/* What a panel of LU does to one tile of columns on its right; the last chunk are the columns on its left. */
static void eliminate_tile(void *arg, int64_t chunk, int Py_UNUSED(worker))
{
    panels *p = arg;
    if (chunk == p->tiles) {
        rt_exchange_rows(p->kind, element(p, p->j, 0), p->n, p->pivots + p->j, p->nb, 0, p->j);
        return;
    }
    int64_t column = p->j + p->nb + chunk * TILE;
    int width = (int)rt_min(TILE, p->n - column);
    rt_exchange_rows(p->kind, element(p, p->j, 0), p->n, p->pivots + p->j, p->nb, column, column + width);
    if (p->with.kernels) {
        rt_solve_columns(&p->with, element(p, p->j, p->j), 1, p->n, true, p->nb, element(p, p->j, column), p->n, width);
        rt_take_out(&p->with, width, p->rest, p->nb, element(p, p->j, column), p->n, 1, element(p, p->j + p->nb, p->j),
                    p->n, 1, element(p, p->j + p->nb, column), p->n);
        return;
    }
    rt_blas.trsm[p->kind]("L", "L", "N", "U", &p->nb, &width, &ones[p->kind], element(p, p->j, p->j), &p->n,
                          element(p, p->j, column), &p->n);
    rt_blas.gemm[p->kind]("N", "N", &p->rest, &width, &p->nb, &minus_ones[p->kind], element(p, p->j + p->nb, p->j),
                          &p->n, element(p, p->j, column), &p->n, &ones[p->kind],
                          element(p, p->j + p->nb, column), &p->n);
}

static int32_t cut_lu(rt_ctx *ctx, panels *p)
{
    int singular = 0;
    for (p->j = 0; p->j < p->n; p->j += p->nb) {
        p->nb = (int)rt_min(PANEL, p->n - p->j);
        p->rest = p->n - p->j - p->nb;
        p->tiles = rt_ceil_div(p->rest, TILE);
        int64_t panel = (int64_t)(p->n - p->j) * p->nb;
        if (!rt_split(ctx, factor_panel, p, 1, work_of(p->kind, panel * p->nb / 2), false)) return RT_E_INTERRUPTED;
        if (p->info > 0 && !singular) singular = p->info + p->j;
        int64_t work = work_of(p->kind, rt_times(panel, p->rest));
        if (!rt_split(ctx, eliminate_tile, p, p->tiles + 1, work, true)) return RT_E_INTERRUPTED;
        for (int i = 0; i < p->nb; i++) p->pivots[p->j + i] += p->j;
    }
    p->info = singular;
    return 0;
}

/* -- factors of each matrix of a batch ---------------------------------------------------------------------------------- */
typedef struct {
    int kind;
    int32_t flags;
    int64_t n, item;
    char *a;
    int32_t *pivots, *infos;
    rt_tiles with;
} factors;

static void clear_above(const factors *job, char *a, bool failed)
{
    for (int64_t i = 0; i < job->n; i++) {
        char *row = a + i * job->n * job->item;
        if (!failed) memset(row + (i + 1) * job->item, 0, (size_t)((job->n - i - 1) * job->item));
        for (int64_t l = 0; failed && l < job->n; l++) set_nan(job->kind, row + l * job->item);
    }
}

static void factor_one(void *arg, int64_t chunk, int Py_UNUSED(worker))
{
    factors *job = arg;
    int n = (int)job->n, info = 0;
    char *a = job->a + chunk * job->n * job->n * job->item;
    int *pivots = job->pivots ? job->pivots + chunk * job->n : NULL;
    if (job->with.kernels)
        info = pivots ? rt_factor_lu(&job->with, a, n, n, n, pivots) : rt_factor_cholesky(&job->with, a, n, n);
    else if (pivots)
        RT_LAPACK_FN(getrf_fn, RT_GETRF, job->kind)(&n, &n, a, &n, pivots, &info);
    else
        RT_LAPACK_FN(potrf_fn, RT_POTRF, job->kind)("U", &n, a, &n, &info);
    if (!pivots) clear_above(job, a, info && job->flags & RT_LA_NAN);
    job->infos[chunk] = info;
}

static int32_t factor_in_panels(rt_ctx *ctx, const factors *job, int64_t item)
{
    panels p = {.kind = job->kind, .n = (int)job->n, .item = job->item, .a = job->a + item * job->n * job->n * job->item,
                .pivots = job->pivots ? job->pivots + item * job->n : NULL, .with = job->with};
    int32_t status = p.pivots ? cut_lu(ctx, &p) : cut_cholesky(ctx, &p);
    if (!p.pivots) clear_above(job, p.a, p.info && job->flags & RT_LA_NAN);
    job->infos[item] = p.info;
    return status;
}

static int32_t factor(rt_ctx *ctx, int32_t node, int32_t dtype, factors *job, int64_t batch)
{
    int32_t status = rt_lapack_check(ctx, dtype, job->n);
    if (status || !batch || !job->n) return status;
    job->kind = rt_blas_kind(dtype);
    job->item = PyDataType_ELSIZE(rt_descrs[dtype]);
    job->with = (rt_tiles){rt_tile_kernels_for(job->kind), job->kind, job->item};
    job->infos = rt_alloc(ctx, batch * (int64_t)sizeof *job->infos);
    if (!job->infos) return RT_E_MEMORY;
    if (job->n >= CUT_FROM) {
        for (int64_t i = 0; i < batch && !status; i++) status = factor_in_panels(ctx, job, i);
    } else {
        int64_t work = rt_times(batch, work_of(job->kind, job->n * job->n * job->n / 2) + 1000000);
        if (!rt_split(ctx, factor_one, job, batch, work, work >= RT_PARALLEL_PS)) status = RT_E_INTERRUPTED;
    }
    for (int64_t i = 0; i < batch && !status; i++)
        if (job->infos[i] && !job->pivots && !(job->flags & RT_LA_NAN)) status = rt_lapack_fail(ctx, node, job->infos[i], i);
    rt_free(ctx, job->infos);
    return status;
}

int32_t rt_potrf(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t n, void *a)
{
    factors job = {.flags = flags, .n = n, .a = a};
    return factor(ctx, node, dtype, &job, batch);
}

int32_t rt_getrf(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t Py_UNUSED(flags), int64_t batch, int64_t n, void *a,
                 void *pivots)
{
    factors job = {.n = n, .a = a, .pivots = pivots};
    return factor(ctx, node, dtype, &job, batch);
}

/* -- equations ------------------------------------------------------------------------------------------------------------------ */
typedef struct {
    int kind;
    char uplo, trans; /* of the column-major matrix at `a`, as it stands on the left of a vector */
    bool transposed;
    bool upper_right, lower_right; /* of right sides, only this triangle is not 0 */
    int64_t n, k, item, tiles, width;
    const char *a;
    int64_t a_step;
    int lda;
    const int32_t *pivots; /* NULL: the matrix is triangular */
    char *b;
    rt_tiles with;
} equations;

static void swap_rows(const equations *job, char *b, int64_t i, int64_t l, int64_t width)
{
    char held[1024], *x = b + i * job->k * job->item, *y = b + l * job->k * job->item;
    if (i == l) return;
    for (int64_t left = width * job->item; left > 0;) {
        size_t count = (size_t)rt_min(left, (int64_t)sizeof held);
        memcpy(held, x, count);
        memcpy(x, y, count);
        memcpy(y, held, count);
        x += count;
        y += count;
        left -= (int64_t)count;
    }
}

static void triangular(const equations *job, const char *a, char *b, char uplo, char trans, char diagonal, int n, int width)
{
    int k = (int)job->k, one = 1;
    if (k == 1) {
        rt_blas.trsv[job->kind](&uplo, &trans, &diagonal, &n, a, (int *)(uintptr_t)&job->lda, b, &one);
        return;
    }
    if (job->with.kernels) {
        bool plain = trans == 'N';
        rt_solve_rows(&job->with, a, plain ? 1 : job->lda, plain ? job->lda : 1, (uplo == 'U') == plain, diagonal == 'U', n, b,
                      k, width);
        return;
    }
    char side = 'R', other = trans == 'N' ? 'T' : 'N';
    rt_blas.trsm[job->kind](&side, &uplo, &other, &diagonal, &width, &n, &ones[job->kind], a,
                            (int *)(uintptr_t)&job->lda, b, &k);
}

static void solve_columns(void *arg, int64_t chunk, int Py_UNUSED(worker))
{
    const equations *job = arg;
    int64_t item = chunk / job->tiles, from = chunk % job->tiles * job->width;
    int width = (int)rt_min(job->width, job->k - from);
    const char *a = job->a + item * job->a_step;
    char *b = job->b + (item * job->n * job->k + from) * job->item;
    int n = (int)job->n;
    if (!job->pivots) {
        if (job->upper_right) n = (int)rt_min(n, from + width);
        if (job->lower_right) {
            int64_t skipped = rt_min(n, from);
            a += skipped * (job->lda + 1) * job->item;
            b += skipped * job->k * job->item;
            n -= (int)skipped;
        }
        triangular(job, a, b, job->uplo, job->trans, 'N', n, width);
        return;
    }
    const int32_t *pivots = job->pivots + item * job->n;
    if (!job->transposed) {
        for (int64_t i = 0; i < job->n; i++) swap_rows(job, b, i, pivots[i] - 1, width);
        triangular(job, a, b, 'L', 'N', 'U', n, width);
        triangular(job, a, b, 'U', 'N', 'N', n, width);
    } else {
        triangular(job, a, b, 'U', 'T', 'N', n, width);
        triangular(job, a, b, 'L', 'T', 'U', n, width);
        for (int64_t i = job->n; i-- > 0;) swap_rows(job, b, i, pivots[i] - 1, width);
    }
}

static int32_t solve_all(rt_ctx *ctx, equations *job, int64_t batch)
{
    int64_t each = work_of(job->kind, rt_times(job->n * job->n, job->k) / (job->pivots ? 1 : 2)) + 200000;
    int64_t work = rt_times(batch, each);
    job->with = (rt_tiles){rt_tile_kernels_for(job->kind), job->kind, job->item};
    /* A tile reads the whole matrix, and should be worth that. */
    job->width = each < RT_PARALLEL_PS ? job->k : rt_max(64, rt_ceil_div(rt_ceil_div(job->k, 8), 32) * 32);
    if (job->upper_right || job->lower_right) job->width = rt_min(job->width, 64);
    job->tiles = rt_ceil_div(job->k, job->width);
    bool finished = rt_split(ctx, solve_columns, job, rt_times(batch, job->tiles), work, work >= RT_PARALLEL_PS);
    return finished ? 0 : RT_E_INTERRUPTED;
}

static int32_t check_diagonal(rt_ctx *ctx, int32_t node, const equations *job, int64_t batch)
{
    for (int64_t item = 0; item < batch; item++)
        for (int64_t i = 0; i < job->n; i++)
            if (rt_blas_is_zero(job->kind, job->a + item * job->a_step + i * (job->lda + 1) * job->item))
                return rt_lapack_fail(ctx, node, i + 1, item);
    return 0;
}

int32_t rt_getrs(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t n,
                 int64_t k, const void *lu, const void *pivots, void *b)
{
    int32_t status = rt_lapack_check(ctx, dtype, rt_max(n, k));
    if (status || !batch || !n || !k) return status;
    equations job = {.kind = rt_blas_kind(dtype), .transposed = flags & RT_LA_TRANSPOSED, .n = n, .k = k, .a = lu,
                     .lda = (int)n, .pivots = pivots, .b = b};
    job.item = PyDataType_ELSIZE(rt_descrs[dtype]);
    job.a_step = n * n * job.item;
    status = check_diagonal(ctx, node, &job, batch);
    return status ? status : solve_all(ctx, &job, batch);
}

int32_t rt_trtrs(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t n, int64_t k,
                 const void *a, int64_t a_bs, int64_t a_rs, int64_t a_cs, void *b)
{
    int32_t status = rt_lapack_check(ctx, dtype, rt_max(n, k));
    if (status || !batch || !n || !k) return status;
    equations job = {.kind = rt_blas_kind(dtype), .n = n, .k = k, .a = a, .a_step = a_bs, .b = b};
    job.item = PyDataType_ELSIZE(rt_descrs[dtype]);
    int64_t lda;
    void *copy = NULL;
    char order = rt_blas_orientation(n, n, a_rs, a_cs, job.item, &lda);
    if (!order) {
        int64_t dims[] = {batch, n, n}, strides[] = {a_bs, a_rs, a_cs};
        copy = rt_contiguous(ctx, job.item, 3, dims, (void *)(uintptr_t)a, strides);
        if (!copy) return RT_E_MEMORY;
        job.a = copy;
        job.a_step = n * n * job.item;
        order = 'T';
        lda = n;
    }
    status = rt_lapack_check(ctx, dtype, lda);
    job.lda = (int)lda;
    job.trans = order;
    job.uplo = (order == 'N') == !!(flags & RT_LA_UPPER) ? 'U' : 'L';
    job.upper_right = flags & RT_LA_TRIANGULAR && flags & RT_LA_UPPER;
    job.lower_right = flags & RT_LA_TRIANGULAR && !(flags & RT_LA_UPPER);
    if (!status) status = check_diagonal(ctx, node, &job, batch);
    if (!status) status = solve_all(ctx, &job, batch);
    if (copy != a) rt_free(ctx, copy);
    return status;
}

/* -- the lower triangle of a product -------------------------------------------------------------------------------- */
typedef struct {
    int kind, ldl, ldg;
    char l_trans, g_trans;
    int64_t n, item, triangle; /* triangle: tiles in it */
    const char *l, *g;
    int64_t l_bs, l_rs, l_cs, g_bs, g_rs, g_cs;
    char *y;
} lower_product;

static void halve(int kind, char *x)
{
    switch (kind) {
    case 0: *(float *)(void *)x /= 2; break;
    case 1: *(double *)(void *)x /= 2; break;
    case 2: *(float complex *)(void *)x /= 2; break;
    default: *(double complex *)(void *)x /= 2;
    }
}

/* Columns of L begin with zeros: tile (row, column) is a product of what stands from `row` on in L and in G. */
static void multiply_tile(void *arg, int64_t chunk, int Py_UNUSED(worker))
{
    const lower_product *p = arg;
    int64_t batch = chunk / p->triangle, column = chunk % p->triangle, row = 0;
    while (column > row) column -= ++row;
    int64_t i = row * TILE, j = column * TILE;
    int height = (int)rt_min(TILE, p->n - i), width = (int)rt_min(TILE, p->n - j), depth = (int)(p->n - i);
    int ldl = p->ldl, ldg = p->ldg, ldy = (int)p->n;
    const char *l = p->l + batch * p->l_bs + i * (p->l_rs + p->l_cs);
    const char *g = p->g + batch * p->g_bs + i * p->g_rs + j * p->g_cs;
    char *y = p->y + (batch * p->n * p->n + i * p->n + j) * p->item, l_trans = p->l_trans, g_trans = p->g_trans;
    static const double complex zero = 0;
    rt_blas.gemm[p->kind](&g_trans, &l_trans, &width, &height, &depth, &ones[p->kind], g, &ldg, l, &ldl, &zero, y, &ldy);
    for (int64_t r = 0; r < height && row == column; r++) {
        char *on_diagonal = y + r * (p->n + 1) * p->item;
        halve(p->kind, on_diagonal);
        memset(on_diagonal + p->item, 0, (size_t)((p->n - i - r - 1) * p->item));
    }
}

int32_t rt_lower_product(rt_ctx *ctx, int32_t Py_UNUSED(node), int32_t dtype, int32_t Py_UNUSED(flags), int64_t batch,
                         int64_t n, const void *l, int64_t l_bs, int64_t l_rs, int64_t l_cs, const void *g, int64_t g_bs,
                         int64_t g_rs, int64_t g_cs, void *y)
{
    int32_t status = rt_lapack_check(ctx, dtype, n);
    if (status || !batch || !n) return status;
    lower_product p = {.kind = rt_blas_kind(dtype), .n = n, .item = PyDataType_ELSIZE(rt_descrs[dtype]), .l = l, .g = g,
                       .l_bs = l_bs, .l_rs = l_rs, .l_cs = l_cs, .g_bs = g_bs, .g_rs = g_rs, .g_cs = g_cs, .y = y};
    int64_t tiles = rt_ceil_div(n, TILE), ldl, ldg;
    p.triangle = tiles * (tiles + 1) / 2;
    char l_order = rt_blas_orientation(n, n, l_rs, l_cs, p.item, &ldl);
    char g_order = rt_blas_orientation(n, n, g_rs, g_cs, p.item, &ldg);
    if (!l_order || !g_order) return rt_fail(ctx, RT_E_INTERNAL, -1, 0, NULL);
    /* Y is row-major, so its transpose G^T L is what BLAS makes. */
    p.g_trans = g_order == 'N' ? 'T' : 'N';
    p.l_trans = l_order;
    p.ldl = (int)ldl;
    p.ldg = (int)ldg;
    int64_t work = work_of(p.kind, rt_times(rt_times(n, n * n), batch) / 5) + 100000;
    bool finished = rt_split(ctx, multiply_tile, &p, rt_times(batch, p.triangle), work, work >= RT_PARALLEL_PS);
    return finished ? 0 : RT_E_INTERRUPTED;
}
