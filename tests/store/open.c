/* What an open makes of a directory. */
#include "journal/directory.h"
#include "journal/hidden.h"
#include "support/golden.h"
#include "support/sim.h"
#include "support/store_fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char parent[TEMPORARY_PATH_MAX];
static char path[TEMPORARY_PATH_MAX + 8];
static bp_error error;

static void set_up(void) {
  temporary_create(parent);
  fixture_join(path, sizeof path, parent, "store");
  error = fixture_error();
}
static void tear_down(void) { temporary_remove(parent); }

TestSuite(open, .init = set_up, .fini = tear_down);

static void make_store(void) {
  bp_store *store = fixture_open(path, BP_MODE_CREATE, NULL);
  fixture_append_text(store, "e:1", "one");
  fixture_append_text(store, "e:2", "two");
  fixture_close(store);
}

/* Refused in each mode with its status, the directory as it was. */
static void assert_refused(bp_status create, bp_status must_exist, bp_status read_only) {
  const bp_status wanted[] = {create, must_exist, read_only};
  for (uint32_t mode = BP_MODE_CREATE; mode <= BP_MODE_READ_ONLY; mode++) {
    uint64_t before = fixture_digest(path);
    error = fixture_error();
    cr_assert_eq(fixture_try_open(path, mode, NULL, &error), wanted[mode], "mode %u: %s", mode, error.text);
    cr_assert_eq(fixture_digest(path), before, "mode %u changed the directory", mode);
  }
}

/* --- is there a store? */

Test(open, without_a_directory_only_create_makes_one) {
  cr_assert_eq(fixture_try_open(path, BP_MODE_MUST_EXIST, NULL, &error), BP_NO_STORE);
  cr_assert_eq(fixture_try_open(path, BP_MODE_READ_ONLY, NULL, &error), BP_NO_STORE);
  cr_assert_not(fixture_exists(parent, "store"));
  char deep[TEMPORARY_PATH_MAX + 32];
  fixture_join(deep, sizeof deep, path, "a/b");
  cr_assert_eq(fixture_try_open(deep, BP_MODE_CREATE, NULL, &error), BP_OK);
  cr_assert(fixture_exists(deep, "000001.fbat"));
  cr_assert(fixture_exists(deep, BPI_LOCK_NAME));
}

Test(open, an_empty_directory_is_no_store_yet) {
  cr_assert_eq(mkdir(path, 0777), 0);
  cr_assert_eq(fixture_try_open(path, BP_MODE_MUST_EXIST, NULL, &error), BP_NO_STORE);
  cr_assert_eq(fixture_try_open(path, BP_MODE_READ_ONLY, NULL, &error), BP_NO_STORE);
  cr_assert_eq(fixture_entries(path), 0, "not even a lock file");
  cr_assert_eq(fixture_try_open(path, BP_MODE_CREATE, NULL, &error), BP_OK);
}

Test(open, a_lock_file_alone_is_no_store_yet) {
  cr_assert_eq(mkdir(path, 0777), 0);
  fixture_write(path, BPI_LOCK_NAME, "", 0);
  cr_assert_eq(fixture_try_open(path, BP_MODE_MUST_EXIST, NULL, &error), BP_NO_STORE);
  cr_assert_eq(fixture_try_open(path, BP_MODE_READ_ONLY, NULL, &error), BP_NO_STORE);
  cr_assert_eq(fixture_try_open(path, BP_MODE_CREATE, NULL, &error), BP_OK);
}

Test(open, a_directory_of_other_files_is_refused) {
  cr_assert_eq(mkdir(path, 0777), 0);
  fixture_write(path, "letter.txt", "dear", 4);
  assert_refused(BP_NOT_A_STORE, BP_NOT_A_STORE, BP_NOT_A_STORE);
}

Test(open, files_of_a_store_without_a_segment_are_refused) {
  static const char *const names[] = {"index.fbati", "index.ckpt", BPI_HIDDEN_NAME, "cursors"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    cr_assert_eq(mkdir(path, 0777), 0);
    fixture_write(path, names[i], "x", 1);
    assert_refused(BP_NOT_A_STORE, BP_NOT_A_STORE, BP_NOT_A_STORE);
    temporary_remove(path);
  }
}

