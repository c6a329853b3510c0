/* Denials in the log, and their receipts.  The bytes of the payload are held in tests/guard/trace.c. */
#include "guard/fixture.h"
#include "support/memory_fault.h"
#include "support/store_fixture.h"
#include "support/values.h"

#include <criterion/criterion.h>

static char path[TEMPORARY_PATH_MAX];
static bp_store *store;
static bp_gates *gates;
static bp_denials *denials;
static told one, two, three;

static void push(const char *name, told *user) {
  bp_gate gate = told_gate(name, user);
  MUST(bp_gates_push(gates, &gate, NULL));
}

static void set_up(void) {
  static const told pass, no = {.answer = BP_DENIED, .code = "C1", .message = "no way", .key = "k", .value = "v", .pairs = 1};
  one = three = pass;
  two = no;
  denials = NULL;
  temporary_create(path);
  store = fixture_open(path, BP_MODE_CREATE, NULL);
  MUST(bp_gates_new(&gates, NULL));
  push("one", &one);
  push("two", &two);
  push("three", &three);
}
static void tear_down(void) {
  bp_denials_free(denials);
  bp_gates_free(gates);
  if (store != NULL) fixture_close(store);
  fixture_free_pages();
  temporary_remove(path);
}

TestSuite(denials, .init = set_up, .fini = tear_down);

static const bp_denial *denied(void) {
  bp_permit *permit = NULL;
  bp_draft draft = fixture_draft("e:1", "x");
  if (denials == NULL) cr_assert_eq(bp_gates_evaluate(gates, NULL, 0, &draft, &permit, &denials, NULL), BP_DENIED);
  return bp_denials_items(denials, NULL);
}

static bp_status append(const bp_draft *draft, bp_receipt *receipt, bp_error *error) {
  return bp_store_append_denial(store, draft, gates, denied(), FIXTURE_KIND, NULL, NULL, 0, receipt, error);
}

static int32_t judge(const bp_receipt *receipt) {
  int32_t outcome = -1;
  MUST(bp_store_verify_denial(store, receipt, NULL, &outcome, NULL));
  return outcome;
}

/* 13.3 gate_pipeline: the denial trace round-trips through the log. */
/* P-089 */
Test(denials, are_events_of_the_entity) {
  uint8_t hash[32];
  memset(hash, 0xab, sizeof hash);
  bp_receipt before = fixture_append_text(store, "e:1", "x"), receipt = fixture_receipt();
  bp_draft draft = fixture_draft("e:1", "not looked at");
  fixture_give_key(&draft, 7);
  draft.expect = BP_EXPECT_EVENT;
  memcpy(draft.expect_event_id, before.event_id, 16);
  MUST(bp_store_append_denial(store, &draft, gates, denied(), 0x2005, hash, TEXT("pipe"), &receipt, NULL));
  cr_assert_eq(receipt.sequence, before.sequence + 1);
  const bp_event *event = fixture_get(store, draft.key);
  cr_assert_eq(event->kind, 0x000F);
  cr_assert_eq(event->clock, 1);
  cr_assert_arr_eq(event->prev_hash, before.content_hash, 32);
  cr_assert_eq(event->payload_length, 306, "%u", event->payload_length);
  cr_assert_not_null(strstr(to_hex(event->payload, event->payload_length), "a66e6f20776179"));
  cr_assert_eq(judge(&receipt), BP_RECEIPT_UNSIGNED_ACCEPTED);
}

/* 13.3 gate_pipeline: a denial's receipt is judged as an append's, the kind second. */
Test(denials, receipts_are_judged_with_their_kind) {
  bp_receipt receipt = fixture_receipt(), other = fixture_append_text(store, "e:1", "x");
  bp_draft draft = fixture_draft("e:1", "");
  MUST(append(&draft, &receipt, NULL));
  cr_assert_eq(judge(&receipt), BP_RECEIPT_UNSIGNED_ACCEPTED);
  cr_assert_eq(judge(&other), BP_RECEIPT_DENIAL_KIND);
  cr_assert_str_eq(bp_receipt_outcome_name(BP_RECEIPT_DENIAL_KIND), "denial_kind_mismatch");
  other.sequence++;
  cr_assert_eq(judge(&other), BP_RECEIPT_DENIAL_KIND, "before the sequence");
  receipt.sequence++;
  cr_assert_eq(judge(&receipt), BP_RECEIPT_SEQUENCE);
  receipt.event_id[0] ^= 1;
  cr_assert_eq(judge(&receipt), BP_RECEIPT_MISSING_EVENT, "first");
  cr_assert_eq(bp_store_verify_denial(store, &receipt, NULL, NULL, NULL), BP_ARGUMENT);
}

