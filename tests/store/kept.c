/* What is kept over many segments, sessions and retries; each test names what the reference proves of its own store. */
#include "store/sim_fixture.h"

#include <errno.h>

static void set_up_written(void) { open_on_sim(BP_WRITTEN); }

TestSuite(kept, .init = set_up_written, .fini = tear_down, .timeout = 120);

static void reopen(uint32_t mode) {
  fixture_close(store);
  store = fixture_open("store", mode, &config);
}

/* The process dies, the machine lives. */
static void die(void) {
  sim_kill(sim);
  bp_store_release(store);
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
}

static void assert_consistent(void) {
  bp_report *report = fixture_verify(store, NULL);
  if (fixture_verdict(report).verdict != BP_VERDICT_CONSISTENT) fixture_print_findings(report);
  cr_assert_eq(fixture_verdict(report).verdict, BP_VERDICT_CONSISTENT);
  bp_report_free(report);
}

static size_t count_of_kind(uint16_t kind) {
  bp_query query = fixture_query();
  query.kind_filter = BP_KIND_EXACT;
  query.kind = kind;
  return fixture_count(store, &query);
}

/* 13.3 chaos_testing, store_edge_cases: segments of 256 bytes, hundreds of rotations, nothing lost. */
/* P-021 */
Test(kept, hundreds_of_segments_of_one_event_lose_none) {
  enum { EVENTS = 300 };
  static bp_receipt receipts[EVENTS];
  char payload[8];
  config.segment_max_bytes = 256;
  reopen(BP_MODE_MUST_EXIST);
  for (int i = 0; i < EVENTS; i++) {
    snprintf(payload, sizeof payload, "%d", i);
    receipts[i] = fixture_append_text(store, "e:1", payload);
  }
  cr_assert_geq(fixture_stat(store).segments, EVENTS);
  for (int session = 0; session < 3; session++) {
    for (int i = 0; i < EVENTS; i++) {
      const bp_event *event = fixture_get(store, receipts[i].event_id);
      snprintf(payload, sizeof payload, "%d", i);
      cr_assert(event->sequence == receipts[i].sequence && event->clock == (uint32_t)i);
      cr_assert(fixture_text_is(event->payload, event->payload_length, payload));
    }
    assert_consistent();
    fixture_free_pages();
    if (session == 0) die();
    if (session == 1) reopen(BP_MODE_READ_ONLY);
  }
}

/* 13.3 group_commit_crash: keyed retries over closes and kills give the union of the keys, each once. */
/* P-026 */
Test(kept, retries_over_sessions_give_the_union_of_their_keys) {
  enum { ROUNDS = 6, KEYS = 10, NEW = 5 };
  uint64_t sequences[NEW * ROUNDS + KEYS] = {0};
  for (uint64_t round = 0; round < ROUNDS; round++) {
    for (uint64_t key = round * NEW; key < round * NEW + KEYS; key++) {
      bp_draft draft = fixture_draft("e:1", "x");
      fixture_give_key(&draft, key + 1);
      bp_receipt receipt = fixture_append(store, &draft);
      cr_assert_eq(receipt.replayed, sequences[key] != 0);
      if (receipt.replayed) cr_assert_eq(receipt.sequence, sequences[key]);
      sequences[key] = receipt.sequence;
    }
    if (round % 2 == 0) {
      die();
    } else {
      reopen(BP_MODE_MUST_EXIST);
    }
  }
  cr_assert_eq(count_of_kind(FIXTURE_KIND), NEW * ROUNDS + KEYS - NEW);
  assert_consistent();
}

