/* Spectra and orthogonal factors of the matrices of a batch, over Fortran LAPACK pointers.
 *
 * All matrices are packed and column-major. LAPACK runs serially, each matrix on one of our threads. */
#include "runtime.h"
#include "lapack.h"

#include <math.h>
#include <string.h>

void *rt_lapack[RT_LAPACK_ROUTINES][RT_BLAS_KINDS];

/* -- what is shared with factor.c ------------------------------------------------------------------------------------------- */
int32_t rt_lapack_fail(rt_ctx *ctx, int32_t node, int64_t info, int64_t item)
{
    int64_t details[] = {info, item};
    return rt_fail(ctx, RT_E_LAPACK, node, 2, details);
}

int32_t rt_lapack_check(rt_ctx *ctx, int32_t dtype, int64_t longest)
{
    if (rt_blas_kind(dtype) < 0) return rt_fail(ctx, RT_E_INTERNAL, -1, 0, NULL);
    if (!rt_lapack[RT_POTRF][0] || !rt_blas.trsm[0]) return rt_fail(ctx, RT_E_BLAS_MISSING, -1, 0, NULL);
    return longest > INT32_MAX ? rt_fail(ctx, RT_E_BLAS_SIZE, -1, 1, &longest) : 0;
}

/* -- a batch ------------------------------------------------------------------------------------------------------------------ */
enum { OPERANDS = 4 };

/* Work memory of one call of LAPACK: numbers of the matrix's type, real numbers, integers. */
typedef struct {
    int number, real, integer;
} room;

typedef struct job {
    int kind;
    int32_t flags;
    int64_t m, n, k, item, real;
    char *p[OPERANDS];
    int64_t step[OPERANDS]; /* bytes from one matrix of the batch to the next */
    room room;
    char *work;
    int64_t worker_bytes;
    int32_t *infos;
    /* What LAPACK says of the matrices at `p`. With `asked`, it tells only what room it would like. */
    int (*one)(const struct job *job, char **p, void *work, void *real, int *integers, const room *room);
} job;

static bool is_complex(const job *job) { return job->kind > 1; }

static void run_one(void *arg, int64_t chunk, int worker)
{
    const job *job = arg;
    char *p[OPERANDS], *work = job->work + worker * job->worker_bytes;
    for (int i = 0; i < OPERANDS; i++) p[i] = job->p[i] + chunk * job->step[i];
    char *real = work + job->room.number * job->item, *integers = real + job->room.real * job->real;
    job->infos[chunk] = job->one(job, p, work, real, (int *)(void *)integers, &job->room);
}

/* A size that LAPACK gives as a number; float32 holds large ones roughly. */
static int as_size(const job *job, const void *number)
{
    double size = job->kind % 2 ? *(const double *)number : *(const float *)number * (1 + 1e-6);
    return (int)ceil(size);
}

/* Asks for the room that LAPACK works best with; what it does not tell is `at_least`. */
static void ask_for_room(job *job, room at_least)
{
    double number[2] = {0}, real[2] = {0};
    int integer = 0;
    const room asked = {-1, -1, -1};
    job->one(job, job->p, number, real, &integer, &asked);
    int told = as_size(job, real);
    job->room.number = (int)rt_max(at_least.number, as_size(job, number));
    job->room.real = (int)rt_max(at_least.real, is_complex(job) ? told : 0);
    job->room.integer = (int)rt_max(at_least.integer, integer);
    /* All three begin at multiples of 16. */
    job->room.number += job->room.number & 1;
    job->room.real = (job->room.real + 3) & ~3;
    job->room.number = (job->room.number + 3) & ~3;
    job->room.integer += 16;
}

