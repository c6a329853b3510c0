/* claim export, claim check, claim show. */
#include "claims.h"
#include "commands.h"
#include "output.h"
#include "payload.h"
#include "receipts.h"
#include "record.h"
#include "session.h"

#include <string.h>

/* The claims that were printed so far, and how. */
typedef struct printing {
  const options *asked;
  const char *subject;
  bool json;
  size_t claims;
} printing;

/* The next one to standard output. */
static int print_next(printing *now, const uint8_t *bytes, size_t length) {
  text out = {0};
  bp_error error = error_empty();
  bp_claim claim = {.struct_size = sizeof claim};
  bp_status status = bp_claim_read(bytes, length, &claim, NULL, &error);
  if (status == BP_OK && now->asked->bytes && now->claims > 0) return usage_wrong("claim", "--bytes wants one claim");
  if (now->asked->bytes) {
    text_bytes(&out, bytes, length);
  } else if (status == BP_OK) {
    if (!now->json && now->claims > 0) text_string(&out, "\n");
    status = claim_write(bytes, length, now->json, &out, &error);
  }
  if (status == BP_OK) output_text(&out);
  now->claims++;
  text_free(&out);
  return status == BP_OK ? EXIT_FINE : failed(now->subject, &error);
}

/* ------------------------------------------------------------------------------------------------------------- export */

static bp_status export_one(const bp_store *store, const bp_receipt *receipt, text *bytes, bp_error *error) {
  size_t needed = 0;
  bytes->length = 0;
  bp_status status = bp_claim_export(store, receipt, NULL, 0, &needed, error);
  if (status != BP_TOO_SMALL) return status;
  status = bp_claim_export(store, receipt, (uint8_t *)text_reserve(bytes, needed), needed, &needed, error);
  if (status == BP_OK) bytes->length = needed;
  return status;
}

static int does_not_hold(const options *asked, const bp_receipt *receipt, const bp_error *error) {
  message("%s: the receipt of sequence %llu makes no claim: %s", asked->arguments[0],
          (unsigned long long)receipt->sequence, bp_receipt_outcome_name((int32_t)error->actual));
  if (error->actual == BP_RECEIPT_UNKNOWN_KEY) message_more("Give the public key that signed it: --key PUBLIC.");
  return EXIT_JUDGED;
}

static int export_claims(const options *asked, bp_store *store, void *user) {
  size_t count;
  const bp_receipt *receipts = receipts_of(user, &count);
  printing now = {.asked = asked, .subject = asked->arguments[0], .json = true};
  text bytes = {0};
  int code = EXIT_FINE;
  for (size_t i = 0; i < count && code <= EXIT_JUDGED && !output_lost(); i++) {
    bp_error error = error_empty();
    int made;
    bp_status status = export_one(store, &receipts[i], &bytes, &error);
    if (status == BP_OK) {
      made = print_next(&now, (const uint8_t *)bytes.data, bytes.length);
    } else {
      made = status == BP_CLAIM ? does_not_hold(asked, &receipts[i], &error) : failed(asked->arguments[0], &error);
    }
    if (made > code) code = made;
  }
  text_free(&bytes);
  return code;
}

static int claim_export(const options *asked) {
  receipt_list receipts = {0};
  size_t count;
  options inner = *asked;
  inner.arguments[0] = asked->arguments[1];
  inner.arguments[1] = asked->arguments[2];
  int code = receipts_load(asked->arguments[2], &receipts);
  receipts_of(&receipts, &count);
  if (code == EXIT_FINE && asked->bytes && count != 1) {
    code = usage_wrong("claim", "--bytes wants one receipt, and there are %zu", count);
  }
  if (code == EXIT_FINE) code = session_read(&inner, export_claims, &receipts);
  receipts_free(&receipts);
  return code;
}

/* -------------------------------------------------------------------------------------------------------------- check */

typedef struct checking {
  const options *asked;
  text payload;       /* its bytes; where none was given has_payload is false */
  bool has_payload;
  size_t claims;
  int32_t worst;      /* the last outcome that is not a valid one */
} checking;

