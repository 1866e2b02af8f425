/* Sorting rows by NumPy's own functions, which use the machine's vectors: taken from its descriptions of types. */
#include "runtime.h"

#include <string.h>

/* source: measured, NumPy sorts 1e5 doubles in 0.6 ms, and orders them in 6 ms. */
enum { PS_PER_STEP = 500, ORDER_PS_PER_STEP = 4000 };

typedef struct {
    PyArray_SortFunc *sort;
    PyArray_ArgSortFunc *order;
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
    } else {
        status = job->sort(values, job->n, NULL);
    }
    if (status < 0) job->failed = true; /* no memory for a merge */
}

int32_t rt_sort(rt_ctx *ctx, int32_t dtype, int32_t stable, int64_t rows, int64_t n, void *values, void *places)
{
    PyArray_ArrFuncs *functions = PyDataType_GetArrFuncs(rt_descrs[dtype]);
    NPY_SORTKIND kind = stable ? NPY_STABLESORT : NPY_QUICKSORT;
    sorting job = {.sort = functions->sort[kind], .order = functions->argsort[kind], .n = n, .values = values,
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
