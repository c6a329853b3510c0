/* What stands behind a fence is seen all at once, or never: by no way of reading, by no later open. */
#include "support/fenced.h"

#include <criterion/criterion.h>

TestSuite(fences, .init = fenced_set_up, .fini = fenced_tear_down);

/* --- commit and cancel */

/* 13.3 fence_cancellation, control_plane_surface: pending and invisible until the commit, a single and a batch. */
/* P-035 */
Test(fences, show_nothing_until_the_commit_and_then_everything) {
  bp_draft drafts[2] = {fixture_draft("e:2", "2"), fixture_draft("e:1", "3")};
  bp_ticket *single, *batch;
  size_t count;
  fixture_append_text(fenced.store, "e:1", "0");
  fenced_begin();
  single = fenced_submit_text("e:1", "1");
  MUST(bp_fence_submit_batch(fenced.fence, drafts, 2, &batch, NULL));
  fenced_await_written();
  cr_assert_eq(bp_ticket_wait(single, 20, NULL), BP_WAIT_TIMEOUT);
  cr_assert_eq(bp_ticket_wait(batch, 0, NULL), BP_WAIT_TIMEOUT);
  cr_assert_eq(fenced_seen("e:1"), 1);
  cr_assert_eq(fenced_seen("e:2"), 0);
  cr_assert_eq(fixture_stat(fenced.store).events, 2);
  cr_assert_eq(fixture_stat(fenced.store).last_sequence, 1);
  cr_assert_eq(fenced_verdict(), BP_VERDICT_CONSISTENT);
  MUST(bp_fence_commit(fenced.fence, NULL));
  cr_assert_eq(fenced_seen("e:1"), 3);
  cr_assert_eq(fenced_seen("e:2"), 1);
  MUST(bp_ticket_wait(single, BP_WAIT_FOREVER, NULL));
  MUST(bp_ticket_wait(batch, BP_WAIT_FOREVER, NULL));
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
  cr_assert_not(fenced_has_file());
  cr_assert_eq(fenced_seen_after_kill("e:1"), 3);
  fenced_reopen();
  cr_assert_eq(fenced_seen("e:1"), 3);
  cr_assert_eq(fenced_verdict(), BP_VERDICT_CONSISTENT);
}

/* 13.3 fence_cancellation: commit keeps correlation and causation of a reaction. */
/* P-038 */
Test(fences, keep_correlation_and_causation) {
  bp_draft draft = fixture_draft("e:1", "1");
  fixture_id(draft.correlation_id, 77);
  fixture_id(draft.causation_id, 78);
  draft.given = BP_GIVEN_CORRELATION | BP_GIVEN_CAUSATION;
  fenced_begin();
  bp_ticket *ticket = fenced_submit(&draft);
  MUST(bp_fence_commit(fenced.fence, NULL));
  MUST(bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL));
  const bp_event *event = fixture_get(fenced.store, bp_ticket_receipts(ticket, NULL)->event_id);
  cr_assert_arr_eq(event->correlation_id, draft.correlation_id, 16);
  cr_assert_arr_eq(event->causation_id, draft.causation_id, 16);
  bp_ticket_free(ticket);
}

/* 13.3 fence_cancellation: tickets cancelled, baseline only before and after reopen, a later append visible. */
/* P-036 */
Test(fences, that_are_cancelled_hide_for_ever) {
  fixture_append_text(fenced.store, "e:1", "0");
  fenced_begin();
  bp_ticket *ticket = fenced_submit_text("e:1", "1");
  bp_error error = fixture_error();
  MUST(bp_fence_cancel(fenced.fence, NULL));
  cr_assert_eq(bp_ticket_wait(ticket, BP_WAIT_FOREVER, &error), BP_FENCE_CANCELLED);
  cr_assert_eq(error.code, BP_FENCE_CANCELLED);
  cr_assert_null(bp_ticket_receipts(ticket, NULL));
  bp_ticket_free(ticket);
  cr_assert_eq(fenced_seen("e:1"), 1);
  cr_assert_eq(fixture_append_text(fenced.store, "e:1", "2").sequence, 3);
  cr_assert_eq(fenced_seen("e:1"), 2);
  cr_assert_eq(fixture_stat(fenced.store).events, 3);
  cr_assert_eq(fenced_verdict(), BP_VERDICT_CONSISTENT);
  cr_assert_eq(fenced_seen_after_kill("e:1"), 2);
  fenced_reopen();
  cr_assert_eq(fenced_seen("e:1"), 2);
  cr_assert_eq(fenced_verdict(), BP_VERDICT_CONSISTENT);
  bpi_range ranges[8];
  cr_assert_eq(fenced_ranges(ranges), 1);
  cr_assert(ranges[0].start == 2 && ranges[0].end == 3);
}

