/* Products with a long matrix and a narrow one, such as a batch with the weights of ten classes.
 *
 * A BLAS packs the long matrix first, which costs as much as the few products it then takes part in. Here it is read
 * once, where it lies. source: measured in float32, 600 x 784 x 10 takes OpenBLAS 208 us with
 * the first factor transposed and 198 us without, this 114 and 164 us.
 * Each element of the result is summed in one order, whatever the number of threads. */
#include "runtime.h"
#include "blas.h"

#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "fp-contract=fast")
#endif

/* Elements of the long side done together, and of the summed side before moving on: what is read stays in the L2 cache. */
enum { RT_SKINNY_BLOCK = 128, DEPTH = 128, WIDEST = 20, GROUP = 10 };

typedef void rt_skinny_kernel(const void *big, int64_t step, const void *small, int64_t stride, int64_t k, void *totals);

typedef struct {
    int lanes;
    rt_skinny_kernel *along[5], *across[5];
} rt_skinny_kernels;

#define KERNELS "skinny_kernel.h"
#define TABLE rt_skinny_kernels
#include "for_processors.h"

typedef struct {
    const rt_skinny_kernels *kernels;
    const rt_skinny_product *p;
    char *packed;                /* the narrow matrix, group after group */
    int64_t item, depth, groups; /* depth: k rounded up to whole vectors */
    int columns[2];              /* of each group, padded */
} skinny_job;

static void write_real(char *at, int64_t item, double value)
{
    if (item == 4)
        *(float *)(void *)at = (float)value;
    else
        *(double *)(void *)at = value;
}

/* Along: k rows of the group's columns. Across: the group's columns one after the other, with zeros up to a whole vector. */
static void pack(const skinny_job *job, bool across)
{
    const rt_skinny_product *p = job->p;
    memset(job->packed, 0, (size_t)(job->depth * (job->columns[0] + job->columns[1]) * job->item));
    for (int64_t j = 0; j < p->columns; j++) {
        int64_t group = j >= job->columns[0], first = group ? job->columns[0] : 0, width = job->columns[group];
        char *base = job->packed + first * job->depth * job->item;
        for (int64_t i = 0; i < p->k; i++) {
            int64_t at = across ? (j - first) * job->depth + i : i * width + (j - first);
            memcpy(base + at * job->item, p->small + i * p->small_k + j * p->small_s, (size_t)job->item);
        }
    }
}

static void gather_along(const skinny_job *job, int64_t lo, int64_t count, char *totals)
{
    const rt_skinny_product *p = job->p;
    int64_t item = job->item, step = 2 * job->kernels->lanes, whole = count / step * step;
    char edge[DEPTH * 2 * 64];
    for (int64_t i = 0; i < p->k; i += DEPTH) {
        int64_t depth = rt_min(DEPTH, p->k - i);
        const char *rows = p->big + lo * item + i * p->big_k;
        if (whole < count) {
            memset(edge, 0, sizeof edge);
            for (int64_t r = 0; r < depth; r++)
                memcpy(edge + r * step * item, rows + r * p->big_k + whole * item, (size_t)((count - whole) * item));
        }
        for (int group = 0; group < job->groups; group++) {
            int width = job->columns[group], first = group ? job->columns[0] : 0;
            const char *small = job->packed + (first * job->depth + i * width) * item;
            char *to = totals + first * RT_SKINNY_BLOCK * item;
            rt_skinny_kernel *kernel = job->kernels->along[width / 2 - 1];
            for (int64_t l = 0; l < whole; l += step) kernel(rows + l * item, p->big_k / item, small, 0, depth, to + l * item);
            if (whole < count) kernel(edge, step, small, 0, depth, to + whole * item);
        }
    }
}

