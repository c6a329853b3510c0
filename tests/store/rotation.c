/* D19: keys come and go.  Several seeds, the last signs, all verify; public keys that verify only; a receipt that was
 * stripped of its signature. */
#include "support/store_fixture.h"

#include <criterion/criterion.h>

enum { KEYS = 4 };

static char path[TEMPORARY_PATH_MAX];
static bp_store *store;
static bp_report *report;
static uint8_t seeds[KEYS][32], public_keys[KEYS][32], key_ids[KEYS][32];

static void set_up(void) {
  temporary_create(path);
  store = NULL;
  report = NULL;
  for (size_t i = 0; i < KEYS; i++) {
    memset(seeds[i], (int)(0x11 * (i + 1)), 32);
    MUST(bp_key_derive(seeds[i], public_keys[i], key_ids[i], NULL));
  }
}
static void tear_down(void) {
  bp_report_free(report);
  if (store != NULL) fixture_close(store);
  temporary_remove(path);
}

TestSuite(rotation, .init = set_up, .fini = tear_down);

/* The store again: `signing` seeds from `first` on, `verifying` public keys from `known` on. */
static void open_with(size_t first, size_t signing, size_t known, size_t verifying) {
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.signing_seeds = seeds[first];
  config.signing_seed_count = signing;
  config.verify_keys = public_keys[known];
  config.verify_key_count = verifying;
  if (store != NULL) fixture_close(store);
  store = fixture_open(path, BP_MODE_CREATE, &config);
}

static void open_without_keys(void) { open_with(0, 0, 0, 0); }

static int32_t judge(const bp_receipt *receipt) {
  int32_t outcome = -1;
  MUST(bp_store_verify_receipt(store, receipt, NULL, &outcome, NULL));
  return outcome;
}

static bp_receipt stripped(bp_receipt receipt) {
  receipt.has_signature = 0;
  memset(receipt.key_id, 0, sizeof receipt.key_id);
  memset(receipt.signature, 0, sizeof receipt.signature);
  return receipt;
}

static bp_verdict verify_with(const bp_receipt *receipts, size_t count) {
  bp_trust trust;
  MUST(bp_trust_init(&trust, sizeof trust));
  trust.receipts = receipts;
  trust.receipt_count = count;
  bp_report_free(report);
  report = fixture_verify(store, &trust);
  return fixture_verdict(report);
}

/* One more seed a session: each signs its own receipts, and every later session verifies all that came before. */
Test(rotation, D19_old_receipts_hold_after_each_rotation) {
  bp_receipt receipts[KEYS];
  for (size_t session = 0; session < KEYS; session++) {
    open_with(0, session + 1, 0, 0);
    receipts[session] = fixture_append_text(store, "e:1", "x");
    cr_assert_arr_eq(receipts[session].key_id, key_ids[session], 32, "the last one signs");
    for (size_t i = 0; i <= session; i++) cr_assert_eq(judge(&receipts[i]), BP_RECEIPT_SIGNED, "%zu, %zu", session, i);
  }
  cr_assert_eq(verify_with(receipts, KEYS).verdict, BP_VERDICT_ATTESTED);
}

Test(rotation, D19_a_key_that_was_taken_away_is_unknown) {
  open_with(0, 1, 0, 0);
  bp_receipt old = fixture_append_text(store, "e:1", "x");
  open_with(1, 1, 0, 0);
  bp_receipt fresh = fixture_append_text(store, "e:1", "y");
  cr_assert_eq(judge(&old), BP_RECEIPT_UNKNOWN_KEY);
  cr_assert_eq(judge(&fresh), BP_RECEIPT_SIGNED);
  bp_receipt both[] = {old, fresh};
  bp_verdict verdict = verify_with(both, 2);
  cr_assert_eq(verdict.verdict, BP_VERDICT_INCOMPLETE);
  cr_assert_eq(verdict.attested, 1);
  cr_assert_not_null(fixture_finding(report, "unknown_signing_key"));
}

/* The reference needs the old secret for that. */
Test(rotation, D19_the_public_half_of_an_old_key_is_enough) {
  open_with(0, 1, 0, 0);
  bp_receipt old = fixture_append_text(store, "e:1", "x");
  open_with(1, 1, 0, 1);
  bp_receipt fresh = fixture_append_text(store, "e:1", "y");
  cr_assert_arr_eq(fresh.key_id, key_ids[1], 32, "a key that verifies only never signs");
  cr_assert_eq(judge(&old), BP_RECEIPT_SIGNED);
  cr_assert_eq(judge(&fresh), BP_RECEIPT_SIGNED);
  open_with(0, 0, 0, 2);
  cr_assert_eq(judge(&old), BP_RECEIPT_SIGNED);
  cr_assert_eq(judge(&fresh), BP_RECEIPT_SIGNED);
  cr_assert_eq(fixture_append_text(store, "e:1", "z").has_signature, 0, "nothing signs");
}

