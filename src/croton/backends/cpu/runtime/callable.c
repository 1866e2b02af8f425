/* Callable: the compiled function's call protocol. A call whose arguments fit runs native code at once. */
#include "runtime.h"

#include <structmember.h>

/* -- binding arguments ------------------------------------------------------------------------------------------------- */
bool rt_bind_array(rt_slot *slot, PyObject *value, const rt_spec *spec)
{
    PyArrayObject *array = (PyArrayObject *)value;
    PyArray_Descr *descr = PyArray_DESCR(array);
    if (descr != spec->descr && (rt_dtype_of_typenum(descr->type_num) != spec->dtype || !PyArray_ISNOTSWAPPED(array)))
        return false;
    if (PyArray_NDIM(array) != spec->ndim || !PyArray_ISALIGNED(array)) return false;
    const int64_t *dims = (const int64_t *)PyArray_DIMS(array);
    if (spec->has_static)
        for (int i = 0; i < spec->ndim; i++)
            if (spec->dims[i] >= 0 && spec->dims[i] != dims[i]) return false;
    slot->data = PyArray_DATA(array);
    slot->ndim = spec->ndim;
    slot->dims = dims;
    slot->strides = (const int64_t *)PyArray_STRIDES(array);
    slot->obj = value;
    return true;
}

static bool store_float(union rt_scalar *to, const rt_spec *spec, double value)
{
    float single = (float)value;
    bool exact = (double)single == value || value != value;
    bool narrow = exact || spec->flags & (RT_INPUT_PYFLOAT | RT_INPUT_DOWNCAST);
    to->f[1] = 0;
    switch (spec->dtype) {
    case RT_FLOAT64:
    case RT_COMPLEX128:
        to->f[0] = value;
        return true;
    case RT_COMPLEX64:
        to->i = 0;
        if (!exact) return false;
        memcpy(to, &single, sizeof single);
        return true;
    case RT_FLOAT32:
        memcpy(to, &single, sizeof single);
        return narrow;
    default:
        return false;
    }
}

static bool store_int(union rt_scalar *to, const rt_spec *spec, int64_t value)
{
    static const int bits_of[RT_NUM_DTYPES] = {[RT_INT8] = 7,   [RT_UINT8] = 8,   [RT_INT16] = 15, [RT_UINT16] = 16,
                                               [RT_INT32] = 31, [RT_UINT32] = 32, [RT_INT64] = 63, [RT_UINT64] = 63,
                                               [RT_FLOAT32] = 24, [RT_FLOAT64] = 53, [RT_COMPLEX64] = 24,
                                               [RT_COMPLEX128] = 53};
    int bits = bits_of[spec->dtype];
    bool is_unsigned = spec->dtype == RT_UINT8 || spec->dtype == RT_UINT16 || spec->dtype == RT_UINT32 ||
                       spec->dtype == RT_UINT64;
    int64_t most = bits == 63 ? INT64_MAX : (INT64_C(1) << bits) - 1;
    if (!bits || value > most || value < (is_unsigned ? 0 : -most - 1)) return false;
    if (spec->dtype >= RT_FLOAT32) return store_float(to, spec, (double)value);
    to->i = value; /* little-endian: narrower integers are its first bytes */
    return true;
}

static bool bind_number(union rt_scalar *to, PyObject *value, const rt_spec *spec)
{
    if (PyFloat_CheckExact(value)) return store_float(to, spec, PyFloat_AS_DOUBLE(value));
    if (PyBool_Check(value)) {
        if (spec->dtype != RT_BOOL) return store_int(to, spec, value == Py_True);
        to->i = value == Py_True;
        return true;
    }
    if (PyLong_CheckExact(value)) {
        int overflow;
        long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
        return !overflow && store_int(to, spec, number);
    }
    if (Py_TYPE(value) == spec->descr->typeobj) {
        PyArray_ScalarAsCtype(value, to);
        return true;
    }
    return false;
}