/* 13.3 unified_group_commit_red: 32 keyed events in groups of 32 are all there; no key is asked for (V-02). */
/* P-027 */
Test(kept, keyed_and_other_events_of_one_group_are_all_there) {
  enum { EVENTS = 32 };
  bp_draft drafts[EVENTS];
  bp_receipt receipts[EVENTS];
  size_t accepted;
  config.group_max_events = EVENTS;
  reopen(BP_MODE_MUST_EXIST);
  for (int keyed = 0; keyed < 2; keyed++) {
    for (uint64_t i = 0; i < EVENTS; i++) {
      drafts[i] = fixture_draft(i % 2 == 0 ? "e:1" : "e:2", "x");
      if (keyed) fixture_give_key(&drafts[i], i + 1);
      receipts[i] = fixture_receipt();
    }
    MUST(bp_store_append_many(store, drafts, EVENTS, receipts, &accepted, NULL));
    for (uint64_t i = 1; i < EVENTS; i++) cr_assert_eq(receipts[i].sequence, receipts[0].sequence + i);
  }
  die();
  cr_assert_eq(count_of_kind(FIXTURE_KIND), 2 * EVENTS);
  for (uint64_t i = 0; i < EVENTS; i++) cr_assert_arr_eq(fixture_get(store, drafts[i].key)->event_id, drafts[i].key, 16);
}

/* --- the same events, however the store is opened */

enum { MOST = 64 };

typedef struct noted {
  bp_event events[MOST];  /* their pointers are not to be followed */
  char texts[MOST][3][64]; /* entity, scope, payload */
  size_t count;
} noted;

static void note_text(char *text, const uint8_t *bytes, size_t length) {
  cr_assert_lt(length, 64);
  memcpy(text, bytes, length);
  memset(text + length, 0, 64 - length);
}

static void note(noted *all) {
  const bp_event *events;
  bp_page *page = fixture_page(store, NULL, &events, &all->count);
  cr_assert_leq(all->count, MOST);
  for (size_t i = 0; i < all->count; i++) {
    const bp_event *event = &all->events[i];
    all->events[i] = events[i];
    note_text(all->texts[i][0], event->entity, event->entity_length);
    note_text(all->texts[i][1], event->scope, event->scope_length);
    if (event->payload_length < 64) note_text(all->texts[i][2], event->payload, event->payload_length);
  }
  bp_page_free(page);
}

static void assert_same(const noted *before, const noted *after) {
  cr_assert_geq(after->count, before->count);
  for (size_t i = 0; i < before->count; i++) {
    const bp_event *a = &before->events[i], *b = &after->events[i];
    cr_assert_arr_eq(a->event_id, b->event_id, 16);
    cr_assert_arr_eq(a->event_hash, b->event_hash, 32);
    cr_assert_arr_eq(a->prev_hash, b->prev_hash, 32);
    cr_assert_arr_eq(a->correlation_id, b->correlation_id, 16);
    cr_assert_arr_eq(a->causation_id, b->causation_id, 16);
    cr_assert(a->sequence == b->sequence && a->kind == b->kind && a->clock == b->clock && a->flags == b->flags);
    cr_assert(a->lane == b->lane && a->depth == b->depth && a->extension_count == b->extension_count);
    cr_assert(a->wall_ms == b->wall_ms && a->timestamp_us == b->timestamp_us);
    cr_assert_eq(memcmp(before->texts[i], after->texts[i], sizeof before->texts[i]), 0);
  }
}

static void write_all_kinds(void) {
  static const bp_extension extension = {(const uint8_t *)"a.b", 3, (const uint8_t *)"v", 1};
  bp_draft drafts[6];
  bp_receipt receipts[6];
  for (uint32_t i = 0; i < 6; i++) {
    drafts[i] = fixture_draft(i % 2 == 0 ? "e:1" : "e:2", i % 3 == 0 ? "same" : "other");
    drafts[i].kind = (uint16_t)(FIXTURE_KIND + i);
    drafts[i].lane = 10 + i;
    drafts[i].depth = 20 + i;
    drafts[i].flags = (uint8_t)(1 + i);
    drafts[i].extensions = &extension;
    drafts[i].extension_count = i % 2;
    receipts[i] = fixture_receipt();
  }
  drafts[4].given = BP_GIVEN_CAUSE_ITEM;
  drafts[4].cause_item = 1;
  MUST(bp_store_append_batch(store, drafts, 6, receipts, NULL));
  drafts[4].given = 0;
  for (uint64_t i = 0; i < 6; i++) {
    fixture_give_key(&drafts[i], 70 + i);
    fixture_append(store, &drafts[i]);
  }
}

/* 13.3 store_append_behavior, dag_position_hint, substrate_additions: ids, kinds, hints, flags and extensions are those of
 * the first day on every way of opening, from frames and from footers, in one segment and in many. */
