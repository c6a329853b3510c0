/* What stands behind a fence is seen all at once, or never: by no way of reading, by no later open, whatever failed. */
#include "journal/hidden.h"
#include "store/store_internal.h"
#include "support/memory_fault.h"
#include "support/sim.h"
#include "support/store_fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

static sim_system *sim;
static bp_store *store;
static bp_fence *fence;
static bp_config config;
static memory_fault fault;

static void set_up(void) {
  memset(&fault, 0, sizeof fault);
  sim = sim_new();
  config = fixture_config(BP_MODE_CREATE);
  config.system = sim_table(sim);
  config.reallocate = memory_fault_reallocate;
  config.reallocate_user = &fault;
  store = fixture_open("store", BP_MODE_CREATE, &config);
  fence = NULL;
}

static void tear_down(void) {
  bp_fence_free(fence);
  bp_store_release(store);
  fixture_free_pages();
  cr_assert_eq(sim_open_files(sim), 0);
  cr_assert_eq(sim_misuses(sim), 0);
  cr_assert_eq(fault.live_blocks, 0, "%ld blocks", (long)fault.live_blocks);
  cr_assert_eq(fault.wrong_sizes, 0);
  sim_free(sim);
}

TestSuite(fences, .init = set_up, .fini = tear_down);

/* --- steps */

static void begin(void) { MUST(bp_fence_begin(store, &fence, NULL)); }

static void forget(void) {
  bp_fence_free(fence);
  fence = NULL;
}

static bp_ticket *submit(const bp_draft *draft) {
  bp_ticket *ticket;
  bp_error error = fixture_error();
  bp_status status = bp_fence_submit(fence, draft, &ticket, &error);
  cr_assert_eq(status, BP_OK, "%s: %s", bp_status_name(status), error.text);
  return ticket;
}

static bp_ticket *submit_text(const char *entity, const char *payload) {
  bp_draft draft = fixture_draft(entity, payload);
  return submit(&draft);
}

/* Until all that was submitted is written. */
static void await_written(void) {
  bp_pressure pressure = {.struct_size = sizeof pressure};
  for (;;) {
    MUST(bp_store_pressure(store, &pressure, NULL));
    if (pressure.queued == 0) return;
    poll(NULL, 0, 1);
  }
}

static void write_behind(const char *entity, const char *payload) {
  bp_ticket_free(submit_text(entity, payload));
  await_written();
}

static bp_status wait_for(bp_ticket *ticket) { return bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL); }

static void expect_ticket(bp_ticket *ticket, bp_status wanted) {
  bp_status status = wait_for(ticket);
  cr_assert_eq(status, wanted, "%s instead of %s", bp_status_name(status), bp_status_name(wanted));
  bp_ticket_free(ticket);
}

static void reopen(void) {
  forget();
  fixture_close(store);
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
}

/* --- looking */

static size_t count_of(const bp_store *seen, const char *entity) {
  bp_query query = fixture_query();
  query.flags = BP_QUERY_ENTITY;
  query.entity = (const uint8_t *)entity;
  query.entity_length = strlen(entity);
  return fixture_count(seen, &query);
}

static size_t seen_of(const char *entity) { return count_of(store, entity); }

static void assert_consistent(void) {
  bp_report *report = fixture_verify(store, NULL);
  uint32_t verdict = fixture_verdict(report).verdict;
  if (verdict != BP_VERDICT_CONSISTENT) fixture_print_findings(report);
  cr_assert_eq(verdict, BP_VERDICT_CONSISTENT);
  bp_report_free(report);
}

/* How many events of an entity another machine with this disk sees, read-only and after a mutable open; both agree. */
static size_t seen_after(sim_system *after, const char *entity) {
  bp_config other = fixture_config(BP_MODE_READ_ONLY);
  other.system = sim_table(after);
  bp_store *reader = fixture_open("store", BP_MODE_READ_ONLY, &other);
  size_t seen = count_of(reader, entity);
  fixture_close(reader);
  bp_store *writer = fixture_open("store", BP_MODE_MUST_EXIST, &other);
  cr_assert_eq(count_of(writer, entity), seen);
  bp_draft draft = fixture_draft("afterwards", "x");
  bp_receipt receipt = fixture_append(writer, &draft);
  cr_assert_eq(count_of(writer, "afterwards"), 1, "a new event is hidden");
  bp_report *report = fixture_verify(writer, NULL);
  uint32_t verdict = fixture_verdict(report).verdict;
  if (verdict != BP_VERDICT_CONSISTENT) fixture_print_findings(report);
  cr_assert_eq(verdict, BP_VERDICT_CONSISTENT);
  bp_report_free(report);
  fixture_close(writer);
  reader = fixture_open("store", BP_MODE_READ_ONLY, &other);
  cr_assert_eq(count_of(reader, entity), seen);
  cr_assert_arr_eq(fixture_get(reader, receipt.event_id)->event_id, receipt.event_id, 16);
  fixture_close(reader);
  return seen;
}

