/* Matrix-vector products, outer and inner products, and the place where BLAS pointers come in. */
#include "runtime.h"
#include "blas.h"

#include <complex.h>
#include <string.h>

/* These are bound by memory: a chunk should read at least this much. source: measured, 256 KB take 15-30 us.
 * SMALL: products of a matrix of so few elements with a vector are quicker in plain C. source: measured in float64, a step
 * of a loop with 4 x 4 in it takes 120 to 230 ns with OpenBLAS, 50 so; with 8 x 8 120 to 270 and 80; with 16 x 16 70 both. */
enum { CHUNK_BYTES = 1 << 18, DOT_GRAIN = 32768, SMALL = 144 };
enum { PS_PER_BYTE = 80 };

static const union {
    float s;
    double d;
    float complex c;
    double complex z;
} ones[RT_BLAS_KINDS] = {{.s = 1}, {.d = 1}, {.c = 1}, {.z = 1}};

/* -- vectors as BLAS wants them ------------------------------------------------------------------------------------------------- */
typedef struct {
    char *data; /* the lowest address when inc is negative, as BLAS counts */
    int inc;
    void *copy;
} vector;

/* The increment for a byte stride, or 0 when BLAS can't walk it. */
static int increment(int64_t n, int64_t stride, int64_t item)
{
    if (n <= 1) return 1;
    if (stride % item || stride / item > INT32_MAX || stride / item < -INT32_MAX) return 0;
    return (int)(stride / item);
}

static int32_t take_vector(rt_ctx *ctx, vector *v, const void *data, int64_t n, int64_t stride, int64_t item)
{
    v->copy = NULL;
    v->data = (char *)(uintptr_t)data;
    v->inc = increment(n, stride, item);
    if (v->inc < 0) v->data += (n - 1) * stride;
    if (v->inc) return 0;
    v->data = v->copy = rt_alloc(ctx, n * item);
    v->inc = 1;
    return v->copy ? rt_copy(ctx, item, 1, &n, v->copy, &item, data, &stride) : RT_E_MEMORY;
}

static int32_t check_sizes(rt_ctx *ctx, int64_t m, int64_t n)
{
    int64_t largest = rt_max(m, n);
    return largest > INT32_MAX ? rt_fail(ctx, RT_E_BLAS_SIZE, -1, 1, &largest) : 0;
}

static bool is_unit(int64_t rows, int64_t cols, int64_t rs, int64_t cs, int64_t item)
{
    return (rs == item || rows == 1) && (cols == 1 || (cs >= item * rows && cs % item == 0 && cs / item <= INT32_MAX));
}

static int leading(int64_t rows, int64_t cols, int64_t cs, int64_t item)
{
    return (int)(cols == 1 ? rt_max(1, rows) : cs / item);
}

/* -- gemv ------------------------------------------------------------------------------------------------------------------------------ */
typedef struct {
    int kind, ld;
    char trans;
    int64_t m, n, rows, rs, y_s; /* rows: of y, per chunk */
    const void *alpha;
    const char *a;
    vector x;
    char *y;
    int y_inc;
} gemv_job;

static void gemv_chunk(void *arg, int64_t chunk, int Py_UNUSED(worker))
{
    gemv_job *job = arg;
    int64_t lo = chunk * job->rows;
    int rows = (int)rt_min(job->rows, job->m - lo), cols = (int)job->n, ld = job->ld, x_inc = job->x.inc;
    int y_inc = job->y_inc;
    char trans = job->trans, *y = job->y + lo * job->y_s;
    if (y_inc < 0) y += (rows - 1) * job->y_s;
    bool plain = trans == 'N';
    rt_blas.gemv[job->kind](&trans, plain ? &rows : &cols, plain ? &cols : &rows, job->alpha, job->a + lo * job->rs,
                            &ld, job->x.data, &x_inc, &ones[job->kind], y, &y_inc);
}

/* y *= beta, where 0 overwrites and 1 does nothing: the product is added to that. */
static int32_t scale(rt_ctx *ctx, int kind, int64_t item, int64_t m, const void *beta, char *y, int64_t stride)
{
    if (rt_blas_is_zero(kind, beta)) return rt_fill(ctx, item, 1, &m, y, &stride, NULL);
    if (!memcmp(beta, &ones[kind], (size_t)item)) return 0;
    for (int64_t i = 0; i < m; i++, y += stride) {
        switch (kind) {
        case 0: *(float *)(void *)y *= *(const float *)beta; break;
        case 1: *(double *)(void *)y *= *(const double *)beta; break;
        case 2: *(float complex *)(void *)y *= *(const float complex *)beta; break;
        default: *(double complex *)(void *)y *= *(const double complex *)beta;
        }
    }
    return 0;
}

