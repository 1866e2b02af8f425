/* Exponentials of matrices, by a rational approximation of what is left of them after scaling, and squaring.
 *
 * source: Al-Mohy and Higham, "A new scaling and squaring algorithm for the matrix exponential", SIAM J. Matrix Anal.
 * Appl. 31 (2009), algorithm 6.1, of which the approximation of degree 13 is taken always. Matrices are in rows. */
#include "runtime.h"
#include "lapack.h"

#include <complex.h>
#include <math.h>
#include <string.h>

enum { DEGREE = 13 };

/* source: table 3.1 there: up to this, the error of the approximation is below the rounding of a double. */
static const double bound = 4.25;

/* source: Higham, "The scaling and squaring method for the matrix exponential revisited" (2005), algorithm 2.3 */
static const double coefficients[DEGREE + 1] = {
    64764752532480000., 32382376266240000., 7771770303897600., 1187353796428800., 129060195264000., 10559470521600.,
    670442572800.,      33522128640.,       1323241920.,       40840800.,         960960.,          16380.,
    182.,               1.};

/* The first coefficient of the error, (m!)^2 / ((2 m)! (2 m + 1)!) for m = 13. source: equation 2.6 of the paper above */
static const double error_coefficient = 1 / 113250775606021113483283660800000000.;

/* One matrix in hand: A, its powers, and room for sums; `parts` numbers each, two for an element of a complex one. */
typedef struct {
    rt_ctx *ctx;
    int32_t dtype;
    int64_t n, parts, step; /* step: parts of one element */
    double *a, *a2, *a4, *a6, *u, *v, *sum, *rows;
    int32_t *pivots;
} exponential;

static int32_t multiply(const exponential *job, const double *x, const double *y, double *out)
{
    static const double complex one = 1, zero = 0;
    int64_t item = job->step * (int64_t)sizeof *x, row = job->n * item;
    return rt_gemm(job->ctx, job->dtype, job->n, job->n, job->n, &one, x, row, item, y, row, item, &zero, out, row, item);
}

static double size_of(const exponential *job, const double *x, int64_t i)
{
    return job->step == 1 ? fabs(x[i]) : hypot(x[2 * i], x[2 * i + 1]);
}

/* The greatest sum of sizes along a row. */
static double norm(const exponential *job, const double *x)
{
    double greatest = 0;
    for (int64_t i = 0; i < job->n; i++) {
        double sum = 0;
        for (int64_t j = 0; j < job->n; j++) sum += size_of(job, x, i * job->n + j);
        if (!(sum <= greatest)) greatest = sum; /* NaN, too */
    }
    return greatest;
}

static void scale(const exponential *job, double *x, int power)
{
    double factor = ldexp(1, power);
    for (int64_t i = 0; i < job->parts; i++) x[i] *= factor;
}

/* The norm of the 27th power of the sizes of A, A having a norm of 1 or less. */
static double norm_of_sizes(const exponential *job)
{
    double *x = job->rows, *y = x + job->n, greatest = 0;
    for (int64_t i = 0; i < job->n; i++) x[i] = 1;
    for (int power = 0; power < 2 * DEGREE + 1; power++) {
        for (int64_t i = 0; i < job->n; i++) {
            y[i] = 0;
            for (int64_t j = 0; j < job->n; j++) y[i] += size_of(job, job->a, i * job->n + j) * x[j];
        }
        memcpy(x, y, (size_t)job->n * sizeof *x);
    }
    for (int64_t i = 0; i < job->n; i++) greatest = fmax(greatest, x[i]);
    return greatest;
}

/* How often to halve 2^power A, of which the powers are those of A. */
static int halvings(const exponential *job, int power)
{
    double size = fmax(pow(norm(job, job->a4), 1. / 4), pow(norm(job, job->a6), 1. / 6));
    double scaled = log2(size / bound) + power;
    int s = scaled > 0 ? (int)ceil(scaled) : 0;
    /* What rounding would do to matrices whose powers are far smaller than their size. */
    double here = norm(job, job->a), left = power - s;
    double alpha = log2(error_coefficient * norm_of_sizes(job) / here) + 2 * DEGREE * left + 53;
    int more = alpha > 0 ? (int)ceil(alpha / (2 * DEGREE)) : 0;
    return s + more;
}

/* out = c6 A^6 + c4 A^4 + c2 A^2 + c0 + more */
static void combine(const exponential *job, double *out, const double *more, double c6, double c4, double c2, double c0)
{
    for (int64_t i = 0; i < job->parts; i++)
        out[i] = (more ? more[i] : 0) + c6 * job->a6[i] + c4 * job->a4[i] + c2 * job->a2[i];
    for (int64_t i = 0; i < job->n; i++) out[i * (job->n + 1) * job->step] += c0;
}

