/* What goes wrong on demand: counted calls, stops, failing calls, bad ranges, short writes, a full disk. */
#include "support/sim_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static const char *const call_names[SIM_CALL_KINDS] = {
    [SIM_ANY] = "any",
    [SIM_OPEN] = "file_open",
    [SIM_CLOSE] = "file_close",
    [SIM_SIZE] = "file_size",
    [SIM_MODE] = "file_mode",
    [SIM_READ] = "file_read",
    [SIM_WRITE] = "file_write",
    [SIM_TRUNCATE] = "file_truncate",
    [SIM_SYNC] = "file_sync",
    [SIM_LOCK] = "file_lock",
    [SIM_MAP] = "file_map",
    [SIM_PATH_KIND] = "path_kind",
    [SIM_RENAME] = "path_rename",
    [SIM_REMOVE] = "path_remove",
    [SIM_DIRECTORY_CREATE] = "directory_create",
    [SIM_DIRECTORY_LIST] = "directory_list",
    [SIM_DIRECTORY_SYNC] = "directory_sync",
    [SIM_RANDOM_FILL] = "random_fill",
    [SIM_EVENT_OPEN] = "event_open",
};

const char *sim_call_name(int kind) { return kind < 0 || kind >= SIM_CALL_KINDS ? "unknown" : call_names[kind]; }

static int ends_with(const char *path, const char *end) {
  size_t length = path == NULL ? 0 : strlen(path), wanted = strlen(end);
  return length >= wanted && memcmp(path + (length - wanted), end, wanted) == 0;
}

static int matches(const sim_fault *fault, int kind, const char *path, const char *other_path) {
  if (fault->kind != SIM_ANY && fault->kind != kind) return 0;
  return fault->path_end == NULL || ends_with(path, fault->path_end) || ends_with(other_path, fault->path_end);
}

/* Counts down to 1, the call that fails; a fault that is over stays at 0, one that goes on at 1. */
static int strikes(sim_fault *fault) {
  if (fault->at == 0) return 0;
  if (fault->at > 1) {
    fault->at--;
    return 0;
  }
  if (!fault->forever && fault->more-- == 0) fault->at = 0;
  return 1;
}

int sim_gate(sim_system *sim, int kind, const char *path, const char *other_path) {
  sim_faults *faults = &sim->faults;
  sim->calls[SIM_ANY]++;
  sim->calls[kind]++;
  if (faults->stop_in > 0 && --faults->stop_in == 0) faults->stopped = 1;
  if (faults->stopped) return EIO;
  int failed = 0;
  for (size_t i = 0; i < faults->count; i++) {
    sim_fault *fault = &faults->items[i];
    if (matches(fault, kind, path, other_path) && strikes(fault) && failed == 0) failed = fault->errno_value;
  }
  return failed;
}

int sim_range_is_bad(const sim_system *sim, uint32_t node, uint64_t offset, size_t length) {
  for (size_t i = 0; i < sim->faults.bad_range_count; i++) {
    const sim_bad_range *bad = &sim->faults.bad_ranges[i];
    if (bad->node == node && offset < bad->offset + bad->length && bad->offset < offset + length) return 1;
  }
  return 0;
}

static int is_open(const sim_system *sim, uint32_t node) {
  for (size_t i = 0; i < sim->handle_count; i++) {
    if (sim->handles[i].node == node) return 1;
  }
  return 0;
}

uint64_t sim_space_used(const sim_system *sim) {
  uint64_t used = 0;
  for (uint32_t i = 0; i < sim->node_count; i++) {
    if (sim->nodes[i] != NULL && (sim->nodes[i]->names > 0 || is_open(sim, i))) used += sim->nodes[i]->size;
  }
  return used;
}

int sim_admit_write(sim_system *sim, uint32_t node, uint64_t offset, size_t *length) {
  if (offset > SIM_FILE_MAX || *length > SIM_FILE_MAX - offset) return EFBIG;
  if (sim->write_limit > 0 && *length > sim->write_limit) *length = sim->write_limit;
  uint64_t size = sim->nodes[node]->size;
  if (sim->disk_capacity == UINT64_MAX || *length == 0 || offset + *length <= size) return 0;
  uint64_t used = sim_space_used(sim);
  uint64_t end = size + (sim->disk_capacity > used ? sim->disk_capacity - used : 0);
  if (offset >= end) return ENOSPC;
  if (offset + *length > end) *length = (size_t)(end - offset);
  return 0;
}

/* ------------------------------------------------------------------------------------------------- for the tests -- */

void sim_stop_at(sim_system *sim, uint64_t n) {
  bpi_mutex_lock(&sim->mutex);
  sim->faults.stop_in = n;
  bpi_mutex_unlock(&sim->mutex);
}