Test(open, a_file_is_no_directory) {
  fixture_write(parent, "store", "x", 1);
  cr_assert_eq(fixture_try_open(path, BP_MODE_MUST_EXIST, NULL, &error), BP_NOT_A_STORE);
  cr_assert_eq(fixture_try_open(path, BP_MODE_READ_ONLY, NULL, &error), BP_NOT_A_STORE);
  cr_assert_eq(fixture_try_open(path, BP_MODE_CREATE, NULL, &error), BP_NOT_A_STORE);
}

Test(open, a_segment_of_other_bytes_is_refused_by_name) {
  cr_assert_eq(mkdir(path, 0777), 0);
  uint8_t other[200];
  memset(other, 'x', sizeof other);
  fixture_write(path, "000001.fbat", other, sizeof other);
  fixture_write(path, BPI_LOCK_NAME, "", 0); /* segments are read under the lock, which stays */
  assert_refused(BP_NOT_A_STORE, BP_NOT_A_STORE, BP_NOT_A_STORE);
  cr_assert_not_null(strstr(error.text, "000001.fbat"));
}

Test(open, a_newer_version_is_refused_and_left_alone) {
  make_store();
  fixture_file file = fixture_read(path, "000001.fbat");
  file.bytes[17] = 2; /* the version, as the worked example has it */
  fixture_write(path, "000002.fbat", file.bytes, 57);
  free(file.bytes);
  assert_refused(BP_NEWER_VERSION, BP_NEWER_VERSION, BP_NEWER_VERSION);
  cr_assert_eq(error.segment_id, 2);
}

Test(open, a_directory_named_like_a_segment_is_refused) {
  make_store();
  char directory[TEMPORARY_PATH_MAX + 32];
  fixture_join(directory, sizeof directory, path, "000007.fbat");
  cr_assert_eq(mkdir(directory, 0777), 0);
  assert_refused(BP_NOT_A_STORE, BP_NOT_A_STORE, BP_NOT_A_STORE);
  cr_assert_not_null(strstr(error.text, "000007.fbat"));
}

Test(open, a_first_segment_cut_in_its_prologue_is_a_store_to_be_made) {
  make_store();
  fixture_file file = fixture_read(path, "000001.fbat");
  for (size_t length = 0; length < 57; length += 8) {
    fixture_write(path, "000001.fbat", file.bytes, length);
    bp_store *store = fixture_open(path, BP_MODE_CREATE, NULL);
    cr_assert_eq(fixture_append_text(store, "e:1", "x").segment_id, 1);
    fixture_close(store);
    cr_assert_eq(fixture_verdict_of(path), BP_VERDICT_CONSISTENT);
  }
  free(file.bytes);
}

/* What can still hold events is not removed, however little of it can be read. */
Test(open, a_damaged_last_segment_is_left_alone) {
  make_store();
  uint8_t rest[300];
  memset(rest, 0xa5, sizeof rest);
  fixture_write(path, "000002.fbat", rest, sizeof rest);
  bp_store *store = fixture_open(path, BP_MODE_MUST_EXIST, NULL);
  cr_assert_eq(fixture_append_text(store, "e:1", "x").segment_id, 3);
  fixture_close(store);
  fixture_file file = fixture_read(path, "000002.fbat");
  cr_assert_eq(file.length, sizeof rest);
  cr_assert_arr_eq(file.bytes, rest, sizeof rest);
  free(file.bytes);
  cr_assert_eq(fixture_verdict_of(path), BP_VERDICT_DAMAGED);
}

Test(open, calls_that_make_no_sense_are_refused) {
  bp_store *store = (bp_store *)&error;
  cr_assert_eq(bp_store_open(NULL, NULL, &store, &error), BP_ARGUMENT);
  cr_assert_null(store, "a handle is NULL on failure");
  cr_assert_eq(bp_store_open("", NULL, &store, &error), BP_ARGUMENT);
  cr_assert_eq(bp_store_open(path, NULL, NULL, &error), BP_ARGUMENT);
}

/* --- what stands beside the segments */