bool rt_bind_input(rt_ctx *ctx, int index, PyObject *value)
{
    const rt_spec *spec = &ctx->program->inputs[index];
    rt_slot *slot = &ctx->slots[index];
    if (spec->dtype == RT_OBJECT) {
        slot->obj = value;
        return true;
    }
    if (PyArray_Check(value)) return rt_bind_array(slot, value, spec);
    if (spec->ndim || !bind_number(&ctx->scalars[index], value, spec)) return false;
    slot->data = &ctx->scalars[index];
    slot->ndim = 0;
    slot->dims = slot->strides = NULL;
    slot->obj = NULL;
    return true;
}

/* Whether the value may be bound without Python code looking at it first (masked arrays, say, may not). */
static inline bool is_plain(const rt_spec *spec, PyObject *value)
{
    if (spec->dtype == RT_OBJECT) return Py_TYPE(value) == spec->object_type;
    return PyArray_CheckExact(value) || !PyArray_Check(value);
}

/* -- running ------------------------------------------------------------------------------------------------------------ */
static int32_t load_cells(rt_ctx *ctx)
{
    rt_program *program = ctx->program;
    for (int i = 0; i < program->ncells; i++) {
        const rt_spec *spec = &program->cell_specs[i];
        PyObject *value = ((rt_cell *)PyTuple_GET_ITEM(program->cells, i))->value;
        rt_slot *slot = &ctx->slots[program->first_cell + i];
        if (!value) value = Py_None;
        if (spec->dtype == RT_OBJECT) {
            slot->obj = Py_NewRef(value);
        } else if (PyArray_Check(value) && rt_bind_array(slot, value, spec)) {
            Py_INCREF(value);
        } else {
            int64_t details[] = {i, RT_FOREIGN, -1, spec->dtype, spec->ndim};
            if (PyArray_Check(value)) {
                details[1] = rt_dtype_of_typenum(PyArray_TYPE((PyArrayObject *)value));
                details[2] = PyArray_NDIM((PyArrayObject *)value);
            }
            return rt_fail(ctx, RT_E_CELL, -1, 5, details);
        }
    }
    return 0;
}

static int check_outputs(rt_ctx *ctx)
{
    rt_program *program = ctx->program;
    for (int i = 0; i < program->noutputs; i++) {
        if (ctx->slots[program->first_output + i].obj) continue;
        PyErr_Format(PyExc_SystemError, "A program ended without giving its output %d a value.", i);
        return -1;
    }
    return 0;
}

static PyObject *gather_results(rt_ctx *ctx)
{
    rt_program *program = ctx->program;
    const rt_slot *outputs = ctx->slots + program->first_output;
    if (program->single >= 0) return Py_NewRef(outputs[program->single].obj);
    if (program->single == -2) return Py_NewRef(Py_None);
    PyObject *list = PyList_New(program->nreturns);
    for (int i = 0; list && i < program->nreturns; i++)
        PyList_SET_ITEM(list, i, Py_NewRef(outputs[program->returns[i]].obj));
    return list;
}

/* All cells change before any old value dies, since that may run Python code that reads them. */
static int store_updates(rt_ctx *ctx)
{
    rt_program *program = ctx->program;
    PyObject *few[16], **old = few;
    if (program->nupdates > 16) {
        old = rt_heap_alloc(&ctx->heap, program->nupdates * (int64_t)sizeof *old);
        if (!old) return PyErr_NoMemory(), -1;
    }
    for (int i = 0; i < program->nupdates; i++) {
        rt_cell *cell = (rt_cell *)PyTuple_GET_ITEM(program->cells, program->updates[i].cell);
        old[i] = cell->value;
        cell->value = Py_NewRef(ctx->slots[program->first_output + program->updates[i].output].obj);
    }
    for (int i = 0; i < program->nupdates; i++) Py_XDECREF(old[i]);
    return 0;
}

PyObject *rt_run(rt_ctx *ctx)
{
    PyObject *results = NULL;
    int32_t code = load_cells(ctx);
    if (!code) code = ctx->program->entry(ctx);
    if (code) {
        rt_raise(ctx, code);
    } else if (!check_outputs(ctx)) {
        results = gather_results(ctx);
        if (results && ctx->program->nupdates && store_updates(ctx)) Py_CLEAR(results);
    }
    rt_ctx_release(ctx);
    return results;
}

