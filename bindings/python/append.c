/* Appending: the structs come back in receipts. */
#include <stdlib.h>
#include <string.h>

#include "python.h"

/* Bytes that the canonical map of the extensions needs at most: a value may become an array of numbers of two bytes. */
static size_t extensions_room(const bp_draft *draft) {
  size_t room = draft->extension_count == 0 ? 0 : 5;
  for (size_t i = 0; i < draft->extension_count; i++) {
    room += 10 + draft->extensions[i].name_length + 2 * draft->extensions[i].value_length;
  }
  return room;
}

/* Fills `receipt`, whose extensions go into `*room` of `capacity` bytes.  A replayed event may have longer extensions than the
 * draft: then it is asked for again with the room that they need, which writes nothing. */
static bp_status append_with_room(bp_store *store, const bp_draft *draft, bp_receipt *receipt, uint8_t **room,
                                  size_t capacity, bp_error *error) {
  for (;;) {
    (void)bp_receipt_init(receipt, sizeof *receipt);
    receipt->extensions = *room;
    receipt->extensions_capacity = capacity;
    bp_status status = bp_store_append(store, draft, receipt, error);
    /* A gate that was not passed has filled the receipt too. */
    if (receipt->frame_length == 0 || receipt->extensions_length <= capacity) return status;
    capacity = receipt->extensions_length;
    uint8_t *larger = realloc(*room, capacity);
    if (larger == NULL) return BP_NO_MEMORY;
    *room = larger;
  }
}

/* Raises, with the receipt of an event that is in the store though its gate was not passed. */
static PyObject *fail_with_receipt(const handle *self, bp_status status, const bp_error *error,
                                   const bp_receipt *receipt) {
  (void)handle_fail(self, status, error);
  if (receipt->frame_length == 0 || receipt->extensions_length > receipt->extensions_capacity) return NULL;
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  PyObject *made = receipt_make((PyTypeObject *)self->receipt_type, receipt, receipt_extensions(receipt));
  if (made == NULL || PyObject_SetAttrString(value, "receipt", made) != 0) PyErr_Clear();
  Py_XDECREF(made);
  PyErr_Restore(type, value, trace);
  return NULL;
}

static PyObject *append_draft(handle *self, bp_store *store, const bp_draft *draft) {
  bp_error error = {.struct_size = sizeof error};
  bp_receipt receipt;
  bp_status status;
  size_t capacity = extensions_room(draft);
  uint8_t *room = capacity == 0 ? NULL : malloc(capacity);
  if (room == NULL && capacity > 0) return PyErr_NoMemory();
  Py_BEGIN_ALLOW_THREADS
  status = append_with_room(store, draft, &receipt, &room, capacity, &error);
  Py_END_ALLOW_THREADS
  PyObject *result = status == BP_OK
      ? receipt_make((PyTypeObject *)self->receipt_type, &receipt, receipt_extensions(&receipt))
      : fail_with_receipt(self, status, &error, &receipt);
  free(room);
  return result;
}

PyObject *handle_append(PyObject *object, PyObject *const *arguments, Py_ssize_t count) {
  handle *self = (handle *)object;
  if (check_count("append", count, 5) != 0) return NULL;
  bp_draft draft;
  PyObject *result = NULL;
  if (draft_take(self, arguments, &draft) == 0) {
    bp_store *store = handle_enter(self);
    if (store != NULL) {
      result = append_draft(self, store, &draft);
      handle_leave(self);
    }
  }
  draft_free(&draft);
  return result;
}

/* --- many */

typedef struct many {
  drafts drafts;
  bp_receipt *receipts;  /* the memory of `blob` */
  PyObject *blob;
  uint8_t *room;         /* for the extensions of all receipts */
  int written;
  int atomic;
} many;

static int prepare_receipts(many *m) {
  size_t capacity = 0;
  for (size_t i = 0; i < m->drafts.count; i++) capacity += extensions_room(&m->drafts.items[i]);
  m->room = capacity == 0 ? NULL : malloc(capacity);
  m->blob = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(m->drafts.count * sizeof *m->receipts));
  if (m->blob == NULL || (m->room == NULL && capacity > 0)) {
    if (!PyErr_Occurred()) PyErr_NoMemory();
    return -1;
  }
  /* Nobody else has seen the object yet, so its bytes may be written. */
  m->receipts = (bp_receipt *)(void *)PyBytes_AsString(m->blob);
  uint8_t *room = m->room;
  for (size_t i = 0; i < m->drafts.count; i++) {
    bp_receipt *receipt = &m->receipts[i];
    (void)bp_receipt_init(receipt, sizeof *receipt);
    receipt->extensions_capacity = extensions_room(&m->drafts.items[i]);
    if (receipt->extensions_capacity > 0) receipt->extensions = room;
    room += receipt->extensions_capacity;
  }
  return 0;
}

