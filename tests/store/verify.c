/* Every verdict, and every finding that leads to one (V-38). */
#include "support/golden.h"
#include "support/sim.h"
#include "support/surgery.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

enum { EVENTS = 6 };

static char path[TEMPORARY_PATH_MAX];
static bp_store *store;
static bp_receipt receipts[EVENTS]; /* of entities a, b, a, b, a, b */
static bp_report *report;
static surgery patient;

static void set_up(void) {
  temporary_create(path);
  store = fixture_open(path, BP_MODE_CREATE, NULL);
  report = NULL;
  for (int i = 0; i < EVENTS; i++) {
    char payload[8];
    snprintf(payload, sizeof payload, "event %d", i);
    receipts[i] = fixture_append_text(store, i % 2 ? "b" : "a", payload);
  }
}
static void tear_down(void) {
  bp_report_free(report);
  if (store != NULL) fixture_close(store);
  temporary_remove(path);
}

TestSuite(verify, .init = set_up, .fini = tear_down);

static void close_store(void) {
  fixture_close(store);
  store = NULL;
}

/* Closes the store and takes its first segment onto the table. */
static void operate(void) {
  close_store();
  surgery_begin(&patient, path, "000001.fbat");
}

static uint32_t verdict_with(const char *directory, const bp_trust *trust) {
  if (store != NULL) close_store();
  bp_report_free(report);
  store = fixture_open(directory, BP_MODE_READ_ONLY, NULL);
  report = fixture_verify(store, trust);
  return fixture_verdict(report).verdict;
}

static uint32_t verdict(void) { return verdict_with(path, NULL); }

static void assert_finding(const char *code, uint32_t severity) {
  const bp_finding *finding = fixture_finding(report, code);
  if (finding == NULL) fixture_print_findings(report);
  cr_assert_not_null(finding, "%s", code);
  cr_assert_eq(finding->severity, severity, "%s is a %s", code, bp_severity_name(finding->severity));
  cr_assert_neq(finding->text[0], 0);
}

static void assert_finding_of(const char *code, uint32_t severity, const bp_receipt *receipt) {
  assert_finding(code, severity);
  const bp_finding *finding = fixture_finding(report, code);
  cr_assert_eq(finding->sequence, receipt->sequence);
  cr_assert_eq(finding->segment_id, receipt->segment_id);
  cr_assert_eq(finding->offset, receipt->offset);
  cr_assert_arr_eq(finding->event_id, receipt->event_id, 16);
}

static void golden(const char *name, uint32_t wanted) {
  char copy[512];
  golden_copy(name, path, copy, sizeof copy);
  cr_assert_eq(verdict_with(copy, NULL), wanted, "%s", bp_verdict_name(fixture_verdict(report).verdict));
}

/* --- verdicts */

Test(verify, a_healthy_store_is_consistent) {
  cr_assert_eq(verdict(), BP_VERDICT_CONSISTENT);
  bp_verdict found = fixture_verdict(report);
  cr_assert_eq(found.events, EVENTS, "the store's own events do not count");
  cr_assert_eq(found.attested, 0);
  cr_assert_eq(found.findings, 0);
  cr_assert_eq(found.notes, 0);
  cr_assert_eq(found.first_unproven, UINT64_MAX);
  size_t count;
  bp_report_findings(report, &count);
  cr_assert_eq(count, 0);
}

Test(verify, a_store_that_is_being_written_is_consistent) {
  report = fixture_verify(store, NULL);
  cr_assert_eq(fixture_verdict(report).verdict, BP_VERDICT_CONSISTENT);
  cr_assert_eq(fixture_verdict(report).events, EVENTS);
}

static bp_trust trust_in(const bp_receipt *given, size_t count) {
  bp_trust trust;
  MUST(bp_trust_init(&trust, sizeof trust));
  trust.receipts = given;
  trust.receipt_count = count;
  return trust;
}