static int32_t run_batch(rt_ctx *ctx, int32_t node, job *job, int64_t batch, int64_t work_ps)
{
    int64_t bytes = job->room.number * job->item + job->room.real * job->real + job->room.integer * (int64_t)sizeof(int);
    int64_t work = rt_times(batch, work_ps), threads = rt_num_threads();
    job->worker_bytes = (bytes + 63) / 64 * 64;
    job->work = rt_alloc(ctx, rt_times(job->worker_bytes, threads));
    job->infos = rt_alloc(ctx, batch * (int64_t)sizeof *job->infos);
    if (!job->work || !job->infos) return RT_E_MEMORY;
    int32_t status = rt_split(ctx, run_one, job, batch, work, work >= RT_PARALLEL_PS) ? 0 : RT_E_INTERRUPTED;
    for (int64_t i = 0; i < batch && !status; i++)
        if (job->infos[i]) status = rt_lapack_fail(ctx, node, job->infos[i], i);
    rt_free(ctx, job->infos);
    rt_free(ctx, job->work);
    return status;
}

static int32_t begin(rt_ctx *ctx, job *job, int32_t dtype)
{
    int32_t status = rt_lapack_check(ctx, dtype, rt_max(job->m, rt_max(job->n, job->k)));
    if (status) return status;
    job->kind = rt_blas_kind(dtype);
    job->item = PyDataType_ELSIZE(rt_descrs[dtype]);
    job->real = is_complex(job) ? job->item / 2 : job->item;
    return 0;
}

/* Picoseconds of `factor` times n^3 operations on a matrix of which `longest` is the longer side. */
static int64_t cubic(const job *job, int64_t longest, int64_t factor)
{
    return rt_times(rt_times(longest, longest * longest), factor * 33) * (is_complex(job) ? 4 : 1) + 2000000;
}

static bool all_finite(const job *job, const char *a, int64_t count)
{
    for (int64_t i = 0; i < count * (is_complex(job) ? 2 : 1); i++)
        if (!isfinite(job->kind % 2 ? ((const double *)(const void *)a)[i] : ((const float *)(const void *)a)[i]))
            return false;
    return true;
}

/* -- eigenvalues ---------------------------------------------------------------------------------------------------------------- */
typedef void syevd_fn(char *jobz, char *uplo, int *n, void *a, int *lda, void *w, void *work, int *lwork, int *iwork,
                      int *liwork, int *info);
typedef void heevd_fn(char *jobz, char *uplo, int *n, void *a, int *lda, void *w, void *work, int *lwork, void *rwork,
                      int *lrwork, int *iwork, int *liwork, int *info);

static int syevd_one(const job *job, char **p, void *work, void *real, int *integers, const room *room)
{
    int n = (int)job->n, lda = (int)rt_max(1, n), info = 0;
    int lwork = room->number, lrwork = room->real, liwork = room->integer;
    char *jobz = job->flags & RT_LA_VALUES ? "N" : "V", *uplo = job->flags & RT_LA_UPPER ? "U" : "L";
    if (is_complex(job))
        RT_LAPACK_FN(heevd_fn, RT_SYEVD, job->kind)(jobz, uplo, &n, p[0], &lda, p[1], work, &lwork, real, &lrwork,
                                                    integers, &liwork, &info);
    else
        RT_LAPACK_FN(syevd_fn, RT_SYEVD, job->kind)(jobz, uplo, &n, p[0], &lda, p[1], work, &lwork, integers, &liwork,
                                                    &info);
    return info;
}

int32_t rt_syevd(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t n, void *a, void *w)
{
    job job = {.flags = flags, .n = n, .p = {a, w}, .one = syevd_one};
    int32_t status = begin(ctx, &job, dtype);
    if (status || !batch || !n) return status;
    job.step[0] = n * n * job.item;
    job.step[1] = n * job.real;
    ask_for_room(&job, (room){0});
    return run_batch(ctx, node, &job, batch, cubic(&job, n, 9));
}

typedef void sygvd_fn(int *itype, char *jobz, char *uplo, int *n, void *a, int *lda, void *b, int *ldb, void *w,
                      void *work, int *lwork, int *iwork, int *liwork, int *info);
