/* Native values, the fast way: what is of the plain types, and fits, goes to MessagePack and back without a list of tokens in
 * Python.  Everything else is answered by "not here" (None, NotImplemented), and python/batpak/values.py, which also words what
 * is wrong, goes the long way.  Nothing here runs code of Python: only exact types are looked at, and hashed where they are keys.
 */
#include <stdlib.h>
#include <string.h>

#include "python.h"

enum { DEPTH_MAX = 1023, FIRST_TOKENS = 64, FIRST_BYTES = 1024, HEADER_MAX = 9 };

/* --- from value to bytes */

typedef struct flat {
  bp_token *tokens;
  size_t count;
  size_t token_room;
  uint8_t *texts;
  size_t length;
  size_t text_room;
  bp_token first_tokens[FIRST_TOKENS];
  uint8_t first_texts[FIRST_BYTES];
} flat;

/* `*items` of `*room` items of `size` bytes, at first the array `first`, for at least `wanted`. */
static int grow(void **items, size_t *room, size_t wanted, size_t size, const void *first) {
  if (wanted <= *room) return 0;
  if (wanted > SIZE_MAX / 4 / size) return -1;
  void *larger = realloc(*items == first ? NULL : *items, 2 * wanted * size);
  if (larger == NULL) return -1;
  if (*items == first) memcpy(larger, first, *room * size);
  *items = larger;
  *room = 2 * wanted;
  return 0;
}

static int add(flat *f, uint32_t type, uint64_t number, uint64_t offset) {
  if (grow((void **)&f->tokens, &f->token_room, f->count + 1, sizeof *f->tokens, f->first_tokens) != 0) return -1;
  f->tokens[f->count++] = (bp_token){.type = type, .number = number, .offset = offset};
  return 0;
}

static int add_text(flat *f, uint32_t type, const char *bytes, Py_ssize_t size) {
  size_t length = (size_t)size, offset = f->length;
  if (bytes == NULL || grow((void **)&f->texts, &f->text_room, offset + length, 1, f->first_texts) != 0) return -1;
  memcpy(f->texts + offset, bytes, length);
  f->length += length;
  return add(f, type, length, offset);
}

static int add_number(flat *f, PyObject *value) {
  int overflow;
  long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow == 0) return add(f, number < 0 ? BP_TOKEN_INT : BP_TOKEN_UINT, (uint64_t)number, 0);
  if (overflow < 0) return -1;
  unsigned long long large = PyLong_AsUnsignedLongLong(value);
  return PyErr_Occurred() ? -1 : add(f, BP_TOKEN_UINT, large, 0);
}

static int add_double(flat *f, PyObject *value) {
  double number = PyFloat_AsDouble(value);
  uint64_t bits;
  memcpy(&bits, &number, sizeof bits);
  return add(f, BP_TOKEN_FLOAT64, bits, 0);
}

static int flatten(flat *f, PyObject *value, int depth);

static int flatten_dict(flat *f, PyObject *value, int depth) {
  PyObject *key, *held;
  Py_ssize_t place = 0;
  if (add(f, BP_TOKEN_MAP, (uint64_t)PyDict_Size(value), 0) != 0) return -1;
  while (PyDict_Next(value, &place, &key, &held)) {
    if (flatten(f, key, depth) != 0 || flatten(f, held, depth) != 0) return -1;
  }
  return 0;
}

static int flatten_items(flat *f, PyObject *value, int depth) {
  int is_list = PyList_CheckExact(value);
  Py_ssize_t count = is_list ? PyList_Size(value) : PyTuple_Size(value);
  if (add(f, BP_TOKEN_ARRAY, (uint64_t)count, 0) != 0) return -1;
  for (Py_ssize_t i = 0; i < count; i++) {
    if (flatten(f, is_list ? PyList_GetItem(value, i) : PyTuple_GetItem(value, i), depth) != 0) return -1;
  }
  return 0;
}

static int flatten(flat *f, PyObject *value, int depth) {
  if (PyUnicode_CheckExact(value)) {
    Py_ssize_t size;
    const char *utf8 = PyUnicode_AsUTF8AndSize(value, &size);
    return add_text(f, BP_TOKEN_STRING, utf8, size);
  }
  if (PyLong_CheckExact(value)) return add_number(f, value);
  if (PyFloat_CheckExact(value)) return add_double(f, value);
  if (value == Py_True || value == Py_False) return add(f, BP_TOKEN_BOOL, value == Py_True, 0);
  if (value == Py_None) return add(f, BP_TOKEN_NIL, 0, 0);
  if (PyBytes_CheckExact(value)) return add_text(f, BP_TOKEN_BYTES, PyBytes_AsString(value), PyBytes_Size(value));
  if (depth == DEPTH_MAX) return -1;
  if (PyDict_CheckExact(value)) return flatten_dict(f, value, depth + 1);
  if (PyList_CheckExact(value) || PyTuple_CheckExact(value)) return flatten_items(f, value, depth + 1);
  return -1;
}

