/* Matrix products over Fortran BLAS pointers.
 *
 * BLAS runs serially; we cut C into tiles for our own threads. The tiles depend on sizes alone, and are used by a single
 * thread as well, so that the bits of a result do not depend on the number of threads. */
#include "runtime.h"
#include "blas.h"

#include <complex.h>
#include <string.h>

/* source: measured, one core does 60 Gflop/s in float64 here: 33 ps for a multiplication with its addition. */
static const int64_t ps_per_product[RT_BLAS_KINDS] = {16, 33, 64, 130};

rt_blas_table rt_blas;

int rt_blas_kind(int32_t dtype)
{
    switch (dtype) {
    case RT_FLOAT32: return 0;
    case RT_FLOAT64: return 1;
    case RT_COMPLEX64: return 2;
    case RT_COMPLEX128: return 3;
    default: return -1;
    }
}

bool rt_blas_is_zero(int kind, const void *scalar)
{
    switch (kind) {
    case 0: return *(const float *)scalar == 0;
    case 1: return *(const double *)scalar == 0;
    case 2: return *(const float complex *)scalar == 0;
    default: return *(const double complex *)scalar == 0;
    }
}

/* Products of so few terms are quicker in plain C. source: measured, 2x2x2 50 against 59 ns, 4x4x4 85 against 63. */
enum { SMALL = 16 };

/* -- products in plain C ------------------------------------------------------------------------------------------------------ */
typedef struct {
    char *data;
    int64_t bs, rs, cs;
} matrix;

#define SMALL_PRODUCT(NAME, TYPE)                                                                              \
    static void NAME(int64_t m, int64_t n, int64_t k, const void *alpha_p, const matrix *a, const matrix *b,  \
                     const void *beta_p, const matrix *c)                                                      \
    {                                                                                                          \
        TYPE alpha = *(const TYPE *)alpha_p, beta = *(const TYPE *)beta_p;                                     \
        for (int64_t i = 0; i < m; i++) {                                                                      \
            for (int64_t j = 0; j < n; j++) {                                                                  \
                const char *left = a->data + i * a->rs, *right = b->data + j * b->cs;                          \
                TYPE sum = 0, *to = (TYPE *)(void *)(c->data + i * c->rs + j * c->cs);                         \
                for (int64_t l = 0; l < k; l++)                                                                \
                    sum += *(const TYPE *)(const void *)(left + l * a->cs) *                                   \
                           *(const TYPE *)(const void *)(right + l * b->rs);                                   \
                *to = beta == 0 ? alpha * sum : alpha * sum + beta * *to;                                      \
            }                                                                                                  \
        }                                                                                                      \
    }
SMALL_PRODUCT(small_s, float)
SMALL_PRODUCT(small_d, double)
SMALL_PRODUCT(small_c, float complex)
SMALL_PRODUCT(small_z, double complex)

typedef void small_product(int64_t m, int64_t n, int64_t k, const void *alpha, const matrix *a, const matrix *b,
                           const void *beta, const matrix *c);
static small_product *const small_products[RT_BLAS_KINDS] = {small_s, small_d, small_c, small_z};

/* -- operands as BLAS wants them ------------------------------------------------------------------------------------------------ */
char rt_blas_orientation(int64_t rows, int64_t cols, int64_t rs, int64_t cs, int64_t item, int64_t *ld)
{
    if ((rs == item || rows == 1) && (cols == 1 || (cs >= item * rows && cs % item == 0))) {
        *ld = cols == 1 ? rt_max(1, rows) : cs / item;
        return 'N';
    }
    if ((cs == item || cols == 1) && (rows == 1 || (rs >= item * cols && rs % item == 0))) {
        *ld = rows == 1 ? rt_max(1, cols) : rs / item;
        return 'T';
    }
    return 0;
}

typedef struct {
    int kind;
    char ta, tb;
    int64_t item, batch, m, n, k, lda, ldb, ldc;
    const void *alpha, *beta;
    matrix a, b, c;
    bool small, tiny;
    int64_t tile_m, tile_n, tiles_m, tiles_n;
    int64_t per_chunk; /* products of a batch that one chunk does */
} product;

