/* The table: each call takes the mutex, passes the gate of the faults, and does its work. */
#include "support/sim_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static sim_system *enter(void *context) {
  sim_system *sim = (sim_system *)context;
  if (sim->observer != NULL) sim->observer(sim->observer_user);
  bpi_mutex_lock(&sim->mutex);
  return sim;
}

static int leave(sim_system *sim, int outcome) {
  bpi_mutex_unlock(&sim->mutex);
  return outcome;
}

/* The open file, having passed the gate; NULL with *failed set. */
static sim_handle *enter_file(sim_system *sim, int kind, int file, int *failed) {
  for (size_t i = 0; i < sim->handle_count; i++) {
    if (sim->handles[i].file == file) {
      *failed = sim_gate(sim, kind, sim->handles[i].path, NULL);
      return *failed == 0 ? &sim->handles[i] : NULL;
    }
  }
  *failed = sim_gate(sim, kind, NULL, NULL);
  if (*failed == 0) *failed = EBADF;
  if (file >= sim->first_file) sim->misuses++;
  return NULL;
}

static int enter_path(sim_system *sim, int kind, const char *path, sim_place *place) {
  int failed = sim_gate(sim, kind, path, NULL);
  return failed != 0 ? failed : sim_find(sim, path, place);
}

/* ----------------------------------------------------------------------------------------------------------- files -- */

static void add_handle(sim_system *sim, const char *path, uint32_t node, int writable, int *file) {
  sim->handles =
      (sim_handle *)sim_grown(sim->handles, &sim->handle_capacity, sim->handle_count + 1, sizeof(sim_handle));
  sim->handles[sim->handle_count++] = (sim_handle){
      .file = sim->next_file, .node = node, .writable = writable, .path = sim_copy_text(path, strlen(path))};
  *file = sim->next_file++;
}

static void remove_handle(sim_system *sim, sim_handle *handle) {
  free(handle->path);
  *handle = sim->handles[--sim->handle_count];
}

void sim_close_all(sim_system *sim) {
  while (sim->handle_count > 0) remove_handle(sim, &sim->handles[0]);
  sim->first_file = sim->next_file;
}

static int open_place(sim_system *sim, sim_place *place, int how) {
  int creates_new = how == BPI_OPEN_CREATE_NEW || how == BPI_OPEN_CREATE_PRIVATE;
  if (how < BPI_OPEN_READ || how > BPI_OPEN_CREATE_PRIVATE) return EINVAL;
  if (place->node == SIM_NO_NODE && !creates_new && how != BPI_OPEN_LOCK) return ENOENT;
  if (place->node != SIM_NO_NODE) {
    if (creates_new) return EEXIST;
    return sim->nodes[place->node]->is_directory ? EISDIR : 0;
  }
  sim_node *made = sim_add_node(sim, 0, &place->node);
  if (how == BPI_OPEN_CREATE_PRIVATE) made->mode = 0600;
  sim_link(sim, place, place->node);
  return 0;
}

static int call_file_open(void *context, const char *path, int how, int *file) {
  sim_system *sim = enter(context);
  sim_place place;
  int failed = enter_path(sim, SIM_OPEN, path, &place);
  if (failed == 0) failed = open_place(sim, &place, how);
  if (failed == 0) add_handle(sim, path, place.node, how != BPI_OPEN_READ && how != BPI_OPEN_READ_NO_LINK, file);
  return leave(sim, failed);
}

static int call_file_close(void *context, int file) {
  sim_system *sim = enter(context);
  int failed;
  enter_file(sim, SIM_CLOSE, file, &failed);
  for (size_t i = 0; i < sim->handle_count; i++) {
    if (sim->handles[i].file == file) remove_handle(sim, &sim->handles[i]); /* even if the call failed */
  }
  return leave(sim, failed);
}

static int call_file_size(void *context, int file, uint64_t *size) {
  sim_system *sim = enter(context);
  int failed;
  const sim_handle *handle = enter_file(sim, SIM_SIZE, file, &failed);
  if (handle != NULL) *size = sim->nodes[handle->node]->size;
  return leave(sim, failed);
}

static int call_file_mode(void *context, int file, uint32_t *mode) {
  sim_system *sim = enter(context);
  int failed;
  const sim_handle *handle = enter_file(sim, SIM_MODE, file, &failed);
  if (handle != NULL) *mode = sim->nodes[handle->node]->mode;
  return leave(sim, failed);
}

static int call_file_read(void *context, int file, uint64_t offset, void *bytes, size_t length, size_t *done) {
  sim_system *sim = enter(context);
  int failed;
  const sim_handle *handle = enter_file(sim, SIM_READ, file, &failed);
  *done = 0;
  if (handle == NULL) return leave(sim, failed);
  if (offset > INT64_MAX || length > (uint64_t)INT64_MAX - offset) return leave(sim, EINVAL);
  if (sim_range_is_bad(sim, handle->node, offset, length)) return leave(sim, EIO);
  const sim_node *node = sim->nodes[handle->node];
  if (offset < node->size) {
    *done = length < node->size - offset ? length : (size_t)(node->size - offset);
    if (*done > 0) memcpy(bytes, node->region->bytes + offset, *done);
  }
  return leave(sim, 0);
}