static size_t seen_after_a_kill(const char *entity) {
  sim_system *after = sim_clone(sim);
  size_t seen = seen_after(after, entity);
  sim_free(after);
  return seen;
}

/* The ranges of the file, as they are now; `ranges` has room for 8. */
static size_t ranges_on_disk(bpi_range *ranges) {
  bpi_memory memory = bpi_memory_default();
  bpi_hidden hidden;
  bpi_hidden_init(&hidden, &memory);
  MUST(bpi_hidden_load(sim_table(sim), "store", &hidden, NULL));
  size_t count = hidden.count;
  cr_assert_leq(count, 8);
  if (count > 0) memcpy(ranges, hidden.ranges, count * sizeof *ranges);
  bpi_hidden_free(&hidden);
  return count;
}

static int file_is_there(void) {
  bpi_memory memory = bpi_memory_default();
  bpi_buffer content;
  bpi_buffer_init(&content, &memory);
  int found = sim_get(sim, "store/" BPI_HIDDEN_NAME, &content);
  bpi_buffer_free(&content);
  return found;
}

/* --- commit and cancel */

/* 13.3 fence_cancellation, control_plane_surface: pending and invisible until the commit, a single and a batch. */
Test(fences, show_nothing_until_the_commit_and_then_everything) {
  bp_draft drafts[2] = {fixture_draft("e:2", "2"), fixture_draft("e:1", "3")};
  bp_ticket *single, *batch;
  size_t count;
  fixture_append_text(store, "e:1", "0");
  begin();
  single = submit_text("e:1", "1");
  MUST(bp_fence_submit_batch(fence, drafts, 2, &batch, NULL));
  await_written();
  cr_assert_eq(bp_ticket_wait(single, 20, NULL), BP_WAIT_TIMEOUT);
  cr_assert_eq(bp_ticket_wait(batch, 0, NULL), BP_WAIT_TIMEOUT);
  cr_assert_eq(seen_of("e:1"), 1);
  cr_assert_eq(seen_of("e:2"), 0);
  cr_assert_eq(fixture_stat(store).events, 2);
  cr_assert_eq(fixture_stat(store).last_sequence, 1);
  assert_consistent();
  MUST(bp_fence_commit(fence, NULL));
  cr_assert_eq(seen_of("e:1"), 3);
  cr_assert_eq(seen_of("e:2"), 1);
  MUST(wait_for(single));
  MUST(wait_for(batch));
  const bp_receipt *receipt = bp_ticket_receipts(single, &count);
  cr_assert_eq(count, 1);
  cr_assert_eq(receipt->sequence, 2);
  cr_assert_eq(receipt->durable, 1);
  receipt = bp_ticket_receipts(batch, &count);
  cr_assert_eq(count, 2);
  cr_assert_eq(receipt[0].sequence, 3);
  cr_assert_eq(receipt[1].sequence, 4);
  cr_assert_eq(receipt[1].durable, 1);
  bp_ticket_free(single);
  bp_ticket_free(batch);
  cr_assert_not(file_is_there());
  cr_assert_eq(seen_after_a_kill("e:1"), 3);
  reopen();
  cr_assert_eq(seen_of("e:1"), 3);
  assert_consistent();
}

/* 13.3 fence_cancellation: commit keeps correlation and causation of a reaction. */
Test(fences, keep_correlation_and_causation) {
  bp_draft draft = fixture_draft("e:1", "1");
  fixture_id(draft.correlation_id, 77);
  fixture_id(draft.causation_id, 78);
  draft.given = BP_GIVEN_CORRELATION | BP_GIVEN_CAUSATION;
  begin();
  bp_ticket *ticket = submit(&draft);
  MUST(bp_fence_commit(fence, NULL));
  MUST(wait_for(ticket));
  const bp_event *event = fixture_get(store, bp_ticket_receipts(ticket, NULL)->event_id);
  cr_assert_arr_eq(event->correlation_id, draft.correlation_id, 16);
  cr_assert_arr_eq(event->causation_id, draft.causation_id, 16);
  bp_ticket_free(ticket);
}

/* 13.3 fence_cancellation: tickets cancelled, baseline only before and after reopen, a later append visible. */
Test(fences, that_are_cancelled_hide_for_ever) {
  fixture_append_text(store, "e:1", "0");
  begin();
  bp_ticket *ticket = submit_text("e:1", "1");
  bp_error error = fixture_error();
  MUST(bp_fence_cancel(fence, NULL));
  cr_assert_eq(bp_ticket_wait(ticket, BP_WAIT_FOREVER, &error), BP_FENCE_CANCELLED);
  cr_assert_eq(error.code, BP_FENCE_CANCELLED);
  cr_assert_null(bp_ticket_receipts(ticket, NULL));
  bp_ticket_free(ticket);
  cr_assert_eq(seen_of("e:1"), 1);
  cr_assert_eq(fixture_append_text(store, "e:1", "2").sequence, 3);
  cr_assert_eq(seen_of("e:1"), 2);
  cr_assert_eq(fixture_stat(store).events, 3);
  assert_consistent();
  cr_assert_eq(seen_after_a_kill("e:1"), 2);
  reopen();
  cr_assert_eq(seen_of("e:1"), 2);
  assert_consistent();
  bpi_range ranges[8];
  cr_assert_eq(ranges_on_disk(ranges), 1);
  cr_assert(ranges[0].start == 2 && ranges[0].end == 3);
}

