/* Tickets of what was submitted.  An object of ours holds the ticket; python/batpak/ticket.py knows what the answer is made into. */
#include <string.h>

#include "python.h"

/* How long a wait goes on before it looks for an interrupt, which no condition of the library hears. */
enum { SIGNALS_EVERY_MS = 50 };

typedef struct ticket_object {
  PyObject_HEAD
  handle *owner;  /* words the errors; the store may be closed meanwhile */
  bp_ticket *ticket;
} ticket_object;

/* --- submitting */

/* What goes in, and the ticket that comes out. */
typedef struct submission {
  const bp_draft *drafts;
  size_t count;
  int is_batch;
} submission;

static PyObject *ticket_make(handle *owner) {
  ticket_object *made = (ticket_object *)PyType_GenericAlloc((PyTypeObject *)owner->ticket_type, 0);
  if (made == NULL) return NULL;
  Py_INCREF((PyObject *)owner);
  made->owner = owner;
  return (PyObject *)made;
}

/* The object is made first: no ticket is lost where there is no memory for it. */
static PyObject *submit(handle *self, const submission *s) {
  PyObject *made = ticket_make(self);
  bp_store *store = made == NULL ? NULL : handle_enter(self);
  if (store == NULL) {
    Py_XDECREF(made);
    return NULL;
  }
  bp_ticket **ticket = &((ticket_object *)made)->ticket;
  bp_error error = {.struct_size = sizeof error};
  bp_status status;
  Py_BEGIN_ALLOW_THREADS
  status = s->is_batch ? bp_store_submit_batch(store, s->drafts, s->count, ticket, &error)
                       : bp_store_submit(store, s->drafts, ticket, &error);
  Py_END_ALLOW_THREADS
  handle_leave(self);
  if (status == BP_OK) return made;
  Py_DECREF(made);
  return handle_fail(self, status, &error);
}

PyObject *handle_submit(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
  bp_draft draft;
  if (check_count("submit", count, 5) != 0) return NULL;
  PyObject *made = NULL;
  if (draft_take((handle *)self, arguments, &draft) == 0) {
    made = submit((handle *)self, &(submission){.drafts = &draft, .count = 1});
  }
  draft_free(&draft);
  return made;
}

PyObject *handle_submit_batch(PyObject *self, PyObject *list) {
  drafts taken;
  PyObject *made = NULL;
  if (drafts_take((handle *)self, list, &taken) == 0) {
    made = submit((handle *)self, &(submission){.drafts = taken.items, .count = taken.count, .is_batch = 1});
  }
  drafts_free(&taken);
  return made;
}

/* --- what became of it */

static PyObject *extensions_by_index(const bp_receipt *receipts, size_t count) {
  PyObject *found = PyDict_New();
  for (size_t i = 0; i < count && found != NULL; i++) {
    if (receipts[i].extensions_length == 0) continue;
    PyObject *index = PyLong_FromSize_t(i), *bytes = receipt_extensions(&receipts[i]);
    if (index == NULL || bytes == NULL || PyDict_SetItem(found, index, bytes) != 0) Py_CLEAR(found);
    Py_XDECREF(index);
    Py_XDECREF(bytes);
  }
  return found;
}

/* (bytes of the receipts, maps of extensions by index) */
static PyObject *answer(const bp_ticket *ticket) {
  size_t count;
  const bp_receipt *receipts = bp_ticket_receipts(ticket, &count);
  PyObject *extensions = extensions_by_index(receipts, count);
  if (extensions == NULL) return NULL;
  return Py_BuildValue("y#N", receipts == NULL ? "" : (const char *)receipts, (Py_ssize_t)(count * sizeof *receipts), extensions);
}

/* Until the ticket is decided, the time is over, or a handler of a signal raised: then -1. */
static int wait_until(bp_ticket *ticket, uint32_t timeout_ms, bp_status *status, bp_error *error) {
  uint32_t left_ms = timeout_ms;
  *status = bp_ticket_wait(ticket, 0, error);
  while (*status == BP_WAIT_TIMEOUT && left_ms > 0) {
    uint32_t part_ms = left_ms < SIGNALS_EVERY_MS ? left_ms : SIGNALS_EVERY_MS;
    Py_BEGIN_ALLOW_THREADS
    *status = bp_ticket_wait(ticket, part_ms, error);
    Py_END_ALLOW_THREADS
    if (left_ms < BP_WAIT_FOREVER) left_ms -= part_ms;
    if (PyErr_CheckSignals() != 0) return -1;
  }
  return 0;
}

static PyObject *ticket_wait(PyObject *object, PyObject *timeout_ms) {
  ticket_object *self = (ticket_object *)object;
  bp_error error = {.struct_size = sizeof error};
  bp_status status;
  unsigned long most_ms = PyLong_AsUnsignedLong(timeout_ms);
  if (most_ms == (unsigned long)-1 && PyErr_Occurred()) return NULL;
  if (wait_until(self->ticket, (uint32_t)most_ms, &status, &error) != 0) return NULL;
  return status == BP_OK ? answer(self->ticket) : handle_fail(self->owner, status, &error);
}

static PyObject *ticket_fileno(PyObject *object, PyObject *unused) {
  ticket_object *self = (ticket_object *)object;
  bp_error error = {.struct_size = sizeof error};
  int32_t descriptor;
  (void)unused;
  bp_status status = bp_ticket_descriptor(self->ticket, &descriptor, &error);
  return status == BP_OK ? PyLong_FromLong(descriptor) : handle_fail(self->owner, status, &error);
}

static PyObject *ticket_done(PyObject *object, void *unused) {
  bp_status status = bp_ticket_wait(((ticket_object *)object)->ticket, 0, NULL);
  (void)unused;
  return PyBool_FromLong(status != BP_WAIT_TIMEOUT && status != BP_FORKED);
}

static void ticket_dealloc(PyObject *object) {
  ticket_object *self = (ticket_object *)object;
  bp_ticket_free(self->ticket);
  Py_XDECREF((PyObject *)self->owner);
  object_free(object);
}

static PyMethodDef ticket_methods[] = {
    {"_wait", ticket_wait, METH_O, "_wait(milliseconds) -> (bytes of the receipts, extensions by index)"},
    {"_fileno", ticket_fileno, METH_NOARGS, "_fileno() -> descriptor"},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef ticket_members[] = {
    {"_done", ticket_done, NULL, "whether it is decided", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot ticket_slots[] = {
    {Py_tp_new, not_by_hand},
    {Py_tp_dealloc, ticket_dealloc},
    {Py_tp_methods, ticket_methods},
    {Py_tp_getset, ticket_members},
    {0, NULL},
};

PyType_Spec ticket_spec = {"batpak._batpak.TicketBase", sizeof(ticket_object), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                           ticket_slots};