static int call_file_write(void *context, int file, uint64_t offset, const void *bytes, size_t length, size_t *done) {
  sim_system *sim = enter(context);
  int failed;
  const sim_handle *handle = enter_file(sim, SIM_WRITE, file, &failed);
  *done = 0;
  if (handle != NULL && !handle->writable) failed = EBADF;
  if (failed == 0) failed = sim_admit_write(sim, handle->node, offset, &length);
  if (failed == 0) {
    sim_write(sim, handle->node, offset, bytes, length);
    sim->written_bytes += length;
    *done = length;
  }
  return leave(sim, failed);
}

static int call_file_truncate(void *context, int file, uint64_t size) {
  sim_system *sim = enter(context);
  int failed;
  const sim_handle *handle = enter_file(sim, SIM_TRUNCATE, file, &failed);
  if (handle != NULL && !handle->writable) failed = EINVAL;
  if (failed == 0 && size > SIM_FILE_MAX) failed = EFBIG;
  if (failed == 0) sim_truncate(sim, handle->node, size);
  return leave(sim, failed);
}

static int call_file_sync(void *context, int file, int data_only) {
  (void)data_only; /* the size counts as data wherever it is needed to read the data */
  sim_system *sim = enter(context);
  int failed;
  const sim_handle *handle = enter_file(sim, SIM_SYNC, file, &failed);
  if (handle != NULL) sim_flush(sim, handle->node);
  for (size_t i = 0; handle == NULL && !sim->faults.stopped && i < sim->handle_count; i++) {
    if (sim->handles[i].file == file) sim_fail_flush(sim, sim->handles[i].node);
  }
  return leave(sim, failed);
}

static int call_file_lock(void *context, int file, int exclusive) {
  sim_system *sim = enter(context);
  int failed;
  sim_handle *handle = enter_file(sim, SIM_LOCK, file, &failed);
  for (size_t i = 0; failed == 0 && i < sim->handle_count; i++) {
    const sim_handle *other = &sim->handles[i];
    int conflicts = other->lock == 2 || (other->lock == 1 && exclusive);
    if (other != handle && other->node == handle->node && conflicts) failed = EWOULDBLOCK;
  }
  if (failed == 0) handle->lock = exclusive ? 2 : 1;
  return leave(sim, failed);
}

static int call_file_map(void *context, int file, size_t length, const uint8_t **bytes) {
  sim_system *sim = enter(context);
  int failed;
  const sim_handle *handle = enter_file(sim, SIM_MAP, file, &failed);
  if (failed == 0 && length == 0) failed = EINVAL;
  if (failed == 0 && length > SIM_FILE_MAX) failed = ENOMEM;
  if (failed != 0) return leave(sim, failed);
  sim_region *region = sim->nodes[handle->node]->region;
  sim->views = (sim_region **)sim_grown(sim->views, &sim->view_capacity, sim->view_count + 1, sizeof(sim_region *));
  sim->views[sim->view_count++] = region;
  region->references++;
  *bytes = region->bytes;
  return leave(sim, 0);
}

static void call_file_unmap(void *context, const uint8_t *bytes, size_t length) {
  (void)length;
  sim_system *sim = enter(context);
  size_t i = 0;
  while (i < sim->view_count && sim->views[i]->bytes != bytes) i++;
  if (i == sim->view_count) {
    sim->misuses++;
  } else {
    sim_region_release(sim->views[i]);
    sim->views[i] = sim->views[--sim->view_count];
  }
  leave(sim, 0);
}

/* ------------------------------------------------------------------------------------------- paths and directories -- */

static int call_path_kind(void *context, const char *path, int *kind) {
  sim_system *sim = enter(context);
  sim_place place;
  int failed = sim_gate(sim, SIM_PATH_KIND, path, NULL);
  if (failed != 0) return leave(sim, failed);
  failed = sim_find(sim, path, &place);
  if (failed != 0 && failed != ENOENT && failed != ENOTDIR) return leave(sim, failed);
  if (failed != 0 || place.node == SIM_NO_NODE) {
    *kind = BPI_PATH_NONE;
  } else {
    *kind = sim->nodes[place.node]->is_directory ? BPI_PATH_DIRECTORY : BPI_PATH_FILE;
  }
  return leave(sim, 0);
}

static int call_path_rename(void *context, const char *from, const char *to) {
  sim_system *sim = enter(context);
  sim_place source, destination;
  int failed = sim_gate(sim, SIM_RENAME, from, to);
  if (failed == 0) failed = sim_find(sim, from, &source);
  if (failed == 0) failed = sim_find(sim, to, &destination);
  if (failed == 0) failed = sim_rename(sim, &source, &destination);
  return leave(sim, failed);
}

static int call_path_remove(void *context, const char *path) {
  sim_system *sim = enter(context);
  sim_place place;
  int failed = enter_path(sim, SIM_REMOVE, path, &place);
  if (failed == 0) failed = sim_unlink(sim, &place);
  return leave(sim, failed);
}

