/* What goes wrong on demand in the simulated system, and the failing allocator. */
#include "support/memory_fault.h"
#include "support/sim.h"
#include "sys/file.h"

#include <criterion/criterion.h>
#include <errno.h>

static sim_system *sim;
static const bp_system *disk;

static void set_up(void) {
  sim = sim_new();
  disk = sim_table(sim);
}

static void tear_down(void) { sim_free(sim); }

TestSuite(sim_fault, .init = set_up, .fini = tear_down);

static int ignore_name(void *user, const char *name, size_t length) {
  (void)user;
  (void)name;
  (void)length;
  return 0;
}

/* Makes one call of the kind on a file and a directory that are there. */
static int call(int kind, int file) {
  void *c = disk->context;
  uint8_t bytes[8];
  uint64_t size;
  uint32_t mode;
  size_t done;
  const uint8_t *view;
  int opened, path_kind, failed;
  switch (kind) {
    case SIM_OPEN:
      failed = disk->file_open(c, "file", BPI_OPEN_READ, &opened);
      return failed != 0 ? failed : disk->file_close(c, opened);
    case SIM_SIZE: return disk->file_size(c, file, &size);
    case SIM_MODE: return disk->file_mode(c, file, &mode);
    case SIM_READ: return disk->file_read(c, file, 0, bytes, 1, &done);
    case SIM_WRITE: return disk->file_write(c, file, 0, "x", 1, &done);
    case SIM_TRUNCATE: return disk->file_truncate(c, file, 1);
    case SIM_SYNC: return disk->file_sync(c, file, 1);
    case SIM_LOCK: return disk->file_lock(c, file, 1);
    case SIM_MAP:
      failed = disk->file_map(c, file, 1, &view);
      if (failed == 0) disk->file_unmap(c, view, 1);
      return failed;
    case SIM_PATH_KIND: return disk->path_kind(c, "file", &path_kind);
    case SIM_RENAME: return disk->path_rename(c, "file", "file");
    case SIM_REMOVE: return disk->path_remove(c, "other");
    case SIM_DIRECTORY_CREATE: return disk->directory_create(c, "directory");
    case SIM_DIRECTORY_LIST: return disk->directory_list(c, ".", ignore_name, NULL);
    case SIM_DIRECTORY_SYNC: return disk->directory_sync(c, ".");
    case SIM_RANDOM_FILL: return disk->random_fill(c, bytes, 8);
    case SIM_EVENT_OPEN:
      failed = disk->event_open(c, &opened);
      if (failed == 0) disk->event_close(c, opened);
      return failed;
    default: cr_assert_fail("no such call"); return -1;
  }
}

static int create(const char *path) {
  int file = -1;
  cr_assert_eq(disk->file_open(disk->context, path, BPI_OPEN_CREATE_NEW, &file), 0);
  return file;
}

static sim_fault fault(int kind, uint64_t n, int errno_value, int forever, const char *path_end) {
  return (sim_fault){.kind = kind, .at = n, .errno_value = errno_value, .forever = forever, .path_end = path_end};
}

Test(sim_fault, each_kind_of_call_fails_alone) {
  int file = create("file");
  for (int kind = SIM_OPEN; kind < SIM_CALL_KINDS; kind++) {
    if (kind == SIM_CLOSE) continue;
    sim_put(sim, "other", "x", 1);
    sim_add_fault(sim, fault(kind, 1, 4711, 0, NULL));
    for (int other = SIM_OPEN; other < SIM_CALL_KINDS; other++) {
      if (other == SIM_CLOSE || other == kind) continue;
      sim_put(sim, "other", "x", 1);
      int failed = call(other, file);
      cr_assert(failed == 0 || (other == SIM_DIRECTORY_CREATE && failed == EEXIST), "%s", sim_call_name(other));
    }
    uint64_t before = sim_calls(sim, kind);
    cr_assert_eq(call(kind, file), 4711, "%s", sim_call_name(kind));
    cr_assert_eq(sim_calls(sim, kind), before + 1, "a failed call counts");
    int again = call(kind, file);
    cr_assert(again == 0 || (kind == SIM_DIRECTORY_CREATE && again == EEXIST), "%s", sim_call_name(kind));
    sim_clear_faults(sim);
  }
  cr_assert_eq(sim_misuses(sim), 0);
}

