/* Bringing an iteration space to the loop axes (o, r, v) that kernels are written for. */
#include "runtime.h"

#include <string.h>

static bool is_reduced(const rt_nest_desc *desc, int axis) { return desc->reduced >> axis & 1; }

static bool is_splat(const rt_nest_desc *desc, int buffer) { return desc->bufs[buffer].kind & RT_CLASS_SPLAT; }

/* Appends axis `a` of the nest, merging it with the one before where every buffer's strides allow that. */
static void add_axis(rt_axes *axes, int nbuf, int64_t dim, const int64_t *strides, int ndim, int a)
{
    int64_t *last = axes->strides + (axes->n - 1) * nbuf;
    bool merges = axes->n > 0;
    for (int b = 0; merges && b < nbuf; b++) merges = last[b] == strides[b * ndim + a] * dim;
    if (!merges) {
        last += nbuf;
        axes->dims[axes->n++] = 1;
    }
    axes->dims[axes->n - 1] = rt_times(axes->dims[axes->n - 1], dim);
    for (int b = 0; b < nbuf; b++) last[b] = strides[b * ndim + a];
}

typedef enum { V_FITS, V_COPIES, V_UNUSABLE } v_verdict;

/* Whether the kernel's classes hold along an axis with these strides; marks inputs for which a copy would make them. */
static v_verdict judge_v(rt_nest_plan *plan, const int64_t *strides)
{
    const rt_nest_desc *desc = plan->desc;
    uint64_t copied = 0;
    for (int b = 0; b < plan->nbuf; b++) {
        bool splat = is_splat(desc, b);
        if (desc->bufs[b].kind & RT_CLASS_SPACED) continue;
        if (strides[b] == (splat ? 0 : desc->bufs[b].itemsize)) continue;
        if (splat || b >= desc->nin) return V_UNUSABLE;
        copied |= UINT64_C(1) << b;
    }
    plan->copied |= copied;
    return copied ? V_COPIES : V_FITS;
}

static int64_t points_of(const rt_axes *axes)
{
    int64_t points = 1;
    for (int a = 0; a < axes->n; a++) points = rt_times(points, axes->dims[a]);
    return points;
}

/* A few points are not worth a copy: such a nest runs with v = 1, where any stride will do. */
enum { FEW_POINTS = 48 };

static void choose_v(rt_nest_plan *plan, rt_axes *axes)
{
    plan->v = 1;
    if (!axes->n) return;
    v_verdict verdict = judge_v(plan, axes->strides + (axes->n - 1) * plan->nbuf);
    if (verdict == V_COPIES && plan->desc->form == RT_FORM_E && points_of(axes) <= FEW_POINTS) {
        plan->copied = 0;
        verdict = V_UNUSABLE;
    }
    plan->slow = verdict == V_UNUSABLE;
    if (plan->slow) return;
    plan->v = axes->dims[--axes->n];
    for (int b = 0; b < plan->nbuf; b++) plan->sr[plan->nbuf + b] = axes->strides[axes->n * plan->nbuf + b];
}

/* Marks the buffers that keep the axes of `axes` (and, when `with_v`, the one that was taken for v) from being one. */
static void judge_merging(rt_nest_plan *plan, const rt_axes *axes, bool with_v)
{
    int pairs = axes->n - 1 + with_v;
    for (int b = 0; b < plan->nbuf; b++) {
        for (int a = 0; a < pairs; a++) {
            int64_t inner = axes->strides[(a + 1) * plan->nbuf + b];
            int64_t dim = a + 1 < axes->n ? axes->dims[a + 1] : plan->v;
            if (axes->strides[a * plan->nbuf + b] != inner * dim) plan->merging |= UINT64_C(1) << b;
        }
    }
    plan->copied |= plan->merging;
}

/* A splat that varies along the other reduced axes can't be part of one flat axis: v is given back to them. */
static bool is_flat(rt_nest_plan *plan, rt_axes *axes)
{
    if (plan->desc->form != RT_FORM_RI || !(plan->desc->flags & RT_NEST_FLAT) || plan->slow) return false;
    for (int b = 0; b < plan->nbuf; b++) {
        if (!is_splat(plan->desc, b)) continue;
        for (int a = 0; a < axes->n; a++) {
            if (!axes->strides[a * plan->nbuf + b]) continue;
            axes->n++;
            plan->v = 1;
            plan->copied = 0;
            plan->slow = true;
            return false;
        }
    }
    return true;
}