/* V-27, V-32 */
Test(open, other_files_are_left_alone_and_leftovers_removed) {
  static const char *const kept[] = {"letter.txt", ".tmpabc", ".tmpabcdefg", ".tmp12345-", "x.fbat", "-1.fbat",
                                     "5.fbat.compact-src"};
  static const char *const removed[] = {".tmpaZ09bC", "index.fbati", "index.ckpt"};
  make_store();
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) fixture_write(path, kept[i], "x", 1);
  for (size_t i = 0; i < sizeof removed / sizeof *removed; i++) fixture_write(path, removed[i], "x", 1);
  bp_store *store = fixture_open(path, BP_MODE_READ_ONLY, NULL);
  cr_assert_eq(fixture_count(store, NULL), 4);
  fixture_close(store);
  for (size_t i = 0; i < sizeof removed / sizeof *removed; i++) cr_assert(fixture_exists(path, removed[i]));
  store = fixture_open(path, BP_MODE_MUST_EXIST, NULL);
  cr_assert_eq(fixture_count(store, NULL), 5);
  fixture_close(store);
  for (size_t i = 0; i < sizeof removed / sizeof *removed; i++) cr_assert_not(fixture_exists(path, removed[i]));
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) cr_assert(fixture_exists(path, kept[i]), "%s", kept[i]);
}

Test(open, a_segment_may_be_padded_otherwise_and_ids_may_have_gaps) {
  make_store();
  char from[TEMPORARY_PATH_MAX + 32], to[TEMPORARY_PATH_MAX + 32];
  fixture_join(from, sizeof from, path, "000001.fbat");
  fixture_join(to, sizeof to, path, "+1.fbat");
  cr_assert_eq(rename(from, to), 0);
  bp_config config = fixture_config(BP_MODE_MUST_EXIST);
  bp_store *store = fixture_open(path, BP_MODE_MUST_EXIST, &config);
  cr_assert_eq(fixture_append_text(store, "e:1", "three").segment_id, 2);
  fixture_close(store);
  fixture_join(from, sizeof from, path, "000002.fbat");
  fixture_join(to, sizeof to, path, "9.fbat");
  cr_assert_eq(rename(from, to), 0);
  store = fixture_open(path, BP_MODE_MUST_EXIST, NULL);
  cr_assert_eq(fixture_append_text(store, "e:1", "four").segment_id, 10);
  cr_assert_eq(fixture_count(store, NULL), 9);
  fixture_close(store);
}

Test(open, of_two_names_for_one_number_the_canonical_one_counts) {
  make_store();
  fixture_file file = fixture_read(path, "000001.fbat");
  fixture_write(path, "1.fbat", file.bytes, file.length);
  free(file.bytes);
  bp_store *store = fixture_open(path, BP_MODE_READ_ONLY, NULL);
  bp_report *report = fixture_verify(store, NULL);
  cr_assert_eq(fixture_count(store, NULL), 4, "not counted twice");
  cr_assert_not_null(fixture_finding(report, "second_name"));
  bp_report_free(report);
  fixture_close(store);
}

/* --- locks */

/* P-084 */
Test(open, one_writer_or_many_readers) {
  make_store();
  bp_store *writer = fixture_open(path, BP_MODE_MUST_EXIST, NULL);
  cr_assert_eq(fixture_try_open(path, BP_MODE_MUST_EXIST, NULL, &error), BP_LOCKED);
  cr_assert_not_null(strstr(error.text, "mutable"));
  cr_assert_eq(fixture_try_open(path, BP_MODE_CREATE, NULL, &error), BP_LOCKED);
  cr_assert_eq(fixture_try_open(path, BP_MODE_READ_ONLY, NULL, &error), BP_LOCKED);
  cr_assert_not_null(strstr(error.text, "read-only"));
  fixture_append_text(writer, "e:1", "the writer goes on");
  fixture_close(writer);
  bp_store *first = fixture_open(path, BP_MODE_READ_ONLY, NULL);
  bp_store *second = fixture_open(path, BP_MODE_READ_ONLY, NULL);
  uint64_t before = fixture_digest(path);
  cr_assert_eq(fixture_try_open(path, BP_MODE_MUST_EXIST, NULL, &error), BP_LOCKED);
  cr_assert_eq(fixture_digest(path), before);
  fixture_close(first);
  cr_assert_eq(fixture_try_open(path, BP_MODE_MUST_EXIST, NULL, &error), BP_LOCKED);
  fixture_close(second);
  cr_assert_eq(fixture_try_open(path, BP_MODE_MUST_EXIST, NULL, &error), BP_OK);
}

Test(open, read_only_needs_no_lock_file_and_says_so) {
  make_store();
  fixture_remove(path, BPI_LOCK_NAME);
  uint64_t before = fixture_digest(path);
  bp_store *store = fixture_open(path, BP_MODE_READ_ONLY, NULL);
  bp_report *report;
  MUST(bp_store_open_report(store, &report, NULL));
  cr_assert_not_null(fixture_finding(report, "no_lock"));
  cr_assert_eq(fixture_finding(report, "no_lock")->severity, BP_SEVERITY_NOTE);
  bp_report_free(report);
  fixture_close(store);
  cr_assert_eq(fixture_digest(path), before);
}