/* 13.3 fence_cancellation: a dropped fence cancels and is released. */
/* P-037 */
Test(fences, that_are_dropped_are_cancelled) {
  fenced_begin();
  bp_ticket *ticket = fenced_submit_text("e:1", "1");
  fenced_forget();
  cr_assert_eq(fenced_redeem(ticket), BP_FENCE_CANCELLED);
  cr_assert_eq(fenced_seen("e:1"), 0);
  fixture_append_text(fenced.store, "e:1", "2");
  cr_assert_eq(fenced_seen("e:1"), 1);
  cr_assert_eq(fenced_seen_after_kill("e:1"), 1);
}

/* 13.3 fence_cancellation, group_commit_crash: a close with a leaked fence cancels its tickets and keeps the rest. */
/* P-039 */
Test(fences, are_cancelled_by_a_close) {
  fixture_append_text(fenced.store, "e:1", "0");
  fenced_begin();
  bp_ticket *ticket = fenced_submit_text("e:1", "1");
  fixture_close(fenced.store);
  cr_assert_eq(bp_ticket_wait(ticket, 0, NULL), BP_FENCE_CANCELLED);
  bp_ticket_free(ticket);
  cr_assert_eq(bp_fence_commit(fenced.fence, NULL), BP_FENCE_NOT_ACTIVE);
  cr_assert_eq(bp_fence_cancel(fenced.fence, NULL), BP_FENCE_NOT_ACTIVE);
  bp_draft draft = fixture_draft("e:1", "x");
  cr_assert_eq(bp_fence_submit(fenced.fence, &draft, &ticket, NULL), BP_FENCE_NOT_ACTIVE);
  cr_assert_null(ticket);
  fenced_forget();
  fenced.store = fixture_open("store", BP_MODE_MUST_EXIST, &fenced.config);
  cr_assert_eq(fixture_stat(fenced.store).clean_close, 1);
  cr_assert_eq(fenced_seen("e:1"), 1);
  cr_assert_eq(fenced_verdict(), BP_VERDICT_CONSISTENT);
}

Test(fences, are_cancelled_by_a_release) {
  fenced_begin();
  bp_ticket *ticket = fenced_submit_text("e:1", "1");
  bp_store_release(fenced.store);
  cr_assert_eq(bp_ticket_wait(ticket, 0, NULL), BP_FENCE_CANCELLED);
  bp_ticket_free(ticket);
  cr_assert_eq(bp_fence_commit(fenced.fence, NULL), BP_FENCE_NOT_ACTIVE);
  fenced.store = fixture_open("store", BP_MODE_MUST_EXIST, &fenced.config);
  cr_assert_eq(fixture_stat(fenced.store).clean_close, 1);
  cr_assert_eq(fenced_seen("e:1"), 0);
}

