/* The store's own events, closing and releasing, what a forked child may do. */
#include "support/golden.h"
#include "support/sim.h"
#include "support/store_fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static sim_system *sim;
static bp_store *store;
static bp_config config;
static bp_error error;

static void set_up(void) {
  sim = sim_new();
  config = fixture_config(BP_MODE_CREATE);
  config.system = sim_table(sim);
  store = fixture_open("store", BP_MODE_CREATE, &config);
  error = fixture_error();
}
static void tear_down(void) {
  fixture_free_pages();
  bp_store_release(store);
  cr_assert_eq(sim_open_files(sim), 0);
  cr_assert_eq(sim_mapped_views(sim), 0);
  cr_assert_eq(sim_misuses(sim), 0);
  sim_free(sim);
}

TestSuite(lifecycle, .init = set_up, .fini = tear_down);

static void reopen(uint32_t mode) {
  fixture_close(store);
  store = fixture_open("store", mode, &config);
}

static const bp_event *event_at(size_t n) { return fixture_event_at(store, n); }

static json_object *payload_of(const bp_event *event) {
  char json[4096];
  size_t needed;
  MUST(bp_payload_to_json(event->payload, event->payload_length, (uint8_t *)json, sizeof json - 1, &needed, NULL));
  json[needed] = 0;
  json_object *object = json_tokener_parse(json);
  cr_assert_not_null(object);
  return object;
}

static void assert_own(const bp_event *event, uint16_t kind) {
  cr_assert_eq(event->kind, kind);
  cr_assert(fixture_text_is(event->entity, event->entity_length, "batpak:store"));
  cr_assert(fixture_text_is(event->scope, event->scope_length, "batpak:lifecycle"));
  cr_assert_eq(event->flags, 0);
  cr_assert_eq(event->lane, 0);
  cr_assert_eq(event->depth, 0);
  cr_assert_arr_eq(event->correlation_id, event->event_id, 16);
  cr_assert_eq(event->timestamp_us % 1000, 0, "whole milliseconds");
  cr_assert_eq((uint64_t)event->timestamp_us / 1000, event->wall_ms);
}

/* --- the two events */

Test(lifecycle, the_open_event_has_the_reference_s_report) {
  const bp_event *opened = event_at(0);
  assert_own(opened, 0x0008);
  cr_assert_eq(opened->sequence, 0);
  cr_assert_eq(opened->clock, 0);
  json_object *ours = payload_of(opened), *theirs;
  golden_lines lines = golden_read("reference/no_index", "expected.jsonl");
  const char *hex = golden_text(lines.items[0], "payload_hex");
  uint8_t bytes[2048];
  fixture_hex(hex, bytes, strlen(hex) / 2);
  theirs = payload_of(&(bp_event){.payload = bytes, .payload_length = (uint32_t)strlen(hex) / 2});
  struct json_object_iterator a = json_object_iter_begin(ours), b = json_object_iter_begin(theirs);
  struct json_object_iterator end_a = json_object_iter_end(ours), end_b = json_object_iter_end(theirs);
  size_t members = 0;
  for (; !json_object_iter_equal(&a, &end_a) && !json_object_iter_equal(&b, &end_b); members++) {
    cr_assert_str_eq(json_object_iter_peek_name(&a), json_object_iter_peek_name(&b));
    cr_assert_eq(json_object_get_type(json_object_iter_peek_value(&a)),
                 json_object_get_type(json_object_iter_peek_value(&b)), "%s", json_object_iter_peek_name(&a));
    json_object_iter_next(&a);
    json_object_iter_next(&b);
  }
  cr_assert(json_object_iter_equal(&a, &end_a) && json_object_iter_equal(&b, &end_b), "as many members");
  cr_assert_eq(members, 18);
  cr_assert_eq(golden_number(ours, "restored_entries"), 0);
  cr_assert_str_eq(golden_text(ours, "path"), "Rebuild");
  json_object_put(ours);
  json_object_put(theirs);
  golden_free(&lines);
}