Test(sim_fault, a_failed_call_does_nothing) {
  int file = create("file"), other = -1;
  sim_add_fault(sim, fault(SIM_ANY, 1, EIO, 1, NULL));
  size_t pending = sim_pending_count(sim);
  uint64_t digest = sim_digest(sim);
  for (int kind = SIM_OPEN; kind < SIM_CALL_KINDS; kind++) {
    if (kind != SIM_CLOSE) cr_assert_eq(call(kind, file), EIO);
  }
  cr_assert_eq(disk->file_open(disk->context, "new", BPI_OPEN_CREATE_NEW, &other), EIO);
  cr_assert_eq(sim_digest(sim), digest);
  cr_assert_eq(sim_pending_count(sim), pending);
  cr_assert_eq(disk->file_close(disk->context, file), EIO);
  cr_assert_eq(sim_open_files(sim), 0, "a failed close closes");
}

Test(sim_fault, the_nth_once_in_a_row_or_for_ever) {
  int file = create("file");
  sim_add_fault(sim, fault(SIM_READ, 3, EIO, 0, NULL));
  static const int once[] = {0, 0, EIO, 0, 0};
  for (size_t i = 0; i < 5; i++) cr_assert_eq(call(SIM_READ, file), once[i]);
  sim_fault in_a_row = fault(SIM_READ, 2, EIO, 0, NULL);
  in_a_row.more = 2;
  sim_add_fault(sim, in_a_row);
  static const int thrice[] = {0, EIO, EIO, EIO, 0};
  for (size_t i = 0; i < 5; i++) cr_assert_eq(call(SIM_READ, file), thrice[i]);
  sim_add_fault(sim, fault(SIM_READ, 2, ENOMEM, 1, NULL));
  static const int always[] = {0, ENOMEM, ENOMEM, ENOMEM};
  for (size_t i = 0; i < 4; i++) cr_assert_eq(call(SIM_READ, file), always[i]);
  sim_clear_faults(sim);
  cr_assert_eq(call(SIM_READ, file), 0);
}

Test(sim_fault, faults_may_follow_a_name) {
  int a = create("a.fbat"), file = create("file");
  sim_add_fault(sim, fault(SIM_ANY, 1, EIO, 1, ".fbat"));
  cr_assert_eq(call(SIM_WRITE, file), 0);
  cr_assert_eq(call(SIM_RANDOM_FILL, file), 0);
  cr_assert_eq(call(SIM_WRITE, a), EIO);
  cr_assert_eq(disk->path_rename(disk->context, "file", "b.fbat"), EIO);
  cr_assert_eq(disk->path_rename(disk->context, "a.fbat", "b"), EIO);
  cr_assert_eq(disk->path_rename(disk->context, "file", "other"), 0);
}

Test(sim_fault, a_stop_is_for_good) {
  int file = create("file");
  sim_stop_at(sim, 3);
  cr_assert_eq(call(SIM_WRITE, file), 0);
  cr_assert_eq(call(SIM_SYNC, file), 0);
  cr_assert_not(sim_stopped(sim));
  uint64_t digest = sim_digest(sim);
  for (int kind = SIM_OPEN; kind < SIM_CALL_KINDS; kind++) {
    if (kind != SIM_CLOSE) cr_assert_eq(call(kind, file), EIO);
    cr_assert(sim_stopped(sim));
  }
  cr_assert_eq(sim_digest(sim), digest);
  cr_assert_eq(disk->file_close(disk->context, file), EIO);
  cr_assert_eq(sim_open_files(sim), 0);
  cr_assert_gt(disk->clock_wall_ns(disk->context), 0);
  cr_assert_eq(disk->process_id(disk->context), 1);
  sim_kill(sim);
  cr_assert_not(sim_stopped(sim));
  cr_assert_eq(call(SIM_OPEN, -1), 0);
}