/* 13.3 fence_cancellation: a dropped fence cancels and is released. */
Test(fences, that_are_dropped_are_cancelled) {
  begin();
  bp_ticket *ticket = submit_text("e:1", "1");
  forget();
  expect_ticket(ticket, BP_FENCE_CANCELLED);
  cr_assert_eq(seen_of("e:1"), 0);
  fixture_append_text(store, "e:1", "2");
  cr_assert_eq(seen_of("e:1"), 1);
  cr_assert_eq(seen_after_a_kill("e:1"), 1);
}

/* 13.3 fence_cancellation, group_commit_crash: a close with a leaked fence cancels its tickets and keeps the rest. */
Test(fences, are_cancelled_by_a_close) {
  fixture_append_text(store, "e:1", "0");
  begin();
  bp_ticket *ticket = submit_text("e:1", "1");
  fixture_close(store);
  cr_assert_eq(bp_ticket_wait(ticket, 0, NULL), BP_FENCE_CANCELLED);
  bp_ticket_free(ticket);
  cr_assert_eq(bp_fence_commit(fence, NULL), BP_FENCE_NOT_ACTIVE);
  cr_assert_eq(bp_fence_cancel(fence, NULL), BP_FENCE_NOT_ACTIVE);
  bp_draft draft = fixture_draft("e:1", "x");
  cr_assert_eq(bp_fence_submit(fence, &draft, &ticket, NULL), BP_FENCE_NOT_ACTIVE);
  cr_assert_null(ticket);
  forget();
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  cr_assert_eq(fixture_stat(store).clean_close, 1);
  cr_assert_eq(seen_of("e:1"), 1);
  assert_consistent();
}

Test(fences, are_cancelled_by_a_release) {
  begin();
  bp_ticket *ticket = submit_text("e:1", "1");
  bp_store_release(store);
  cr_assert_eq(bp_ticket_wait(ticket, 0, NULL), BP_FENCE_CANCELLED);
  bp_ticket_free(ticket);
  cr_assert_eq(bp_fence_commit(fence, NULL), BP_FENCE_NOT_ACTIVE);
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  cr_assert_eq(fixture_stat(store).clean_close, 1);
  cr_assert_eq(seen_of("e:1"), 0);
}

/* 13.3 fence_cancellation: unfenced writes under a fence. */
Test(fences, keep_everybody_else_out) {
  bp_draft draft = fixture_draft("e:1", "x");
  bp_receipt receipt = fixture_receipt();
  bp_error error = fixture_error();
  bp_fence *second = fence;
  bp_ticket *ticket;
  size_t accepted;
  begin();
  cr_assert_eq(bp_fence_token(fence), 1);
  cr_assert_eq(bp_store_append(store, &draft, &receipt, &error), BP_FENCE_ACTIVE);
  cr_assert_eq(error.code, BP_FENCE_ACTIVE);
  cr_assert_eq(bp_store_append_many(store, &draft, 1, NULL, &accepted, NULL), BP_FENCE_ACTIVE);
  cr_assert_eq(accepted, 0);
  cr_assert_eq(bp_store_append_batch(store, &draft, 1, NULL, NULL), BP_FENCE_ACTIVE);
  MUST(bp_store_submit(store, &draft, &ticket, NULL));
  expect_ticket(ticket, BP_FENCE_ACTIVE);
  MUST(bp_store_submit_batch(store, &draft, 1, &ticket, NULL));
  expect_ticket(ticket, BP_FENCE_ACTIVE);
  cr_assert_eq(bp_fence_begin(store, &second, &error), BP_FENCE_ACTIVE);
  cr_assert_null(second);
  MUST(bp_store_sync(store, NULL));
  MUST(bp_fence_commit(fence, NULL));
  forget();
  begin();
  cr_assert_eq(bp_fence_token(fence), 3, "each attempt counts");
  MUST(bp_fence_cancel(fence, NULL));
  cr_assert_eq(fixture_append(store, &draft).sequence, 1);
}