/* P-034 */
Test(lifecycle, each_session_begins_with_an_open_event_in_a_segment_of_its_own) {
  fixture_append_text(store, "e:1", "x");
  reopen(BP_MODE_MUST_EXIST);
  const bp_event *opened = event_at(3);
  assert_own(opened, 0x0008);
  cr_assert_eq(opened->segment_id, 2);
  cr_assert_eq(opened->clock, 2, "the store's entity goes on");
  json_object *report = payload_of(opened);
  cr_assert_eq(golden_number(report, "restored_entries"), 3);
  json_object_put(report);
}

Test(lifecycle, the_close_event_names_the_newest_point_before_it) {
  fixture_append_text(store, "e:1", "x");
  bp_receipt last = fixture_append_text(store, "e:1", "y");
  uint64_t wall = event_at(2)->wall_ms;
  reopen(BP_MODE_READ_ONLY);
  const bp_event *closed = event_at(3);
  assert_own(closed, 0x0009);
  cr_assert_eq(closed->extension_count, 0);
  cr_assert_eq(closed->wall_ms, wall, "the visible clock's, not the current time");
  uint8_t wanted[40] = "\x82\xa7wall_ms\xcf";
  size_t at = 10;
  for (int shift = 56; shift >= 0; shift -= 8) wanted[at++] = (uint8_t)(wall >> shift);
  memcpy(wanted + at, "\xafglobal_sequence\x02", 17);
  cr_assert_eq(last.sequence, 2);
  cr_assert_eq(closed->payload_length, at + 17);
  cr_assert_arr_eq(closed->payload, wanted, at + 17);
}

/* The hybrid clock's maximum need not be the last event. */
static int64_t slow_clock(void *user) { return *(int64_t *)user; }

Test(lifecycle, the_times_never_fall_behind_an_earlier_session) {
  fixture_append_text(store, "e:1", "x");
  uint64_t wall = event_at(1)->wall_ms;
  int64_t long_ago = 1000000;
  config.clock = slow_clock;
  config.clock_user = &long_ago;
  reopen(BP_MODE_MUST_EXIST);
  cr_assert_geq(event_at(3)->wall_ms, wall);
  fixture_append_text(store, "e:1", "y");
  reopen(BP_MODE_READ_ONLY);
  const bp_event *events;
  size_t count;
  bp_page *page = fixture_page(store, NULL, &events, &count);
  for (size_t i = 1; i < count; i++) cr_assert_geq(events[i].wall_ms, events[i - 1].wall_ms);
  bp_page_free(page);
  bp_report *report = fixture_verify(store, NULL);
  cr_assert_eq(fixture_verdict(report).verdict, BP_VERDICT_CONSISTENT);
  cr_assert_eq(fixture_verdict(report).notes, 0);
  bp_report_free(report);
}

Test(lifecycle, a_clock_before_1970_does_not_keep_the_store_from_opening) {
  int64_t before = -5;
  config.clock = slow_clock;
  config.clock_user = &before;
  fixture_close(store);
  bp_store *again = NULL;
  bp_status status = bp_store_open("store", &config, &again, &error);
  before = 1600000000000000;
  cr_assert_eq(status, BP_OK, "%s", error.text);
  store = again;
}

/* --- closing */

/* P-050 */
Test(lifecycle, a_clean_close_is_known_afterwards) {
  fixture_append_text(store, "e:1", "x");
  reopen(BP_MODE_READ_ONLY);
  cr_assert_eq(fixture_stat(store).clean_close, 1);
  bp_report *report;
  size_t count;
  MUST(bp_store_open_report(store, &report, NULL));
  bp_report_findings(report, &count);
  cr_assert_eq(count, 0);
  bp_report_free(report);
  reopen(BP_MODE_MUST_EXIST);
  cr_assert_eq(fixture_stat(store).clean_close, 1);
  sim_system *killed = sim_clone(sim);
  bp_config reading = config;
  reading.system = sim_table(killed);
  bp_store *survivor = fixture_open("store", BP_MODE_READ_ONLY, &reading);
  cr_assert_eq(fixture_stat(survivor).clean_close, 0);
  fixture_close(survivor);
  survivor = fixture_open("store", BP_MODE_MUST_EXIST, &reading);
  cr_assert_eq(fixture_stat(survivor).clean_close, 0);
  fixture_close(survivor);
  sim_free(killed);
}

