/* Drafts: plain arguments become a bp_draft.
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

/* The array goes into draft->extensions. */
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

int draft_take(const handle *self, PyObject *const parts[5], bp_draft *draft) {
  int overflow;
  (void)bp_draft_init(draft, sizeof *draft);
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

void draft_free(bp_draft *draft) { free((void *)(uintptr_t)draft->extensions); }

/* The list is the caller's own: nobody changes it while the lock is released. */
int drafts_take(const handle *self, PyObject *list, drafts *taken) {
  Py_ssize_t size = PyList_Size(list);
  taken->count = 0;
  taken->more = 0;
  taken->items = size < 0 ? NULL : malloc(((size_t)size + 1) * sizeof *taken->items);
  if (taken->items == NULL) {
    if (size >= 0) PyErr_NoMemory();
    return -1;
  }
  for (Py_ssize_t at = 0; at < size; at++) {
    PyObject *packed = PyList_GetItem(list, at), *parts[5];
    if (packed == NULL) return -1;
    for (Py_ssize_t i = 0; i < 5; i++) {
      parts[i] = PyTuple_GetItem(packed, i);
      if (parts[i] == NULL) return -1;
    }
    taken->more |= parts[4] != Py_None;
    if (draft_take(self, parts, &taken->items[taken->count++]) != 0) return -1;
  }
  return 0;
}

void drafts_free(drafts *taken) {
  for (size_t i = 0; i < taken->count; i++) draft_free(&taken->items[i]);
  free(taken->items);
}
