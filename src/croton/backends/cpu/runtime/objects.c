/* Values that Python sees: ndarrays for outputs and locals, calls of Python nodes, errors. The GIL is held in here. */
#include "runtime.h"

#include <string.h>

static int32_t pending(rt_ctx *ctx) { return rt_fail(ctx, RT_E_PYTHON, -1, 0, NULL); }

static void describe_array(rt_slot *slot, PyArrayObject *array)
{
    slot->data = PyArray_DATA(array);
    slot->ndim = PyArray_NDIM(array);
    slot->dims = (const int64_t *)PyArray_DIMS(array);
    slot->strides = (const int64_t *)PyArray_STRIDES(array);
}

/* Puts a new reference into a slot; what was there dies last. */
static void fill_slot(rt_slot *slot, PyObject *value)
{
    PyObject *old = slot->obj;
    slot->obj = value;
    if (PyArray_Check(value)) describe_array(slot, (PyArrayObject *)value);
    Py_XDECREF(old);
}

/* -- outputs ------------------------------------------------------------------------------------------------------------ */
void *rt_output(rt_ctx *ctx, int32_t slot, int32_t dtype, int32_t ndim, const int64_t *dims)
{
    PyObject *array = rt_new_array(dtype, ndim, dims);
    if (!array) {
        if (PyErr_ExceptionMatches(PyExc_MemoryError)) {
            PyErr_Clear();
            rt_fail_memory(ctx, PyDataType_ELSIZE(rt_descrs[dtype]), ndim, dims);
        } else {
            pending(ctx);
        }
        return NULL;
    }
    fill_slot(&ctx->slots[slot], array);
    return ctx->slots[slot].data;
}

static bool is_reusable(const rt_slot *cell, int32_t dtype, int32_t ndim, const int64_t *dims)
{
    PyArrayObject *array = (PyArrayObject *)cell->obj;
    return array && PyArray_CheckExact(array) && rt_dtype_of_typenum(PyArray_TYPE(array)) == dtype &&
           PyArray_NDIM(array) == ndim && PyArray_ISCARRAY(array) &&
           (ndim == 0 || !memcmp(PyArray_DIMS(array), dims, (size_t)ndim * sizeof *dims));
}

void *rt_output_into(rt_ctx *ctx, int32_t slot, int32_t cell_slot, int32_t dtype, int32_t ndim, const int64_t *dims)
{
    rt_slot *cell = &ctx->slots[cell_slot];
    if (!is_reusable(cell, dtype, ndim, dims)) return rt_output(ctx, slot, dtype, ndim, dims);
    fill_slot(&ctx->slots[slot], Py_NewRef(cell->obj));
    return ctx->slots[slot].data;
}

/* The object of a slot as a borrowed reference; an input that came as a bare number becomes an array here. */
static PyObject *object_of(rt_ctx *ctx, int32_t index)
{
    rt_slot *slot = &ctx->slots[index];
    if (slot->obj) return slot->obj;
    if (index >= ctx->program->ninputs) {
        PyErr_Format(PyExc_SystemError, "A program reads slot %d, which is empty.", (int)index);
        return NULL;
    }
    if (!ctx->made[index]) {
        int dtype = ctx->program->inputs[index].dtype;
        PyObject *array = rt_new_array(dtype, 0, NULL);
        if (!array) return NULL;
        memcpy(PyArray_DATA((PyArrayObject *)array), slot->data, (size_t)PyDataType_ELSIZE(rt_descrs[dtype]));
        ctx->made[index] = array;
        ctx->nmade++;
    }
    return ctx->made[index];
}

int32_t rt_view(rt_ctx *ctx, int32_t slot, int32_t base_slot, int32_t dtype, void *data, int32_t ndim,
                const int64_t *dims, const int64_t *strides)
{
    PyObject *base = object_of(ctx, base_slot);
    if (!base) return pending(ctx);
    rt_slot *from = &ctx->slots[base_slot];
    if (!from->obj) data = PyArray_DATA((PyArrayObject *)base); /* made just now; the number itself stays in ctx */
    int flags = PyArray_Check(base) && !PyArray_ISWRITEABLE((PyArrayObject *)base) ? 0 : NPY_ARRAY_WRITEABLE;
    Py_INCREF(rt_descrs[dtype]);
    PyObject *view = PyArray_NewFromDescr(&PyArray_Type, rt_descrs[dtype], ndim, (npy_intp *)dims,
                                          (npy_intp *)strides, data, flags, NULL);
    if (!view) return pending(ctx);
    if (PyArray_SetBaseObject((PyArrayObject *)view, Py_NewRef(base)) < 0) {
        Py_DECREF(view);
        return pending(ctx);
    }
    fill_slot(&ctx->slots[slot], view);
    return 0;
}

