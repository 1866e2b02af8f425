/* The module: its types, its functions, and the description of the binary interface. */
#define RT_MODULE_FILE
#include "runtime.h"
#include "lapack.h"

#include <stddef.h>

/* -- the function table and what Python is told of it ----------------------------------------------------------------------- */
/* Types as LLVM writes them; the first argument is always ctx. Append only: the order is the interface. */
#define TABLE(X)                                                                                          \
    X(rt_alloc, "ptr", "ptr, i64")                                                                        \
    X(rt_free, "void", "ptr, ptr")                                                                        \
    X(rt_output, "ptr", "ptr, i32, i32, i32, ptr")                                                        \
    X(rt_output_into, "ptr", "ptr, i32, i32, i32, i32, ptr")                                              \
    X(rt_view, "i32", "ptr, i32, i32, i32, ptr, i32, ptr, ptr")                                           \
    X(rt_alias, "i32", "ptr, i32, i32")                                                                   \
    X(rt_release, "void", "ptr, i32")                                                                     \
    X(rt_nest, "i32", "ptr, ptr, ptr, ptr, ptr")                                                          \
    X(rt_nest_either, "i32", "ptr, ptr, ptr, ptr, ptr, ptr, ptr, ptr")                                    \
    X(rt_reduce_all, "i32", "ptr, ptr, ptr, ptr, ptr, ptr, ptr")                                          \
    X(rt_loop, "i32", "ptr, i32, i32, i32, ptr, ptr, i64, i64")                                           \
    X(rt_copy, "i32", "ptr, i64, i32, ptr, ptr, ptr, ptr, ptr")                                           \
    X(rt_fill, "i32", "ptr, i64, i32, ptr, ptr, ptr, ptr")                                                \
    X(rt_is_contiguous, "i32", "ptr, i64, i32, ptr, ptr")                                                 \
    X(rt_contiguous, "ptr", "ptr, i64, i32, ptr, ptr, ptr")                                               \
    X(rt_gemm, "i32", "ptr, i32, i64, i64, i64, ptr, ptr, i64, i64, ptr, i64, i64, ptr, ptr, i64, i64")   \
    X(rt_gemv, "i32", "ptr, i32, i64, i64, ptr, ptr, i64, i64, ptr, i64, ptr, ptr, i64")                  \
    X(rt_ger, "i32", "ptr, i32, i64, i64, ptr, ptr, i64, ptr, i64, ptr, i64, i64")                        \
    X(rt_dot, "i32", "ptr, i32, i64, ptr, i64, ptr, i64, ptr")                                            \
    X(rt_batched_gemm, "i32",                                                                             \
      "ptr, i32, i64, i64, i64, i64, ptr, ptr, i64, i64, i64, ptr, i64, i64, i64, ptr, ptr, i64, i64, i64") \
    X(rt_python, "i32", "ptr, i32")                                                                       \
    X(rt_operand, "void", "ptr, i32, i32, ptr, ptr, ptr")                                                 \
    X(rt_fail, "i32", "ptr, i32, i32, i32, ptr")                                                          \
    X(rt_check, "i32", "ptr")                                                                             \
    X(rt_discard, "void", "ptr, ptr, ptr")                                                              \
    X(rt_potrf, "i32", "ptr, i32, i32, i32, i64, i64, ptr")                                               \
    X(rt_getrf, "i32", "ptr, i32, i32, i32, i64, i64, ptr, ptr")                                          \
    X(rt_getrs, "i32", "ptr, i32, i32, i32, i64, i64, i64, ptr, ptr, ptr")                                \
    X(rt_trtrs, "i32", "ptr, i32, i32, i32, i64, i64, i64, ptr, i64, i64, i64, ptr")                      \
    X(rt_syevd, "i32", "ptr, i32, i32, i32, i64, i64, ptr, ptr")                                          \
    X(rt_sygvd, "i32", "ptr, i32, i32, i32, i64, i64, ptr, ptr, ptr")                                     \
    X(rt_geev, "i32", "ptr, i32, i32, i32, i64, i64, ptr, ptr, ptr")                                      \
    X(rt_gesdd, "i32", "ptr, i32, i32, i32, i64, i64, i64, ptr, ptr, ptr, ptr")                           \
    X(rt_geqrf, "i32", "ptr, i32, i32, i32, i64, i64, i64, ptr, ptr")                                     \
    X(rt_orgqr, "i32", "ptr, i32, i32, i32, i64, i64, i64, i64, ptr, ptr")                                \
    X(rt_gelsd, "i32", "ptr, i32, i32, i32, i64, i64, i64, ptr, ptr, ptr, ptr")                           \
    X(rt_pack, "void", "ptr, i32, i64, i64, ptr, i64, i64, ptr")                                          \
    X(rt_gemm_packed, "i32",                                                                              \
      "ptr, i32, i64, i64, i64, ptr, ptr, i64, i64, ptr, i64, i64, ptr, ptr, i64, i64, ptr")                                                                            \
    X(rt_lower_product, "i32",                                                                            \
      "ptr, i32, i32, i32, i64, i64, ptr, i64, i64, i64, ptr, i64, i64, i64, ptr")                        \
    X(rt_sort, "i32", "ptr, i32, i32, i64, i64, ptr, ptr")                                                \
    X(rt_duplicate, "i32", "ptr, i32, i32")                                                               \
    X(rt_expm, "i32", "ptr, i32, i32, i32, i64, i64, ptr")