Test(open, read_only_writes_nothing) {
  make_store();
  bp_store *store = fixture_open(path, BP_MODE_READ_ONLY, NULL);
  bp_draft draft = fixture_draft("e:1", "x");
  size_t accepted = 7;
  uint64_t before = fixture_digest(path);
  cr_assert_eq(bp_store_append(store, &draft, NULL, &error), BP_READ_ONLY);
  cr_assert_eq(bp_store_append_many(store, &draft, 1, NULL, &accepted, &error), BP_READ_ONLY);
  cr_assert_eq(accepted, 0);
  cr_assert_eq(bp_store_sync(store, &error), BP_READ_ONLY);
  fixture_close(store);
  cr_assert_eq(fixture_digest(path), before);
}

/* A crash's remains are reported, and nothing is touched; the mutable open then does what was announced. */
Test(open, read_only_reports_what_it_would_repair) {
  make_store();
  fixture_file file = fixture_read(path, "000001.fbat");
  bp_store *store = fixture_open(path, BP_MODE_READ_ONLY, NULL);
  size_t footer = 0;
  const bp_event *events;
  size_t count;
  bp_page *page = fixture_page(store, NULL, &events, &count);
  footer = (size_t)(events[count - 1].offset + events[count - 1].frame_length);
  bp_page_free(page);
  fixture_close(store);
  fixture_write(path, "000001.fbat", file.bytes, footer - 5);
  free(file.bytes);
  uint64_t before = fixture_digest(path);
  bp_report *report;
  store = fixture_open(path, BP_MODE_READ_ONLY, NULL);
  MUST(bp_store_open_report(store, &report, NULL));
  cr_assert_not_null(fixture_finding(report, "torn_tail"));
  cr_assert_not_null(fixture_finding(report, "missing_footer"));
  bp_report_free(report);
  cr_assert_eq(fixture_count(store, NULL), 3);
  cr_assert_eq(fixture_stat(store).clean_close, 0);
  fixture_close(store);
  cr_assert_eq(fixture_digest(path), before);
  store = fixture_open(path, BP_MODE_MUST_EXIST, NULL);
  MUST(bp_store_open_report(store, &report, NULL));
  cr_assert_not_null(fixture_finding(report, "torn_tail"));
  bp_report_free(report);
  fixture_close(store);
  cr_assert_eq(fixture_verdict_of(path), BP_VERDICT_CONSISTENT);
}

/* --- hidden ranges, compaction */

Test(open, unreadable_hidden_ranges_refuse_every_mode) {
  char copy[512];
  golden_copy("reference/fence_cancelled", parent, copy, sizeof copy);
  fixture_flip(copy, BPI_HIDDEN_NAME, 20, 1);
  for (uint32_t mode = BP_MODE_CREATE; mode <= BP_MODE_READ_ONLY; mode++) {
    uint64_t before = fixture_digest(copy);
    cr_assert_eq(fixture_try_open(copy, mode, NULL, &error), BP_HIDDEN_RANGES);
    cr_assert_eq(fixture_digest(copy), before);
  }
}

/* V-29 */
Test(open, a_hidden_range_over_numbers_never_used_is_clipped) {
  make_store();
  bpi_memory memory = bpi_memory_default();
  bpi_hidden hidden;
  bpi_range range = {2, 1000};
  bpi_hidden_init(&hidden, &memory);
  hidden.ranges = &range;
  hidden.count = 1;
  MUST(bpi_hidden_save(bpi_system_real(), path, &hidden, NULL));
  bp_store *store = fixture_open(path, BP_MODE_READ_ONLY, NULL);
  cr_assert_eq(fixture_count(store, NULL), 2);
  bp_report *report;
  MUST(bp_store_open_report(store, &report, NULL));
  cr_assert_not_null(fixture_finding(report, "hidden_range_clipped"));
  bp_report_free(report);
  fixture_close(store);
  store = fixture_open(path, BP_MODE_MUST_EXIST, NULL);
  bp_receipt receipt = fixture_append_text(store, "e:1", "seen");
  cr_assert_eq(receipt.sequence, 5);
  cr_assert_eq(fixture_count(store, NULL), 4, "0, 1, the open event and this one");
  fixture_close(store);
  bpi_hidden loaded;
  bpi_hidden_init(&loaded, &memory);
  MUST(bpi_hidden_load(bpi_system_real(), path, &loaded, NULL));
  cr_assert_eq(loaded.count, 1);
  cr_assert_eq(loaded.ranges[0].end, 4, "the file was put right");
  bpi_hidden_free(&loaded);
}

