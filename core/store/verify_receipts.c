#include "store/verify_internal.h"

#include <string.h>

static uint32_t severity_of(int32_t outcome) {
  switch (outcome) {
    case BP_RECEIPT_UNREADABLE:
    case BP_RECEIPT_UNKNOWN_KEY:
    case BP_RECEIPT_UNSIGNED_REJECTED: return BP_SEVERITY_UNCHECKED;
    default: return BP_SEVERITY_CONTRADICTION;
  }
}

static const char *what_is_wrong(int32_t outcome) {
  switch (outcome) {
    case BP_RECEIPT_MISSING_EVENT: return "its event is not here";
    case BP_RECEIPT_SEQUENCE: return "its event has another sequence";
    case BP_RECEIPT_POSITION: return "its event lies elsewhere";
    case BP_RECEIPT_CONTENT_HASH: return "its event has another content";
    case BP_RECEIPT_EXTENSIONS: return "its event has other extensions";
    case BP_RECEIPT_UNSIGNED_REJECTED: return "it is not signed, though keys are known";
    case BP_RECEIPT_MISSING_SIGNATURE: return "it names a key and has no signature";
    case BP_RECEIPT_ZERO_KEY: return "it has a signature and names no key";
    case BP_RECEIPT_UNKNOWN_KEY: return "its key is not known";
    case BP_RECEIPT_INVALID_SIGNATURE: return "its signature does not hold";
    default: return "its event cannot be read";
  }
}

static void report_receipt(bpi_verifier *v, const bp_receipt *receipt, int32_t outcome) {
  int has_place = receipt->frame_length != 0;
  bp_finding *finding = bpi_find(&v->report->findings, severity_of(outcome), bp_receipt_outcome_name(outcome),
                                 has_place ? receipt->segment_id : UINT64_MAX, has_place ? receipt->offset : UINT64_MAX,
                                 "a receipt that was given: %s", what_is_wrong(outcome));
  finding->sequence = receipt->sequence;
  memcpy(finding->event_id, receipt->event_id, sizeof finding->event_id);
}

static int is_valid(int32_t outcome) { return outcome < BP_RECEIPT_MISSING_EVENT; }

/* Receipts of the store's own events and second receipts of one event do not count. */
static void count_attested(bpi_verifier *v, uint32_t number, uint8_t *attested) {
  bp_store *store = v->store;
  bpi_rwlock_read(&store->index_lock);
  const bpi_row *row = bpi_index_row(&store->index, number);
  bpi_bytes entity = bpi_names_text(&store->index.names, row->entity);
  int own = bpi_bytes_equal(entity, bpi_bytes_of(BPI_STORE_ENTITY, strlen(BPI_STORE_ENTITY)));
  bpi_rwlock_unlock(&store->index_lock);
  if (own || number >= v->rows || (attested[number / 8] & (1u << (number % 8)))) return;
  attested[number / 8] = (uint8_t)(attested[number / 8] | (1u << (number % 8)));
  v->report->verdict.attested++;
}

/* Did the session that wrote this event sign its receipts? */
static int was_signed(const bpi_verifier *v, uint32_t number) {
  int signs = 0;
  for (size_t low = 0, high = v->stretch_count; low < high;) {
    size_t middle = low + (high - low) / 2;
    if (v->stretches[middle].first > number) {
      high = middle;
    } else {
      signs = v->stretches[middle].signs;
      low = middle + 1;
    }
  }
  return signs;
}

bp_status bpi_verify_receipts(bpi_verifier *v, const bp_trust *trust, const bpi_keyring *keyring, bp_error *error) {
  size_t bytes = v->rows / 8 + 1;
  int any_signed = 0;
  size_t accepted_unsigned = 0, stripped = 0;
  uint8_t *attested = bpi_allocate(&v->store->memory, bytes);
  if (attested == NULL) return bpi_fail(error, BP_NO_MEMORY, "verifying receipts");
  bp_status status = BP_OK;
  for (size_t i = 0; i < trust->receipt_count && status == BP_OK; i++) {
    const uint8_t *at = (const uint8_t *)trust->receipts + i * trust->receipts->struct_size;
    const bp_receipt *receipt = (const bp_receipt *)(const void *)at;
    uint32_t number;
    status = bpi_receipt_check(receipt, error);
    if (status != BP_OK) break;
    int32_t outcome = bpi_store_judge(v->store, receipt, keyring, &number);
    any_signed |= receipt->has_signature;
    if (outcome == BP_RECEIPT_UNSIGNED_ACCEPTED) {
      accepted_unsigned++;
      stripped += was_signed(v, number) != 0;
    }
    if (is_valid(outcome)) {
      count_attested(v, number, attested);
    } else {
      report_receipt(v, receipt, outcome);
    }
  }
  bpi_release(&v->store->memory, attested, bytes);
  if (any_signed) stripped = accepted_unsigned;
  if (stripped > 0) {
    bpi_find(&v->report->findings, BP_SEVERITY_UNCHECKED, "signature_expected", UINT64_MAX, UINT64_MAX,
             "%zu receipts have no signature, though their session signed, or others given have one", stripped);
  }
  return status;
}