/* Copies (batch, rows, cols) to column-major memory; `to` describes it. Null on failure. */
static void *copy_matrix(rt_ctx *ctx, int64_t item, int64_t batch, int64_t rows, int64_t cols, const matrix *from,
                         matrix *to, bool with_values)
{
    int64_t copies = from->bs ? batch : 1;
    to->rs = item;
    to->cs = item * rows;
    to->bs = from->bs ? item * rows * cols : 0;
    to->data = rt_alloc(ctx, rt_times(rt_times(copies, rows), rt_times(cols, item)));
    if (!to->data || !with_values) return to->data;
    int64_t dims[] = {copies, cols, rows}, source[] = {from->bs, from->cs, from->rs};
    int64_t target[] = {to->bs, to->cs, to->rs};
    return rt_copy(ctx, item, 3, dims, to->data, target, from->data, source) ? NULL : to->data;
}

static int32_t orient(rt_ctx *ctx, const product *job, int64_t rows, int64_t cols, matrix *x, char *trans, int64_t *ld,
                      void **copy)
{
    *trans = rt_blas_orientation(rows, cols, x->rs, x->cs, job->item, ld);
    if (*trans) return 0;
    matrix packed;
    *copy = copy_matrix(ctx, job->item, job->batch, rows, cols, x, &packed, true);
    if (!*copy) return RT_E_MEMORY;
    *x = packed;
    *trans = 'N';
    *ld = rt_max(1, rows);
    return 0;
}

/* -- running ----------------------------------------------------------------------------------------------------------------------- */
/* The product as that of the transposes, since the rows of a column of C are adjacent. */
static rt_dense_product as_tiny(const product *job, const matrix *a, const matrix *b, const matrix *c)
{
    return (rt_dense_product){job->n, job->m, job->k, b->data, a->data, b->cs, b->rs, a->cs, a->rs,
                              c->data, c->cs, c->rs, job->alpha, job->beta};
}

static void run_tile(const product *job, int64_t item, int64_t tile)
{
    matrix a = job->a, b = job->b, c = job->c;
    a.data += item * a.bs;
    b.data += item * b.bs;
    c.data += item * c.bs;
    if (job->tiny) {
        rt_dense_product tiny = as_tiny(job, &a, &b, &c);
        rt_tiny(job->kind, &tiny);
        return;
    }
    if (job->small) {
        small_products[job->kind](job->m, job->n, job->k, job->alpha, &a, &b, job->beta, &c);
        return;
    }
    int64_t i = tile / job->tiles_n * job->tile_m, j = tile % job->tiles_n * job->tile_n;
    int m = (int)rt_min(job->tile_m, job->m - i), n = (int)rt_min(job->tile_n, job->n - j), k = (int)job->k;
    int lda = (int)job->lda, ldb = (int)job->ldb, ldc = (int)job->ldc;
    char ta = job->ta, tb = job->tb;
    rt_blas.gemm[job->kind](&ta, &tb, &m, &n, &k, job->alpha, a.data + i * a.rs, &lda, b.data + j * b.cs, &ldb,
                            job->beta, c.data + i * c.rs + j * c.cs, &ldc);
}

static void product_chunk(void *arg, int64_t chunk, int Py_UNUSED(worker))
{
    const product *job = arg;
    int64_t tiles = job->tiles_m * job->tiles_n;
    if (job->per_chunk <= 1) {
        run_tile(job, chunk / tiles, chunk % tiles);
        return;
    }
    int64_t lo = chunk * job->per_chunk, hi = rt_min(job->batch, lo + job->per_chunk);
    for (int64_t item = lo; item < hi; item++) run_tile(job, item, 0);
}

/* Halves the longer side until there are enough tiles or they would get too small to be efficient: each tile packs anew
 * what it shares with its neighbours. source: measured on one thread, 128 x 784 x 500 in float32 takes 1.03 times as long
 * in 2 tiles as in one, 1.25 times in 16; 1600 x 256 x 1024 1.11 times in 4, 1.24 in 8. */
static void choose_tiles(product *job, int64_t work)
{
    enum { SHORTEST = 128, STEP = 32 };
    static const int64_t worth_two = INT64_C(400000000), worth_some = INT64_C(3200000000), worth_many = INT64_C(8000000000);
    job->tile_m = job->m;
    job->tile_n = job->n;
    job->tiles_m = job->tiles_n = 1;
    if (job->batch > 1 && work < worth_some) return;
    for (;;) {
        int64_t tiles = job->tiles_m * job->tiles_n, each = work / tiles;
        if (tiles >= 64 || each < (tiles >= 16 ? worth_many : tiles >= 2 ? worth_some : worth_two)) break;
        bool rows = job->tile_m >= job->tile_n;
        int64_t *side = rows ? &job->tile_m : &job->tile_n, whole = rows ? job->m : job->n;
        if (*side < 2 * SHORTEST) break;
        *side = rt_ceil_div(rt_ceil_div(*side, 2), STEP) * STEP;
        *(rows ? &job->tiles_m : &job->tiles_n) = rt_ceil_div(whole, *side);
    }
}