/* U and V of the approximation (V - U)^-1 (V + U): its odd and its even terms. */
static int32_t approximate(const exponential *job)
{
    const double *c = coefficients;
    combine(job, job->sum, NULL, c[13], c[11], c[9], 0);
    int32_t status = multiply(job, job->a6, job->sum, job->v);
    if (status) return status;
    combine(job, job->sum, job->v, c[7], c[5], c[3], c[1]);
    status = multiply(job, job->a, job->sum, job->u);
    if (status) return status;
    combine(job, job->sum, NULL, c[12], c[10], c[8], 0);
    status = multiply(job, job->a6, job->sum, job->v);
    combine(job, job->v, job->v, c[6], c[4], c[2], c[0]);
    return status;
}

/* A becomes 1 + 2 (V - U)^-1 U: so what is small beside 1 keeps its bits. */
static int32_t divide(const exponential *job)
{
    for (int64_t i = 0; i < job->parts; i++) {
        job->a[i] = 2 * job->u[i];
        job->v[i] -= job->u[i];
    }
    int32_t status = rt_getrf(job->ctx, -1, job->dtype, 0, 1, job->n, job->v, job->pivots);
    /* What is in rows here is transposed to LAPACK. */
    if (!status)
        status = rt_getrs(job->ctx, -1, job->dtype, RT_LA_TRANSPOSED, 1, job->n, job->n, job->v, job->pivots, job->a);
    for (int64_t i = 0; i < job->n; i++) job->a[i * (job->n + 1) * job->step] += 1;
    return status;
}

static int32_t exponentiate(const exponential *job)
{
    double size = norm(job, job->a);
    if (!isfinite(size)) {
        for (int64_t i = 0; i < job->parts; i++) job->a[i] = NAN;
        return 0;
    }
    /* Powers of A over a power of two can't overflow. */
    int power = size > 1 ? ilogb(size) + 1 : 0;
    scale(job, job->a, -power);
    int32_t status = multiply(job, job->a, job->a, job->a2);
    if (!status) status = multiply(job, job->a2, job->a2, job->a4);
    if (!status) status = multiply(job, job->a2, job->a4, job->a6);
    if (status) return status;
    int s = size > 0 ? halvings(job, power) : 0;
    scale(job, job->a, power - s);
    scale(job, job->a2, 2 * (power - s));
    scale(job, job->a4, 4 * (power - s));
    scale(job, job->a6, 6 * (power - s));
    status = approximate(job);
    if (!status) status = divide(job);
    for (int i = 0; i < s && !status; i++) {
        status = multiply(job, job->a, job->a, job->sum);
        memcpy(job->a, job->sum, (size_t)job->parts * sizeof *job->a);
    }
    return status;
}

static void of_number(const exponential *job)
{
    double size = exp(job->a[0]);
    if (job->step == 2) {
        double angle = job->a[1];
        job->a[1] = size * sin(angle);
        size *= cos(angle);
    }
    job->a[0] = size;
}

int32_t rt_expm(rt_ctx *ctx, int32_t Py_UNUSED(node), int32_t dtype, int32_t Py_UNUSED(flags), int64_t batch, int64_t n,
                void *a)
{
    int32_t status = rt_lapack_check(ctx, dtype, n);
    if (status || !batch || !n) return status;
    exponential job = {.ctx = ctx, .dtype = dtype, .n = n, .step = dtype == RT_COMPLEX128 ? 2 : 1};
    job.parts = n * n * job.step;
    int64_t bytes = rt_times(job.parts, 6 * sizeof(double)) + 2 * n * (int64_t)sizeof(double) + n * 8;
    job.a2 = rt_alloc(ctx, bytes);
    if (!job.a2) return RT_E_MEMORY;
    job.a4 = job.a2 + job.parts;
    job.a6 = job.a4 + job.parts;
    job.u = job.a6 + job.parts;
    job.v = job.u + job.parts;
    job.sum = job.v + job.parts;
    job.rows = job.sum + job.parts;
    job.pivots = (int32_t *)(void *)(job.rows + 2 * n);
    for (int64_t i = 0; i < batch && !status; i++) {
        job.a = (double *)a + i * job.parts;
        if (n == 1)
            of_number(&job);
        else
            status = exponentiate(&job);
    }
    rt_free(ctx, job.a2);
    return status;
}
