/* Declarations shared by the files of croton.backends.cpu._runtime. The binary interface that the driver sees is
 * described in abi.md; everything after the marked fields of rt_ctx is private. */
#ifndef CROTON_RUNTIME_H
#define CROTON_RUNTIME_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL croton_runtime_array_api
#ifndef RT_MODULE_FILE
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RT_ABI_VERSION 1

enum {
    RT_MAX_AXES = 32,
    RT_MAX_BUFFERS = 64,
    RT_MAX_DETAILS = 6,
    RT_MAX_OPERANDS = 16,
    RT_MAX_THREADS = 256,
};

/* Work below the first bound is not worth giving the GIL away, below the second not worth a second thread.
 * source: measured, a release costs 25-40 ns, a fork-join of warm threads 0.3 us, moving 160 KB between cores 5 us. */
#define RT_GIL_PS INT64_C(10000000)
#define RT_PARALLEL_PS INT64_C(25000000)
/* A thread's share of a split loop, and the longest stretch between two looks for Ctrl-C. */
#define RT_CHUNK_PS INT64_C(12000000)
#define RT_STRETCH_PS INT64_C(4000000000)
#define RT_CHECK_NS INT64_C(50000000)

static_assert(sizeof(npy_intp) == 8 && sizeof(void *) == 8, "the runtime is written for 64-bit machines");

/* -- dtypes ------------------------------------------------------------------------------------------------- */
typedef enum {
    RT_OBJECT = -1,
    RT_BOOL,
    RT_INT8,
    RT_UINT8,
    RT_INT16,
    RT_UINT16,
    RT_INT32,
    RT_UINT32,
    RT_INT64,
    RT_UINT64,
    RT_FLOAT16,
    RT_FLOAT32,
    RT_FLOAT64,
    RT_COMPLEX64,
    RT_COMPLEX128,
    RT_NUM_DTYPES,
} rt_dtype;

/* What is not a dtype of ours at all: strings, dates, structures. */
enum { RT_FOREIGN = -2 };

extern const char *const rt_dtype_names[RT_NUM_DTYPES];
extern PyArray_Descr *rt_descrs[RT_NUM_DTYPES];
int rt_dtypes_init(void);
int rt_callable_init(void);
int rt_dtype_of_typenum(int typenum);
/* The code of a dtype's name; RT_FOREIGN with TypeError set when it is none. */
int rt_dtype_of_name(PyObject *name);

/* -- the driver's structures (abi.md) ------------------------------------------------------------------------ */
typedef struct {
    void *data;
    int64_t ndim;
    const int64_t *dims;
    const int64_t *strides;
    PyObject *obj;
} rt_slot;

typedef struct rt_ctx rt_ctx;

typedef enum { RT_FORM_E, RT_FORM_RI, RT_FORM_RO } rt_form;
enum { RT_NEST_FLAT = 1 };
enum { RT_CLASS_UNIT = 0, RT_CLASS_SPLAT = 1, RT_CLASS_INOUT = 2, RT_CLASS_SPACED = 4 };
enum { RT_LOOP_PARALLEL = 1, RT_LOOP_EMPTY = 2 };

typedef struct {
    int32_t itemsize;
    int32_t kind;
} rt_nest_buf;

typedef struct {
    int32_t kernel, form, ndim, nbuf, nin, nacc, flags, lanes;
    int64_t reduced, cost, scratch, scratch_point;
    rt_nest_buf bufs[];
} rt_nest_desc;

typedef void rt_nest_kernel(void **p, const int64_t *so, const int64_t *sr, int64_t o_lo, int64_t o_hi, int64_t nr,
                            int64_t v_lo, int64_t v_hi, void *scratch);
typedef int32_t rt_loop_kernel(void **p, const int64_t *params, int64_t lo, int64_t hi, int64_t *err);
typedef int32_t rt_entry(rt_ctx *ctx);