static int32_t run_product(rt_ctx *ctx, product *job)
{
    int64_t products = rt_times(rt_times(job->m, job->n), rt_max(job->k, 1));
    int64_t each = rt_times(products, ps_per_product[job->kind]) + 20000, work = rt_times(each, job->batch);
    rt_dense_product first = as_tiny(job, &job->a, &job->b, &job->c);
    job->small = products <= SMALL || job->k == 0;
    job->tiny = !job->small && rt_tiny_fits(job->kind, &first);
    if (job->small || job->tiny)
        job->tiles_m = job->tiles_n = 1;
    else
        choose_tiles(job, each);
    int64_t tiles = job->tiles_m * job->tiles_n, chunks = tiles * job->batch;
    job->per_chunk = tiles == 1 ? rt_max(1, rt_min(RT_CHUNK_PS / each, rt_ceil_div(job->batch, rt_num_threads()))) : 1;
    if (job->per_chunk > 1) chunks = rt_ceil_div(job->batch, job->per_chunk);
    if (chunks == 1 && work <= RT_GIL_PS) {
        product_chunk(job, 0, 0);
        return 0;
    }
    bool finished = rt_split(ctx, product_chunk, job, chunks, work, work >= RT_PARALLEL_PS);
    return finished ? 0 : RT_E_INTERRUPTED;
}

static int32_t check_sizes(rt_ctx *ctx, int64_t a, int64_t b, int64_t c)
{
    int64_t largest = rt_max(a, rt_max(b, c));
    return largest > INT32_MAX ? rt_fail(ctx, RT_E_BLAS_SIZE, -1, 1, &largest) : 0;
}

static int32_t run_oriented(rt_ctx *ctx, product *job)
{
    void *a_copy = NULL, *b_copy = NULL;
    int32_t status = 0;
    if (job->k) {
        status = orient(ctx, job, job->m, job->k, &job->a, &job->ta, &job->lda, &a_copy);
        if (!status) status = orient(ctx, job, job->k, job->n, &job->b, &job->tb, &job->ldb, &b_copy);
    }
    if (!status) status = check_sizes(ctx, job->lda, job->ldb, job->ldc);
    if (!status) status = run_product(ctx, job);
    rt_free(ctx, a_copy);
    rt_free(ctx, b_copy);
    return status;
}

static void transpose_product(product *job)
{
    matrix a = job->a, b = job->b, c = job->c;
    job->a = (matrix){b.data, b.bs, b.cs, b.rs};
    job->b = (matrix){a.data, a.bs, a.cs, a.rs};
    job->c = (matrix){c.data, c.bs, c.cs, c.rs};
    int64_t m = job->m;
    job->m = job->n;
    job->n = m;
}

static int32_t run_through_copy(rt_ctx *ctx, product *job)
{
    matrix target = job->c;
    void *copy = copy_matrix(ctx, job->item, job->batch, job->m, job->n, &target, &job->c,
                             !rt_blas_is_zero(job->kind, job->beta));
    if (!copy) return RT_E_MEMORY;
    job->ldc = rt_max(1, job->m);
    int32_t status = run_oriented(ctx, job);
    int64_t dims[] = {job->batch, job->n, job->m}, to[] = {target.bs, target.cs, target.rs};
    int64_t from[] = {job->c.bs, job->c.cs, job->c.rs};
    if (!status) status = rt_copy(ctx, job->item, 3, dims, target.data, to, copy, from);
    rt_free(ctx, copy);
    return status;
}

/* The product as one of a long and a narrow matrix, with whichever side is narrow. */
static rt_skinny_product as_skinny(const product *job)
{
    bool tall = job->n <= job->m;
    matrix big = tall ? job->a : (matrix){job->b.data, 0, job->b.cs, job->b.rs};
    matrix small = tall ? job->b : (matrix){job->a.data, 0, job->a.cs, job->a.rs};
    return (rt_skinny_product){.rows = tall ? job->m : job->n, .columns = tall ? job->n : job->m, .k = job->k,
                               .big = big.data, .big_l = big.rs, .big_k = big.cs,
                               .small = small.data, .small_k = small.rs, .small_s = small.cs,
                               .c = job->c.data, .c_l = tall ? job->c.rs : job->c.cs,
                               .c_s = tall ? job->c.cs : job->c.rs, .alpha = job->alpha, .beta = job->beta};
}

