/* The launchers: nests and loops over the thread pool. */
#include "runtime.h"

static const int64_t zeros[RT_MAX_BUFFERS];

/* -- running a prepared nest --------------------------------------------------------------------------------------------- */
/* A tile of each input that does not lie along v is copied to where it does, in the cache, and read there.
 * source: measured, 2 * x.T + y on 704 x 704 elements takes half of the time that it takes with a copy of all of x.T. */
enum { TILE_ROWS = 32, TILE_COLUMNS = 64 };

static int64_t tiles_bytes(const rt_nest_plan *plan)
{
    int64_t bytes = 0;
    for (int b = 0; b < plan->nbuf; b++)
        if (plan->tiled >> b & 1) bytes += (int64_t)TILE_ROWS * TILE_COLUMNS * plan->desc->bufs[b].itemsize;
    return bytes;
}

static void run_tile(const rt_nest_plan *plan, void **p, int64_t o_lo, int64_t o_hi, int64_t v_lo, int64_t v_hi, char *tile)
{
    void *q[RT_MAX_BUFFERS];
    int64_t so[RT_MAX_BUFFERS];
    for (int b = 0; b < plan->nbuf; b++) {
        q[b] = p[b];
        so[b] = plan->so[b];
        if (!(plan->tiled >> b & 1)) continue;
        int64_t itemsize = plan->desc->bufs[b].itemsize, along = plan->sr[plan->nbuf + b];
        rt_copy_tile(itemsize, tile, TILE_COLUMNS * itemsize, itemsize, (char *)p[b] + o_lo * so[b] + v_lo * along, so[b],
                     along, o_hi - o_lo, v_hi - v_lo);
        so[b] = TILE_COLUMNS * itemsize;
        q[b] = tile - o_lo * so[b] - v_lo * itemsize;
        tile += TILE_ROWS * so[b];
    }
    plan->kernel(q, so, plan->sr, o_lo, o_hi, plan->nr, v_lo, v_hi, NULL);
}

static void run_kernel(const rt_nest_plan *plan, void **p, int64_t o_lo, int64_t o_hi, int64_t v_lo, int64_t v_hi,
                       void *scratch)
{
    if (!plan->tiled) {
        plan->kernel(p, plan->so, plan->sr, o_lo, o_hi, plan->nr, v_lo, v_hi, scratch);
        return;
    }
    for (int64_t o = o_lo; o < o_hi; o += TILE_ROWS)
        for (int64_t v = v_lo; v < v_hi; v += TILE_COLUMNS)
            run_tile(plan, p, o, rt_min(o_hi, o + TILE_ROWS), v, rt_min(v_hi, v + TILE_COLUMNS), scratch);
}

/* Rows [lo, hi) of the space (outer axes, o), for v in [v_lo, v_hi). */
static void run_rows(const rt_nest_plan *plan, int64_t lo, int64_t hi, int64_t v_lo, int64_t v_hi, void *scratch)
{
    const rt_axes *outer = &plan->outer;
    void *p[RT_MAX_BUFFERS];
    int nbuf = plan->nbuf;
    for (int b = 0; b < nbuf; b++) p[b] = plan->p[b];
    if (!outer->n) {
        run_kernel(plan, p, lo, hi, v_lo, v_hi, scratch);
        return;
    }
    int64_t index[RT_MAX_AXES], rest = lo / plan->o, o_lo = lo % plan->o;
    for (int a = outer->n - 1; a >= 0; a--) {
        index[a] = rest % outer->dims[a];
        rest /= outer->dims[a];
        for (int b = 0; b < nbuf; b++) p[b] = (char *)p[b] + index[a] * outer->strides[a * nbuf + b];
    }
    for (int64_t row = lo; row < hi;) {
        int64_t o_hi = rt_min(plan->o, o_lo + (hi - row));
        run_kernel(plan, p, o_lo, o_hi, v_lo, v_hi, scratch);
        row += o_hi - o_lo;
        o_lo = 0;
        for (int a = outer->n - 1; a >= 0; a--) {
            const int64_t *strides = outer->strides + a * nbuf;
            bool carry = ++index[a] == outer->dims[a];
            int64_t steps = carry ? 1 - outer->dims[a] : 1;
            for (int b = 0; b < nbuf; b++) p[b] = (char *)p[b] + steps * strides[b];
            if (!carry) break;
            index[a] = 0;
        }
    }
}