/* -- errors -------------------------------------------------------------------------------------------------- */
enum {
    RT_E_PYTHON = 1,
    RT_E_MEMORY,
    RT_E_INTERRUPTED,
    RT_E_RESULT,
    RT_E_CELL,
    RT_E_BLAS_SIZE,
    RT_E_BLAS_MISSING,
    RT_E_INTERNAL,
    RT_E_LAPACK,
};

typedef struct {
    int32_t dtype, ndim;
    bool has_strides;
    void *data;
    double number[2]; /* one without axes, which may lie on the stack of the driver */
    int64_t dims[RT_MAX_AXES], strides[RT_MAX_AXES];
} rt_operand_note;

typedef struct {
    int32_t code, node, n, noperands;
    int64_t details[RT_MAX_DETAILS];
    rt_operand_note *operands;
} rt_error;

/* -- memory -------------------------------------------------------------------------------------------------- */
typedef struct rt_block rt_block;

enum { RT_FREE_BLOCKS = 32 };

/* The free list of one ctx, and the blocks that the running program holds. */
typedef struct {
    rt_block *live;
    int nfree, victim;
    size_t cached;
    size_t sizes[RT_FREE_BLOCKS];
    rt_block *blocks[RT_FREE_BLOCKS];
} rt_heap;

void *rt_heap_alloc(rt_heap *heap, int64_t nbytes);
void rt_heap_free(rt_heap *heap, void *data);
void rt_heap_reset(rt_heap *heap);
void rt_heap_clear(rt_heap *heap);
int rt_memory_init(void);
/* A new C-contiguous ndarray, contents not set. */
PyObject *rt_new_array(int dtype, int ndim, const int64_t *dims);

/* -- Cell, Program, Callable ---------------------------------------------------------------------------------- */
typedef struct {
    PyObject_HEAD
    PyObject *value;
    PyObject *weakrefs;
} rt_cell;

enum { RT_INPUT_PYFLOAT = 1, RT_INPUT_DOWNCAST = 2 };

typedef struct {
    int dtype, ndim, flags;
    bool has_static;
    PyArray_Descr *descr;       /* borrowed from rt_descrs */
    PyTypeObject *object_type;  /* objects only: the exact class of the fast path, or NULL */
    int64_t *dims;              /* -1: not known */
} rt_spec;

typedef struct {
    PyObject *fn;
    int nin, nout, node;
    int *inputs;
    int *outputs;
    int *dtypes;
    int *ndims;
} rt_callback;

typedef struct {
    int output, cell;
} rt_update;

typedef struct {
    PyObject_HEAD
    rt_entry *entry;
    const void **kernels;
    Py_ssize_t nkernels;
    int ninputs, nconstants, ncells, noutputs, nlocals, nslots;
    int first_constant, first_cell, first_output, first_local;
    int nupdates, nreturns, ncallbacks;
    int single; /* the output that is returned bare; -1: a list; -2: None */
    rt_spec *inputs;
    rt_spec *cell_specs;
    PyObject *makers;    /* tuple: of kernels without an address, what makes them */
    PyObject *constants; /* tuple */
    PyObject *cells;     /* tuple of Cell */
    rt_update *updates;
    int *returns;
    rt_callback *callbacks;
    PyObject *on_error;
    PyObject *keep;
    rt_ctx *pool;
    int pooled;
} rt_program;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    rt_program *program;
    PyObject *names; /* of the inputs, for calls by name; NULL or None: such calls are slow */
    char trust_input;
} rt_callable;

extern PyTypeObject rt_cell_type, rt_program_type, rt_callable_type;

union rt_scalar {
    int64_t i;
    double f[2];
};

struct rt_ctx {
    /* read by the driver */
    const void *const *table;
    const void *const *kernels;
    rt_slot *slots;
    /* private */
    rt_program *program;
    rt_ctx *next;
    PyObject **made; /* per input: the 0-d array made for a bare number, when a Python node asked */
    int nmade;
    uint32_t ticks;
    int64_t checked_ns;
    union rt_scalar *scalars;
    rt_error error;
    rt_heap heap;
};