int sim_stopped(sim_system *sim) {
  bpi_mutex_lock(&sim->mutex);
  int stopped = sim->faults.stopped;
  bpi_mutex_unlock(&sim->mutex);
  return stopped;
}

void sim_add_fault(sim_system *sim, sim_fault fault) {
  bpi_mutex_lock(&sim->mutex);
  sim_faults *faults = &sim->faults;
  assert(faults->count < SIM_FAULTS_MAX);
  if (fault.path_end != NULL) {
    faults->path_ends[faults->count] = sim_copy_text(fault.path_end, strlen(fault.path_end));
    fault.path_end = faults->path_ends[faults->count];
  }
  faults->items[faults->count++] = fault;
  bpi_mutex_unlock(&sim->mutex);
}

void sim_add_bad_range(sim_system *sim, const char *path, uint64_t offset, uint64_t length) {
  bpi_mutex_lock(&sim->mutex);
  sim_faults *faults = &sim->faults;
  sim_place place;
  int failed = sim_find(sim, path, &place);
  assert(failed == 0 && place.node != SIM_NO_NODE);
  (void)failed;
  faults->bad_ranges = (sim_bad_range *)sim_grown(faults->bad_ranges, &faults->bad_range_capacity,
                                                  faults->bad_range_count + 1, sizeof(sim_bad_range));
  faults->bad_ranges[faults->bad_range_count++] = (sim_bad_range){place.node, offset, length};
  bpi_mutex_unlock(&sim->mutex);
}

void sim_forget_faults(sim_system *sim) {
  sim_faults *faults = &sim->faults;
  for (size_t i = 0; i < faults->count; i++) free(faults->path_ends[i]);
  free(faults->bad_ranges);
  memset(faults, 0, sizeof *faults);
}

void sim_clear_faults(sim_system *sim) {
  bpi_mutex_lock(&sim->mutex);
  sim_forget_faults(sim);
  bpi_mutex_unlock(&sim->mutex);
}

void sim_set_write_limit(sim_system *sim, size_t bytes) {
  bpi_mutex_lock(&sim->mutex);
  sim->write_limit = bytes;
  bpi_mutex_unlock(&sim->mutex);
}

void sim_set_capacity(sim_system *sim, uint64_t bytes) {
  bpi_mutex_lock(&sim->mutex);
  sim->disk_capacity = bytes;
  bpi_mutex_unlock(&sim->mutex);
}

uint64_t sim_used_bytes(sim_system *sim) {
  bpi_mutex_lock(&sim->mutex);
  uint64_t used = sim_space_used(sim);
  bpi_mutex_unlock(&sim->mutex);
  return used;
}

uint64_t sim_calls(sim_system *sim, int kind) {
  assert(kind >= 0 && kind < SIM_CALL_KINDS);
  bpi_mutex_lock(&sim->mutex);
  uint64_t calls = sim->calls[kind];
  bpi_mutex_unlock(&sim->mutex);
  return calls;
}

uint64_t sim_written_bytes(sim_system *sim) {
  bpi_mutex_lock(&sim->mutex);
  uint64_t bytes = sim->written_bytes;
  bpi_mutex_unlock(&sim->mutex);
  return bytes;
}

size_t sim_open_files(sim_system *sim) {
  bpi_mutex_lock(&sim->mutex);
  size_t count = sim->handle_count;
  bpi_mutex_unlock(&sim->mutex);
  return count;
}

size_t sim_open_events(sim_system *sim) {
  bpi_mutex_lock(&sim->mutex);
  size_t count = sim->open_events;
  bpi_mutex_unlock(&sim->mutex);
  return count;
}

size_t sim_mapped_views(sim_system *sim) {
  bpi_mutex_lock(&sim->mutex);
  size_t count = sim->view_count;
  bpi_mutex_unlock(&sim->mutex);
  return count;
}

uint64_t sim_misuses(sim_system *sim) {
  bpi_mutex_lock(&sim->mutex);
  uint64_t misuses = sim->misuses;
  bpi_mutex_unlock(&sim->mutex);
  return misuses;
}

uint64_t sim_changes(sim_system *sim) {
  bpi_mutex_lock(&sim->mutex);
  uint64_t changes = sim->changes;
  bpi_mutex_unlock(&sim->mutex);
  return changes;
}

void sim_set_observer(sim_system *sim, void (*observer)(void *user), void *user) {
  bpi_mutex_lock(&sim->mutex);
  sim->observer = observer;
  sim->observer_user = user;
  bpi_mutex_unlock(&sim->mutex);
}
