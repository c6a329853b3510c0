/* Whole reads, whole writes, replacement, and what each of them does when a call under it fails. */
#include "sys/file.h"
#include "support/memory_fault.h"
#include "support/sim.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>

static sim_system *sim;
static const bp_system *disk;
static memory_fault fault;
static bpi_memory memory;
static bpi_buffer buffer;

static void set_up(void) {
  sim = sim_new();
  disk = sim_table(sim);
  memset(&fault, 0, sizeof fault);
  memory = memory_fault_table(&fault);
  bpi_buffer_init(&buffer, &memory);
}

static void tear_down(void) {
  bpi_buffer_free(&buffer);
  cr_assert_eq(fault.live_blocks, 0);
  cr_assert_eq(sim_open_files(sim), 0);
  cr_assert_eq(sim_misuses(sim), 0);
  sim_free(sim);
}

TestSuite(file, .init = set_up, .fini = tear_down);

static void expect_content(const char *path, const char *text) {
  cr_assert(sim_get(sim, path, &buffer));
  cr_assert_eq(buffer.length, strlen(text));
  if (buffer.length > 0) cr_assert_arr_eq(buffer.data, text, buffer.length);
}

static int kind_of(const char *path) {
  int kind = -1;
  cr_assert_eq(disk->path_kind(disk->context, path, &kind), 0);
  return kind;
}

static int count_name(void *user, const char *name, size_t length) {
  (void)name;
  (void)length;
  ++*(int *)user;
  return 0;
}

static int count_of(const char *directory) {
  int count = 0;
  cr_assert_eq(disk->directory_list(disk->context, directory, count_name, &count), 0);
  return count;
}

static void fail_call(int kind, uint64_t n, int errno_value) {
  sim_add_fault(sim, (sim_fault){.kind = kind, .at = n, .errno_value = errno_value});
}

/* -------------------------------------------------------------------------------------------------- read and write -- */

