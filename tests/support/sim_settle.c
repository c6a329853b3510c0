/* Pending operations become the disk: all of them at a flush, some of them at a crash.  One way for both, so that what a
 * flush promises and what a crash keeps cannot drift apart. */
#include "support/sim_internal.h"

#include <stdlib.h>

/* The sectors that pending writes of a file touch, and up to which operation each of them landed (index + 1). */
typedef struct sectors {
  uint64_t first;
  uint64_t count;
  size_t *landed_to;
} sectors;

static int is_content(const sim_op *op) { return op->kind == SIM_OP_WRITE || op->kind == SIM_OP_TRUNCATE; }

static uint64_t end_of(const sim_op *op) { return op->offset + op->length; }

size_t sim_op_sectors(const sim_op *op) {
  if (op->kind != SIM_OP_WRITE) return 0;
  return (size_t)((end_of(op) - 1) / SIM_SECTOR - op->offset / SIM_SECTOR + 1);
}

static uint64_t cut_end(const sim_op *op, sim_fate fate) {
  uint64_t end = (op->offset / SIM_SECTOR + fate.sectors) * SIM_SECTOR;
  return end < end_of(op) ? end : end_of(op);
}

static int changes_size(sim_fate fate) {
  return fate.kind != SIM_LOST && fate.kind != SIM_BLOCKS && (fate.kind != SIM_CUT || fate.sectors > 0);
}

static int sector_landed(sim_fate fate, uint64_t sector_of_op) {
  switch (fate.kind) {
    case SIM_KEPT:
    case SIM_BLOCKS: return 1;
    case SIM_CUT: return sector_of_op < fate.sectors;
    case SIM_TORN: {
      uint64_t state = fate.seed + sector_of_op;
      return (int)(sim_random_next(&state) & 1);
    }
    default: return 0;
  }
}

/* ------------------------------------------------------------------------------------------- a file, step by step -- */

/* The last operation whose change of the size landed (index + 1): it takes all earlier ones with it.  A write that landed
 * where only an earlier change made room brings that change along. */
static size_t last_size_change(const sim_system *sim, uint32_t node, const sim_fate *fates) {
  uint64_t size = sim->nodes[node]->durable_size, landed_size = size;
  size_t latest = 0, last = 0;
  for (size_t i = 0; i < sim->op_count; i++) {
    const sim_op *op = &sim->ops[i];
    if (op->node != node || !is_content(op)) continue;
    int truncates = op->kind == SIM_OP_TRUNCATE;
    if (truncates || end_of(op) > size) {
      size = end_of(op);
      latest = i + 1;
    }
    int lands = truncates ? fates[i].kind != SIM_LOST : changes_size(fates[i]);
    if (lands && (latest == i + 1 || end_of(op) > landed_size)) {
      last = latest;
      landed_size = size;
    }
  }
  return last;
}

static sectors touched_sectors(const sim_system *sim, uint32_t node) {
  uint64_t low = UINT64_MAX, high = 0;
  for (size_t i = 0; i < sim->op_count; i++) {
    const sim_op *op = &sim->ops[i];
    if (op->node != node || !is_content(op)) continue;
    uint64_t last = op->kind == SIM_OP_WRITE ? end_of(op) - 1 : op->offset;
    if (op->offset / SIM_SECTOR < low) low = op->offset / SIM_SECTOR;
    if (last / SIM_SECTOR + 1 > high) high = last / SIM_SECTOR + 1;
  }
  sectors touched = {low, high > low ? high - low : 0, NULL};
  touched.landed_to = (size_t *)sim_allocate((size_t)touched.count * sizeof(size_t));
  return touched;
}

static size_t *landed_to(const sectors *touched, uint64_t sector) {
  return &touched->landed_to[sector - touched->first];
}

