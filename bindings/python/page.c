/* Pages and events.  A Page object owns one filled bp_page, which nobody fills again while the Page or one of its events
 * lives; so an event is a pointer, its fields become Python objects when asked for, and nothing is copied before.
 */
#include <stdlib.h>
#include <string.h>

#include "python.h"

typedef struct event_object {
  PyObject_HEAD
  page_object *page;
  const bp_event *event;
  PyObject *decoded;   /* what page->decode made of the payload, once asked for */
} event_object;

typedef struct page_iterator {
  PyObject_HEAD
  page_object *page;
  Py_ssize_t next;
} page_iterator;

/* --- making them */

static page_object *page_make(handle *owner, PyObject *decode) {
  page_object *self = (page_object *)PyType_GenericAlloc((PyTypeObject *)owner->page_type, 0);
  if (self == NULL) return NULL;
  Py_INCREF((PyObject *)owner);
  self->owner = owner;
  if (decode != Py_None) {
    Py_INCREF(decode);
    self->decode = decode;
  }
  return self;
}

PyObject *page_wrap(handle *owner, bp_page *filled, PyObject *decode) {
  page_object *self = page_make(owner, decode);
  if (self == NULL) {
    handle_give_page(owner, filled);
    return NULL;
  }
  size_t count;
  self->page = filled;
  self->events = bp_page_events(filled, &count);
  self->count = (Py_ssize_t)count;
  self->more = bp_page_more(filled);
  return (PyObject *)self;
}

static uint8_t *append_bytes(uint8_t **end, const uint8_t *bytes, size_t length) {
  uint8_t *at = *end;
  if (length > 0) memcpy(at, bytes, length);
  *end += length;
  return at;
}

PyObject *page_copy(handle *owner, const bp_event *source, PyObject *decode) {
  size_t size = sizeof *source + source->extension_count * sizeof *source->extensions + source->entity_length +
                source->scope_length + source->payload_length;
  for (uint32_t i = 0; i < source->extension_count; i++) {
    size += source->extensions[i].name_length + source->extensions[i].value_length;
  }
  page_object *self = page_make(owner, decode);
  if (self == NULL) return NULL;
  bp_event *copy = self->block = malloc(size);
  if (copy == NULL) {
    Py_DECREF((PyObject *)self);
    return PyErr_NoMemory();
  }
  bp_extension *extensions = (bp_extension *)(copy + 1);
  uint8_t *end = (uint8_t *)(extensions + source->extension_count);
  *copy = *source;
  copy->entity = append_bytes(&end, source->entity, source->entity_length);
  copy->scope = append_bytes(&end, source->scope, source->scope_length);
  copy->payload = append_bytes(&end, source->payload, source->payload_length);
  copy->extensions = extensions;
  for (uint32_t i = 0; i < source->extension_count; i++) {
    extensions[i] = source->extensions[i];
    extensions[i].name = append_bytes(&end, source->extensions[i].name, source->extensions[i].name_length);
    extensions[i].value = append_bytes(&end, source->extensions[i].value, source->extensions[i].value_length);
  }
  self->events = copy;
  self->count = 1;
  return (PyObject *)self;
}

PyObject *page_event(page_object *self, Py_ssize_t index) {
  /* The collector hears of an event only when it holds an object that may hold the event: most never do. */
  event_object *made = PyObject_GC_New(event_object, (PyTypeObject *)self->owner->event_type);
  if (made == NULL) return NULL;
  Py_INCREF((PyObject *)self);
  made->page = self;
  made->event = &self->events[index];
  made->decoded = NULL;
  return (PyObject *)made;
}

/* --- what an event says */

static PyObject *as_bytes(const uint8_t *bytes, size_t length) {
  return PyBytes_FromStringAndSize((const char *)bytes, (Py_ssize_t)length);
}

static PyObject *as_text(const uint8_t *bytes, size_t length) {
  return PyUnicode_DecodeUTF8((const char *)bytes, (Py_ssize_t)length, NULL);
}