typedef void hegvd_fn(int *itype, char *jobz, char *uplo, int *n, void *a, int *lda, void *b, int *ldb, void *w,
                      void *work, int *lwork, void *rwork, int *lrwork, int *iwork, int *liwork, int *info);

static int sygvd_one(const job *job, char **p, void *work, void *real, int *integers, const room *room)
{
    int n = (int)job->n, lda = (int)rt_max(1, n), info = 0, itype = 1;
    int lwork = room->number, lrwork = room->real, liwork = room->integer;
    char *jobz = job->flags & RT_LA_VALUES ? "N" : "V", *uplo = job->flags & RT_LA_UPPER ? "U" : "L";
    if (is_complex(job))
        RT_LAPACK_FN(hegvd_fn, RT_SYGVD, job->kind)(&itype, jobz, uplo, &n, p[0], &lda, p[1], &lda, p[2], work, &lwork,
                                                    real, &lrwork, integers, &liwork, &info);
    else
        RT_LAPACK_FN(sygvd_fn, RT_SYGVD, job->kind)(&itype, jobz, uplo, &n, p[0], &lda, p[1], &lda, p[2], work, &lwork,
                                                    integers, &liwork, &info);
    return info;
}

int32_t rt_sygvd(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t n, void *a, void *b,
                 void *w)
{
    job job = {.flags = flags, .n = n, .p = {a, b, w}, .one = sygvd_one};
    int32_t status = begin(ctx, &job, dtype);
    if (status || !batch || !n) return status;
    job.step[0] = job.step[1] = n * n * job.item;
    job.step[2] = n * job.real;
    ask_for_room(&job, (room){0});
    return run_batch(ctx, node, &job, batch, cubic(&job, n, 14));
}

typedef void geev_fn(char *jobvl, char *jobvr, int *n, void *a, int *lda, void *wr, void *wi, void *vl, int *ldvl,
                     void *vr, int *ldvr, void *work, int *lwork, int *info);
typedef void geev_complex_fn(char *jobvl, char *jobvr, int *n, void *a, int *lda, void *w, void *vl, int *ldvl, void *vr,
                             int *ldvr, void *work, int *lwork, void *rwork, int *info);

/* Two columns hold the real and the imaginary part of the vectors of a pair: both get the real part. */
static void keep_real_parts(const job *job, char *vectors, const char *imaginary)
{
    size_t column = (size_t)(job->n * job->item);
    for (int64_t j = 0; j + 1 < job->n; j++) {
        const char *at = imaginary + j * job->item;
        if (job->kind ? *(const double *)(const void *)at == 0 : *(const float *)(const void *)at == 0) continue;
        memcpy(vectors + (j + 1) * (int64_t)column, vectors + j * (int64_t)column, column);
        j++;
    }
}

static int geev_one(const job *job, char **p, void *work, void *real, int *Py_UNUSED(integers), const room *room)
{
    int n = (int)job->n, lda = (int)rt_max(1, n), info = 0, lwork = room->number, one = 1;
    char *jobvr = job->flags & RT_LA_VALUES ? "N" : "V";
    if (room->number >= 0 && !all_finite(job, p[0], job->n * job->n)) return RT_NOT_FINITE;
    if (is_complex(job)) {
        RT_LAPACK_FN(geev_complex_fn, RT_GEEV, job->kind)("N", jobvr, &n, p[0], &lda, p[1], NULL, &one, p[2], &lda, work,
                                                          &lwork, real, &info);
        return info;
    }
    char *imaginary = work;
    void *rest = work;
    if (room->number >= 0) {
        lwork -= n;
        rest = imaginary + n * job->item;
    }
    RT_LAPACK_FN(geev_fn, RT_GEEV, job->kind)("N", jobvr, &n, p[0], &lda, p[1], imaginary, NULL, &one, p[2], &lda, rest,
                                              &lwork, &info);
    if (room->number >= 0 && !info && !(job->flags & RT_LA_VALUES)) keep_real_parts(job, p[2], imaginary);
    return info;
}