/* P-078 */
Test(denials, are_signed_and_kept) {
  uint8_t seed[32] = {1, 2, 3};
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.signing_seeds = seed;
  config.signing_seed_count = 1;
  fixture_close(store);
  store = fixture_open(path, BP_MODE_CREATE, &config);
  const bp_extension extension = {(const uint8_t *)"a.b", 3, (const uint8_t *)"v", 1};
  uint8_t room[16];
  bp_receipt receipt = fixture_receipt();
  receipt.extensions = room;
  receipt.extensions_capacity = sizeof room;
  bp_draft draft = fixture_draft("e:1", "");
  draft.extensions = &extension;
  draft.extension_count = 1;
  MUST(append(&draft, &receipt, NULL));
  cr_assert_eq(judge(&receipt), BP_RECEIPT_SIGNED);
  fixture_close(store);
  store = fixture_open(path, BP_MODE_READ_ONLY, &config);
  cr_assert_eq(judge(&receipt), BP_RECEIPT_SIGNED);
  const bp_event *event = fixture_get(store, receipt.event_id);
  cr_assert(event->extension_count == 1 && fixture_text_is(event->extensions[0].value, event->extensions[0].value_length, "v"));
  fixture_free_pages();
}

Test(denials, all_of_an_evaluation_can_be_written) {
  three = two;
  cr_assert_eq(bp_gates_evaluate_all(gates, NULL, 0, &denials, NULL), BP_DENIED);
  size_t count;
  const bp_denial *items = bp_denials_items(denials, &count);
  cr_assert_eq(count, 2);
  for (size_t i = 0; i < count; i++) {
    bp_draft draft = fixture_draft("e:1", "");
    MUST(bp_store_append_denial(store, &draft, gates, &items[i], FIXTURE_KIND, NULL, NULL, 0, NULL, NULL));
  }
  bp_query query = fixture_query();
  query.kind_filter = BP_KIND_EXACT;
  query.kind = 0x000F;
  cr_assert_eq(fixture_count(store, &query), 2);
}

Test(denials, what_is_refused_writes_nothing) {
  bp_draft draft = fixture_draft("e:1", "");
  bp_error error = fixture_error();
  uint64_t events = fixture_stat(store).events;
  bp_denial of_another_set = *denied();
  of_another_set.position = 3;
  cr_assert_eq(bp_store_append_denial(store, &draft, gates, &of_another_set, 1, NULL, NULL, 0, NULL, &error), BP_ARGUMENT);
  cr_assert_eq(bp_store_append_denial(store, &draft, NULL, denied(), 1, NULL, NULL, 0, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_store_append_denial(store, &draft, gates, NULL, 1, NULL, NULL, 0, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_store_append_denial(NULL, &draft, gates, denied(), 1, NULL, NULL, 0, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_store_append_denial(store, NULL, gates, denied(), 1, NULL, NULL, 0, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_store_append_denial(store, &draft, gates, denied(), 1, NULL, TEXT("\xff"), NULL, NULL), BP_UTF8);
  draft.struct_size = 3;
  cr_assert_eq(append(&draft, NULL, NULL), BP_STRUCT_SIZE);
  draft = fixture_draft("", "");
  cr_assert_eq(append(&draft, NULL, NULL), BP_ENTITY_EMPTY);
  draft = fixture_draft("e:1", "");
  draft.expect = BP_EXPECT_CLOCK;
  draft.expect_clock = 5;
  cr_assert_eq(append(&draft, NULL, NULL), BP_EXPECTED_CLOCK);
  cr_assert_eq(fixture_stat(store).events, events);
}

Test(denials, a_denial_longer_than_an_append_may_be) {
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.single_append_max_bytes = 200;
  fixture_close(store);
  store = fixture_open(path, BP_MODE_CREATE, &config);
  bp_draft draft = fixture_draft("e:1", "");
  cr_assert_eq(append(&draft, NULL, NULL), BP_PAYLOAD_TOO_LARGE);
}

Test(denials, need_a_store_that_can_be_written) {
  fixture_close(store);
  store = fixture_open(path, BP_MODE_READ_ONLY, NULL);
  bp_draft draft = fixture_draft("e:1", "");
  cr_assert_eq(append(&draft, NULL, NULL), BP_READ_ONLY);
}

/* Every allocation of the append of a denial fails once. */
Test(denials, without_memory) {
  static memory_fault fault;
  static char long_message[4096];
  memset(long_message, 'm', sizeof long_message - 1);
  two.message = long_message;
  for (uint64_t n = 1;; n++) {
    bp_config config = fixture_config(BP_MODE_CREATE);
    config.reallocate = memory_fault_reallocate;
    config.reallocate_user = &fault;
    fixture_close(store);
    store = fixture_open(path, BP_MODE_CREATE, &config);
    uint64_t events = fixture_stat(store).events;
    bp_draft draft = fixture_draft("e:1", "");
    bp_receipt receipt = fixture_receipt();
    (void)denied();
    memory_fault_arm(&fault, n, 0);
    bp_status status = append(&draft, &receipt, NULL);
    memory_fault_disarm(&fault);
    cr_assert_eq(fixture_stat(store).events, events + (status == BP_OK));
    if (status == BP_OK && fault.failures == 0) break;
    cr_assert(status == BP_NO_MEMORY || status == BP_OK, "%s", bp_status_name(status));
    fault.failures = 0;
    if (n > 64) cr_assert_fail("it never ends");
  }
  fixture_close(store);
  store = NULL;
  cr_assert_eq(fault.live_blocks, 0);
}
