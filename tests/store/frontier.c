/* The frontier: six points, and waiting for them.  Each test names a property that the reference proves of its own
 * frontier, waits and gates, or what differs here. */
#include "store/store_internal.h"
#include "store/sim_fixture.h"

#include <errno.h>

enum { STEP_MS = 5, SOON_MS = 20 };

static void set_up_written(void) { open_on_sim(BP_WRITTEN); }

TestSuite(frontier, .init = set_up_written, .fini = tear_down, .timeout = 60);

static void reopen(uint32_t mode) {
  fixture_close(store);
  store = fixture_open("store", mode, &config);
}

static bp_frontier frontier_of(const bp_store *of) {
  bp_frontier frontier = {.struct_size = sizeof frontier};
  MUST(bp_store_frontier(of, &frontier, NULL));
  return frontier;
}

static bp_receipt append(uint8_t durability) {
  bp_draft draft = fixture_draft("e:1", "x");
  draft.durability = durability;
  return fixture_append(store, &draft);
}

static bp_draft gated(uint32_t gate, uint32_t timeout_ms) {
  bp_draft draft = fixture_draft("e:1", "x");
  draft.gate = gate;
  draft.gate_timeout_ms = timeout_ms;
  return draft;
}

static bp_point point_of(const bp_receipt *receipt) {
  const bp_event *event = fixture_get(store, receipt->event_id);
  return (bp_point){event->wall_ms, event->sequence};
}

static int order(bp_point a, bp_point b) { return bpi_point_after(a, b) ? 1 : bpi_point_after(b, a) ? -1 : 0; }

static void check_all_equal(const bp_frontier *frontier, bp_point point) {
  cr_assert_eq(order(frontier->accepted, point), 0);
  cr_assert_eq(order(frontier->written, point), 0);
  cr_assert_eq(order(frontier->durable, point), 0);
  cr_assert_eq(order(frontier->visible, point), 0);
  cr_assert_eq(order(frontier->emitted, point), 0);
  cr_assert_eq(frontier->visible_minus_durable, 0);
  cr_assert_eq(frontier->oldest_pending_ms, UINT64_MAX);
}

static bp_status wait_for(uint32_t watermark, bp_point point, uint32_t timeout_ms) {
  return bp_store_wait(store, watermark, &point, timeout_ms, NULL);
}

static void fail_next_flush(void) {
  sim_add_fault(sim, (sim_fault){.kind = SIM_SYNC, .at = 1, .errno_value = EIO});
  cr_assert_eq(bp_store_sync(store, NULL), BP_SYNC_FAILED);
}

/* --- the points */

/* P-046 */
Test(frontier, after_open_all_six_are_equal_and_nothing_is_pending) {
  bp_frontier frontier = frontier_of(store);
  const bp_event *opened = fixture_event_at(store, 0);
  check_all_equal(&frontier, (bp_point){opened->wall_ms, opened->sequence});
  cr_assert_eq(order(frontier.applied, frontier.accepted), 0);
}

/* P-047 */
Test(frontier, the_point_of_an_open_lies_above_all_before_it_also_with_a_clock_moved_back) {
  for (int i = 0; i < 3; i++) append(BP_WRITTEN);
  bp_frontier before = frontier_of(store);
  fixture_close(store);
  sim_set_clock(sim, 1000000000);
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  bp_frontier after = frontier_of(store);
  cr_assert_gt(after.accepted.sequence, before.accepted.sequence + 1, "the close lies between");
  cr_assert_geq(after.accepted.wall_ms, before.accepted.wall_ms);
  check_all_equal(&after, after.applied);
  bp_receipt receipt = append(BP_WRITTEN);
  cr_assert_eq(order(point_of(&receipt), after.accepted), 1);
}

