/* The handle of an open store.
 *
 * The library forbids closing a store while calls are inside; here calls are counted under the interpreter's lock, so that
 * no thread can pass a pointer that another has just closed.
 */
#include <string.h>

#include "python.h"

PyObject *handle_fail(const handle *self, bp_status status, const bp_error *error) {
  PyObject *raised = PyObject_CallFunction(self->fail, "iy#", (int)status, (const char *)error, (Py_ssize_t)sizeof *error);
  if (raised != NULL) {
    Py_DECREF(raised);
    PyErr_SetString(PyExc_SystemError, "a failure was not raised");
  }
  return NULL;
}

PyObject *handle_fail_text(const handle *self, bp_status status, const char *text) {
  bp_error error = {.struct_size = sizeof error, .code = status};
  strncpy(error.text, text, sizeof error.text - 1);
  return handle_fail(self, status, &error);
}

int handle_take_id(const handle *self, PyObject *object, uint8_t id[16]) {
  char *bytes;
  Py_ssize_t length;
  if (PyBytes_AsStringAndSize(object, &bytes, &length) != 0) return -1;
  if (length != 16) {
    (void)handle_fail_text(self, BP_ARGUMENT, "an id has 16 bytes");
    return -1;
  }
  memcpy(id, bytes, 16);
  return 0;
}

bp_store *handle_enter(handle *self) {
  if (self->store == NULL) {
    (void)handle_fail_text(self, BP_CLOSED, "the store is closed");
    return NULL;
  }
  self->users++;
  return self->store;
}

void handle_leave(handle *self) { self->users--; }

bp_page *handle_take_page(handle *self) {
  for (int i = SPARE_PAGES - 1; i >= 0; i--) {
    bp_page *spare = self->spare[i];
    self->spare[i] = NULL;
    if (spare != NULL) return spare;
  }
  bp_page *fresh = NULL;
  bp_error error = {.struct_size = sizeof error};
  bp_status status = bp_page_new(&fresh, &error);
  if (status != BP_OK) (void)handle_fail(self, status, &error);
  return fresh;
}

/* A page keeps its memory, which is what makes the next filling cheap; an unusually large one is not kept. */
void handle_give_page(handle *self, bp_page *given) {
  enum { KEPT_BYTES = 8 << 20 };
  size_t bytes = 0;
  (void)bp_page_arena(given, &bytes);
  if (bytes <= KEPT_BYTES) {
    for (int i = 0; i < SPARE_PAGES; i++) {
      if (self->spare[i] != NULL) continue;
      self->spare[i] = given;
      return;
    }
  }
  bp_page_free(given);
}

/* --- Handle(address of a bp_store *, which it takes, written, fail, page_type, event_type, receipt_type, iterator_type,
 *     ticket_type, keep) */

static PyObject *handle_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
  PyObject *address, *fail, *page_type, *event_type, *receipt_type, *iterator_type, *ticket_type, *keep;
  int written;
  (void)keywords;
  if (!PyArg_ParseTuple(arguments, "OpOOOOOOO", &address, &written, &fail, &page_type, &event_type, &receipt_type,
                        &iterator_type, &ticket_type, &keep)) {
    return NULL;
  }
  bp_store **store = PyLong_AsVoidPtr(address);
  if (store == NULL) return NULL;
  handle *self = (handle *)PyType_GenericAlloc(type, 0);
  if (self == NULL) return NULL;
  Py_INCREF(fail);
  Py_INCREF(page_type);
  Py_INCREF(event_type);
  Py_INCREF(receipt_type);
  Py_INCREF(iterator_type);
  Py_INCREF(ticket_type);
  Py_INCREF(keep);
  self->store = *store;
  *store = NULL;
  self->written = written;
  self->fail = fail;
  self->page_type = page_type;
  self->event_type = event_type;
  self->receipt_type = receipt_type;
  self->iterator_type = iterator_type;
  self->ticket_type = ticket_type;
  self->keep = keep;
  return (PyObject *)self;
}

static void release_store(handle *self) {
  bp_store *store = self->store;
  self->store = NULL;
  if (store == NULL) return;
  Py_BEGIN_ALLOW_THREADS
  bp_store_release(store);
  Py_END_ALLOW_THREADS
}

/* A callback may know who holds the store: such a circle is found here, and broken elsewhere. */
static int handle_traverse(PyObject *object, visitproc visit, void *arg) {
  handle *self = (handle *)object;
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(self->fail);
  Py_VISIT(self->keep);
  return 0;
}

