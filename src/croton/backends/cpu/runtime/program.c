/* Program: what a compiled function consists of, as the runtime needs it; and its contexts, one per running call. */
#include "runtime.h"

#include <string.h>
#include <structmember.h>

enum { POOLED_CONTEXTS = 8 };

/* -- contexts --------------------------------------------------------------------------------------------------------- */
static void fill_constant(rt_slot *slot, PyObject *value)
{
    slot->obj = value;
    if (!PyArray_Check(value)) return;
    PyArrayObject *array = (PyArrayObject *)value;
    slot->data = PyArray_DATA(array);
    slot->ndim = PyArray_NDIM(array);
    slot->dims = (const int64_t *)PyArray_DIMS(array);
    slot->strides = (const int64_t *)PyArray_STRIDES(array);
}

static rt_ctx *ctx_create(rt_program *program)
{
    size_t inputs = (size_t)program->ninputs, slots = (size_t)program->nslots;
    rt_ctx *ctx = PyMem_Calloc(1, sizeof *ctx);
    if (!ctx) goto fail;
    ctx->slots = PyMem_Calloc(slots + 1, sizeof *ctx->slots);
    ctx->scalars = PyMem_Calloc(inputs + 1, sizeof *ctx->scalars);
    ctx->made = PyMem_Calloc(inputs + 1, sizeof *ctx->made);
    if (!ctx->slots || !ctx->scalars || !ctx->made) goto fail;
    ctx->table = rt_table;
    ctx->kernels = program->kernels;
    ctx->program = program;
    for (int i = 0; i < program->nconstants; i++)
        fill_constant(&ctx->slots[program->first_constant + i], PyTuple_GET_ITEM(program->constants, i));
    return ctx;
fail:
    if (ctx) rt_ctx_destroy(ctx);
    PyErr_NoMemory();
    return NULL;
}

void rt_ctx_destroy(rt_ctx *ctx)
{
    rt_heap_clear(&ctx->heap);
    PyMem_Free(ctx->error.operands);
    PyMem_Free(ctx->slots);
    PyMem_Free(ctx->scalars);
    PyMem_Free(ctx->made);
    PyMem_Free(ctx);
}

rt_ctx *rt_ctx_acquire(rt_program *program)
{
    rt_ctx *ctx = program->pool;
    if (ctx) {
        program->pool = ctx->next;
        program->pooled--;
    } else {
        ctx = ctx_create(program);
        if (!ctx) return NULL;
    }
    Py_INCREF(program);
    return ctx;
}

/* Empties a slot. Dropping the object may run any Python code, so the slot is made consistent first. */
static inline void empty_slot(rt_slot *slot)
{
    PyObject *obj = slot->obj;
    if (obj) {
        slot->obj = NULL;
        Py_DECREF(obj);
    }
}

void rt_ctx_release(rt_ctx *ctx)
{
    rt_program *program = ctx->program;
    for (int i = program->first_cell; i < program->nslots; i++) empty_slot(&ctx->slots[i]);
    if (ctx->nmade) {
        for (int i = 0; i < program->ninputs; i++) Py_CLEAR(ctx->made[i]);
        ctx->nmade = 0;
    }
    if (ctx->heap.live) rt_heap_reset(&ctx->heap);
    ctx->error.code = 0;
    ctx->error.noperands = 0;
    if (program->pooled < POOLED_CONTEXTS) {
        ctx->next = program->pool;
        program->pool = ctx;
        program->pooled++;
    } else {
        rt_ctx_destroy(ctx);
    }
    Py_DECREF(program);
}

const void *rt_kernel(rt_ctx *ctx, int32_t index)
{
    rt_program *program = ctx->program;
    if (program->kernels[index]) return program->kernels[index];
    PyObject *address = PyObject_CallNoArgs(PyTuple_GET_ITEM(program->makers, index));
    if (!address) return NULL;
    program->kernels[index] = PyLong_AsVoidPtr(address);
    Py_DECREF(address);
    if (!program->kernels[index] && !PyErr_Occurred())
        PyErr_Format(PyExc_SystemError, "Kernel %d has no address.", (int)index);
    return program->kernels[index];
}

/* -- parsing what Python gives ------------------------------------------------------------------------------------------ */
static int as_int(PyObject *object, int *result)
{
    long value = PyLong_AsLong(object);
    if (value == -1 && PyErr_Occurred()) return -1;
    if (value < INT32_MIN || value > INT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "A number in a program's description is too large.");
        return -1;
    }
    *result = (int)value;
    return 0;
}

static int in_range(int value, int end, const char *what)
{
    if (value >= 0 && value < end) return 0;
    PyErr_Format(PyExc_ValueError, "A program's %s %d is outside [0, %d).", what, value, end);
    return -1;
}

