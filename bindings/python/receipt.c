/* Receipts: each holds its struct, and its fields become Python objects when they are asked for. */
#include <string.h>

#include "python.h"

typedef struct receipt_iterator {
  PyObject_HEAD
  PyObject *type;
  PyObject *raw;         /* bytes of an array of bp_receipt */
  PyObject *extensions;  /* dict of number to the canonical map, of those that have some */
  PyObject *none;        /* the map of all others */
  Py_ssize_t first;      /* number of the first of the array */
  Py_ssize_t next;
} receipt_iterator;

typedef struct receipt_object {
  PyObject_HEAD
  PyObject *extensions;  /* bytes: the canonical map, empty where there are none */
  bp_receipt receipt;    /* without its buffer: no address of this process remains in what Python keeps */
} receipt_object;

PyObject *receipt_make(PyTypeObject *type, const void *raw, PyObject *extensions) {
  receipt_object *self = extensions == NULL ? NULL : (receipt_object *)PyType_GenericAlloc(type, 0);
  if (self == NULL) {
    Py_XDECREF(extensions);
    return NULL;
  }
  self->extensions = extensions;
  memcpy(&self->receipt, raw, sizeof self->receipt);
  self->receipt.extensions = NULL;
  self->receipt.extensions_capacity = 0;
  if (self->receipt.struct_size == sizeof self->receipt) return (PyObject *)self;
  PyErr_SetString(PyExc_ValueError, "these bytes are no receipt");
  Py_DECREF((PyObject *)self);
  return NULL;
}

PyObject *receipt_extensions(const bp_receipt *receipt) {
  return PyBytes_FromStringAndSize((const char *)receipt->extensions, (Py_ssize_t)receipt->extensions_length);
}

static void receipt_dealloc(PyObject *object) {
  Py_XDECREF(((receipt_object *)object)->extensions);
  object_free(object);
}

static PyObject *receipt_from_raw(PyObject *type, PyObject *arguments) {
  const char *raw;
  Py_ssize_t length;
  PyObject *extensions = NULL;
  if (!PyArg_ParseTuple(arguments, "y#|S", &raw, &length, &extensions)) return NULL;
  if (length != sizeof(bp_receipt)) {
    PyErr_SetString(PyExc_ValueError, "these bytes are no receipt");
    return NULL;
  }
  if (extensions != NULL) {
    Py_INCREF(extensions);
  } else {
    extensions = PyBytes_FromStringAndSize(NULL, 0);
  }
  return receipt_make((PyTypeObject *)type, raw, extensions);
}

/* --- what a receipt says */

static PyObject *as_bytes(const uint8_t *bytes, size_t length) {
  return PyBytes_FromStringAndSize((const char *)bytes, (Py_ssize_t)length);
}

static PyObject *of_sequence(const bp_receipt *r) { return PyLong_FromUnsignedLongLong(r->sequence); }
static PyObject *of_segment_id(const bp_receipt *r) { return PyLong_FromUnsignedLongLong(r->segment_id); }
static PyObject *of_offset(const bp_receipt *r) { return PyLong_FromUnsignedLongLong(r->offset); }
static PyObject *of_frame_length(const bp_receipt *r) { return PyLong_FromUnsignedLong(r->frame_length); }
static PyObject *of_event_id(const bp_receipt *r) { return as_bytes(r->event_id, sizeof r->event_id); }
static PyObject *of_content_hash(const bp_receipt *r) { return as_bytes(r->content_hash, sizeof r->content_hash); }
static PyObject *of_durable(const bp_receipt *r) { return PyBool_FromLong(r->durable); }
static PyObject *of_replayed(const bp_receipt *r) { return PyBool_FromLong(r->replayed); }
static PyObject *of_raw(const bp_receipt *r) { return as_bytes((const uint8_t *)r, sizeof *r); }

static PyObject *of_key_id(const bp_receipt *r) {
  static const uint8_t unsigned_[32];
  if (memcmp(r->key_id, unsigned_, sizeof unsigned_) == 0) Py_RETURN_NONE;
  return as_bytes(r->key_id, sizeof r->key_id);
}

static PyObject *of_signature(const bp_receipt *r) {
  if (r->has_signature == 0) Py_RETURN_NONE;
  return as_bytes(r->signature, sizeof r->signature);
}

static PyObject *of_same(const bp_receipt *r) {
  if (r->replayed == 0) Py_RETURN_NONE;
  return PyBool_FromLong(r->same);
}

typedef PyObject *(*field)(const bp_receipt *r);

static PyObject *receipt_field(PyObject *object, void *closure) {
  return ((const field *)closure)[0](&((receipt_object *)object)->receipt);
}

static PyObject *of_extensions(PyObject *object, void *unused) {
  PyObject *extensions = ((receipt_object *)object)->extensions;
  (void)unused;
  Py_INCREF(extensions);
  return extensions;
}