int32_t rt_alias(rt_ctx *ctx, int32_t slot, int32_t source_slot)
{
    PyObject *value = object_of(ctx, source_slot);
    if (!value) return pending(ctx);
    fill_slot(&ctx->slots[slot], Py_NewRef(value));
    return 0;
}

int32_t rt_duplicate(rt_ctx *ctx, int32_t slot, int32_t source_slot)
{
    PyObject *value = object_of(ctx, source_slot);
    PyObject *module = value ? PyImport_ImportModule("copy") : NULL;
    PyObject *made = module ? PyObject_CallMethod(module, "deepcopy", "O", value) : NULL;
    Py_XDECREF(module);
    if (!made) return pending(ctx);
    fill_slot(&ctx->slots[slot], made);
    return 0;
}

void rt_release(rt_ctx *ctx, int32_t slot)
{
    PyObject *value = ctx->slots[slot].obj;
    ctx->slots[slot].obj = NULL;
    Py_XDECREF(value);
}

/* -- Python nodes --------------------------------------------------------------------------------------------------------- */
static int32_t misfit(rt_ctx *ctx, const rt_callback *callback, int position, PyObject *value)
{
    int64_t details[] = {position, RT_FOREIGN, -1, callback->dtypes[position], callback->ndims[position]};
    if (PyArray_Check(value)) {
        details[1] = rt_dtype_of_typenum(PyArray_TYPE((PyArrayObject *)value));
        details[2] = PyArray_NDIM((PyArrayObject *)value);
    }
    return rt_fail(ctx, RT_E_RESULT, callback->node, 5, details);
}

/* A result as an aligned array in native order (a new reference): NumPy's and Python's scalars count as 0-d arrays. */
static PyObject *as_array(PyObject *value)
{
    if (PyArray_Check(value) && PyArray_ISBEHAVED_RO((PyArrayObject *)value)) return Py_NewRef(value);
    return PyArray_FROM_OF(value, NPY_ARRAY_ALIGNED | NPY_ARRAY_NOTSWAPPED);
}

static int32_t store_result(rt_ctx *ctx, const rt_callback *callback, int position, PyObject *value)
{
    rt_slot *slot = &ctx->slots[callback->outputs[position]];
    if (callback->dtypes[position] == RT_OBJECT) {
        fill_slot(slot, Py_NewRef(value));
        return 0;
    }
    PyObject *array = as_array(value);
    if (!array) return pending(ctx);
    PyArrayObject *fields = (PyArrayObject *)array;
    int32_t status = 0;
    if (rt_dtype_of_typenum(PyArray_TYPE(fields)) != callback->dtypes[position] ||
        PyArray_NDIM(fields) != callback->ndims[position])
        status = misfit(ctx, callback, position, array);
    else
        fill_slot(slot, Py_NewRef(array));
    Py_DECREF(array);
    return status;
}

static int32_t store_results(rt_ctx *ctx, const rt_callback *callback, PyObject *given)
{
    PyObject *results = PySequence_Tuple(given);
    if (!results) return pending(ctx);
    int32_t status = 0;
    if (PyTuple_GET_SIZE(results) != callback->nout) {
        PyErr_Format(PyExc_ValueError, "A Python node must give %d results, got %zd.", callback->nout,
                     PyTuple_GET_SIZE(results));
        status = rt_fail(ctx, RT_E_PYTHON, callback->node, 0, NULL);
    }
    for (int i = 0; !status && i < callback->nout; i++)
        status = store_result(ctx, callback, i, PyTuple_GET_ITEM(results, i));
    Py_DECREF(results);
    return status;
}

int32_t rt_python(rt_ctx *ctx, int32_t index)
{
    const rt_callback *callback = &ctx->program->callbacks[index];
    PyObject *arguments = PyList_New(callback->nin);
    if (!arguments) return pending(ctx);
    for (int i = 0; i < callback->nin; i++) {
        PyObject *value = object_of(ctx, callback->inputs[i]);
        if (!value) {
            Py_DECREF(arguments);
            return pending(ctx);
        }
        PyList_SET_ITEM(arguments, i, Py_NewRef(value));
    }
    PyObject *given = callback->fn ? PyObject_CallOneArg(callback->fn, arguments) : NULL;
    Py_DECREF(arguments);
    if (!given) return rt_fail(ctx, RT_E_PYTHON, callback->node, 0, NULL);
    int32_t status = store_results(ctx, callback, given);
    Py_DECREF(given);
    return status;
}