Test(verify, receipts_that_hold_attest_their_events_once_each) {
  bp_receipt given[EVENTS + 2];
  memcpy(given, receipts, sizeof receipts);
  given[EVENTS] = receipts[0];
  given[EVENTS + 1] = receipts[3];
  bp_trust trust = trust_in(given, EVENTS + 2);
  cr_assert_eq(verdict_with(path, &trust), BP_VERDICT_ATTESTED);
  cr_assert_eq(fixture_verdict(report).attested, EVENTS);
  trust = trust_in(given, 2);
  cr_assert_eq(verdict_with(path, &trust), BP_VERDICT_ATTESTED);
  cr_assert_eq(fixture_verdict(report).attested, 2);
  cr_assert_eq(fixture_verdict(report).events, EVENTS);
}

Test(verify, a_receipt_that_does_not_hold_contradicts) {
  static const struct {
    const char *code;
    size_t offset;
  } cases[] = {{"sequence_mismatch", offsetof(bp_receipt, sequence)},
               {"disk_position_mismatch", offsetof(bp_receipt, offset)},
               {"content_hash_mismatch", offsetof(bp_receipt, content_hash)},
               {"missing_committed_event", offsetof(bp_receipt, event_id)},
               {"missing_signature", offsetof(bp_receipt, key_id)},
               {"zero_key_with_signature", offsetof(bp_receipt, has_signature)}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bp_receipt given[EVENTS];
    memcpy(given, receipts, sizeof receipts);
    ((uint8_t *)&given[2])[cases[i].offset] ^= 1;
    bp_trust trust = trust_in(given, EVENTS);
    cr_assert_eq(verdict_with(path, &trust), BP_VERDICT_CONTRADICTED, "%s", cases[i].code);
    assert_finding(cases[i].code, BP_SEVERITY_CONTRADICTION);
    int signs = given[2].has_signature; /* then the others are expected to be signed too */
    cr_assert_eq(fixture_verdict(report).findings, signs ? 2 : 1);
    cr_assert_eq(fixture_verdict(report).attested, EVENTS - 1);
  }
}

Test(verify, a_receipt_that_cannot_be_judged_leaves_it_incomplete) {
  uint8_t seed[32] = {1}, public_key[32], key_id[32];
  MUST(bp_key_derive(seed, public_key, key_id, NULL));
  bp_receipt given = receipts[0];
  memcpy(given.key_id, key_id, 32);
  given.has_signature = 1;
  bp_trust trust = trust_in(&given, 1);
  cr_assert_eq(verdict_with(path, &trust), BP_VERDICT_INCOMPLETE);
  assert_finding_of("unknown_signing_key", BP_SEVERITY_UNCHECKED, &receipts[0]);
  trust.public_keys = public_key;
  trust.public_key_count = 1;
  cr_assert_eq(verdict_with(path, &trust), BP_VERDICT_CONTRADICTED);
  assert_finding("invalid_signature", BP_SEVERITY_CONTRADICTION);
  given = receipts[0];
  cr_assert_eq(verdict_with(path, &trust), BP_VERDICT_INCOMPLETE);
  assert_finding("unsigned_receipt_rejected", BP_SEVERITY_UNCHECKED);
}

/* What the product is for: a payload altered with every checksum repaired, and the tail cut. */
Test(verify, only_receipts_betray_a_forger_who_can_write_the_directory) {
  operate();
  char forged[] = "EVENT !";
  while (!surgery_forge_payload(&patient, (size_t)receipts[4].offset, bpi_bytes_of(forged, 7))) forged[6]++;
  surgery_end(&patient);
  cr_assert_eq(verdict(), BP_VERDICT_CONSISTENT);
  bp_trust trust = trust_in(receipts, EVENTS);
  cr_assert_eq(verdict_with(path, &trust), BP_VERDICT_CONTRADICTED);
  assert_finding_of("content_hash_mismatch", BP_SEVERITY_CONTRADICTION, &receipts[4]);
  close_store();
  surgery_begin(&patient, path, "000001.fbat");
  surgery_remove_footer(&patient);
  surgery_cut(&patient, (size_t)receipts[5].offset, patient.frames_end);
  surgery_end(&patient);
  cr_assert_eq(verdict(), BP_VERDICT_CONSISTENT, "a cut tail is what a crash leaves");
  cr_assert_eq(verdict_with(path, &trust), BP_VERDICT_CONTRADICTED);
  assert_finding("missing_committed_event", BP_SEVERITY_CONTRADICTION);
}

