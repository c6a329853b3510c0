/* Where this library differs from the reference on purpose: docs/deviations.md names each by its number (V-...).  What
 * can be seen through the public interface is held here; the numbers I-... are those of docs/invariants.md. */
#include "support/temporary.h"

#include <batpak/ffi.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[TEMPORARY_PATH_MAX], place[TEMPORARY_PATH_MAX + 8];
static bp_store *store;
static int64_t now_us;

static int64_t told(void *user) {
  (void)user;
  return now_us;
}

static bp_config configured(uint32_t mode) {
  bp_config config;
  cr_assert_eq(bp_config_init(&config, sizeof config), BP_OK);
  config.mode = mode;
  config.clock = told;
  return config;
}

static void open_with(const bp_config *config) {
  cr_assert_eq(bp_store_open(place, config, &store, NULL), BP_OK);
}

static void shut(void) { cr_assert_eq(bp_store_close(store, NULL), BP_OK); }

static void reopen(uint32_t mode) {
  shut();
  bp_config config = configured(mode);
  open_with(&config);
}

static void set_up(void) {
  now_us = 1767225600000000;
  temporary_create(folder);
  snprintf(place, sizeof place, "%s/store", folder);
  bp_config config = configured(BP_MODE_CREATE);
  open_with(&config);
}

static void tear_down(void) {
  bp_store_release(store);
  temporary_remove(folder);
}

TestSuite(deviations, .init = set_up, .fini = tear_down);

static bp_draft drafted(const char *entity, const char *payload) {
  bp_draft draft;
  cr_assert_eq(bp_draft_init(&draft, sizeof draft), BP_OK);
  draft.entity = (const uint8_t *)entity;
  draft.entity_length = strlen(entity);
  draft.scope = (const uint8_t *)"scope";
  draft.scope_length = 5;
  draft.kind = 0xF001;
  draft.payload = (const uint8_t *)payload;
  draft.payload_length = strlen(payload);
  return draft;
}

static bp_receipt appended(const bp_draft *draft) {
  bp_receipt receipt;
  cr_assert_eq(bp_receipt_init(&receipt, sizeof receipt), BP_OK);
  cr_assert_eq(bp_store_append(store, draft, &receipt, NULL), BP_OK);
  return receipt;
}

static bp_receipt append(const char *entity, const char *payload) {
  bp_draft draft = drafted(entity, payload);
  return appended(&draft);
}

static bp_stat stat_now(void) {
  bp_stat stat = {.struct_size = sizeof stat};
  cr_assert_eq(bp_store_stat(store, &stat, NULL), BP_OK);
  return stat;
}

/* --------------------------------------------------------------------------------------------------------- writing -- */

/* V-01.  I-001: a durable receipt comes after a flush. */
Test(deviations, an_append_is_durable_unless_something_else_is_asked) {
  uint64_t before = stat_now().syncs;
  cr_assert_eq(append("e", "1").durable, 1);
  cr_assert_eq(stat_now().syncs, before + 1);
  bp_draft draft = drafted("e", "2");
  draft.durability = BP_WRITTEN;
  cr_assert_eq(appended(&draft).durable, 0);
  cr_assert_eq(stat_now().syncs, before + 1);
}

/* V-02.  I-002: one group, one write, one flush. */
/* P-027 */
Test(deviations, a_group_shares_one_write_and_one_flush_without_any_key) {
  bp_draft drafts[100];
  size_t accepted;
  for (size_t i = 0; i < 100; i++) drafts[i] = drafted("e", "1");
  bp_stat before = stat_now();
  cr_assert_eq(bp_store_append_many(store, drafts, 100, NULL, &accepted, NULL), BP_OK);
  bp_stat after = stat_now();
  cr_assert_eq(accepted, 100);
  cr_assert_eq(after.writes, before.writes + 1);
  cr_assert_eq(after.syncs, before.syncs + 1);
}