/* What a crash explorer counts with: the calls of a workflow are those that a stop can hit. */
Test(sim_fault, every_call_of_a_workflow_can_be_the_last) {
  uint64_t before = sim_calls(sim, SIM_ANY);
  cr_assert_eq(bpi_directory_create_all(disk, "a/b", NULL), BP_OK);
  uint64_t calls = sim_calls(sim, SIM_ANY) - before;
  for (uint64_t n = 1; n <= calls + 1; n++) {
    sim_system *world = sim_new();
    sim_stop_at(world, n);
    bp_status status = bpi_directory_create_all(sim_table(world), "a/b", NULL);
    cr_assert_eq(status, n <= calls ? BP_SYSTEM : BP_OK);
    sim_free(world);
  }
}

Test(sim_fault, bad_ranges_cannot_be_read) {
  char bytes[100];
  size_t done = 99;
  int file = create("file");
  cr_assert_eq(bpi_file_write_all(disk, file, 0, bytes, (memset(bytes, 'x', 100), 100), NULL), BP_OK);
  sim_add_bad_range(sim, "file", 10, 5);
  cr_assert_eq(disk->file_read(disk->context, file, 0, bytes, 10, &done), 0);
  cr_assert_eq(disk->file_read(disk->context, file, 0, bytes, 11, &done), EIO);
  cr_assert_eq(done, 0);
  cr_assert_eq(disk->file_read(disk->context, file, 14, bytes, 1, &done), EIO);
  cr_assert_eq(disk->file_read(disk->context, file, 15, bytes, 10, &done), 0);
  cr_assert_eq(done, 10);
  sim_clear_faults(sim);
  cr_assert_eq(disk->file_read(disk->context, file, 0, bytes, 20, &done), 0);
}

Test(sim_fault, writes_may_be_short) {
  char bytes[100];
  size_t done = 0;
  memset(bytes, 'x', sizeof bytes);
  int file = create("file");
  sim_set_write_limit(sim, 7);
  cr_assert_eq(disk->file_write(disk->context, file, 0, bytes, 100, &done), 0);
  cr_assert_eq(done, 7);
  uint64_t calls = sim_calls(sim, SIM_WRITE);
  cr_assert_eq(bpi_file_write_all(disk, file, 0, bytes, 100, NULL), BP_OK);
  cr_assert_eq(sim_calls(sim, SIM_WRITE) - calls, 15);
  cr_assert_eq(sim_written_bytes(sim), 107);
  sim_set_write_limit(sim, 0);
  cr_assert_eq(disk->file_write(disk->context, file, 0, bytes, 100, &done), 0);
  cr_assert_eq(done, 100);
}

Test(sim_fault, the_disk_fills_up) {
  char bytes[100];
  size_t done = 0;
  memset(bytes, 'x', sizeof bytes);
  int a = create("a"), b = create("b");
  sim_set_capacity(sim, 150);
  cr_assert_eq(bpi_file_write_all(disk, a, 0, bytes, 100, NULL), BP_OK);
  cr_assert_eq(disk->file_write(disk->context, b, 0, bytes, 100, &done), 0);
  cr_assert_eq(done, 50, "as much as there is room for");
  cr_assert_eq(disk->file_write(disk->context, b, 50, bytes, 50, &done), ENOSPC);
  cr_assert_eq(done, 0);
  cr_assert_eq(sim_used_bytes(sim), 150);
  cr_assert_eq(disk->file_write(disk->context, b, 0, bytes, 50, &done), 0, "overwriting needs no room");
  bp_error error = {0};
  cr_assert_eq(bpi_file_write_all(disk, a, 90, bytes, 20, &error), BP_DISK_FULL);
  cr_assert_eq(error.os_error, ENOSPC);
  cr_assert_eq(disk->file_truncate(disk->context, b, 10), 0);
  cr_assert_eq(sim_used_bytes(sim), 110);
  cr_assert_eq(bpi_file_write_all(disk, a, 100, bytes, 40, NULL), BP_OK);
  cr_assert_eq(disk->path_remove(disk->context, "a"), 0);
  cr_assert_eq(sim_used_bytes(sim), 150, "an open file without a name holds its room");
  cr_assert_eq(disk->file_close(disk->context, a), 0);
  cr_assert_eq(sim_used_bytes(sim), 10);
  cr_assert_eq(disk->file_close(disk->context, b), 0);
}