/* P-048 */
Test(frontier, a_read_only_open_adds_no_event_and_stands_at_the_newest) {
  append(BP_WRITTEN);
  reopen(BP_MODE_READ_ONLY);
  size_t events = fixture_count(store, NULL);
  const bp_event *newest = fixture_event_at(store, events - 1);
  bp_frontier frontier = frontier_of(store);
  check_all_equal(&frontier, (bp_point){newest->wall_ms, newest->sequence});
  cr_assert_eq(order(frontier.applied, frontier.accepted), 0);
  cr_assert_eq(wait_for(BP_WATERMARK_DURABLE, frontier.durable, 0), BP_READ_ONLY, "nothing moves in it");
}

/* P-049 */
Test(frontier, each_close_adds_one_event_not_below_what_was_visible_and_closes_rise) {
  bp_point last = {0, 0};
  for (size_t session = 1; session <= 3; session++) {
    append(BP_WRITTEN);
    bp_point visible = frontier_of(store).visible;
    reopen(BP_MODE_READ_ONLY);
    size_t events = fixture_count(store, NULL);
    cr_assert_eq(events, 3 * session, "open, event, close");
    const bp_event *closed = fixture_event_at(store, events - 1);
    bp_point point = {closed->wall_ms, closed->sequence};
    cr_assert_eq(order(point, visible), 1);
    cr_assert_eq(order(point, last), 1);
    last = point;
    sim_set_clock(sim, 1000000000);
    reopen(BP_MODE_MUST_EXIST);
  }
}

/* P-052 */
Test(frontier, what_is_written_is_visible_before_it_is_durable_until_a_sync) {
  bp_frontier opened = frontier_of(store);
  bp_receipt first = append(BP_WRITTEN), second = append(BP_WRITTEN);
  bp_frontier frontier = frontier_of(store);
  cr_assert_eq(order(frontier.visible, point_of(&second)), 0);
  cr_assert_eq(order(frontier.accepted, frontier.visible), 0);
  cr_assert_eq(order(frontier.written, frontier.visible), 0);
  cr_assert_eq(order(frontier.emitted, frontier.visible), 0);
  cr_assert_eq(order(frontier.durable, opened.durable), 0);
  cr_assert_eq(frontier.visible_minus_durable, (int64_t)(second.sequence - first.sequence + 1));
  cr_assert_neq(frontier.oldest_pending_ms, UINT64_MAX);
  MUST(bp_store_sync(store, NULL));
  frontier = frontier_of(store);
  check_all_equal(&frontier, point_of(&second));
}

/* P-052 */
Test(frontier, a_flush_that_is_due_closes_the_gap_by_itself) {
  config.sync_every_events = 3;
  reopen(BP_MODE_MUST_EXIST);
  for (int i = 1; i <= 9; i++) {
    append(BP_WRITTEN);
    cr_assert_eq(frontier_of(store).visible_minus_durable, i % 3);
  }
}

/* P-054 */
Test(frontier, applied_stays_at_the_open_without_projections) {
  bp_point opened = frontier_of(store).applied;
  append(BP_DURABLE);
  append(BP_WRITTEN);
  cr_assert_eq(order(frontier_of(store).applied, opened), 0);
}

/* P-055 */
Test(frontier, the_age_counts_from_when_accepted_first_ran_ahead_and_replays_do_not_restart_it) {
  sim_set_clock_step(sim, STEP_MS * INT64_C(1000000));
  append(BP_WRITTEN);
  cr_assert_eq(frontier_of(store).oldest_pending_ms, STEP_MS);
  bp_draft draft = fixture_draft("e:1", "keyed");
  fixture_give_key(&draft, 1);
  fixture_append(store, &draft);
  cr_assert_eq(frontier_of(store).oldest_pending_ms, 2 * STEP_MS);
  cr_assert_eq(fixture_append(store, &draft).replayed, 1);
  cr_assert_eq(frontier_of(store).oldest_pending_ms, 3 * STEP_MS);
  MUST(bp_store_sync(store, NULL));
  cr_assert_eq(frontier_of(store).oldest_pending_ms, UINT64_MAX);
  cr_assert_eq(fixture_append(store, &draft).replayed, 1);
  cr_assert_eq(frontier_of(store).oldest_pending_ms, UINT64_MAX, "a replay begins nothing");
  append(BP_WRITTEN);
  cr_assert_eq(frontier_of(store).oldest_pending_ms, STEP_MS, "it counts anew");
}

