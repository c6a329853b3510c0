/* What the simulated disk may and must hold after a crash. */
#include "support/sim.h"
#include "sys/file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static sim_system *sim;
static const bp_system *disk;

static void set_up(void) {
  sim = sim_new();
  disk = sim_table(sim);
}

static void tear_down(void) { sim_free(sim); }

TestSuite(sim_crash, .init = set_up, .fini = tear_down);

static int create(const char *path) {
  int file = -1;
  cr_assert_eq(disk->file_open(disk->context, path, BPI_OPEN_CREATE_NEW, &file), 0);
  return file;
}

static void put(int file, uint64_t offset, const void *bytes, size_t length) {
  cr_assert_eq(bpi_file_write_all(disk, file, offset, bytes, length, NULL), BP_OK);
}

static void fill(int file, uint64_t offset, char letter, size_t length) {
  char *bytes = malloc(length);
  memset(bytes, letter, length);
  put(file, offset, bytes, length);
  free(bytes);
}

static void sync_file(int file) { cr_assert_eq(disk->file_sync(disk->context, file, 1), 0); }
static void sync_root(void) { cr_assert_eq(disk->directory_sync(disk->context, "."), 0); }
static void cut(int file, uint64_t size) { cr_assert_eq(disk->file_truncate(disk->context, file, size), 0); }

/* A file whose name and first `length` letters are on the disk for sure. */
static int settled(const char *path, char letter, size_t length) {
  int file = create(path);
  if (length > 0) fill(file, 0, letter, length);
  sync_file(file);
  sync_root();
  cr_assert_eq(sim_pending_count(sim), 0);
  return file;
}

static int exists(sim_system *in, const char *path) {
  int kind = -1;
  const bp_system *system = sim_table(in);
  cr_assert_eq(system->path_kind(system->context, path, &kind), 0);
  return kind != BPI_PATH_NONE;
}

/* The content as runs: "a512 0512 b3" for 512 times a, 512 zeros, 3 times b; "-" for no file. */
static const char *content(sim_system *in, const char *path) {
  static char text[1024];
  bpi_memory memory = bpi_memory_default();
  bpi_buffer bytes;
  bpi_buffer_init(&bytes, &memory);
  text[0] = '\0';
  if (!sim_get(in, path, &bytes)) strcpy(text, "-");
  for (size_t i = 0, run; i < bytes.length; i += run) {
    for (run = 1; i + run < bytes.length && bytes.data[i + run] == bytes.data[i]; run++) {
    }
    char letter = bytes.data[i] == 0 ? '0' : (char)bytes.data[i];
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s%c%zu", i > 0 ? " " : "", letter, run);
  }
  bpi_buffer_free(&bytes);
  return text;
}

/* The content after a crash with these fates (a string of letters, one for each pending operation). */
static const char *after(const char *letters, const char *path) {
  sim_fate fates[32] = {{0}};
  size_t count = strlen(letters);
  cr_assert_eq(count, sim_pending_count(sim));
  for (size_t i = 0; i < count; i++) {
    switch (letters[i]) {
      case 'k': fates[i].kind = SIM_KEPT; break;
      case 'h': fates[i].kind = SIM_HOLE; break;
      case 'b': fates[i].kind = SIM_BLOCKS; break;
      case 't': fates[i].kind = SIM_TORN; break;
      case 'l': fates[i].kind = SIM_LOST; break;
      default: fates[i] = (sim_fate){.kind = SIM_CUT, .sectors = (uint32_t)(letters[i] - '0')}; break;
    }
  }
  sim_system *crashed = sim_clone(sim);
  sim_crash_fates(crashed, fates, count);
  cr_assert_eq(sim_pending_count(crashed), 0);
  const char *text = content(crashed, path);
  sim_free(crashed);
  return text;
}

/* ---------------------------------------------------------------------------------------------- what must survive -- */