int32_t rt_geev(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t n, void *a, void *w,
                void *v)
{
    job job = {.flags = flags, .n = n, .p = {a, w, v}, .one = geev_one};
    int32_t status = begin(ctx, &job, dtype);
    if (status || !batch || !n) return status;
    job.step[0] = job.step[2] = n * n * job.item;
    job.step[1] = n * job.item;
    ask_for_room(&job, (room){.real = is_complex(&job) ? (int)(2 * n) : 0});
    job.room.number += (int)(n + 3) & ~3; /* of a real matrix: the imaginary parts */
    return run_batch(ctx, node, &job, batch, cubic(&job, n, 25));
}

/* -- singular values ---------------------------------------------------------------------------------------------------------- */
typedef void gesdd_fn(char *jobz, int *m, int *n, void *a, int *lda, void *s, void *u, int *ldu, void *vt, int *ldvt,
                      void *work, int *lwork, int *iwork, int *info);
typedef void gesdd_complex_fn(char *jobz, int *m, int *n, void *a, int *lda, void *s, void *u, int *ldu, void *vt,
                              int *ldvt, void *work, int *lwork, void *rwork, int *iwork, int *info);

static int gesdd_one(const job *job, char **p, void *work, void *real, int *integers, const room *room)
{
    int m = (int)job->m, n = (int)job->n, info = 0, lwork = room->number;
    int lda = (int)rt_max(1, m), ldvt = (int)rt_max(1, job->flags & RT_LA_THIN ? rt_min(m, n) : n);
    char *jobz = job->flags & RT_LA_VALUES ? "N" : job->flags & RT_LA_THIN ? "S" : "A";
    if (is_complex(job))
        RT_LAPACK_FN(gesdd_complex_fn, RT_GESDD, job->kind)(jobz, &m, &n, p[0], &lda, p[1], p[2], &lda, p[3], &ldvt,
                                                            work, &lwork, real, integers, &info);
    else
        RT_LAPACK_FN(gesdd_fn, RT_GESDD, job->kind)(jobz, &m, &n, p[0], &lda, p[1], p[2], &lda, p[3], &ldvt, work,
                                                    &lwork, integers, &info);
    return info;
}

/* The vectors of an empty matrix, of which LAPACK makes none. */
static void make_unit(const job *job, char *to, int64_t n, int64_t batch)
{
    memset(to, 0, (size_t)(batch * n * n * job->item));
    for (int64_t i = 0; i < batch * n; i++) {
        char *at = to + (i / n * n * n + i % n * (n + 1)) * job->item;
        if (job->kind % 2)
            *(double *)(void *)at = 1;
        else
            *(float *)(void *)at = 1;
    }
}

int32_t rt_gesdd(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t m, int64_t n, void *a,
                 void *s, void *u, void *vt)
{
    job job = {.flags = flags, .m = m, .n = n, .p = {a, s, u, vt}, .one = gesdd_one};
    int32_t status = begin(ctx, &job, dtype);
    if (status || !batch) return status;
    int64_t k = rt_min(m, n), longest = rt_max(m, n);
    bool thin = flags & RT_LA_THIN;
    if (!k && !(flags & (RT_LA_THIN | RT_LA_VALUES))) {
        make_unit(&job, u, m, batch);
        make_unit(&job, vt, n, batch);
    }
    if (!k) return 0;
    job.step[0] = m * n * job.item;
    job.step[1] = k * job.real;
    job.step[2] = flags & RT_LA_VALUES ? 0 : m * (thin ? k : m) * job.item;
    job.step[3] = flags & RT_LA_VALUES ? 0 : n * (thin ? k : n) * job.item;
    /* source: the documentation of zgesdd */
    int64_t real = is_complex(&job) ? rt_max(5 * k * k + 7 * k, 2 * longest * k + 2 * k * k + k) : 0;
    if (rt_max(real, 8 * k) > INT32_MAX) return rt_fail(ctx, RT_E_BLAS_SIZE, -1, 1, &longest);
    ask_for_room(&job, (room){.real = (int)real, .integer = (int)(8 * k)});
    return run_batch(ctx, node, &job, batch, cubic(&job, longest, 20));
}