static void gather_across(const skinny_job *job, int64_t lo, int64_t count, char *totals)
{
    const rt_skinny_product *p = job->p;
    int64_t item = job->item, lanes = job->kernels->lanes, whole = p->k / lanes * lanes, depth = job->depth;
    char edge[2 * 64];
    for (int64_t l = 0; l < count; l += 2) {
        const char *row = p->big + (lo + l) * p->big_l;
        /* A lone last row is multiplied twice; its twin's totals are not used. */
        int64_t step = l + 1 < count ? p->big_l / item : 0;
        if (whole < p->k) {
            memset(edge, 0, sizeof edge);
            memcpy(edge, row + whole * item, (size_t)((p->k - whole) * item));
            memcpy(edge + lanes * item, row + step * item + whole * item, (size_t)((p->k - whole) * item));
        }
        for (int group = 0; group < job->groups; group++) {
            int width = job->columns[group], first = group ? job->columns[0] : 0;
            const char *small = job->packed + first * depth * item;
            char *to = totals + (first * RT_SKINNY_BLOCK + l) * item;
            rt_skinny_kernel *kernel = job->kernels->across[width / 2 - 1];
            kernel(row, step, small, depth, whole, to);
            if (whole < p->k) kernel(edge, lanes, small + whole * item, depth, lanes, to);
        }
    }
}

static void skinny_chunk(void *arg, int64_t chunk, int Py_UNUSED(worker))
{
    const skinny_job *job = arg;
    const rt_skinny_product *p = job->p;
    int64_t item = job->item, lo = chunk * RT_SKINNY_BLOCK, count = rt_min(RT_SKINNY_BLOCK, p->rows - lo);
    _Alignas(64) char totals[(WIDEST + 2) * RT_SKINNY_BLOCK * 8];
    memset(totals, 0, (size_t)((job->columns[0] + job->columns[1]) * RT_SKINNY_BLOCK * item));
    if (p->big_l == item)
        gather_along(job, lo, count, totals);
    else
        gather_across(job, lo, count, totals);
    double alpha = rt_read_real(p->alpha, item), beta = rt_read_real(p->beta, item);
    for (int64_t l = 0; l < count; l++)
        for (int64_t j = 0; j < p->columns; j++) {
            char *to = p->c + (lo + l) * p->c_l + j * p->c_s;
            double value = alpha * rt_read_real(totals + (j * RT_SKINNY_BLOCK + l) * item, item);
            write_real(to, item, beta == 0 ? value : value + beta * rt_read_real(to, item));
        }
}

/* Two groups of columns where one would need more registers than there are; each is padded to an even width. */
static void choose_groups(skinny_job *job)
{
    int64_t columns = job->p->columns, first = columns <= GROUP ? columns : (columns + 1) / 2;
    job->columns[0] = (int)((first + 1) / 2 * 2);
    int64_t rest = columns - job->columns[0];
    job->columns[1] = rest > 0 ? (int)((rest + 1) / 2 * 2) : 0;
    job->groups = rest > 0 ? 2 : 1;
}

bool rt_skinny_fits(int kind, const rt_skinny_product *p)
{
    int64_t item = kind ? 8 : 4;
    if (kind > 1 || p->columns > WIDEST || p->rows < 4 * p->columns || p->k < 16) return false;
    if (p->big_l % item || p->big_k % item || (p->big_l != item && p->big_k != item)) return false;
    /* source: measured against OpenBLAS; along the long side from some 1e6 products on, across it from 2e6 with long rows. */
    int64_t products = rt_times(rt_times(p->rows, p->columns), p->k);
    bool across = p->big_l != item;
    if (products < (across ? INT64_C(2) << 20 : INT64_C(1) << 20) || (across && p->k < 512)) return false;
    return kernels_for(kind) != NULL;
}

int32_t rt_skinny(rt_ctx *ctx, int kind, const rt_skinny_product *p, int64_t ps)
{
    skinny_job job = {.kernels = kernels_for(kind), .p = p, .item = kind ? 8 : 4};
    choose_groups(&job);
    job.depth = rt_ceil_div(p->k, job.kernels->lanes) * job.kernels->lanes;
    job.packed = rt_alloc(ctx, rt_times(rt_times(job.depth, job.columns[0] + job.columns[1]), job.item));
    if (!job.packed) return RT_E_MEMORY;
    pack(&job, p->big_l != job.item);
    int64_t chunks = rt_ceil_div(p->rows, RT_SKINNY_BLOCK), work = rt_times(ps, chunks * RT_SKINNY_BLOCK);
    bool finished = true;
    if (work <= RT_GIL_PS)
        for (int64_t chunk = 0; chunk < chunks; chunk++) skinny_chunk(&job, chunk, 0);
    else
        finished = rt_split(ctx, skinny_chunk, &job, chunks, work, work >= RT_PARALLEL_PS);
    rt_free(ctx, job.packed);
    return finished ? 0 : RT_E_INTERRUPTED;
}