Test(sim_crash, what_was_flushed_survives_every_crash) {
  int file = settled("file", 'a', 3000);
  fill(file, 3000, 'b', 3000);
  create("other");
  fill(file, 0, 'c', 10);
  sync_file(file);
  fill(file, 6000, 'd', 5000);
  cr_assert_eq(disk->path_rename(disk->context, "other", "third"), 0);
  sim_choice choices[300];
  size_t count = sim_choices(sim, choices, 300, 1);
  cr_assert_eq(count, 300);
  for (size_t i = 0; i < count; i++) {
    sim_system *crashed = sim_crashed(sim, &choices[i]);
    cr_assert_eq(strncmp(content(crashed, "file"), "c10 a2990 b3000", 15), 0, "choice %zu", i);
    sim_free(crashed);
  }
}

Test(sim_crash, an_unflushed_write_may_vanish_or_stay) {
  int file = settled("file", 'a', 10);
  fill(file, 10, 'b', 10);
  fill(file, 0, 'c', 5);
  cr_assert_str_eq(content(sim, "file"), "c5 a5 b10");
  cr_assert_str_eq(after("ll", "file"), "a10");
  cr_assert_str_eq(after("kk", "file"), "c5 a5 b10");
  cr_assert_str_eq(after("kl", "file"), "a10 b10");
}

Test(sim_crash, a_file_may_lose_its_name_although_its_bytes_were_flushed) {
  int file = create("file");
  fill(file, 0, 'a', 10);
  sync_file(file);
  cr_assert_eq(sim_pending_count(sim), 1);
  cr_assert_str_eq(after("l", "file"), "-");
  cr_assert_str_eq(after("k", "file"), "a10");
}

Test(sim_crash, a_file_may_keep_its_name_and_lose_its_bytes) {
  int file = create("file");
  sync_root();
  fill(file, 0, 'a', 10);
  cr_assert_str_eq(after("l", "file"), "");
  cr_assert_str_eq(after("h", "file"), "010");
  cr_assert_str_eq(after("b", "file"), "", "bytes without a size are out of reach");
}

/* --------------------------------------------------------------------------------------------------------- sectors -- */

Test(sim_crash, a_write_is_torn_at_sectors) {
  int file = settled("file", 'a', 0);
  fill(file, 100, 'b', 1500); /* sectors 0..3, the last one short */
  cr_assert_str_eq(after("0", "file"), "");
  cr_assert_str_eq(after("1", "file"), "0100 b412");
  cr_assert_str_eq(after("2", "file"), "0100 b924");
  cr_assert_str_eq(after("3", "file"), "0100 b1436");
  cr_assert_str_eq(after("4", "file"), "0100 b1500");
  cr_assert_str_eq(after("9", "file"), "0100 b1500");
}

Test(sim_crash, any_sectors_of_a_torn_write_may_land) {
  int file = settled("file", 'a', 2048);
  fill(file, 0, 'b', 2048);
  unsigned seen = 0;
  for (uint64_t seed = 0; seed < 400; seed++) {
    sim_choice choice = {.kind = SIM_PREFIX_TORN, .op = 0, .seed = seed * 977};
    sim_system *crashed = sim_crashed(sim, &choice);
    bpi_memory memory = bpi_memory_default();
    bpi_buffer bytes;
    bpi_buffer_init(&bytes, &memory);
    cr_assert(sim_get(crashed, "file", &bytes));
    cr_assert_eq(bytes.length, 2048);
    unsigned mask = 0;
    for (size_t i = 0; i < 2048; i++) {
      cr_assert_eq(bytes.data[i], bytes.data[i / 512 * 512]);
      if (bytes.data[i] == 'b') mask |= 1u << (i / 512);
    }
    seen |= 1u << mask;
    bpi_buffer_free(&bytes);
    sim_free(crashed);
  }
  cr_assert_eq(seen, 0xFFFF, "all sixteen combinations");
}

Test(sim_crash, a_later_write_brings_the_earlier_ones_of_its_sector) {
  int file = settled("file", 'a', 1024);
  fill(file, 0, 'b', 600);
  fill(file, 100, 'c', 10);
  cr_assert_str_eq(after("lk", "file"), "b100 c10 b402 a512", "of the first write the shared sector, not the other");
  cr_assert_str_eq(after("kl", "file"), "b600 a424");
}