static void nest_chunk(void *arg, int64_t chunk, int worker)
{
    const rt_nest_plan *plan = arg;
    int64_t lo = chunk / plan->v_chunks * plan->row_chunk, v_lo = chunk % plan->v_chunks * plan->v_chunk;
    int64_t hi = rt_min(plan->rows, lo + plan->row_chunk), v_hi = rt_min(plan->v, v_lo + plan->v_chunk);
    int64_t step = plan->desc->form == RT_FORM_RO && plan->desc->lanes ? plan->desc->lanes : rt_max(1, v_hi - v_lo);
    do { /* a scratch area of form RO serves `lanes` places along v at a time */
        run_rows(plan, lo, hi, v_lo, rt_min(v_hi, v_lo + step), plan->scratch + worker * plan->scratch_bytes);
        v_lo += step;
    } while (v_lo < v_hi);
}

static int64_t scratch_of(const rt_nest_plan *plan)
{
    const rt_nest_desc *desc = plan->desc;
    if (plan->tiled) return tiles_bytes(plan);
    int64_t points = rt_times(plan->nr, desc->form == RT_FORM_RO ? desc->lanes : plan->v);
    int64_t bytes = rt_times(desc->scratch_point, points);
    return bytes > INT64_MAX / 8 ? bytes : (bytes + desc->scratch + 63) & ~INT64_C(63);
}

static int64_t work_of(const rt_nest_plan *plan)
{
    int64_t points = rt_times(rt_times(plan->rows, rt_max(plan->nr, 1)), rt_max(plan->v, 1));
    return rt_times(plan->desc->cost, points);
}

/* Cuts rows, and where they are too few, v as well: in blocks of whole cache lines. */
static int64_t cut(rt_nest_plan *plan, int64_t chunks)
{
    plan->v_chunks = 1;
    plan->v_chunk = plan->v;
    if (plan->rows < chunks && plan->desc->form != RT_FORM_RI && plan->v > 64) {
        plan->v_chunk = (rt_ceil_div(plan->v, rt_ceil_div(chunks, plan->rows)) + 63) & ~INT64_C(63);
        plan->v_chunks = rt_ceil_div(plan->v, plan->v_chunk);
    }
    plan->row_chunk = rt_max(1, rt_ceil_div(plan->rows, rt_max(1, chunks / plan->v_chunks)));
    return rt_ceil_div(plan->rows, plan->row_chunk) * plan->v_chunks;
}

static int32_t run_plan(rt_ctx *ctx, rt_nest_plan *plan)
{
    if (!plan->rows || (plan->desc->form != RT_FORM_RI && !plan->v)) return 0;
    bool parallel;
    int64_t work = work_of(plan), chunks = cut(plan, rt_chunks_for(work, &parallel));
    plan->scratch_bytes = scratch_of(plan);
    plan->scratch = NULL;
    if (plan->scratch_bytes) {
        int threads = parallel && chunks > 1 ? rt_num_threads() : 1;
        plan->scratch = rt_alloc(ctx, rt_times(plan->scratch_bytes, threads));
        if (!plan->scratch) return RT_E_MEMORY;
    }
    bool finished = true;
    if (chunks == 1 && work <= RT_GIL_PS)
        nest_chunk(plan, 0, 0);
    else
        finished = rt_split(ctx, nest_chunk, plan, chunks, work, parallel);
    rt_free(ctx, plan->scratch);
    return finished ? 0 : RT_E_INTERRUPTED;
}

/* -- nests -------------------------------------------------------------------------------------------------------------------- */
/* The number of points when every buffer is one contiguous run or a single element; -1 otherwise. */
static int64_t flat_points(const rt_nest_desc *desc, const int64_t *dims, const int64_t *strides)
{
    int ndim = desc->ndim;
    int64_t points = 1;
    for (int a = ndim - 1; a >= 0; a--) {
        if (dims[a] == 1) continue;
        for (int b = 0; b < desc->nbuf; b++) {
            int64_t expected = desc->bufs[b].kind & RT_CLASS_SPLAT ? 0 : desc->bufs[b].itemsize * points;
            if (strides[b * ndim + a] != expected) return -1;
        }
        points = rt_times(points, dims[a]);
    }
    return points;
}

static int32_t run_nest(rt_ctx *ctx, const rt_nest_desc *desc, void **p, const int64_t *dims, const int64_t *strides)
{
    rt_nest_plan plan;
    rt_nest_copies copies;
    int32_t status = rt_nest_conform(ctx, &plan, &copies, desc, desc->nbuf, p, dims, strides);
    plan.kernel = (rt_nest_kernel *)(uintptr_t)rt_kernel(ctx, desc->kernel);
    if (!plan.kernel && !status) status = rt_fail(ctx, RT_E_PYTHON, -1, 0, NULL);
    if (!status) status = run_plan(ctx, &plan);
    if (!(copies.inputs | copies.outputs)) return status;
    int32_t restored = rt_nest_restore(ctx, &plan, &copies, dims, strides, !status);
    return status ? status : restored;
}