/* 13.3 fence_cancellation: unfenced writes under a fenced.fence. */
/* P-040 */
Test(fences, keep_everybody_else_out) {
  bp_draft draft = fixture_draft("e:1", "x");
  bp_receipt receipt = fixture_receipt();
  bp_error error = fixture_error();
  bp_fence *second = fenced.fence;
  bp_ticket *ticket;
  size_t accepted;
  fenced_begin();
  cr_assert_eq(bp_fence_token(fenced.fence), 1);
  cr_assert_eq(bp_store_append(fenced.store, &draft, &receipt, &error), BP_FENCE_ACTIVE);
  cr_assert_eq(error.code, BP_FENCE_ACTIVE);
  cr_assert_eq(bp_store_append_many(fenced.store, &draft, 1, NULL, &accepted, NULL), BP_FENCE_ACTIVE);
  cr_assert_eq(accepted, 0);
  cr_assert_eq(bp_store_append_batch(fenced.store, &draft, 1, NULL, NULL), BP_FENCE_ACTIVE);
  MUST(bp_store_submit(fenced.store, &draft, &ticket, NULL));
  cr_assert_eq(fenced_redeem(ticket), BP_FENCE_ACTIVE);
  MUST(bp_store_submit_batch(fenced.store, &draft, 1, &ticket, NULL));
  cr_assert_eq(fenced_redeem(ticket), BP_FENCE_ACTIVE);
  cr_assert_eq(bp_fence_begin(fenced.store, &second, &error), BP_FENCE_ACTIVE);
  cr_assert_null(second);
  MUST(bp_store_sync(fenced.store, NULL));
  MUST(bp_fence_commit(fenced.fence, NULL));
  fenced_forget();
  fenced_begin();
  cr_assert_eq(bp_fence_token(fenced.fence), 3, "each attempt counts");
  MUST(bp_fence_cancel(fenced.fence, NULL));
  cr_assert_eq(fixture_append(fenced.store, &draft).sequence, 1);
}

