/* Reading: a page is filled without the interpreter's lock, then wrapped; a fold takes the lock for each step. */
#include "python.h"

/* What one filling of a page is about. */
typedef struct filling {
  enum { FILL_PAGE, FILL_GET, FILL_WALK } how;
  const bp_query *query;
  uint8_t id[16];
  size_t limit;
} filling;

static bp_status fill(const bp_store *store, const filling *f, bp_page *into, bp_error *error) {
  if (f->how == FILL_PAGE) return bp_store_page(store, f->query, into, error);
  if (f->how == FILL_GET) return bp_store_get(store, f->id, into, error);
  return bp_store_walk(store, f->id, f->limit, into, error);
}

static PyObject *read_page(handle *self, const filling *f, PyObject *decode) {
  bp_store *store = handle_enter(self);
  if (store == NULL) return NULL;
  bp_page *taken = handle_take_page(self);
  PyObject *result = NULL;
  if (taken != NULL) {
    bp_error error = {.struct_size = sizeof error};
    bp_status status;
    Py_BEGIN_ALLOW_THREADS
    status = fill(store, f, taken, &error);
    Py_END_ALLOW_THREADS
    if (status == BP_OK) {
      result = page_wrap(self, taken, decode);
    } else {
      handle_give_page(self, taken);
      (void)handle_fail(self, status, &error);
    }
  }
  handle_leave(self);
  return result;
}

PyObject *handle_page(PyObject *object, PyObject *const *arguments, Py_ssize_t count) {
  if (check_count("page", count, 2) != 0) return NULL;
  filling f = {.how = FILL_PAGE, .query = PyLong_AsVoidPtr(arguments[0])};
  return PyErr_Occurred() ? NULL : read_page((handle *)object, &f, arguments[1]);
}

PyObject *handle_get(PyObject *object, PyObject *const *arguments, Py_ssize_t count) {
  filling f = {.how = FILL_GET};
  if (check_count("get", count, 2) != 0 || handle_take_id((handle *)object, arguments[0], f.id) != 0) return NULL;
  PyObject *found = read_page((handle *)object, &f, arguments[1]);
  if (found == NULL) return NULL;
  PyObject *event = page_event((page_object *)found, 0);
  Py_DECREF(found);
  return event;
}

PyObject *handle_walk(PyObject *object, PyObject *const *arguments, Py_ssize_t count) {
  filling f = {.how = FILL_WALK};
  if (check_count("walk", count, 3) != 0 || handle_take_id((handle *)object, arguments[0], f.id) != 0) return NULL;
  f.limit = PyLong_AsSize_t(arguments[1]);
  return PyErr_Occurred() ? NULL : read_page((handle *)object, &f, arguments[2]);
}

/* --- fold */

typedef struct folding {
  handle *handle;
  PyObject *decode;
  PyObject *step;
  PyObject *state;         /* NULL: a step raised, and the exception waits in the thread's state */
  PyThreadState *thread;
} folding;

static int32_t fold_step(void *user, const bp_event *event) {
  folding *f = user;
  PyEval_RestoreThread(f->thread);
  PyObject *state = NULL, *alone = page_copy(f->handle, event, f->decode);
  PyObject *copy = alone == NULL ? NULL : page_event((page_object *)alone, 0);
  if (copy != NULL) state = PyObject_CallFunctionObjArgs(f->step, f->state, copy, NULL);
  Py_XDECREF(copy);
  Py_XDECREF(alone);
  Py_DECREF(f->state);
  f->state = state;
  f->thread = PyEval_SaveThread();
  return state == NULL;
}

PyObject *handle_fold(PyObject *object, PyObject *const *arguments, Py_ssize_t count) {
  if (check_count("fold", count, 4) != 0) return NULL;
  folding f = {.handle = (handle *)object, .decode = arguments[1], .step = arguments[2], .state = arguments[3]};
  const bp_query *query = PyLong_AsVoidPtr(arguments[0]);
  if (PyErr_Occurred()) return NULL;
  bp_store *store = handle_enter(f.handle);
  if (store == NULL) return NULL;
  bp_error error = {.struct_size = sizeof error};
  Py_INCREF(f.state);
  f.thread = PyEval_SaveThread();
  bp_status status = bp_store_fold(store, query, fold_step, &f, &error);
  PyEval_RestoreThread(f.thread);
  handle_leave(f.handle);
  if (f.state == NULL || status == BP_OK) return f.state;
  Py_DECREF(f.state);
  return handle_fail(f.handle, status, &error);
}
