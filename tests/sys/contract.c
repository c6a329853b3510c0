/* What a system owes the library, asked of the real one and of the simulated one alike. */
#include "support/sim.h"
#include "support/temporary.h"
#include "sys/system.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

typedef struct world {
  const bp_system *system;
  void *context;
  sim_system *sim; /* NULL for the real one */
  char root[TEMPORARY_PATH_MAX];
} world;

/* A path below the world's root, in one of a few buffers that take turns. */
static const char *at(const world *w, const char *name) {
  static char paths[4][TEMPORARY_PATH_MAX + 64];
  static size_t turn;
  char *path = paths[turn++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", w->root, name);
  return path;
}

static void in_real_world(void (*body)(world *)) {
  world w = {.system = bpi_system_real()};
  temporary_create(w.root);
  body(&w);
  temporary_remove(w.root);
}

static void in_simulated_world(void (*body)(world *)) {
  world w = {.sim = sim_new(), .root = "root"};
  w.system = sim_table(w.sim);
  w.context = w.system->context;
  cr_assert_eq(w.system->directory_create(w.context, "root"), 0);
  body(&w);
  cr_assert_eq(sim_open_files(w.sim), 0);
  cr_assert_eq(sim_mapped_views(w.sim), 0);
  cr_assert_eq(sim_open_events(w.sim), 0);
  cr_assert_eq(sim_misuses(w.sim), 0);
  sim_free(w.sim);
}

#define BOTH(name)                                              \
  static void name(world *w);                                   \
  Test(contract_real, name) { in_real_world(name); }            \
  Test(contract_simulated, name) { in_simulated_world(name); }  \
  static void name(world *w)

static int create(const world *w, const char *name) {
  int file = -1;
  cr_assert_eq(w->system->file_open(w->context, at(w, name), BPI_OPEN_CREATE_NEW, &file), 0);
  return file;
}

static int open_file(const world *w, const char *name, int how) {
  int file = -1;
  cr_assert_eq(w->system->file_open(w->context, at(w, name), how, &file), 0);
  return file;
}

static void close_file(const world *w, int file) { cr_assert_eq(w->system->file_close(w->context, file), 0); }

static void put(const world *w, int file, uint64_t offset, const char *text) {
  size_t done = 0;
  cr_assert_eq(w->system->file_write(w->context, file, offset, text, strlen(text), &done), 0);
  cr_assert_eq(done, strlen(text));
}

static uint64_t size_of(const world *w, int file) {
  uint64_t size = UINT64_MAX;
  cr_assert_eq(w->system->file_size(w->context, file, &size), 0);
  return size;
}

static void expect_bytes(const world *w, int file, uint64_t offset, const void *bytes, size_t length) {
  char read[64];
  size_t done = 0;
  cr_assert_leq(length, sizeof read);
  cr_assert_eq(w->system->file_read(w->context, file, offset, read, length, &done), 0);
  cr_assert_eq(done, length);
  if (length > 0) cr_assert_arr_eq(read, bytes, length);
}

static int kind_of(const world *w, const char *name) {
  int kind = -1;
  cr_assert_eq(w->system->path_kind(w->context, at(w, name), &kind), 0);
  return kind;
}

/* ----------------------------------------------------------------------------------------------------------- open -- */

BOTH(a_new_file_is_new) {
  int file = create(w, "file"), again = -1;
  cr_assert_eq(size_of(w, file), 0);
  cr_assert_eq(w->system->file_open(w->context, at(w, "file"), BPI_OPEN_CREATE_NEW, &again), EEXIST);
  cr_assert_eq(w->system->file_open(w->context, at(w, "file"), BPI_OPEN_CREATE_PRIVATE, &again), EEXIST);
  cr_assert_eq(again, -1);
  close_file(w, file);
  cr_assert_eq(w->system->file_open(w->context, at(w, "file"), BPI_OPEN_CREATE_NEW, &again), EEXIST);
  close_file(w, open_file(w, "private", BPI_OPEN_CREATE_PRIVATE));
}

BOTH(a_private_file_is_its_owner_s_alone) {
  uint32_t mode = 0;
  int file = open_file(w, "private", BPI_OPEN_CREATE_PRIVATE);
  cr_assert_eq(w->system->file_mode(w->context, file, &mode), 0);
  cr_assert_eq(mode, 0600);
  close_file(w, file);
  file = open_file(w, "private", BPI_OPEN_READ_NO_LINK);
  cr_assert_eq(w->system->file_mode(w->context, file, &mode), 0);
  cr_assert_eq(mode, 0600);
  close_file(w, file);
  file = create(w, "file");
  cr_assert_eq(w->system->file_mode(w->context, file, &mode), 0);
  cr_assert_neq(mode & 0400, 0);
  close_file(w, file);
}

BOTH(what_is_missing_cannot_be_opened) {
  static const int ways[] = {BPI_OPEN_READ, BPI_OPEN_WRITE, BPI_OPEN_READ_NO_LINK};
  int file = -1;
  for (size_t i = 0; i < 3; i++) {
    cr_assert_eq(w->system->file_open(w->context, at(w, "none"), ways[i], &file), ENOENT);
  }
  cr_assert_eq(w->system->file_open(w->context, at(w, "none/file"), BPI_OPEN_CREATE_NEW, &file), ENOENT);
  cr_assert_eq(w->system->file_open(w->context, at(w, "none/file"), BPI_OPEN_LOCK, &file), ENOENT);
  close_file(w, create(w, "file"));
  cr_assert_eq(w->system->file_open(w->context, at(w, "file/file"), BPI_OPEN_READ, &file), ENOTDIR);
  cr_assert_eq(w->system->file_open(w->context, at(w, "file"), 0, &file), EINVAL);
  cr_assert_eq(w->system->file_open(w->context, at(w, "file"), 7, &file), EINVAL);
  cr_assert_eq(w->system->file_open(w->context, "", BPI_OPEN_READ, &file), ENOENT);
  cr_assert_eq(file, -1);
}

BOTH(a_directory_is_no_file) {
  static const int ways[] = {BPI_OPEN_READ, BPI_OPEN_WRITE, BPI_OPEN_LOCK, BPI_OPEN_READ_NO_LINK};
  int file = -1;
  cr_assert_eq(w->system->directory_create(w->context, at(w, "directory")), 0);
  for (size_t i = 0; i < 4; i++) {
    cr_assert_eq(w->system->file_open(w->context, at(w, "directory"), ways[i], &file), EISDIR, "way %d", ways[i]);
  }
  cr_assert_eq(w->system->file_open(w->context, at(w, "directory"), BPI_OPEN_CREATE_NEW, &file), EEXIST);
}

BOTH(a_lock_file_is_made_once) {
  int first = open_file(w, "lock", BPI_OPEN_LOCK);
  put(w, first, 0, "kept");
  int second = open_file(w, "lock", BPI_OPEN_LOCK);
  expect_bytes(w, second, 0, "kept", 4);
  close_file(w, first);
  close_file(w, second);
}

/* ---------------------------------------------------------------------------------------------------- read and write -- */

BOTH(a_read_ends_with_the_file) {
  char bytes[10];
  size_t done = 99;
  int file = create(w, "file");
  cr_assert_eq(w->system->file_read(w->context, file, 0, bytes, 10, &done), 0);
  cr_assert_eq(done, 0);
  put(w, file, 0, "abc");
  cr_assert_eq(w->system->file_read(w->context, file, 1, bytes, 10, &done), 0);
  cr_assert_eq(done, 2);
  cr_assert_arr_eq(bytes, "bc", 2);
  cr_assert_eq(w->system->file_read(w->context, file, 3, bytes, 10, &done), 0);
  cr_assert_eq(done, 0);
  cr_assert_eq(w->system->file_read(w->context, file, 1000, bytes, 10, &done), 0);
  cr_assert_eq(done, 0);
  cr_assert_eq(w->system->file_read(w->context, file, 0, bytes, 0, &done), 0);
  cr_assert_eq(done, 0);
  close_file(w, file);
}

BOTH(offsets_that_no_file_has_are_refused) {
  char byte = 0;
  size_t done = 99;
  int file = create(w, "file");
  cr_assert_eq(w->system->file_read(w->context, file, UINT64_MAX, &byte, 1, &done), EINVAL);
  cr_assert_eq(w->system->file_read(w->context, file, INT64_MAX, &byte, 1, &done), EINVAL);
  cr_assert_eq(done, 0);
  cr_assert_eq(w->system->file_write(w->context, file, UINT64_MAX, &byte, 1, &done), EFBIG);
  cr_assert_eq(w->system->file_write(w->context, file, INT64_MAX, &byte, 1, &done), EFBIG);
  cr_assert_eq(done, 0);
  cr_assert_eq(w->system->file_truncate(w->context, file, UINT64_MAX), EFBIG);
  cr_assert_eq(size_of(w, file), 0);
  close_file(w, file);
}

BOTH(writes_grow_the_file_and_leave_holes) {
  int file = create(w, "file");
  put(w, file, 0, "abc");
  put(w, file, 8, "xyz");
  cr_assert_eq(size_of(w, file), 11);
  expect_bytes(w, file, 0, "abc\0\0\0\0\0xyz", 11);
  put(w, file, 2, "CD");
  cr_assert_eq(size_of(w, file), 11);
  expect_bytes(w, file, 0, "abCD\0\0\0\0xyz", 11);
  put(w, file, 20, "");
  cr_assert_eq(size_of(w, file), 11, "a write of nothing grows nothing");
  close_file(w, file);
}

BOTH(truncation_forgets_what_was_behind) {
  int file = create(w, "file");
  put(w, file, 0, "abcdefgh");
  cr_assert_eq(w->system->file_truncate(w->context, file, 3), 0);
  cr_assert_eq(size_of(w, file), 3);
  cr_assert_eq(w->system->file_truncate(w->context, file, 6), 0);
  expect_bytes(w, file, 0, "abc\0\0\0", 6);
  put(w, file, 9, "z");
  expect_bytes(w, file, 0, "abc\0\0\0\0\0\0z", 10);
  cr_assert_eq(w->system->file_truncate(w->context, file, 0), 0);
  cr_assert_eq(size_of(w, file), 0);
  close_file(w, file);
}

BOTH(a_file_opened_for_reading_is_not_written) {
  static const int ways[] = {BPI_OPEN_READ, BPI_OPEN_READ_NO_LINK};
  int file = create(w, "file");
  put(w, file, 0, "abc");
  close_file(w, file);
  for (size_t i = 0; i < 2; i++) {
    size_t done = 99;
    file = open_file(w, "file", ways[i]);
    cr_assert_eq(w->system->file_write(w->context, file, 0, "x", 1, &done), EBADF);
    cr_assert_eq(done, 0);
    cr_assert_eq(w->system->file_truncate(w->context, file, 0), EINVAL);
    expect_bytes(w, file, 0, "abc", 3);
    close_file(w, file);
  }
}

BOTH(all_handles_see_one_file) {
  int writer = create(w, "file"), reader = open_file(w, "file", BPI_OPEN_READ);
  int other = open_file(w, "file", BPI_OPEN_WRITE);
  put(w, writer, 0, "abc");
  put(w, other, 3, "def");
  expect_bytes(w, reader, 0, "abcdef", 6);
  cr_assert_eq(w->system->path_remove(w->context, at(w, "file")), 0);
  put(w, writer, 6, "ghi");
  expect_bytes(w, reader, 0, "abcdefghi", 9);
  close_file(w, writer);
  close_file(w, other);
  close_file(w, reader);
}

BOTH(flushes_succeed) {
  int file = create(w, "file");
  put(w, file, 0, "abc");
  cr_assert_eq(w->system->file_sync(w->context, file, 0), 0);
  put(w, file, 3, "def");
  cr_assert_eq(w->system->file_sync(w->context, file, 1), 0);
  cr_assert_eq(w->system->file_sync(w->context, file, 1), 0);
  cr_assert_eq(w->system->directory_sync(w->context, w->root), 0);
  expect_bytes(w, file, 0, "abcdef", 6);
  close_file(w, file);
  cr_assert_eq(w->system->directory_sync(w->context, at(w, "none")), ENOENT);
  cr_assert_eq(w->system->directory_sync(w->context, at(w, "file")), ENOTDIR);
}

/* ----------------------------------------------------------------------------------------------------------- views -- */

BOTH(a_view_shows_what_is_appended_at_one_address) {
  enum { LENGTH = 16 << 20 };
  const uint8_t *view = NULL;
  char block[1000];
  memset(block, 'x', sizeof block);
  int file = create(w, "file");
  cr_assert_eq(w->system->file_map(w->context, file, LENGTH, &view), 0);
  for (uint64_t i = 0; i < 50; i++) {
    size_t done;
    cr_assert_eq(w->system->file_write(w->context, file, i * sizeof block, block, sizeof block, &done), 0);
    cr_assert_eq(view[i * sizeof block], 'x');
    cr_assert_eq(view[(i + 1) * sizeof block - 1], 'x');
  }
  cr_assert_eq(view[50 * sizeof block], 0, "the rest of the last page");
  w->system->file_unmap(w->context, view, LENGTH);
  close_file(w, file);
}

BOTH(a_view_outlives_its_file) {
  const uint8_t *view = NULL;
  int file = create(w, "file");
  put(w, file, 0, "abc");
  cr_assert_eq(w->system->file_map(w->context, file, 4096, &view), 0);
  close_file(w, file);
  cr_assert_arr_eq(view, "abc", 3);
  cr_assert_eq(w->system->path_remove(w->context, at(w, "file")), 0);
  cr_assert_arr_eq(view, "abc", 3);
  w->system->file_unmap(w->context, view, 4096);
}

BOTH(a_view_follows_a_truncation) {
  const uint8_t *view = NULL;
  int file = create(w, "file");
  put(w, file, 0, "abcdef");
  cr_assert_eq(w->system->file_map(w->context, file, 100000, &view), 0);
  cr_assert_eq(w->system->file_truncate(w->context, file, 3), 0);
  cr_assert_arr_eq(view, "abc\0\0\0", 6);
  put(w, file, 3, "XYZ");
  cr_assert_arr_eq(view, "abcXYZ", 6);
  w->system->file_unmap(w->context, view, 100000);
  close_file(w, file);
}

BOTH(several_views_of_a_file) {
  const uint8_t *small = NULL, *large = NULL, *reading = NULL, *none = NULL;
  int file = create(w, "file"), reader = open_file(w, "file", BPI_OPEN_READ);
  put(w, file, 0, "abc");
  cr_assert_eq(w->system->file_map(w->context, file, 3, &small), 0);
  cr_assert_eq(w->system->file_map(w->context, file, 1 << 20, &large), 0);
  cr_assert_eq(w->system->file_map(w->context, reader, 3, &reading), 0);
  cr_assert_eq(w->system->file_map(w->context, file, 0, &none), EINVAL);
  w->system->file_unmap(w->context, small, 3);
  put(w, file, 3, "def");
  cr_assert_arr_eq(large, "abcdef", 6);
  cr_assert_arr_eq(reading, "abc", 3);
  w->system->file_unmap(w->context, large, 1 << 20);
  w->system->file_unmap(w->context, reading, 3);
  close_file(w, file);
  close_file(w, reader);
}

/* ----------------------------------------------------------------------------------------------------------- locks -- */

BOTH(locks_keep_others_out) {
  int a = open_file(w, "lock", BPI_OPEN_LOCK), b = open_file(w, "lock", BPI_OPEN_LOCK);
  int reader = open_file(w, "lock", BPI_OPEN_READ_NO_LINK);
  cr_assert_eq(w->system->file_lock(w->context, a, 1), 0);
  cr_assert_eq(w->system->file_lock(w->context, a, 1), 0, "one's own lock is no obstacle");
  cr_assert_eq(w->system->file_lock(w->context, b, 1), EWOULDBLOCK);
  cr_assert_eq(w->system->file_lock(w->context, reader, 0), EWOULDBLOCK);
  close_file(w, a);
  cr_assert_eq(w->system->file_lock(w->context, b, 0), 0);
  cr_assert_eq(w->system->file_lock(w->context, reader, 0), 0, "readers stand beside each other");
  a = open_file(w, "lock", BPI_OPEN_LOCK);
  cr_assert_eq(w->system->file_lock(w->context, a, 1), EWOULDBLOCK);
  cr_assert_eq(w->system->file_lock(w->context, b, 1), EWOULDBLOCK, "no upgrade beside another reader");
  close_file(w, reader);
  close_file(w, b);
  cr_assert_eq(w->system->file_lock(w->context, a, 1), 0);
  close_file(w, a);
}

BOTH(locks_of_two_files_are_two) {
  int a = open_file(w, "a", BPI_OPEN_LOCK), b = open_file(w, "b", BPI_OPEN_LOCK);
  cr_assert_eq(w->system->file_lock(w->context, a, 1), 0);
  cr_assert_eq(w->system->file_lock(w->context, b, 1), 0);
  close_file(w, a);
  close_file(w, b);
}

/* ----------------------------------------------------------------------------------------------- paths, directories -- */

BOTH(kinds_of_paths) {
  close_file(w, create(w, "file"));
  cr_assert_eq(w->system->directory_create(w->context, at(w, "directory")), 0);
  cr_assert_eq(kind_of(w, "file"), BPI_PATH_FILE);
  cr_assert_eq(kind_of(w, "directory"), BPI_PATH_DIRECTORY);
  cr_assert_eq(kind_of(w, "directory/"), BPI_PATH_DIRECTORY);
  cr_assert_eq(kind_of(w, "."), BPI_PATH_DIRECTORY);
  cr_assert_eq(kind_of(w, "none"), BPI_PATH_NONE);
  cr_assert_eq(kind_of(w, "none/none"), BPI_PATH_NONE);
  cr_assert_eq(kind_of(w, "file/none"), BPI_PATH_NONE);
}

BOTH(renaming_replaces_in_one_step) {
  int old = create(w, "old"), fresh = create(w, "fresh");
  put(w, old, 0, "old");
  put(w, fresh, 0, "fresh");
  cr_assert_eq(w->system->path_rename(w->context, at(w, "fresh"), at(w, "old")), 0);
  cr_assert_eq(kind_of(w, "fresh"), BPI_PATH_NONE);
  int reader = open_file(w, "old", BPI_OPEN_READ);
  expect_bytes(w, reader, 0, "fresh", 5);
  expect_bytes(w, old, 0, "old", 3);
  close_file(w, old);
  close_file(w, fresh);
  close_file(w, reader);
  cr_assert_eq(w->system->path_rename(w->context, at(w, "none"), at(w, "other")), ENOENT);
  cr_assert_eq(w->system->path_rename(w->context, at(w, "old"), at(w, "old")), 0);
  cr_assert_eq(w->system->directory_create(w->context, at(w, "directory")), 0);
  cr_assert_eq(w->system->path_rename(w->context, at(w, "old"), at(w, "directory")), EISDIR);
  cr_assert_eq(w->system->path_rename(w->context, at(w, "directory"), at(w, "old")), ENOTDIR);
  cr_assert_eq(w->system->path_rename(w->context, at(w, "directory"), at(w, "moved")), 0);
  cr_assert_eq(kind_of(w, "moved"), BPI_PATH_DIRECTORY);
}

BOTH(removing) {
  close_file(w, create(w, "file"));
  cr_assert_eq(w->system->path_remove(w->context, at(w, "file")), 0);
  cr_assert_eq(w->system->path_remove(w->context, at(w, "file")), ENOENT);
  cr_assert_eq(w->system->directory_create(w->context, at(w, "directory")), 0);
  cr_assert_eq(w->system->path_remove(w->context, at(w, "directory")), EISDIR);
  close_file(w, create(w, "file"));
}

BOTH(making_directories) {
  cr_assert_eq(w->system->directory_create(w->context, at(w, "a")), 0);
  cr_assert_eq(w->system->directory_create(w->context, at(w, "a")), EEXIST);
  cr_assert_eq(w->system->directory_create(w->context, at(w, "b/c")), ENOENT);
  cr_assert_eq(w->system->directory_create(w->context, at(w, "a/b")), 0);
  close_file(w, create(w, "a/b/file"));
  cr_assert_eq(w->system->directory_create(w->context, at(w, "a/b/file")), EEXIST);
  cr_assert_eq(w->system->directory_create(w->context, at(w, "a/b/file/c")), ENOTDIR);
}

typedef struct listing {
  size_t count;
  size_t stop_after;
  uint32_t seen; /* bit k: the name "k" */
  const world *w;
} listing;

static int note_name(void *user, const char *name, size_t length) {
  listing *seen = (listing *)user;
  uint64_t ignored;
  cr_assert_eq(strlen(name), length);
  cr_assert_eq(length, 1);
  seen->seen |= 1u << (name[0] - '0');
  seen->count++;
  /* A step may call the system. */
  int file = open_file(seen->w, name, BPI_OPEN_READ);
  cr_assert_eq(seen->w->system->file_size(seen->w->context, file, &ignored), 0);
  close_file(seen->w, file);
  return seen->count == seen->stop_after ? 4711 : 0;
}

BOTH(listing_names_everything_once) {
  listing all = {.w = w}, some = {.w = w, .stop_after = 3}, none = {.w = w};
  cr_assert_eq(w->system->directory_list(w->context, w->root, note_name, &none), 0);
  cr_assert_eq(none.count, 0);
  for (char name[2] = "0"; name[0] <= '9'; name[0]++) close_file(w, create(w, name));
  cr_assert_eq(w->system->directory_list(w->context, w->root, note_name, &all), 0);
  cr_assert_eq(all.count, 10);
  cr_assert_eq(all.seen, 0x3FF);
  cr_assert_eq(w->system->directory_list(w->context, w->root, note_name, &some), 4711);
  cr_assert_eq(some.count, 3);
  cr_assert_eq(w->system->directory_list(w->context, at(w, "none"), note_name, &none), ENOENT);
  cr_assert_eq(w->system->directory_list(w->context, at(w, "0"), note_name, &none), ENOTDIR);
}

/* --------------------------------------------------------------------------------------------- time, chance, process -- */

BOTH(clocks_go_on) {
  int64_t wall = w->system->clock_wall_ns(w->context);
  cr_assert_gt(wall, INT64_C(1500000000000000000));
  uint64_t mono = w->system->clock_mono_ns(w->context);
  for (int i = 0; i < 1000; i++) {
    uint64_t now = w->system->clock_mono_ns(w->context);
    cr_assert_geq(now, mono);
    mono = now;
  }
}

BOTH(random_bytes_differ) {
  enum { LENGTH = 3000 };
  uint8_t first[LENGTH] = {0}, second[LENGTH] = {0};
  static const size_t lengths[] = {8, 10, 127, 128, 1023, 1024, 1025, LENGTH};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    cr_assert_eq(w->system->random_fill(w->context, first, lengths[i]), 0);
    cr_assert_eq(w->system->random_fill(w->context, second, lengths[i]), 0);
    cr_assert_arr_neq(first, second, lengths[i]);
  }
  unsigned counts[256] = {0};
  for (size_t i = 0; i < LENGTH; i++) counts[first[i]]++;
  for (size_t i = 0; i < 256; i++) cr_assert_lt(counts[i], 60);
  cr_assert_eq(w->system->random_fill(w->context, first, 0), 0);
}

BOTH(the_process_has_an_id) {
  uint64_t id = w->system->process_id(w->context);
  cr_assert_neq(id, 0);
  cr_assert_eq(w->system->process_id(w->context), id);
}

/* ---------------------------------------------------------------------------------------------------------- events -- */

static int is_readable(int event) {
  struct pollfd one = {.fd = event, .events = POLLIN};
  return poll(&one, 1, 0) == 1 && (one.revents & POLLIN);
}

BOTH(an_event_is_readable_once_it_was_signalled) {
  int event = -1, other = -1;
  cr_assert_eq(w->system->event_open(w->context, &event), 0);
  cr_assert_eq(w->system->event_open(w->context, &other), 0);
  cr_assert(fcntl(event, F_GETFD) & FD_CLOEXEC, "a child program would get it");
  cr_assert_not(is_readable(event));
  w->system->event_signal(w->context, event);
  w->system->event_signal(w->context, event);
  cr_assert(is_readable(event));
  cr_assert_not(is_readable(other));
  w->system->event_close(w->context, event);
  w->system->event_close(w->context, other);
  cr_assert(fcntl(event, F_GETFD) < 0 && errno == EBADF);
}