/* -- the call protocol -------------------------------------------------------------------------------------------------------- */
static PyObject *call_slow_name;

static PyObject *call_slow(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    PyObject *result = NULL, *keywords = PyDict_New(), *positional = PyTuple_New(nargs);
    if (!positional || !keywords) goto done;
    for (Py_ssize_t i = 0; i < nargs; i++) PyTuple_SET_ITEM(positional, i, Py_NewRef(args[i]));
    for (Py_ssize_t i = 0; kwnames && i < PyTuple_GET_SIZE(kwnames); i++)
        if (PyDict_SetItem(keywords, PyTuple_GET_ITEM(kwnames, i), args[nargs + i])) goto done;
    result = PyObject_CallMethodObjArgs(self, call_slow_name, positional, keywords, NULL);
done:
    Py_XDECREF(positional);
    Py_XDECREF(keywords);
    return result;
}

static PyObject *not_ready(void)
{
    PyErr_SetString(PyExc_TypeError, "This Callable has no program: its __init__ was not called.");
    return NULL;
}

#define MOST_NAMED 32

/* The arguments in the order of the inputs; NULL where names are not known, or given twice, or one has to be read. */
static PyObject *const *in_order(const rt_callable *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames,
                                 PyObject **ordered)
{
    int ninputs = self->program->ninputs;
    PyObject *names = self->names;
    if (!names || !PyTuple_CheckExact(names) || PyTuple_GET_SIZE(names) != ninputs || ninputs > MOST_NAMED)
        return NULL;
    for (int i = 0; i < ninputs; i++) ordered[i] = i < nargs ? args[i] : NULL;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(kwnames); k++) {
        PyObject *name = PyTuple_GET_ITEM(kwnames, k);
        int i = (int)nargs;
        while (i < ninputs && PyTuple_GET_ITEM(names, i) != name) i++;
        if (i == ninputs) /* a name that was made at run time is another object */
            for (i = (int)nargs; i < ninputs; i++) {
                PyObject *known = PyTuple_GET_ITEM(names, i);
                if (PyUnicode_Check(known) && !PyUnicode_Compare(known, name)) break;
            }
        if (i == ninputs || ordered[i]) return NULL;
        ordered[i] = args[nargs + k];
    }
    return ordered;
}

static PyObject *callable_call(PyObject *object, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    rt_callable *self = (rt_callable *)object;
    rt_program *program = self->program;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf), named = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
    if (!program) return not_ready();
    PyObject *ordered[MOST_NAMED], *const *values = args;
    if (nargs + named != program->ninputs ||
        (named && !(values = in_order(self, args, nargs, kwnames, ordered))))
        return call_slow(object, args, nargs, kwnames);
    rt_ctx *ctx = rt_ctx_acquire(program);
    if (!ctx) return NULL;
    for (int i = 0; i < program->ninputs; i++) {
        if (is_plain(&program->inputs[i], values[i]) && rt_bind_input(ctx, i, values[i])) continue;
        rt_ctx_release(ctx);
        return call_slow(object, args, nargs, kwnames);
    }
    return rt_run(ctx);
}

static void misfit(const rt_program *program, int i, PyObject *value)
{
    const rt_spec *spec = &program->inputs[i];
    if (PyArray_Check(value))
        PyErr_Format(PyExc_TypeError,
                     "Input %d must be an aligned array of %s with %d axes (and its static lengths), got one of %S "
                     "with %d axes.",
                     i, rt_dtype_names[spec->dtype], spec->ndim, (PyObject *)PyArray_DESCR((PyArrayObject *)value),
                     PyArray_NDIM((PyArrayObject *)value));
    else
        PyErr_Format(PyExc_TypeError, "Input %d must be an array of %s with %d axes, got %.100s.", i,
                     rt_dtype_names[spec->dtype], spec->ndim, Py_TYPE(value)->tp_name);
}