Test(rotation, D19_the_order_of_seeds_decides_who_signs_and_nothing_else) {
  uint8_t twice[3][32];
  memcpy(twice[0], seeds[1], 32);
  memcpy(twice[1], seeds[0], 32);
  memcpy(twice[2], seeds[1], 32);
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.signing_seeds = twice[0];
  config.signing_seed_count = 2;
  store = fixture_open(path, BP_MODE_CREATE, &config);
  bp_receipt first = fixture_append_text(store, "e:1", "x");
  cr_assert_arr_eq(first.key_id, key_ids[0], 32);
  fixture_close(store);
  config.signing_seed_count = 3;
  store = fixture_open(path, BP_MODE_CREATE, &config);
  bp_receipt second = fixture_append_text(store, "e:1", "x");
  cr_assert_arr_eq(second.key_id, key_ids[1], 32, "the same key twice does no harm");
  cr_assert_eq(judge(&first), BP_RECEIPT_SIGNED);
  cr_assert_eq(judge(&second), BP_RECEIPT_SIGNED);
}

/* V-31: as in the reference the outcome is a valid one.  Here a finding stands beside it, though no other receipt is signed: the
 * open event of a session of ours says that it signed. */
Test(rotation, D19_a_stripped_receipt_is_accepted_with_a_finding) {
  open_with(0, 1, 0, 0);
  bp_receipt bare = stripped(fixture_append_text(store, "e:1", "x"));
  open_without_keys();
  cr_assert_eq(judge(&bare), BP_RECEIPT_UNSIGNED_ACCEPTED);
  bp_verdict verdict = verify_with(&bare, 1);
  cr_assert_eq(verdict.verdict, BP_VERDICT_INCOMPLETE);
  cr_assert_eq(verdict.attested, 1);
  const bp_finding *finding = fixture_finding(report, "signature_expected");
  cr_assert_not_null(finding);
  cr_assert_eq(finding->severity, BP_SEVERITY_UNCHECKED);
}

/* P-079 */
Test(rotation, D19_a_stripped_receipt_is_refused_where_keys_are_known) {
  open_with(0, 1, 0, 0);
  bp_receipt bare = stripped(fixture_append_text(store, "e:1", "x"));
  cr_assert_eq(judge(&bare), BP_RECEIPT_UNSIGNED_REJECTED);
  open_with(0, 0, 0, 1);
  cr_assert_eq(judge(&bare), BP_RECEIPT_UNSIGNED_REJECTED, "a public key of the configuration is one");
  open_with(0, 0, 1, 1);
  cr_assert_eq(judge(&bare), BP_RECEIPT_UNSIGNED_REJECTED, "whichever key it is");
  bp_verdict verdict = verify_with(&bare, 1);
  cr_assert_eq(verdict.verdict, BP_VERDICT_INCOMPLETE);
  cr_assert_eq(verdict.attested, 0);
  cr_assert_not_null(fixture_finding(report, "unsigned_receipt_rejected"));
}

/* Signing and plain sessions in turns: a receipt of a plain one is what it always was. */
Test(rotation, D19_only_receipts_of_sessions_that_signed_are_missed) {
  bp_receipt plain[3], bare[3];
  for (int i = 0; i < 3; i++) {
    open_without_keys();
    plain[i] = fixture_append_text(store, "e:1", "x");
    open_with(0, 1, 0, 0);
    bare[i] = stripped(fixture_append_text(store, "e:1", "y"));
    open_with(1, 1, 0, 0);
    bp_receipt more = stripped(fixture_append_text(store, "e:1", "z"));
    open_without_keys();
    cr_assert_eq(verify_with(&more, 1).verdict, BP_VERDICT_INCOMPLETE, "%d", i);
  }
  cr_assert_eq(verify_with(plain, 3).verdict, BP_VERDICT_ATTESTED);
  cr_assert_null(fixture_finding(report, "signature_expected"));
  for (int i = 0; i < 3; i++) {
    cr_assert_eq(verify_with(&plain[i], 1).verdict, BP_VERDICT_ATTESTED, "%d", i);
    cr_assert_eq(verify_with(&bare[i], 1).verdict, BP_VERDICT_INCOMPLETE, "%d", i);
  }
}

/* V-03: a session that signs names its key in its open event. */
Test(rotation, the_open_event_names_the_key_of_a_session_that_signs) {
  open_with(0, 2, 0, 0);
  const bp_event *event = fixture_event_at(store, 0);
  cr_assert_eq(event->extension_count, 2);
  cr_assert(fixture_text_is(event->extensions[0].name, event->extensions[0].name_length, "batpak_c.key_id"));
  cr_assert_eq(event->extensions[0].value_length, 32);
  cr_assert_arr_eq(event->extensions[0].value, key_ids[1], 32);
  fixture_free_pages();
}