/* Behind a truncation that did not land there is no place for later bytes: the disk still has the old blocks there. */
static void decide_sectors(const sim_system *sim, uint32_t node, const sim_fate *fates, size_t size_changes,
                           const sectors *touched) {
  uint64_t places_end = UINT64_MAX;
  for (size_t i = 0; i < sim->op_count; i++) {
    const sim_op *op = &sim->ops[i];
    if (op->node != node || !is_content(op)) continue;
    uint64_t first = op->offset / SIM_SECTOR;
    if (op->kind == SIM_OP_TRUNCATE) {
      if (fates[i].kind != SIM_LOST || i < size_changes) *landed_to(touched, first) = i + 1;
      if (i >= size_changes && op->offset < places_end) places_end = op->offset;
      continue;
    }
    for (size_t k = 0; k < sim_op_sectors(op); k++) {
      int has_place = (first + k) * SIM_SECTOR < places_end;
      if (has_place && sector_landed(fates[i], k)) *landed_to(touched, first + k) = i + 1;
    }
  }
}

static void make_room(sim_node *file, uint64_t size) {
  if (size <= file->durable_high) return;
  size_t before = file->durable_capacity;
  file->durable = (uint8_t *)sim_grown(file->durable, &file->durable_capacity, (size_t)size, 1);
  memset(file->durable + before, 0, file->durable_capacity - before);
  file->durable_high = size;
}

static void replay_write(sim_node *file, const sim_op *op, size_t index, const sectors *touched) {
  make_room(file, end_of(op));
  for (uint64_t from = op->offset, to; from < end_of(op); from = to) {
    to = (from / SIM_SECTOR + 1) * SIM_SECTOR;
    if (to > end_of(op)) to = end_of(op);
    if (index < *landed_to(touched, from / SIM_SECTOR)) {
      memcpy(file->durable + from, op->bytes + (from - op->offset), (size_t)(to - from));
    }
  }
}

static void clear(sim_node *file, uint64_t from, uint64_t to) {
  if (to > file->durable_high) to = file->durable_high;
  if (from < to) memset(file->durable + from, 0, (size_t)(to - from));
}

static void replay_truncate(sim_node *file, const sim_op *op, size_t index, size_t size_changes,
                            const sectors *touched) {
  uint64_t sector = op->offset / SIM_SECTOR;
  if (index < *landed_to(touched, sector)) clear(file, op->offset, (sector + 1) * SIM_SECTOR);
  if (index < size_changes) clear(file, op->offset, UINT64_MAX);
}

void sim_settle_file(sim_system *sim, uint32_t node, const sim_fate *fates, uint8_t *landed) {
  sim_node *file = sim->nodes[node];
  size_t size_changes = last_size_change(sim, node, fates);
  sectors touched = touched_sectors(sim, node);
  decide_sectors(sim, node, fates, size_changes, &touched);
  uint64_t size = file->durable_size;
  for (size_t i = 0; i < sim->op_count; i++) {
    const sim_op *op = &sim->ops[i];
    if (op->node != node || !is_content(op)) continue;
    uint64_t first = op->offset / SIM_SECTOR;
    if (landed != NULL) landed[i] = op->kind == SIM_OP_TRUNCATE || i < *landed_to(&touched, first);
    if (op->kind == SIM_OP_TRUNCATE) {
      replay_truncate(file, op, i, size_changes, &touched);
      if (i < size_changes) size = op->offset;
      continue;
    }
    replay_write(file, op, i, &touched);
    uint64_t end = i + 1 == size_changes && fates[i].kind == SIM_CUT ? cut_end(op, fates[i]) : end_of(op);
    if (i < size_changes && end > size) size = end;
  }
  make_room(file, size);
  clear(file, size, UINT64_MAX);
  file->durable_size = file->durable_high = size;
  free(touched.landed_to);
}

void sim_settle_directory(sim_system *sim, uint32_t node, const sim_fate *fates) {
  for (size_t i = 0; i < sim->op_count; i++) {
    const sim_op *op = &sim->ops[i];
    if (op->node == node && !is_content(op) && fates[i].kind != SIM_LOST) {
      sim_apply_name(&sim->nodes[node]->settled, op);
    }
  }
}

/* ---------------------------------------------------------------------------------------------------------- flushes -- */