Test(verify, unsigned_receipts_among_signed_ones_are_noticed) {
  uint8_t seed[32] = {1}, public_key[32], key_id[32];
  MUST(bp_key_derive(seed, public_key, key_id, NULL));
  bp_config config = fixture_config(BP_MODE_MUST_EXIST);
  config.signing_seeds = seed;
  config.signing_seed_count = 1;
  close_store();
  store = fixture_open(path, BP_MODE_MUST_EXIST, &config);
  bp_receipt given[2] = {fixture_append_text(store, "a", "signed"), receipts[0]};
  bp_trust trust = trust_in(given, 2);
  cr_assert_eq(verdict_with(path, &trust), BP_VERDICT_INCOMPLETE);
  assert_finding("signature_expected", BP_SEVERITY_UNCHECKED);
}

Test(verify, damage_goes_before_contradiction_and_that_before_the_unchecked) {
  bp_receipt given[2] = {receipts[0], receipts[1]};
  given[0].sequence++;
  given[1].has_signature = 1;
  given[1].key_id[0] = 1;
  bp_trust trust = trust_in(given, 2);
  cr_assert_eq(verdict_with(path, &trust), BP_VERDICT_CONTRADICTED);
  cr_assert_eq(fixture_verdict(report).findings, 2);
  close_store();
  fixture_flip(path, "000001.fbat", (size_t)receipts[5].offset + 50, 1);
  cr_assert_eq(verdict_with(path, &trust), BP_VERDICT_DAMAGED);
}

Test(verify, names_are_those_of_the_command) {
  static const char *const verdicts[] = {"UNKNOWN", "DAMAGED", "CONTRADICTED", "INCOMPLETE", "ATTESTED", "CONSISTENT"};
  static const char *const severities[] = {"unknown", "note", "damage", "contradiction", "unchecked"};
  for (uint32_t i = 0; i < 6; i++) cr_assert_str_eq(bp_verdict_name(i), verdicts[i]);
  for (uint32_t i = 0; i < 5; i++) cr_assert_str_eq(bp_severity_name(i), severities[i]);
  cr_assert_str_eq(bp_verdict_name(99), "UNKNOWN");
}

/* --- damage to events */

Test(verify, a_flipped_bit_in_a_frame_is_named) {
  close_store();
  fixture_flip(path, "000001.fbat", (size_t)receipts[3].offset + 100, 4);
  cr_assert_eq(verdict(), BP_VERDICT_DAMAGED);
  assert_finding_of("damaged_frame", BP_SEVERITY_DAMAGE, &receipts[3]);
  cr_assert_eq(fixture_verdict(report).findings, 1);
}

Test(verify, a_payload_without_its_hash_is_named) {
  operate();
  size_t at = surgery_find(&patient, (size_t)receipts[2].offset, "\xa7payload");
  surgery_replace(&patient, (size_t)receipts[2].offset, at + 1, "E", 1); /* behind the array's header */
  surgery_end(&patient);
  cr_assert_eq(verdict(), BP_VERDICT_DAMAGED);
  assert_finding_of("payload_hash", BP_SEVERITY_DAMAGE, &receipts[2]);
}