/* What the frontier was when the last flush began. */
static bp_frontier seen;
static bp_system watched;
static int (*sync_below)(void *context, int file, int data_only);

static int look_and_sync(void *context, int file, int data_only) {
  bp_frontier now = {.struct_size = sizeof now};
  /* No store yet, or one that is being closed, has none to show. */
  if (bp_store_frontier(store, &now, NULL) == BP_OK) seen = now;
  return sync_below(context, file, data_only);
}

static void watch_flushes(void) {
  fixture_close(store);
  store = NULL;
  watched = *sim_table(sim);
  sync_below = watched.file_sync;
  watched.file_sync = look_and_sync;
  config.system = &watched;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
}

Test(frontier, a_flush_under_way_shows_what_it_is_to_cover) {
  watch_flushes();
  append(BP_WRITTEN);
  bp_frontier before = frontier_of(store);
  bp_receipt receipt = append(BP_DURABLE);
  cr_assert_eq(seen.accepted.sequence, receipt.sequence);
  cr_assert_eq(seen.written.sequence, receipt.sequence);
  cr_assert_eq(order(seen.visible, before.visible), 0, "not to be seen before its flush");
  cr_assert_eq(order(seen.durable, before.durable), 0);
  cr_assert_neq(seen.oldest_pending_ms, UINT64_MAX);
  bp_frontier after = frontier_of(store);
  check_all_equal(&after, point_of(&receipt));
}

Test(frontier, what_was_refused_or_taken_back_moves_nothing) {
  append(BP_WRITTEN);
  bp_frontier before = frontier_of(store);
  bp_draft draft = fixture_draft("e:1", "x");
  draft.expect = BP_EXPECT_EMPTY;
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_EXPECTED_EMPTY);
  sim_add_fault(sim, (sim_fault){.kind = SIM_WRITE, .at = 1, .errno_value = ENOSPC});
  draft.expect = BP_EXPECT_ANY;
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_DISK_FULL);
  bp_frontier after = frontier_of(store);
  cr_assert_eq(order(before.accepted, after.accepted), 0);
  cr_assert_eq(order(before.written, after.written), 0);
  cr_assert_eq(order(before.visible, after.visible), 0);
  cr_assert_geq(after.durable.sequence, before.durable.sequence, "the taking back was flushed, and all before it");
}

Test(frontier, a_full_segment_makes_what_it_holds_durable) {
  config.segment_max_bytes = 1;
  config.sync_every_events = 0;
  reopen(BP_MODE_MUST_EXIST);
  for (int i = 0; i < 4; i++) append(BP_WRITTEN);
  cr_assert_eq(frontier_of(store).visible_minus_durable, 1, "all but the one in the newest segment");
}

/* --- poison */

/* P-065 */
Test(frontier, a_poisoned_writer_falls_back_to_what_stays_and_durable_does_not) {
  watch_flushes();
  append(BP_DURABLE);
  bp_receipt kept = append(BP_WRITTEN);
  bp_frontier before = frontier_of(store);
  sim_add_fault(sim, (sim_fault){.kind = SIM_SYNC, .at = 1, .errno_value = EIO});
  bp_draft draft = fixture_draft("e:1", "x");
  draft.durability = BP_DURABLE;
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_SYNC_FAILED);
  cr_assert_eq(seen.accepted.sequence, kept.sequence + 1, "it was on its way");
  bp_frontier after = frontier_of(store);
  cr_assert_eq(order(after.accepted, point_of(&kept)), 0);
  cr_assert_eq(order(after.written, after.accepted), 0);
  cr_assert_eq(order(after.visible, after.accepted), 0);
  cr_assert_eq(order(after.durable, before.durable), 0);
  cr_assert_eq(after.visible_minus_durable, 1);
  cr_assert_neq(after.oldest_pending_ms, UINT64_MAX);
}