Test(sim_crash, reordered_writes_leave_a_hole) {
  int file = settled("file", 'a', 0);
  fill(file, 0, 'b', 1024);
  fill(file, 1024, 'c', 100);
  cr_assert_str_eq(after("lk", "file"), "01024 c100");
  cr_assert_str_eq(after("hl", "file"), "01024");
  cr_assert_str_eq(after("hh", "file"), "01124");
  cr_assert_str_eq(after("1k", "file"), "b512 0512 c100", "the later size took the earlier one along");
  cr_assert_str_eq(after("1l", "file"), "b512");
  cr_assert_str_eq(after("bk", "file"), "b1024 c100");
  cr_assert_str_eq(after("lb", "file"), "");
}

Test(sim_crash, a_write_that_landed_needs_the_size_it_stands_on) {
  int file = settled("file", 'a', 0);
  fill(file, 0, 'b', 1024);
  fill(file, 0, 'c', 10);
  cr_assert_str_eq(after("lk", "file"), "c10 b502 0512");
}

/* ----------------------------------------------------------------------------------------------------- truncations -- */

Test(sim_crash, a_truncation_may_be_lost) {
  int file = settled("file", 'a', 2000);
  cut(file, 700);
  cr_assert_str_eq(content(sim, "file"), "a700");
  cr_assert_str_eq(after("l", "file"), "a2000");
  cr_assert_str_eq(after("k", "file"), "a700");
}

Test(sim_crash, bytes_before_a_truncation_do_not_come_back) {
  int file = settled("file", 'a', 2000);
  cut(file, 700);
  fill(file, 1500, 'b', 10);
  cr_assert_str_eq(content(sim, "file"), "a700 0800 b10");
  cr_assert_str_eq(after("kk", "file"), "a700 0800 b10");
  cr_assert_str_eq(after("kh", "file"), "a700 0810");
  cr_assert_str_eq(after("lh", "file"), "a700 0810", "sizes change in order");
  cr_assert_str_eq(after("lk", "file"), "a700 0800 b10");
  cr_assert_str_eq(after("lb", "file"), "a2000", "there was no place for it yet");
  cr_assert_str_eq(after("kl", "file"), "a700");
  sync_file(file);
  sim_crash(sim, &(sim_choice){.kind = SIM_ALL_LOST});
  cr_assert_str_eq(content(sim, "file"), "a700 0800 b10");
}

/* The page was cleared behind the new end, written to, and landed; the size did not: the tail of the page is zeros. */
Test(sim_crash, a_write_behind_a_lost_truncation_lands_in_the_last_sector) {
  int file = settled("file", 'a', 2000);
  cut(file, 600);
  fill(file, 600, 'b', 100);
  cr_assert_str_eq(after("lb", "file"), "a600 b100 0324 a976");
  cr_assert_str_eq(after("lk", "file"), "a600 b100");
}

Test(sim_crash, growing_by_truncation) {
  int file = settled("file", 'a', 10);
  cut(file, 5000);
  cr_assert_str_eq(content(sim, "file"), "a10 04990");
  cr_assert_str_eq(after("l", "file"), "a10");
  cr_assert_str_eq(after("k", "file"), "a10 04990");
}

/* ----------------------------------------------------------------------------------------------------------- names -- */

Test(sim_crash, a_rename_is_lost_without_a_flush_of_its_directory) {
  int old = settled("file", 'a', 3), fresh = create("temporary");
  fill(fresh, 0, 'b', 5);
  sync_file(fresh);
  cr_assert_eq(disk->path_rename(disk->context, "temporary", "file"), 0);
  sync_file(fresh);
  sync_file(old);
  cr_assert_str_eq(content(sim, "file"), "b5");
  cr_assert_str_eq(after("ll", "file"), "a3");
  cr_assert_str_eq(after("kl", "file"), "a3");
  cr_assert_str_eq(after("kl", "temporary"), "b5");
  cr_assert_str_eq(after("kk", "file"), "b5");
  cr_assert_str_eq(after("kk", "temporary"), "-");
  cr_assert_str_eq(after("lk", "file"), "b5", "a rename lands whole");
  sync_root();
  cr_assert_eq(sim_pending_count(sim), 0);
}

