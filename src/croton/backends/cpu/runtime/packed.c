/* Products on our own kernels, for the shapes at which a BLAS does less well: with few rows, or few terms in each sum, it
 * packs both factors for little work; and in a loop whose right factor stays the same, it packs that in each step.
 *
 * The right factor is cut into panels of RT_PANEL_BYTES, which lie one behind the other, each with its k rows: packed once
 * before a loop (rt_pack), or block by block when its turn comes. Few rows read it where it lies. The left factor is read
 * where it lies, if each of its rows is in one piece.
 * source: measured on one thread in float32: 16 x 256 x 1024 packed before takes 50 us, OpenBLAS 109; and without that
 * 20 x 784 x 500 takes 0.7 of OpenBLAS's time, 128 x 784 x 500 0.84, 128 x 500 x 784 with the second factor transposed 0.94.
 * Each element of the result is summed in one order, whatever the number of threads. */
#include "runtime.h"
#include "tiles.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "fp-contract=fast")
#endif

/* ROWS: of a block of the left factor, which stays in the L2 cache. AHEAD: rows of a panel between the one that is read and
 * the one that is fetched. */
enum { DEPTH = RT_DEPTH, ROWS = 384, AHEAD = 8 };

#define KERNELS "tile_kernel.h"
#define TABLE rt_tile_kernels
#include "for_processors.h"

const rt_tile_kernels *rt_tile_kernels_for(int kind) { return kind < 2 ? kernels_for(kind) : NULL; }

/* Narrow matrices would fill too little of a panel. */
static bool is_worth_packing(int kind, int64_t item, int64_t n)
{
    return (kind == 0 || kind == 1) && n * item * 4 >= RT_PANEL_BYTES * 3 && kernels_for(kind);
}

/* A single panel that tiny.c reads. source: measured in a loop, a step with 10 x 10 and a vector in float64 takes 76 ns so, 93
 * in plain C; one with 3 x 3 24 and 22. */
static bool is_tiny_panel(int kind, int64_t item, int64_t m, int64_t n, int64_t k)
{
    bool fits = (kind == 0 || kind == 1) && rt_is_tiny(m, n, k) && n * k >= 32 && kernels_for(kind);
    return fits && !is_worth_packing(kind, item, n);
}

void rt_pack(rt_ctx *ctx, int32_t dtype, int64_t k, int64_t n, const void *b, int64_t b_rs, int64_t b_cs, void *packed)
{
    (void)ctx;
    int kind = rt_blas_kind(dtype);
    int64_t item = kind == 0 ? 4 : 8, width = RT_PANEL_BYTES / item;
    if (!is_worth_packing(kind, item, n) && !is_tiny_panel(kind, item, 1, n, k)) return;
    char *to = packed;
    for (int64_t j = 0; j < n; j += width, to += k * RT_PANEL_BYTES)
        kernels_for(kind)->pack_panel((const char *)b + j * b_cs, b_rs / item, b_cs / item, k, rt_min(width, n - j), to);
}

typedef struct {
    const rt_tile_kernels *kernels;
    int64_t item, m, n, k, row, step, b_row, b_step, c_row;
    const char *a, *b;
    const char *panels; /* of all of B, packed before; or NULL */
    char *c;
    double alpha, beta;
    bool in_place;             /* panels are read where they lie */
    int64_t per_chunk, chunks; /* panels of a chunk; chunks to a block of rows */
    char *rooms;               /* where each worker packs rows of A; NULL: they are read where they lie */
} packed_job;

