/* Kernels for each processor family and type, and the choice between them. Wants KERNELS (the name of the file with the
 * kernels of one family and type, which defines a table KERNEL(kernels)) and TABLE (the type of that table). Gives
 * kernels_for(kind): the table for float (0) or double (1) on this machine, or NULL. */
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

#if defined(__x86_64__) && defined(__GNUC__)
#define BYTES 64
#define ATTRIBUTES __attribute__((target("avx512f,avx512vl,avx512dq,fma")))
#define REAL float
#define LETTERS ps
#define INTEGER int32_t
#define KERNEL(name) JOIN(name, _f32_v4)
#include KERNELS
#undef REAL
#undef LETTERS
#undef INTEGER
#undef KERNEL
#define REAL double
#define LETTERS pd
#define INTEGER int64_t
#define KERNEL(name) JOIN(name, _f64_v4)
#include KERNELS
#undef REAL
#undef LETTERS
#undef INTEGER
#undef KERNEL
#undef BYTES
#undef ATTRIBUTES
#define BYTES 32
#define ATTRIBUTES __attribute__((target("avx2,fma")))
#define REAL float
#define LETTERS ps
#define INTEGER int32_t
#define KERNEL(name) JOIN(name, _f32_v3)
#include KERNELS
#undef REAL
#undef LETTERS
#undef INTEGER
#undef KERNEL
#define REAL double
#define LETTERS pd
#define INTEGER int64_t
#define KERNEL(name) JOIN(name, _f64_v3)
#include KERNELS
#undef REAL
#undef LETTERS
#undef INTEGER
#undef KERNEL
#undef BYTES
#undef ATTRIBUTES

static const TABLE *kernels_for(int kind)
{
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        return kind ? &kernels_f64_v4 : &kernels_f32_v4;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return kind ? &kernels_f64_v3 : &kernels_f32_v3;
    return NULL;
}
#else
static const TABLE *kernels_for(int kind)
{
    (void)kind;
    return NULL;
}
#endif
