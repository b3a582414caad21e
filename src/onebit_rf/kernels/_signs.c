/* The extension module: buffers of Python checked and handed to lookup/, whose engine.h says how the products work. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "lookup/matrix.h"

static const char *const CAPSULE = "onebit_rf.kernels._signs.Matrix";

static void free_capsule(PyObject *capsule) { free_matrix(PyCapsule_GetPointer(capsule, CAPSULE)); }

static PyObject *py_engines(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    PyObject *names = PyList_New(0);
    for (int i = 0; names && engine_at(i); i++) {
        PyObject *name = PyUnicode_FromString(engine_at(i)->name);
        if (!name || PyList_Append(names, name)) Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

static const Engine *engine_called(const char *name) {
    for (int i = 0; engine_at(i); i++)
        if (!strcmp(engine_at(i)->name, name)) return engine_at(i);
    return NULL;
}

static int is_matrix_of(const Py_buffer *view, size_t columns) {
    return view->ndim == 2 && view->format && !strcmp(view->format, "f") && (size_t)view->shape[1] == columns;
}

/* What is wrong with d_out rows of d_in bits, or with their scales for groups of inputs; or NULL. */
static const char *why_not_packed(const Py_buffer *bits, Py_ssize_t d_out, Py_ssize_t d_in, const Py_buffer *scales) {
    if (d_out < 1 || d_in < 1 || d_in > MOST_INPUTS || d_out > PY_SSIZE_T_MAX / d_in ||
        bits->len != d_out * ((d_in + 7) / 8))
        return "bits: need d_out rows of ceil(d_in/8) bytes, d_in ≤ 2^24";
    if (!scales->obj) return NULL;
    const Py_ssize_t groups = is_matrix_of(scales, (size_t)d_out) ? scales->shape[0] : 0;
    if (groups != 1 && (!groups || d_in % (32 * groups)))
        return "scales: need float32 (groups, d_out), for one group or groups of 32·k inputs, or None";
    return NULL;
}

static PyObject *py_pack(PyObject *module, PyObject *args) {
    (void)module;
    Py_buffer bits, scales = {0};
    Py_ssize_t d_out, d_in;
    PyObject *given;
    int planes;
    const char *name;
    if (!PyArg_ParseTuple(args, "y*nnOis", &bits, &d_out, &d_in, &given, &planes, &name)) return NULL;
    const Engine *engine = engine_called(name);
    const char *wrong = NULL;
    Matrix *m = NULL;
    if (!engine) {
        PyErr_Format(PyExc_ValueError, "this processor has no engine %s", name);
    } else if (planes < FLOAT || planes > 3) {
        PyErr_SetString(PyExc_ValueError, "planes must be 0…3");
    } else if (given == Py_None || !PyObject_GetBuffer(given, &scales, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)) {
        wrong = why_not_packed(&bits, d_out, d_in, &scales);
        if (wrong) {
            PyErr_Format(PyExc_ValueError, "%s", wrong);
        } else {
            const size_t groups = scales.obj ? (size_t)scales.shape[0] : 0;
            Py_BEGIN_ALLOW_THREADS
            m = new_matrix(engine, bits.buf, (size_t)d_out, (size_t)d_in, scales.buf, groups, planes);
            Py_END_ALLOW_THREADS
            if (!m) PyErr_NoMemory();
        }
    }
    PyBuffer_Release(&bits);
    PyBuffer_Release(&scales);
    if (!m) return NULL;
    PyObject *capsule = PyCapsule_New(m, CAPSULE, free_capsule);
    if (!capsule) free_matrix(m);
    return capsule;
}

static PyObject *py_activations(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    return Py_BuildValue("[ssss]", ACTIVATION_NAMES);
}

/* What is wrong with the arrays, or NULL. */
static const char *why_not(const Matrix *m, const Py_buffer *x, const Py_buffer *out) {
    if (!is_matrix_of(x, m->d_in) || !is_matrix_of(out, m->d_out) || x->shape[0] != out->shape[0])
        return "x and out must be float32 of shapes (rows, d_in) and (rows, d_out)";
    if ((char *)x->buf < (char *)out->buf + out->len && (char *)out->buf < (char *)x->buf + x->len)
        return "x and out must not overlap";
    return NULL;
}

static PyObject *py_apply(PyObject *module, PyObject *const *args, Py_ssize_t n_args) {
    (void)module;
    if (n_args != 6) return PyErr_Format(PyExc_TypeError, "apply(matrix, x, out, scale, activation, threads)");
    const Matrix *m = PyCapsule_GetPointer(args[0], CAPSULE);
    if (!m) return NULL;
    const double scale = PyFloat_AsDouble(args[3]);
    const long activation = PyLong_AsLong(args[4]), threads = PyLong_AsLong(args[5]);
    if (PyErr_Occurred()) return NULL;
    if (activation < IDENTITY || activation > LAST_ACTIVATION || threads < 1)
        return PyErr_Format(PyExc_ValueError, "activation must be 0…%d, and threads ≥ 1", LAST_ACTIVATION);
    Py_buffer x = {0}, out = {0};
    const char *wrong = NULL;
    int done = 1;
    if (!PyObject_GetBuffer(args[1], &x, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) &&
        !PyObject_GetBuffer(args[2], &out, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | PyBUF_WRITABLE)) {
        wrong = why_not(m, &x, &out);
        if (!wrong && x.shape[0] > 0) {
            Py_BEGIN_ALLOW_THREADS
            done = multiply(m, x.buf, (size_t)x.shape[0], out.buf, scale, (int)activation, (size_t)threads);
            Py_END_ALLOW_THREADS
        }
    }
    PyBuffer_Release(&x);
    PyBuffer_Release(&out);
    if (PyErr_Occurred()) return NULL;
    if (wrong) return PyErr_Format(PyExc_ValueError, "%s", wrong);
    if (!done) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyMethodDef METHODS[] = {
    {"engines", py_engines, METH_NOARGS, "The instruction sets this processor can use, fastest first."},
    {"activations", py_activations, METH_NOARGS, "The activations that apply takes, by its numbers from 1."},
    {"pack", py_pack, METH_VARARGS, 
     "pack(bits, d_out, d_in, scales, planes, engine): lay a sign matrix out for an engine; scales α float32 (groups, "
     "d_out) for groups of d_in / groups inputs, or None; planes 3, 2, 1, or 0 for the float method."},
    {"apply", (PyCFunction)(void (*)(void))py_apply, METH_FASTCALL,
     "apply(matrix, x, out, scale, activation, threads): out = φ(Σ_g α_g ⊙ (scale·x_g W_gᵀ)) over groups g of inputs; "
     "activation 0 or a place in activations(), from 1."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot SLOTS[] = {
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED}, /* a packed matrix is never written to */
#endif
    {0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, .m_name = "_signs", .m_doc = "Products with packed sign matrices.", .m_size = 0,
    .m_methods = METHODS, .m_slots = SLOTS,
};

PyMODINIT_FUNC PyInit__signs(void) { return PyModuleDef_Init(&MODULE); }
