/* Atomic batches (store-write.md 4 and 13.3, "atomic_batch", "batch_staging_regression"): all or nothing, in one segment,
 * durable before the receipts. */
#include "support/sim.h"
#include "support/store_fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { ITEMS = 5 };

static sim_system *sim;
static bp_store *store;
static bp_config config;
static bp_draft drafts[300];
static bp_receipt receipts[300];

static void reopen(uint32_t mode) {
  fixture_close(store);
  store = fixture_open("store", mode, &config);
}

static void set_up(void) {
  sim = sim_new();
  config = fixture_config(BP_MODE_CREATE);
  config.system = sim_table(sim);
  store = fixture_open("store", BP_MODE_CREATE, &config);
  for (int i = 0; i < 300; i++) {
    drafts[i] = fixture_draft(i % 2 == 0 ? "e:1" : "e:2", i % 3 == 0 ? "payload" : "another payload");
    receipts[i] = fixture_receipt();
  }
}

static void tear_down(void) {
  bp_store_release(store);
  cr_assert_eq(sim_open_files(sim), 0);
  cr_assert_eq(sim_misuses(sim), 0);
  sim_free(sim);
  fixture_free_pages();
}

TestSuite(batches, .init = set_up, .fini = tear_down);

static void give_keys(size_t count, uint64_t first) {
  for (size_t i = 0; i < count; i++) fixture_give_key(&drafts[i], first + i);
}

static void assert_verdict(size_t notes) {
  bp_report *report = fixture_verify(store, NULL);
  bp_verdict verdict = fixture_verdict(report);
  if (verdict.verdict != BP_VERDICT_CONSISTENT || verdict.notes != notes) fixture_print_findings(report);
  cr_assert_eq(verdict.verdict, BP_VERDICT_CONSISTENT);
  cr_assert_eq(verdict.notes, notes);
  bp_report_free(report);
}

/* What failed changed nothing: neither the disk, nor the numbers, nor what readers see. */
static void assert_refused(size_t count, bp_status wanted, uint64_t item) {
  bp_error error = fixture_error();
  bp_stat before = fixture_stat(store);
  uint64_t digest = sim_digest(sim);
  bp_receipt untouched = receipts[0];
  cr_assert_eq(bp_store_append_batch(store, drafts, count, receipts, &error), wanted, "%s", error.text);
  cr_assert_eq(error.code, wanted);
  cr_assert_eq(error.offset, item);
  cr_assert_eq(memcmp(&receipts[0], &untouched, sizeof untouched), 0);
  cr_assert_eq(sim_digest(sim), digest);
  cr_assert_eq(fixture_stat(store).events, before.events);
  bp_draft plain = fixture_draft("e:9", "next");
  bp_receipt next = fixture_append(store, &plain);
  cr_assert_eq(next.sequence, before.last_sequence + 1, "no sequence is burned");
}

/* P-004, P-011 */
Test(batches, one_receipt_per_item_found_by_query_with_exact_links) {
  MUST(bp_store_append_batch(store, drafts, ITEMS, receipts, NULL));
  for (size_t i = 0; i < ITEMS; i++) {
    cr_assert_eq(receipts[i].sequence, i + 1);
    cr_assert_eq(receipts[i].durable, 1);
    const bp_event *event = fixture_get(store, receipts[i].event_id);
    cr_assert_eq(event->clock, i / 2);
    cr_assert_arr_eq(event->prev_hash, i < 2 ? (const uint8_t[32]){0} : receipts[i - 2].content_hash, 32);
    cr_assert_eq(event->timestamp_us, fixture_get(store, receipts[0].event_id)->timestamp_us, "one sample for all");
  }
  bp_page *page;
  size_t count;
  MUST(bp_page_new(&page, NULL));
  MUST(bp_store_walk(store, receipts[ITEMS - 1].event_id, 10, page, NULL));
  (void)bp_page_events(page, &count);
  cr_assert_eq(count, 3, "the ancestors lead across the batch");
  bp_page_free(page);
}

Test(batches, takes_one_write_and_one_flush) {
  uint64_t writes = sim_calls(sim, SIM_WRITE), syncs = sim_calls(sim, SIM_SYNC);
  for (size_t i = 0; i < ITEMS; i++) drafts[i].durability = BP_WRITTEN;
  MUST(bp_store_append_batch(store, drafts, ITEMS, receipts, NULL));
  cr_assert_eq(sim_calls(sim, SIM_WRITE) - writes, 1);
  cr_assert_eq(sim_calls(sim, SIM_SYNC) - syncs, 1, "durable, whatever its items ask for");
}

