/* Life, death and copies of the simulated system, its clock and chance, and what tests put behind its back. */
#include "support/sim.h"

#include "support/sim_internal.h"

#include <stdio.h>
#include <stdlib.h>

static sim_system *new_empty(void) {
  sim_system *sim = (sim_system *)sim_allocate(sizeof *sim);
  if (bpi_mutex_init(&sim->mutex) != 0) abort();
  sim->table = sim_make_table(sim);
  sim->next_file = sim->first_file = 1;
  sim->disk_capacity = UINT64_MAX;
  return sim;
}

sim_system *sim_new(void) {
  sim_system *sim = new_empty();
  uint32_t root;
  sim_add_node(sim, 1, &root);
  sim->nodes[root]->names = 1;
  sim->wall_ns = INT64_C(1577836800000000000);
  sim->mono_ns = 1000000000;
  sim->step_ns = 1000;
  sim->process_id = 1;
  return sim;
}

void sim_free(sim_system *sim) {
  if (sim == NULL) return;
  for (size_t i = 0; i < sim->op_count; i++) sim_free_op(&sim->ops[i]);
  for (size_t i = 0; i < sim->node_count; i++) sim_free_node(sim->nodes[i]);
  for (size_t i = 0; i < sim->view_count; i++) sim_region_release(sim->views[i]);
  sim_close_all(sim);
  sim_forget_faults(sim);
  free(sim->ops);
  free(sim->nodes);
  free(sim->handles);
  free(sim->views);
  bpi_mutex_free(&sim->mutex);
  free(sim);
}

const bp_system *sim_table(const sim_system *sim) { return &sim->table; }

static uint8_t *copy_bytes(const uint8_t *bytes, size_t length) {
  if (bytes == NULL) return NULL;
  return (uint8_t *)memcpy(sim_allocate(length), bytes, length);
}

static void copy_node(sim_system *sim, const sim_node *node) {
  uint32_t number;
  if (node == NULL) { /* keep the numbers */
    sim_add_node(sim, 1, &number);
    return;
  }
  sim_node *copy = sim_add_node(sim, node->is_directory, &number);
  copy->names = node->names;
  copy->mode = node->mode;
  sim_copy_entries(&copy->now, &node->now);
  sim_copy_entries(&copy->settled, &node->settled);
  if (node->is_directory) return;
  sim_region_resize(copy->region, 0, node->size);
  if (node->size > 0) memcpy(copy->region->bytes, node->region->bytes, node->size);
  copy->size = node->size;
  copy->durable = copy_bytes(node->durable, node->durable_capacity);
  copy->durable_capacity = node->durable_capacity;
  copy->durable_size = node->durable_size;
  copy->durable_high = node->durable_high;
}

static void copy_op(sim_system *sim, const sim_op *op) {
  sim->ops = (sim_op *)sim_grown(sim->ops, &sim->op_capacity, sim->op_count + 1, sizeof(sim_op));
  sim_op *copy = &sim->ops[sim->op_count++];
  *copy = *op;
  copy->bytes = copy_bytes(op->bytes, op->length);
  if (op->name != NULL) copy->name = sim_copy_text(op->name, strlen(op->name));
  if (op->new_name != NULL) copy->new_name = sim_copy_text(op->new_name, strlen(op->new_name));
}

sim_system *sim_clone(sim_system *sim) {
  sim_system *clone = new_empty();
  bpi_mutex_lock(&sim->mutex);
  for (size_t i = 0; i < sim->node_count; i++) copy_node(clone, sim->nodes[i]);
  for (size_t i = 0; i < sim->op_count; i++) copy_op(clone, &sim->ops[i]);
  clone->write_limit = sim->write_limit;
  clone->disk_capacity = sim->disk_capacity;
  clone->wall_ns = sim->wall_ns;
  clone->mono_ns = sim->mono_ns;
  clone->step_ns = sim->step_ns;
  clone->random_state = sim->random_state;
  clone->process_id = sim->process_id;
  bpi_mutex_unlock(&sim->mutex);
  return clone;
}

void sim_kill(sim_system *sim) {
  bpi_mutex_lock(&sim->mutex);
  sim_close_all(sim);
  sim_forget_faults(sim);
  bpi_mutex_unlock(&sim->mutex);
}

/* ------------------------------------------------------------------------------------------ clock, chance, process -- */

void sim_set_clock(sim_system *sim, int64_t wall_ns) {
  bpi_mutex_lock(&sim->mutex);
  sim->wall_ns = wall_ns;
  bpi_mutex_unlock(&sim->mutex);
}