static int32_t run_gemv(rt_ctx *ctx, gemv_job *job, int64_t item)
{
    int64_t row_bytes = rt_max(1, job->n * item), work = rt_times(rt_times(job->m, row_bytes), PS_PER_BYTE) + 20000;
    job->rows = rt_min(job->m, (rt_ceil_div(CHUNK_BYTES, row_bytes) + 63) & ~INT64_C(63));
    int64_t chunks = rt_ceil_div(job->m, job->rows);
    if (work <= RT_GIL_PS) {
        for (int64_t chunk = 0; chunk < chunks; chunk++) gemv_chunk(job, chunk, 0);
        return 0;
    }
    return rt_split(ctx, gemv_chunk, job, chunks, work, work >= RT_PARALLEL_PS) ? 0 : RT_E_INTERRUPTED;
}

/* Four rows at a time, so that no addition waits for the one before it. */
#define SMALL_PRODUCT(TYPE)                                                                                     \
    do {                                                                                                        \
        TYPE factor = *(const TYPE *)alpha, kept = *(const TYPE *)beta;                                         \
        for (int64_t i = 0, rows; i < m; i += rows, a += rows * a_rs) {                                         \
            TYPE sums[4] = {0};                                                                                 \
            const char *column = a, *factors = x;                                                               \
            rows = m - i >= 4 ? 4 : 1;                                                                          \
            for (int64_t j = 0; j < n; j++, column += a_cs, factors += x_s) {                                   \
                TYPE one = *(const TYPE *)(const void *)factors;                                                \
                sums[0] += *(const TYPE *)(const void *)column * one;                                           \
                if (rows == 1) continue;                                                                        \
                sums[1] += *(const TYPE *)(const void *)(column + a_rs) * one;                                  \
                sums[2] += *(const TYPE *)(const void *)(column + 2 * a_rs) * one;                              \
                sums[3] += *(const TYPE *)(const void *)(column + 3 * a_rs) * one;                              \
            }                                                                                                   \
            for (int64_t r = 0; r < rows; r++, y += y_s) {                                                      \
                TYPE *to = (TYPE *)(void *)y;                                                                   \
                *to = kept == 0 ? factor * sums[r] : factor * sums[r] + kept * *to;                             \
            }                                                                                                   \
        }                                                                                                       \
    } while (0)

static void multiply_plainly(int kind, int64_t m, int64_t n, const void *alpha, const char *a, int64_t a_rs, int64_t a_cs,
                             const char *x, int64_t x_s, const void *beta, char *y, int64_t y_s)
{
    if (kind == 0)
        SMALL_PRODUCT(float);
    else
        SMALL_PRODUCT(double);
}

int32_t rt_gemv(rt_ctx *ctx, int32_t dtype, int64_t m, int64_t n, const void *alpha, const void *a, int64_t a_rs,
                int64_t a_cs, const void *x, int64_t x_s, const void *beta, void *y, int64_t y_s)
{
    int kind = rt_blas_kind(dtype);
    if (kind < 0) return rt_fail(ctx, RT_E_INTERNAL, -1, 0, NULL);
    if (!rt_blas.gemv[kind]) return rt_fail(ctx, RT_E_BLAS_MISSING, -1, 0, NULL);
    if (m <= 0) return 0;
    if (kind < 2 && m <= SMALL && n <= SMALL && m * n <= SMALL) {
        multiply_plainly(kind, m, n, alpha, a, a_rs, a_cs, x, x_s, beta, y, y_s);
        return 0;
    }
    int64_t item = PyDataType_ELSIZE(rt_descrs[dtype]);
    bool plain = is_unit(m, n, a_rs, a_cs, item), turned = is_unit(n, m, a_cs, a_rs, item);
    gemv_job job = {.kind = kind, .m = m, .n = n, .rs = a_rs, .y_s = y_s, .alpha = alpha, .a = a, .y = y};
    job.y_inc = increment(m, y_s, item);
    /* What gemv can't take as it lies, gemm copies: the matrix, or y. */
    if ((!plain && !turned) || !job.y_inc)
        return rt_gemm(ctx, dtype, m, 1, n, alpha, a, a_rs, a_cs, x, x_s, item, beta, y, y_s, item);
    int32_t status = check_sizes(ctx, m, n);
    if (!status) status = scale(ctx, kind, item, m, beta, y, y_s);
    if (status || n <= 0) return status;
    status = take_vector(ctx, &job.x, x, n, x_s, item);
    job.trans = plain ? 'N' : 'T';
    job.ld = plain ? leading(m, n, a_cs, item) : leading(n, m, a_rs, item);
    if (!status) status = run_gemv(ctx, &job, item);
    rt_free(ctx, job.x.copy);
    return status;
}