/* Rows [i, i + rows) with one panel, as far as the terms [l, l + depth). */
static void add_panel(const packed_job *job, int64_t panel, int64_t i, int64_t rows, int64_t l, int64_t depth,
                      const char *packed_rows)
{
    _Alignas(64) char room[DEPTH * RT_PANEL_BYTES];
    int64_t item = job->item, width = RT_PANEL_BYTES / item, j = panel * width, count = rt_min(width, job->n - j);
    int64_t b_row = width;
    const char *left = packed_rows ? packed_rows : job->a + (i * job->row + l * job->step) * item, *right = room;
    if (job->panels) {
        right = job->panels + (panel * job->k + l) * RT_PANEL_BYTES;
    } else {
        const char *from = job->b + (l * job->b_row + j * job->b_step) * item;
        if (job->in_place && count == width) {
            right = from;
            b_row = job->b_row;
        } else {
            job->kernels->pack_panel(from, job->b_row, job->b_step, depth, count, room);
        }
    }
    job->kernels->block(left, job->row, job->step, packed_rows != NULL, right, b_row, rows, count, depth, job->alpha,
                        l ? 1 : job->beta, job->c + (i * job->c_row + j) * item, job->c_row);
}

static void packed_chunk(void *arg, int64_t chunk, int worker)
{
    const packed_job *job = arg;
    int64_t i = chunk / job->chunks * ROWS, rows = rt_min(ROWS, job->m - i);
    int64_t first = chunk % job->chunks * job->per_chunk;
    int64_t last = rt_min(first + job->per_chunk, rt_ceil_div(job->n * job->item, RT_PANEL_BYTES));
    char *room = job->rooms ? job->rooms + worker * ROWS * DEPTH * job->item : NULL;
    for (int64_t l = 0; l < job->k; l += DEPTH) {
        int64_t depth = rt_min(DEPTH, job->k - l);
        if (room) job->kernels->pack_rows(job->a + (i + l * job->step) * job->item, job->step, rows, depth, room);
        for (int64_t panel = first; panel < last; panel++) add_panel(job, panel, i, rows, l, depth, room);
    }
}

/* In picoseconds. */
static int64_t work_of(const packed_job *job, int kind)
{
    return rt_times(rt_times(job->m, job->k), rt_times(job->n, kind == 0 ? 14 : 28));
}

static int32_t run(rt_ctx *ctx, packed_job *job, int kind)
{
    int64_t panels = rt_ceil_div(job->n * job->item, RT_PANEL_BYTES), blocks = rt_ceil_div(job->m, ROWS);
    int64_t work = work_of(job, kind);
    bool parallel = work >= RT_PARALLEL_PS && rt_num_threads() > 1;
    int64_t most = job->rooms ? panels / 4 : panels; /* each packs the rows anew */
    int64_t chunks = parallel ? rt_max(1, rt_min(most, work / blocks / (RT_CHUNK_PS / 2))) : 1;
    job->per_chunk = rt_ceil_div(panels, chunks);
    job->chunks = rt_ceil_div(panels, job->per_chunk);
    chunks = job->chunks * blocks;
    if (chunks == 1 && work <= RT_GIL_PS) {
        packed_chunk(job, 0, 0);
        return 0;
    }
    return rt_split(ctx, packed_chunk, job, chunks, work, parallel) ? 0 : RT_E_INTERRUPTED;
}

int32_t rt_gemm_packed(rt_ctx *ctx, int32_t dtype, int64_t m, int64_t n, int64_t k, const void *alpha, const void *a,
                       int64_t a_rs, int64_t a_cs, const void *b, int64_t b_rs, int64_t b_cs, const void *beta, void *c,
                       int64_t c_rs, int64_t c_cs, const void *packed)
{
    int kind = rt_blas_kind(dtype);
    int64_t item = kind == 0 ? 4 : 8;
    rt_dense_product tiny = {m, n, k, a, packed, a_rs, a_cs, RT_PANEL_BYTES, item, c, c_rs, c_cs, alpha, beta};
    if (is_tiny_panel(kind, item, m, n, k) && rt_tiny_fits(kind, &tiny)) {
        rt_tiny(kind, &tiny);
        return 0;
    }
    bool fits = is_worth_packing(kind, item, n) && c_cs == item && !(a_rs % item) && !(a_cs % item) && !(c_rs % item);
    if (!fits && m == 1) /* B's transpose with a vector */
        return rt_gemv(ctx, dtype, n, k, alpha, b, b_cs, b_rs, a, a_cs, beta, c, c_cs);
    if (!fits || m <= 0 || k <= 0)
        return rt_gemm(ctx, dtype, m, n, k, alpha, a, a_rs, a_cs, b, b_rs, b_cs, beta, c, c_rs, c_cs);
    packed_job job = {.kernels = kernels_for(kind), .item = item, .m = m, .n = n, .k = k, .row = a_rs / item,
                      .step = a_cs / item, .c_row = c_rs / item, .a = a, .panels = packed, .c = c,
                      .alpha = rt_read_real(alpha, item), .beta = rt_read_real(beta, item)};
    return run(ctx, &job, kind);
}