static int parse_dims(PyObject *shape, rt_spec *spec)
{
    PyObject *dims = PySequence_Tuple(shape);
    if (!dims) return -1;
    spec->ndim = (int)PyTuple_GET_SIZE(dims);
    spec->dims = PyMem_Calloc((size_t)spec->ndim + 1, sizeof *spec->dims);
    int status = spec->dims ? 0 : (PyErr_NoMemory(), -1);
    for (int i = 0; !status && i < spec->ndim; i++) {
        PyObject *dim = PyTuple_GET_ITEM(dims, i);
        spec->dims[i] = dim == Py_None ? -1 : PyLong_AsLongLong(dim);
        if (dim == Py_None) continue;
        if (spec->dims[i] == -1 && PyErr_Occurred()) status = -1;
        spec->has_static = true;
    }
    Py_DECREF(dims);
    return status;
}

static int parse_input(PyObject *item, rt_spec *spec)
{
    PyObject *dtype, *shape;
    if (!PyArg_ParseTuple(item, "UOi:input", &dtype, &shape, &spec->flags)) return -1;
    spec->dtype = rt_dtype_of_name(dtype);
    if (spec->dtype == RT_FOREIGN) return -1;
    if (spec->dtype == RT_OBJECT) {
        if (shape != Py_None && !PyType_Check(shape)) {
            PyErr_SetString(PyExc_TypeError, "An object input is described by a class or None.");
            return -1;
        }
        spec->object_type = shape == Py_None ? NULL : (PyTypeObject *)Py_NewRef(shape);
        return 0;
    }
    spec->descr = rt_descrs[spec->dtype];
    return parse_dims(shape, spec);
}

static int parse_cell(rt_program *self, int i, PyObject *item)
{
    PyObject *cell, *dtype;
    rt_spec *spec = &self->cell_specs[i];
    if (!PyArg_ParseTuple(item, "O!Ui:cell", &rt_cell_type, &cell, &dtype, &spec->ndim)) return -1;
    spec->dtype = rt_dtype_of_name(dtype);
    if (spec->dtype == RT_FOREIGN) return -1;
    if (spec->dtype != RT_OBJECT) spec->descr = rt_descrs[spec->dtype];
    PyTuple_SET_ITEM(self->cells, i, Py_NewRef(cell));
    return 0;
}

static int parse_callback(rt_program *self, rt_callback *callback, PyObject *item)
{
    PyObject *fn, *inputs, *outputs;
    if (!PyArg_ParseTuple(item, "OO!O!i:callback", &fn, &PyTuple_Type, &inputs, &PyTuple_Type, &outputs,
                          &callback->node))
        return -1;
    callback->fn = Py_NewRef(fn);
    callback->nin = (int)PyTuple_GET_SIZE(inputs);
    callback->nout = (int)PyTuple_GET_SIZE(outputs);
    callback->inputs = PyMem_Calloc((size_t)callback->nin + 3 * (size_t)callback->nout + 1, sizeof(int));
    if (!callback->inputs) return PyErr_NoMemory(), -1;
    callback->outputs = callback->inputs + callback->nin;
    callback->dtypes = callback->outputs + callback->nout;
    callback->ndims = callback->dtypes + callback->nout;
    for (int i = 0; i < callback->nin; i++) {
        if (as_int(PyTuple_GET_ITEM(inputs, i), &callback->inputs[i])) return -1;
        if (in_range(callback->inputs[i], self->nslots, "slot")) return -1;
    }
    for (int i = 0; i < callback->nout; i++) {
        PyObject *dtype;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(outputs, i), "iUi:callback output", &callback->outputs[i], &dtype,
                              &callback->ndims[i]))
            return -1;
        callback->dtypes[i] = rt_dtype_of_name(dtype);
        if (callback->dtypes[i] == RT_FOREIGN) return -1;
        if (callback->outputs[i] < self->first_output || in_range(callback->outputs[i], self->nslots, "slot")) {
            if (!PyErr_Occurred())
                PyErr_SetString(PyExc_ValueError, "A callback's results go to output and local slots only.");
            return -1;
        }
    }
    return 0;
}

static int parse_update(rt_program *self, rt_update *update, PyObject *item)
{
    if (!PyArg_ParseTuple(item, "ii:update", &update->output, &update->cell)) return -1;
    return in_range(update->output, self->noutputs, "output") || in_range(update->cell, self->ncells, "cell") ? -1 : 0;
}