void sim_set_clock_step(sim_system *sim, int64_t step_ns) {
  bpi_mutex_lock(&sim->mutex);
  sim->step_ns = step_ns;
  bpi_mutex_unlock(&sim->mutex);
}

void sim_set_seed(sim_system *sim, uint64_t seed) {
  bpi_mutex_lock(&sim->mutex);
  sim->random_state = seed;
  bpi_mutex_unlock(&sim->mutex);
}

void sim_set_process_id(sim_system *sim, uint64_t id) {
  bpi_mutex_lock(&sim->mutex);
  sim->process_id = id;
  bpi_mutex_unlock(&sim->mutex);
}

/* ----------------------------------------------------------------------------------------------- behind the system -- */

static void must_find(sim_system *sim, const char *path, sim_place *place) {
  int failed = sim_find(sim, path, place);
  if (failed == 0) return;
  fprintf(stderr, "sim: no such place: %s\n", path);
  abort();
}

/* The name as processes see it and on the disk alike. */
static sim_node *settle_name(sim_system *sim, const char *path, int is_directory) {
  sim_place place;
  must_find(sim, path, &place);
  if (place.node == SIM_NO_NODE) {
    sim_add_node(sim, is_directory, &place.node);
    sim_link(sim, &place, place.node);
  }
  if (place.directory != SIM_NO_NODE) sim_flush(sim, place.directory);
  return sim->nodes[place.node];
}

static void settle_parents(sim_system *sim, const char *path) {
  for (size_t end = 1; path[end] != '\0'; end++) {
    if (path[end] != '/') continue;
    char *parent = sim_copy_text(path, end);
    settle_name(sim, parent, 1);
    free(parent);
  }
}

void sim_put(sim_system *sim, const char *path, const void *bytes, size_t length) {
  sim_place place;
  bpi_mutex_lock(&sim->mutex);
  settle_parents(sim, path);
  settle_name(sim, path, 0);
  must_find(sim, path, &place);
  sim_truncate(sim, place.node, 0);
  sim_write(sim, place.node, 0, bytes, length);
  sim_flush(sim, place.node);
  bpi_mutex_unlock(&sim->mutex);
}

int sim_get(sim_system *sim, const char *path, bpi_buffer *content) {
  sim_place place;
  bpi_mutex_lock(&sim->mutex);
  int found = sim_find(sim, path, &place) == 0 && place.node != SIM_NO_NODE && !sim->nodes[place.node]->is_directory;
  content->length = 0;
  if (found) bpi_buffer_append(content, sim->nodes[place.node]->region->bytes, sim->nodes[place.node]->size);
  bpi_mutex_unlock(&sim->mutex);
  return found;
}

void sim_set_mode(sim_system *sim, const char *path, uint32_t mode) {
  sim_place place;
  bpi_mutex_lock(&sim->mutex);
  must_find(sim, path, &place);
  sim_node *file = place.node == SIM_NO_NODE ? NULL : sim->nodes[place.node];
  if (file == NULL || file->is_directory) abort();
  file->mode = mode;
  bpi_mutex_unlock(&sim->mutex);
}

int sim_is_flushed(sim_system *sim, const char *path, uint64_t offset, uint64_t length) {
  sim_place place;
  bpi_mutex_lock(&sim->mutex);
  int flushed = sim_find(sim, path, &place) == 0 && place.node != SIM_NO_NODE &&
                sim->nodes[place.node]->durable_size >= offset + length;
  for (size_t i = 0; flushed && i < sim->op_count; i++) {
    const sim_op *op = &sim->ops[i];
    int names_it = op->target == place.node && op->name != NULL;
    int changes_it = op->node == place.node && op->kind <= SIM_OP_TRUNCATE && op->offset < offset + length &&
                     (op->kind == SIM_OP_TRUNCATE || op->offset + op->length > offset);
    flushed = !names_it && !changes_it;
  }
  bpi_mutex_unlock(&sim->mutex);
  return flushed;
}

void sim_flip(sim_system *sim, const char *path, uint64_t offset, uint8_t bits) {
  sim_place place;
  bpi_mutex_lock(&sim->mutex);
  must_find(sim, path, &place);
  sim_node *file = place.node == SIM_NO_NODE ? NULL : sim->nodes[place.node];
  if (file == NULL || file->is_directory || offset >= file->size) abort();
  file->region->bytes[offset] ^= bits;
  if (offset < file->durable_size) file->durable[offset] ^= bits;
  bpi_mutex_unlock(&sim->mutex);
}