/* Half of the L2 cache, as far as the system tells; asked for once. */
static int64_t half_of_cache(void)
{
    static _Atomic int64_t half;
    if (!half) {
        int64_t size = 0;
#ifdef _SC_LEVEL2_CACHE_SIZE
        size = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
        half = rt_max(size, INT64_C(1) << 20) / 2;
    }
    return half;
}

/* Few enough terms for B in one block of DEPTH, in a part of the L2 cache. source: measured, what is added to a C that is
 * there takes 1.1 to 1.2 times as long so: its rows come late. */
static bool is_shallow(const rt_dense_product *p, int64_t item)
{
    bool is_small = p->k <= DEPTH && rt_times(p->k, p->n) * item <= half_of_cache();
    return is_small && p->m >= 2 * RT_FEW_ROWS && rt_read_real(p->beta, item) == 0;
}

/* source: measured on one thread against OpenBLAS, with the first factor and the second one plain or transposed. With fewer
 * than 16 rows turning a second factor costs more than the product; 784 x 8 x 500 takes as long as there; 128 x 64 x 64 1.2
 * times as long. Where B is packed as a whole, 784 x 20 x 500 takes 0.85 of the time, 784 x 128 x 500 0.9, 10000 x 128 x 128
 * 0.87; and with more terms 1000 x 1000 x 1000 0.85 to 0.95, the transpose of 1600 x 256 with 1600 x 1024 0.75, of 10000 x 300
 * with 10000 x 300 0.6. 2000 x 2000 x 2000 takes up to 1.1 times as long: panels of B are packed anew for each block of rows. */
bool rt_dense_fits(int kind, const rt_dense_product *p)
{
    int64_t item = kind ? 8 : 4, products = rt_times(rt_times(p->m, p->n), p->k);
    bool shallow = is_shallow(p, item);
    if (rt_blas.best || !is_worth_packing(kind, item, p->n) || p->k < (shallow ? 16 : 96)) return false;
    if (products < 1 << (p->k < 96 ? 20 : 19)) return false;
    if (p->m < (p->b_col == item ? 2 : 16)) return false;
    if (!shallow && products > INT64_C(1) << 31) return false;
    if (p->a_row % item || p->a_col % item || p->b_row % item || p->b_col % item) return false;
    return (p->a_row == item || p->a_col == item) && (p->b_row == item || p->b_col == item) && p->c_col == item &&
           !(p->c_row % item);
}

static packed_job as_job(int kind, const rt_dense_product *p)
{
    int64_t item = kind ? 8 : 4;
    return (packed_job){.kernels = kernels_for(kind), .item = item, .m = p->m, .n = p->n, .k = p->k,
                        .in_place = p->m <= RT_FEW_ROWS && p->b_col == item,
                        .row = p->a_row / item, .step = p->a_col / item, .b_row = p->b_row / item,
                        .b_step = p->b_col / item, .c_row = p->c_row / item, .a = p->a, .b = p->b, .c = p->c,
                        .alpha = rt_read_real(p->alpha, item), .beta = rt_read_real(p->beta, item)};
}

/* Rows [lo, hi), a few at a time for all panels: so C is gone through once. Where rows of A are adjacent, those few are
 * packed. */