/* V-60 */
/* P-060 */
Test(frontier, a_wait_for_what_is_reached_passes_in_a_poisoned_store_and_no_other) {
  bp_receipt durable = append(BP_DURABLE), written = append(BP_WRITTEN);
  fail_next_flush();
  cr_assert_eq(wait_for(BP_WATERMARK_DURABLE, point_of(&durable), 0), BP_OK);
  cr_assert_eq(wait_for(BP_WATERMARK_VISIBLE, point_of(&written), 0), BP_OK);
  cr_assert_eq(wait_for(BP_WATERMARK_DURABLE, point_of(&written), 0), BP_POISONED);
  cr_assert_eq(wait_for(BP_WATERMARK_DURABLE, point_of(&written), BP_WAIT_FOREVER), BP_POISONED);
  cr_assert_eq(wait_for(BP_WATERMARK_APPLIED, point_of(&written), BP_WAIT_FOREVER), BP_POISONED);
}

/* --- reopening */

static bp_point durable_after(sim_system *machine, bp_frontier before, size_t events) {
  bp_config other = config;
  other.system = sim_table(machine);
  bp_store *survivor = fixture_open("store", BP_MODE_MUST_EXIST, &other);
  bp_frontier frontier = frontier_of(survivor);
  cr_assert_eq(fixture_count(survivor, NULL), events);
  check_all_equal(&frontier, frontier.applied);
  cr_assert_eq(order(frontier.durable, before.durable), 1, "never below what was durable before");
  fixture_close(survivor);
  sim_free(machine);
  return frontier.durable;
}

/* P-065 */
Test(frontier, after_a_crash_durable_covers_all_that_is_recovered_and_all_that_was_durable) {
  append(BP_DURABLE);
  for (int i = 0; i < 3; i++) append(BP_WRITTEN);
  bp_frontier before = frontier_of(store);
  bp_point killed = durable_after(sim_clone(sim), before, 6);
  cr_assert_eq(order(killed, before.accepted), 1);
  durable_after(sim_crashed(sim, &(sim_choice){.kind = SIM_ALL_LOST}), before, 3);
  durable_after(sim_crashed(sim, &(sim_choice){.kind = SIM_ALL_KEPT}), before, 6);
}

/* --- waits */

/* P-057 */
Test(frontier, a_wait_for_what_is_reached_answers_at_once) {
  bp_receipt receipt = append(BP_DURABLE);
  cr_assert_eq(wait_for(BP_WATERMARK_DURABLE, point_of(&receipt), BP_WAIT_FOREVER), BP_OK);
  cr_assert_eq(wait_for(BP_WATERMARK_VISIBLE, point_of(&receipt), 0), BP_OK);
}

/* P-057 */
Test(frontier, the_origin_is_always_reached) {
  const bp_point origin = {0, 0};
  cr_assert_eq(wait_for(BP_WATERMARK_DURABLE, origin, 0), BP_OK);
  cr_assert_eq(wait_for(BP_WATERMARK_VISIBLE, origin, 0), BP_OK);
  cr_assert_eq(wait_for(BP_WATERMARK_APPLIED, origin, 0), BP_OK);
}

/* P-057 */
Test(frontier, visible_is_reached_without_durable) {
  bp_receipt receipt = append(BP_WRITTEN);
  cr_assert_eq(wait_for(BP_WATERMARK_VISIBLE, point_of(&receipt), 0), BP_OK);
  cr_assert_eq(wait_for(BP_WATERMARK_DURABLE, point_of(&receipt), 0), BP_WAIT_TIMEOUT);
}