/* V-03 */
Test(deviations, an_open_event_names_this_library) {
  bp_page *page;
  size_t count;
  cr_assert_eq(bp_page_new(&page, NULL), BP_OK);
  cr_assert_eq(bp_store_page(store, NULL, page, NULL), BP_OK);
  const bp_event *event = bp_page_events(page, &count);
  cr_assert_eq(count, 1);
  cr_assert_eq(event->kind, 0x0008);
  cr_assert_eq(event->extension_count, 1);
  cr_assert_eq(event->extensions->name_length, strlen("batpak_c.version"));
  cr_assert_arr_eq(event->extensions->name, "batpak_c.version", strlen("batpak_c.version"));
  bp_page_free(page);
}

/* V-04.  I-003: wall_ms never goes back along the sequence. */
/* P-081 */
Test(deviations, wall_time_never_goes_back_over_the_whole_store) {
  bp_page *page;
  size_t count;
  append("early", "1");
  now_us -= 5000000;
  append("late", "1");
  reopen(BP_MODE_CREATE);
  append("later", "1");
  cr_assert_eq(bp_page_new(&page, NULL), BP_OK);
  cr_assert_eq(bp_store_page(store, NULL, page, NULL), BP_OK);
  const bp_event *events = bp_page_events(page, &count);
  for (size_t i = 1; i < count; i++) cr_assert_geq(events[i].wall_ms, events[i - 1].wall_ms);
  bp_page_free(page);
}

/* V-05.  I-004: a key writes once. */
Test(deviations, a_known_key_is_answered_before_the_expectation_is_judged) {
  bp_draft draft = drafted("e", "1");
  draft.given = BP_GIVEN_KEY;
  memset(draft.key, 7, sizeof draft.key);
  draft.expect = BP_EXPECT_EMPTY;
  bp_receipt first = appended(&draft), again = appended(&draft);
  cr_assert_eq(again.replayed, 1);
  cr_assert_eq(again.same, 1);
  cr_assert_eq(again.sequence, first.sequence);
  draft.payload = (const uint8_t *)"2";
  again = appended(&draft);
  cr_assert_eq(again.replayed, 1);
  cr_assert_eq(again.same, 0);
  cr_assert_eq(stat_now().last_sequence, first.sequence);
}

/* V-07 */
Test(deviations, marker_kinds_are_refused_and_reserved_ones_want_a_flag) {
  bp_draft draft = drafted("e", "1");
  for (draft.allow_reserved = 0; draft.allow_reserved < 2; draft.allow_reserved++) {
    draft.kind = 0x0006;
    cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_KIND_MARKER);
    draft.kind = 0x0007;
    cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_KIND_MARKER);
    draft.kind = 0xD001;
    cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), draft.allow_reserved ? BP_OK : BP_KIND_RESERVED);
  }
}

/* V-08.  I-005: an expectation that does not hold writes nothing. */
Test(deviations, an_expectation_can_say_empty_and_name_an_event) {
  bp_draft draft = drafted("e", "1");
  draft.expect = BP_EXPECT_EMPTY;
  bp_receipt first = appended(&draft);
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_EXPECTED_EMPTY);
  draft.expect = BP_EXPECT_CLOCK;
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_OK); /* clock 0: as the reference takes it */
  draft.expect = BP_EXPECT_EVENT;
  memcpy(draft.expect_event_id, first.event_id, sizeof first.event_id);
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_EXPECTED_EVENT);
  cr_assert_eq(stat_now().last_sequence, first.sequence + 1);
}

/* V-09.  I-006: ids rise within a process. */
Test(deviations, ids_rise_within_one_millisecond) {
  bp_receipt last = append("e", "1");
  for (int i = 0; i < 500; i++) {
    bp_draft draft = drafted("e", "1");
    draft.durability = BP_WRITTEN;
    bp_receipt next = appended(&draft);
    cr_assert_gt(memcmp(next.event_id, last.event_id, sizeof next.event_id), 0);
    last = next;
  }
}