int32_t rt_nest(rt_ctx *ctx, const rt_nest_desc *desc, void **p, const int64_t *dims, const int64_t *strides)
{
    if (desc->form == RT_FORM_E && !desc->scratch) {
        int64_t points = flat_points(desc, dims, strides);
        if (points >= 0 && rt_times(points, desc->cost) < RT_GIL_PS) {
            rt_nest_kernel *kernel = (rt_nest_kernel *)(uintptr_t)ctx->kernels[desc->kernel];
            if (points) kernel(p, zeros, zeros, 0, 1, 1, 0, points, NULL);
            return 0;
        }
    }
    return run_nest(ctx, desc, p, dims, strides);
}

/* Bytes that a form would copy; running without its v axis counts as copying everything. */
static int64_t copying_cost(const rt_nest_desc *desc, void **p, const int64_t *dims, const int64_t *strides)
{
    rt_nest_plan plan;
    rt_nest_prepare(&plan, desc, desc->nbuf, p, dims, strides);
    int64_t total = 0;
    for (int b = 0; b < desc->nbuf; b++) {
        int64_t size = desc->bufs[b].itemsize;
        for (int a = 0; a < desc->ndim; a++)
            if (strides[b * desc->ndim + a]) size = rt_times(size, dims[a]);
        if (plan.slow || plan.copied >> b & 1) total += size;
    }
    return total;
}

/* Rows so short that a kernel of form RI has little to do in each, and so many that form RO can do several at once.
 * source: measured, softmax over 5 columns takes RO a third of RI's time in float64 and a quarter in float32, over 16 and
 * 32 nearly as long; sums and searches are up to ten times as fast. Where the usual form is RO already, only memory that
 * lies the other way is read so. */
enum { SHORT_ROW_BYTES = 128, MANY_ROWS = 512 };

/* Points in a row, and rows. */
static void shape_of(const rt_nest_desc *desc, const int64_t *dims, int64_t *points, int64_t *rows)
{
    *points = *rows = 1;
    for (int a = 0; a < desc->ndim; a++) {
        int64_t *count = desc->reduced >> a & 1 ? points : rows;
        *count = rt_times(*count, dims[a]);
    }
}

static bool has_short_rows(const rt_nest_desc *desc, const int64_t *dims)
{
    int64_t points, rows, itemsize = 1;
    shape_of(desc, dims, &points, &rows);
    for (int b = 0; b < desc->nbuf; b++) itemsize = rt_max(itemsize, desc->bufs[b].itemsize);
    return rt_times(points, itemsize) <= SHORT_ROW_BYTES && rows >= MANY_ROWS;
}

/* So few columns that most lanes of the usual kernel of form RO would have nothing to do.
 * source: measured, softmax down 4 columns of 100 000 numbers takes RI a third of RO's time; sums take kernels that do
 * several rows at once a fifth. */
enum { FEW_TO_GATHER = 8, FEW_TO_PACK = 16 };

static bool has_few_columns(const rt_nest_desc *desc, const rt_nest_desc *along, const int64_t *dims)
{
    int64_t points, rows;
    shape_of(desc, dims, &points, &rows);
    return rows <= (along->form == RT_FORM_RI ? FEW_TO_GATHER : FEW_TO_PACK) && points >= MANY_ROWS;
}

int32_t rt_nest_either(rt_ctx *ctx, const rt_nest_desc *usual, const rt_nest_desc *spaced, const rt_nest_desc *turned,
                       const rt_nest_desc *along, void **p, const int64_t *dims, const int64_t *strides)
{
    bool short_rows = spaced && has_short_rows(usual, dims);
    if (short_rows && usual->form == RT_FORM_RI) return rt_nest(ctx, spaced, p, dims, strides);
    int64_t cost = turned ? copying_cost(usual, p, dims, strides) : 0;
    if (cost && copying_cost(turned, p, dims, strides) < cost)
        return rt_nest(ctx, short_rows ? spaced : turned, p, dims, strides);
    return rt_nest(ctx, along && has_few_columns(usual, along, dims) ? along : usual, p, dims, strides);
}