static const char *what_it_says(int32_t outcome) {
  switch (outcome) {
    case BP_RECEIPT_SIGNED:
      return "The holder of the key signed id, sequence, coordinate, kind, link, content and extensions of this event: not "
             "its times, not its neighbours, not that it is still in any store.";
    case BP_RECEIPT_UNVOUCHED:
    case BP_RECEIPT_UNSIGNED_REJECTED: return "Nobody signed it: nothing vouches for it.";
    case BP_RECEIPT_UNKNOWN_KEY: return "Nothing is said without the public key that signed it: --key PUBLIC.";
    case BP_RECEIPT_CONTENT_HASH: return "The payload that was given is not the one that it names.";
    default: return "It is not what the holder of the key signed.";
  }
}

static int check_one(void *user, const uint8_t *bytes, size_t length) {
  checking *now = user;
  const options *asked = now->asked;
  bp_error error = error_empty();
  bp_claim claim = {.struct_size = sizeof claim};
  bp_trust trust;
  int32_t outcome;
  bp_trust_init(&trust, sizeof trust);
  trust.public_keys = (const uint8_t *)asked->keys.data;
  trust.public_key_count = asked->keys.length / KEY_BYTES;
  const uint8_t *payload = now->has_payload ? (const uint8_t *)now->payload.data : NULL;
  bp_status status = bp_claim_read(bytes, length, &claim, NULL, &error);
  if (status == BP_OK) status = bp_claim_check(bytes, length, &trust, payload, now->payload.length, &outcome, &error);
  if (status != BP_OK) return failed(asked->arguments[1], &error);
  const char *name = bp_receipt_outcome_name(outcome);
  record out = record_begin(asked->json);
  record_hex(&out, "event_id", claim.event_id, sizeof claim.event_id);
  record_number(&out, "sequence", claim.sequence);
  record_string(&out, "outcome", name, strlen(name));
  record_bool(&out, "valid", outcome == BP_RECEIPT_SIGNED);
  record_print(&out);
  now->claims++;
  if (outcome != BP_RECEIPT_SIGNED) now->worst = outcome;
  return outcome == BP_RECEIPT_SIGNED ? EXIT_FINE : EXIT_JUDGED;
}

static int claim_check(const options *asked) {
  checking now = {.asked = asked, .has_payload = asked->payload != NULL, .worst = BP_RECEIPT_SIGNED};
  bp_error error = error_empty();
  int code = EXIT_FINE;
  if (now.has_payload && payload_read(asked->payload, strlen(asked->payload), &now.payload, &error) != BP_OK) {
    code = failed("--payload", &error);
  }
  if (code == EXIT_FINE) code = claims_each(asked->arguments[1], check_one, &now);
  if (code <= EXIT_JUDGED && now.claims > 0) message("%s", what_it_says(now.worst));
  text_free(&now.payload);
  return code;
}

/* --------------------------------------------------------------------------------------------------------------- show */

static int show_one(void *user, const uint8_t *bytes, size_t length) { return print_next(user, bytes, length); }

static int claim_show(const options *asked) {
  printing now = {.asked = asked, .subject = asked->arguments[1], .json = asked->json};
  return claims_each(asked->arguments[1], show_one, &now);
}

int command_claim(const options *asked) {
  const char *word = asked->arguments[0];
  if (strcmp(word, "export") == 0) {
    if (asked->payload != NULL) return usage_wrong("claim", "--payload belongs to check");
    return claim_export(asked);
  }
  bool checks = strcmp(word, "check") == 0;
  if (!checks && strcmp(word, "show") != 0) return usage_wrong("claim", "%s is not export, check or show", word);
  if (asked->arguments[2] != NULL) return usage_wrong("claim", "%s takes one FILE", word);
  if (checks && asked->bytes) return usage_wrong("claim", "--bytes belongs to export and show");
  if (!checks && (asked->keys.length > 0 || asked->payload != NULL)) {
    return usage_wrong("claim", "--key and --payload do nothing with show");
  }
  return checks ? claim_check(asked) : claim_show(asked);
}