Test(open, an_interrupted_compaction_is_read_and_not_written) {
  make_store();
  static const char marker[] = "{\"merged_id\":1,\"source_segment_ids\":[1]}";
  fixture_write(path, BPI_COMPACTION_NAME, marker, sizeof marker - 1);
  assert_refused(BP_COMPACTION_PENDING, BP_COMPACTION_PENDING, BP_OK);
  fixture_write(path, BPI_COMPACTION_NAME, "{", 1);
  assert_refused(BP_COMPACTION_PENDING, BP_COMPACTION_PENDING, BP_COMPACTION_PENDING);
}

/* --- the system fails */

Test(open, the_system_s_refusals_have_their_status) {
  static const struct {
    int call;
    int error;
    bp_status status;
  } cases[] = {{SIM_OPEN, EACCES, BP_PERMISSION},     {SIM_OPEN, EROFS, BP_PERMISSION},
               {SIM_LOCK, EOPNOTSUPP, BP_UNSUPPORTED}, {SIM_LOCK, ENOLCK, BP_SYSTEM},
               {SIM_LOCK, EWOULDBLOCK, BP_LOCKED},     {SIM_MAP, ENODEV, BP_UNSUPPORTED},
               {SIM_DIRECTORY_LIST, EIO, BP_SYSTEM},   {SIM_RANDOM_FILL, ENOSYS, BP_UNSUPPORTED},
               {SIM_WRITE, ENOSPC, BP_DISK_FULL},      {SIM_SYNC, EIO, BP_SYSTEM},
               {SIM_DIRECTORY_SYNC, EIO, BP_SYSTEM}};
  sim_system *sim = sim_new();
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.system = sim_table(sim);
  fixture_close(fixture_open("store", BP_MODE_CREATE, &config));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    sim_add_fault(sim, (sim_fault){.kind = cases[i].call, .at = 1, .errno_value = cases[i].error, .forever = 1});
    cr_assert_eq(fixture_try_open("store", BP_MODE_MUST_EXIST, &config, &error), cases[i].status, "%s: %s",
                 sim_call_name(cases[i].call), error.text);
    sim_clear_faults(sim);
    cr_assert_eq(sim_open_files(sim), 0);
    cr_assert_eq(sim_mapped_views(sim), 0);
  }
  bp_store *store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  bp_report *report = fixture_verify(store, NULL);
  cr_assert_eq(fixture_verdict(report).verdict, BP_VERDICT_CONSISTENT);
  bp_report_free(report);
  fixture_close(store);
  sim_free(sim);
}

typedef struct {
  unsigned calls;
  unsigned stop_at;
  uint64_t done;
  uint64_t total;
} progress_seen;

static int32_t see_progress(void *user, uint32_t stage, uint64_t done, uint64_t total) {
  progress_seen *seen = user;
  cr_assert_eq(stage, BP_STAGE_OPEN);
  cr_assert_leq(done, total);
  cr_assert_geq(done, seen->done);
  seen->done = done;
  seen->total = total;
  return ++seen->calls == seen->stop_at;
}

Test(open, progress_is_told_and_may_stop_it) {
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.segment_max_bytes = 1000;
  bp_store *store = fixture_open(path, BP_MODE_CREATE, &config);
  for (int i = 0; i < 20; i++) fixture_append_text(store, "e:1", "x");
  fixture_close(store);
  progress_seen seen = {0};
  config.progress = see_progress;
  config.progress_user = &seen;
  cr_assert_eq(fixture_try_open(path, BP_MODE_READ_ONLY, &config, &error), BP_OK);
  cr_assert_gt(seen.calls, 1);
  cr_assert_eq(seen.done, seen.total);
  uint64_t before = fixture_digest(path);
  seen = (progress_seen){.stop_at = 2};
  cr_assert_eq(fixture_try_open(path, BP_MODE_MUST_EXIST, &config, &error), BP_STOPPED);
  cr_assert_eq(seen.calls, 2);
  cr_assert_eq(fixture_digest(path), before);
}