Test(sim_crash, a_rename_before_the_bytes_leaves_an_empty_file) {
  settled("file", 'a', 3);
  int fresh = create("temporary");
  fill(fresh, 0, 'b', 5);
  cr_assert_eq(disk->path_rename(disk->context, "temporary", "file"), 0);
  sync_root();
  cr_assert_str_eq(after("l", "file"), "", "why a replacement flushes the file first");
}

Test(sim_crash, a_removal_may_be_lost) {
  settled("file", 'a', 3);
  cr_assert_eq(disk->path_remove(disk->context, "file"), 0);
  int again = create("file");
  fill(again, 0, 'b', 4);
  sync_file(again);
  cr_assert_str_eq(after("ll", "file"), "a3");
  cr_assert_str_eq(after("kl", "file"), "-");
  cr_assert_str_eq(after("lk", "file"), "b4");
  cr_assert_str_eq(after("kk", "file"), "b4");
}

Test(sim_crash, a_lost_directory_takes_its_files_along) {
  cr_assert_eq(disk->directory_create(disk->context, "d"), 0);
  int file = create("d/file");
  fill(file, 0, 'a', 3);
  sync_file(file);
  cr_assert_eq(disk->directory_sync(disk->context, "d"), 0);
  cr_assert_eq(sim_pending_count(sim), 1, "the directory's own name is its parent's");
  cr_assert_str_eq(after("l", "d/file"), "-");
  cr_assert_str_eq(after("k", "d/file"), "a3");
}

Test(sim_crash, replacing_a_file_is_atomic_at_every_call) {
  sim_put(sim, "d/file", "old", 3);
  for (uint64_t stop = 1;; stop++) {
    sim_system *world = sim_clone(sim);
    sim_stop_at(world, stop);
    bp_status status = bpi_file_replace(sim_table(world), "d", "file", "fresh", 5, NULL);
    cr_assert_eq(status == BP_OK, !sim_stopped(world));
    sim_choice choices[40];
    size_t count = sim_choices(world, choices, 40, stop);
    for (size_t i = 0; i < count; i++) {
      sim_system *crashed = sim_crashed(world, &choices[i]);
      bpi_memory memory = bpi_memory_default();
      bpi_buffer bytes;
      bpi_buffer_init(&bytes, &memory);
      cr_assert(sim_get(crashed, "d/file", &bytes));
      int is_old = bpi_bytes_equal(bpi_bytes_of(bytes.data, bytes.length), bpi_bytes_of("old", 3));
      int is_fresh = bpi_bytes_equal(bpi_bytes_of(bytes.data, bytes.length), bpi_bytes_of("fresh", 5));
      cr_assert(status == BP_OK ? is_fresh : is_old || is_fresh, "stop %zu choice %zu", (size_t)stop, i);
      bpi_buffer_free(&bytes);
      sim_free(crashed);
    }
    sim_free(world);
    if (status == BP_OK) break;
    cr_assert_lt(stop, 50);
  }
}

Test(sim_crash, directories_made_all_the_way_survive) {
  cr_assert_eq(bpi_directory_create_all(disk, "a/b/c", NULL), BP_OK);
  sim_crash(sim, &(sim_choice){.kind = SIM_ALL_LOST});
  cr_assert(exists(sim, "a/b/c"));
}

/* -------------------------------------------------------------------------------------------------- failed flushes -- */

static void fail_next(int kind) { sim_add_fault(sim, (sim_fault){.kind = kind, .at = 1, .errno_value = EIO}); }