static PyObject *callable_run(rt_callable *self, PyObject *sequence)
{
    rt_program *program = self->program;
    if (!program) return not_ready();
    PyObject *values = PySequence_Tuple(sequence), *result = NULL;
    if (!values) return NULL;
    rt_ctx *ctx = NULL;
    if (PyTuple_GET_SIZE(values) != program->ninputs) {
        PyErr_Format(PyExc_TypeError, "The program has %d inputs, got %zd values.", program->ninputs,
                     PyTuple_GET_SIZE(values));
        goto done;
    }
    ctx = rt_ctx_acquire(program);
    if (!ctx) goto done;
    for (int i = 0; i < program->ninputs; i++) {
        PyObject *value = PyTuple_GET_ITEM(values, i);
        if (rt_bind_input(ctx, i, value)) continue;
        misfit(program, i, value);
        rt_ctx_release(ctx);
        goto done;
    }
    result = rt_run(ctx);
done:
    Py_DECREF(values);
    return result;
}

/* -- the type ----------------------------------------------------------------------------------------------------------------- */
static PyObject *callable_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    rt_callable *self = (rt_callable *)type->tp_alloc(type, 0);
    if (self) self->vectorcall = callable_call;
    return (PyObject *)self;
}

static int callable_init(rt_callable *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"program", NULL};
    PyObject *program;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!:Callable", names, &rt_program_type, &program)) return -1;
    Py_XSETREF(self->program, (rt_program *)Py_NewRef(program));
    return 0;
}

/* Before Python 3.12 a class made by a `class` statement keeps the slot but loses the flag, and with it the fast path. */
static PyObject *callable_init_subclass(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    if (PyTuple_GET_SIZE(args) || (kwargs && PyDict_GET_SIZE(kwargs))) {
        PyErr_SetString(PyExc_TypeError, "Callable's subclasses take no class arguments.");
        return NULL;
    }
    if (type->tp_call == PyVectorcall_Call && type->tp_vectorcall_offset == rt_callable_type.tp_vectorcall_offset)
        type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
    Py_RETURN_NONE;
}

static int callable_traverse(rt_callable *self, visitproc visit, void *arg)
{
    Py_VISIT(self->program);
    Py_VISIT(self->names);
    return 0;
}

static int callable_clear(rt_callable *self)
{
    Py_CLEAR(self->program);
    Py_CLEAR(self->names);
    return 0;
}

static void callable_dealloc(rt_callable *self)
{
    PyObject_GC_UnTrack(self);
    callable_clear(self);
    Py_TYPE(self)->tp_free(self);
}

static PyMemberDef callable_members[] = {
    {"program", T_OBJECT, offsetof(rt_callable, program), READONLY, "The native program."},
    {"_names", T_OBJECT, offsetof(rt_callable, names), 0,
     "The names of the inputs, interned, in a tuple; None where names do not say it all: then _call_slow is asked."},
    {"trust_input", T_BOOL, offsetof(rt_callable, trust_input), 0, "For _call_slow: arguments need no conversion."},
    {NULL},
};

static PyMethodDef callable_methods[] = {
    {"_run", (PyCFunction)callable_run, METH_O, "Run with these values, one for each input."},
    {"__init_subclass__", (PyCFunction)(void (*)(void))callable_init_subclass,
     METH_VARARGS | METH_KEYWORDS | METH_CLASS, NULL},
    {NULL},
};

PyTypeObject rt_callable_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "croton.backends.cpu._runtime.Callable",
    .tp_doc = "Callable(program)\n--\n\nA compiled function; subclasses define _call_slow(args, kwargs).",
    .tp_basicsize = sizeof(rt_callable),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_vectorcall_offset = offsetof(rt_callable, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_new = callable_new,
    .tp_init = (initproc)callable_init,
    .tp_dealloc = (destructor)callable_dealloc,
    .tp_traverse = (traverseproc)callable_traverse,
    .tp_clear = (inquiry)callable_clear,
    .tp_members = callable_members,
    .tp_methods = callable_methods,
};

int rt_callable_init(void)
{
    call_slow_name = PyUnicode_InternFromString("_call_slow");
    return call_slow_name ? 0 : -1;
}