static void run_by_rows(const packed_job *job, int64_t lo, int64_t hi)
{
    _Alignas(64) char room[RT_FEW_ROWS * DEPTH * 8];
    int64_t panels = rt_ceil_div(job->n * job->item, RT_PANEL_BYTES);
    for (int64_t l = 0; l < job->k; l += DEPTH) {
        int64_t depth = rt_min(DEPTH, job->k - l);
        for (int64_t i = lo; i < hi; i += RT_FEW_ROWS) {
            int64_t rows = rt_min(RT_FEW_ROWS, hi - i);
            char *packed = job->row == 1 && job->step != 1 ? room : NULL;
            if (packed) job->kernels->pack_rows(job->a + (i + l * job->step) * job->item, job->step, rows, depth, packed);
            for (int64_t panel = 0; panel < panels; panel++) add_panel(job, panel, i, rows, l, depth, packed);
        }
    }
}

static void rows_chunk(void *arg, int64_t chunk, int Py_UNUSED(worker))
{
    const packed_job *job = arg;
    run_by_rows(job, chunk * job->per_chunk, rt_min(job->m, (chunk + 1) * job->per_chunk));
}

/* Few terms in each sum: B is packed as a whole, since it stays in the L2 cache. */
static int32_t run_shallow(rt_ctx *ctx, packed_job *job, int kind)
{
    int64_t width = RT_PANEL_BYTES / job->item, panels = rt_ceil_div(job->n, width);
    char *room = rt_alloc(ctx, rt_times(panels, job->k * RT_PANEL_BYTES));
    if (!room) return RT_E_MEMORY;
    for (int64_t panel = 0; panel < panels; panel++)
        job->kernels->pack_panel(job->b + panel * width * job->b_step * job->item, job->b_row, job->b_step, job->k,
                                 rt_min(width, job->n - panel * width), room + panel * job->k * RT_PANEL_BYTES);
    job->panels = room;
    int64_t work = work_of(job, kind), blocks = rt_ceil_div(job->m, RT_FEW_ROWS);
    bool parallel = work >= RT_PARALLEL_PS && rt_num_threads() > 1;
    int64_t chunks = parallel ? rt_max(1, rt_min(blocks, work / (RT_CHUNK_PS / 2))) : 1;
    job->per_chunk = rt_ceil_div(blocks, chunks) * RT_FEW_ROWS;
    bool finished = true;
    if (chunks == 1 && work <= RT_GIL_PS)
        run_by_rows(job, 0, job->m);
    else
        finished = rt_split(ctx, rows_chunk, job, rt_ceil_div(job->m, job->per_chunk), work, parallel);
    rt_free(ctx, room);
    return finished ? 0 : RT_E_INTERRUPTED;
}

void rt_dense_alone(int kind, const rt_dense_product *p)
{
    packed_job job = as_job(kind, p);
    job.chunks = 1;
    job.per_chunk = rt_ceil_div(job.n * job.item, RT_PANEL_BYTES);
    if (job.row == 1 && job.step != 1 && job.per_chunk > 1) {
        job.in_place = job.b_step == 1;
        run_by_rows(&job, 0, job.m);
        return;
    }
    for (int64_t block = 0; block * ROWS < job.m; block++) packed_chunk(&job, block, 0);
}

int32_t rt_dense(rt_ctx *ctx, int kind, const rt_dense_product *p)
{
    packed_job job = as_job(kind, p);
    if (is_shallow(p, job.item)) return run_shallow(ctx, &job, kind);
    if (p->a_col != job.item && p->n * job.item >= 8 * RT_PANEL_BYTES && p->k > 32) {
        job.rooms = rt_alloc(ctx, rt_times(ROWS * DEPTH * job.item, rt_num_threads()));
        if (!job.rooms) return RT_E_MEMORY;
    }
    int32_t status = run(ctx, &job, kind);
    rt_free(ctx, job.rooms);
    return status;
}