/* 13.3 atomic_batch, reaction_batch, outbox_drop_safety: what was gathered is a reaction, its items cause each other; dropped or
 * empty it writes nothing, and after a flush it gathers anew. */
/* P-001, P-006, P-097 */
Test(batches, what_was_gathered_reacts_and_is_dropped_without_a_trace) {
  uint8_t correlation[16] = {1}, causation[16] = {2};
  bp_batch *batch;
  size_t count;
  MUST(bp_batch_new(&batch, NULL));
  const bp_draft *gathered = bp_batch_drafts(batch, &count);
  MUST(bp_store_append_batch(store, gathered, count, NULL, NULL));
  cr_assert_eq(fixture_stat(store).events, 1);
  for (int round = 0; round < 2; round++) {
    drafts[2].given = BP_GIVEN_CAUSE_ITEM;
    drafts[2].cause_item = 1;
    for (size_t i = 0; i < 3; i++) MUST(bp_batch_add(batch, &drafts[i], NULL));
    MUST(bp_batch_react(batch, correlation, causation, NULL));
    gathered = bp_batch_drafts(batch, &count);
    cr_assert_eq(count, 3);
    MUST(bp_store_append_batch(store, gathered, count, receipts, NULL));
    for (size_t i = 0; i < 3; i++) {
      const bp_event *event = fixture_get(store, receipts[i].event_id);
      cr_assert_eq(event->kind, FIXTURE_KIND, "its own kind");
      cr_assert_arr_neq(event->event_id, correlation, 16);
      cr_assert_arr_eq(event->correlation_id, correlation, 16);
      cr_assert_arr_eq(event->causation_id, i == 2 ? receipts[1].event_id : causation, 16);
    }
    bp_batch_clear(batch);
  }
  MUST(bp_batch_add(batch, &drafts[0], NULL));
  bp_batch_free(batch);
  cr_assert_eq(fixture_stat(store).events, 7);
}

static size_t count_where(const char *entity, const char *scope) {
  bp_query query = fixture_query();
  query.flags = (entity == NULL ? 0 : BP_QUERY_ENTITY) | (scope == NULL ? 0 : BP_QUERY_SCOPE);
  query.entity = (const uint8_t *)entity;
  query.entity_length = entity == NULL ? 0 : strlen(entity);
  query.scope = (const uint8_t *)scope;
  query.scope_length = scope == NULL ? 0 : strlen(scope);
  return fixture_count(store, &query);
}

/* 13.3 batch_staging_regression: the same pointer again and again or fresh bytes each time, names known before the batch or
 * new in it: each event is in its entity's stream and in its scope, live and reopened. */
/* P-015 */
Test(batches, coordinates_may_be_reused_or_fresh) {
  enum { EVENTS = 60 };
  static char names[EVENTS][2][8];
  fixture_append_text(store, "e:0", "known before");
  for (int fresh = 0; fresh < 2; fresh++) {
    for (int i = 0; i < EVENTS; i++) {
      snprintf(names[i][0], sizeof names[i][0], "e:%d", i % 3);
      snprintf(names[i][1], sizeof names[i][1], "s%d", i % 2);
      drafts[i] = fixture_draft(names[fresh ? i : i % 6][0], i % 5 == 0 ? "one" : "x");
      drafts[i].scope = (const uint8_t *)names[fresh ? i : i % 6][1];
      drafts[i].scope_length = 2;
    }
    MUST(bp_store_append_batch(store, drafts, EVENTS, receipts, NULL));
  }
  for (int session = 0; session < 2; session++) {
    for (int entity = 0; entity < 3; entity++) {
      char name[8];
      snprintf(name, sizeof name, "e:%d", entity);
      cr_assert_eq(count_where(name, NULL), 2 * EVENTS / 3 + (entity == 0));
      for (int scope = 0; scope < 2; scope++) cr_assert_eq(count_where(name, scope == 0 ? "s0" : "s1"), 2 * EVENTS / 6);
    }
    for (int scope = 0; scope < 2; scope++) cr_assert_eq(count_where(NULL, scope == 0 ? "s0" : "s1"), 2 * EVENTS / 2);
    for (int i = 3; i < EVENTS; i++) {
      cr_assert_arr_eq(fixture_get(store, receipts[i].event_id)->prev_hash, receipts[i - 3].content_hash, 32);
    }
    reopen(BP_MODE_READ_ONLY);
  }
  assert_verdict(0);
}