/* Flips a bit of an octet that is not behind a marker: it stays one octet. */
static void bend_hash(size_t frame, const char *key) {
  size_t at = surgery_find(&patient, frame, key) + 3;
  while (patient.file.bytes[at] > 0x7f) at += 2;
  uint8_t bent = patient.file.bytes[at] ^ 1;
  surgery_replace(&patient, frame, at, &bent, 1);
}

Test(verify, two_hashes_that_differ_are_named) {
  operate();
  bend_hash((size_t)receipts[2].offset, "content_hash");
  surgery_end(&patient);
  cr_assert_eq(verdict(), BP_VERDICT_DAMAGED);
  assert_finding_of("content_hash", BP_SEVERITY_DAMAGE, &receipts[2]);
}

Test(verify, a_frame_that_disagrees_with_the_footer_is_named) {
  operate();
  size_t at = surgery_find(&patient, (size_t)receipts[2].offset, "event_kind");
  surgery_replace(&patient, (size_t)receipts[2].offset, at, "\xcd\x30\x01", 3);
  surgery_end(&patient);
  cr_assert_eq(verdict(), BP_VERDICT_DAMAGED);
  assert_finding_of("row_disagrees", BP_SEVERITY_DAMAGE, &receipts[2]);
  assert_finding_of("footer_row", BP_SEVERITY_DAMAGE, &receipts[2]);
}

Test(verify, a_footer_row_that_disagrees_with_its_frame_is_named) {
  enum { ROW_LANE = 38 };
  operate();
  surgery_row(&patient, (size_t)receipts[1].offset)[ROW_LANE] = 9;
  surgery_end(&patient);
  cr_assert_eq(verdict(), BP_VERDICT_DAMAGED);
  assert_finding_of("footer_row", BP_SEVERITY_DAMAGE, &receipts[1]);
}

Test(verify, a_link_that_leads_elsewhere_is_named) {
  operate();
  surgery_remove_footer(&patient);
  bend_hash((size_t)receipts[4].offset, "prev_hash");
  surgery_end(&patient);
  cr_assert_eq(verdict(), BP_VERDICT_DAMAGED);
  assert_finding_of("chain_break", BP_SEVERITY_DAMAGE, &receipts[4]);
}

Test(verify, an_event_that_was_taken_out_leaves_a_gap_of_the_clock) {
  operate();
  surgery_remove_footer(&patient);
  surgery_cut(&patient, (size_t)receipts[2].offset, (size_t)receipts[3].offset);
  surgery_end(&patient);
  cr_assert_eq(verdict(), BP_VERDICT_DAMAGED);
  assert_finding("clock_gap", BP_SEVERITY_DAMAGE);
}

Test(verify, a_gap_in_the_sequences_of_ours_is_damage) {
  enum { ROW_SEQUENCE = 122 };
  operate();
  for (int i = 3; i < EVENTS; i++) {
    bpi_store_le64(surgery_row(&patient, (size_t)receipts[i].offset) + ROW_SEQUENCE, receipts[i].sequence + 7);
  }
  size_t closing = (size_t)(receipts[5].offset + receipts[5].frame_length);
  bpi_store_le64(surgery_row(&patient, closing) + ROW_SEQUENCE, receipts[5].sequence + 8);
  surgery_end(&patient);
  cr_assert_eq(verdict(), BP_VERDICT_DAMAGED);
  assert_finding("sequence_gap", BP_SEVERITY_DAMAGE);
  cr_assert_eq(fixture_finding(report, "sequence_gap")->sequence, receipts[3].sequence + 7);
}

