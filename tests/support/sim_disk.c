/* Files and directories as processes see them.  Every change is made here and logged as a pending operation. */
#include "support/sim_internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 4096, POOL = 4096, POOLED_BYTES = 16 * PAGE };

/* ---------------------------------------------------------------------------------------------------------- memory -- */

static void must(int holds) {
  if (holds) return;
  fputs("sim: no memory\n", stderr);
  abort();
}

void *sim_allocate(size_t size) {
  void *block = calloc(1, size > 0 ? size : 1);
  must(block != NULL);
  return block;
}

char *sim_copy_text(const char *text, size_t length) {
  char *copy = (char *)sim_allocate(length + 1);
  memcpy(copy, text, length);
  return copy;
}

void *sim_grown(void *array, size_t *capacity, size_t needed, size_t width) {
  bpi_memory memory = bpi_memory_default();
  must(bpi_grow(&memory, &array, capacity, needed, width) == 0);
  return array;
}

uint64_t sim_random_next(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* --------------------------------------------------------------------------------------------------------- regions -- */

/* Regions that nobody uses any more, with their small beginnings still accessible and zero: to reserve one costs more than
 * all else that a crash explorer does with it. */
static struct {
  pthread_mutex_t mutex;
  sim_region *items[POOL];
  size_t count;
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static sim_region *pooled_region(void) {
  pthread_mutex_lock(&pool.mutex);
  sim_region *region = pool.count > 0 ? pool.items[--pool.count] : NULL;
  pthread_mutex_unlock(&pool.mutex);
  return region;
}

static int pool_region(sim_region *region) {
  if (region->accessible > POOLED_BYTES) return 0;
  memset(region->bytes, 0, region->accessible);
  pthread_mutex_lock(&pool.mutex);
  int kept = pool.count < POOL;
  if (kept) pool.items[pool.count++] = region;
  pthread_mutex_unlock(&pool.mutex);
  return kept;
}

sim_region *sim_region_new(void) {
  sim_region *region = pooled_region();
  if (region == NULL) {
    region = (sim_region *)sim_allocate(sizeof *region);
    void *bytes = mmap(NULL, SIM_FILE_MAX, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(bytes != MAP_FAILED);
    region->bytes = (uint8_t *)bytes;
  }
  region->references = 1;
  return region;
}

void sim_region_release(sim_region *region) {
  if (region == NULL || --region->references > 0 || pool_region(region)) return;
  munmap(region->bytes, SIM_FILE_MAX);
  free(region);
}

/* Bytes of the last page behind `size` are zeros, as on Linux. */
void sim_region_resize(sim_region *region, uint64_t old_size, uint64_t size) {
  size_t accessible = ((size_t)size + PAGE - 1) / PAGE * PAGE;
  if (accessible > region->accessible) {
    must(mprotect(region->bytes + region->accessible, accessible - region->accessible, PROT_READ | PROT_WRITE) == 0);
  }
  if (accessible < region->accessible) {
    uint8_t *behind = region->bytes + accessible;
    must(madvise(behind, region->accessible - accessible, MADV_DONTNEED) == 0);
    must(mprotect(behind, region->accessible - accessible, PROT_NONE) == 0);
  }
  region->accessible = accessible;
  uint64_t end = old_size < accessible ? old_size : accessible;
  if (size < end) memset(region->bytes + size, 0, end - size);
}

/* ----------------------------------------------------------------------------------------------- nodes and entries -- */

sim_node *sim_add_node(sim_system *sim, int is_directory, uint32_t *number) {
  sim->nodes = (sim_node **)sim_grown(sim->nodes, &sim->node_capacity, sim->node_count + 1, sizeof(sim_node *));
  sim_node *node = (sim_node *)sim_allocate(sizeof *node);
  node->is_directory = is_directory;
  node->mode = 0644;
  if (!is_directory) node->region = sim_region_new();
  *number = (uint32_t)sim->node_count;
  sim->nodes[sim->node_count++] = node;
  return node;
}

void sim_free_entries(sim_entries *entries) {
  for (size_t i = 0; i < entries->count; i++) free(entries->items[i].name);
  free(entries->items);
  memset(entries, 0, sizeof *entries);
}

void sim_free_node(sim_node *node) {
  if (node == NULL) return;
  sim_region_release(node->region);
  free(node->durable);
  sim_free_entries(&node->now);
  sim_free_entries(&node->settled);
  free(node);
}

void sim_free_op(sim_op *op) {
  free(op->bytes);
  free(op->name);
  free(op->new_name);
}

/* The count of entries when there is none of the name. */
size_t sim_entry_index(const sim_entries *entries, const char *name) {
  size_t i = 0;
  while (i < entries->count && strcmp(entries->items[i].name, name) != 0) i++;
  return i;
}

static void set_entry(sim_entries *entries, const char *name, uint32_t node) {
  size_t i = sim_entry_index(entries, name);
  if (i == entries->count) {
    entries->items =
        (sim_entry *)sim_grown(entries->items, &entries->capacity, entries->count + 1, sizeof(sim_entry));
    entries->items[entries->count++].name = sim_copy_text(name, strlen(name));
  }
  entries->items[i].node = node;
}

void sim_copy_entries(sim_entries *to, const sim_entries *from) {
  for (size_t i = 0; i < from->count; i++) set_entry(to, from->items[i].name, from->items[i].node);
}

/* Only where the name still leads to that node: an operation may land although others before it did not. */
static void clear_entry(sim_entries *entries, const char *name, uint32_t node) {
  size_t i = sim_entry_index(entries, name);
  if (i == entries->count || entries->items[i].node != node) return;
  free(entries->items[i].name);
  entries->items[i] = entries->items[--entries->count];
}

void sim_apply_name(sim_entries *entries, const sim_op *op) {
  switch (op->kind) {
    case SIM_OP_LINK: set_entry(entries, op->name, op->target); break;
    case SIM_OP_UNLINK: clear_entry(entries, op->name, op->target); break;
    case SIM_OP_RENAME:
      clear_entry(entries, op->name, op->target);
      set_entry(entries, op->new_name, op->target);
      break;
  }
}

/* ----------------------------------------------------------------------------------------------------------- paths -- */

static int step_into(const sim_system *sim, sim_place *place, const char *name, size_t length) {
  if (length > SIM_NAME_MAX) return ENAMETOOLONG;
  if (length == 2 && memcmp(name, "..", 2) == 0) return EINVAL;
  if (place->node == SIM_NO_NODE) return ENOENT;
  const sim_node *directory = sim->nodes[place->node];
  if (!directory->is_directory) return ENOTDIR;
  memcpy(place->name, name, length);
  place->name[length] = '\0';
  place->directory = place->node;
  size_t i = sim_entry_index(&directory->now, place->name);
  place->node = i == directory->now.count ? SIM_NO_NODE : directory->now.items[i].node;
  return 0;
}

int sim_find(sim_system *sim, const char *path, sim_place *place) {
  *place = (sim_place){.directory = SIM_NO_NODE, .node = SIM_ROOT};
  if (path[0] == '\0') return ENOENT;
  for (;;) {
    path += strspn(path, "/");
    size_t length = strcspn(path, "/");
    if (length == 0) return 0;
    if (length != 1 || path[0] != '.') {
      int failed = step_into(sim, place, path, length);
      if (failed != 0) return failed;
    }
    path += length;
  }
}

/* --------------------------------------------------------------------------------------------------------- changes -- */

static sim_op *log_op(sim_system *sim, uint32_t kind, uint32_t node) {
  sim->ops = (sim_op *)sim_grown(sim->ops, &sim->op_capacity, sim->op_count + 1, sizeof(sim_op));
  sim_op *op = &sim->ops[sim->op_count++];
  sim->changes++;
  *op = (sim_op){.kind = kind, .node = node, .target = SIM_NO_NODE};
  return op;
}

void sim_write(sim_system *sim, uint32_t node, uint64_t offset, const void *bytes, size_t length) {
  sim_node *file = sim->nodes[node];
  if (length == 0) return;
  if (offset + length > file->size) {
    sim_region_resize(file->region, file->size, offset + length);
    file->size = offset + length;
  }
  memcpy(file->region->bytes + offset, bytes, length);
  sim_op *op = log_op(sim, SIM_OP_WRITE, node);
  op->offset = offset;
  op->length = length;
  op->bytes = (uint8_t *)sim_allocate(length);
  memcpy(op->bytes, bytes, length);
}

void sim_truncate(sim_system *sim, uint32_t node, uint64_t size) {
  sim_node *file = sim->nodes[node];
  if (size == file->size) return;
  sim_region_resize(file->region, file->size, size);
  file->size = size;
  log_op(sim, SIM_OP_TRUNCATE, node)->offset = size;
}

static sim_op *log_name(sim_system *sim, uint32_t kind, const sim_place *place, uint32_t target) {
  sim_op *op = log_op(sim, kind, place->directory);
  op->target = target;
  op->name = sim_copy_text(place->name, strlen(place->name));
  return op;
}

void sim_link(sim_system *sim, const sim_place *place, uint32_t target) {
  sim_apply_name(&sim->nodes[place->directory]->now, log_name(sim, SIM_OP_LINK, place, target));
  sim->nodes[target]->names++;
}

int sim_unlink(sim_system *sim, const sim_place *place) {
  if (place->node == SIM_NO_NODE) return ENOENT;
  sim_node *file = sim->nodes[place->node];
  if (file->is_directory) return EISDIR;
  sim_apply_name(&sim->nodes[place->directory]->now, log_name(sim, SIM_OP_UNLINK, place, place->node));
  file->names--;
  return 0;
}

int sim_rename(sim_system *sim, const sim_place *from, const sim_place *to) {
  if (from->node == SIM_NO_NODE) return ENOENT;
  if (from->directory == SIM_NO_NODE || to->directory == SIM_NO_NODE) return EBUSY;
  if (from->directory != to->directory) return EXDEV;
  if (from->node == to->node) return 0;
  if (to->node != SIM_NO_NODE) {
    sim_node *replaced = sim->nodes[to->node];
    int moves_directory = sim->nodes[from->node]->is_directory;
    if (replaced->is_directory && !moves_directory) return EISDIR;
    if (!replaced->is_directory && moves_directory) return ENOTDIR;
    if (replaced->now.count > 0) return ENOTEMPTY;
    replaced->names--;
  }
  sim_op *op = log_name(sim, SIM_OP_RENAME, from, from->node);
  op->new_name = sim_copy_text(to->name, strlen(to->name));
  sim_apply_name(&sim->nodes[from->directory]->now, op);
  return 0;
}