Test(sim_fault, files_have_a_limit) {
  size_t done = 99;
  int file = create("file");
  cr_assert_eq(disk->file_write(disk->context, file, SIM_FILE_MAX, "x", 1, &done), EFBIG);
  cr_assert_eq(disk->file_truncate(disk->context, file, (uint64_t)SIM_FILE_MAX + 1), EFBIG);
  const uint8_t *view;
  cr_assert_eq(disk->file_map(disk->context, file, (size_t)SIM_FILE_MAX + 1, &view), ENOMEM);
  cr_assert_eq(disk->file_write(disk->context, file, SIM_FILE_MAX - 1, "x", 1, &done), 0);
}

Test(sim_fault, counters_count_by_kind) {
  int file = create("file");
  for (int i = 0; i < 3; i++) call(SIM_WRITE, file);
  call(SIM_SYNC, file);
  cr_assert_eq(sim_calls(sim, SIM_OPEN), 1);
  cr_assert_eq(sim_calls(sim, SIM_WRITE), 3);
  cr_assert_eq(sim_calls(sim, SIM_SYNC), 1);
  cr_assert_eq(sim_calls(sim, SIM_ANY), 5);
  cr_assert_eq(sim_open_files(sim), 1);
  cr_assert_str_eq(sim_call_name(SIM_SYNC), "file_sync");
  for (int kind = SIM_ANY; kind < SIM_CALL_KINDS; kind++) cr_assert_str_neq(sim_call_name(kind), "unknown");
  cr_assert_str_eq(sim_call_name(SIM_CALL_KINDS), "unknown");
}

Test(sim_fault, misuse_is_noticed) {
  uint64_t size;
  cr_assert_eq(disk->file_size(disk->context, 77, &size), EBADF);
  cr_assert_eq(sim_misuses(sim), 1);
  int file = create("file");
  cr_assert_eq(disk->file_close(disk->context, file), 0);
  cr_assert_eq(call(SIM_WRITE, file), EBADF);
  cr_assert_eq(sim_misuses(sim), 2);
}

/* ------------------------------------------------------------------------------------------ clock, chance, process -- */

Test(sim_fault, the_clock_is_ours) {
  sim_set_clock(sim, 5000);
  cr_assert_eq(disk->clock_wall_ns(disk->context), 5000);
  cr_assert_eq(disk->clock_wall_ns(disk->context), 6000);
  sim_set_clock_step(sim, -400);
  cr_assert_eq(disk->clock_wall_ns(disk->context), 7000);
  cr_assert_eq(disk->clock_wall_ns(disk->context), 6600);
  uint64_t mono = disk->clock_mono_ns(disk->context);
  cr_assert_eq(disk->clock_mono_ns(disk->context), mono + 400);
  sim_set_clock_step(sim, 0);
  sim_set_clock(sim, -1);
  cr_assert_eq(disk->clock_wall_ns(disk->context), -1);
  cr_assert_eq(disk->clock_wall_ns(disk->context), -1);
}

Test(sim_fault, chance_is_repeatable) {
  uint8_t first[32], second[32];
  sim_set_seed(sim, 7);
  cr_assert_eq(disk->random_fill(disk->context, first, 32), 0);
  sim_set_seed(sim, 7);
  cr_assert_eq(disk->random_fill(disk->context, second, 32), 0);
  cr_assert_arr_eq(first, second, 32);
  sim_set_seed(sim, 8);
  cr_assert_eq(disk->random_fill(disk->context, second, 32), 0);
  cr_assert_arr_neq(first, second, 32);
}

