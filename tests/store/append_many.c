/* Many events in one crossing: one write and one flush, a receipt each, the accepted prefix. */
#include "support/sim.h"
#include "support/store_fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

enum { MANY = 100 };

static sim_system *sim;
static bp_store *store;
static bp_config config;
static bp_draft drafts[MANY];
static bp_receipt receipts[MANY];
static char payloads[MANY][8];

static void set_up(void) {
  sim = sim_new();
  config = fixture_config(BP_MODE_CREATE);
  config.system = sim_table(sim);
  store = fixture_open("store", BP_MODE_CREATE, &config);
  for (int i = 0; i < MANY; i++) {
    snprintf(payloads[i], sizeof payloads[i], "%d", i);
    drafts[i] = fixture_draft("e:1", payloads[i]);
    receipts[i] = fixture_receipt();
  }
}
static void tear_down(void) {
  bp_store_release(store);
  cr_assert_eq(sim_open_files(sim), 0);
  cr_assert_eq(sim_mapped_views(sim), 0);
  cr_assert_eq(sim_misuses(sim), 0);
  sim_free(sim);
}

TestSuite(append_many, .init = set_up, .fini = tear_down);

static void assert_all_there(size_t first, size_t count) {
  bp_query query = fixture_query();
  query.flags = BP_QUERY_ENTITY;
  query.entity = (const uint8_t *)"e:1";
  query.entity_length = 3;
  const bp_event *events;
  size_t found;
  bp_page *page = fixture_page(store, &query, &events, &found);
  cr_assert_eq(found, count);
  for (size_t i = 0; i < count; i++) {
    cr_assert_arr_eq(events[i].event_id, receipts[first + i].event_id, 16);
    cr_assert_eq(events[i].sequence, receipts[first + i].sequence);
    cr_assert_eq(events[i].clock, i);
    cr_assert_arr_eq(events[i].prev_hash, i == 0 ? (const uint8_t[32]){0} : events[i - 1].event_hash, 32);
    cr_assert(fixture_text_is(events[i].payload, events[i].payload_length, payloads[first + i]));
  }
  bp_page_free(page);
}

Test(append_many, takes_one_write_and_one_flush) {
  size_t accepted;
  uint64_t writes = sim_calls(sim, SIM_WRITE), syncs = sim_calls(sim, SIM_SYNC), calls = sim_calls(sim, SIM_ANY);
  bp_stat before = fixture_stat(store);
  MUST(bp_store_append_many(store, drafts, MANY, receipts, &accepted, NULL));
  cr_assert_eq(accepted, MANY);
  cr_assert_eq(sim_calls(sim, SIM_WRITE) - writes, 1);
  cr_assert_eq(sim_calls(sim, SIM_SYNC) - syncs, 1);
  uint64_t random = sim_calls(sim, SIM_RANDOM_FILL);
  cr_assert_leq(sim_calls(sim, SIM_ANY) - calls, 2 + random, "nothing but these and the ids' chance");
  bp_stat after = fixture_stat(store);
  cr_assert_eq(after.writes - before.writes, 1);
  cr_assert_eq(after.syncs - before.syncs, 1);
  for (int i = 0; i < MANY; i++) {
    cr_assert_eq(receipts[i].durable, 1);
    cr_assert_eq(receipts[i].sequence, (uint64_t)i + 1);
  }
  assert_all_there(0, MANY);
}

Test(append_many, takes_a_write_and_a_flush_for_each_group) {
  fixture_close(store);
  config.group_max_events = 30;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  bp_stat before = fixture_stat(store);
  size_t accepted;
  MUST(bp_store_append_many(store, drafts, MANY, receipts, &accepted, NULL));
  bp_stat after = fixture_stat(store);
  cr_assert_eq(after.writes - before.writes, 4);
  cr_assert_eq(after.syncs - before.syncs, 4);
  assert_all_there(0, MANY);
}

Test(append_many, of_none_does_nothing) {
  size_t accepted = 7;
  bp_stat before = fixture_stat(store);
  MUST(bp_store_append_many(store, NULL, 0, NULL, &accepted, NULL));
  cr_assert_eq(accepted, 0);
  cr_assert_eq(fixture_stat(store).writes, before.writes);
  cr_assert_eq(fixture_stat(store).syncs, before.syncs);
}