/* P-002 */
Test(batches, an_empty_one_writes_nothing) {
  bp_stat before = fixture_stat(store);
  MUST(bp_store_append_batch(store, NULL, 0, NULL, NULL));
  cr_assert_eq(fixture_stat(store).writes, before.writes);
  cr_assert_eq(fixture_stat(store).syncs, before.syncs);
  cr_assert_eq(fixture_append_text(store, "e:1", "x").sequence, before.last_sequence + 1);
}

/* BEGIN and COMMIT are no events: neither kind nor coordinate of theirs is ever seen, and closed segments need no scan. */
/* P-005 */
Test(batches, the_markers_are_never_seen) {
  MUST(bp_store_append_batch(store, drafts, ITEMS, NULL, NULL));
  cr_assert_eq(fixture_count(store, NULL), ITEMS + 1);
  bp_query query = fixture_query();
  query.kind_filter = BP_KIND_CATEGORY;
  query.kind = 0;
  cr_assert_eq(fixture_count(store, &query), 1, "the open event alone");
  query = fixture_query();
  query.flags = BP_QUERY_SCOPE;
  query.scope = (const uint8_t *)"_system";
  query.scope_length = 7;
  cr_assert_eq(fixture_count(store, &query), 0);
  reopen(BP_MODE_READ_ONLY);
  cr_assert_eq(fixture_count(store, NULL), ITEMS + 2);
  assert_verdict(0);
}

/* V-42 (D9): flags are on the disk. */
/* P-069, P-078 */
Test(batches, flags_hints_and_extensions_of_items_are_kept) {
  bp_extension extension = {(const uint8_t *)"a.b", 3, (const uint8_t *)"v", 1};
  drafts[1].flags = BP_EVENT_REPLAY | 0x40;
  drafts[1].lane = 7;
  drafts[1].depth = 8;
  drafts[1].extensions = &extension;
  drafts[1].extension_count = 1;
  MUST(bp_store_append_batch(store, drafts, 3, receipts, NULL));
  reopen(BP_MODE_READ_ONLY);
  const bp_event *event = fixture_get(store, receipts[1].event_id);
  cr_assert_eq(event->flags, BP_EVENT_REPLAY | 0x40);
  cr_assert(event->lane == 7 && event->depth == 8 && event->extension_count == 1);
}

/* V-90 */
/* P-003 */
Test(batches, the_limits_hold_to_the_event_and_to_the_byte) {
  for (size_t i = 0; i < 257; i++) drafts[i].payload_length = 0;
  assert_refused(257, BP_BATCH_COUNT, 0);
  MUST(bp_store_append_batch(store, drafts, 256, receipts, NULL));
  config.batch_max_bytes = 21;
  reopen(BP_MODE_MUST_EXIST);
  drafts[0].payload_length = drafts[1].payload_length = drafts[2].payload_length = 7;
  drafts[3].payload_length = 1;
  drafts[3].payload = (const uint8_t *)"x";
  MUST(bp_store_append_batch(store, drafts, 3, receipts, NULL));
  assert_refused(4, BP_BATCH_BYTES, 3);
}

Test(batches, an_item_above_the_limit_of_one_append_is_refused) {
  config.single_append_max_bytes = 20;
  reopen(BP_MODE_MUST_EXIST);
  drafts[2].payload = (const uint8_t *)"twenty bytes, exactly";
  drafts[2].payload_length = 21;
  assert_refused(ITEMS, BP_PAYLOAD_TOO_LARGE, 2);
  drafts[2].payload_length = 20;
  MUST(bp_store_append_batch(store, drafts, ITEMS, receipts, NULL));
}

/* V-44: the gate of any but the last item. */
/* P-062, P-098 */
Test(batches, one_bad_item_changes_nothing) {
  drafts[2].entity_length = 0;
  assert_refused(ITEMS, BP_ENTITY_EMPTY, 2);
  drafts[2] = fixture_draft("e:1", "payload");
  drafts[4].kind = 0x0006;
  assert_refused(ITEMS, BP_KIND_MARKER, 4);
  drafts[4] = fixture_draft("e:1", "payload");
  drafts[1].expect = BP_EXPECT_EMPTY;
  assert_refused(ITEMS, BP_BATCH_EXPECTATION, 1);
  drafts[1].expect = BP_EXPECT_ANY;
  drafts[3].gate = BP_GATE_DURABLE;
  assert_refused(ITEMS, BP_ARGUMENT, 3);
}