/* P-071, P-077 */
Test(kept, events_are_the_same_on_every_way_of_opening) {
  static noted before, after;
  static const uint64_t sizes[] = {1 << 20, 900};
  for (size_t i = 0; i < 2; i++) {
    config.segment_max_bytes = sizes[i];
    for (int way = 0; way < 3; way++) {
      if (i + (size_t)way > 0) { /* another disk for each */
        tear_down();
        open_on_sim(BP_WRITTEN);
        config.segment_max_bytes = sizes[i];
        reopen(BP_MODE_MUST_EXIST);
      }
      write_all_kinds();
      note(&before);
      if (way == 0) die();
      if (way > 0) reopen(way == 1 ? BP_MODE_MUST_EXIST : BP_MODE_READ_ONLY);
      note(&after);
      assert_same(&before, &after);
      assert_consistent();
    }
  }
}

/* 13.3 dag_position_hint, substrate_additions: a replay keeps the first event's hints and extensions. */
/* P-077, P-078 */
Test(kept, a_replay_keeps_the_hints_and_extensions_of_the_first) {
  const bp_extension first = {(const uint8_t *)"a.b", 3, (const uint8_t *)"1", 1}, later = {(const uint8_t *)"c.d", 3, NULL, 0};
  uint8_t room[64];
  bp_receipt receipt = fixture_receipt();
  bp_draft draft = fixture_draft("e:1", "x");
  fixture_give_key(&draft, 1);
  draft.lane = 3;
  draft.depth = 4;
  draft.extensions = &first;
  draft.extension_count = 1;
  fixture_append(store, &draft);
  draft.lane = draft.depth = 9;
  draft.extensions = &later;
  receipt.extensions = room;
  receipt.extensions_capacity = sizeof room;
  MUST(bp_store_append(store, &draft, &receipt, NULL));
  cr_assert_eq(receipt.replayed, 1);
  cr_assert(receipt.extensions_length == 7 && memcmp(room, "\x81\xa3" "a.b" "\x91\x31", 7) == 0);
  const bp_event *event = fixture_get(store, draft.key);
  cr_assert(event->lane == 3 && event->depth == 4 && event->extension_count == 1);
}

/* 13.3 store_properties: appends to independent entities commute. */
/* P-073 */
Test(kept, entities_do_not_see_in_which_order_others_are_written) {
  enum { EACH = 4 };
  uint8_t hashes[2][2][EACH][2][32];
  char payload[8];
  for (int order = 0; order < 2; order++) {
    for (int i = 0; i < 2 * EACH; i++) {
      int entity = order == 0 ? i % 2 : i / EACH, nth = order == 0 ? i / 2 : i % EACH;
      char name[16];
      snprintf(name, sizeof name, "order%d:%d", order, entity);
      snprintf(payload, sizeof payload, "%d %d", entity, nth);
      const bp_event *event = fixture_get(store, fixture_append_text(store, name, payload).event_id);
      cr_assert_eq(event->clock, (uint32_t)nth);
      memcpy(hashes[order][entity][nth][0], event->event_hash, 32);
      memcpy(hashes[order][entity][nth][1], event->prev_hash, 32);
    }
  }
  cr_assert_eq(memcmp(hashes[0], hashes[1], sizeof hashes[0]), 0);
}

/* V-91 (D18), 13.3 store_restart_policy, unified_group_commit_red: the budget is taken, and brings nothing back. */
/* P-033 */
Test(kept, a_restart_budget_does_not_bring_a_poisoned_store_back) {
  config.restart_max = 3;
  config.restart_within_ms = 1000;
  reopen(BP_MODE_MUST_EXIST);
  bp_draft draft = fixture_draft("e:1", "x");
  draft.durability = BP_DURABLE;
  sim_add_fault(sim, (sim_fault){.kind = SIM_SYNC, .at = 1, .errno_value = EIO});
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_SYNC_FAILED);
  for (int i = 0; i < 4; i++) cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_POISONED);
  cr_assert_eq(fixture_stat(store).events, 3, "what was durable before can be read");
  bp_store_release(store);
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  fixture_append(store, &draft);
}