/* -- reductions of everything ---------------------------------------------------------------------------------------------- */
/* Points of a grain. A constant: results must not depend on the machine. Large enough that a call's cost is nothing,
 * small enough that 1 MB of doubles feeds four threads. */
enum { GRAIN = 32768 };

typedef struct {
    rt_nest_plan nest;
    int nacc;
    int64_t grains, grain_rows, grain_v, v_grains;
    int64_t so[RT_MAX_BUFFERS], sr[2 * RT_MAX_BUFFERS]; /* strides of r, then those of v */
    void *accumulators[RT_MAX_BUFFERS];
} reduction;

static void reduce_grain(void *arg, int64_t grain, int worker)
{
    const reduction *job = arg;
    const rt_nest_plan *nest = &job->nest;
    void *p[RT_MAX_BUFFERS];
    int64_t r_lo = grain / job->v_grains * job->grain_rows, v_lo = grain % job->v_grains * job->grain_v;
    for (int b = 0; b < nest->nbuf; b++) p[b] = (char *)nest->p[b] + r_lo * job->sr[b];
    for (int a = 0; a < job->nacc; a++) p[nest->nbuf + a] = job->accumulators[a];
    nest->kernel(p, job->so, job->sr, grain, grain + 1, rt_min(job->grain_rows, nest->nr - r_lo), v_lo,
                 rt_min(nest->v, v_lo + job->grain_v), nest->scratch + worker * nest->scratch_bytes);
}

static void cut_into_grains(reduction *job)
{
    const rt_nest_plan *nest = &job->nest;
    bool whole = nest->desc->flags & RT_NEST_FLAT && nest->slow; /* positions count along r: it can't be cut */
    job->grain_v = whole ? nest->v : rt_max(1, rt_min(nest->v, GRAIN));
    job->v_grains = rt_max(1, rt_ceil_div(nest->v, rt_max(1, job->grain_v)));
    job->grain_rows = whole ? rt_max(1, nest->nr) : rt_max(1, job->v_grains > 1 ? 1 : GRAIN / job->grain_v);
    job->grains = rt_max(1, rt_ceil_div(nest->nr, job->grain_rows)) * job->v_grains;
}

static int32_t alloc_accumulators(rt_ctx *ctx, reduction *job)
{
    const rt_nest_plan *nest = &job->nest;
    for (int b = 0; b < nest->nbuf; b++) {
        job->so[b] = 0;
        job->sr[b] = nest->sr[b];
        job->sr[nest->nbuf + job->nacc + b] = nest->sr[nest->nbuf + b];
    }
    for (int a = 0; a < job->nacc; a++) {
        int b = nest->nbuf + a, itemsize = nest->desc->bufs[b].itemsize;
        job->so[b] = itemsize;
        job->sr[b] = job->sr[nest->nbuf + job->nacc + b] = 0;
        job->accumulators[a] = rt_alloc(ctx, rt_times(job->grains, itemsize));
        if (!job->accumulators[a]) return RT_E_MEMORY;
    }
    return 0;
}

static int32_t run_grains(rt_ctx *ctx, reduction *job)
{
    rt_nest_plan *nest = &job->nest;
    bool parallel;
    int64_t work = work_of(nest);
    rt_chunks_for(work, &parallel);
    parallel = parallel && job->grains > 1;
    nest->scratch_bytes = scratch_of(nest);
    nest->scratch = NULL;
    if (nest->scratch_bytes) {
        nest->scratch = rt_alloc(ctx, rt_times(nest->scratch_bytes, parallel ? rt_num_threads() : 1));
        if (!nest->scratch) return RT_E_MEMORY;
    }
    bool finished = true;
    if (job->grains == 1 && work <= RT_GIL_PS)
        reduce_grain(job, 0, 0);
    else
        finished = rt_split(ctx, reduce_grain, job, job->grains, work, parallel);
    rt_free(ctx, nest->scratch);
    return finished ? 0 : RT_E_INTERRUPTED;
}

static int32_t run_finish(rt_ctx *ctx, const rt_nest_desc *finish, const reduction *job, void **q)
{
    void *p[RT_MAX_BUFFERS];
    for (int b = 0; b < finish->nbuf; b++) p[b] = b < job->nacc ? job->accumulators[b] : q[b - job->nacc];
    rt_nest_plan plan = {.desc = finish, .nr = 1, .v = job->grains, .tiled = 0};
    int64_t bytes = scratch_of(&plan);
    void *scratch = bytes ? rt_alloc(ctx, bytes) : NULL;
    if (bytes && !scratch) return RT_E_MEMORY;
    rt_nest_kernel *kernel = (rt_nest_kernel *)(uintptr_t)ctx->kernels[finish->kernel];
    kernel(p, zeros, zeros, 0, 1, 1, 0, job->grains, scratch);
    rt_free(ctx, scratch);
    return 0;
}