/* P-006 */
Test(batches, a_prior_item_is_the_cause) {
  drafts[3].given |= BP_GIVEN_CAUSE_ITEM;
  drafts[3].cause_item = 1;
  MUST(bp_store_append_batch(store, drafts, ITEMS, receipts, NULL));
  cr_assert_arr_eq(fixture_get(store, receipts[3].event_id)->causation_id, receipts[1].event_id, 16);
  cr_assert_arr_eq(fixture_get(store, receipts[2].event_id)->causation_id, (const uint8_t[16]){0}, 16);
  reopen(BP_MODE_MUST_EXIST);
  cr_assert_arr_eq(fixture_get(store, receipts[3].event_id)->causation_id, receipts[1].event_id, 16);
  drafts[3].cause_item = 3;
  assert_refused(ITEMS, BP_BATCH_CAUSE, 3);
  cr_assert_eq(bp_store_append(store, &drafts[3], NULL, NULL), BP_ARGUMENT, "outside of a batch there are no items");
}

/* P-016 */
Test(batches, keys_stand_on_all_items_or_on_none) {
  give_keys(ITEMS, 100);
  drafts[3].given = 0;
  assert_refused(ITEMS, BP_BATCH_KEYS, 3);
}

/* V-43 (D12) */
Test(batches, a_key_twice_in_one_batch_is_refused) {
  give_keys(ITEMS, 100);
  fixture_give_key(&drafts[4], 101);
  assert_refused(ITEMS, BP_BATCH_DUPLICATE_KEY, 4);
}

/* P-016 */
Test(batches, one_known_key_and_one_new_are_refused) {
  fixture_give_key(&drafts[0], 100);
  fixture_append(store, &drafts[0]);
  give_keys(2, 100);
  assert_refused(2, BP_BATCH_KEYS, 1);
  give_keys(2, 99);
  assert_refused(2, BP_BATCH_KEYS, 1);
}

/* P-016 */
Test(batches, known_keys_replay_the_batch_also_after_a_reopen) {
  bp_receipt again[ITEMS];
  give_keys(ITEMS, 100);
  MUST(bp_store_append_batch(store, drafts, ITEMS, receipts, NULL));
  for (int round = 0; round < 2; round++) {
    bp_stat before = fixture_stat(store);
    for (size_t i = 0; i < ITEMS; i++) again[i] = fixture_receipt();
    MUST(bp_store_append_batch(store, drafts, ITEMS, again, NULL));
    for (size_t i = 0; i < ITEMS; i++) {
      cr_assert(again[i].replayed == 1 && again[i].same == 1 && again[i].sequence == receipts[i].sequence);
      cr_assert_arr_eq(again[i].event_id, receipts[i].event_id, 16);
    }
    cr_assert_eq(fixture_stat(store).events, before.events, "no duplicates");
    reopen(BP_MODE_MUST_EXIST);
  }
}

/* P-013 */
Test(batches, lies_in_one_segment_whatever_its_size) {
  config.segment_max_bytes = 600;
  reopen(BP_MODE_MUST_EXIST);
  for (int round = 0; round < 4; round++) {
    MUST(bp_store_append_batch(store, drafts, 40, receipts, NULL));
    for (size_t i = 1; i < 40; i++) {
      cr_assert_eq(receipts[i].segment_id, receipts[0].segment_id);
      cr_assert_eq(receipts[i].sequence, receipts[0].sequence + i);
    }
  }
  reopen(BP_MODE_READ_ONLY);
  for (size_t i = 0; i < 40; i++) {
    int32_t outcome;
    MUST(bp_store_verify_receipt(store, &receipts[i], NULL, &outcome, NULL));
    cr_assert_eq(outcome, BP_RECEIPT_UNSIGNED_ACCEPTED);
  }
  assert_verdict(0);
}