Test(sim_crash, after_a_failed_flush_a_good_one_promises_nothing) {
  int file = settled("file", 'a', 10);
  fill(file, 10, 'b', 1500);
  fail_next(SIM_SYNC);
  cr_assert_eq(disk->file_sync(disk->context, file, 1), EIO);
  cr_assert_str_eq(content(sim, "file"), "a10 b1500", "processes go on seeing it");
  sync_file(file);
  cr_assert_eq(sim_pending_count(sim), 3);
  cr_assert_eq(sim_pending_at(sim, 0).in_doubt, 1);
  cr_assert_str_eq(after("lll", "file"), "a10 01500", "the size is there, the bytes are not");
  cr_assert_str_eq(after("lkl", "file"), "a10 0502 b512 0486");
  cr_assert_str_eq(after("kkk", "file"), "a10 b1500");
}

Test(sim_crash, writing_again_brings_back_the_dropped_page) {
  int file = settled("file", 'a', 10);
  fill(file, 10, 'b', 1500);
  fail_next(SIM_SYNC);
  cr_assert_eq(disk->file_sync(disk->context, file, 0), EIO);
  fill(file, 600, 'c', 10);
  sync_file(file);
  cr_assert_eq(sim_pending_count(sim), 2);
  cr_assert_str_eq(after("ll", "file"), "a10 0502 b88 c10 b414 0486");
  cut(file, 10);
  sync_file(file);
  cr_assert_eq(sim_pending_count(sim), 0, "nothing of it is left to doubt");
  cr_assert_str_eq(content(sim, "file"), "a10");
}

Test(sim_crash, a_failed_flush_of_a_directory_leaves_its_names_in_doubt) {
  int file = create("file");
  fill(file, 0, 'a', 3);
  sync_file(file);
  fail_next(SIM_DIRECTORY_SYNC);
  cr_assert_eq(disk->directory_sync(disk->context, "."), EIO);
  sync_root();
  cr_assert_eq(sim_pending_count(sim), 1);
  cr_assert_str_eq(after("l", "file"), "-");
  cr_assert_str_eq(after("k", "file"), "a3");
  cr_assert_eq(disk->path_remove(disk->context, "file"), 0);
  sync_root();
  cr_assert_eq(sim_pending_count(sim), 0);
  cr_assert_not(exists(sim, "file"));
}

/* ------------------------------------------------------------------------------------------- death, copies, choices -- */

Test(sim_crash, killing_the_process_keeps_the_bytes_and_frees_the_lock) {
  int file = create("file"), other = -1;
  fill(file, 0, 'a', 3);
  cr_assert_eq(disk->file_lock(disk->context, file, 1), 0);
  sim_kill(sim);
  cr_assert_str_eq(content(sim, "file"), "a3");
  cr_assert_eq(sim_pending_count(sim), 2);
  cr_assert_eq(sim_open_files(sim), 0);
  cr_assert_eq(disk->file_open(disk->context, "file", BPI_OPEN_LOCK, &other), 0);
  cr_assert_neq(other, file);
  cr_assert_eq(disk->file_lock(disk->context, other, 1), 0);
  cr_assert_eq(disk->file_close(disk->context, file), EBADF);
  cr_assert_eq(sim_misuses(sim), 0, "the dead may close their files");
  cr_assert_eq(disk->file_close(disk->context, other), 0);
  cr_assert_eq(disk->file_close(disk->context, other), EBADF);
  cr_assert_eq(sim_misuses(sim), 1);
}

Test(sim_crash, views_of_before_stay_readable) {
  const uint8_t *view;
  int file = settled("file", 'a', 3);
  cr_assert_eq(disk->file_map(disk->context, file, 4096, &view), 0);
  fill(file, 3, 'b', 3);
  sim_crash(sim, &(sim_choice){.kind = SIM_ALL_LOST});
  cr_assert_arr_eq(view, "aaabbb", 6);
  cr_assert_str_eq(content(sim, "file"), "a3");
  cr_assert_eq(sim_mapped_views(sim), 1);
  disk->file_unmap(disk->context, view, 4096);
  cr_assert_eq(sim_mapped_views(sim), 0);
  disk->file_unmap(disk->context, view, 4096);
  cr_assert_eq(sim_misuses(sim), 1);
}