void sim_drop_ops(sim_system *sim, const uint8_t *dropped) {
  size_t kept = 0;
  for (size_t i = 0; i < sim->op_count; i++) {
    if (dropped[i]) {
      sim_free_op(&sim->ops[i]);
    } else {
      sim->ops[kept++] = sim->ops[i];
    }
  }
  sim->op_count = kept;
}

static int same_name(const char *a, const char *b) { return a != NULL && b != NULL && strcmp(a, b) == 0; }

/* An operation in doubt comes to an end when a later one has landed on its place: on its sector, behind its end, or on its
 * name. */
static void end_doubts(const sim_system *sim, uint32_t node, uint8_t *dropped) {
  for (size_t i = 0; i < sim->op_count; i++) {
    const sim_op *doubt = &sim->ops[i];
    for (size_t j = i + 1; doubt->node == node && doubt->in_doubt && !dropped[i] && j < sim->op_count; j++) {
      const sim_op *later = &sim->ops[j];
      if (later->node != node || later->in_doubt) continue;
      dropped[i] = (later->kind == SIM_OP_TRUNCATE && later->offset <= doubt->offset) ||
                   same_name(doubt->name, later->name) || same_name(doubt->name, later->new_name) ||
                   same_name(doubt->new_name, later->name) || same_name(doubt->new_name, later->new_name);
    }
  }
}

void sim_flush(sim_system *sim, uint32_t node) {
  sim_fate *fates = (sim_fate *)sim_allocate(sim->op_count * sizeof(sim_fate));
  uint8_t *dropped = (uint8_t *)sim_allocate(sim->op_count);
  int is_directory = sim->nodes[node]->is_directory;
  for (size_t i = 0; i < sim->op_count; i++) {
    const sim_op *op = &sim->ops[i];
    if (op->node != node) continue;
    sim->changes++;
    uint32_t doubted = is_directory ? SIM_LOST : SIM_HOLE;
    fates[i].kind = op->in_doubt ? doubted : SIM_KEPT;
    dropped[i] = !op->in_doubt;
  }
  if (is_directory) {
    sim_settle_directory(sim, node, fates);
  } else {
    sim_settle_file(sim, node, fates, dropped);
  }
  end_doubts(sim, node, dropped);
  sim_drop_ops(sim, dropped);
  free(dropped);
  free(fates);
}

static size_t push_op(sim_op **ops, size_t count, size_t *capacity, sim_op op) {
  *ops = (sim_op *)sim_grown(*ops, capacity, count + 1, sizeof(sim_op));
  (*ops)[count] = op;
  return count + 1;
}

/* A sector at a time: each has its own fate from now on. */
static size_t push_pieces(sim_op **ops, size_t count, size_t *capacity, const sim_op *op) {
  for (uint64_t from = op->offset, to; from < end_of(op); from = to) {
    to = (from / SIM_SECTOR + 1) * SIM_SECTOR;
    if (to > end_of(op)) to = end_of(op);
    sim_op piece = *op;
    piece.in_doubt = 1;
    piece.offset = from;
    piece.length = (size_t)(to - from);
    piece.bytes = (uint8_t *)sim_allocate(piece.length);
    memcpy(piece.bytes, op->bytes + (from - op->offset), piece.length);
    count = push_op(ops, count, capacity, piece);
  }
  return count;
}

void sim_fail_flush(sim_system *sim, uint32_t node) {
  sim->changes++;
  sim_op *ops = NULL;
  size_t count = 0, capacity = 0;
  for (size_t i = 0; i < sim->op_count; i++) {
    sim_op op = sim->ops[i];
    if (op.node == node && op.kind == SIM_OP_WRITE) {
      count = push_pieces(&ops, count, &capacity, &op);
      sim_free_op(&op);
    } else {
      /* A file's size is not among the pages that were dropped. */
      if (op.node == node && op.kind != SIM_OP_TRUNCATE) op.in_doubt = 1;
      count = push_op(&ops, count, &capacity, op);
    }
  }
  free(sim->ops);
  sim->ops = ops;
  sim->op_count = count;
  sim->op_capacity = capacity;
}