/* V-10 */
Test(deviations, a_seed_of_zeros_is_an_error_and_leaves_nothing) {
  static const uint8_t zeros[32];
  char other[300];
  bp_store *none;
  bp_config config = configured(BP_MODE_CREATE);
  config.signing_seeds = zeros;
  config.signing_seed_count = 1;
  snprintf(other, sizeof other, "%s-other", place);
  cr_assert_eq(bp_store_open(other, &config, &none, NULL), BP_SEED_ZERO);
  cr_assert_null(none);
  cr_assert_neq(access(other, F_OK), 0);
}

/* V-14.  I-007: sequences have no gaps where nothing failed for good. */
Test(deviations, a_refused_append_uses_no_sequence) {
  uint64_t first = append("e", "1").sequence;
  bp_draft draft = drafted("e", "1");
  draft.expect = BP_EXPECT_EMPTY;
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_EXPECTED_EMPTY);
  draft = drafted("a|b", "1");
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_COORDINATE_SEPARATOR);
  cr_assert_eq(append("e", "2").sequence, first + 1);
}

/* -------------------------------------------------------------------------------------------------- opening, reading -- */

/* V-17.  I-008: a reader changes nothing. */
Test(deviations, readers_stand_beside_each_other_and_make_nothing) {
  bp_store *second, *writer;
  bp_config reading = configured(BP_MODE_READ_ONLY), writing = configured(BP_MODE_MUST_EXIST);
  cr_assert_eq(bp_store_open(place, &reading, &second, NULL), BP_LOCKED);
  reopen(BP_MODE_READ_ONLY);
  bp_stat before = stat_now();
  cr_assert_eq(bp_store_open(place, &reading, &second, NULL), BP_OK);
  cr_assert_eq(bp_store_open(place, &writing, &writer, NULL), BP_LOCKED);
  bp_draft draft = drafted("e", "1");
  cr_assert_eq(bp_store_append(second, &draft, NULL, NULL), BP_READ_ONLY);
  cr_assert_eq(bp_store_close(second, NULL), BP_OK);
  cr_assert_eq(stat_now().bytes, before.bytes);
  cr_assert_eq(stat_now().segments, before.segments);
}

/* V-22 */
Test(deviations, a_directory_of_other_files_is_refused) {
  char other[300], file[400];
  bp_store *none;
  bp_config config = configured(BP_MODE_MUST_EXIST);
  snprintf(other, sizeof other, "%s-absent", place);
  cr_assert_eq(bp_store_open(other, &config, &none, NULL), BP_NO_STORE);
  cr_assert_neq(access(other, F_OK), 0);
  snprintf(other, sizeof other, "%s-foreign", place);
  cr_assert_eq(bp_store_open(other, NULL, &none, NULL), BP_OK);
  cr_assert_eq(bp_store_close(none, NULL), BP_OK);
  snprintf(file, sizeof file, "%s/000001.fbat", other);
  char moved[400];
  snprintf(moved, sizeof moved, "%s/letter.txt", other);
  cr_assert_eq(rename(file, moved), 0);
  cr_assert_eq(bp_store_open(other, NULL, &none, NULL), BP_NOT_A_STORE);
}

/* V-23.  I-009: a handle serves the process that opened it. */
Test(deviations, a_forked_child_gets_its_own_status) {
  append("e", "1");
  uint64_t bytes = stat_now().bytes;
  pid_t child = fork();
  if (child == 0) {
    bp_draft draft = drafted("e", "2");
    bp_status answer = bp_store_append(store, &draft, NULL, NULL), closed = bp_store_close(store, NULL);
    bp_store_release(store);
    _exit(answer == BP_FORKED && closed == BP_FORKED ? 0 : 1);
  }
  int status;
  cr_assert_eq(waitpid(child, &status, 0), child);
  cr_assert_eq(status, 0);
  cr_assert_eq(stat_now().bytes, bytes);
  append("e", "3");
}

