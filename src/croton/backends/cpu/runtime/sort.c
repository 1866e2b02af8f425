/* Sorting rows by NumPy's own functions, which use the machine's vectors: taken from its descriptions of types. */
#include "runtime.h"

#include <string.h>

/* source: measured, NumPy sorts 1e5 doubles in 0.6 ms, and orders them in 2 ms. */
enum { PS_PER_STEP = 500, ORDER_PS_PER_STEP = 1500 };

/* Brings the places of equal elements, among which all NaNs are, into ascending order. */
typedef void even_ties(const void *values, npy_intp *places, int64_t n, PyArray_SortFunc *sort);

#define EVEN_TIES(NAME, TYPE)                                                                      \
    static void NAME(const void *values, npy_intp *places, int64_t n, PyArray_SortFunc *sort)      \
    {                                                                                              \
        const TYPE *x = values;                                                                    \
        for (int64_t lo = 0, hi; lo < n; lo = hi) {                                                \
            TYPE first = x[places[lo]];                                                            \
            for (hi = lo + 1; hi < n; hi++) {                                                      \
                TYPE other = x[places[hi]];                                                        \
                if (first != other && (first == first || other == other)) break;                   \
            }                                                                                      \
            if (hi - lo > 1) sort(places + lo, hi - lo, NULL);                                     \
        }                                                                                          \
    }
EVEN_TIES(even_int32, int32_t)
EVEN_TIES(even_int64, int64_t)
EVEN_TIES(even_float32, float)
EVEN_TIES(even_float64, double)

/* The types whose elements NumPy orders with vectors, which does not keep the order of equal ones: a fifth of the time of
 * its stable sort. Others are ordered by that. */
static even_ties *const eveners[RT_NUM_DTYPES] = {
    [RT_INT32] = even_int32, [RT_UINT32] = even_int32,     [RT_INT64] = even_int64,
    [RT_UINT64] = even_int64, [RT_FLOAT32] = even_float32, [RT_FLOAT64] = even_float64,
};

typedef struct {
    PyArray_SortFunc *sort, *sort_places;
    PyArray_ArgSortFunc *order;
    even_ties *even;
    int64_t n, itemsize;
    char *values;
    npy_intp *places;
    _Atomic bool failed;
} sorting;

static void sort_row(void *arg, int64_t row, int Py_UNUSED(worker))
{
    sorting *job = arg;
    char *values = job->values + row * job->n * job->itemsize;
    int status;
    if (job->places) {
        npy_intp *places = job->places + row * job->n;
        for (int64_t i = 0; i < job->n; i++) places[i] = i;
        status = job->order(values, places, job->n, NULL);
        if (job->even && status >= 0) job->even(values, places, job->n, job->sort_places);
    } else {
        status = job->sort(values, job->n, NULL);
    }
    if (status < 0) job->failed = true; /* no memory for a merge */
}

int32_t rt_sort(rt_ctx *ctx, int32_t dtype, int32_t stable, int64_t rows, int64_t n, void *values, void *places)
{
    PyArray_ArrFuncs *functions = PyDataType_GetArrFuncs(rt_descrs[dtype]);
    even_ties *even = places && stable ? eveners[dtype] : NULL;
    NPY_SORTKIND kind = stable && !even ? NPY_STABLESORT : NPY_QUICKSORT;
    sorting job = {.even = even, .sort_places = PyDataType_GetArrFuncs(rt_descrs[RT_INT64])->sort[NPY_QUICKSORT],
                   .sort = functions->sort[kind], .order = functions->argsort[kind], .n = n, .values = values,
                   .places = places, .itemsize = PyDataType_ELSIZE(rt_descrs[dtype])};
    if (places ? !job.order : !job.sort) return rt_fail(ctx, RT_E_INTERNAL, -1, 0, NULL);
    if (rows <= 0 || n <= 0) return 0;
    int64_t steps = 1;
    while (n >> steps) steps++;
    int64_t work = rt_times(rows, rt_times(n * steps, places ? ORDER_PS_PER_STEP : PS_PER_STEP));
    if (!rt_split(ctx, sort_row, &job, rows, work, work >= RT_PARALLEL_PS)) return RT_E_INTERRUPTED;
    int64_t bytes = n * job.itemsize;
    return job.failed ? rt_fail(ctx, RT_E_MEMORY, -1, 1, &bytes) : 0;
}