static int parse_returns(rt_program *self, PyObject *returns)
{
    self->single = -2;
    if (returns == Py_None) return 0;
    if (PyLong_Check(returns)) {
        if (as_int(returns, &self->single)) return -1;
        return in_range(self->single, self->noutputs, "output");
    }
    self->single = -1;
    PyObject *list = PySequence_Tuple(returns);
    if (!list) return -1;
    self->nreturns = (int)PyTuple_GET_SIZE(list);
    self->returns = PyMem_Calloc((size_t)self->nreturns + 1, sizeof(int));
    int status = self->returns ? 0 : (PyErr_NoMemory(), -1);
    for (int i = 0; !status && i < self->nreturns; i++) {
        status = as_int(PyTuple_GET_ITEM(list, i), &self->returns[i]);
        if (!status) status = in_range(self->returns[i], self->noutputs, "output");
    }
    Py_DECREF(list);
    return status;
}

/* -- construction --------------------------------------------------------------------------------------------------------- */
typedef struct {
    PyObject *kernels, *inputs, *constants, *cells, *updates, *callbacks;
} program_parts;

static void *new_array(Py_ssize_t count, size_t size)
{
    void *memory = PyMem_Calloc((size_t)count + 1, size);
    if (!memory) PyErr_NoMemory();
    return memory;
}

static int number_slots(rt_program *self, const program_parts *parts)
{
    self->ninputs = (int)PyTuple_GET_SIZE(parts->inputs);
    self->nconstants = (int)PyTuple_GET_SIZE(parts->constants);
    self->ncells = (int)PyTuple_GET_SIZE(parts->cells);
    if (self->noutputs < 0 || self->nlocals < 0) {
        PyErr_SetString(PyExc_ValueError, "The numbers of outputs and locals can't be negative.");
        return -1;
    }
    self->first_constant = self->ninputs;
    self->first_cell = self->first_constant + self->nconstants;
    self->first_output = self->first_cell + self->ncells;
    self->first_local = self->first_output + self->noutputs;
    self->nslots = self->first_local + self->nlocals;
    return 0;
}

static int check_constant(PyObject *value)
{
    if (!PyArray_Check(value)) return 0;
    PyArrayObject *array = (PyArrayObject *)value;
    if (rt_dtype_of_typenum(PyArray_TYPE(array)) != RT_FOREIGN && !PyArray_ISBEHAVED_RO(array)) {
        PyErr_SetString(PyExc_ValueError, "A constant must be aligned and in native byte order.");
        return -1;
    }
    return 0;
}

static int fill(rt_program *self, const program_parts *parts)
{
    self->nkernels = PyTuple_GET_SIZE(parts->kernels);
    self->kernels = new_array(self->nkernels, sizeof *self->kernels);
    if (!self->kernels) return -1;
    self->makers = Py_NewRef(parts->kernels);
    for (Py_ssize_t i = 0; i < self->nkernels; i++) {
        if (PyCallable_Check(PyTuple_GET_ITEM(parts->kernels, i))) continue;
        self->kernels[i] = PyLong_AsVoidPtr(PyTuple_GET_ITEM(parts->kernels, i));
        if (!self->kernels[i] && PyErr_Occurred()) return -1;
    }
    if (!(self->inputs = new_array(self->ninputs, sizeof *self->inputs))) return -1;
    for (int i = 0; i < self->ninputs; i++)
        if (parse_input(PyTuple_GET_ITEM(parts->inputs, i), &self->inputs[i])) return -1;
    for (int i = 0; i < self->nconstants; i++)
        if (check_constant(PyTuple_GET_ITEM(parts->constants, i))) return -1;
    self->constants = Py_NewRef(parts->constants);
    if (!(self->cell_specs = new_array(self->ncells, sizeof *self->cell_specs))) return -1;
    if (!(self->cells = PyTuple_New(self->ncells))) return -1;
    for (int i = 0; i < self->ncells; i++)
        if (parse_cell(self, i, PyTuple_GET_ITEM(parts->cells, i))) return -1;
    Py_ssize_t nupdates = PyTuple_GET_SIZE(parts->updates), ncallbacks = PyTuple_GET_SIZE(parts->callbacks);
    if (!(self->updates = new_array(nupdates, sizeof *self->updates))) return -1;
    for (; self->nupdates < nupdates; self->nupdates++)
        if (parse_update(self, &self->updates[self->nupdates], PyTuple_GET_ITEM(parts->updates, self->nupdates)))
            return -1;
    if (!(self->callbacks = new_array(ncallbacks, sizeof *self->callbacks))) return -1;
    while (self->ncallbacks < ncallbacks) {
        int i = self->ncallbacks++;
        if (parse_callback(self, &self->callbacks[i], PyTuple_GET_ITEM(parts->callbacks, i))) return -1;
    }
    return 0;
}

/* Sequences become tuples of our own, so that nothing changes under the parser. */
static int as_tuples(program_parts *parts)
{
    PyObject **fields[] = {&parts->kernels, &parts->inputs,  &parts->constants,
                           &parts->cells,   &parts->updates, &parts->callbacks};
    int status = 0;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        PyObject *given = *fields[i];
        *fields[i] = status ? NULL : given ? PySequence_Tuple(given) : PyTuple_New(0);
        if (!*fields[i]) status = -1;
    }
    return status;
}