#define AS_ADDRESS(name, result, arguments) (const void *)(uintptr_t)name,
#define AS_TEXT(name, result, arguments) {#name, result, arguments},

const void *const rt_table[] = {TABLE(AS_ADDRESS) NULL};
static const struct {
    const char *name, *result, *arguments;
} table_texts[] = {TABLE(AS_TEXT){NULL, NULL, NULL}};

static PyObject *functions_dict(void)
{
    PyObject *functions = PyDict_New();
    for (int i = 0; functions && table_texts[i].name; i++) {
        PyObject *entry = Py_BuildValue("(iss)", i, table_texts[i].result, table_texts[i].arguments);
        if (!entry || PyDict_SetItemString(functions, table_texts[i].name, entry)) Py_CLEAR(functions);
        Py_XDECREF(entry);
    }
    return functions;
}

static PyObject *dtypes_dict(void)
{
    PyObject *dtypes = Py_BuildValue("{si}", "object", RT_OBJECT);
    for (int i = 0; dtypes && i < RT_NUM_DTYPES; i++) {
        PyObject *code = PyLong_FromLong(i);
        if (!code || PyDict_SetItemString(dtypes, rt_dtype_names[i], code)) Py_CLEAR(dtypes);
        Py_XDECREF(code);
    }
    return dtypes;
}

static PyObject *nest_dict(void)
{
#define AT(field) #field, (int)offsetof(rt_nest_desc, field)
    return Py_BuildValue("{si si si si si si si si si si si si si si}", AT(kernel), AT(form), AT(ndim), AT(nbuf),
                         AT(nin), AT(nacc), AT(flags), AT(lanes), AT(reduced), AT(cost), AT(scratch),
                         AT(scratch_point), AT(bufs), "buf_size", (int)sizeof(rt_nest_buf));
#undef AT
}