/* The extensions of one of many; asked for anew where they did not fit. */
static PyObject *find_extensions(bp_store *store, const bp_draft *draft, const bp_receipt *receipt) {
  if (receipt->extensions_length <= receipt->extensions_capacity) return receipt_extensions(receipt);
  bp_draft alone = *draft;  /* of an event that is there the key counts, not its place in a batch */
  bp_receipt again;
  alone.given &= ~(uint32_t)BP_GIVEN_CAUSE_ITEM;
  bp_status status;
  uint8_t *room = NULL;
  Py_BEGIN_ALLOW_THREADS
  status = append_with_room(store, &alone, &again, &room, 0, NULL);
  Py_END_ALLOW_THREADS
  PyObject *found = NULL;
  if (status == BP_OK) {
    found = receipt_extensions(&again);
  } else {
    PyErr_SetString(PyExc_MemoryError, "reading the extensions of a replayed event");
  }
  free(room);
  return found;
}

static PyObject *collect_extensions(bp_store *store, many *m, size_t accepted) {
  PyObject *found = PyDict_New();
  for (size_t i = 0; i < accepted && found != NULL; i++) {
    bp_receipt *receipt = &m->receipts[i];
    if (receipt->extensions_length == 0) continue;
    PyObject *index = PyLong_FromSize_t(i), *bytes = find_extensions(store, &m->drafts.items[i], receipt);
    if (index == NULL || bytes == NULL || PyDict_SetItem(found, index, bytes) != 0) Py_CLEAR(found);
    Py_XDECREF(index);
    Py_XDECREF(bytes);
  }
  return found;
}

/* One after the other.  A flush is shared by as many as there are; without one, a write costs so little that runs are better
 * small enough for all that is made of them to stay near the processor. */
static bp_status append_in_runs(bp_store *store, const many *m, size_t *accepted, bp_error *error) {
  enum { WRITTEN_RUN = 256 };
  const size_t run = m->written && !m->drafts.more ? WRITTEN_RUN : m->drafts.count;
  bp_status status = BP_OK;
  while (status == BP_OK && *accepted < m->drafts.count) {
    size_t left = m->drafts.count - *accepted, done;
    status = bp_store_append_many(store, m->drafts.items + *accepted, left < run ? left : run, m->receipts + *accepted, &done,
                                  error);
    *accepted += done;
  }
  return status;
}

static PyObject *append_drafts(bp_store *store, many *m) {
  bp_error error = {.struct_size = sizeof error};
  bp_status status;
  size_t accepted = 0;
  Py_BEGIN_ALLOW_THREADS
  if (m->atomic) {
    status = bp_store_append_batch(store, m->drafts.items, m->drafts.count, m->receipts, &error);
    /* A batch whose gate was not passed is in the store. */
    if (m->drafts.count > 0 && m->receipts[0].frame_length > 0) accepted = m->drafts.count;
  } else {
    status = append_in_runs(store, m, &accepted, &error);
  }
  Py_END_ALLOW_THREADS
  PyObject *extensions = collect_extensions(store, m, accepted);
  if (extensions == NULL) return NULL;
  PyObject *blob = m->blob;
  if (accepted == m->drafts.count) {
    m->blob = NULL;
  } else {
    blob = PyBytes_FromStringAndSize((const char *)m->receipts, (Py_ssize_t)(accepted * sizeof *m->receipts));
  }
  return Py_BuildValue("NNiy#", blob, extensions, (int)status, (const char *)&error, (Py_ssize_t)sizeof error);
}

static PyObject *append_list(handle *self, PyObject *list, int atomic) {
  many m = {.written = self->written, .atomic = atomic};
  PyObject *result = NULL;
  if (drafts_take(self, list, &m.drafts) == 0 && prepare_receipts(&m) == 0) {
    bp_store *store = handle_enter(self);
    if (store != NULL) {
      result = append_drafts(store, &m);
      handle_leave(self);
    }
  }
  drafts_free(&m.drafts);
  free(m.room);
  Py_XDECREF(m.blob);
  return result;
}

PyObject *handle_append_many(PyObject *self, PyObject *list) { return append_list((handle *)self, list, 0); }

PyObject *handle_append_batch(PyObject *self, PyObject *list) { return append_list((handle *)self, list, 1); }
