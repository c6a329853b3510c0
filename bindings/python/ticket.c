/* Tickets of what was submitted, and of points.  An object of ours holds the ticket; python/batpak/ticket.py knows what the answer is
 * made into. */
#include <string.h>

#include "python.h"

/* How long a wait goes on before it looks for an interrupt, which no condition of the library hears.  A poll of the descriptor
 * would hear it, but not one that comes between the look and the poll, nor one that another thread took. */
enum { SIGNALS_EVERY_MS = 50 };

typedef struct ticket_object {
  PyObject_HEAD
  handle *owner;  /* words the errors; the store may be closed meanwhile */
  bp_ticket *ticket;
} ticket_object;

/* --- submitting: behind a fence or not, waiting for room or not */

/* What goes in, and how. */
typedef struct submission {
  const bp_draft *drafts;
  size_t count;
  int is_batch;
  int is_try;
  bp_fence *fence;  /* or NULL: it outlives its store, which is not entered then */
} submission;

static PyObject *ticket_make(handle *owner) {
  ticket_object *made = (ticket_object *)PyType_GenericAlloc((PyTypeObject *)owner->ticket_type, 0);
  if (made == NULL) return NULL;
  Py_INCREF((PyObject *)owner);
  made->owner = owner;
  return (PyObject *)made;
}

static bp_status hand_over(bp_store *store, const submission *s, bp_ticket **ticket, bp_outcome *outcome, bp_error *error) {
  if (s->fence != NULL) {
    return s->is_batch ? bp_fence_submit_batch(s->fence, s->drafts, s->count, ticket, error)
                       : bp_fence_submit(s->fence, s->drafts, ticket, error);
  }
  if (s->is_try) {
    return s->is_batch ? bp_store_try_submit_batch(store, s->drafts, s->count, ticket, outcome, error)
                       : bp_store_try_submit(store, s->drafts, ticket, outcome, error);
  }
  return s->is_batch ? bp_store_submit_batch(store, s->drafts, s->count, ticket, error)
                     : bp_store_submit(store, s->drafts, ticket, error);
}

/* (after_ms, attempt, max_attempts, reason) of a Retry, the reason of a Cancelled. */
static PyObject *not_now(const bp_outcome *outcome) {
  const char *said = outcome->message != NULL ? (const char *)outcome->message : outcome->text;
  PyObject *reason = PyUnicode_DecodeUTF8(said, (Py_ssize_t)outcome->message_length, "replace");
  if (reason == NULL || outcome->type == BP_OUTCOME_CANCELLED) return reason;
  return Py_BuildValue("KIIN", (unsigned long long)outcome->after_ms, outcome->attempt, outcome->max_attempts, reason);
}

/* The object is made first: no ticket is lost where there is no memory for it. */
static PyObject *submit(handle *self, const submission *s) {
  PyObject *made = ticket_make(self);
  bp_store *store = made == NULL || s->fence != NULL ? NULL : handle_enter(self);
  if (made == NULL || (store == NULL && s->fence == NULL)) {
    Py_XDECREF(made);
    return NULL;
  }
  bp_ticket **ticket = &((ticket_object *)made)->ticket;
  bp_error error = {.struct_size = sizeof error};
  bp_outcome outcome;
  bp_status status;
  (void)bp_outcome_init(&outcome, sizeof outcome);
  Py_BEGIN_ALLOW_THREADS
  status = hand_over(store, s, ticket, &outcome, &error);
  Py_END_ALLOW_THREADS
  if (store != NULL) handle_leave(self);
  if (status == BP_OK && outcome.type == BP_OUTCOME_OK) return made;
  Py_DECREF(made);
  return status == BP_OK ? not_now(&outcome) : handle_fail(self, status, &error);
}

/* The address of a fence, or None; and whether it is a try. */
static int take_how(PyObject *const *arguments, submission *s) {
  s->is_try = PyObject_IsTrue(arguments[1]);
  if (s->is_try < 0) return -1;
  if (arguments[0] == Py_None) return 0;
  s->fence = PyLong_AsVoidPtr(arguments[0]);
  return s->fence == NULL ? -1 : 0;
}

PyObject *handle_submit(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
  bp_draft draft;
  submission s = {.drafts = &draft, .count = 1};
  if (check_count("submit", count, 7) != 0 || take_how(arguments, &s) != 0) return NULL;
  PyObject *made = draft_take((handle *)self, arguments + 2, &draft) == 0 ? submit((handle *)self, &s) : NULL;
  draft_free(&draft);
  return made;
}

PyObject *handle_submit_batch(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
  drafts taken;
  submission s = {.is_batch = 1};
  if (check_count("submit_batch", count, 3) != 0 || take_how(arguments, &s) != 0) return NULL;
  PyObject *made = NULL;
  if (drafts_take((handle *)self, arguments[2], &taken) == 0) {
    s.drafts = taken.items;
    s.count = taken.count;
    made = submit((handle *)self, &s);
  }
  drafts_free(&taken);
  return made;
}

/* await_point(watermark, milliseconds, sequence) */
PyObject *handle_await(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
  if (check_count("await_point", count, 3) != 0) return NULL;
  unsigned long watermark = PyLong_AsUnsignedLong(arguments[0]);
  bp_point point = {.wall_ms = PyLong_AsUnsignedLongLong(arguments[1])};
  point.sequence = PyErr_Occurred() ? 0 : PyLong_AsUnsignedLongLong(arguments[2]);
  PyObject *made = PyErr_Occurred() ? NULL : ticket_make((handle *)self);
  bp_store *store = made == NULL ? NULL : handle_enter((handle *)self);
  if (store == NULL) {
    Py_XDECREF(made);
    return NULL;
  }
  bp_error error = {.struct_size = sizeof error};
  bp_status status;
  Py_BEGIN_ALLOW_THREADS
  status = bp_store_await(store, (uint32_t)watermark, &point, &((ticket_object *)made)->ticket, &error);
  Py_END_ALLOW_THREADS
  handle_leave((handle *)self);
  if (status == BP_OK) return made;
  Py_DECREF(made);
  return handle_fail((handle *)self, status, &error);
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