Test(file, reads_all_or_says_that_the_file_ends) {
  char bytes[10];
  int file;
  bp_error error = {0};
  sim_put(sim, "file", "abcdef", 6);
  cr_assert_eq(disk->file_open(disk->context, "file", BPI_OPEN_READ, &file), 0);
  cr_assert_eq(bpi_file_read_all(disk, file, 1, bytes, 5, &error), BP_OK);
  cr_assert_arr_eq(bytes, "bcdef", 5);
  cr_assert_eq(bpi_file_read_all(disk, file, 6, bytes, 0, &error), BP_OK);
  cr_assert_eq(bpi_file_read_all(disk, file, 1, bytes, 6, &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, 0);
  fail_call(SIM_READ, 1, EIO);
  cr_assert_eq(bpi_file_read_all(disk, file, 1, bytes, 5, &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, EIO);
  disk->file_close(disk->context, file);
}

Test(file, writes_all_in_as_many_calls_as_it_takes) {
  int file;
  bp_error error = {0};
  cr_assert_eq(disk->file_open(disk->context, "file", BPI_OPEN_CREATE_NEW, &file), 0);
  sim_set_write_limit(sim, 3);
  cr_assert_eq(bpi_file_write_all(disk, file, 0, "abcdefgh", 8, &error), BP_OK);
  cr_assert_eq(sim_calls(sim, SIM_WRITE), 3);
  expect_content("file", "abcdefgh");
  cr_assert_eq(bpi_file_write_all(disk, file, 0, NULL, 0, &error), BP_OK);
  cr_assert_eq(sim_calls(sim, SIM_WRITE), 3);
  fail_call(SIM_WRITE, 2, EIO);
  cr_assert_eq(bpi_file_write_all(disk, file, 0, "ABCDEFGH", 8, &error), BP_SYSTEM);
  expect_content("file", "ABCdefgh");
  disk->file_close(disk->context, file);
}

static int takes_nothing(void *context, int file, uint64_t offset, const void *bytes, size_t length, size_t *done) {
  (void)context;
  (void)file;
  (void)offset;
  (void)bytes;
  (void)length;
  *done = 0;
  return 0;
}

Test(file, a_write_that_never_goes_on_is_an_error, .timeout = 120) {
  bp_system stuck = *disk;
  bp_error error = {0};
  stuck.file_write = takes_nothing;
  cr_assert_eq(bpi_file_write_all(&stuck, 1, 0, "x", 1, &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, EIO);
}

/* ----------------------------------------------------------------------------------------------------- join, load -- */

Test(file, joins_paths) {
  cr_assert_eq(bpi_path_join(&buffer, "a/b", "c", NULL), BP_OK);
  cr_assert_str_eq((char *)buffer.data, "a/b/c");
  cr_assert_eq(buffer.length, 5);
  cr_assert_eq(bpi_path_join(&buffer, ".", "x", NULL), BP_OK);
  cr_assert_str_eq((char *)buffer.data, "./x");
  bpi_buffer_free(&buffer);
  memory_fault_arm(&fault, 1, 0);
  bp_error error = {0};
  cr_assert_eq(bpi_path_join(&buffer, "a", "b", &error), BP_NO_MEMORY);
  cr_assert_eq(error.code, BP_NO_MEMORY);
  cr_assert_eq(bpi_path_join(&buffer, "a", "b", NULL), BP_OK, "a failure of before does not stick");
}

Test(file, loads_a_whole_file) {
  int found = -1;
  sim_put(sim, "file", "abcdef", 6);
  sim_put(sim, "empty", "", 0);
  bpi_buffer_append(&buffer, "old", 3);
  cr_assert_eq(bpi_file_load(disk, "file", 6, &buffer, &found, NULL), BP_OK);
  cr_assert_eq(found, 1);
  cr_assert_eq(buffer.length, 6);
  cr_assert_arr_eq(buffer.data, "abcdef", 6);
  cr_assert_eq(bpi_file_load(disk, "empty", 0, &buffer, &found, NULL), BP_OK);
  cr_assert_eq(found, 1);
  cr_assert_eq(buffer.length, 0);
  cr_assert_eq(bpi_file_load(disk, "none", 6, &buffer, &found, NULL), BP_OK);
  cr_assert_eq(found, 0);
  cr_assert_eq(buffer.length, 0);
}

Test(file, load_refuses_what_is_too_long_before_it_allocates) {
  int found;
  bp_error error = {0};
  sim_put(sim, "file", "abcdef", 6);
  cr_assert_eq(bpi_file_load(disk, "file", 5, &buffer, &found, &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, EFBIG);
  cr_assert_eq(fault.allocations, 0);
}

Test(file, load_tells_each_failure) {
  static const int kinds[] = {SIM_OPEN, SIM_SIZE, SIM_READ};
  int found;
  bp_error error = {0};
  sim_put(sim, "file", "abcdef", 6);
  for (size_t i = 0; i < 3; i++) {
    fail_call(kinds[i], 1, EIO);
    cr_assert_eq(bpi_file_load(disk, "file", 10, &buffer, &found, &error), BP_SYSTEM);
    cr_assert_eq(error.os_error, EIO);
    cr_assert_eq(buffer.length, 0);
  }
  bpi_buffer_free(&buffer);
  memory_fault_arm(&fault, 1, 0);
  cr_assert_eq(bpi_file_load(disk, "file", 10, &buffer, &found, &error), BP_NO_MEMORY);
  fail_call(SIM_OPEN, 1, EACCES);
  cr_assert_eq(bpi_file_load(disk, "file", 10, &buffer, &found, &error), BP_PERMISSION);
}

/* --------------------------------------------------------------------------------------------------------- replace -- */

Test(file, replaces_a_file_durably) {
  sim_put(sim, "d/file", "old", 3);
  cr_assert_eq(bpi_file_replace(disk, "d", "file", "fresh", 5, NULL), BP_OK);
  expect_content("d/file", "fresh");
  cr_assert_eq(bpi_file_replace(disk, "d", "other", "", 0, NULL), BP_OK);
  expect_content("d/other", "");
  cr_assert_eq(sim_pending_count(sim), 0);
  cr_assert_eq(count_of("d"), 2);
}

/* Open and close the old one, draw a name, open, write, flush, close, rename, flush the directory. */
enum { REPLACE_CALLS = 9, CLOSING_THE_OLD = 2 };

Test(file, a_replacement_that_fails_leaves_the_old_file) {
  sim_put(sim, "d/file", "old", 3);
  for (uint64_t n = 1; n <= REPLACE_CALLS; n++) {
    bp_error error = {0};
    fail_call(SIM_ANY, n, EIO);
    bp_status status = bpi_file_replace(disk, "d", "file", "fresh", 5, &error);
    sim_clear_faults(sim);
    cr_assert_eq(count_of("d"), 1, "call %d", (int)n);
    cr_assert_eq(status, n == CLOSING_THE_OLD ? BP_OK : BP_SYSTEM, "call %d", (int)n);
    cr_assert_eq(error.os_error, n == CLOSING_THE_OLD ? 0 : EIO);
    expect_content("d/file", n == CLOSING_THE_OLD || n == REPLACE_CALLS ? "fresh" : "old");
    sim_put(sim, "d/file", "old", 3);
  }
  uint64_t before = sim_calls(sim, SIM_ANY);
  cr_assert_eq(bpi_file_replace(disk, "d", "file", "fresh", 5, NULL), BP_OK);
  cr_assert_eq(sim_calls(sim, SIM_ANY) - before, REPLACE_CALLS);
}

Test(file, a_full_disk_leaves_the_old_file) {
  bp_error error = {0};
  sim_put(sim, "d/file", "old", 3);
  sim_set_capacity(sim, 6);
  cr_assert_eq(bpi_file_replace(disk, "d", "file", "fresh", 5, &error), BP_DISK_FULL);
  cr_assert_eq(error.os_error, ENOSPC);
  expect_content("d/file", "old");
  cr_assert_eq(count_of("d"), 1);
}

Test(file, a_replacement_steps_around_taken_names) {
  /* The same seed draws the same temporary name again, which is taken: the next one is not. */
  sim_put(sim, "d/file", "old", 3);
  sim_set_seed(sim, 1);
  fail_call(SIM_RENAME, 1, EIO);
  fail_call(SIM_REMOVE, 1, EIO);
  cr_assert_eq(bpi_file_replace(disk, "d", "file", "fresh", 5, NULL), BP_SYSTEM);
  cr_assert_eq(count_of("d"), 2);
  sim_set_seed(sim, 1);
  cr_assert_eq(bpi_file_replace(disk, "d", "file", "fresh", 5, NULL), BP_OK);
  expect_content("d/file", "fresh");
  cr_assert_eq(count_of("d"), 2);
}

Test(file, a_replacement_gives_up_when_all_names_are_taken) {
  bp_error error = {0};
  sim_put(sim, "d/file", "old", 3);
  sim_add_fault(sim, (sim_fault){.kind = SIM_OPEN, .at = 2, .errno_value = EEXIST, .forever = 1});
  cr_assert_eq(bpi_file_replace(disk, "d", "file", "fresh", 5, &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, EEXIST);
}

Test(file, long_paths_are_refused) {
  static char path[PATH_MAX + 10];
  bp_error error = {0};
  memset(path, 'p', sizeof path - 1);
  cr_assert_eq(bpi_file_replace(disk, path, "file", "x", 1, &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, ENAMETOOLONG);
  cr_assert_eq(bpi_file_replace(disk, "d", path, "x", 1, &error), BP_SYSTEM);
  path[PATH_MAX - 3] = '\0';
  cr_assert_eq(bpi_file_replace(disk, path, "xx", "x", 1, &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, ENAMETOOLONG);
  memset(path, 'p', sizeof path - 1);
  cr_assert_eq(bpi_directory_create_all(disk, path, &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, ENAMETOOLONG);
  cr_assert_eq(sim_calls(sim, SIM_ANY), 0);
}

/* ----------------------------------------------------------------------------------------------------- directories -- */

Test(file, makes_all_directories_on_the_way) {
  static const char *const paths[] = {"a/b/c", "a/b/c", "/a/b/d/", "a//b///e", "./a/./f", "g", "/", "."};
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    cr_assert_eq(bpi_directory_create_all(disk, paths[i], NULL), BP_OK, "%s", paths[i]);
    cr_assert_eq(kind_of(paths[i]), BPI_PATH_DIRECTORY, "%s", paths[i]);
  }
  cr_assert_eq(sim_calls(sim, SIM_DIRECTORY_CREATE), 7);
  cr_assert_eq(sim_calls(sim, SIM_DIRECTORY_SYNC), 7);
  cr_assert_eq(sim_pending_count(sim), 0);
}

Test(file, a_file_in_the_way_of_directories) {
  bp_error error = {0};
  sim_put(sim, "a/file", "x", 1);
  cr_assert_eq(bpi_directory_create_all(disk, "a/file", &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, ENOTDIR);
  cr_assert_eq(bpi_directory_create_all(disk, "a/file/b", &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, ENOTDIR);
  cr_assert_eq(bpi_directory_create_all(disk, "", &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, ENOENT);
}

Test(file, somebody_else_may_make_the_directory_meanwhile) {
  fail_call(SIM_DIRECTORY_CREATE, 1, EEXIST);
  bp_error error = {0};
  cr_assert_eq(bpi_directory_create_all(disk, "a", &error), BP_SYSTEM, "there, they say, and it is not");
  cr_assert_eq(error.os_error, ENOTDIR);
  cr_assert_eq(bpi_directory_create_all(disk, "a", &error), BP_OK);
}

Test(file, directories_tell_each_failure) {
  for (uint64_t n = 1;; n++) {
    bp_error error = {0};
    sim_system *world = sim_new();
    sim_add_fault(world, (sim_fault){.kind = SIM_ANY, .at = n, .errno_value = EACCES});
    bp_status status = bpi_directory_create_all(sim_table(world), "a/b", &error);
    sim_free(world);
    if (status == BP_OK) {
      cr_assert_eq(n, 7);
      break;
    }
    cr_assert_eq(status, BP_PERMISSION);
    cr_assert_eq(error.os_error, EACCES);
  }
}