static int call_directory_create(void *context, const char *path) {
  sim_system *sim = enter(context);
  sim_place place;
  int failed = enter_path(sim, SIM_DIRECTORY_CREATE, path, &place);
  if (failed == 0 && place.node != SIM_NO_NODE) failed = EEXIST;
  if (failed == 0) {
    sim_add_node(sim, 1, &place.node);
    sim_link(sim, &place, place.node);
  }
  return leave(sim, failed);
}

static int find_directory(sim_system *sim, int kind, const char *path, sim_place *place) {
  int failed = enter_path(sim, kind, path, place);
  if (failed != 0) return failed;
  if (place->node == SIM_NO_NODE) return ENOENT;
  return sim->nodes[place->node]->is_directory ? 0 : ENOTDIR;
}

/* The names are copied first: a step may call the system. */
static int call_directory_list(void *context, const char *path, bpi_list_step step, void *user) {
  sim_system *sim = enter(context);
  sim_place place;
  sim_entries copy = {NULL, 0, 0};
  int answer = find_directory(sim, SIM_DIRECTORY_LIST, path, &place);
  if (answer == 0) sim_copy_entries(&copy, &sim->nodes[place.node]->now);
  leave(sim, 0);
  for (size_t i = 0; answer == 0 && i < copy.count; i++) {
    answer = step(user, copy.items[i].name, strlen(copy.items[i].name));
  }
  sim_free_entries(&copy);
  return answer;
}

static int call_directory_sync(void *context, const char *path) {
  sim_system *sim = enter(context);
  sim_place place;
  int failed = find_directory(sim, SIM_DIRECTORY_SYNC, path, &place);
  if (failed == 0) {
    sim_flush(sim, place.node);
  } else if (!sim->faults.stopped && sim_find(sim, path, &place) == 0 && place.node != SIM_NO_NODE &&
             sim->nodes[place.node]->is_directory) {
    sim_fail_flush(sim, place.node);
  }
  return leave(sim, failed);
}

/* ------------------------------------------------------------------------------------------- time, chance, process -- */

static int64_t call_clock_wall_ns(void *context) {
  sim_system *sim = enter(context);
  int64_t now = sim->wall_ns;
  sim->wall_ns += sim->step_ns;
  leave(sim, 0);
  return now;
}

static uint64_t call_clock_mono_ns(void *context) {
  sim_system *sim = enter(context);
  uint64_t now = sim->mono_ns;
  sim->mono_ns += (uint64_t)llabs(sim->step_ns);
  leave(sim, 0);
  return now;
}

static int call_random_fill(void *context, void *bytes, size_t length) {
  sim_system *sim = enter(context);
  int failed = sim_gate(sim, SIM_RANDOM_FILL, NULL, NULL);
  for (size_t i = 0; failed == 0 && i < length; i++) {
    ((uint8_t *)bytes)[i] = (uint8_t)sim_random_next(&sim->random_state);
  }
  return leave(sim, failed);
}

static uint64_t call_process_id(void *context) {
  sim_system *sim = enter(context);
  uint64_t id = sim->process_id;
  leave(sim, 0);
  return id;
}

/* --------------------------------------------------------------------------------------------------------- events -- */

static int call_event_open(void *context, int *event) {
  sim_system *sim = enter(context);
  int failed = sim_gate(sim, SIM_EVENT_OPEN, NULL, NULL);
  int opened = failed == 0 ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
  if (failed == 0 && opened < 0) failed = errno;
  if (failed == 0) {
    sim->open_events++;
    *event = opened;
  }
  return leave(sim, failed);
}

static void call_event_signal(void *context, int event) {
  sim_system *sim = enter(context);
  if (eventfd_write(event, 1) != 0) sim->misuses++;
  leave(sim, 0);
}

static void call_event_close(void *context, int event) {
  sim_system *sim = enter(context);
  if (close(event) != 0) sim->misuses++;
  sim->open_events--;
  leave(sim, 0);
}

bp_system sim_make_table(sim_system *sim) {
  return (bp_system){
      .context = sim,
      .file_open = call_file_open,
      .file_close = call_file_close,
      .file_size = call_file_size,
      .file_mode = call_file_mode,
      .file_read = call_file_read,
      .file_write = call_file_write,
      .file_truncate = call_file_truncate,
      .file_sync = call_file_sync,
      .file_lock = call_file_lock,
      .file_map = call_file_map,
      .file_unmap = call_file_unmap,
      .path_kind = call_path_kind,
      .path_rename = call_path_rename,
      .path_remove = call_path_remove,
      .directory_create = call_directory_create,
      .directory_list = call_directory_list,
      .directory_sync = call_directory_sync,
      .clock_wall_ns = call_clock_wall_ns,
      .clock_mono_ns = call_clock_mono_ns,
      .random_fill = call_random_fill,
      .process_id = call_process_id,
      .event_open = call_event_open,
      .event_signal = call_event_signal,
      .event_close = call_event_close,
  };
}