#define FIELD(name) static const field field_##name = of_##name;
FIELD(sequence) FIELD(segment_id) FIELD(offset) FIELD(frame_length) FIELD(event_id) FIELD(content_hash) FIELD(durable)
FIELD(replayed) FIELD(raw) FIELD(key_id) FIELD(signature) FIELD(same)

#define MEMBER(name, doc) {#name, receipt_field, NULL, doc, (void *)(uintptr_t)&field_##name}

static PyGetSetDef receipt_members[] = {
    MEMBER(event_id, "The event that it attests (16 bytes)."),
    MEMBER(sequence, "Place in commit order over the whole store, from 0."),
    MEMBER(content_hash, "BLAKE3 of the payload (32 bytes)."),
    MEMBER(key_id, "BLAKE3 of the public key that signed (32 bytes), or None."),
    MEMBER(signature, "Ed25519 (64 bytes), or None."),
    MEMBER(durable, "The event was on the disk when this was answered, as far as the system says."),
    MEMBER(replayed, "The key was known: nothing was written, and this is the event that it named."),
    MEMBER(same, "Replayed with the same content, kind and coordinate; None unless replayed."),
    MEMBER(segment_id, "The segment file that holds the frame. With `offset` and `frame_length` 0: not known."),
    MEMBER(offset, "Where the frame begins, in bytes from the start of the segment."),
    MEMBER(frame_length, "Bytes of the whole frame."),
    {"_raw", receipt_field, NULL, "the bytes of the bp_receipt", (void *)(uintptr_t)&field_raw},
    {"_extensions", of_extensions, NULL, "the canonical map of the extensions", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef receipt_methods[] = {
    {"_from_raw", receipt_from_raw, METH_VARARGS | METH_CLASS, "_from_raw(bytes of a bp_receipt, map of extensions)"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot receipt_slots[] = {
    {Py_tp_new, not_by_hand},
    {Py_tp_dealloc, receipt_dealloc},
    {Py_tp_getset, receipt_members},
    {Py_tp_methods, receipt_methods},
    {0, NULL},
};

PyType_Spec receipt_spec = {"batpak._batpak.ReceiptBase", sizeof(receipt_object), 0,
                            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, receipt_slots};

/* --- the receipts of an array, one after the other: ReceiptIterator(type, raw, extensions, first) */

static PyObject *iterator_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
  PyObject *made, *raw, *extensions;
  Py_ssize_t first;
  (void)keywords;
  if (!PyArg_ParseTuple(arguments, "O!SO!n", &PyType_Type, &made, &raw, &PyDict_Type, &extensions, &first)) return NULL;
  receipt_iterator *self = (receipt_iterator *)PyType_GenericAlloc(type, 0);
  if (self == NULL) return NULL;
  Py_INCREF(made);
  Py_INCREF(raw);
  Py_INCREF(extensions);
  self->type = made;
  self->raw = raw;
  self->extensions = extensions;
  self->first = first;
  self->none = PyBytes_FromStringAndSize(NULL, 0);
  if (self->none != NULL) return (PyObject *)self;
  Py_DECREF((PyObject *)self);
  return NULL;
}

static void iterator_dealloc(PyObject *object) {
  receipt_iterator *self = (receipt_iterator *)object;
  Py_XDECREF(self->type);
  Py_XDECREF(self->raw);
  Py_XDECREF(self->extensions);
  Py_XDECREF(self->none);
  object_free(object);
}

/* The map of the next receipt; a new reference. */
static PyObject *next_extensions(const receipt_iterator *self) {
  PyObject *found = NULL;
  if (PyDict_Size(self->extensions) > 0) {
    PyObject *number = PyLong_FromSsize_t(self->first + self->next);
    if (number == NULL) return NULL;
    found = PyDict_GetItemWithError(self->extensions, number);
    Py_DECREF(number);
    if (found == NULL && PyErr_Occurred()) return NULL;
  }
  if (found == NULL) found = self->none;
  Py_INCREF(found);
  return found;
}

static PyObject *iterator_next(PyObject *object) {
  receipt_iterator *self = (receipt_iterator *)object;
  const Py_ssize_t size = sizeof(bp_receipt), at = self->next * size;
  if (at + size > PyBytes_Size(self->raw)) return NULL;
  PyObject *extensions = next_extensions(self);
  self->next++;
  return receipt_make((PyTypeObject *)self->type, PyBytes_AsString(self->raw) + at, extensions);
}

static PyType_Slot iterator_slots[] = {
    {Py_tp_new, iterator_new},
    {Py_tp_dealloc, iterator_dealloc},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, iterator_next},
    {0, NULL},
};

PyType_Spec receipt_iterator_spec = {"batpak._batpak.ReceiptIterator", sizeof(receipt_iterator), 0, Py_TPFLAGS_DEFAULT,
                                     iterator_slots};
