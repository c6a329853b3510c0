/* Receipts: each holds its struct, and its fields become Python objects when they are asked for. */
#include <string.h>

#include "python.h"

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

/* The map of the receipt with this number, or `none`; a new reference. */
static PyObject *extensions_at(PyObject *extensions, Py_ssize_t number, PyObject *none) {
  PyObject *key = PyLong_FromSsize_t(number);
  if (key == NULL) return NULL;
  PyObject *found = PyDict_GetItemWithError(extensions, key);
  Py_DECREF(key);
  if (found == NULL && PyErr_Occurred()) return NULL;
  if (found == NULL) found = none;
  Py_INCREF(found);
  return found;
}

/* A list of receipts: of the array of structs in `raw`, the first of which has the number `first` in `extensions`, a dict. */
static PyObject *receipt_many(PyObject *type, PyObject *arguments) {
  const char *raw;
  Py_ssize_t length, first;
  PyObject *extensions;
  if (!PyArg_ParseTuple(arguments, "y#nO!", &raw, &length, &first, &PyDict_Type, &extensions)) return NULL;
  const Py_ssize_t count = length / (Py_ssize_t)sizeof(bp_receipt), some = PyDict_Size(extensions);
  PyObject *none = PyBytes_FromStringAndSize(NULL, 0), *list = none == NULL ? NULL : PyList_New(count);
  for (Py_ssize_t i = 0; i < count && list != NULL; i++) {
    PyObject *map = none;
    if (some > 0) {
      map = extensions_at(extensions, first + i, none);
    } else {
      Py_INCREF(none);
    }
    PyObject *item = receipt_make((PyTypeObject *)type, raw + i * (Py_ssize_t)sizeof(bp_receipt), map);
    if (item == NULL || PyList_SetItem(list, i, item) != 0) Py_CLEAR(list);
  }
  Py_XDECREF(none);
  return list;
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

static PyObject *receipt_extensions(PyObject *object, void *unused) {
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
    {"_extensions", receipt_extensions, NULL, "the canonical map of the extensions", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef receipt_methods[] = {
    {"_from_raw", receipt_from_raw, METH_VARARGS | METH_CLASS, "_from_raw(bytes of a bp_receipt, map of extensions)"},
    {"_many", receipt_many, METH_VARARGS | METH_CLASS, "_many(bytes of an array, number of the first, extensions) -> list"},
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
