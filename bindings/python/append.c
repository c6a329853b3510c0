/* Appending: plain arguments become a bp_draft, its struct comes back in a receipt.
 *
 * A draft is (entity, scope, kind, payload, rest).  `rest` is None, or
 * (flags, durability, key, correlation_id, causation_id, expect, expect_clock, expect_event_id, lane, depth, allow_reserved,
 *  cause_item, extensions, gate, gate_timeout_ms): ids are 16 bytes or None, cause_item a number or None, extensions None or
 *  a tuple of (name, value) in bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "python.h"

static int take_text(const handle *self, PyObject *text, const uint8_t **bytes, size_t *length) {
  Py_ssize_t size;
  if (!PyUnicode_Check(text)) {
    PyErr_SetString(PyExc_TypeError, "entity and scope are str");
    return -1;
  }
  const char *utf8 = PyUnicode_AsUTF8AndSize(text, &size);
  if (utf8 != NULL) {
    *bytes = (const uint8_t *)utf8;
    *length = (size_t)size;
    return 0;
  }
  if (PyErr_ExceptionMatches(PyExc_UnicodeError)) {
    PyErr_Clear();
    (void)handle_fail_text(self, BP_COORDINATE_UTF8, "a coordinate holds a lone surrogate");
  }
  return -1;
}

static int take_bytes(PyObject *object, const uint8_t **bytes, size_t *length) {
  char *start;
  Py_ssize_t size;
  if (PyBytes_AsStringAndSize(object, &start, &size) != 0) return -1;
  *bytes = (const uint8_t *)start;
  *length = (size_t)size;
  return 0;
}

/* An id into `out` and its bit into `given`; None leaves both. */
static int take_id(const handle *self, PyObject *object, uint8_t out[16], uint32_t *given, uint32_t bit) {
  if (object == Py_None) return 0;
  *given |= bit;
  return handle_take_id(self, object, out);
}

/* Bytes that the canonical map of the extensions needs at most: a value may become an array of numbers of two bytes. */
static size_t extensions_room(const bp_draft *draft) {
  size_t room = draft->extension_count == 0 ? 0 : 5;
  for (size_t i = 0; i < draft->extension_count; i++) {
    room += 10 + draft->extensions[i].name_length + 2 * draft->extensions[i].value_length;
  }
  return room;
}

/* The array goes into draft->extensions: free it. */
static int take_extensions(PyObject *items, bp_draft *draft) {
  if (items == Py_None) return 0;
  Py_ssize_t count = PyTuple_Size(items);
  if (count <= 0) return (int)count;
  bp_extension *extensions = calloc((size_t)count, sizeof *extensions);
  if (extensions == NULL) {
    PyErr_NoMemory();
    return -1;
  }
  draft->extensions = extensions;
  draft->extension_count = (size_t)count;
  for (Py_ssize_t i = 0; i < count; i++) {
    PyObject *item = PyTuple_GetItem(items, i);
    PyObject *name = item == NULL ? NULL : PyTuple_GetItem(item, 0);
    PyObject *value = name == NULL ? NULL : PyTuple_GetItem(item, 1);
    if (value == NULL || take_bytes(name, &extensions[i].name, &extensions[i].name_length) != 0 ||
        take_bytes(value, &extensions[i].value, &extensions[i].value_length) != 0) {
      return -1;
    }
  }
  return 0;
}

/* The item of a batch that caused this one. */
static int take_cause(PyObject *item, bp_draft *draft) {
  if (item == Py_None) return 0;
  unsigned long number = PyLong_AsUnsignedLong(item);
  if (number == (unsigned long)-1 && PyErr_Occurred()) return -1;
  draft->given |= BP_GIVEN_CAUSE_ITEM;
  draft->cause_item = (uint32_t)number;
  return 0;
}