rt_ctx *rt_ctx_acquire(rt_program *program);
void rt_ctx_release(rt_ctx *ctx);
void rt_ctx_destroy(rt_ctx *ctx);
bool rt_bind_array(rt_slot *slot, PyObject *value, const rt_spec *spec);
/* A value for an input slot; false where it does not fit (no exception is set). */
bool rt_bind_input(rt_ctx *ctx, int index, PyObject *value);
/* Runs the program on a ctx with bound inputs, releases the ctx, gives the results or NULL with an exception. */
PyObject *rt_run(rt_ctx *ctx);
/* The address of a kernel, which is made now if that was put off; NULL with an exception. The GIL is held. */
const void *rt_kernel(rt_ctx *ctx, int32_t index);
/* Sets the Python exception for what ctx->error says. */
void rt_raise(rt_ctx *ctx, int32_t code);

/* -- threads -------------------------------------------------------------------------------------------------- */
typedef void rt_task(void *arg, int64_t chunk, int worker);
typedef struct {
    rt_ctx *ctx;
    PyThreadState *thread; /* saved state while the GIL is given away; NULL while it is held */
    _Atomic bool stopped;  /* Ctrl-C: remaining chunks are skipped */
} rt_stretch;

int rt_num_threads(void);
void rt_set_num_threads(int n);
/* task(arg, 0..nchunks-1) on the pool and the calling thread, in any order; false when interrupted. `work_ps` decides
 * about the GIL (which the caller holds), `parallel` about threads. */
bool rt_split(rt_ctx *ctx, rt_task *task, void *arg, int64_t nchunks, int64_t work_ps, bool parallel);
int rt_pool_init(void);
int64_t rt_now_ns(void);