/* P-058 */
Test(frontier, a_wait_that_is_not_served_ends_in_time_with_both_sequences_and_flushes_nothing) {
  bp_error error = fixture_error();
  bp_point durable = frontier_of(store).durable;
  bp_receipt receipt = append(BP_WRITTEN);
  bp_point point = point_of(&receipt);
  uint64_t syncs = sim_calls(sim, SIM_SYNC);
  uint64_t deadline = bpi_deadline_after_ms(SOON_MS);
  cr_assert_eq(bp_store_wait(store, BP_WATERMARK_DURABLE, &point, SOON_MS, &error), BP_WAIT_TIMEOUT);
  cr_assert_geq(bpi_deadline_after_ms(0), deadline);
  cr_assert_eq(error.expected, point.sequence);
  cr_assert_eq(error.actual, durable.sequence);
  cr_assert_eq(sim_calls(sim, SIM_SYNC), syncs);
  MUST(bp_store_sync(store, NULL));
  cr_assert_eq(wait_for(BP_WATERMARK_DURABLE, point, 0), BP_OK);
}

/* V-61 */
Test(frontier, a_receipts_sequence_alone_waits_for_its_event) {
  bp_receipt receipt = append(BP_WRITTEN);
  bp_point point = {0, receipt.sequence};
  cr_assert_eq(wait_for(BP_WATERMARK_DURABLE, point, 0), BP_WAIT_TIMEOUT);
  cr_assert_eq(wait_for(BP_WATERMARK_VISIBLE, point, 0), BP_OK);
  MUST(bp_store_sync(store, NULL));
  cr_assert_eq(wait_for(BP_WATERMARK_DURABLE, point, 0), BP_OK);
  point = (bp_point){frontier_of(store).durable.wall_ms + 1, 0};
  cr_assert_eq(wait_for(BP_WATERMARK_DURABLE, point, 0), BP_WAIT_TIMEOUT, "nor has that time come");
}

/* B5: time is stamped in commit order and never goes back, so no point of an event is passed before the event is. */
Test(frontier, a_point_is_not_reached_by_an_earlier_event_with_a_later_time) {
  sim_set_clock(sim, INT64_C(4000000000000000000));
  append(BP_DURABLE);
  sim_set_clock(sim, 1000000000);
  bp_draft draft = fixture_draft("e:2", "another entity");
  bp_receipt receipt = fixture_append(store, &draft);
  cr_assert_eq(wait_for(BP_WATERMARK_DURABLE, point_of(&receipt), 0), BP_WAIT_TIMEOUT);
}

Test(frontier, accepted_written_and_emitted_cannot_be_waited_for) {
  const bp_point origin = {0, 0};
  static const uint32_t refused[] = {0, BP_WATERMARK_ACCEPTED, BP_WATERMARK_WRITTEN, BP_WATERMARK_EMITTED, 7, UINT32_MAX};
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    cr_assert_eq(wait_for(refused[i], origin, 0), BP_ARGUMENT, "%zu", i);
  }
  cr_assert_eq(bp_store_wait(store, BP_WATERMARK_DURABLE, NULL, 0, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_store_wait(NULL, BP_WATERMARK_DURABLE, &origin, 0, NULL), BP_ARGUMENT);
}

Test(frontier, the_calls_look_at_their_store_and_their_struct) {
  bp_frontier frontier = {.struct_size = 8};
  cr_assert_eq(bp_store_frontier(store, &frontier, NULL), BP_STRUCT_SIZE);
  cr_assert_eq(bp_store_frontier(store, NULL, NULL), BP_ARGUMENT);
  frontier.struct_size = sizeof frontier;
  cr_assert_eq(bp_store_frontier(NULL, &frontier, NULL), BP_ARGUMENT);
  const bp_point origin = {0, 0};
  sim_set_process_id(sim, 2);
  cr_assert_eq(bp_store_frontier(store, &frontier, NULL), BP_FORKED);
  cr_assert_eq(wait_for(BP_WATERMARK_DURABLE, origin, 0), BP_FORKED);
  sim_set_process_id(sim, 1);
}

/* --- gates of appends */

/* P-061 */
Test(frontier, without_a_gate_nothing_is_waited_for) {
  bp_draft draft = gated(BP_GATE_NONE, 0);
  cr_assert_eq(fixture_append(store, &draft).durable, 0);
}