static void choose_r(rt_nest_plan *plan, rt_axes *axes)
{
    bool flat = is_flat(plan, axes);
    if (axes->n > 1 || (flat && axes->n > 0)) judge_merging(plan, axes, flat);
    bool any = axes->n > 0;
    plan->nr = points_of(axes);
    for (int b = 0; b < plan->nbuf; b++) plan->sr[b] = any ? axes->strides[(axes->n - 1) * plan->nbuf + b] : 0;
}

static void choose_o(rt_nest_plan *plan)
{
    rt_axes *axes = &plan->outer;
    plan->rows = points_of(axes);
    bool any = axes->n > 0;
    if (any) axes->n--;
    plan->o = any ? axes->dims[axes->n] : 1;
    for (int b = 0; b < plan->nbuf; b++) plan->so[b] = any ? axes->strides[axes->n * plan->nbuf + b] : 0;
}

void rt_nest_prepare(rt_nest_plan *plan, const rt_nest_desc *desc, int nbuf, void **p, const int64_t *dims,
                     const int64_t *strides)
{
    rt_axes reduced;
    bool empty = false, nothing = false;
    plan->desc = desc;
    plan->nbuf = nbuf;
    plan->p = p;
    plan->tiled = plan->copied = plan->merging = 0;
    plan->slow = false;
    plan->outer.n = reduced.n = 0;
    for (int a = 0; a < desc->ndim; a++) {
        if (dims[a] == 1) continue;
        if (dims[a] == 0) *(is_reduced(desc, a) ? &empty : &nothing) = true;
        add_axis(is_reduced(desc, a) ? &reduced : &plan->outer, nbuf, dims[a], strides, desc->ndim, a);
    }
    if (empty) reduced.n = 0;
    choose_v(plan, desc->form == RT_FORM_RI ? &reduced : &plan->outer);
    choose_r(plan, &reduced);
    choose_o(plan);
    if (empty) plan->nr = 0;
    if (empty && desc->form == RT_FORM_RI) plan->v = 0;
    if (nothing) plan->rows = 0;
}

/* -- copies ----------------------------------------------------------------------------------------------------------------- */
/* The static axes in the order of a copy's memory: kept ones, reduced ones, and last the one that becomes v. */
static int copy_order(const rt_nest_desc *desc, const int64_t *dims, int *order)
{
    int n = 0, last_kept = -1;
    for (int a = 0; a < desc->ndim; a++)
        if (!is_reduced(desc, a) && dims[a] != 1) last_kept = a;
    bool kept_last = desc->form != RT_FORM_RI;
    for (int a = 0; a < desc->ndim; a++)
        if (!is_reduced(desc, a) && dims[a] != 1 && !(kept_last && a == last_kept)) order[n++] = a;
    for (int a = 0; a < desc->ndim; a++)
        if (is_reduced(desc, a) && dims[a] != 1) order[n++] = a;
    if (kept_last && last_kept >= 0) order[n++] = last_kept;
    return n;
}

/* Strides (over static axes) of a conforming copy of buffer `b`; gives its size in bytes. */
static int64_t copy_layout(const rt_nest_plan *plan, int b, const int64_t *dims, const int64_t *strides, int64_t *layout)
{
    const rt_nest_desc *desc = plan->desc;
    int order[RT_MAX_AXES], n = copy_order(desc, dims, order);
    bool merging = plan->merging >> b & 1, splat = is_splat(desc, b);
    int64_t size = desc->bufs[b].itemsize;
    for (int a = 0; a < desc->ndim; a++) layout[a] = 0;
    for (int i = n - 1; i >= 0; i--) {
        int a = order[i];
        bool is_v = i == n - 1 && !plan->slow && is_reduced(desc, a) == (desc->form == RT_FORM_RI);
        bool wanted = strides[a] != 0 || (is_v ? !splat : merging && is_reduced(desc, a));
        if (!wanted) continue;
        layout[a] = size;
        size = rt_times(size, dims[a]);
    }
    return size;
}