static void handle_dealloc(PyObject *object) {
  handle *self = (handle *)object;
  PyObject_GC_UnTrack(object);
  release_store(self);
  for (int i = 0; i < SPARE_PAGES; i++) bp_page_free(self->spare[i]);
  Py_XDECREF(self->fail);
  Py_XDECREF(self->page_type);
  Py_XDECREF(self->event_type);
  Py_XDECREF(self->receipt_type);
  Py_XDECREF(self->iterator_type);
  Py_XDECREF(self->ticket_type);
  Py_XDECREF(self->keep);
  object_free(object);
}

static PyObject *handle_close(PyObject *object, PyObject *unused) {
  handle *self = (handle *)object;
  (void)unused;
  if (self->store == NULL) Py_RETURN_NONE;
  bp_error error = {.struct_size = sizeof error, .code = BP_BUSY, .actual = (uint64_t)self->users};
  if (self->users > 0) {
    strncpy(error.text, "calls of other threads are under way", sizeof error.text - 1);
    return handle_fail(self, BP_BUSY, &error);
  }
  bp_store *store = self->store;
  bp_status status;
  self->store = NULL;
  Py_BEGIN_ALLOW_THREADS
  status = bp_store_close(store, &error);
  Py_END_ALLOW_THREADS
  if (status == BP_BUSY || status == BP_FORKED) self->store = store;
  if (status != BP_OK) return handle_fail(self, status, &error);
  Py_RETURN_NONE;
}

static PyObject *handle_release(PyObject *object, PyObject *unused) {
  handle *self = (handle *)object;
  (void)unused;
  self->users = 0;
  release_store(self);
  Py_RETURN_NONE;
}

/* `with handle as address:` for the calls that go through cffi: an interrupt finds no place between entering and the
 * body. */
static PyObject *handle_with_enter(PyObject *object, PyObject *unused) {
  (void)unused;
  bp_store *store = handle_enter((handle *)object);
  return store == NULL ? NULL : PyLong_FromVoidPtr(store);
}

static PyObject *handle_with_exit(PyObject *object, PyObject *unused) {
  (void)unused;
  handle_leave((handle *)object);
  Py_RETURN_NONE;
}

static PyObject *handle_closed(PyObject *object, void *unused) {
  (void)unused;
  return PyBool_FromLong(((handle *)object)->store == NULL);
}

/* Raises as a call of this store would. */
static PyObject *handle_raise(PyObject *object, PyObject *arguments) {
  return PyObject_CallObject(((handle *)object)->fail, arguments);
}

static PyMethodDef handle_methods[] = {
    {"append", FAST(handle_append), METH_FASTCALL,
     "append(entity, scope, kind, payload, rest) -> Receipt"},
    {"append_many", handle_append_many, METH_O,
     "append_many(list of drafts) -> (receipts, extensions by index, status, bytes of the error)"},
    {"append_batch", handle_append_batch, METH_O, "append_batch(list of drafts): as append_many, all of them or none"},
    {"submit", FAST(handle_submit), METH_FASTCALL,
     "submit(address of a bp_fence or None, is a try, entity, scope, kind, payload, rest) -> Ticket; of a try that is not "
     "taken (after_ms, attempt, max_attempts, reason), or a reason alone"},
    {"submit_batch", FAST(handle_submit_batch), METH_FASTCALL, "submit_batch(fence, is a try, list of drafts): as submit"},
    {"await_point", FAST(handle_await), METH_FASTCALL, "await_point(watermark, milliseconds, sequence) -> Ticket"},
    {"page", FAST(handle_page), METH_FASTCALL, "page(address of a bp_query, decode) -> Page"},
    {"get", FAST(handle_get), METH_FASTCALL, "get(event_id, decode) -> Event"},
    {"walk", FAST(handle_walk), METH_FASTCALL, "walk(event_id, limit, decode) -> Page"},
    {"fold", FAST(handle_fold), METH_FASTCALL, "fold(address of a bp_query, decode, step, state) -> state"},
    {"close", handle_close, METH_NOARGS, "Strict close; fails with BP_BUSY while calls are inside."},
    {"release", handle_release, METH_NOARGS, "Deferred close, for finalizers and forked children."},
    {"fail", handle_raise, METH_VARARGS, "fail(status, bytes of the bp_error): raises"},
    {"__enter__", handle_with_enter, METH_NOARGS, "The store's address, which stays valid until __exit__."},
    {"__exit__", handle_with_exit, METH_VARARGS, ""},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef handle_members[] = {
    {"closed", handle_closed, NULL, "whether the store is closed", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot handle_slots[] = {
    {Py_tp_new, handle_new},
    {Py_tp_dealloc, handle_dealloc},
    {Py_tp_traverse, handle_traverse},
    {Py_tp_methods, handle_methods},
    {Py_tp_getset, handle_members},
    {0, NULL},
};

PyType_Spec handle_spec = {"batpak._batpak.Handle", sizeof(handle), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
                           handle_slots};