static PyObject *of_sequence(const bp_event *e) { return PyLong_FromUnsignedLongLong(e->sequence); }
static PyObject *of_wall_ms(const bp_event *e) { return PyLong_FromUnsignedLongLong(e->wall_ms); }
static PyObject *of_timestamp_us(const bp_event *e) { return PyLong_FromLongLong(e->timestamp_us); }
static PyObject *of_segment_id(const bp_event *e) { return PyLong_FromUnsignedLongLong(e->segment_id); }
static PyObject *of_offset(const bp_event *e) { return PyLong_FromUnsignedLongLong(e->offset); }
static PyObject *of_frame_length(const bp_event *e) { return PyLong_FromUnsignedLong(e->frame_length); }
static PyObject *of_clock(const bp_event *e) { return PyLong_FromUnsignedLong(e->clock); }
static PyObject *of_lane(const bp_event *e) { return PyLong_FromUnsignedLong(e->lane); }
static PyObject *of_depth(const bp_event *e) { return PyLong_FromUnsignedLong(e->depth); }
static PyObject *of_flags(const bp_event *e) { return PyLong_FromLong(e->flags); }
static PyObject *of_status(const bp_event *e) { return PyLong_FromLong(e->status); }
static PyObject *of_kind(const bp_event *e) { return PyLong_FromLong(e->kind); }
static PyObject *of_payload_form(const bp_event *e) { return PyLong_FromLong(e->payload_form); }
static PyObject *of_payload_address(const bp_event *e) { return PyLong_FromVoidPtr((void *)(uintptr_t)e->payload); }
static PyObject *of_payload_length(const bp_event *e) { return PyLong_FromUnsignedLong(e->payload_length); }
static PyObject *of_entity(const bp_event *e) { return as_text(e->entity, e->entity_length); }
static PyObject *of_scope(const bp_event *e) { return as_text(e->scope, e->scope_length); }
static PyObject *of_event_id(const bp_event *e) { return as_bytes(e->event_id, 16); }
static PyObject *of_correlation_id(const bp_event *e) { return as_bytes(e->correlation_id, 16); }
static PyObject *of_prev_hash(const bp_event *e) { return as_bytes(e->prev_hash, 32); }
static PyObject *of_event_hash(const bp_event *e) { return as_bytes(e->event_hash, 32); }
static PyObject *of_payload(const bp_event *e) { return as_bytes(e->payload, e->payload_length); }

static PyObject *of_causation_id(const bp_event *e) {
  static const uint8_t none[16];
  if (memcmp(e->causation_id, none, sizeof none) == 0) Py_RETURN_NONE;
  return as_bytes(e->causation_id, 16);
}

static PyObject *of_extensions(const bp_event *e) {
  PyObject *found = PyDict_New();
  for (uint32_t i = 0; i < e->extension_count && found != NULL; i++) {
    const bp_extension *item = &e->extensions[i];
    PyObject *name = as_text(item->name, item->name_length), *value = as_bytes(item->value, item->value_length);
    if (name == NULL || value == NULL || PyDict_SetItem(found, name, value) != 0) Py_CLEAR(found);
    Py_XDECREF(name);
    Py_XDECREF(value);
  }
  return found;
}

typedef PyObject *(*field)(const bp_event *e);

static PyObject *raise_unreadable(PyObject *object) {
  const event_object *self = (event_object *)object;
  const bp_event *e = self->event;
  bp_error error = {.struct_size = sizeof error, .code = e->status, .segment_id = e->segment_id, .offset = e->offset,
                    .text = "the event cannot be read"};
  memcpy(error.event_id, e->event_id, sizeof error.event_id);
  return handle_fail(self->page->owner, e->status, &error);
}

static PyObject *event_check(PyObject *object, PyObject *unused) {
  (void)unused;
  if (((event_object *)object)->event->status != BP_OK) return raise_unreadable(object);
  Py_RETURN_NONE;
}

static PyObject *event_field(PyObject *object, void *closure) {
  return ((const field *)closure)[0](((event_object *)object)->event);
}

/* Fields that an unreadable event does not have. */
static PyObject *event_content(PyObject *object, void *closure) {
  const bp_event *e = ((event_object *)object)->event;
  return e->status == BP_OK ? ((const field *)closure)[0](e) : raise_unreadable(object);
}

static PyObject *event_payload(PyObject *object, void *closure) {
  event_object *self = (event_object *)object;
  (void)closure;
  if (self->event->status != BP_OK) return raise_unreadable(object);
  if (self->page->decode == NULL) return of_payload(self->event);
  if (self->decoded == NULL) {
    PyObject *bytes = of_payload(self->event);
    if (bytes == NULL) return NULL;
    PyObject *decoded = PyObject_CallFunctionObjArgs(self->page->decode, bytes, NULL);
    Py_DECREF(bytes);
    if (decoded == NULL) return NULL;
    PyObject *old = self->decoded;  /* decoding runs code that may have asked for it too */
    self->decoded = decoded;
    if (old == NULL) PyObject_GC_Track(object);
    Py_XDECREF(old);
  }
  Py_INCREF(self->decoded);
  return self->decoded;
}