/* P-061 */
Test(frontier, gates_that_are_met_let_pass) {
  bp_draft draft = gated(BP_GATE_VISIBLE, 0);
  cr_assert_eq(fixture_append(store, &draft).durable, 0);
  draft = gated(BP_GATE_DURABLE, 0);
  draft.durability = BP_DURABLE;
  cr_assert_eq(fixture_append(store, &draft).durable, 1);
}

/* V-62 */
/* P-061 */
Test(frontier, a_gate_that_is_not_met_answers_the_error_and_the_receipt_and_the_event_stays) {
  bp_error error = fixture_error();
  bp_receipt receipt = fixture_receipt();
  bp_draft draft = gated(BP_GATE_DURABLE, SOON_MS);
  bp_point durable = frontier_of(store).durable;
  cr_assert_eq(bp_store_append(store, &draft, &receipt, &error), BP_WAIT_TIMEOUT);
  cr_assert_eq(error.expected, receipt.sequence);
  cr_assert_eq(error.actual, durable.sequence);
  cr_assert_eq(receipt.durable, 0);
  cr_assert_neq(receipt.frame_length, 0);
  cr_assert_eq(fixture_get(store, receipt.event_id)->sequence, receipt.sequence);
  draft = gated(BP_GATE_APPLIED, 0);
  bp_receipt next = fixture_receipt();
  cr_assert_eq(bp_store_append(store, &draft, &next, NULL), BP_WAIT_TIMEOUT);
  cr_assert_eq(next.sequence, receipt.sequence + 1);
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_WAIT_TIMEOUT, "a receipt is not needed");
  cr_assert_eq(fixture_count(store, NULL), 4);
}

Test(frontier, a_gate_works_for_replayed_receipts) {
  bp_draft draft = gated(BP_GATE_DURABLE, 0);
  fixture_give_key(&draft, 1);
  bp_receipt receipt = fixture_receipt();
  cr_assert_eq(bp_store_append(store, &draft, &receipt, NULL), BP_WAIT_TIMEOUT);
  cr_assert_eq(bp_store_append(store, &draft, &receipt, NULL), BP_WAIT_TIMEOUT);
  cr_assert_eq(receipt.replayed, 1);
  cr_assert_eq(receipt.durable, 0);
  MUST(bp_store_sync(store, NULL));
  MUST(bp_store_append(store, &draft, &receipt, NULL));
  cr_assert_eq(receipt.durable, 1);
  reopen(BP_MODE_MUST_EXIST);
  draft.gate = BP_GATE_APPLIED;
  MUST(bp_store_append(store, &draft, &receipt, NULL));
  cr_assert_eq(receipt.replayed, 1, "an event of an earlier session lies below the open");
}

Test(frontier, an_append_that_is_refused_leaves_the_receipt_alone_whatever_its_gate) {
  bp_receipt receipt = fixture_receipt();
  bp_draft draft = gated(BP_GATE_DURABLE, BP_WAIT_FOREVER);
  draft.expect = BP_EXPECT_CLOCK;
  draft.expect_clock = 7;
  cr_assert_eq(bp_store_append(store, &draft, &receipt, NULL), BP_EXPECTED_CLOCK);
  draft.expect = BP_EXPECT_ANY;
  append(BP_WRITTEN);
  fail_next_flush();
  cr_assert_eq(bp_store_append(store, &draft, &receipt, NULL), BP_POISONED);
  cr_assert_eq(receipt.frame_length, 0);
  draft.gate = BP_GATE_VISIBLE + 1;
  cr_assert_eq(bp_store_append(store, &draft, &receipt, NULL), BP_ARGUMENT);
}