/* Copies between a buffer and its stand-in: over the axes along which the stand-in varies. */
static int32_t copy_buffer(rt_ctx *ctx, const rt_nest_plan *plan, int b, const int64_t *dims, void *to,
                           const int64_t *to_strides, const void *from, const int64_t *from_strides,
                           const int64_t *layout)
{
    int64_t d[RT_MAX_AXES], ts[RT_MAX_AXES], fs[RT_MAX_AXES];
    int n = 0;
    for (int a = 0; a < plan->desc->ndim; a++) {
        if (!layout[a]) continue;
        d[n] = dims[a];
        ts[n] = to_strides[a];
        fs[n++] = from_strides[a];
    }
    return rt_copy(ctx, plan->desc->bufs[b].itemsize, n, d, to, ts, from, fs);
}

static int32_t replace_buffer(rt_ctx *ctx, const rt_nest_plan *plan, rt_nest_copies *copies, int b, const int64_t *dims)
{
    const rt_nest_desc *desc = plan->desc;
    int64_t layout[RT_MAX_AXES], *strides = copies->strides + b * desc->ndim;
    uint64_t bit = UINT64_C(1) << b;
    bool is_input = b < desc->nin, again = (copies->inputs | copies->outputs) & bit;
    void *before = copies->p[b], *copy = rt_alloc(ctx, copy_layout(plan, b, dims, strides, layout));
    if (!copy) return RT_E_MEMORY;
    int32_t status = 0;
    if (is_input || desc->bufs[b].kind & RT_CLASS_INOUT)
        status = copy_buffer(ctx, plan, b, dims, copy, layout, before, strides, layout);
    memcpy(strides, layout, (size_t)desc->ndim * sizeof *layout);
    *(is_input ? &copies->inputs : &copies->outputs) |= bit;
    copies->p[b] = copy;
    if (again)
        rt_free(ctx, before);
    else
        copies->original[b] = before;
    return status;
}

/* Rounds of copying: one is the rule, a second the exception; more would be a mistake in here. */
enum { MAX_ROUNDS = 4 };

int32_t rt_nest_conform(rt_ctx *ctx, rt_nest_plan *plan, rt_nest_copies *copies, const rt_nest_desc *desc, int nbuf,
                        void **p, const int64_t *dims, const int64_t *strides)
{
    copies->inputs = copies->outputs = 0;
    rt_nest_prepare(plan, desc, nbuf, p, dims, strides);
    if (!plan->copied || !plan->rows) return 0;
    if (desc->form == RT_FORM_E && !desc->scratch_point) {
        plan->tiled = plan->copied;
        plan->copied = 0;
        return 0;
    }
    memcpy(copies->p, p, (size_t)nbuf * sizeof *p);
    memcpy(copies->strides, strides, (size_t)(nbuf * desc->ndim) * sizeof *strides);
    /* A copy changes what merges, so a second round may find something new. */
    for (int round = 0; plan->copied; round++) {
        if (round == MAX_ROUNDS) return rt_fail(ctx, RT_E_INTERNAL, -1, 0, NULL);
        for (int b = 0; b < nbuf; b++) {
            if (!(plan->copied >> b & 1)) continue;
            int32_t status = replace_buffer(ctx, plan, copies, b, dims);
            if (status) return status;
        }
        rt_nest_prepare(plan, desc, nbuf, copies->p, dims, copies->strides);
    }
    return 0;
}

int32_t rt_nest_restore(rt_ctx *ctx, const rt_nest_plan *plan, rt_nest_copies *copies, const int64_t *dims,
                        const int64_t *strides, bool write_back)
{
    int32_t status = 0;
    int ndim = plan->desc->ndim;
    uint64_t left = copies->inputs | copies->outputs;
    for (int b = 0; left >> b; b++) {
        if (!(left >> b & 1)) continue;
        const int64_t *layout = copies->strides + b * ndim;
        if (write_back && !status && copies->outputs >> b & 1)
            status = copy_buffer(ctx, plan, b, dims, copies->original[b], strides + b * ndim, copies->p[b], layout,
                                 layout);
        rt_free(ctx, copies->p[b]);
        if (b == RT_MAX_BUFFERS - 1) break;
    }
    return status;
}