static int take_rest(const handle *self, PyObject *rest, bp_draft *draft) {
  PyObject *key, *correlation, *causation, *expected, *cause, *extensions;
  uint32_t expect_event = 0;
  if (!PyArg_ParseTuple(rest, "bbOOOIIOIIIOOII", &draft->flags, &draft->durability, &key, &correlation, &causation,
                        &draft->expect, &draft->expect_clock, &expected, &draft->lane, &draft->depth,
                        &draft->allow_reserved, &cause, &extensions, &draft->gate, &draft->gate_timeout_ms)) {
    return -1;
  }
  if (take_id(self, key, draft->key, &draft->given, BP_GIVEN_KEY) != 0 ||
      take_id(self, correlation, draft->correlation_id, &draft->given, BP_GIVEN_CORRELATION) != 0 ||
      take_id(self, causation, draft->causation_id, &draft->given, BP_GIVEN_CAUSATION) != 0 ||
      take_id(self, expected, draft->expect_event_id, &expect_event, 1) != 0 || take_cause(cause, draft) != 0) {
    return -1;
  }
  return take_extensions(extensions, draft);
}

/* `draft` is initialised; what it points to lives as long as the Python objects.  On failure too it may hold extensions. */
static int take_draft(const handle *self, PyObject *const parts[5], bp_draft *draft) {
  int overflow;
  long kind = PyLong_AsLongAndOverflow(parts[2], &overflow);
  if (kind == -1 && PyErr_Occurred()) return -1;
  if (overflow != 0 || kind < 0 || kind > UINT16_MAX) {
    (void)handle_fail_text(self, BP_KIND_RANGE, "a kind has 16 bits");
    return -1;
  }
  draft->kind = (uint16_t)kind;
  if (take_text(self, parts[0], &draft->entity, &draft->entity_length) != 0 ||
      take_text(self, parts[1], &draft->scope, &draft->scope_length) != 0 ||
      take_bytes(parts[3], &draft->payload, &draft->payload_length) != 0) {
    return -1;
  }
  return parts[4] == Py_None ? 0 : take_rest(self, parts[4], draft);
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

static PyObject *extensions_of(const bp_receipt *receipt) {
  return PyBytes_FromStringAndSize((const char *)receipt->extensions, (Py_ssize_t)receipt->extensions_length);
}

/* Raises, with the receipt of an event that is in the store though its gate was not passed. */
static PyObject *fail_with_receipt(const handle *self, bp_status status, const bp_error *error,
                                   const bp_receipt *receipt) {
  (void)handle_fail(self, status, error);
  if (receipt->frame_length == 0 || receipt->extensions_length > receipt->extensions_capacity) return NULL;
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  PyObject *made = receipt_make((PyTypeObject *)self->receipt_type, receipt, extensions_of(receipt));
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
      ? receipt_make((PyTypeObject *)self->receipt_type, &receipt, extensions_of(&receipt))
      : fail_with_receipt(self, status, &error, &receipt);
  free(room);
  return result;
}

PyObject *handle_append(PyObject *object, PyObject *const *arguments, Py_ssize_t count) {
  handle *self = (handle *)object;
  if (check_count("append", count, 5) != 0) return NULL;
  bp_draft draft;
  (void)bp_draft_init(&draft, sizeof draft);
  PyObject *result = NULL;
  if (take_draft(self, arguments, &draft) == 0) {
    bp_store *store = handle_enter(self);
    if (store != NULL) {
      result = append_draft(self, store, &draft);
      handle_leave(self);
    }
  }
  free((void *)(uintptr_t)draft.extensions);
  return result;
}

/* --- many */

typedef struct many {
  bp_draft *drafts;
  bp_receipt *receipts;  /* the memory of `blob` */
  PyObject *blob;
  uint8_t *room;         /* for the extensions of all receipts */
  size_t count;
  int atomic;
} many;

static int take_drafts(const handle *self, PyObject *list, size_t size, many *m) {
  for (; m->count < size; m->count++) {
    bp_draft *draft = &m->drafts[m->count];
    PyObject *packed = PyList_GetItem(list, (Py_ssize_t)m->count), *parts[5];
    if (packed == NULL) return -1;
    (void)bp_draft_init(draft, sizeof *draft);
    for (Py_ssize_t i = 0; i < 5; i++) {
      parts[i] = PyTuple_GetItem(packed, i);
      if (parts[i] == NULL) return -1;
    }
    if (take_draft(self, parts, draft) != 0) {
      m->count++;  /* its extensions are to be freed */
      return -1;
    }
  }
  return 0;
}

static int prepare_receipts(many *m) {
  size_t capacity = 0;
  for (size_t i = 0; i < m->count; i++) capacity += extensions_room(&m->drafts[i]);
  m->room = capacity == 0 ? NULL : malloc(capacity);
  m->blob = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(m->count * sizeof *m->receipts));
  if (m->blob == NULL || (m->room == NULL && capacity > 0)) {
    if (!PyErr_Occurred()) PyErr_NoMemory();
    return -1;
  }
  /* Nobody else has seen the object yet, so its bytes may be written. */
  m->receipts = (bp_receipt *)(void *)PyBytes_AsString(m->blob);
  uint8_t *room = m->room;
  for (size_t i = 0; i < m->count; i++) {
    bp_receipt *receipt = &m->receipts[i];
    (void)bp_receipt_init(receipt, sizeof *receipt);
    receipt->extensions_capacity = extensions_room(&m->drafts[i]);
    if (receipt->extensions_capacity > 0) receipt->extensions = room;
    room += receipt->extensions_capacity;
  }
  return 0;
}