/* V-93 */
/* P-051 */
Test(verify, a_close_event_that_names_another_last_event_is_named) {
  operate();
  size_t closing = (size_t)(receipts[5].offset + receipts[5].frame_length);
  bpi_frame frame;
  uint8_t payload[64], form;
  MUST(bpi_frame_decode(bpi_bytes_of(patient.file.bytes + closing, patient.frames_end - closing), &frame));
  bpi_bytes said = bpi_frame_payload(&frame, payload, &form);
  cr_assert_eq(payload[said.length - 1], receipts[5].sequence);
  /* The frame must keep its length, which hangs on the hash of the payload: a few of the other numbers do. */
  uint8_t *sequence = &payload[said.length - 1], *wall_ms = sequence - sizeof "global_sequence" - 1, right = *sequence;
  int fits = 0;
  for (int changes = 0; changes < 256 && !fits; changes++, ++*wall_ms) {
    for (*sequence = (uint8_t)(right + 1); *sequence < 0x80 && !fits; ++*sequence) {
      fits = surgery_forge_payload(&patient, closing, bpi_bytes_of(payload, said.length));
    }
  }
  cr_assert(fits);
  surgery_end(&patient);
  cr_assert_eq(verdict(), BP_VERDICT_DAMAGED);
  assert_finding("close_point", BP_SEVERITY_DAMAGE);
  cr_assert_eq(fixture_verdict(report).findings, 1);
}

Test(verify, extensions_that_cannot_be_read_are_named) {
  close_store();
  store = fixture_open(path, BP_MODE_MUST_EXIST, NULL);
  const bp_extension extension = {(const uint8_t *)"a.b", 3, (const uint8_t *)"\x01", 1};
  bp_draft draft = fixture_draft("a", "extended");
  draft.extensions = &extension;
  draft.extension_count = 1;
  bp_receipt receipt = fixture_append(store, &draft);
  close_store();
  surgery_begin(&patient, path, "000002.fbat");
  size_t at = surgery_find(&patient, (size_t)receipt.offset, "a.b");
  surgery_replace(&patient, (size_t)receipt.offset, at, "\xa1", 1); /* a string where the octets should be */
  surgery_end(&patient);
  cr_assert_eq(verdict(), BP_VERDICT_DAMAGED);
  assert_finding_of("damaged_extensions", BP_SEVERITY_DAMAGE, &receipt);
}

/* --- damage to segments */

Test(verify, a_segment_under_another_number_is_named) {
  close_store();
  char from[512], to[512];
  fixture_join(from, sizeof from, path, "000001.fbat");
  fixture_join(to, sizeof to, path, "000005.fbat");
  cr_assert_eq(rename(from, to), 0);
  cr_assert_eq(verdict(), BP_VERDICT_DAMAGED);
  assert_finding("segment_id", BP_SEVERITY_DAMAGE);
  cr_assert_eq(fixture_finding(report, "segment_id")->segment_id, 5);
}

Test(verify, a_segment_given_twice_conflicts) {
  close_store();
  fixture_file file = fixture_read(path, "000001.fbat");
  fixture_write(path, "000002.fbat", file.bytes, file.length);
  fixture_write(path, "1.fbat", file.bytes, file.length);
  free(file.bytes);
  cr_assert_eq(verdict(), BP_VERDICT_DAMAGED);
  assert_finding("sequence_conflict", BP_SEVERITY_DAMAGE);
  assert_finding("second_name", BP_SEVERITY_DAMAGE);
  assert_finding("duplicate_id", BP_SEVERITY_NOTE);
  cr_assert_eq(fixture_verdict(report).first_unproven, EVENTS + 2);
}

Test(verify, a_damaged_prologue_loses_no_event) {
  close_store();
  fixture_flip(path, "000001.fbat", 1, 0x20);
  cr_assert_eq(verdict(), BP_VERDICT_DAMAGED);
  assert_finding("damaged_prologue", BP_SEVERITY_DAMAGE);
  cr_assert_eq(fixture_count(store, NULL), EVENTS + 2);
}

Test(verify, a_damaged_footer_loses_no_event) {
  operate();
  patient.file.bytes[patient.frames_end] = 0xc1;
  surgery_end(&patient);
  cr_assert_eq(verdict(), BP_VERDICT_DAMAGED);
  assert_finding("damaged_footer", BP_SEVERITY_DAMAGE);
  cr_assert_eq(fixture_count(store, NULL), EVENTS + 2);
}