Test(lifecycle, what_was_written_is_durable_after_close) {
  bp_draft draft = fixture_draft("e:1", "x");
  draft.durability = BP_WRITTEN;
  for (int i = 0; i < 10; i++) fixture_append(store, &draft);
  fixture_close(store);
  sim_crash(sim, &(sim_choice){.kind = SIM_ALL_LOST});
  store = fixture_open("store", BP_MODE_READ_ONLY, &config);
  cr_assert_eq(fixture_count(store, NULL), 12);
  cr_assert_eq(fixture_stat(store).clean_close, 1);
}

Test(lifecycle, nothing_can_be_closed_and_released) {
  cr_assert_eq(bp_store_close(NULL, &error), BP_OK);
  bp_store_release(NULL);
}

typedef struct {
  bp_status close_status;
  uint64_t close_users;
  bp_status stat_status;
  bp_status append_status;
  int release;
  unsigned calls;
} inside;

/* Called in the middle of a verification, so that a call is under way. */
static int32_t meddle(void *user, uint32_t stage, uint64_t done, uint64_t total) {
  inside *seen = user;
  (void)done;
  (void)total;
  if (stage != BP_STAGE_VERIFY || seen->calls++ > 0) return 0;
  bp_error failure = fixture_error();
  seen->close_status = bp_store_close(store, &failure);
  seen->close_users = failure.actual;
  if (!seen->release) return 0;
  bp_store_release(store);
  bp_stat stat = {.struct_size = sizeof stat};
  bp_draft draft = fixture_draft("e:1", "late");
  seen->stat_status = bp_store_stat(store, &stat, NULL);
  seen->append_status = bp_store_append(store, &draft, NULL, NULL);
  return 0;
}

Test(lifecycle, a_strict_close_waits_for_nobody) {
  inside seen = {0};
  config.progress = meddle;
  config.progress_user = &seen;
  reopen(BP_MODE_MUST_EXIST);
  bp_report_free(fixture_verify(store, NULL));
  cr_assert_eq(seen.close_status, BP_BUSY);
  cr_assert_eq(seen.close_users, 1);
  fixture_append_text(store, "e:1", "the handle lives");
}

Test(lifecycle, a_release_waits_for_the_last_call) {
  inside seen = {.release = 1};
  config.progress = meddle;
  config.progress_user = &seen;
  reopen(BP_MODE_MUST_EXIST);
  bp_report *report = fixture_verify(store, NULL); /* goes on to its end, then the store closes */
  store = NULL;
  cr_assert_eq(fixture_verdict(report).verdict, BP_VERDICT_CONSISTENT);
  bp_report_free(report);
  cr_assert_eq(seen.stat_status, BP_CLOSED);
  cr_assert_eq(seen.append_status, BP_CLOSED);
  cr_assert_eq(sim_open_files(sim), 0);
  config.progress = NULL;
  store = fixture_open("store", BP_MODE_READ_ONLY, &config);
  cr_assert_eq(fixture_stat(store).clean_close, 1);
}

/* V-92 */
/* P-050 */
Test(lifecycle, an_idle_store_is_released_at_once) {
  fixture_append_text(store, "e:1", "x");
  bp_store_release(store);
  cr_assert_eq(sim_open_files(sim), 0);
  store = fixture_open("store", BP_MODE_READ_ONLY, &config);
  cr_assert_eq(fixture_stat(store).clean_close, 1);
}

static void count_lines(void *user, const char *text, size_t length) {
  cr_assert_gt(length, 0);
  cr_assert_eq(strlen(text), length);
  ++*(unsigned *)user;
}

Test(lifecycle, a_close_that_fails_says_what_is_not_on_the_disk) {
  unsigned lines = 0;
  config.log = count_lines;
  config.log_user = &lines;
  reopen(BP_MODE_MUST_EXIST);
  fixture_append_text(store, "e:1", "durable");
  sim_add_fault(sim, (sim_fault){.kind = SIM_WRITE, .at = 1, .errno_value = ENOSPC, .forever = 1});
  cr_assert_eq(bp_store_close(store, &error), BP_DISK_FULL);
  store = NULL;
  cr_assert_eq(lines, 1);
  cr_assert_eq(sim_open_files(sim), 0, "the handle is gone");
  sim_clear_faults(sim);
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  cr_assert_eq(fixture_stat(store).clean_close, 0);
  cr_assert_eq(fixture_count(store, NULL), 5);
  sim_add_fault(sim, (sim_fault){.kind = SIM_SYNC, .at = 1, .errno_value = EIO, .forever = 1});
  bp_store_release(store); /* its failures go to the log */
  store = NULL;
  cr_assert_eq(lines, 2);
}