/* -- ger -------------------------------------------------------------------------------------------------------------------------------- */
typedef struct {
    int kind, ld;
    int64_t m, n, cols, cs, y_s;
    const void *alpha;
    vector x, y;
    char *a;
} ger_job;

static void ger_chunk(void *arg, int64_t chunk, int Py_UNUSED(worker))
{
    ger_job *job = arg;
    int64_t lo = chunk * job->cols;
    int m = (int)job->m, cols = (int)rt_min(job->cols, job->n - lo), ld = job->ld;
    int x_inc = job->x.inc, y_inc = job->y.inc;
    /* With a negative increment the first column's factor lies at the end. */
    int64_t first = y_inc < 0 ? job->n - lo - cols : lo, step = y_inc < 0 ? -job->y_s : job->y_s;
    rt_blas.ger[job->kind](&m, &cols, job->alpha, job->x.data, &x_inc, job->y.data + first * step, &y_inc,
                           job->a + lo * job->cs, &ld);
}

static int32_t ger_by_columns(rt_ctx *ctx, int kind, int64_t item, int64_t m, int64_t n, const void *alpha,
                              const void *x, int64_t x_s, const void *y, int64_t y_s, char *a, int64_t a_cs)
{
    ger_job job = {.kind = kind, .ld = leading(m, n, a_cs, item), .m = m, .n = n, .cs = a_cs, .alpha = alpha, .a = a};
    int32_t status = check_sizes(ctx, m, n);
    if (status) return status;
    job.y.copy = NULL;
    status = take_vector(ctx, &job.x, x, m, x_s, item);
    if (!status) status = take_vector(ctx, &job.y, y, n, y_s, item);
    job.y_s = job.y.copy ? item : (n <= 1 ? item : y_s);
    job.cols = rt_min(n, rt_max(1, CHUNK_BYTES / (m * item)));
    int64_t work = rt_times(rt_times(m, n), item * PS_PER_BYTE) + 20000;
    int64_t chunks = rt_ceil_div(n, job.cols);
    if (!status && !rt_split(ctx, ger_chunk, &job, chunks, work, work >= RT_PARALLEL_PS)) status = RT_E_INTERRUPTED;
    rt_free(ctx, job.x.copy);
    rt_free(ctx, job.y.copy);
    return status;
}

int32_t rt_ger(rt_ctx *ctx, int32_t dtype, int64_t m, int64_t n, const void *alpha, const void *x, int64_t x_s,
               const void *y, int64_t y_s, void *a, int64_t a_rs, int64_t a_cs)
{
    int kind = rt_blas_kind(dtype);
    if (kind < 0) return rt_fail(ctx, RT_E_INTERNAL, -1, 0, NULL);
    if (!rt_blas.ger[kind]) return rt_fail(ctx, RT_E_BLAS_MISSING, -1, 0, NULL);
    if (m <= 0 || n <= 0) return 0;
    int64_t item = PyDataType_ELSIZE(rt_descrs[dtype]);
    if (is_unit(m, n, a_rs, a_cs, item))
        return ger_by_columns(ctx, kind, item, m, n, alpha, x, x_s, y, y_s, a, a_cs);
    if (is_unit(n, m, a_cs, a_rs, item))
        return ger_by_columns(ctx, kind, item, n, m, alpha, y, y_s, x, x_s, a, a_rs);
    return rt_gemm(ctx, dtype, m, n, 1, alpha, x, x_s, item, y, item, y_s, &ones[kind], a, a_rs, a_cs);
}

/* -- dot -------------------------------------------------------------------------------------------------------------------------------- */
#define DOT_LOOP(TYPE)                                                                                    \
    do {                                                                                                  \
        TYPE sum = 0;                                                                                     \
        for (int64_t i = 0; i < n; i++)                                                                   \
            sum += *(const TYPE *)(const void *)(x + i * x_s) * *(const TYPE *)(const void *)(y + i * y_s); \
        memcpy(to, &sum, sizeof sum);                                                                     \
    } while (0)

static void dot_plainly(int kind, int64_t n, const char *x, int64_t x_s, const char *y, int64_t y_s, void *to)
{
    switch (kind) {
    case 0: DOT_LOOP(float); break;
    case 1: DOT_LOOP(double); break;
    case 2: DOT_LOOP(float complex); break;
    default: DOT_LOOP(double complex);
    }
}

typedef struct {
    int kind;
    int64_t n, x_s, y_s, item;
    const char *x, *y;
    char *sums;
} dot_job;