/* The product with rows of C in one piece, if need be as that of the transposes. */
static rt_dense_product as_dense(const product *job)
{
    product turned = *job;
    if (job->c.cs != job->item) transpose_product(&turned);
    return (rt_dense_product){.m = turned.m, .n = turned.n, .k = turned.k, .a = turned.a.data, .b = turned.b.data,
                              .a_row = turned.a.rs, .a_col = turned.a.cs, .b_row = turned.b.rs, .b_col = turned.b.cs,
                              .c = turned.c.data, .c_row = turned.c.rs, .c_col = turned.c.cs, .alpha = turned.alpha,
                              .beta = turned.beta};
}

static int32_t multiply(rt_ctx *ctx, int32_t dtype, product *job)
{
    if (job->batch <= 0 || job->m <= 0 || job->n <= 0) return 0;
    job->kind = rt_blas_kind(dtype);
    if (job->kind < 0) return rt_fail(ctx, RT_E_INTERNAL, -1, 0, NULL);
    if (!rt_blas.gemm[job->kind]) return rt_fail(ctx, RT_E_BLAS_MISSING, -1, 0, NULL);
    int32_t status = check_sizes(ctx, job->m, job->n, job->k);
    if (status) return status;
    job->item = PyDataType_ELSIZE(rt_descrs[dtype]);
    job->lda = job->ldb = 1;
    rt_dense_product dense = as_dense(job);
    rt_skinny_product skinny = as_skinny(job);
    bool is_dense = job->batch == 1 && rt_dense_fits(job->kind, &dense);
    if (is_dense && dense.m <= RT_FEW_ROWS && dense.b_col == job->item) return rt_dense(ctx, job->kind, &dense);
    if (job->batch == 1 && rt_skinny_fits(job->kind, &skinny))
        return rt_skinny(ctx, job->kind, &skinny, rt_times(ps_per_product[job->kind], rt_times(skinny.columns, skinny.k)));
    if (is_dense) return rt_dense(ctx, job->kind, &dense);
    char c = rt_blas_orientation(job->m, job->n, job->c.rs, job->c.cs, job->item, &job->ldc);
    if (!c) return run_through_copy(ctx, job);
    if (c == 'T') transpose_product(job);
    return run_oriented(ctx, job);
}

int32_t rt_gemm(rt_ctx *ctx, int32_t dtype, int64_t m, int64_t n, int64_t k, const void *alpha, const void *a,
                int64_t a_rs, int64_t a_cs, const void *b, int64_t b_rs, int64_t b_cs, const void *beta, void *c,
                int64_t c_rs, int64_t c_cs)
{
    rt_dense_product tiny = {m, n, k, a, b, a_rs, a_cs, b_rs, b_cs, c, c_rs, c_cs, alpha, beta};
    int kind = rt_blas_kind(dtype);
    if (rt_tiny_fits(kind, &tiny)) {
        rt_tiny(kind, &tiny);
        return 0;
    }
    product job = {.batch = 1, .m = m, .n = n, .k = k, .alpha = alpha, .beta = beta,
                   .a = {(char *)(uintptr_t)a, 0, a_rs, a_cs}, .b = {(char *)(uintptr_t)b, 0, b_rs, b_cs},
                   .c = {c, 0, c_rs, c_cs}};
    return multiply(ctx, dtype, &job);
}

int32_t rt_batched_gemm(rt_ctx *ctx, int32_t dtype, int64_t batch, int64_t m, int64_t n, int64_t k, const void *alpha,
                        const void *a, int64_t a_bs, int64_t a_rs, int64_t a_cs, const void *b, int64_t b_bs,
                        int64_t b_rs, int64_t b_cs, const void *beta, void *c, int64_t c_bs, int64_t c_rs,
                        int64_t c_cs)
{
    product job = {.batch = batch, .m = m, .n = n, .k = k, .alpha = alpha, .beta = beta,
                   .a = {(char *)(uintptr_t)a, a_bs, a_rs, a_cs}, .b = {(char *)(uintptr_t)b, b_bs, b_rs, b_cs},
                   .c = {c, c_bs, c_rs, c_cs}};
    return multiply(ctx, dtype, &job);
}
