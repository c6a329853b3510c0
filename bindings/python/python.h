/* What the files of the raw module share.  They stand on ffi.h and on the stable interface of CPython 3.10.
 *
 * The interpreter's lock is held everywhere but between Py_BEGIN_ALLOW_THREADS and Py_END_ALLOW_THREADS, which stand
 * around every call that may wait for the disk or for another thread.
 */
#ifndef BATPAK_PYTHON_H
#define BATPAK_PYTHON_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030A0000
#include <Python.h>

#include <batpak/ffi.h>

/* --- the handle: an open store, and how many calls are inside it */

enum { SPARE_PAGES = 2 };

typedef struct handle {
  PyObject_HEAD
  bp_store *store;       /* NULL: closed */
  int written;           /* what an append that asks for nothing gets: no flush */
  Py_ssize_t users;      /* calls under way, counted under the interpreter's lock */
  PyObject *fail;        /* fail(status, bytes of the bp_error): raises */
  PyObject *page_type;   /* the classes of what comes out: subclasses of our types */
  PyObject *event_type;
  PyObject *receipt_type;
  PyObject *iterator_type;
  PyObject *ticket_type;
  PyObject *keep;        /* what the store's callbacks need */
  bp_page *spare[SPARE_PAGES];
} handle;

/* The open store, with one user more; NULL with BP_CLOSED raised. */
bp_store *handle_enter(handle *self);
void handle_leave(handle *self);
/* 16 bytes, or BP_ARGUMENT raised and -1. */
int handle_take_id(const handle *self, PyObject *object, uint8_t id[16]);
/* Raises; answers NULL. */
PyObject *handle_fail(const handle *self, bp_status status, const bp_error *error);
PyObject *handle_fail_text(const handle *self, bp_status status, const char *text);

bp_page *handle_take_page(handle *self);
void handle_give_page(handle *self, bp_page *page);

/* --- drafts (draft.c) */

typedef struct drafts {
  bp_draft *items;
  size_t count;
  int more;  /* some say more than kind, texts and payload */
} drafts;

/* From the five parts of one, or a list of such tuples.  What they point to lives as long as the Python objects.  0, or -1 with
 * an exception; to be freed in any case. */
int draft_take(const handle *self, PyObject *const parts[5], bp_draft *draft);
void draft_free(bp_draft *draft);
int drafts_take(const handle *self, PyObject *list, drafts *taken);
void drafts_free(drafts *taken);

/* --- appending (append.c) */

PyObject *handle_append(PyObject *self, PyObject *const *arguments, Py_ssize_t count);
PyObject *handle_append_many(PyObject *self, PyObject *list);
PyObject *handle_append_batch(PyObject *self, PyObject *list);

/* --- receipts (receipt.c) */

/* From the bytes of a bp_receipt, which may lie anywhere.  Takes the reference to `extensions`, bytes; that may be NULL with an
 * exception set. */
PyObject *receipt_make(PyTypeObject *type, const void *raw, PyObject *extensions);
/* The canonical map of its extensions. */
PyObject *receipt_extensions(const bp_receipt *receipt);

/* --- tickets (ticket.c) */

PyObject *handle_submit(PyObject *self, PyObject *const *arguments, Py_ssize_t count);
PyObject *handle_submit_batch(PyObject *self, PyObject *const *arguments, Py_ssize_t count);
PyObject *handle_await(PyObject *self, PyObject *const *arguments, Py_ssize_t count);

/* --- pages and events (page.c) */

typedef struct page_object {
  PyObject_HEAD
  handle *owner;           /* keeps the store's memory of pages, not the store open */
  bp_page *page;           /* NULL: `block` holds the only event */
  void *block;
  const bp_event *events;
  Py_ssize_t count;
  PyObject *decode;        /* decode(payload) -> object, or NULL: payloads are bytes */
  int more;
} page_object;

/* A page of the owner's class around what a call filled; takes `filled`, also on failure. */
PyObject *page_wrap(handle *owner, bp_page *filled, PyObject *decode);
/* One event that is copied, for a view that is about to die. */
PyObject *page_copy(handle *owner, const bp_event *event, PyObject *decode);
PyObject *page_event(page_object *self, Py_ssize_t index);

PyObject *handle_page(PyObject *self, PyObject *const *arguments, Py_ssize_t count);
PyObject *handle_get(PyObject *self, PyObject *const *arguments, Py_ssize_t count);
PyObject *handle_walk(PyObject *self, PyObject *const *arguments, Py_ssize_t count);
PyObject *handle_fold(PyObject *self, PyObject *const *arguments, Py_ssize_t count);

/* --- values (value.c) */

PyObject *value_encode(PyObject *module, PyObject *value);
PyObject *value_encode_tokens(PyObject *module, PyObject *const *arguments, Py_ssize_t count);
PyObject *value_decode(PyObject *module, PyObject *payload);

/* --- the module */

/* A method of METH_FASTCALL, as the tables of methods want it. */
#define FAST(function) (PyCFunction)(void (*)(void))(function)

/* What cffi made: a module with `ffi` and `lib`. */
PyObject *batpak_cffi_init(void);

extern PyType_Spec handle_spec, page_spec, page_iterator_spec, event_spec, receipt_spec, receipt_iterator_spec,
    ticket_spec;

/* 0, or -1 with TypeError raised. */
int check_count(const char *name, Py_ssize_t given, Py_ssize_t wanted);
/* tp_new of types whose objects come from a store alone. */
PyObject *not_by_hand(PyTypeObject *type, PyObject *arguments, PyObject *keywords);
/* Frees an object of one of our types. */
void object_free(PyObject *object);

#endif