Test(fences, that_are_over_say_so) {
  for (int commits = 0; commits < 2; commits++) {
    fenced_begin();
    MUST(commits ? bp_fence_commit(fenced.fence, NULL) : bp_fence_cancel(fenced.fence, NULL));
    bp_error error = fixture_error();
    bp_draft draft = fixture_draft("e", "x");
    bp_ticket *ticket;
    cr_assert_eq(bp_fence_commit(fenced.fence, &error), BP_FENCE_NOT_ACTIVE);
    cr_assert_eq(error.code, BP_FENCE_NOT_ACTIVE);
    cr_assert_eq(bp_fence_cancel(fenced.fence, NULL), BP_FENCE_NOT_ACTIVE);
    cr_assert_eq(bp_fence_submit(fenced.fence, &draft, &ticket, NULL), BP_FENCE_NOT_ACTIVE);
    cr_assert_eq(bp_fence_submit_batch(fenced.fence, &draft, 1, &ticket, NULL), BP_FENCE_NOT_ACTIVE);
    fenced_forget();
  }
  cr_assert_eq(bp_fence_begin(fenced.store, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_fence_commit(NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_fence_cancel(NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_fence_token(NULL), 0);
  bp_fence_free(NULL);
}

Test(fences, without_events_leave_no_trace) {
  uint64_t writes = sim_calls(fenced.sim, SIM_WRITE), renames = sim_calls(fenced.sim, SIM_RENAME), removals = sim_calls(fenced.sim, SIM_REMOVE);
  for (int i = 0; i < 3; i++) {
    fenced_begin();
    MUST(i == 0 ? bp_fence_commit(fenced.fence, NULL) : bp_fence_cancel(fenced.fence, NULL));
    fenced_forget();
  }
  cr_assert_eq(sim_calls(fenced.sim, SIM_WRITE), writes);
  cr_assert_eq(sim_calls(fenced.sim, SIM_RENAME), renames);
  cr_assert_eq(sim_calls(fenced.sim, SIM_REMOVE), removals);
  cr_assert_eq(fixture_append_text(fenced.store, "e", "x").sequence, 1);
}

Test(fences, need_a_store_that_writes) {
  fixture_close(fenced.store);
  fenced.store = fixture_open("store", BP_MODE_READ_ONLY, &fenced.config);
  cr_assert_eq(bp_fence_begin(fenced.store, &fenced.fence, NULL), BP_READ_ONLY);
  cr_assert_null(fenced.fence);
}

/* --- keys, chains, expectations */

/* V-54 */
Test(fences, find_their_own_keys) {
  bp_draft draft = fixture_draft("e:1", "1");
  fixture_give_key(&draft, 5);
  fenced_begin();
  bp_ticket *first = fenced_submit(&draft), *again = fenced_submit(&draft);
  fenced_await_written();
  cr_assert_eq(bp_ticket_wait(again, 0, NULL), BP_WAIT_TIMEOUT, "a replay waits with its fence");
  MUST(bp_fence_commit(fenced.fence, NULL));
  MUST(bp_ticket_wait(first, BP_WAIT_FOREVER, NULL));
  MUST(bp_ticket_wait(again, BP_WAIT_FOREVER, NULL));
  cr_assert_eq(bp_ticket_receipts(first, NULL)->replayed, 0);
  cr_assert_eq(bp_ticket_receipts(again, NULL)->replayed, 1);
  cr_assert_eq(bp_ticket_receipts(again, NULL)->sequence, bp_ticket_receipts(first, NULL)->sequence);
  bp_ticket_free(first);
  bp_ticket_free(again);
  cr_assert_eq(fenced_seen("e:1"), 1);
}

Test(fences, replay_the_keys_of_what_is_visible) {
  bp_draft draft = fixture_draft("e:1", "1");
  fixture_give_key(&draft, 5);
  bp_receipt before = fixture_append(fenced.store, &draft);
  fenced_begin();
  bp_ticket *ticket = fenced_submit(&draft);
  MUST(bp_fence_commit(fenced.fence, NULL));
  MUST(bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL));
  cr_assert_eq(bp_ticket_receipts(ticket, NULL)->replayed, 1);
  cr_assert_eq(bp_ticket_receipts(ticket, NULL)->sequence, before.sequence);
  bp_ticket_free(ticket);
  cr_assert_eq(fenced_seen("e:1"), 1);
}

/* What was visible before a fence is not cancelled with it: only what stands behind it is. */
/* P-104 */
Test(fences, answer_what_was_visible_before_them_when_they_are_cancelled_too) {
  bp_draft drafts[2] = {fixture_draft("e:1", "1"), fixture_draft("e:1", "2")};
  for (int i = 0; i < 2; i++) {
    fixture_give_key(&drafts[i], 5 + (uint64_t)i);
    drafts[i].durability = BP_WRITTEN;
    fixture_append(fenced.store, &drafts[i]);
  }
  fenced_begin();
  bp_ticket *known, *both;
  size_t count;
  MUST(bp_fence_submit(fenced.fence, &drafts[0], &known, NULL));
  MUST(bp_fence_submit_batch(fenced.fence, drafts, 2, &both, NULL));
  fixture_give_key(&drafts[1], 9);
  bp_ticket *fresh = fenced_submit(&drafts[1]), *again = fenced_submit(&drafts[1]);
  MUST(bp_fence_cancel(fenced.fence, NULL));
  MUST(bp_ticket_wait(known, BP_WAIT_FOREVER, NULL));
  const bp_receipt *receipt = bp_ticket_receipts(known, &count);
  cr_assert(count == 1 && receipt->replayed && receipt->same && receipt->durable && receipt->sequence == 1);
  MUST(bp_ticket_wait(both, BP_WAIT_FOREVER, NULL));
  receipt = bp_ticket_receipts(both, &count);
  cr_assert(count == 2 && receipt[1].replayed && receipt[1].durable && receipt[1].sequence == 2);
  cr_assert_eq(fenced_redeem(fresh), BP_FENCE_CANCELLED);
  cr_assert_eq(fenced_redeem(again), BP_FENCE_CANCELLED, "a replay of what is hidden now");
  bp_ticket_free(known);
  bp_ticket_free(both);
  cr_assert_eq(fenced_seen_after_kill("e:1"), 2);
}

/* V-06 */
Test(fences, hold_their_keys_after_a_cancellation) {
  bp_draft draft = fixture_draft("e:1", "1");
  fixture_give_key(&draft, 5);
  fenced_begin();
  bp_ticket *ticket = fenced_submit(&draft);
  MUST(bp_fence_cancel(fenced.fence, NULL));
  cr_assert_eq(fenced_redeem(ticket), BP_FENCE_CANCELLED);
  cr_assert_eq(bp_store_append(fenced.store, &draft, NULL, NULL), BP_KEY_CANCELLED);
  fenced_forget();
  fenced_begin();
  cr_assert_eq(fenced_redeem(fenced_submit(&draft)), BP_KEY_CANCELLED);
  MUST(bp_fence_commit(fenced.fence, NULL));
  fenced_reopen();
  cr_assert_eq(bp_store_append(fenced.store, &draft, NULL, NULL), BP_KEY_CANCELLED);
}

/* V-16 */
/* V-55: all options of a draft, expectations among them. */
Test(fences, stand_in_the_chains_of_their_entities) {
  bp_receipt before = fixture_append_text(fenced.store, "e:1", "before");
  fenced_begin();
  fenced_write("e:1", "hidden 1");
  fenced_write("e:1", "hidden 2");
  MUST(bp_fence_cancel(fenced.fence, NULL));
  bp_receipt after = fixture_append_text(fenced.store, "e:1", "after");
  const bp_event *event = fixture_get(fenced.store, after.event_id);
  cr_assert_eq(event->clock, 3);
  cr_assert_arr_neq(event->prev_hash, before.content_hash, 32);
  cr_assert_eq(fenced_verdict(), BP_VERDICT_CONSISTENT);
  fenced_forget();
  fenced_begin();
  bp_ticket *ticket = fenced_submit_text("e:1", "shown");
  MUST(bp_fence_commit(fenced.fence, NULL));
  MUST(bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL));
  event = fixture_get(fenced.store, bp_ticket_receipts(ticket, NULL)->event_id);
  cr_assert_eq(event->clock, 4);
  cr_assert_arr_eq(event->prev_hash, after.content_hash, 32);
  bp_ticket_free(ticket);
  fenced_reopen();
  cr_assert_eq(fenced_verdict(), BP_VERDICT_CONSISTENT);
}

Test(fences, tell_a_failed_expectation_at_once_and_stay_open) {
  bp_draft draft = fixture_draft("e:1", "1");
  draft.expect = BP_EXPECT_CLOCK;
  draft.expect_clock = 9;
  fenced_begin();
  cr_assert_eq(fenced_redeem(fenced_submit(&draft)), BP_EXPECTED_CLOCK);
  fenced_write("e:1", "2");
  MUST(bp_fence_commit(fenced.fence, NULL));
  cr_assert_eq(fenced_seen("e:1"), 1);
}

/* --- more than fits */

Test(fences, reach_over_segments) {
  fixture_close(fenced.store);
  fenced.config.segment_max_bytes = 900;
  fenced.store = fixture_open("store", BP_MODE_MUST_EXIST, &fenced.config);
  for (int commits = 0; commits < 2; commits++) {
    fenced_begin();
    for (int i = 0; i < 12; i++) fenced_write("e:1", "x");
    cr_assert_gt(fixture_stat(fenced.store).segments, 4);
    cr_assert_eq(fenced_seen("e:1"), 0);
    cr_assert_eq(fenced_seen_after_kill("e:1"), 0);
    cr_assert_eq(fenced_verdict(), BP_VERDICT_CONSISTENT);
    MUST(commits ? bp_fence_commit(fenced.fence, NULL) : bp_fence_cancel(fenced.fence, NULL));
    fenced_forget();
    cr_assert_eq(fenced_seen("e:1"), commits ? 12 : 0);
    cr_assert_eq(fenced_seen_after_kill("e:1"), commits ? 12 : 0);
    cr_assert_eq(fenced_verdict(), BP_VERDICT_CONSISTENT);
  }
  fenced_reopen();
  cr_assert_eq(fenced_seen("e:1"), 12);
  cr_assert_eq(fenced_verdict(), BP_VERDICT_CONSISTENT);
}

/* The range is written once for some thousand events, and always lies before them. */
Test(fences, cover_thousands_with_few_writes) {
  enum { EVENTS = 6000, BATCH = 250 };
  bp_draft drafts[BATCH];
  bpi_range ranges[8];
  for (int i = 0; i < BATCH; i++) drafts[i] = fixture_draft("e:1", "x");
  uint64_t renames = sim_calls(fenced.sim, SIM_RENAME);
  fenced_begin();
  for (int i = 0; i < EVENTS; i += BATCH) {
    bp_ticket *ticket;
    MUST(bp_fence_submit_batch(fenced.fence, drafts, BATCH, &ticket, NULL));
    bp_ticket_free(ticket);
    fenced_await_written();
    cr_assert_eq(fenced_ranges(ranges), 1);
    cr_assert_eq(ranges[0].start, 1);
    cr_assert_geq(ranges[0].end, (uint64_t)i + BATCH + 1 + 2048);
  }
  cr_assert_leq(sim_calls(fenced.sim, SIM_RENAME) - renames, 4);
  MUST(bp_fence_cancel(fenced.fence, NULL));
  cr_assert_eq(fenced_ranges(ranges), 1);
  cr_assert(ranges[0].start == 1 && ranges[0].end == EVENTS + 1);
  fenced_forget();
  fenced_begin();
  fenced_write("e:1", "x");
  MUST(bp_fence_cancel(fenced.fence, NULL));
  cr_assert_eq(fenced_ranges(ranges), 1, "ranges that touch are one");
  cr_assert(ranges[0].start == 1 && ranges[0].end == EVENTS + 2);
}

/* Fences are no tickets: more may stand behind one than the queue holds. */
Test(fences, hold_more_tickets_than_the_queue) {
  bp_ticket *tickets[20];
  fixture_close(fenced.store);
  fenced.config.queue_capacity = 2;
  fenced.store = fixture_open("store", BP_MODE_MUST_EXIST, &fenced.config);
  fenced_begin();
  for (int i = 0; i < 20; i++) tickets[i] = fenced_submit_text("e:1", "x");
  MUST(bp_fence_commit(fenced.fence, NULL));
  for (int i = 0; i < 20; i++) cr_assert_eq(fenced_redeem(tickets[i]), BP_OK);
  cr_assert_eq(fenced_seen("e:1"), 20);
}

static size_t sequences_seen(uint64_t *sequences, size_t most, uint32_t limit) {
  size_t count = 0, got;
  bp_query query = fixture_query();
  query.limit = limit;
  do {
    const bp_event *events;
    bp_page *page = fixture_page(fenced.store, &query, &events, &got);
    for (size_t i = 0; i < got; i++) {
      if (count < most) sequences[count++] = events[i].sequence;
      query.after = events[i].sequence;
      query.flags |= BP_QUERY_AFTER;
    }
    bp_page_free(page);
  } while (got > 0);
  return count;
}

/* 13.3 control_plane_surface: a reader sees what was visible before the close.  Compaction edge cases: pages skip a range
 * that was cancelled and reach what comes behind it. */
/* P-045 */
Test(fences, leave_pages_as_they_are_for_a_reader_and_reach_behind_what_is_hidden) {
  enum { MOST = 32 };
  uint64_t before[MOST], after[MOST];
  for (int round = 0; round < 4; round++) {
    fixture_append_text(fenced.store, "e:1", "open");
    fenced_begin();
    for (int i = 0; i < 3; i++) fenced_write("e:1", "fenced");
    MUST(round % 2 == 0 ? bp_fence_cancel(fenced.fence, NULL) : bp_fence_commit(fenced.fence, NULL));
    fenced_forget();
  }
  fixture_append_text(fenced.store, "e:1", "last");
  size_t count = sequences_seen(before, MOST, 1000);
  cr_assert_eq(count, 1 + 5 + 6);
  cr_assert_eq(before[count - 1], 17);
  for (uint32_t limit = 1; limit < 5; limit++) {
    cr_assert_eq(sequences_seen(after, MOST, limit), count);
    cr_assert_eq(memcmp(before, after, count * sizeof *before), 0, "limit %u", limit);
  }
  fixture_close(fenced.store);
  fenced.store = fixture_open("store", BP_MODE_READ_ONLY, &fenced.config);
  cr_assert_eq(sequences_seen(after, MOST, 1000), count + 1, "and the close event");
  cr_assert_eq(memcmp(before, after, count * sizeof *before), 0);
}

/* Tokens are numbers within one store: nothing is done in another store by a fence that has the same. */
/* P-099 */
Test(fences, of_two_stores_with_one_token_serve_their_own) {
  bp_config config = fenced.config;
  sim_system *other_sim = sim_new();
  bp_fence *other_fence;
  bp_ticket *ticket;
  bp_draft draft = fixture_draft("e:1", "other");
  config.system = sim_table(other_sim);
  bp_store *other = fixture_open("store", BP_MODE_CREATE, &config);
  fenced_begin();
  MUST(bp_fence_begin(other, &other_fence, NULL));
  cr_assert_eq(bp_fence_token(other_fence), bp_fence_token(fenced.fence));
  fenced_write("e:1", "mine");
  MUST(bp_fence_submit(other_fence, &draft, &ticket, NULL));
  MUST(bp_fence_commit(other_fence, NULL));
  cr_assert_eq(fenced_redeem(ticket), BP_OK);
  cr_assert_eq(fenced_seen_in(other, "e:1"), 1);
  cr_assert_eq(fenced_seen("e:1"), 0, "this one is open");
  cr_assert_eq(bp_store_append(fenced.store, &draft, NULL, NULL), BP_FENCE_ACTIVE);
  MUST(bp_fence_cancel(fenced.fence, NULL));
  cr_assert_eq(fenced_seen_in(other, "e:1"), 1);
  cr_assert_eq(bp_fence_commit(fenced.fence, NULL), BP_FENCE_NOT_ACTIVE);
  bp_fence_free(other_fence);
  fixture_close(other);
  sim_free(other_sim);
}

/* --- the frontier */

Test(fences, hold_back_what_is_visible_and_nothing_else) {
  bp_frontier frontier = {.struct_size = sizeof frontier};
  fenced_begin();
  fenced_write("e:1", "1");
  MUST(bp_store_sync(fenced.store, NULL));
  MUST(bp_store_frontier(fenced.store, &frontier, NULL));
  cr_assert_eq(frontier.accepted.sequence, 1);
  cr_assert_eq(frontier.durable.sequence, 1);
  cr_assert_eq(frontier.visible.sequence, 0);
  cr_assert_eq(frontier.emitted.sequence, 0);
  bp_point point = {0, 1};
  cr_assert_eq(bp_store_wait(fenced.store, BP_WATERMARK_VISIBLE, &point, 10, NULL), BP_WAIT_TIMEOUT);
  MUST(bp_store_wait(fenced.store, BP_WATERMARK_DURABLE, &point, 10, NULL));
  MUST(bp_fence_commit(fenced.fence, NULL));
  MUST(bp_store_wait(fenced.store, BP_WATERMARK_VISIBLE, &point, 10, NULL));
  fenced_forget();
  fenced_begin();
  fenced_write("e:1", "2");
  MUST(bp_fence_cancel(fenced.fence, NULL));
  point.sequence = 2;
  cr_assert_eq(bp_store_wait(fenced.store, BP_WATERMARK_VISIBLE, &point, 10, NULL), BP_WAIT_TIMEOUT, "a hidden event is not visible");
  fixture_append_text(fenced.store, "e:1", "3");
  MUST(bp_store_wait(fenced.store, BP_WATERMARK_VISIBLE, &point, 10, NULL));
}

/* The times that only hidden events have are not told. */
Test(fences, leave_the_close_event_at_what_is_seen_in_time_too) {
  bp_page *page;
  size_t count;
  bp_receipt seen = fixture_append_text(fenced.store, "e:1", "0");
  int64_t later = INT64_C(1900000000000000000);
  sim_set_clock(fenced.sim, later);
  fenced_begin();
  fenced_write("e:1", "1");
  fenced_reopen();
  MUST(bp_page_new(&page, NULL));
  MUST(bp_store_get(fenced.store, seen.event_id, page, NULL));
  uint64_t wall_ms = bp_page_events(page, &count)->wall_ms;
  bp_query query;
  MUST(bp_query_init(&query, sizeof query));
  query.kind_filter = BP_KIND_EXACT;
  query.kind = 0x0009;
  MUST(bp_store_page(fenced.store, &query, page, NULL));
  const bp_event *closed = bp_page_events(page, &count);
  cr_assert_eq(count, 1);
  cr_assert_eq(closed->timestamp_us, (int64_t)wall_ms * 1000);
  cr_assert_eq(closed->wall_ms, (uint64_t)later / 1000000, "and times of the journal do not go back");
  bp_page_free(page);
}
