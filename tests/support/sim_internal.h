/* What the files of the simulated system share.  Everything here is called with the mutex held. */
#ifndef SUPPORT_SIM_INTERNAL_H
#define SUPPORT_SIM_INTERNAL_H

#include "support/sim.h"
#include "sys/thread.h"

enum { SIM_ROOT = 0, SIM_FAULTS_MAX = 16, SIM_NAME_MAX = 255 };

/* The number of no node. */
#define SIM_NO_NODE UINT32_MAX

/* A file's bytes as processes see them, at an address that stays: reserved once, made accessible up to the last page of
 * the file, so that a view past the end faults as it would on Linux. */
typedef struct sim_region {
  uint8_t *bytes;
  size_t accessible;
  uint32_t references; /* the file's own and one for each view */
} sim_region;

typedef struct sim_entry {
  char *name;
  uint32_t node;
} sim_entry;

typedef struct sim_entries {
  sim_entry *items;
  size_t count;
  size_t capacity;
} sim_entries;

/* A file or a directory, by number for ever.  `region`, `size` and `now` are what processes see; the others are what the
 * disk surely holds.  Bytes of `durable` behind durable_size are zeros, but while settling. */
typedef struct sim_node {
  int is_directory;
  uint32_t mode;  /* of a file: who may do what with it; durable at once */
  uint32_t names; /* entries that lead here, as processes see it */
  sim_region *region;
  uint64_t size;
  uint8_t *durable;
  size_t durable_capacity;
  uint64_t durable_size;
  uint64_t durable_high; /* bytes of `durable` behind it are zeros always */
  sim_entries now;
  sim_entries settled;
} sim_node;

typedef struct sim_op {
  uint32_t kind; /* SIM_OP_* */
  int in_doubt;
  uint32_t node;   /* the file, or the directory whose entries change */
  uint32_t target; /* of a name operation: what the name leads to */
  uint64_t offset;
  size_t length;
  uint8_t *bytes;
  char *name;
  char *new_name; /* of a rename */
} sim_op;

typedef struct sim_handle {
  int file;
  uint32_t node;
  int writable;
  int lock; /* 0: none, 1: shared, 2: exclusive */
  char *path;
} sim_handle;

typedef struct sim_bad_range {
  uint32_t node;
  uint64_t offset;
  uint64_t length;
} sim_bad_range;

typedef struct sim_faults {
  sim_fault items[SIM_FAULTS_MAX];
  char *path_ends[SIM_FAULTS_MAX];
  size_t count;
  sim_bad_range *bad_ranges;
  size_t bad_range_count;
  size_t bad_range_capacity;
  uint64_t stop_in; /* calls until the stop, that call included; 0: none */
  int stopped;
} sim_faults;

struct sim_system {
  bp_system table;
  bpi_mutex mutex;
  sim_node **nodes; /* NULL where a crash left nothing */
  size_t node_count, node_capacity;
  sim_op *ops; /* in the order in which they were made */
  size_t op_count, op_capacity;
  sim_handle *handles;
  size_t handle_count, handle_capacity;
  sim_region **views; /* one for each mapping */
  size_t view_count, view_capacity;
  int next_file;
  int first_file; /* the first that this process could have; lower ones died with another */
  size_t open_events;
  uint64_t misuses;
  uint64_t calls[SIM_CALL_KINDS];
  uint64_t written_bytes;
  uint64_t changes;
  void (*observer)(void *user);
  void *observer_user;
  sim_faults faults;
  size_t write_limit;
  uint64_t disk_capacity;
  int64_t wall_ns;
  uint64_t mono_ns;
  int64_t step_ns;
  uint64_t random_state;
  uint64_t process_id;
};

/* sim_disk.c: memory, files and directories as processes see them; each change becomes a pending operation. */
void *sim_allocate(size_t size);
char *sim_copy_text(const char *text, size_t length);
void *sim_grown(void *array, size_t *capacity, size_t needed, size_t width);

sim_region *sim_region_new(void);
void sim_region_release(sim_region *region);
void sim_region_resize(sim_region *region, uint64_t old_size, uint64_t size);

/* Where a path leads: `node` is SIM_NO_NODE when only its last name is missing. */
typedef struct sim_place {
  uint32_t directory; /* SIM_NO_NODE for the root */
  uint32_t node;
  char name[SIM_NAME_MAX + 1];
} sim_place;

int sim_find(sim_system *sim, const char *path, sim_place *place);
sim_node *sim_add_node(sim_system *sim, int is_directory, uint32_t *number);
void sim_free_node(sim_node *node);
void sim_free_op(sim_op *op);
size_t sim_entry_index(const sim_entries *entries, const char *name);
void sim_apply_name(sim_entries *entries, const sim_op *op);
void sim_free_entries(sim_entries *entries);
void sim_copy_entries(sim_entries *to, const sim_entries *from);

void sim_write(sim_system *sim, uint32_t node, uint64_t offset, const void *bytes, size_t length);
void sim_truncate(sim_system *sim, uint32_t node, uint64_t size);
void sim_link(sim_system *sim, const sim_place *place, uint32_t target);
int sim_unlink(sim_system *sim, const sim_place *place);
int sim_rename(sim_system *sim, const sim_place *from, const sim_place *to);

/* splitmix64 */
uint64_t sim_random_next(uint64_t *state);

/* sim_settle.c: pending operations become the disk. */
void sim_settle_file(sim_system *sim, uint32_t node, const sim_fate *fates, uint8_t *landed);
void sim_settle_directory(sim_system *sim, uint32_t node, const sim_fate *fates);
void sim_flush(sim_system *sim, uint32_t node);
void sim_fail_flush(sim_system *sim, uint32_t node);
void sim_drop_ops(sim_system *sim, const uint8_t *dropped);
/* How many sectors an operation touches; 0 unless it is a write. */
size_t sim_op_sectors(const sim_op *op);

/* sim_fault.c: counts the call and answers 0, or the errno with which it is to fail. */
int sim_gate(sim_system *sim, int kind, const char *path, const char *other_path);
int sim_range_is_bad(const sim_system *sim, uint32_t node, uint64_t offset, size_t length);
/* How much of a write the disk takes, above 0, or ENOSPC. */
int sim_admit_write(sim_system *sim, uint32_t node, uint64_t offset, size_t *length);
uint64_t sim_space_used(const sim_system *sim);
void sim_forget_faults(sim_system *sim);

/* sim_calls.c */
bp_system sim_make_table(sim_system *sim);
void sim_close_all(sim_system *sim);

#endif