Test(frontier, the_gate_of_many_is_that_of_the_last_and_counts_for_all) {
  enum { MANY = 5 };
  bp_draft drafts[MANY];
  bp_receipt receipts[MANY];
  size_t accepted;
  config.group_max_events = 2;
  reopen(BP_MODE_MUST_EXIST);
  for (size_t i = 0; i < MANY; i++) {
    drafts[i] = gated(i + 1 == MANY ? BP_GATE_DURABLE : BP_GATE_NONE, 0);
    receipts[i] = fixture_receipt();
  }
  cr_assert_eq(bp_store_append_many(store, drafts, MANY, receipts, &accepted, NULL), BP_WAIT_TIMEOUT);
  cr_assert_eq(accepted, MANY);
  for (size_t i = 0; i < MANY; i++) cr_assert_eq(fixture_get(store, receipts[i].event_id)->sequence, receipts[i].sequence);
  drafts[MANY - 1].durability = BP_DURABLE;
  MUST(bp_store_append_many(store, drafts, MANY, receipts, &accepted, NULL));
  for (size_t i = 0; i < MANY; i++) cr_assert_eq(receipts[i].durable, 1, "receipt %zu", i);
  MUST(bp_store_append_many(store, drafts, MANY, NULL, &accepted, NULL));
  MUST(bp_store_append_many(store, drafts, 0, NULL, &accepted, NULL));
  drafts[2].gate = BP_GATE_VISIBLE;
  cr_assert_eq(bp_store_append_many(store, drafts, MANY, receipts, &accepted, NULL), BP_ARGUMENT);
  cr_assert_eq(accepted, 2, "those before it are in the store");
}

Test(frontier, the_gate_of_many_says_nothing_of_what_lies_above_a_replayed_last) {
  bp_draft drafts[2] = {gated(BP_GATE_NONE, 0), gated(BP_GATE_DURABLE, 0)};
  bp_receipt receipts[2] = {fixture_receipt(), fixture_receipt()};
  size_t accepted;
  fixture_give_key(&drafts[1], 1);
  drafts[1].durability = BP_DURABLE;
  MUST(bp_store_append(store, &drafts[1], NULL, NULL));
  drafts[1].durability = BP_WRITTEN;
  MUST(bp_store_append_many(store, drafts, 2, receipts, &accepted, NULL));
  cr_assert_eq(receipts[1].replayed, 1);
  cr_assert_eq(receipts[1].durable, 1);
  cr_assert_eq(receipts[0].durable, 0, "nobody flushed it");
}

/* P-062 */
Test(frontier, the_gate_of_a_batch_is_waited_at_when_all_of_it_is_in_the_store) {
  enum { MANY = 3 };
  bp_draft drafts[MANY];
  bp_receipt receipts[MANY];
  for (size_t i = 0; i < MANY; i++) {
    drafts[i] = gated(BP_GATE_NONE, 0);
    receipts[i] = fixture_receipt();
  }
  drafts[MANY - 1].gate = BP_GATE_DURABLE;
  MUST(bp_store_append_batch(store, drafts, MANY, receipts, NULL));
  bp_frontier frontier = frontier_of(store);
  check_all_equal(&frontier, point_of(&receipts[MANY - 1]));
  drafts[MANY - 1].gate = BP_GATE_APPLIED;
  cr_assert_eq(bp_store_append_batch(store, drafts, MANY, receipts, NULL), BP_WAIT_TIMEOUT);
  for (size_t i = 0; i < MANY; i++) cr_assert_eq(fixture_get(store, receipts[i].event_id)->sequence, receipts[i].sequence);
}

Test(frontier, looking_and_waiting_and_gates_allocate_nothing) {
  for (int i = 0; i < 300; i++) append(BP_DURABLE);
  uint64_t allocations = fault.allocations;
  for (int i = 0; i < 100; i++) {
    bp_draft draft = gated(BP_GATE_DURABLE, 0);
    draft.durability = BP_DURABLE;
    bp_receipt receipt = fixture_append(store, &draft);
    bp_point point = {0, receipt.sequence};
    cr_assert_eq(wait_for(BP_WATERMARK_DURABLE, point, 0), BP_OK);
    cr_assert_eq(frontier_of(store).visible.sequence, receipt.sequence);
  }
  cr_assert_eq(fault.allocations, allocations);
}