int32_t rt_reduce_all(rt_ctx *ctx, const rt_nest_desc *partial, const rt_nest_desc *finish, void **p,
                      const int64_t *dims, const int64_t *strides, void **q)
{
    reduction job;
    rt_nest_copies copies;
    job.nacc = partial->nacc;
    int32_t status =
        rt_nest_conform(ctx, &job.nest, &copies, partial, partial->nbuf - partial->nacc, p, dims, strides);
    job.nest.kernel = (rt_nest_kernel *)(uintptr_t)ctx->kernels[partial->kernel];
    for (int a = 0; a < job.nacc; a++) job.accumulators[a] = NULL;
    if (!status) {
        cut_into_grains(&job);
        status = alloc_accumulators(ctx, &job);
    }
    if (!status) status = run_grains(ctx, &job);
    if (!status) status = run_finish(ctx, finish, &job, q);
    for (int a = 0; a < job.nacc; a++) rt_free(ctx, job.accumulators[a]);
    int32_t restored = rt_nest_restore(ctx, &job.nest, &copies, dims, strides, !status);
    return status ? status : restored;
}

/* -- loops --------------------------------------------------------------------------------------------------------------------- */
typedef struct {
    rt_loop_kernel *kernel;
    void **p;
    const int64_t *params;
    int64_t n, chunk;
    _Atomic int64_t failed; /* the lowest chunk that failed, so that the error does not depend on threads */
    int32_t code;
    int64_t err[RT_MAX_DETAILS];
    atomic_flag lock;
} loop_job;

static void note_failure(loop_job *job, int64_t chunk, int32_t code, const int64_t *err)
{
    while (atomic_flag_test_and_set(&job->lock)) continue;
    if (chunk < job->failed) {
        job->failed = chunk;
        job->code = code;
        for (int i = 0; i < RT_MAX_DETAILS; i++) job->err[i] = err[i];
    }
    atomic_flag_clear(&job->lock);
}

static void loop_chunk(void *arg, int64_t chunk, int Py_UNUSED(worker))
{
    loop_job *job = arg;
    int64_t err[RT_MAX_DETAILS] = {0}, lo = chunk * job->chunk;
    if (job->failed < chunk) return;
    int32_t code = job->kernel(job->p, job->params, lo, rt_min(job->n, lo + job->chunk), err);
    if (code) note_failure(job, chunk, code, err);
}

int32_t rt_loop(rt_ctx *ctx, int32_t kernel, int32_t node, int32_t flags, void **p, const int64_t *params, int64_t n,
                int64_t cost)
{
    if (n <= 0 && !(flags & RT_LOOP_EMPTY)) return 0;
    loop_job job = {.kernel = (rt_loop_kernel *)(uintptr_t)ctx->kernels[kernel],
                    .p = p,
                    .params = params,
                    .n = rt_max(n, 0),
                    .failed = INT64_MAX,
                    .lock = ATOMIC_FLAG_INIT};
    bool parallel;
    int64_t work = rt_times(rt_max(n, 1), cost), chunks = rt_chunks_for(work, &parallel);
    if (!(flags & RT_LOOP_PARALLEL)) chunks = 1;
    job.chunk = rt_max(1, rt_ceil_div(job.n, chunks));
    chunks = rt_max(1, rt_ceil_div(job.n, job.chunk));
    bool finished = true;
    if (chunks == 1 && work <= RT_GIL_PS)
        loop_chunk(&job, 0, 0);
    else
        finished = rt_split(ctx, loop_chunk, &job, chunks, work, parallel && chunks > 1);
    if (job.code) return rt_fail(ctx, job.code, node, RT_MAX_DETAILS, job.err);
    return finished ? 0 : RT_E_INTERRUPTED;
}

/* The clock is read at every 64th call only: a step of a scan takes longer than a nanosecond, but not always much. */
int32_t rt_check(rt_ctx *ctx)
{
    if (++ctx->ticks & 63) return 0;
    int64_t now = rt_now_ns();
    if (now - ctx->checked_ns < RT_CHECK_NS) return 0;
    ctx->checked_ns = now;
    if (PyErr_CheckSignals()) return rt_fail(ctx, RT_E_PYTHON, -1, 0, NULL);
    PyThreadState *thread = PyEval_SaveThread();
    PyEval_RestoreThread(thread);
    return 0;
}
