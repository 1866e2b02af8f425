/* The dtype codes of abi.md, and how they map to NumPy's type numbers. */
#include "runtime.h"

const char *const rt_dtype_names[RT_NUM_DTYPES] = {
    "bool",   "int8",   "uint8",   "int16",   "uint16",  "int32",     "uint32",
    "int64",  "uint64", "float16", "float32", "float64", "complex64", "complex128",
};

static const int type_numbers[RT_NUM_DTYPES] = {
    NPY_BOOL,  NPY_INT8,   NPY_UINT8,   NPY_INT16,   NPY_UINT16,  NPY_INT32,     NPY_UINT32,
    NPY_INT64, NPY_UINT64, NPY_FLOAT16, NPY_FLOAT32, NPY_FLOAT64, NPY_COMPLEX64, NPY_COMPLEX128,
};

enum { NUM_TYPE_NUMBERS = 32 };

PyArray_Descr *rt_descrs[RT_NUM_DTYPES];
static signed char code_of_number[NUM_TYPE_NUMBERS];

int rt_dtypes_init(void)
{
    for (int i = 0; i < NUM_TYPE_NUMBERS; i++) code_of_number[i] = RT_FOREIGN;
    for (int code = 0; code < RT_NUM_DTYPES; code++) {
        code_of_number[type_numbers[code]] = (signed char)code;
        rt_descrs[code] = PyArray_DescrFromType(type_numbers[code]);
        if (!rt_descrs[code]) return -1;
    }
    /* C has more names for integers than there are sizes: `long long` is int64 under another number (or `long` is). */
    code_of_number[NPY_LONG] = sizeof(long) == 8 ? RT_INT64 : RT_INT32;
    code_of_number[NPY_ULONG] = sizeof(long) == 8 ? RT_UINT64 : RT_UINT32;
    code_of_number[NPY_LONGLONG] = RT_INT64;
    code_of_number[NPY_ULONGLONG] = RT_UINT64;
    code_of_number[NPY_OBJECT] = RT_FOREIGN;
    return 0;
}

int rt_dtype_of_typenum(int typenum)
{
    return typenum >= 0 && typenum < NUM_TYPE_NUMBERS ? code_of_number[typenum] : RT_FOREIGN;
}

int rt_dtype_of_name(PyObject *name)
{
    const char *text = PyUnicode_AsUTF8(name);
    if (!text) return RT_FOREIGN;
    if (!strcmp(text, "object")) return RT_OBJECT;
    for (int code = 0; code < RT_NUM_DTYPES; code++)
        if (!strcmp(text, rt_dtype_names[code])) return code;
    PyErr_Format(PyExc_TypeError, "%R is not a dtype of the native runtime.", name);
    return RT_FOREIGN;
}