static PyObject *event_page(PyObject *object, void *closure) {
  (void)closure;
  PyObject *result = (PyObject *)((event_object *)object)->page;
  Py_INCREF(result);
  return result;
}

static int event_traverse(PyObject *object, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(((event_object *)object)->decoded);
  return 0;
}

static void event_dealloc(PyObject *object) {
  event_object *self = (event_object *)object;
  PyObject_GC_UnTrack(object);
  Py_XDECREF((PyObject *)self->page);
  Py_XDECREF(self->decoded);
  object_free(object);
}

/* The fields by name: what event_members points to, since a function is no object pointer. */
#define FIELD(name) static const field field_##name = of_##name;
FIELD(sequence) FIELD(wall_ms) FIELD(timestamp_us) FIELD(segment_id) FIELD(offset) FIELD(frame_length) FIELD(clock)
FIELD(lane) FIELD(depth) FIELD(flags) FIELD(status) FIELD(kind) FIELD(payload_form) FIELD(payload_address)
FIELD(payload_length) FIELD(entity) FIELD(scope) FIELD(event_id) FIELD(correlation_id) FIELD(causation_id)
FIELD(prev_hash) FIELD(event_hash) FIELD(payload) FIELD(extensions)

#define ALWAYS(name, doc) {#name, event_field, NULL, doc, (void *)(uintptr_t)&field_##name}
#define CONTENT(name, doc) {#name, event_content, NULL, doc, (void *)(uintptr_t)&field_##name}