/* -- errors ------------------------------------------------------------------------------------------------------------------ */
int32_t rt_fail(rt_ctx *ctx, int32_t code, int32_t node, int32_t n, const int64_t *details)
{
    rt_error *error = &ctx->error;
    if (error->code) return error->code; /* the first failure is the cause */
    error->code = code ? code : RT_E_INTERNAL;
    error->node = node;
    error->n = (int32_t)rt_max(0, rt_min(n, RT_MAX_DETAILS));
    for (int i = 0; i < error->n; i++) error->details[i] = details[i];
    return error->code;
}

void rt_operand(rt_ctx *ctx, int32_t dtype, int32_t ndim, const int64_t *dims, const int64_t *strides, void *data)
{
    rt_error *error = &ctx->error;
    if (error->noperands == RT_MAX_OPERANDS || ndim > RT_MAX_AXES) return;
    if (!error->operands) error->operands = PyMem_Calloc(RT_MAX_OPERANDS, sizeof *error->operands);
    if (!error->operands) return;
    rt_operand_note *note = &error->operands[error->noperands++];
    note->dtype = dtype;
    note->ndim = ndim;
    note->has_strides = strides != NULL;
    note->data = data;
    if (data && !ndim) note->data = memcpy(note->number, data, (size_t)PyDataType_ELSIZE(rt_descrs[dtype]));
    for (int i = 0; i < ndim; i++) {
        note->dims[i] = dims[i];
        if (strides) note->strides[i] = strides[i];
    }
}

static PyObject *tuple_of(const int64_t *numbers, int n)
{
    PyObject *tuple = PyTuple_New(n);
    for (int i = 0; tuple && i < n; i++) {
        PyObject *number = PyLong_FromLongLong(numbers[i]);
        if (!number) Py_CLEAR(tuple);
        else PyTuple_SET_ITEM(tuple, i, number);
    }
    return tuple;
}

/* The operand as an array over the program's own memory, which lasts until the exception is made; None if that is lost. */
static PyObject *value_of(const rt_operand_note *note)
{
    if (!note->data || (note->ndim && !note->has_strides)) Py_RETURN_NONE;
    PyArray_Descr *descr = rt_descrs[note->dtype];
    Py_INCREF(descr);
    return PyArray_NewFromDescr(&PyArray_Type, descr, note->ndim, (npy_intp *)note->dims, (npy_intp *)note->strides,
                                note->data, 0, NULL);
}

static PyObject *describe_operands(const rt_error *error)
{
    PyObject *operands = PyTuple_New(error->noperands);
    for (int i = 0; operands && i < error->noperands; i++) {
        const rt_operand_note *note = &error->operands[i];
        PyObject *shape = tuple_of(note->dims, note->ndim);
        PyObject *strides = note->has_strides ? tuple_of(note->strides, note->ndim) : Py_NewRef(Py_None);
        PyObject *value = value_of(note);
        PyObject *item = shape && strides && value ? Py_BuildValue("iOOO", note->dtype, shape, strides, value) : NULL;
        Py_XDECREF(shape);
        Py_XDECREF(strides);
        Py_XDECREF(value);
        if (!item) Py_CLEAR(operands);
        else PyTuple_SET_ITEM(operands, i, item);
    }
    return operands;
}

static void raise_plainly(const rt_error *error)
{
    if (error->code == RT_E_MEMORY) PyErr_NoMemory();
    else
        PyErr_Format(PyExc_RuntimeError, "The native program failed with code %d at node %d.", (int)error->code,
                     (int)error->node);
}

static void raise_by_hook(PyObject *hook, const rt_error *error)
{
    PyObject *details = tuple_of(error->details, error->n), *operands = describe_operands(error), *exception = NULL;
    if (details && operands)
        exception = PyObject_CallFunction(hook, "iiOO", (int)error->code, (int)error->node, details, operands);
    Py_XDECREF(details);
    Py_XDECREF(operands);
    if (!exception) return;
    if (PyExceptionInstance_Check(exception))
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    else
        PyErr_Format(PyExc_TypeError, "on_error must give an exception, got %.100s.", Py_TYPE(exception)->tp_name);
    Py_DECREF(exception);
}

void rt_raise(rt_ctx *ctx, int32_t code)
{
    rt_fail(ctx, code, -1, 0, NULL);
    if (PyErr_Occurred()) return;
    PyObject *hook = ctx->program->on_error;
    if (hook && hook != Py_None)
        raise_by_hook(hook, &ctx->error);
    else
        raise_plainly(&ctx->error);
}