/* -- orthogonal factors ------------------------------------------------------------------------------------------------------ */
typedef void geqrf_fn(int *m, int *n, void *a, int *lda, void *tau, void *work, int *lwork, int *info);
typedef void orgqr_fn(int *m, int *n, int *k, void *a, int *lda, void *tau, void *work, int *lwork, int *info);

static int geqrf_one(const job *job, char **p, void *work, void *Py_UNUSED(real), int *Py_UNUSED(integers),
                     const room *room)
{
    int m = (int)job->m, n = (int)job->n, lda = (int)rt_max(1, m), info = 0, lwork = room->number;
    RT_LAPACK_FN(geqrf_fn, RT_GEQRF, job->kind)(&m, &n, p[0], &lda, p[1], work, &lwork, &info);
    return info;
}

static int orgqr_one(const job *job, char **p, void *work, void *Py_UNUSED(real), int *Py_UNUSED(integers),
                     const room *room)
{
    int m = (int)job->m, n = (int)job->n, k = (int)job->k, lda = (int)rt_max(1, m), info = 0, lwork = room->number;
    RT_LAPACK_FN(orgqr_fn, RT_ORGQR, job->kind)(&m, &n, &k, p[0], &lda, p[1], work, &lwork, &info);
    return info;
}

static int32_t orthogonal(rt_ctx *ctx, int32_t node, int32_t dtype, job *job, int64_t batch, int64_t reflections)
{
    int32_t status = begin(ctx, job, dtype);
    if (status || !batch || !job->m || !job->n) return status;
    job->step[0] = job->m * job->n * job->item;
    job->step[1] = reflections * job->item;
    ask_for_room(job, (room){0});
    return run_batch(ctx, node, job, batch, cubic(job, rt_max(job->m, job->n), 2));
}

int32_t rt_geqrf(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t Py_UNUSED(flags), int64_t batch, int64_t m, int64_t n,
                 void *a, void *tau)
{
    job job = {.m = m, .n = n, .p = {a, tau}, .one = geqrf_one};
    return orthogonal(ctx, node, dtype, &job, batch, rt_min(m, n));
}

int32_t rt_orgqr(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t Py_UNUSED(flags), int64_t batch, int64_t m, int64_t n,
                 int64_t k, void *a, void *tau)
{
    job job = {.m = m, .n = n, .k = k, .p = {a, tau}, .one = orgqr_one};
    return orthogonal(ctx, node, dtype, &job, batch, k);
}

/* -- least squares --------------------------------------------------------------------------------------------------------------- */
typedef void gelsd_fn(int *m, int *n, int *nrhs, void *a, int *lda, void *b, int *ldb, void *s, void *rcond, int *rank,
                      void *work, int *lwork, int *iwork, int *info);
typedef void gelsd_complex_fn(int *m, int *n, int *nrhs, void *a, int *lda, void *b, int *ldb, void *s, void *rcond,
                              int *rank, void *work, int *lwork, void *rwork, int *iwork, int *info);

/* What is left over stands in the rows of each column below the solution: its length comes in the first of them. */
static void gather_rest(const job *job, char *b)
{
    for (int64_t j = 0; j < job->k && job->m > job->n; j++) {
        char *rest = b + (j * job->m + job->n) * job->item;
        int64_t count = job->m - job->n;
        double squares = 0;
        for (int64_t i = 0; i < count * (is_complex(job) ? 2 : 1); i++) {
            double x = job->kind % 2 ? ((double *)(void *)rest)[i] : ((float *)(void *)rest)[i];
            squares += x * x;
        }
        memset(rest, 0, (size_t)(count * job->item));
        if (job->kind % 2)
            *(double *)(void *)rest = sqrt(squares);
        else
            *(float *)(void *)rest = (float)sqrt(squares);
    }
}