Test(fences, that_are_over_say_so) {
  for (int commits = 0; commits < 2; commits++) {
    begin();
    MUST(commits ? bp_fence_commit(fence, NULL) : bp_fence_cancel(fence, NULL));
    bp_error error = fixture_error();
    bp_draft draft = fixture_draft("e", "x");
    bp_ticket *ticket;
    cr_assert_eq(bp_fence_commit(fence, &error), BP_FENCE_NOT_ACTIVE);
    cr_assert_eq(error.code, BP_FENCE_NOT_ACTIVE);
    cr_assert_eq(bp_fence_cancel(fence, NULL), BP_FENCE_NOT_ACTIVE);
    cr_assert_eq(bp_fence_submit(fence, &draft, &ticket, NULL), BP_FENCE_NOT_ACTIVE);
    cr_assert_eq(bp_fence_submit_batch(fence, &draft, 1, &ticket, NULL), BP_FENCE_NOT_ACTIVE);
    forget();
  }
  cr_assert_eq(bp_fence_begin(store, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_fence_commit(NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_fence_cancel(NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_fence_token(NULL), 0);
  bp_fence_free(NULL);
}

Test(fences, without_events_leave_no_trace) {
  uint64_t writes = sim_calls(sim, SIM_WRITE), renames = sim_calls(sim, SIM_RENAME), removals = sim_calls(sim, SIM_REMOVE);
  for (int i = 0; i < 3; i++) {
    begin();
    MUST(i == 0 ? bp_fence_commit(fence, NULL) : bp_fence_cancel(fence, NULL));
    forget();
  }
  cr_assert_eq(sim_calls(sim, SIM_WRITE), writes);
  cr_assert_eq(sim_calls(sim, SIM_RENAME), renames);
  cr_assert_eq(sim_calls(sim, SIM_REMOVE), removals);
  cr_assert_eq(fixture_append_text(store, "e", "x").sequence, 1);
}

Test(fences, need_a_store_that_writes) {
  fixture_close(store);
  store = fixture_open("store", BP_MODE_READ_ONLY, &config);
  cr_assert_eq(bp_fence_begin(store, &fence, NULL), BP_READ_ONLY);
  cr_assert_null(fence);
}

/* --- keys, chains, expectations */

Test(fences, find_their_own_keys) {
  bp_draft draft = fixture_draft("e:1", "1");
  fixture_give_key(&draft, 5);
  begin();
  bp_ticket *first = submit(&draft), *again = submit(&draft);
  await_written();
  cr_assert_eq(bp_ticket_wait(again, 0, NULL), BP_WAIT_TIMEOUT, "a replay waits with its fence");
  MUST(bp_fence_commit(fence, NULL));
  MUST(wait_for(first));
  MUST(wait_for(again));
  cr_assert_eq(bp_ticket_receipts(first, NULL)->replayed, 0);
  cr_assert_eq(bp_ticket_receipts(again, NULL)->replayed, 1);
  cr_assert_eq(bp_ticket_receipts(again, NULL)->sequence, bp_ticket_receipts(first, NULL)->sequence);
  bp_ticket_free(first);
  bp_ticket_free(again);
  cr_assert_eq(seen_of("e:1"), 1);
}

Test(fences, replay_the_keys_of_what_is_visible) {
  bp_draft draft = fixture_draft("e:1", "1");
  fixture_give_key(&draft, 5);
  bp_receipt before = fixture_append(store, &draft);
  begin();
  bp_ticket *ticket = submit(&draft);
  MUST(bp_fence_commit(fence, NULL));
  MUST(wait_for(ticket));
  cr_assert_eq(bp_ticket_receipts(ticket, NULL)->replayed, 1);
  cr_assert_eq(bp_ticket_receipts(ticket, NULL)->sequence, before.sequence);
  bp_ticket_free(ticket);
  cr_assert_eq(seen_of("e:1"), 1);
}

/* V-06 */
Test(fences, hold_their_keys_after_a_cancellation) {
  bp_draft draft = fixture_draft("e:1", "1");
  fixture_give_key(&draft, 5);
  begin();
  bp_ticket *ticket = submit(&draft);
  MUST(bp_fence_cancel(fence, NULL));
  expect_ticket(ticket, BP_FENCE_CANCELLED);
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_KEY_CANCELLED);
  forget();
  begin();
  expect_ticket(submit(&draft), BP_KEY_CANCELLED);
  MUST(bp_fence_commit(fence, NULL));
  reopen();
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_KEY_CANCELLED);
}

/* V-16 */
Test(fences, stand_in_the_chains_of_their_entities) {
  bp_receipt before = fixture_append_text(store, "e:1", "before");
  begin();
  write_behind("e:1", "hidden 1");
  write_behind("e:1", "hidden 2");
  MUST(bp_fence_cancel(fence, NULL));
  bp_receipt after = fixture_append_text(store, "e:1", "after");
  const bp_event *event = fixture_get(store, after.event_id);
  cr_assert_eq(event->clock, 3);
  cr_assert_arr_neq(event->prev_hash, before.content_hash, 32);
  assert_consistent();
  forget();
  begin();
  bp_ticket *ticket = submit_text("e:1", "shown");
  MUST(bp_fence_commit(fence, NULL));
  MUST(wait_for(ticket));
  event = fixture_get(store, bp_ticket_receipts(ticket, NULL)->event_id);
  cr_assert_eq(event->clock, 4);
  cr_assert_arr_eq(event->prev_hash, after.content_hash, 32);
  bp_ticket_free(ticket);
  reopen();
  assert_consistent();
}

Test(fences, tell_a_failed_expectation_at_once_and_stay_open) {
  bp_draft draft = fixture_draft("e:1", "1");
  draft.expect = BP_EXPECT_CLOCK;
  draft.expect_clock = 9;
  begin();
  expect_ticket(submit(&draft), BP_EXPECTED_CLOCK);
  write_behind("e:1", "2");
  MUST(bp_fence_commit(fence, NULL));
  cr_assert_eq(seen_of("e:1"), 1);
}

/* --- more than fits */

Test(fences, reach_over_segments) {
  fixture_close(store);
  config.segment_max_bytes = 900;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  for (int commits = 0; commits < 2; commits++) {
    begin();
    for (int i = 0; i < 12; i++) write_behind("e:1", "x");
    cr_assert_gt(fixture_stat(store).segments, 4);
    cr_assert_eq(seen_of("e:1"), 0);
    cr_assert_eq(seen_after_a_kill("e:1"), 0);
    assert_consistent();
    MUST(commits ? bp_fence_commit(fence, NULL) : bp_fence_cancel(fence, NULL));
    forget();
    cr_assert_eq(seen_of("e:1"), commits ? 12 : 0);
    cr_assert_eq(seen_after_a_kill("e:1"), commits ? 12 : 0);
    assert_consistent();
  }
  reopen();
  cr_assert_eq(seen_of("e:1"), 12);
  assert_consistent();
}

/* The range is written once for some thousand events, and always lies before them. */
Test(fences, cover_thousands_with_few_writes) {
  enum { EVENTS = 6000, BATCH = 250 };
  bp_draft drafts[BATCH];
  bpi_range ranges[8];
  for (int i = 0; i < BATCH; i++) drafts[i] = fixture_draft("e:1", "x");
  uint64_t renames = sim_calls(sim, SIM_RENAME);
  begin();
  for (int i = 0; i < EVENTS; i += BATCH) {
    bp_ticket *ticket;
    MUST(bp_fence_submit_batch(fence, drafts, BATCH, &ticket, NULL));
    bp_ticket_free(ticket);
    await_written();
    cr_assert_eq(ranges_on_disk(ranges), 1);
    cr_assert_eq(ranges[0].start, 1);
    cr_assert_geq(ranges[0].end, (uint64_t)i + BATCH + 1 + 2048);
  }
  cr_assert_leq(sim_calls(sim, SIM_RENAME) - renames, 4);
  MUST(bp_fence_cancel(fence, NULL));
  cr_assert_eq(ranges_on_disk(ranges), 1);
  cr_assert(ranges[0].start == 1 && ranges[0].end == EVENTS + 1);
  forget();
  begin();
  write_behind("e:1", "x");
  MUST(bp_fence_cancel(fence, NULL));
  cr_assert_eq(ranges_on_disk(ranges), 1, "ranges that touch are one");
  cr_assert(ranges[0].start == 1 && ranges[0].end == EVENTS + 2);
}

/* Fences are no tickets: more may stand behind one than the queue holds. */
Test(fences, hold_more_tickets_than_the_queue) {
  bp_ticket *tickets[20];
  fixture_close(store);
  config.queue_capacity = 2;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  begin();
  for (int i = 0; i < 20; i++) tickets[i] = submit_text("e:1", "x");
  MUST(bp_fence_commit(fence, NULL));
  for (int i = 0; i < 20; i++) expect_ticket(tickets[i], BP_OK);
  cr_assert_eq(seen_of("e:1"), 20);
}

/* --- the frontier */

Test(fences, hold_back_what_is_visible_and_nothing_else) {
  bp_frontier frontier = {.struct_size = sizeof frontier};
  begin();
  write_behind("e:1", "1");
  MUST(bp_store_sync(store, NULL));
  MUST(bp_store_frontier(store, &frontier, NULL));
  cr_assert_eq(frontier.accepted.sequence, 1);
  cr_assert_eq(frontier.durable.sequence, 1);
  cr_assert_eq(frontier.visible.sequence, 0);
  cr_assert_eq(frontier.emitted.sequence, 0);
  bp_point point = {0, 1};
  cr_assert_eq(bp_store_wait(store, BP_WATERMARK_VISIBLE, &point, 10, NULL), BP_WAIT_TIMEOUT);
  MUST(bp_store_wait(store, BP_WATERMARK_DURABLE, &point, 10, NULL));
  MUST(bp_fence_commit(fence, NULL));
  MUST(bp_store_wait(store, BP_WATERMARK_VISIBLE, &point, 10, NULL));
  forget();
  begin();
  write_behind("e:1", "2");
  MUST(bp_fence_cancel(fence, NULL));
  point.sequence = 2;
  cr_assert_eq(bp_store_wait(store, BP_WATERMARK_VISIBLE, &point, 10, NULL), BP_WAIT_TIMEOUT, "a hidden event is not visible");
  fixture_append_text(store, "e:1", "3");
  MUST(bp_store_wait(store, BP_WATERMARK_VISIBLE, &point, 10, NULL));
}

/* --- crashes: at every call, with what a disk may keep */

static bp_status (*crash_ending)(bp_fence *, bp_error *);
static size_t crash_states, crash_seen;
static int crash_may_show, crash_must_show;

static void crash_here(void *user) {
  enum { CHOICES = 24 };
  sim_choice choices[CHOICES];
  size_t count = sim_choices(sim, choices, CHOICES, crash_states);
  static uint64_t last;
  (void)user;
  if (sim_changes(sim) == last) return;
  last = sim_changes(sim);
  for (size_t i = 0; i <= count; i++) {
    sim_system *after = i < count ? sim_crashed(sim, &choices[i]) : sim_clone(sim);
    bp_config other = fixture_config(BP_MODE_READ_ONLY);
    other.system = sim_table(after);
    bp_store *reader = fixture_open("store", BP_MODE_READ_ONLY, &other);
    cr_assert_eq(count_of(reader, "before"), 3, "what was durable before the fence");
    size_t seen = count_of(reader, "e:1");
    fixture_close(reader);
    cr_assert(seen == 0 || seen == 4, "%zu of 4 are seen", seen);
    cr_assert(seen == 0 || crash_may_show, "the events of an open fence are seen");
    cr_assert(seen == 4 || !crash_must_show, "a committed fence is lost");
    if (i % 6 == crash_states % 6) cr_assert_eq(seen_after(after, "e:1"), seen);
    crash_seen += seen == 4;
    crash_states++;
    sim_free(after);
  }
}

static void crash_at_every_call(void) {
  fixture_close(store);
  config.segment_max_bytes = 1500;
  config.durability = BP_WRITTEN;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  for (int i = 0; i < 3; i++) fixture_append_text(store, "before", "x");
  MUST(bp_store_sync(store, NULL));
  fixture_append_text(store, "unflushed", "x");
  sim_set_observer(sim, crash_here, NULL);
  begin();
  for (int i = 0; i < 4; i++) write_behind("e:1", "x");
  crash_may_show = crash_ending == bp_fence_commit;
  MUST(crash_ending(fence, NULL));
  crash_must_show = crash_may_show;
  crash_here(NULL);
  fixture_append_text(store, "e:2", "x");
  MUST(bp_store_sync(store, NULL));
  sim_set_observer(sim, NULL, NULL);
  cr_assert_gt(crash_states, 200);
  cr_assert_eq(crash_seen > 0, crash_may_show);
}

/* J12: nothing of an open fence is seen after a crash, however the disk was left; a commit is all or nothing. */
Test(fences, show_all_or_nothing_after_a_crash_in_a_commit, .timeout = 300) {
  crash_ending = bp_fence_commit;
  crash_at_every_call();
}

Test(fences, show_nothing_after_a_crash_in_a_cancellation, .timeout = 300) {
  crash_ending = bp_fence_cancel;
  crash_at_every_call();
}

/* --- failing calls: in a commit and in a cancellation, each of them, once and for good */

typedef struct attempt {
  sim_system *sim;
  bp_ticket *tickets[2];
  bp_status status;
} attempt;

/* A new store with an open fence of two events behind three that are visible. */
static void prepare(void) {
  bp_store_release(store);
  sim_free(sim);
  sim = sim_new();
  config.system = sim_table(sim);
  store = fixture_open("store", BP_MODE_CREATE, &config);
  fixture_append_text(store, "before", "x");
  begin();
}

static int ends_with_failure(uint64_t at, int forever, int commits, attempt *a) {
  prepare();
  a->tickets[0] = submit_text("e:1", "1");
  a->tickets[1] = submit_text("e:1", "2");
  await_written();
  uint64_t calls = sim_calls(sim, SIM_ANY);
  sim_add_fault(sim, (sim_fault){.kind = SIM_ANY, .at = at, .errno_value = EIO, .forever = forever});
  a->status = commits ? bp_fence_commit(fence, NULL) : bp_fence_cancel(fence, NULL);
  int was_reached = sim_calls(sim, SIM_ANY) - calls >= at;
  if (a->status != BP_OK) {
    cr_assert(a->status == BP_SYSTEM || a->status == BP_SYNC_FAILED, "%s", bp_status_name(a->status));
    cr_assert_eq(seen_of("e:1"), 0);
    bp_draft draft = fixture_draft("e:2", "x");
    bp_status refused = bp_store_append(store, &draft, NULL, NULL);
    cr_assert(refused == BP_FENCE_ACTIVE || refused == BP_POISONED);
  }
  sim_clear_faults(sim);
  /* Where a commit could not even be taken back nobody knows; but it is all or nothing. */
  size_t seen = a->status == BP_OK ? 0 : seen_after_a_kill("e:1");
  cr_assert(seen == 0 || (commits && seen == 2 && forever && a->status == BP_SYNC_FAILED), "%zu are seen", seen);
  return was_reached;
}

static void end_well(attempt *a, int committed) {
  for (int i = 0; i < 2; i++) {
    bp_status status = wait_for(a->tickets[i]);
    cr_assert(status == (committed ? BP_OK : BP_FENCE_CANCELLED) || status == BP_SYNC_FAILED, "%s", bp_status_name(status));
    bp_ticket_free(a->tickets[i]);
  }
  cr_assert_eq(seen_of("e:1"), committed ? 2 : 0);
  forget();
  cr_assert_eq(seen_after_a_kill("e:1"), committed ? 2 : 0);
}

static void fail_each_call(int commits, int retries) {
  attempt a;
  int failures = 0;
  for (int forever = 0; forever < 2; forever++) {
    for (uint64_t at = 1; ends_with_failure(at, forever, commits, &a); at++) {
      int committed = commits && a.status == BP_OK;
      if (a.status != BP_OK) {
        failures++;
        bp_status status = retries ? bp_fence_commit(fence, NULL) : bp_fence_cancel(fence, NULL);
        committed = retries && status == BP_OK;
        if (retries && status == BP_POISONED) status = bp_fence_cancel(fence, NULL);
        cr_assert_eq(status, BP_OK, "%s", bp_status_name(status));
      }
      end_well(&a, committed);
    }
    end_well(&a, commits);
  }
  cr_assert_gt(failures, 2);
}

Test(fences, whose_commit_fails_can_be_committed_again, .timeout = 120) { fail_each_call(1, 1); }
Test(fences, whose_commit_fails_can_be_cancelled, .timeout = 120) { fail_each_call(1, 0); }
Test(fences, whose_cancellation_fails_can_be_cancelled_again, .timeout = 120) { fail_each_call(0, 0); }

/* Each call of a fenced write fails: its ticket says so at once, the fence goes on. */
Test(fences, whose_write_fails_go_on, .timeout = 120) {
  for (uint64_t at = 1; at < 40; at++) {
    prepare();
    sim_add_fault(sim, (sim_fault){.kind = SIM_ANY, .at = at, .errno_value = ENOSPC});
    bp_ticket *ticket = submit_text("e:1", "1");
    await_written();
    bp_status status = bp_ticket_wait(ticket, 0, NULL);
    for (int i = 0; i < 50 && status == BP_WAIT_TIMEOUT; i++) status = bp_ticket_wait(ticket, 1, NULL);
    sim_clear_faults(sim);
    cr_assert(status == BP_WAIT_TIMEOUT || status == BP_DISK_FULL, "%s", bp_status_name(status));
    cr_assert_eq(seen_after_a_kill("e:1"), 0);
    bp_ticket *second = submit_text("e:1", "2");
    MUST(bp_fence_commit(fence, NULL));
    expect_ticket(second, BP_OK);
    expect_ticket(ticket, status == BP_WAIT_TIMEOUT ? BP_OK : BP_DISK_FULL);
    cr_assert_eq(seen_of("e:1"), status == BP_WAIT_TIMEOUT ? 2 : 1);
    cr_assert_eq(seen_after_a_kill("e:1"), status == BP_WAIT_TIMEOUT ? 2 : 1);
    forget();
  }
}

/* A flush that fails takes the tickets of what it lost; the others can still be cancelled, and nothing comes to light. */
Test(fences, of_a_poisoned_store_can_only_be_cancelled) {
  begin();
  bp_ticket *kept = submit_text("e:1", "1");
  await_written();
  MUST(bp_store_sync(store, NULL));
  bp_ticket *lost = submit_text("e:1", "2");
  await_written();
  sim_add_fault(sim, (sim_fault){.kind = SIM_SYNC, .at = 1, .errno_value = EIO});
  cr_assert_eq(bp_fence_commit(fence, NULL), BP_SYNC_FAILED);
  expect_ticket(lost, BP_SYNC_FAILED);
  cr_assert_eq(bp_ticket_wait(kept, 10, NULL), BP_WAIT_TIMEOUT);
  cr_assert_eq(bp_fence_commit(fence, NULL), BP_POISONED);
  bp_fence *second;
  cr_assert_eq(bp_fence_begin(store, &second, NULL), BP_POISONED);
  bp_ticket *late = submit_text("e:1", "3");
  expect_ticket(late, BP_POISONED);
  cr_assert_eq(seen_after_a_kill("e:1"), 0);
  MUST(bp_fence_cancel(fence, NULL));
  expect_ticket(kept, BP_FENCE_CANCELLED);
  cr_assert_eq(seen_of("e:1"), 0);
  cr_assert_eq(seen_after_a_kill("e:1"), 0);
  forget();
  cr_assert_eq(bp_store_close(store, NULL), BP_POISONED);
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  cr_assert_eq(seen_of("e:1"), 0);
  assert_consistent();
}

Test(fences, that_a_close_cannot_cancel_stay_hidden) {
  begin();
  bp_ticket *ticket = submit_text("e:1", "1");
  await_written();
  sim_add_fault(sim, (sim_fault){.kind = SIM_RENAME, .at = 1, .errno_value = EIO});
  cr_assert_eq(bp_store_close(store, NULL), BP_SYSTEM);
  expect_ticket(ticket, BP_FENCE_CANCELLED);
  cr_assert_eq(bp_fence_commit(fence, NULL), BP_FENCE_NOT_ACTIVE);
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  cr_assert_eq(fixture_stat(store).clean_close, 0);
  cr_assert_eq(seen_of("e:1"), 0);
  fixture_append_text(store, "e:1", "2");
  cr_assert_eq(seen_of("e:1"), 1);
}

static int logged;

static void note_log(void *user, const char *text, size_t length) {
  (void)user;
  cr_assert_eq(strlen(text), length);
  logged++;
}

/* Nobody holds it any more, so the next who writes cancels it. */
Test(fences, that_are_dropped_in_vain_are_cancelled_later) {
  fixture_close(store);
  config.log = note_log;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  logged = 0;
  begin();
  bp_ticket *ticket = submit_text("e:1", "1");
  await_written();
  sim_add_fault(sim, (sim_fault){.kind = SIM_RENAME, .at = 1, .errno_value = EIO, .forever = 1});
  forget();
  bp_draft draft = fixture_draft("e:2", "x");
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_FENCE_ACTIVE);
  cr_assert_eq(bp_ticket_wait(ticket, 0, NULL), BP_WAIT_TIMEOUT);
  sim_clear_faults(sim);
  fixture_append(store, &draft);
  expect_ticket(ticket, BP_FENCE_CANCELLED);
  cr_assert_eq(logged, 1);
  cr_assert_eq(seen_of("e:1"), 0);
  cr_assert_eq(seen_of("e:2"), 1);
}