static void dot_chunk(void *arg, int64_t chunk, int Py_UNUSED(worker))
{
    const dot_job *job = arg;
    int64_t lo = chunk * DOT_GRAIN;
    int n = (int)rt_min(DOT_GRAIN, job->n - lo);
    const char *x = job->x + lo * job->x_s, *y = job->y + lo * job->y_s;
    int x_inc = increment(n, job->x_s, job->item), y_inc = increment(n, job->y_s, job->item);
    char *to = job->sums + chunk * job->item;
    if (x_inc <= 0 || y_inc <= 0 || job->kind > 1 || n <= 8) {
        dot_plainly(job->kind, n, x, job->x_s, y, job->y_s, to);
    } else if (job->kind == 0) {
        float sum = rt_blas.sdot(&n, x, &x_inc, y, &y_inc);
        memcpy(to, &sum, sizeof sum);
    } else {
        double sum = rt_blas.ddot(&n, x, &x_inc, y, &y_inc);
        memcpy(to, &sum, sizeof sum);
    }
}

int32_t rt_dot(rt_ctx *ctx, int32_t dtype, int64_t n, const void *x, int64_t x_s, const void *y, int64_t y_s,
               void *result)
{
    int kind = rt_blas_kind(dtype);
    if (kind < 0) return rt_fail(ctx, RT_E_INTERNAL, -1, 0, NULL);
    if (!rt_blas.sdot || !rt_blas.ddot) return rt_fail(ctx, RT_E_BLAS_MISSING, -1, 0, NULL);
    dot_job job = {.kind = kind, .n = rt_max(n, 0), .x_s = x_s, .y_s = y_s, .x = x, .y = y, .sums = result};
    job.item = PyDataType_ELSIZE(rt_descrs[dtype]);
    int64_t grains = rt_max(1, rt_ceil_div(job.n, DOT_GRAIN)), work = rt_times(job.n, 2 * job.item * PS_PER_BYTE);
    if (grains == 1) {
        dot_chunk(&job, 0, 0);
        return 0;
    }
    job.sums = rt_alloc(ctx, grains * job.item);
    if (!job.sums) return RT_E_MEMORY;
    bool finished = rt_split(ctx, dot_chunk, &job, grains, work, work >= RT_PARALLEL_PS);
    dot_plainly(kind, grains, job.sums, job.item, (const char *)&ones[kind], 0, result);
    rt_free(ctx, job.sums);
    return finished ? 0 : RT_E_INTERRUPTED;
}

/* -- the pointers -------------------------------------------------------------------------------------------------------------------------- */
static const struct {
    const char *name;
    size_t offset;
} routines[] = {
#define ROUTINE(name, field) {name, offsetof(rt_blas_table, field)}
    ROUTINE("sgemm", gemm[0]), ROUTINE("dgemm", gemm[1]), ROUTINE("cgemm", gemm[2]), ROUTINE("zgemm", gemm[3]),
    ROUTINE("sgemv", gemv[0]), ROUTINE("dgemv", gemv[1]), ROUTINE("cgemv", gemv[2]), ROUTINE("zgemv", gemv[3]),
    ROUTINE("sger", ger[0]),   ROUTINE("dger", ger[1]),   ROUTINE("cgeru", ger[2]),  ROUTINE("zgeru", ger[3]),
    ROUTINE("sdot", sdot),     ROUTINE("ddot", ddot),
    ROUTINE("strsm", trsm[0]), ROUTINE("dtrsm", trsm[1]), ROUTINE("ctrsm", trsm[2]), ROUTINE("ztrsm", trsm[3]),
    ROUTINE("strsv", trsv[0]), ROUTINE("dtrsv", trsv[1]), ROUTINE("ctrsv", trsv[2]), ROUTINE("ztrsv", trsv[3]),
};

PyObject *rt_set_blas(PyObject *Py_UNUSED(module), PyObject *args)
{
    rt_blas_table table;
    PyObject *pointers;
    int best = false;
    memset(&table, 0, sizeof table);
    if (!PyArg_ParseTuple(args, "O!|p:set_blas", &PyDict_Type, &pointers, &best)) return NULL;
    table.best = best;
    for (size_t i = 0; i < sizeof routines / sizeof *routines; i++) {
        PyObject *number = PyDict_GetItemString(pointers, routines[i].name);
        void *address = number ? PyLong_AsVoidPtr(number) : NULL;
        if (!address) {
            if (!PyErr_Occurred()) PyErr_Format(PyExc_KeyError, "set_blas needs %s.", routines[i].name);
            return NULL;
        }
        memcpy((char *)&table + routines[i].offset, &address, sizeof address);
    }
    rt_blas = table;
    Py_RETURN_NONE;
}