/* Bytes, or None with no exception. */
static PyObject *encode(const bp_token *tokens, size_t count, const uint8_t *texts, size_t length) {
  uint8_t first[FIRST_BYTES];
  size_t capacity = HEADER_MAX * count + length, needed;
  uint8_t *buffer = capacity <= sizeof first ? first : malloc(capacity);
  PyObject *result = NULL;
  if (buffer != NULL && bp_payload_encode(tokens, count, texts, length, buffer, capacity, &needed, NULL) == BP_OK) {
    result = PyBytes_FromStringAndSize((const char *)buffer, (Py_ssize_t)needed);
  }
  if (buffer != first) free(buffer);
  if (result != NULL) return result;
  PyErr_Clear();
  Py_RETURN_NONE;
}

PyObject *value_encode(PyObject *module, PyObject *value) {
  (void)module;
  flat f;
  f.tokens = f.first_tokens;
  f.texts = f.first_texts;
  f.count = f.length = 0;
  f.token_room = FIRST_TOKENS;
  f.text_room = FIRST_BYTES;
  PyObject *result = NULL;
  if (flatten(&f, value, 0) == 0) {
    result = encode(f.tokens, f.count, f.texts, f.length);
  } else {
    PyErr_Clear();
    result = Py_None;
    Py_INCREF(result);
  }
  if (f.tokens != f.first_tokens) free(f.tokens);
  if (f.texts != f.first_texts) free(f.texts);
  return result;
}

PyObject *value_encode_tokens(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
  (void)module;
  if (check_count("encode_tokens", count, 2) != 0) return NULL;
  if (!PyBytes_CheckExact(arguments[0]) || !PyBytes_CheckExact(arguments[1])) Py_RETURN_NONE;
  const void *tokens = PyBytes_AsString(arguments[0]);
  return encode(tokens, (size_t)PyBytes_Size(arguments[0]) / sizeof(bp_token),
                (const uint8_t *)PyBytes_AsString(arguments[1]), (size_t)PyBytes_Size(arguments[1]));
}

/* --- from bytes to value */

/* The value that begins at *next, which moves behind it; NULL where there is none here.  The library has checked that the
 * tokens are whole and not nested too deep. */
static PyObject *build(const bp_token **next, const char *payload);

static PyObject *build_array(const bp_token **next, const char *payload, Py_ssize_t count) {
  PyObject *list = PyList_New(count);
  for (Py_ssize_t i = 0; i < count && list != NULL; i++) {
    PyObject *item = build(next, payload);
    if (item == NULL || PyList_SetItem(list, i, item) != 0) Py_CLEAR(list);
  }
  return list;
}

static PyObject *build_map(const bp_token **next, const char *payload, Py_ssize_t count) {
  PyObject *dict = PyDict_New();
  for (Py_ssize_t i = 0; i < count && dict != NULL; i++) {
    PyObject *key = build(next, payload), *held = key == NULL ? NULL : build(next, payload);
    if (held == NULL || PyDict_SetItem(dict, key, held) != 0) Py_CLEAR(dict);
    Py_XDECREF(key);
    Py_XDECREF(held);
  }
  if (dict != NULL && PyDict_Size(dict) != count) Py_CLEAR(dict);
  return dict;
}

static PyObject *build(const bp_token **next, const char *payload) {
  const bp_token *token = (*next)++;
  switch (token->type) {
    case BP_TOKEN_NIL: Py_RETURN_NONE;
    case BP_TOKEN_BOOL: return PyBool_FromLong(token->number != 0);
    case BP_TOKEN_UINT: return PyLong_FromUnsignedLongLong(token->number);
    case BP_TOKEN_INT: return PyLong_FromLongLong((int64_t)token->number);
    case BP_TOKEN_STRING: return PyUnicode_DecodeUTF8(payload + token->offset, (Py_ssize_t)token->number, NULL);
    case BP_TOKEN_BYTES: return PyBytes_FromStringAndSize(payload + token->offset, (Py_ssize_t)token->number);
    case BP_TOKEN_ARRAY: return build_array(next, payload, (Py_ssize_t)token->number);
    case BP_TOKEN_MAP: return build_map(next, payload, (Py_ssize_t)token->number);
    case BP_TOKEN_FLOAT64: {
      double number;
      memcpy(&number, &token->number, sizeof number);
      return PyFloat_FromDouble(number);
    }
    default: return NULL;  /* 32-bit floats, whose NaNs Python alone widens as it always does */
  }
}

PyObject *value_decode(PyObject *module, PyObject *payload) {
  (void)module;
  bp_token first[FIRST_TOKENS], *tokens = first;
  size_t count = 0;
  PyObject *result = NULL;
  if (PyBytes_CheckExact(payload)) {
    const char *bytes = PyBytes_AsString(payload);
    size_t length = (size_t)PyBytes_Size(payload);
    bp_status status = bp_payload_decode((const uint8_t *)bytes, length, first, FIRST_TOKENS, &count, NULL);
    if (status == BP_TOO_SMALL && (tokens = malloc(count * sizeof *tokens)) != NULL) {
      status = bp_payload_decode((const uint8_t *)bytes, length, tokens, count, &count, NULL);
    }
    const bp_token *next = tokens;
    if (status == BP_OK) result = build(&next, bytes);
    if (tokens != first) free(tokens);
  }
  if (result != NULL) return result;
  PyErr_Clear();
  Py_INCREF(Py_NotImplemented);
  return Py_NotImplemented;
}
