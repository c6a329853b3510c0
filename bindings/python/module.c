/* The raw module: cffi's `ffi` and `lib` for the whole of ffi.h, and beside them the types of the hot calls. */
#include "python.h"

PyMODINIT_FUNC PyInit__batpak(void);

int check_count(const char *name, Py_ssize_t given, Py_ssize_t wanted) {
  if (given == wanted) return 0;
  PyErr_Format(PyExc_TypeError, "%s takes %zd arguments, %zd given", name, wanted, given);
  return -1;
}

void object_free(PyObject *object) {
  PyTypeObject *type = Py_TYPE(object);
  freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(object);
  Py_DECREF(type);
}

PyObject *not_by_hand(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
  (void)type;
  (void)arguments;
  (void)keywords;
  PyErr_SetString(PyExc_TypeError, "only a store makes these");
  return NULL;
}

static int add_type(PyObject *module, const char *name, PyType_Spec *spec) {
  PyObject *type = PyType_FromSpec(spec);
  if (type == NULL) return -1;
  if (PyModule_AddObject(module, name, type) == 0) return 0;
  Py_DECREF(type);
  return -1;
}

static PyMethodDef functions[] = {
    {"encode_value", value_encode, METH_O, "encode_value(value) -> bytes, or None: not here"},
    {"encode_tokens", FAST(value_encode_tokens), METH_FASTCALL, "encode_tokens(tokens, texts) -> bytes, or None: not here"},
    {"decode_value", value_decode, METH_O, "decode_value(payload) -> value, or NotImplemented: not here"},
    {NULL, NULL, 0, NULL},
};

PyMODINIT_FUNC PyInit__batpak(void) {
  PyObject *module = batpak_cffi_init();
  if (module == NULL) return NULL;
  if (add_type(module, "Handle", &handle_spec) == 0 && add_type(module, "PageBase", &page_spec) == 0 &&
      add_type(module, "PageIterator", &page_iterator_spec) == 0 && add_type(module, "EventBase", &event_spec) == 0 &&
      add_type(module, "ReceiptBase", &receipt_spec) == 0 &&
      add_type(module, "ReceiptIterator", &receipt_iterator_spec) == 0 && add_type(module, "TicketBase", &ticket_spec) == 0 &&
      PyModule_AddFunctions(module, functions) == 0) {
    return module;
  }
  Py_DECREF(module);
  return NULL;
}