static void drop_tuples(program_parts *parts)
{
    Py_XDECREF(parts->kernels);
    Py_XDECREF(parts->inputs);
    Py_XDECREF(parts->constants);
    Py_XDECREF(parts->cells);
    Py_XDECREF(parts->updates);
    Py_XDECREF(parts->callbacks);
}

static PyObject *program_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"entry",   "kernels", "inputs",    "constants", "cells", "outputs", "locals",
                            "updates", "returns", "callbacks", "on_error",  "keep",  NULL};
    program_parts parts = {0};
    PyObject *entry, *returns = Py_None, *on_error = Py_None, *keep = Py_None;
    int noutputs = 0, nlocals = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$OOOOiiOOOOO:Program", names, &entry, &parts.kernels,
                                     &parts.inputs, &parts.constants, &parts.cells, &noutputs, &nlocals,
                                     &parts.updates, &returns, &parts.callbacks, &on_error, &keep))
        return NULL;
    void *address = PyLong_AsVoidPtr(entry);
    if (!address) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "A program's entry can't be address 0.");
        return NULL;
    }
    rt_program *self = (rt_program *)type->tp_alloc(type, 0);
    if (!self) return NULL;
    self->entry = (rt_entry *)(uintptr_t)address;
    self->noutputs = noutputs;
    self->nlocals = nlocals;
    self->on_error = Py_NewRef(on_error);
    self->keep = Py_NewRef(keep);
    int status = as_tuples(&parts);
    if (!status) status = number_slots(self, &parts);
    if (!status) status = fill(self, &parts);
    if (!status) status = parse_returns(self, returns);
    drop_tuples(&parts);
    if (status) Py_CLEAR(self);
    return (PyObject *)self;
}

/* -- the type ----------------------------------------------------------------------------------------------------------------- */
static int program_traverse(rt_program *self, visitproc visit, void *arg)
{
    Py_VISIT(self->makers);
    Py_VISIT(self->constants);
    Py_VISIT(self->cells);
    Py_VISIT(self->on_error);
    Py_VISIT(self->keep);
    for (int i = 0; i < self->ncallbacks; i++) Py_VISIT(self->callbacks[i].fn);
    if (self->inputs)
        for (int i = 0; i < self->ninputs; i++) Py_VISIT(self->inputs[i].object_type);
    return 0;
}

/* Only what can be part of a cycle; a cleared program is garbage that nobody calls any more. */
static int program_clear(rt_program *self)
{
    Py_CLEAR(self->on_error);
    for (int i = 0; i < self->ncallbacks; i++) Py_CLEAR(self->callbacks[i].fn);
    return 0;
}

static void program_dealloc(rt_program *self)
{
    PyObject_GC_UnTrack(self);
    while (self->pool) {
        rt_ctx *ctx = self->pool;
        self->pool = ctx->next;
        rt_ctx_destroy(ctx);
    }
    program_clear(self);
    if (self->inputs) {
        for (int i = 0; i < self->ninputs; i++) {
            Py_XDECREF(self->inputs[i].object_type);
            PyMem_Free(self->inputs[i].dims);
        }
    }
    for (int i = 0; i < self->ncallbacks; i++) PyMem_Free(self->callbacks[i].inputs);
    PyMem_Free(self->inputs);
    PyMem_Free(self->cell_specs);
    PyMem_Free(self->updates);
    PyMem_Free(self->returns);
    PyMem_Free(self->callbacks);
    PyMem_Free(self->kernels);
    Py_XDECREF(self->makers);
    Py_XDECREF(self->constants);
    Py_XDECREF(self->cells);
    Py_XDECREF(self->keep);
    Py_TYPE(self)->tp_free(self);
}

static PyMemberDef program_members[] = {
    {"constants", T_OBJECT, offsetof(rt_program, constants), READONLY, "The constants, in slot order."},
    {"cells", T_OBJECT, offsetof(rt_program, cells), READONLY, "The cells, in slot order."},
    {"on_error", T_OBJECT, offsetof(rt_program, on_error), READONLY, "The hook that builds exceptions."},
    {"keep", T_OBJECT, offsetof(rt_program, keep), READONLY, "What is kept alive with the program."},
    {NULL},
};

PyTypeObject rt_program_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "croton.backends.cpu._runtime.Program",
    .tp_doc = "Native code with the tables that it runs on: kernels, constants, cells, callbacks.",
    .tp_basicsize = sizeof(rt_program),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = program_new,
    .tp_dealloc = (destructor)program_dealloc,
    .tp_traverse = (traverseproc)program_traverse,
    .tp_clear = (inquiry)program_clear,
    .tp_members = program_members,
};