/* p[3] holds the bound on the condition before, the rank after: both are 8 bytes. */
static int gelsd_one(const job *job, char **p, void *work, void *real, int *integers, const room *room)
{
    int m = (int)job->m, n = (int)job->n, k = (int)job->k, info = 0, lwork = room->number, rank = 0;
    int lda = (int)rt_max(1, m), ldb = (int)rt_max(1, rt_max(m, n));
    double bound;
    memcpy(&bound, p[3], sizeof bound);
    float single = (float)bound;
    void *rcond = job->kind % 2 ? (void *)&bound : (void *)&single;
    if (is_complex(job))
        RT_LAPACK_FN(gelsd_complex_fn, RT_GELSD, job->kind)(&m, &n, &k, p[0], &lda, p[1], &ldb, p[2], rcond, &rank, work,
                                                            &lwork, real, integers, &info);
    else
        RT_LAPACK_FN(gelsd_fn, RT_GELSD, job->kind)(&m, &n, &k, p[0], &lda, p[1], &ldb, p[2], rcond, &rank, work,
                                                    &lwork, integers, &info);
    int64_t found = rank;
    if (room->number < 0) return info;
    memcpy(p[3], &found, sizeof found);
    gather_rest(job, p[1]);
    return info;
}

int32_t rt_gelsd(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t Py_UNUSED(flags), int64_t m, int64_t n, int64_t k,
                 void *a, void *b, void *s, void *rank)
{
    job job = {.m = m, .n = n, .k = k, .p = {a, b, s, rank}, .one = gelsd_one};
    int32_t status = begin(ctx, &job, dtype);
    if (status) return status;
    ask_for_room(&job, (room){0});
    return run_batch(ctx, node, &job, 1, cubic(&job, rt_max(m, n), 10));
}

/* -- the pointers ------------------------------------------------------------------------------------------------------------------ */
static const char *const stems[RT_LAPACK_ROUTINES][2] = {
    [RT_POTRF] = {"potrf", "potrf"}, [RT_GETRF] = {"getrf", "getrf"}, [RT_SYEVD] = {"syevd", "heevd"},
    [RT_SYGVD] = {"sygvd", "hegvd"}, [RT_GEEV] = {"geev", "geev"},    [RT_GESDD] = {"gesdd", "gesdd"},
    [RT_GEQRF] = {"geqrf", "geqrf"}, [RT_ORGQR] = {"orgqr", "ungqr"}, [RT_GELSD] = {"gelsd", "gelsd"},
};

PyObject *rt_set_lapack(PyObject *Py_UNUSED(module), PyObject *pointers)
{
    void *table[RT_LAPACK_ROUTINES][RT_BLAS_KINDS];
    if (!PyDict_Check(pointers)) {
        PyErr_SetString(PyExc_TypeError, "set_lapack takes a dict from routine names to addresses.");
        return NULL;
    }
    for (int i = 0; i < RT_LAPACK_ROUTINES * RT_BLAS_KINDS; i++) {
        int routine = i / RT_BLAS_KINDS, kind = i % RT_BLAS_KINDS;
        char name[16];
        PyOS_snprintf(name, sizeof name, "%c%s", "sdcz"[kind], stems[routine][kind / 2]);
        PyObject *number = PyDict_GetItemString(pointers, name);
        table[routine][kind] = number ? PyLong_AsVoidPtr(number) : NULL;
        if (!table[routine][kind]) {
            if (!PyErr_Occurred()) PyErr_Format(PyExc_KeyError, "set_lapack needs %s.", name);
            return NULL;
        }
    }
    memcpy(rt_lapack, table, sizeof table);
    Py_RETURN_NONE;
}
