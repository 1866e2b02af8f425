/* Cell: the storage slot of a shared variable. */
#include "runtime.h"

#include <structmember.h>

static PyObject *cell_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"value", NULL};
    PyObject *value = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:Cell", names, &value)) return NULL;
    rt_cell *self = (rt_cell *)type->tp_alloc(type, 0);
    if (self) self->value = Py_NewRef(value);
    return (PyObject *)self;
}

static int cell_traverse(rt_cell *self, visitproc visit, void *arg)
{
    Py_VISIT(self->value);
    return 0;
}

static int cell_clear(rt_cell *self)
{
    Py_CLEAR(self->value);
    return 0;
}

static void cell_dealloc(rt_cell *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs) PyObject_ClearWeakRefs((PyObject *)self);
    cell_clear(self);
    Py_TYPE(self)->tp_free(self);
}

static PyObject *cell_get(rt_cell *self, void *Py_UNUSED(closure))
{
    return Py_NewRef(self->value ? self->value : Py_None);
}

static int cell_set(rt_cell *self, PyObject *value, void *Py_UNUSED(closure))
{
    if (!value) {
        PyErr_SetString(PyExc_AttributeError, "A cell's value can be replaced, not deleted.");
        return -1;
    }
    PyObject *old = self->value;
    self->value = Py_NewRef(value);
    Py_XDECREF(old);
    return 0;
}

static PyObject *cell_reduce(rt_cell *self, PyObject *Py_UNUSED(args))
{
    return Py_BuildValue("O(O)", Py_TYPE(self), self->value ? self->value : Py_None);
}

static PyObject *cell_repr(rt_cell *self)
{
    int status = Py_ReprEnter((PyObject *)self);
    if (status) return status > 0 ? PyUnicode_FromString("Cell(...)") : NULL;
    PyObject *text = PyUnicode_FromFormat("Cell(%R)", self->value ? self->value : Py_None);
    Py_ReprLeave((PyObject *)self);
    return text;
}

static PyGetSetDef cell_getset[] = {
    {"value", (getter)cell_get, (setter)cell_set, "What is stored.", NULL},
    {NULL},
};

static PyMethodDef cell_methods[] = {
    {"__reduce__", (PyCFunction)cell_reduce, METH_NOARGS, NULL},
    {NULL},
};

PyTypeObject rt_cell_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "croton.backends.cpu._runtime.Cell",
    .tp_doc = "Cell(value=None)\n--\n\nThe storage slot of a shared variable.",
    .tp_basicsize = sizeof(rt_cell),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_weaklistoffset = offsetof(rt_cell, weakrefs),
    .tp_new = cell_new,
    .tp_dealloc = (destructor)cell_dealloc,
    .tp_traverse = (traverseproc)cell_traverse,
    .tp_clear = (inquiry)cell_clear,
    .tp_getset = cell_getset,
    .tp_methods = cell_methods,
    .tp_repr = (reprfunc)cell_repr,
};