Test(verify, damage_in_a_segment_without_footer_is_skipped_and_the_numbers_behind_it_stand) {
  operate();
  surgery_remove_footer(&patient);
  surgery_end(&patient);
  fixture_flip(path, "000001.fbat", (size_t)receipts[2].offset + 60, 1);
  cr_assert_eq(verdict(), BP_VERDICT_DAMAGED);
  assert_finding("skipped_bytes", BP_SEVERITY_DAMAGE);
  assert_finding("missing_footer", BP_SEVERITY_NOTE);
  cr_assert_eq(fixture_verdict(report).first_unproven, receipts[3].sequence);
  bp_page *page;
  MUST(bp_page_new(&page, NULL));
  cr_assert_eq(bp_store_get(store, receipts[2].event_id, page, NULL), BP_NOT_FOUND);
  for (int i = 3; i < EVENTS; i++) {
    size_t count;
    MUST(bp_store_get(store, receipts[i].event_id, page, NULL));
    cr_assert_eq(bp_page_events(page, &count)->sequence, receipts[i].sequence, "the missing one keeps its place");
  }
  bp_page_free(page);
}

Test(verify, a_whole_last_frame_with_a_wrong_checksum_is_damage) {
  operate();
  surgery_remove_footer(&patient);
  surgery_cut(&patient, (size_t)(receipts[5].offset + receipts[5].frame_length), patient.frames_end);
  surgery_end(&patient);
  fixture_flip(path, "000001.fbat", (size_t)receipts[5].offset + 60, 1);
  cr_assert_eq(verdict(), BP_VERDICT_DAMAGED);
  assert_finding("damaged_tail", BP_SEVERITY_DAMAGE);
  cr_assert_eq(fixture_finding(report, "damaged_tail")->offset, receipts[5].offset);
}

Test(verify, a_trailer_that_never_reached_the_disk_is_a_note) {
  operate();
  memset(patient.file.bytes + patient.file.length - BPI_FOOTER_TRAILER_BYTES, 0, BPI_FOOTER_TRAILER_BYTES);
  surgery_end(&patient);
  cr_assert_eq(verdict(), BP_VERDICT_CONSISTENT);
  assert_finding("torn_footer", BP_SEVERITY_NOTE);
  cr_assert_eq(fixture_count(store, NULL), EVENTS + 2);
}

/* --- what crashes and the reference leave is a note, or counts as unchecked */