static PyGetSetDef event_members[] = {
    ALWAYS(sequence, "place in commit order over the whole store, from 0"),
    ALWAYS(event_id, "16 bytes"),
    ALWAYS(entity, "whose event it is"),
    ALWAYS(scope, "in what connection"),
    ALWAYS(clock, "place in the entity's chain, from 0"),
    ALWAYS(segment_id, "the segment file that holds it"),
    ALWAYS(offset, "where its frame begins, in bytes from the start of the segment"),
    ALWAYS(frame_length, "bytes of its frame as a whole"),
    CONTENT(wall_ms, "hybrid clock, milliseconds since 1970, never backwards"),
    CONTENT(timestamp_us, "microseconds since 1970, as stamped"),
    CONTENT(correlation_id, "16 bytes; the event's own id where none was given"),
    CONTENT(causation_id, "16 bytes, or None"),
    CONTENT(prev_hash, "32 bytes: event_hash of the entity's previous event, zeros for the first"),
    CONTENT(event_hash, "32 bytes: BLAKE3 of the payload"),
    CONTENT(lane, "position hint, stored as given"),
    CONTENT(depth, "position hint, stored as given"),
    CONTENT(flags, "stored without behaviour"),
    CONTENT(payload_form, "0: bytes as written; 1: taken from the value form that the reference's retention leaves"),
    CONTENT(extensions, "dict of name to bytes"),
    {"payload_bytes", event_content, NULL, "the payload as stored", (void *)(uintptr_t)&field_payload},
    {"payload", event_payload, NULL, "bytes, or the object of the class that was asked for", NULL},
    {"_kind", event_field, NULL, "the kind as a plain number", (void *)(uintptr_t)&field_kind},
    {"_status", event_field, NULL, "0, or why it could not be read", (void *)(uintptr_t)&field_status},
    {"_payload_address", event_field, NULL, "where the payload lies while the page lives",
     (void *)(uintptr_t)&field_payload_address},
    {"_payload_length", event_field, NULL, "bytes there", (void *)(uintptr_t)&field_payload_length},
    {"_page", event_page, NULL, "the page that keeps its bytes", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef event_methods[] = {
    {"_check", event_check, METH_NOARGS, "raises why the event could not be read, if so"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot event_slots[] = {
    {Py_tp_new, not_by_hand},
    {Py_tp_dealloc, event_dealloc},
    {Py_tp_traverse, event_traverse},
    {Py_tp_methods, event_methods},
    {Py_tp_getset, event_members},
    {0, NULL},
};

PyType_Spec event_spec = {"batpak._batpak.EventBase", sizeof(event_object), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, event_slots};

/* --- the page as a sequence */

static void page_dealloc(PyObject *object) {
  page_object *self = (page_object *)object;
  if (self->page != NULL) handle_give_page(self->owner, self->page);
  free(self->block);
  Py_XDECREF((PyObject *)self->owner);
  Py_XDECREF(self->decode);
  object_free(object);
}

static Py_ssize_t page_length(PyObject *object) { return ((page_object *)object)->count; }

static PyObject *page_at(PyObject *object, PyObject *index) {
  page_object *self = (page_object *)object;
  Py_ssize_t at = PyNumber_AsSsize_t(index, PyExc_IndexError);
  if (at == -1 && PyErr_Occurred()) return NULL;
  if (at < 0) at += self->count;
  if (at >= 0 && at < self->count) return page_event(self, at);
  PyErr_SetString(PyExc_IndexError, "the page has no such event");
  return NULL;
}

static PyObject *page_more(PyObject *object, void *unused) {
  (void)unused;
  return PyBool_FromLong(((page_object *)object)->more);
}

/* One field of all events, as a list.  Equal texts that follow each other are one object. */
static PyObject *page_column(PyObject *object, void *closure) {
  const page_object *self = (page_object *)object;
  field of = ((const field *)closure)[0];
  PyObject *list = PyList_New(self->count);
  for (Py_ssize_t i = 0; i < self->count && list != NULL; i++) {
    PyObject *item = of(&self->events[i]);
    if (item == NULL || PyList_SetItem(list, i, item) != 0) Py_CLEAR(list);
  }
  return list;
}

static PyObject *page_entities(PyObject *object, void *closure) {
  const page_object *self = (page_object *)object;
  const bp_event *last = NULL;
  PyObject *list = PyList_New(self->count), *item = NULL;
  (void)closure;
  for (Py_ssize_t i = 0; i < self->count && list != NULL; i++) {
    const bp_event *e = &self->events[i];
    if (last != NULL && last->entity_length == e->entity_length && memcmp(last->entity, e->entity, e->entity_length) == 0) {
      Py_INCREF(item);
    } else {
      item = of_entity(e);
    }
    last = e;
    if (item == NULL || PyList_SetItem(list, i, item) != 0) Py_CLEAR(list);
  }
  return list;
}

static PyObject *page_iterate(PyObject *object);

#define COLUMN(plural, name, doc) {#plural, page_column, NULL, doc, (void *)(uintptr_t)&field_##name}

static PyGetSetDef page_members[] = {
    {"more", page_more, NULL, "whether the query stopped at its limit", NULL},
    {"entities", page_entities, NULL, "the events' entities, a list", NULL},
    COLUMN(sequences, sequence, "the events' sequences, a list"),
    COLUMN(event_ids, event_id, "the events' ids, a list"),
    COLUMN(payloads, payload, "the events' payloads as stored, a list; empty for an event that could not be read"),
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef page_methods[] = {
    {"_at", page_at, METH_O, "the event at an index"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot page_slots[] = {
    {Py_tp_new, not_by_hand},
    {Py_tp_dealloc, page_dealloc},
    {Py_tp_iter, page_iterate},
    {Py_tp_getset, page_members},
    {Py_tp_methods, page_methods},
    {Py_sq_length, page_length},
    {0, NULL},
};

PyType_Spec page_spec = {"batpak._batpak.PageBase", sizeof(page_object), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, page_slots};

/* --- its iterator */

static PyObject *page_iterate(PyObject *object) {
  page_object *self = (page_object *)object;
  page_iterator *iterator = (page_iterator *)PyType_GenericAlloc((PyTypeObject *)self->owner->iterator_type, 0);
  if (iterator == NULL) return NULL;
  Py_INCREF(object);
  iterator->page = self;
  return (PyObject *)iterator;
}

static PyObject *iterator_next(PyObject *object) {
  page_iterator *self = (page_iterator *)object;
  return self->next < self->page->count ? page_event(self->page, self->next++) : NULL;
}

static void iterator_dealloc(PyObject *object) {
  Py_XDECREF((PyObject *)((page_iterator *)object)->page);
  object_free(object);
}

static PyType_Slot iterator_slots[] = {
    {Py_tp_new, not_by_hand},
    {Py_tp_dealloc, iterator_dealloc},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, iterator_next},
    {0, NULL},
};

PyType_Spec page_iterator_spec = {"batpak._batpak.PageIterator", sizeof(page_iterator), 0, Py_TPFLAGS_DEFAULT,
                                  iterator_slots};