/* V-24.  I-010: an ancestor is the nearest earlier event with the hash. */
Test(deviations, a_walk_over_equal_payloads_takes_every_step) {
  bp_page *page;
  size_t count;
  bp_receipt last = {0};
  for (int i = 0; i < 3; i++) last = append("e", "p");
  cr_assert_eq(bp_page_new(&page, NULL), BP_OK);
  cr_assert_eq(bp_store_walk(store, last.event_id, 10, page, NULL), BP_OK);
  const bp_event *events = bp_page_events(page, &count);
  cr_assert_eq(count, 3);
  for (size_t i = 0; i < count; i++) cr_assert_eq(events[i].clock, 2 - i);
  bp_page_free(page);
}

/* ------------------------------------------------------------------------------------------------------- receipts -- */

static int32_t outcome_of(const bp_receipt *receipt, const uint8_t *key, size_t keys) {
  bp_trust trust;
  int32_t outcome = -1;
  cr_assert_eq(bp_trust_init(&trust, sizeof trust), BP_OK);
  trust.public_keys = key;
  trust.public_key_count = keys;
  cr_assert_eq(bp_store_verify_receipt(store, receipt, &trust, &outcome, NULL), BP_OK);
  return outcome;
}

/* V-11.  I-011: a signature holds for exactly what was acknowledged. */
Test(deviations, a_public_key_is_enough_to_verify) {
  uint8_t seed[32], public_key[32], key_id[32];
  cr_assert_eq(bp_key_generate(seed, public_key, key_id, NULL), BP_OK);
  shut();
  bp_config config = configured(BP_MODE_CREATE);
  config.signing_seeds = seed;
  config.signing_seed_count = 1;
  open_with(&config);
  bp_receipt receipt = append("e", "1");
  reopen(BP_MODE_READ_ONLY);
  cr_assert_eq(outcome_of(&receipt, NULL, 0), BP_RECEIPT_UNKNOWN_KEY);
  cr_assert_eq(outcome_of(&receipt, public_key, 1), BP_RECEIPT_SIGNED);
  receipt.signature[10] ^= 1;
  cr_assert_eq(outcome_of(&receipt, public_key, 1), BP_RECEIPT_INVALID_SIGNATURE);
  receipt.has_signature = 0;
  memset(receipt.key_id, 0, sizeof receipt.key_id);
  cr_assert_eq(outcome_of(&receipt, public_key, 1), BP_RECEIPT_UNSIGNED_REJECTED);
  cr_assert_eq(outcome_of(&receipt, NULL, 0), BP_RECEIPT_UNSIGNED_ACCEPTED);
}

/* V-31, D19: a receipt that lost its signature is taken, and said to be missing one. */
Test(deviations, unsigned_receipts_among_signed_ones_leave_a_finding) {
  uint8_t seed[32], public_key[32], key_id[32];
  cr_assert_eq(bp_key_generate(seed, public_key, key_id, NULL), BP_OK);
  bp_receipt receipts[2] = {append("e", "1"), append("e", "2")};
  receipts[1].has_signature = 1;
  memcpy(receipts[1].key_id, key_id, sizeof key_id);
  bp_trust trust;
  bp_report *report;
  bp_verdict verdict = {.struct_size = sizeof verdict};
  size_t count;
  cr_assert_eq(bp_trust_init(&trust, sizeof trust), BP_OK);
  trust.receipts = receipts;
  trust.receipt_count = 2;
  cr_assert_eq(bp_store_verify(store, &trust, &report, NULL), BP_OK);
  cr_assert_eq(bp_report_verdict(report, &verdict), BP_OK);
  cr_assert_eq(verdict.verdict, BP_VERDICT_INCOMPLETE);
  cr_assert_eq(verdict.attested, 1);
  const bp_finding *findings = bp_report_findings(report, &count);
  cr_assert_eq(count, 2);
  cr_assert_str_eq(findings[0].code, "unknown_signing_key");
  cr_assert_str_eq(findings[1].code, "signature_expected");
  bp_report_free(report);
}