/* --- memory and processes */

static int step_without_memory(int step) {
  bp_draft draft = fixture_draft("another", "1");
  bp_ticket *ticket = NULL;
  switch (step) {
    case 0: return bp_fence_begin(store, &fence, NULL);
    case 1: {
      bp_status status = bp_fence_submit(fence, &draft, &ticket, NULL);
      bp_ticket_free(ticket);
      return status;
    }
    case 2: return bp_fence_commit(fence, NULL);
    default: return bp_fence_cancel(fence, NULL);
  }
}

/* Each allocation of each step fails: nothing happened, and the step can be made again. */
Test(fences, without_memory_stay_as_they_are, .timeout = 120) {
  for (int step = 0; step < 4; step++) {
    for (uint64_t at = 1;; at++) {
      if (step > 0) begin();
      if (step > 1) write_behind("e:1", "1");
      fault.failures = 0;
      memory_fault_arm(&fault, at, 0);
      bp_status status = step_without_memory(step);
      if (step == 1) await_written();
      memory_fault_disarm(&fault);
      cr_assert(status == BP_OK || status == BP_NO_MEMORY, "%s", bp_status_name(status));
      if (status == BP_NO_MEMORY && step > 1) MUST(step_without_memory(step));
      uint64_t failures = fault.failures;
      if (fence != NULL && step < 2) MUST(bp_fence_cancel(fence, NULL));
      forget();
      if (failures == 0) break;
    }
  }
  assert_consistent();
}

Test(fences, belong_to_the_process_that_began_them) {
  bp_ticket *ticket;
  bp_draft draft = fixture_draft("e:1", "1");
  begin();
  sim_set_process_id(sim, 2);
  cr_assert_eq(bp_fence_submit(fence, &draft, &ticket, NULL), BP_FORKED);
  cr_assert_eq(bp_fence_submit_batch(fence, &draft, 1, &ticket, NULL), BP_FORKED);
  cr_assert_eq(bp_fence_commit(fence, NULL), BP_FORKED);
  cr_assert_eq(bp_fence_cancel(fence, NULL), BP_FORKED);
  cr_assert_eq(bp_fence_begin(store, &(bp_fence *){NULL}, NULL), BP_FORKED);
  bp_fence_free(fence);
  sim_set_process_id(sim, 1);
  write_behind("e:1", "1");
  MUST(bp_fence_commit(fence, NULL));
  cr_assert_eq(seen_of("e:1"), 1);
}