Test(append_many, needs_no_receipts) {
  size_t accepted;
  MUST(bp_store_append_many(store, drafts, MANY, NULL, &accepted, NULL));
  cr_assert_eq(accepted, MANY);
  cr_assert_eq(fixture_stat(store).events, MANY + 1);
}

/* The first failure ends it; what came before is in the store, durable, with its receipts. */
static void assert_prefix(size_t failing, bp_status wanted) {
  size_t accepted = 999;
  bp_error error = fixture_error();
  bp_receipt untouched = receipts[failing];
  cr_assert_eq(bp_store_append_many(store, drafts, MANY, receipts, &accepted, &error), wanted);
  cr_assert_eq(error.code, wanted);
  cr_assert_eq(accepted, failing);
  cr_assert_eq(memcmp(&receipts[failing], &untouched, sizeof untouched), 0);
  for (size_t i = 0; i < failing; i++) cr_assert_eq(receipts[i].durable, 1);
  assert_all_there(0, failing);
  cr_assert_eq(fixture_stat(store).events, failing + 1);
}

Test(append_many, a_bad_draft_ends_it) {
  drafts[10].entity_length = 0;
  assert_prefix(10, BP_ENTITY_EMPTY);
}

Test(append_many, a_bad_first_draft_leaves_nothing) {
  drafts[0].kind = 6;
  assert_prefix(0, BP_KIND_MARKER);
}

Test(append_many, an_expectation_that_fails_ends_it) {
  drafts[20].expect = BP_EXPECT_EMPTY;
  assert_prefix(20, BP_EXPECTED_EMPTY);
}

Test(append_many, expectations_see_the_events_before_them) {
  size_t accepted;
  drafts[0].expect = BP_EXPECT_EMPTY;
  for (uint32_t i = 1; i < MANY; i++) {
    drafts[i].expect = BP_EXPECT_CLOCK;
    drafts[i].expect_clock = i - 1;
  }
  MUST(bp_store_append_many(store, drafts, MANY, receipts, &accepted, NULL));
  cr_assert_eq(accepted, MANY);
}

Test(append_many, a_key_twice_in_one_call_is_replayed) {
  size_t accepted;
  fixture_give_key(&drafts[3], 5);
  fixture_give_key(&drafts[7], 5);
  MUST(bp_store_append_many(store, drafts, 10, receipts, &accepted, NULL));
  cr_assert_eq(accepted, 10);
  cr_assert_eq(receipts[3].replayed, 0);
  cr_assert_eq(receipts[7].replayed, 1);
  cr_assert_eq(receipts[7].same, 0);
  cr_assert_eq(receipts[7].sequence, receipts[3].sequence);
  cr_assert_eq(fixture_stat(store).events, 10);
}

Test(append_many, one_durable_draft_makes_the_group_durable) {
  size_t accepted;
  for (int i = 0; i < 10; i++) drafts[i].durability = BP_WRITTEN;
  bp_stat before = fixture_stat(store);
  MUST(bp_store_append_many(store, drafts, 10, receipts, &accepted, NULL));
  cr_assert_eq(fixture_stat(store).syncs, before.syncs);
  for (int i = 0; i < 10; i++) cr_assert_eq(receipts[i].durable, 0);
  drafts[4].durability = BP_DURABLE;
  MUST(bp_store_append_many(store, drafts, 10, receipts, &accepted, NULL));
  cr_assert_eq(fixture_stat(store).syncs, before.syncs + 1);
  for (int i = 0; i < 10; i++) cr_assert_eq(receipts[i].durable, 1);
}

/* A caller that was compiled against a later header has larger structs. */
typedef struct {
  bp_draft draft;
  uint8_t later[24];
} later_draft;

typedef struct {
  bp_receipt receipt;
  uint8_t later[40];
} later_receipt;