PyObject *rt_abi_dict(void)
{
    return Py_BuildValue(
        "{si s{si si si} s{si si si si si si} sN s{si si si} s{si si si} s{si} s{si si} s{si si} s{si si si si si si si si si}"
        " s{si si si si si si} s{si si} sN sN}",
        "version", RT_ABI_VERSION,
        "ctx", "rt", (int)offsetof(rt_ctx, table), "kernels", (int)offsetof(rt_ctx, kernels), "slots",
        (int)offsetof(rt_ctx, slots),
        "slot", "size", (int)sizeof(rt_slot), "data", (int)offsetof(rt_slot, data), "ndim",
        (int)offsetof(rt_slot, ndim), "dims", (int)offsetof(rt_slot, dims), "strides", (int)offsetof(rt_slot, strides),
        "obj", (int)offsetof(rt_slot, obj),
        "nest", nest_dict(),
        "forms", "E", RT_FORM_E, "RI", RT_FORM_RI, "RO", RT_FORM_RO,
        "classes", "unit", RT_CLASS_UNIT, "splat", RT_CLASS_SPLAT, "inout", RT_CLASS_INOUT,
        "nest_flags", "flat", RT_NEST_FLAT,
        "loop_flags", "parallel", RT_LOOP_PARALLEL, "empty", RT_LOOP_EMPTY,
        "input_flags", "pyfloat", RT_INPUT_PYFLOAT, "downcast", RT_INPUT_DOWNCAST,
        "errors", "python", RT_E_PYTHON, "memory", RT_E_MEMORY, "interrupted", RT_E_INTERRUPTED, "result", RT_E_RESULT,
        "cell", RT_E_CELL, "blas_size", RT_E_BLAS_SIZE, "blas_missing", RT_E_BLAS_MISSING, "internal", RT_E_INTERNAL,
        "lapack", RT_E_LAPACK,
        "lapack_flags", "upper", RT_LA_UPPER, "transposed", RT_LA_TRANSPOSED, "nan", RT_LA_NAN, "thin", RT_LA_THIN,
        "values", RT_LA_VALUES, "triangular", RT_LA_TRIANGULAR,
        "limits", "axes", RT_MAX_AXES, "buffers", RT_MAX_BUFFERS,
        "functions", functions_dict(), "dtypes", dtypes_dict());
}

/* -- module functions ------------------------------------------------------------------------------------------------------ */
static PyObject *set_num_threads(PyObject *Py_UNUSED(module), PyObject *argument)
{
    long n = PyLong_AsLong(argument);
    if (n == -1 && PyErr_Occurred()) return NULL;
    if (n < 1) {
        PyErr_Format(PyExc_ValueError, "The number of threads must be at least 1, got %ld.", n);
        return NULL;
    }
    rt_set_num_threads((int)rt_min(n, RT_MAX_THREADS));
    Py_RETURN_NONE;
}

static PyObject *get_num_threads(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(args))
{
    return PyLong_FromLong(rt_num_threads());
}

static PyMethodDef module_methods[] = {
    {"set_num_threads", set_num_threads, METH_O,
     "set_num_threads(n, /)\n--\n\nSet how many threads a loop may use, the caller included."},
    {"get_num_threads", get_num_threads, METH_NOARGS,
     "get_num_threads()\n--\n\nHow many threads a loop may use, the caller included."},
    {"set_blas", rt_set_blas, METH_VARARGS,
     "set_blas(pointers, best=False, /)\n--\n\nTake the addresses of Fortran BLAS routines: a dict such as "
     "{'dgemm': address}. `best`: its products are faster than our own."},
    {"set_lapack", rt_set_lapack, METH_O,
     "set_lapack(pointers, /)\n--\n\nTake the addresses of Fortran LAPACK routines: a dict such as {'dpotrf': address}."},
    {NULL},
};

static struct PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "croton.backends.cpu._runtime",
    .m_doc = "The native backend's runtime: calls, contexts, memory, threads, launchers (see runtime/abi.md).",
    .m_size = -1,
    .m_methods = module_methods,
};

static int add_type(PyObject *module, const char *name, PyTypeObject *type)
{
    return PyType_Ready(type) || PyModule_AddObjectRef(module, name, (PyObject *)type) ? -1 : 0;
}

static int fill_module(PyObject *module)
{
    if (rt_dtypes_init() || rt_memory_init() || rt_pool_init() || rt_callable_init()) return -1;
    if (add_type(module, "Cell", &rt_cell_type) || add_type(module, "Program", &rt_program_type)) return -1;
    if (add_type(module, "Callable", &rt_callable_type)) return -1;
    PyObject *abi = rt_abi_dict();
    if (!abi) return -1;
    int status = PyModule_AddObjectRef(module, "ABI", abi);
    Py_DECREF(abi);
    return status;
}

PyMODINIT_FUNC PyInit__runtime(void)
{
    if (PyArray_ImportNumPyAPI() < 0) return NULL;
    PyObject *module = PyModule_Create(&module_def);
    if (module && fill_module(module)) Py_CLEAR(module);
    return module;
}