/* The extensions of one of many; asked for anew where they did not fit. */
static PyObject *find_extensions(bp_store *store, const bp_draft *draft, const bp_receipt *receipt) {
  if (receipt->extensions_length <= receipt->extensions_capacity) return extensions_of(receipt);
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
    found = extensions_of(&again);
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
    PyObject *index = PyLong_FromSize_t(i), *bytes = find_extensions(store, &m->drafts[i], receipt);
    if (index == NULL || bytes == NULL || PyDict_SetItem(found, index, bytes) != 0) Py_CLEAR(found);
    Py_XDECREF(index);
    Py_XDECREF(bytes);
  }
  return found;
}

static PyObject *append_drafts(bp_store *store, many *m) {
  bp_error error = {.struct_size = sizeof error};
  bp_status status;
  size_t accepted = 0;
  Py_BEGIN_ALLOW_THREADS
  if (m->atomic) {
    status = bp_store_append_batch(store, m->drafts, m->count, m->receipts, &error);
    /* A batch whose gate was not passed is in the store. */
    if (m->count > 0 && m->receipts[0].frame_length > 0) accepted = m->count;
  } else {
    status = bp_store_append_many(store, m->drafts, m->count, m->receipts, &accepted, &error);
  }
  Py_END_ALLOW_THREADS
  PyObject *extensions = collect_extensions(store, m, accepted);
  if (extensions == NULL) return NULL;
  PyObject *blob = m->blob;
  if (accepted == m->count) {
    m->blob = NULL;
  } else {
    blob = PyBytes_FromStringAndSize((const char *)m->receipts, (Py_ssize_t)(accepted * sizeof *m->receipts));
  }
  return Py_BuildValue("NNiy#", blob, extensions, (int)status, (const char *)&error, (Py_ssize_t)sizeof error);
}

/* The list is the caller's own: nobody changes it while the lock is released. */
static PyObject *append_list(handle *self, PyObject *list, int atomic) {
  Py_ssize_t size = PyList_Size(list);
  if (size < 0) return NULL;
  many m = {.drafts = malloc(((size_t)size + 1) * sizeof(bp_draft)), .atomic = atomic};
  if (m.drafts == NULL) return PyErr_NoMemory();
  PyObject *result = NULL;
  if (take_drafts(self, list, (size_t)size, &m) == 0 && prepare_receipts(&m) == 0) {
    bp_store *store = handle_enter(self);
    if (store != NULL) {
      result = append_drafts(store, &m);
      handle_leave(self);
    }
  }
  for (size_t i = 0; i < m.count; i++) free((void *)(uintptr_t)m.drafts[i].extensions);
  free(m.drafts);
  free(m.room);
  Py_XDECREF(m.blob);
  return result;
}

PyObject *handle_append_many(PyObject *self, PyObject *list) { return append_list((handle *)self, list, 0); }

PyObject *handle_append_batch(PyObject *self, PyObject *list) { return append_list((handle *)self, list, 1); }