Test(append_many, strides_by_the_first_element_s_size) {
  static later_draft wide[5];
  static later_receipt answers[5];
  size_t accepted;
  for (int i = 0; i < 5; i++) {
    wide[i].draft = drafts[i];
    wide[i].draft.struct_size = sizeof wide[i];
    memset(wide[i].later, 0, sizeof wide[i].later);
    MUST(bp_receipt_init(&answers[i].receipt, sizeof answers[i]));
  }
  MUST(bp_store_append_many(store, &wide[0].draft, 5, &answers[0].receipt, &accepted, NULL));
  for (int i = 0; i < 5; i++) {
    cr_assert_eq(answers[i].receipt.sequence, (uint64_t)i + 1);
    cr_assert_eq(answers[i].receipt.struct_size, sizeof answers[i]);
    receipts[i] = answers[i].receipt;
  }
  assert_all_there(0, 5);
  wide[2].later[23] = 1; /* a field that this library does not know is used */
  cr_assert_eq(bp_store_append_many(store, &wide[0].draft, 5, NULL, &accepted, NULL), BP_STRUCT_SIZE);
  cr_assert_eq(accepted, 2);
}

Test(append_many, a_full_disk_leaves_nothing_of_the_group) {
  size_t accepted;
  bp_error error = fixture_error();
  fixture_close(store);
  config.preallocate_bytes = 0;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  uint64_t used = sim_used_bytes(sim), digest = sim_digest(sim);
  sim_set_capacity(sim, used + 5000);
  cr_assert_eq(bp_store_append_many(store, drafts, MANY, receipts, &accepted, &error), BP_DISK_FULL);
  cr_assert_eq(error.os_error, ENOSPC);
  cr_assert_eq(accepted, 0);
  cr_assert_eq(sim_digest(sim), digest, "the partial write was taken back");
  cr_assert_eq(fixture_stat(store).poisoned, 0);
  sim_set_capacity(sim, UINT64_MAX);
  MUST(bp_store_append_many(store, drafts, MANY, receipts, &accepted, NULL));
  cr_assert_eq(receipts[0].sequence, 3, "no number was burned");
  assert_all_there(0, MANY);
}

/* The second group fails: the first is in the store. */
Test(append_many, a_failing_group_leaves_the_groups_before_it) {
  fixture_close(store);
  config.group_max_events = 25;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  size_t accepted;
  sim_add_fault(sim, (sim_fault){.kind = SIM_WRITE, .at = 2, .errno_value = EIO});
  cr_assert_eq(bp_store_append_many(store, drafts, MANY, receipts, &accepted, NULL), BP_SYSTEM);
  cr_assert_eq(accepted, 25);
  assert_all_there(0, 25);
}

Test(append_many, rotates_inside_a_group) {
  fixture_close(store);
  config.segment_max_bytes = 2048;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  size_t accepted;
  MUST(bp_store_append_many(store, drafts, MANY, receipts, &accepted, NULL));
  cr_assert_eq(accepted, MANY);
  cr_assert_gt(receipts[MANY - 1].segment_id, receipts[0].segment_id + 10);
  assert_all_there(0, MANY);
  fixture_close(store);
  store = fixture_open("store", BP_MODE_READ_ONLY, &config);
  assert_all_there(0, MANY);
  bp_report *report = fixture_verify(store, NULL);
  cr_assert_eq(fixture_verdict(report).verdict, BP_VERDICT_CONSISTENT);
  cr_assert_eq(fixture_verdict(report).notes, 0);
  bp_report_free(report);
}

Test(append_many, calls_that_make_no_sense_are_refused) {
  size_t accepted = 3;
  cr_assert_eq(bp_store_append_many(store, drafts, 1, receipts, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_store_append_many(NULL, drafts, 1, receipts, &accepted, NULL), BP_ARGUMENT);
  cr_assert_eq(accepted, 0);
  cr_assert_eq(bp_store_append_many(store, NULL, 1, receipts, &accepted, NULL), BP_ARGUMENT);
  drafts[0].struct_size = 8;
  cr_assert_eq(bp_store_append_many(store, drafts, 1, receipts, &accepted, NULL), BP_STRUCT_SIZE);
  drafts[0].struct_size = sizeof drafts[0];
  receipts[0].struct_size = 8;
  cr_assert_eq(bp_store_append_many(store, drafts, 1, receipts, &accepted, NULL), BP_STRUCT_SIZE);
  receipts[0].struct_size = sizeof receipts[0];
  drafts[1].struct_size = 8;
  cr_assert_eq(bp_store_append_many(store, drafts, 2, receipts, &accepted, NULL), BP_STRUCT_SIZE);
}