/* A committed batch survives the loss of its segment's footer, with its numbers. */
/* P-012 */
Test(batches, a_killed_store_has_its_batches) {
  MUST(bp_store_append_batch(store, drafts, ITEMS, receipts, NULL));
  sim_system *after = sim_crashed(sim, &(sim_choice){.kind = SIM_ALL_LOST});
  bp_config later = config;
  later.system = sim_table(after);
  bp_store *again = fixture_open("store", BP_MODE_MUST_EXIST, &later);
  for (size_t i = 0; i < ITEMS; i++) {
    cr_assert_eq(fixture_get(again, receipts[i].event_id)->sequence, receipts[i].sequence);
  }
  cr_assert_eq(fixture_stat(again).events, ITEMS + 2);
  fixture_free_pages();
  bp_store_release(again);
  sim_free(after);
}

/* V-41 (J4) */
/* P-103 */
Test(batches, a_failed_write_leaves_no_trace) {
  config.preallocate_bytes = 0; /* the batch would fit into the room */
  reopen(BP_MODE_MUST_EXIST);
  uint64_t digest = sim_digest(sim);
  sim_set_capacity(sim, sim_used_bytes(sim) + 1000);
  bp_error error = fixture_error();
  cr_assert_eq(bp_store_append_batch(store, drafts, ITEMS, receipts, &error), BP_DISK_FULL);
  cr_assert_eq(sim_digest(sim), digest);
  sim_set_capacity(sim, UINT64_MAX);
  MUST(bp_store_append_batch(store, drafts, ITEMS, receipts, NULL));
  cr_assert_eq(receipts[0].sequence, 3);
  reopen(BP_MODE_READ_ONLY);
  assert_verdict(0);
}

/* P-008 */
Test(batches, a_failed_flush_leaves_nothing_to_see_and_poisons) {
  sim_add_fault(sim, (sim_fault){.kind = SIM_SYNC, .at = 1, .errno_value = EIO});
  cr_assert_eq(bp_store_append_batch(store, drafts, ITEMS, receipts, NULL), BP_SYNC_FAILED);
  cr_assert_eq(fixture_count(store, NULL), 1);
  cr_assert_eq(bp_store_append_batch(store, drafts, ITEMS, receipts, NULL), BP_POISONED);
}

static int64_t clock_us;
static int64_t read_clock(void *user) {
  (void)user;
  return clock_us;
}

/* P-014, P-080 */
Test(batches, a_clock_before_1970_refuses_and_one_that_falls_does_not_lower_wall_ms) {
  config.clock = read_clock;
  clock_us = 1700000000000000;
  reopen(BP_MODE_MUST_EXIST);
  MUST(bp_store_append_batch(store, drafts, 3, receipts, NULL));
  uint64_t wall_ms = fixture_get(store, receipts[0].event_id)->wall_ms;
  clock_us -= 5000000;
  MUST(bp_store_append_batch(store, drafts, 3, receipts, NULL));
  for (size_t i = 0; i < 3; i++) cr_assert_geq(fixture_get(store, receipts[i].event_id)->wall_ms, wall_ms);
  clock_us = -1;
  bp_error error = fixture_error();
  cr_assert_eq(bp_store_append_batch(store, drafts, 3, receipts, &error), BP_CLOCK_INVALID);
  clock_us = 1700000000000000;
}

Test(batches, singles_before_and_behind_are_untouched) {
  fixture_append_text(store, "e:1", "before");
  MUST(bp_store_append_batch(store, drafts, ITEMS, receipts, NULL));
  drafts[0].kind = 0x0006;
  cr_assert_eq(bp_store_append_batch(store, drafts, ITEMS, NULL, NULL), BP_KIND_MARKER);
  bp_receipt behind = fixture_append_text(store, "e:1", "behind");
  cr_assert_eq(behind.sequence, receipts[ITEMS - 1].sequence + 1);
  cr_assert_eq(fixture_get(store, behind.event_id)->clock, 4);
}

Test(batches, calls_that_make_no_sense_are_refused) {
  cr_assert_eq(bp_store_append_batch(NULL, drafts, 1, receipts, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_store_append_batch(store, NULL, 1, receipts, NULL), BP_ARGUMENT);
  drafts[0].struct_size = 8;
  cr_assert_eq(bp_store_append_batch(store, drafts, 1, receipts, NULL), BP_STRUCT_SIZE);
  drafts[0].struct_size = sizeof drafts[0];
  reopen(BP_MODE_READ_ONLY);
  cr_assert_eq(bp_store_append_batch(store, drafts, 1, receipts, NULL), BP_READ_ONLY);
}