/* Multiplication of non-negative numbers that stays at INT64_MAX. */
static inline int64_t rt_times(int64_t a, int64_t b)
{
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

static inline int64_t rt_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t rt_max(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t rt_ceil_div(int64_t a, int64_t b) { return a / b + (a % b != 0); }

/* How many chunks a loop of this much work is cut into. */
int64_t rt_chunks_for(int64_t work_ps, bool *parallel);

/* -- nests --------------------------------------------------------------------------------------------------- */
/* Axes of one kind after merging, outermost first; strides[axis * nbuf + buffer]. */
typedef struct {
    int n;
    int64_t dims[RT_MAX_AXES];
    int64_t strides[RT_MAX_AXES * RT_MAX_BUFFERS];
} rt_axes;

/* A nest brought to the loop axes (o, r, v), with what does not fit them looped over outside (`outer`). */
typedef struct {
    const rt_nest_desc *desc;
    rt_nest_kernel *kernel;
    int nbuf;
    void **p;
    rt_axes outer;
    int64_t rows, o, nr, v; /* rows: o times the extents of outer */
    int64_t so[RT_MAX_BUFFERS], sr[2 * RT_MAX_BUFFERS]; /* of r, then of v */
    uint64_t tiled;   /* inputs that are copied tile by tile, just before the kernel reads them */
    uint64_t copied;  /* buffers that must be replaced by a conforming copy before this can run */
    uint64_t merging; /* of these: because their reduced axes don't merge */
    bool slow;        /* the v axis could not be used */
    char *scratch;
    int64_t scratch_bytes; /* of one thread */
    int64_t row_chunk, v_chunk, v_chunks;
} rt_nest_plan;

/* Copies that stand in for buffers of a nest while it runs. */
typedef struct {
    uint64_t inputs, outputs;
    void *p[RT_MAX_BUFFERS];
    void *original[RT_MAX_BUFFERS];
    int64_t strides[RT_MAX_AXES * RT_MAX_BUFFERS];
} rt_nest_copies;

void rt_nest_prepare(rt_nest_plan *plan, const rt_nest_desc *desc, int nbuf, void **p, const int64_t *dims,
                     const int64_t *strides);
/* As above, replacing buffers until all conform. A non-zero return is an error; end with rt_nest_restore. */
int32_t rt_nest_conform(rt_ctx *ctx, rt_nest_plan *plan, rt_nest_copies *copies, const rt_nest_desc *desc, int nbuf,
                        void **p, const int64_t *dims, const int64_t *strides);
int32_t rt_nest_restore(rt_ctx *ctx, const rt_nest_plan *plan, rt_nest_copies *copies, const int64_t *dims,
                        const int64_t *strides, bool write_back);

/* -- the function table (abi.md section 4) -------------------------------------------------------------------- */
void *rt_alloc(rt_ctx *ctx, int64_t nbytes);
int32_t rt_fail_memory(rt_ctx *ctx, int64_t itemsize, int32_t ndim, const int64_t *dims);
void rt_free(rt_ctx *ctx, void *block);
void *rt_output(rt_ctx *ctx, int32_t slot, int32_t dtype, int32_t ndim, const int64_t *dims);
void *rt_output_into(rt_ctx *ctx, int32_t slot, int32_t cell_slot, int32_t dtype, int32_t ndim, const int64_t *dims);
int32_t rt_view(rt_ctx *ctx, int32_t slot, int32_t base_slot, int32_t dtype, void *data, int32_t ndim,
                const int64_t *dims, const int64_t *strides);
int32_t rt_alias(rt_ctx *ctx, int32_t slot, int32_t source_slot);
/* A deep copy of the object, which the program may then change. */
int32_t rt_duplicate(rt_ctx *ctx, int32_t slot, int32_t source_slot);
void rt_release(rt_ctx *ctx, int32_t slot);
int32_t rt_nest(rt_ctx *ctx, const rt_nest_desc *desc, void **p, const int64_t *dims, const int64_t *strides);
int32_t rt_nest_either(rt_ctx *ctx, const rt_nest_desc *usual, const rt_nest_desc *spaced, const rt_nest_desc *turned,
                       const rt_nest_desc *along, void **p, const int64_t *dims, const int64_t *strides);
int32_t rt_reduce_all(rt_ctx *ctx, const rt_nest_desc *partial, const rt_nest_desc *finish, void **p,
                      const int64_t *dims, const int64_t *strides, void **q);
int32_t rt_loop(rt_ctx *ctx, int32_t kernel, int32_t node, int32_t flags, void **p, const int64_t *params, int64_t n,
                int64_t cost);
int32_t rt_copy(rt_ctx *ctx, int64_t itemsize, int32_t ndim, const int64_t *dims, void *dst,
                const int64_t *dst_strides, const void *src, const int64_t *src_strides);
int32_t rt_fill(rt_ctx *ctx, int64_t itemsize, int32_t ndim, const int64_t *dims, void *dst,
                const int64_t *dst_strides, const void *value);
int32_t rt_is_contiguous(rt_ctx *ctx, int64_t itemsize, int32_t ndim, const int64_t *dims, const int64_t *strides);
/* Element (r, c) of `to` becomes that of `from`; row and column strides in bytes. */
void rt_copy_tile(int64_t item, char *to, int64_t to_row, int64_t to_column, const char *from, int64_t from_row,
                  int64_t from_column, int64_t rows, int64_t columns);
void *rt_contiguous(rt_ctx *ctx, int64_t itemsize, int32_t ndim, const int64_t *dims, void *src,
                    const int64_t *strides);
int32_t rt_gemm(rt_ctx *ctx, int32_t dtype, int64_t m, int64_t n, int64_t k, const void *alpha, const void *a,
                int64_t a_rs, int64_t a_cs, const void *b, int64_t b_rs, int64_t b_cs, const void *beta, void *c,
                int64_t c_rs, int64_t c_cs);
int32_t rt_gemv(rt_ctx *ctx, int32_t dtype, int64_t m, int64_t n, const void *alpha, const void *a, int64_t a_rs,
                int64_t a_cs, const void *x, int64_t x_s, const void *beta, void *y, int64_t y_s);
int32_t rt_ger(rt_ctx *ctx, int32_t dtype, int64_t m, int64_t n, const void *alpha, const void *x, int64_t x_s,
               const void *y, int64_t y_s, void *a, int64_t a_rs, int64_t a_cs);
int32_t rt_dot(rt_ctx *ctx, int32_t dtype, int64_t n, const void *x, int64_t x_s, const void *y, int64_t y_s,
               void *result);
int32_t rt_batched_gemm(rt_ctx *ctx, int32_t dtype, int64_t batch, int64_t m, int64_t n, int64_t k, const void *alpha,
                        const void *a, int64_t a_bs, int64_t a_rs, int64_t a_cs, const void *b, int64_t b_bs,
                        int64_t b_rs, int64_t b_cs, const void *beta, void *c, int64_t c_bs, int64_t c_rs,
                        int64_t c_cs);
int32_t rt_sort(rt_ctx *ctx, int32_t dtype, int32_t stable, int64_t rows, int64_t n, void *values, void *places);
int32_t rt_lower_product(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t n, const void *l,
                         int64_t l_bs, int64_t l_rs, int64_t l_cs, const void *g, int64_t g_bs, int64_t g_rs,
                         int64_t g_cs, void *y);
int32_t rt_potrf(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t n, void *a);
int32_t rt_getrf(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t n, void *a,
                 void *pivots);
int32_t rt_getrs(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t n, int64_t k,
                 const void *lu, const void *pivots, void *b);
int32_t rt_trtrs(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t n, int64_t k,
                 const void *a, int64_t a_bs, int64_t a_rs, int64_t a_cs, void *b);
int32_t rt_syevd(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t n, void *a, void *w);
int32_t rt_sygvd(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t n, void *a, void *b,
                 void *w);
int32_t rt_geev(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t n, void *a, void *w,
                void *v);
int32_t rt_gesdd(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t m, int64_t n, void *a,
                 void *s, void *u, void *vt);
int32_t rt_geqrf(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t m, int64_t n, void *a,
                 void *tau);
int32_t rt_orgqr(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t m, int64_t n, int64_t k,
                 void *a, void *tau);
int32_t rt_gelsd(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t m, int64_t n, int64_t k, void *a,
                 void *b, void *s, void *rank);
int32_t rt_expm(rt_ctx *ctx, int32_t node, int32_t dtype, int32_t flags, int64_t batch, int64_t n, void *a);
int32_t rt_python(rt_ctx *ctx, int32_t index);
void rt_operand(rt_ctx *ctx, int32_t dtype, int32_t ndim, const int64_t *dims, const int64_t *strides, void *data);
int32_t rt_fail(rt_ctx *ctx, int32_t code, int32_t node, int32_t n, const int64_t *details);
int32_t rt_check(rt_ctx *ctx);
void rt_discard(rt_ctx *ctx, void *copy, const void *original);
void rt_pack(rt_ctx *ctx, int32_t dtype, int64_t k, int64_t n, const void *b, int64_t b_rs, int64_t b_cs, void *packed);
int32_t rt_gemm_packed(rt_ctx *ctx, int32_t dtype, int64_t m, int64_t n, int64_t k, const void *alpha, const void *a,
                       int64_t a_rs, int64_t a_cs, const void *b, int64_t b_rs, int64_t b_cs, const void *beta, void *c,
                       int64_t c_rs, int64_t c_cs, const void *packed);

/* -- the module's parts ---------------------------------------------------------------------------------------- */
extern const void *const rt_table[];
PyObject *rt_abi_dict(void);
PyObject *rt_set_blas(PyObject *module, PyObject *args);
PyObject *rt_set_lapack(PyObject *module, PyObject *pointers);

#endif
