/* The death of the machine: fates for the pending operations, the choices worth trying, and what is left. */
#include "support/sim_internal.h"

#include "base/hash.h"

#include <stdlib.h>

size_t sim_pending_count(sim_system *sim) {
  bpi_mutex_lock(&sim->mutex);
  size_t count = sim->op_count;
  bpi_mutex_unlock(&sim->mutex);
  return count;
}

sim_pending sim_pending_at(sim_system *sim, size_t index) {
  sim_pending pending = {0};
  bpi_mutex_lock(&sim->mutex);
  if (index < sim->op_count) {
    const sim_op *op = &sim->ops[index];
    pending = (sim_pending){op->kind, (uint32_t)op->in_doubt, op->offset, op->length, op->name};
  }
  bpi_mutex_unlock(&sim->mutex);
  return pending;
}

/* ----------------------------------------------------------------------------------------------------------- crash -- */

/* Processes see what the disk holds.  A view of before keeps its bytes: whoever made it is dead, but may still unmap. */
static void show_durable(sim_node *node) {
  if (node->is_directory) {
    sim_free_entries(&node->now);
    sim_copy_entries(&node->now, &node->settled);
    return;
  }
  if (node->region->references > 1) {
    sim_region_release(node->region);
    node->region = sim_region_new();
    node->size = 0;
  }
  sim_region_resize(node->region, node->size, node->durable_size);
  if (node->durable_size > 0) memcpy(node->region->bytes, node->durable, node->durable_size);
  node->size = node->durable_size;
}

static void count_names(sim_system *sim, uint32_t node) {
  if (sim->nodes[node]->names++ > 0) return;
  const sim_entries *entries = &sim->nodes[node]->now;
  for (size_t i = 0; i < entries->count; i++) count_names(sim, entries->items[i].node);
}

static void forget_nameless(sim_system *sim) {
  for (size_t i = 0; i < sim->node_count; i++) {
    if (sim->nodes[i] != NULL) sim->nodes[i]->names = 0;
  }
  count_names(sim, SIM_ROOT);
  for (size_t i = 0; i < sim->node_count; i++) {
    if (sim->nodes[i] == NULL || sim->nodes[i]->names > 0) continue;
    sim_free_node(sim->nodes[i]);
    sim->nodes[i] = NULL;
  }
}

/* `fates` has one for each pending operation. */
static void crash(sim_system *sim, const sim_fate *fates) {
  uint8_t *touched = (uint8_t *)sim_allocate(sim->node_count);
  for (size_t i = 0; i < sim->op_count; i++) touched[sim->ops[i].node] = 1;
  for (uint32_t i = 0; i < sim->node_count; i++) {
    if (!touched[i] || sim->nodes[i] == NULL) continue;
    if (sim->nodes[i]->is_directory) {
      sim_settle_directory(sim, i, fates);
    } else {
      sim_settle_file(sim, i, fates, NULL);
    }
    show_durable(sim->nodes[i]);
  }
  free(touched);
  for (size_t i = 0; i < sim->op_count; i++) sim_free_op(&sim->ops[i]);
  sim->op_count = 0;
  forget_nameless(sim);
  sim_close_all(sim);
  sim_forget_faults(sim);
}

void sim_crash_fates(sim_system *sim, const sim_fate *fates, size_t count) {
  bpi_mutex_lock(&sim->mutex);
  sim_fate *all = (sim_fate *)sim_allocate(sim->op_count * sizeof(sim_fate));
  for (size_t i = 0; i < count && i < sim->op_count; i++) all[i] = fates[i];
  crash(sim, all);
  free(all);
  bpi_mutex_unlock(&sim->mutex);
}

/* --------------------------------------------------------------------------------------------------------- choices -- */

static sim_fate random_fate(uint64_t seed, size_t index, size_t sectors) {
  static const uint32_t kinds[] = {SIM_KEPT, SIM_KEPT,   SIM_KEPT, SIM_KEPT, SIM_LOST,
                                   SIM_LOST, SIM_BLOCKS, SIM_HOLE, SIM_TORN, SIM_CUT};
  uint64_t state = seed ^ ((uint64_t)index << 32);
  sim_fate fate = {.kind = kinds[sim_random_next(&state) % (sizeof kinds / sizeof kinds[0])]};
  fate.seed = sim_random_next(&state);
  if (sectors > 0) fate.sectors = (uint32_t)(sim_random_next(&state) % sectors);
  return fate;
}