Test(verify, remains_of_a_crash_are_notes) {
  static const struct {
    const char *store;
    const char *code;
  } cases[] = {{"reference/killed", "missing_footer"},       {"reference/torn", "torn_tail"},
               {"reference/zero_tail", "zero_tail"},         {"reference/half_batch", "incomplete_batch"},
               {"reference/headless_last", "headless_segment"}, {"reference/fence_cancelled", "chain_restart"},
               {"reference/duplicate_ids", "duplicate_id"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    golden(cases[i].store, BP_VERDICT_CONSISTENT);
    assert_finding(cases[i].code, BP_SEVERITY_NOTE);
    cr_assert_eq(fixture_verdict(report).findings, 0);
    cr_assert_gt(fixture_verdict(report).notes, 0);
  }
}

Test(verify, what_a_full_disk_left_is_found_and_after_a_repair_noted) {
  golden("reference/full_disk_closed", BP_VERDICT_DAMAGED);
  assert_finding("relocated_frame", BP_SEVERITY_DAMAGE);
  close_store();
  char copy[512];
  fixture_join(copy, sizeof copy, path, "reference-full_disk_closed");
  fixture_close(fixture_open(copy, BP_MODE_MUST_EXIST, NULL));
  cr_assert_eq(verdict_with(copy, NULL), BP_VERDICT_CONSISTENT);
  assert_finding("stray_frames", BP_SEVERITY_NOTE);
}

Test(verify, a_payload_that_a_retention_rewrote_cannot_be_checked) {
  golden("reference/tombstones", BP_VERDICT_INCOMPLETE);
  assert_finding("value_form", BP_SEVERITY_UNCHECKED);
  golden("reference/retention", BP_VERDICT_INCOMPLETE);
  assert_finding("sequence_order", BP_SEVERITY_NOTE);
  assert_finding("clock_gap", BP_SEVERITY_NOTE);
}

Test(verify, a_frame_that_the_system_does_not_give_is_unchecked) {
  sim_system *sim = sim_new();
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.system = sim_table(sim);
  bp_store *simulated = fixture_open("store", BP_MODE_CREATE, &config);
  fixture_append_text(simulated, "a", "small");
  bp_report_free(fixture_verify(simulated, NULL));
  uint8_t *large = calloc(1, 3 << 20);
  bp_draft draft = fixture_draft("a", "");
  draft.payload = large;
  draft.payload_length = 3 << 20;
  fixture_append(simulated, &draft); /* past what is mapped */
  sim_add_fault(sim, (sim_fault){.kind = SIM_MAP, .at = 1, .errno_value = ENOMEM, .forever = 1});
  report = fixture_verify(simulated, NULL);
  cr_assert_eq(fixture_verdict(report).verdict, BP_VERDICT_INCOMPLETE);
  assert_finding("unreadable", BP_SEVERITY_UNCHECKED);
  sim_clear_faults(sim);
  bp_report *again = fixture_verify(simulated, NULL);
  cr_assert_eq(fixture_verdict(again).verdict, BP_VERDICT_CONSISTENT);
  bp_report_free(again);
  free(large);
  fixture_close(simulated);
  sim_free(sim);
}

/* --- the call */

static int32_t stop(void *user, uint32_t stage, uint64_t done, uint64_t total) {
  (void)user;
  (void)done;
  (void)total;
  return stage == BP_STAGE_VERIFY;
}

Test(verify, progress_may_stop_it) {
  close_store();
  bp_config config = fixture_config(BP_MODE_READ_ONLY);
  config.progress = stop;
  store = fixture_open(path, BP_MODE_READ_ONLY, &config);
  bp_report *none = (bp_report *)&config;
  bp_error error = fixture_error();
  cr_assert_eq(bp_store_verify(store, NULL, &none, &error), BP_STOPPED);
  cr_assert_null(none);
}

Test(verify, calls_that_make_no_sense_are_refused) {
  bp_report *none = NULL;
  bp_error error = fixture_error();
  cr_assert_eq(bp_store_verify(store, NULL, NULL, &error), BP_ARGUMENT);
  cr_assert_eq(bp_store_verify(NULL, NULL, &none, &error), BP_ARGUMENT);
  cr_assert_eq(bp_store_open_report(store, NULL, &error), BP_ARGUMENT);
  bp_receipt broken = receipts[0];
  broken.struct_size = 0;
  bp_trust trust = trust_in(&broken, 1);
  cr_assert_eq(bp_store_verify(store, &trust, &none, &error), BP_STRUCT_SIZE);
  trust = trust_in(NULL, 1);
  cr_assert_eq(bp_store_verify(store, &trust, &none, &error), BP_ARGUMENT);
  bp_verdict found = {.struct_size = 1};
  report = fixture_verify(store, NULL);
  cr_assert_eq(bp_report_verdict(report, &found), BP_STRUCT_SIZE);
  cr_assert_eq(bp_report_verdict(report, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_report_verdict(NULL, &found), BP_ARGUMENT);
  size_t count = 3;
  cr_assert_null(bp_report_findings(NULL, &count));
  cr_assert_eq(count, 0);
  bp_report_free(NULL);
}