Test(sim_fault, the_process_may_become_a_child) {
  cr_assert_eq(disk->process_id(disk->context), 1);
  sim_set_process_id(sim, 2);
  cr_assert_eq(disk->process_id(disk->context), 2);
}

/* ---------------------------------------------------------------------------------------------- behind the system -- */

Test(sim_fault, put_get_and_flip) {
  bpi_memory memory = bpi_memory_default();
  bpi_buffer content;
  bpi_buffer_init(&content, &memory);
  sim_put(sim, "a/b/file", "abc", 3);
  cr_assert_eq(sim_pending_count(sim), 0);
  sim_flip(sim, "a/b/file", 1, 0x20);
  sim_crash(sim, &(sim_choice){.kind = SIM_ALL_LOST});
  cr_assert(sim_get(sim, "a/b/file", &content));
  cr_assert_eq(content.length, 3);
  cr_assert_arr_eq(content.data, "aBc", 3);
  sim_put(sim, "a/b/file", "x", 1);
  cr_assert(sim_get(sim, "a/b/file", &content));
  cr_assert_eq(content.length, 1);
  cr_assert_not(sim_get(sim, "a/b", &content));
  cr_assert_not(sim_get(sim, "none", &content));
  cr_assert_eq(content.length, 0);
  bpi_buffer_free(&content);
}

Test(sim_fault, what_it_does_not_know_it_refuses) {
  int kind;
  sim_put(sim, "a/file", "", 0);
  sim_put(sim, "b/file", "", 0);
  cr_assert_eq(disk->path_rename(disk->context, "a/file", "b/other"), EXDEV);
  cr_assert_eq(disk->path_kind(disk->context, "a/../b", &kind), EINVAL);
  cr_assert_eq(disk->path_rename(disk->context, "/", "c"), EBUSY);
  cr_assert_eq(disk->path_rename(disk->context, "a", "b"), ENOTEMPTY);
}

/* ------------------------------------------------------------------------------------------- the failing allocator -- */

Test(memory_fault, counts_and_fails) {
  memory_fault counted = {0};
  bpi_memory memory = memory_fault_table(&counted);
  void *a = bpi_allocate(&memory, 10), *b = bpi_allocate(&memory, 20);
  cr_assert_eq(counted.live_blocks, 2);
  cr_assert_eq(counted.live_bytes, 30);
  memory_fault_arm(&counted, 2, 0);
  void *c = bpi_allocate(&memory, 1);
  cr_assert_not_null(c);
  cr_assert_null(bpi_allocate(&memory, 1));
  void *d = bpi_allocate(&memory, 1);
  cr_assert_not_null(d);
  memory_fault_arm(&counted, 1, 1);
  cr_assert_null(bpi_allocate(&memory, 1));
  cr_assert_null(bpi_resize(&memory, a, 10, 11));
  cr_assert_eq(counted.failures, 3);
  memory_fault_disarm(&counted);
  bpi_release(&memory, a, 10);
  bpi_release(&memory, b, 20);
  bpi_release(&memory, c, 1);
  cr_assert_eq(counted.wrong_sizes, 0);
  bpi_release(&memory, d, 2);
  cr_assert_eq(counted.wrong_sizes, 1);
  cr_assert_eq(counted.live_blocks, 0);
  cr_assert_eq(counted.live_bytes, 0);
  cr_assert_eq(counted.peak_bytes, 32);
}

Test(memory_fault, hands_out_rubbish_and_moves) {
  memory_fault counted = {0};
  uint8_t *block = memory_fault_reallocate(&counted, NULL, 0, 4);
  cr_assert_eq(block[0], 0xA5);
  uint8_t *moved = memory_fault_reallocate(&counted, block, 4, 8);
  cr_assert_neq(moved, block);
  cr_assert_null(memory_fault_reallocate(&counted, moved, 8, 0));
  cr_assert_null(memory_fault_reallocate(&counted, NULL, 0, SIZE_MAX));
}