Test(sim_crash, a_clone_is_another_disk) {
  int file = settled("file", 'a', 3);
  fill(file, 3, 'b', 3);
  sim_system *clone = sim_clone(sim);
  cr_assert_eq(sim_digest(clone), sim_digest(sim));
  cr_assert_eq(sim_pending_count(clone), 1);
  cr_assert_eq(sim_open_files(clone), 0);
  fill(file, 6, 'c', 3);
  cr_assert_neq(sim_digest(clone), sim_digest(sim));
  cr_assert_str_eq(content(clone, "file"), "a3 b3");
  sim_crash(clone, &(sim_choice){.kind = SIM_ALL_LOST});
  cr_assert_str_eq(content(clone, "file"), "a3");
  cr_assert_str_eq(content(sim, "file"), "a3 b3 c3");
  sim_system *again = sim_clone(clone);
  cr_assert_eq(sim_digest(again), sim_digest(clone));
  sim_free(again);
  sim_free(clone);
}

Test(sim_crash, the_digest_sees_names_and_bytes) {
  uint64_t digests[6];
  digests[0] = sim_digest(sim);
  int file = create("a");
  digests[1] = sim_digest(sim);
  fill(file, 0, 'x', 1);
  digests[2] = sim_digest(sim);
  fill(file, 0, 'y', 1);
  digests[3] = sim_digest(sim);
  cr_assert_eq(disk->path_rename(disk->context, "a", "b"), 0);
  digests[4] = sim_digest(sim);
  cr_assert_eq(disk->directory_create(disk->context, "d"), 0);
  digests[5] = sim_digest(sim);
  for (size_t i = 0; i < 6; i++) {
    for (size_t k = 0; k < i; k++) cr_assert_neq(digests[i], digests[k]);
  }
}

Test(sim_crash, nothing_pending_is_one_choice) {
  sim_choice choices[10];
  cr_assert_eq(sim_choices(sim, choices, 10, 0), 1);
  settled("file", 'a', 3);
  cr_assert_eq(sim_choices(sim, choices, 10, 0), 1);
  cr_assert_eq(sim_choices(sim, choices, 0, 0), 0);
}

Test(sim_crash, choices_are_many_distinct_and_repeatable) {
  enum { CAPACITY = 400 };
  sim_choice choices[CAPACITY], again[CAPACITY];
  int a = settled("a", 'a', 700), b = create("b");
  for (uint64_t i = 0; i < 4; i++) {
    fill(a, 700 + i * 900, (char)('b' + i), 900);
    fill(b, i * 300, (char)('p' + i), 300);
  }
  cut(a, 1000);
  size_t count = sim_choices(sim, choices, CAPACITY, 5), distinct = 0;
  cr_assert_eq(count, CAPACITY);
  cr_assert_eq(sim_choices(sim, again, CAPACITY, 5), CAPACITY);
  cr_assert_arr_eq(choices, again, sizeof choices);
  uint64_t seen[CAPACITY];
  for (size_t i = 0; i < count; i++) {
    sim_system *first = sim_crashed(sim, &choices[i]), *second = sim_crashed(sim, &choices[i]);
    uint64_t digest = sim_digest(first);
    cr_assert_eq(digest, sim_digest(second));
    size_t k = 0;
    while (k < distinct && seen[k] != digest) k++;
    if (k == distinct) seen[distinct++] = digest;
    sim_free(first);
    sim_free(second);
  }
  cr_assert_gt(distinct, 100);
}

Test(sim_crash, few_choices_are_spread_over_all) {
  sim_choice choices[20];
  int file = settled("file", 'a', 0);
  for (uint64_t i = 0; i < 100; i++) fill(file, i * 10, 'b', 10);
  cr_assert_eq(sim_choices(sim, choices, 20, 0), 20);
  cr_assert_eq(choices[0].kind, SIM_ALL_LOST);
  size_t kinds[SIM_RANDOM + 1] = {0};
  for (size_t i = 0; i < 20; i++) kinds[choices[i].kind]++;
  cr_assert_gt(kinds[SIM_PREFIX], 2);
  cr_assert_gt(kinds[SIM_WITHOUT], 2);
  cr_assert_gt(kinds[SIM_ONLY], 2);
}