/* --- fork */

static void assert_forked(bp_store *handle) {
  bp_draft draft = fixture_draft("e:1", "x");
  bp_receipt receipt = fixture_receipt();
  bp_stat stat = {.struct_size = sizeof stat};
  bp_page *page;
  bp_report *report;
  int32_t outcome;
  size_t accepted;
  uint8_t id[16] = {0};
  MUST(bp_page_new(&page, NULL));
  cr_assert_eq(bp_store_append(handle, &draft, &receipt, NULL), BP_FORKED);
  cr_assert_eq(bp_store_append_many(handle, &draft, 1, NULL, &accepted, NULL), BP_FORKED);
  cr_assert_eq(bp_store_sync(handle, NULL), BP_FORKED);
  cr_assert_eq(bp_store_page(handle, NULL, page, NULL), BP_FORKED);
  cr_assert_eq(bp_store_get(handle, id, page, NULL), BP_FORKED);
  cr_assert_eq(bp_store_walk(handle, id, 1, page, NULL), BP_FORKED);
  cr_assert_eq(bp_store_verify_receipt(handle, &receipt, NULL, &outcome, NULL), BP_FORKED);
  cr_assert_eq(bp_store_verify(handle, NULL, &report, NULL), BP_FORKED);
  cr_assert_null(report);
  cr_assert_eq(bp_store_open_report(handle, &report, NULL), BP_FORKED);
  cr_assert_eq(bp_store_stat(handle, &stat, NULL), BP_FORKED);
  cr_assert_eq(bp_store_close(handle, NULL), BP_FORKED);
  bp_page_free(page);
}

Test(lifecycle, in_a_forked_child_every_call_says_so) {
  uint64_t digest = sim_digest(sim);
  sim_set_process_id(sim, 2);
  assert_forked(store);
  cr_assert_eq(sim_digest(sim), digest);
  sim_set_process_id(sim, 1);
  fixture_append_text(store, "e:1", "the parent goes on");
}

/* What happened in the child, as its exit code: its memory goes with it. */
Test(lifecycle, in_a_forked_child_a_release_only_closes) {
  pid_t child = fork();
  if (child == 0) {
    uint64_t digest = sim_digest(sim), writes = sim_calls(sim, SIM_WRITE), syncs = sim_calls(sim, SIM_SYNC);
    sim_set_process_id(sim, 2);
    bp_store_release(store);
    _exit(sim_digest(sim) != digest || sim_calls(sim, SIM_WRITE) != writes || sim_calls(sim, SIM_SYNC) != syncs ||
          sim_open_files(sim) != 0);
  }
  int how = -1;
  cr_assert_eq(waitpid(child, &how, 0), child);
  cr_assert(WIFEXITED(how) && WEXITSTATUS(how) == 0);
}

Test(lifecycle, a_real_child_leaves_the_parent_s_store_alone) {
  char path[TEMPORARY_PATH_MAX];
  temporary_create(path);
  bp_store *real = fixture_open(path, BP_MODE_CREATE, NULL);
  fixture_append_text(real, "e:1", "before");
  uint64_t digest = fixture_digest(path);
  pid_t child = fork();
  if (child == 0) {
    bp_draft draft = fixture_draft("e:1", "x");
    int wrong = bp_store_append(real, &draft, NULL, NULL) != BP_FORKED;
    bp_store_release(real);
    _exit(wrong);
  }
  int how = -1;
  cr_assert_eq(waitpid(child, &how, 0), child);
  cr_assert(WIFEXITED(how) && WEXITSTATUS(how) == 0);
  cr_assert_eq(fixture_digest(path), digest);
  cr_assert_eq(fixture_try_open(path, BP_MODE_READ_ONLY, NULL, &error), BP_LOCKED, "the parent still has its lock");
  fixture_append_text(real, "e:1", "after");
  fixture_close(real);
  cr_assert_eq(fixture_verdict_of(path), BP_VERDICT_CONSISTENT);
  temporary_remove(path);
}