static sim_fate chosen_fate(const sim_op *op, size_t index, const sim_choice *choice) {
  int is_name = op->kind != SIM_OP_WRITE && op->kind != SIM_OP_TRUNCATE;
  sim_fate fate = {SIM_LOST, choice->sectors, choice->seed};
  switch (choice->kind) {
    case SIM_ALL_KEPT: fate.kind = SIM_KEPT; break;
    case SIM_ALL_HOLES: fate.kind = SIM_HOLE; break;
    case SIM_ALL_BLOCKS: fate.kind = is_name || op->kind == SIM_OP_WRITE ? SIM_BLOCKS : SIM_LOST; break;
    case SIM_PREFIX:
    case SIM_PREFIX_CUT:
    case SIM_PREFIX_TORN: fate.kind = index < choice->op ? SIM_KEPT : SIM_LOST; break;
    case SIM_WITHOUT: fate.kind = index == choice->op ? SIM_LOST : SIM_KEPT; break;
    case SIM_ONLY: fate.kind = index == choice->op ? SIM_KEPT : SIM_LOST; break;
    case SIM_NAMES: fate.kind = is_name ? SIM_KEPT : SIM_LOST; break;
    case SIM_CONTENTS: fate.kind = is_name ? SIM_LOST : SIM_KEPT; break;
    case SIM_RANDOM: return random_fate(choice->seed, index, sim_op_sectors(op));
  }
  if (index == choice->op && choice->kind == SIM_PREFIX_CUT) fate.kind = SIM_CUT;
  if (index == choice->op && choice->kind == SIM_PREFIX_TORN) fate.kind = SIM_TORN;
  return fate;
}

void sim_crash(sim_system *sim, const sim_choice *choice) {
  bpi_mutex_lock(&sim->mutex);
  sim_fate *fates = (sim_fate *)sim_allocate(sim->op_count * sizeof(sim_fate));
  for (size_t i = 0; i < sim->op_count; i++) fates[i] = chosen_fate(&sim->ops[i], i, choice);
  crash(sim, fates);
  free(fates);
  bpi_mutex_unlock(&sim->mutex);
}

sim_system *sim_crashed(sim_system *sim, const sim_choice *choice) {
  sim_system *after = sim_clone(sim);
  sim_crash(after, choice);
  return after;
}

typedef struct choice_list {
  sim_choice *items;
  size_t count;
  size_t capacity;
} choice_list;

static void add_choice(choice_list *list, uint32_t kind, size_t op, size_t sectors, uint64_t seed) {
  list->items = (sim_choice *)sim_grown(list->items, &list->capacity, list->count + 1, sizeof(sim_choice));
  list->items[list->count++] = (sim_choice){kind, (uint32_t)sectors, op, seed};
}

static void add_tears(choice_list *list, size_t op, size_t sectors, uint64_t seed) {
  if (sectors < 2) return;
  add_choice(list, SIM_PREFIX_CUT, op, 1, 0);
  if (sectors > 3) add_choice(list, SIM_PREFIX_CUT, op, sectors / 2, 0);
  if (sectors > 2) add_choice(list, SIM_PREFIX_CUT, op, sectors - 1, 0);
  add_choice(list, SIM_PREFIX_TORN, op, 0, seed + op);
}

/* Left out: what another choice gives too, as losing the last one alone, which is a prefix. */
static choice_list regular_choices(const sim_system *sim, uint64_t seed) {
  choice_list list = {NULL, 0, 0};
  size_t count = sim->op_count;
  add_choice(&list, SIM_ALL_LOST, 0, 0, 0);
  if (count == 0) return list;
  add_choice(&list, SIM_ALL_KEPT, 0, 0, 0);
  add_choice(&list, SIM_ALL_HOLES, 0, 0, 0);
  add_choice(&list, SIM_ALL_BLOCKS, 0, 0, 0);
  add_choice(&list, SIM_NAMES, 0, 0, 0);
  add_choice(&list, SIM_CONTENTS, 0, 0, 0);
  for (size_t i = 1; i < count; i++) add_choice(&list, SIM_PREFIX, i, 0, 0);
  for (size_t i = 0; i + 1 < count; i++) add_choice(&list, SIM_WITHOUT, i, 0, 0);
  for (size_t i = 1; i < count; i++) add_choice(&list, SIM_ONLY, i, 0, 0);
  for (size_t i = 0; i < count; i++) add_tears(&list, i, sim_op_sectors(&sim->ops[i]), seed);
  return list;
}

size_t sim_choices(sim_system *sim, sim_choice *choices, size_t capacity, uint64_t seed) {
  bpi_mutex_lock(&sim->mutex);
  choice_list list = regular_choices(sim, seed);
  size_t count = list.count < capacity ? list.count : capacity;
  for (size_t i = 0; i < count; i++) choices[i] = list.items[i * list.count / count];
  if (sim->op_count > 0) {
    for (; count < capacity; count++) choices[count] = (sim_choice){.kind = SIM_RANDOM, .seed = seed + count};
  }
  free(list.items);
  bpi_mutex_unlock(&sim->mutex);
  return count;
}

/* ---------------------------------------------------------------------------------------------------------- digest -- */

/* A sum, so that the order of entries does not matter; the name and all names above it go into each term. */
static uint64_t digest_of(const sim_system *sim, uint32_t number, uint64_t path) {
  const sim_node *node = sim->nodes[number];
  if (!node->is_directory) return bpi_hash_mix(path | 1, bpi_hash(node->region->bytes, (size_t)node->size, path) | 1);
  uint64_t sum = path;
  for (size_t i = 0; i < node->now.count; i++) {
    const sim_entry *entry = &node->now.items[i];
    sum += digest_of(sim, entry->node, bpi_hash(entry->name, strlen(entry->name), path));
  }
  return sum;
}

uint64_t sim_digest(sim_system *sim) {
  bpi_mutex_lock(&sim->mutex);
  uint64_t digest = digest_of(sim, SIM_ROOT, 1);
  bpi_mutex_unlock(&sim->mutex);
  return digest;
}
