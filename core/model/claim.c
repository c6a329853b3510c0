/* The self-contained claim: a receipt with all that its signature covers, as bytes (docs/format.md).
 *
 * A claim has one encoding.  The members that this version knows come first, all of them, in their order and in their
 * shortest forms; what stands behind them belongs to a later version and is stepped over. */
#include "model/claim.h"

#include "base/status.h"
#include "codec/pack.h"
#include "codec/text.h"
#include "codec/unpack.h"

enum { CLAIM_VERSION = 1 };

enum {
  FORMAT,
  VERSION,
  EVENT_ID,
  SEQUENCE,
  ENTITY,
  SCOPE,
  KIND,
  PREV_HASH,
  CONTENT_HASH,
  EXTENSIONS,
  KEY_ID,
  SIGNATURE,
  MEMBERS
};

static const char *const names[MEMBERS] = {
    [FORMAT] = "format",       [VERSION] = "version",           [EVENT_ID] = "event_id",     [SEQUENCE] = "sequence",
    [ENTITY] = "entity",       [SCOPE] = "scope",               [KIND] = "kind",             [PREV_HASH] = "prev_hash",
    [CONTENT_HASH] = "content_hash", [EXTENSIONS] = "extensions", [KEY_ID] = "key_id",       [SIGNATURE] = "signature",
};

static const char format_name[] = "batpak.claim";

static bpi_bytes name_of(unsigned member) { return bpi_bytes_of(names[member], strlen(names[member])); }

/* ------------------------------------------------------------------------------------------------------------ bytes in */

/* The end of the token's canonical header, in `room`. */
static const uint8_t *canonical_header(const bpi_token *token, uint8_t room[16]) {
  if (token->type == BPI_TOKEN_UINT) return bpi_put_u64(room, token->u);
  if (token->type == BPI_TOKEN_STR) return bpi_put_str_header(room, token->bytes.length);
  if (token->type == BPI_TOKEN_BIN) return bpi_put_bin_header(room, token->bytes.length);
  if (token->type == BPI_TOKEN_ARRAY) return bpi_put_array_header(room, (uint32_t)token->u);
  if (token->type == BPI_TOKEN_MAP) return bpi_put_map_header(room, (uint32_t)token->u);
  return bpi_put_nil(room);
}

/* The next token, if it is of this type and in its shortest form; else the cursor stays. */
static int take(bpi_unpack *in, bpi_token_type type, bpi_token *token) {
  const uint8_t *begin = in->at;
  uint8_t header[16];
  if (bpi_unpack_next(in, token) == BP_OK && token->type == type) {
    size_t size = (size_t)(canonical_header(token, header) - header);
    size_t content = type == BPI_TOKEN_STR || type == BPI_TOKEN_BIN ? token->bytes.length : 0;
    if ((size_t)(in->at - begin) == size + content && memcmp(begin, header, size) == 0) return 1;
  }
  in->at = begin;
  return 0;
}

static int take_number(bpi_unpack *in, uint64_t most, uint64_t *value) {
  const uint8_t *begin = in->at;
  bpi_token token;
  if (!take(in, BPI_TOKEN_UINT, &token)) return 0;
  *value = token.u;
  if (token.u > most) in->at = begin;
  return token.u <= most;
}

static int take_text(bpi_unpack *in, bpi_bytes *text) {
  const uint8_t *begin = in->at;
  bpi_token token;
  if (!take(in, BPI_TOKEN_STR, &token)) return 0;
  *text = token.bytes;
  if (bpi_utf8_valid(text->data, text->length)) return 1;
  in->at = begin;
  return 0;
}

static int take_view(bpi_unpack *in, const uint8_t **text, size_t *length) {
  bpi_bytes view;
  if (!take_text(in, &view)) return 0;
  *text = view.data;
  *length = view.length;
  return 1;
}

static int take_fixed(bpi_unpack *in, uint8_t *out, size_t length) {
  const uint8_t *begin = in->at;
  bpi_token token;
  if (take(in, BPI_TOKEN_BIN, &token) && token.bytes.length == length) {
    memcpy(out, token.bytes.data, length);
    return 1;
  }
  in->at = begin;
  return 0;
}

/* One value of an extension: an array of integers up to 255. */
static int take_octets(bpi_unpack *in) {
  bpi_token array;
  uint64_t octet;
  if (!take(in, BPI_TOKEN_ARRAY, &array)) return 0;
  for (uint64_t i = 0; i < array.u; i++) {
    if (!take_number(in, UINT8_MAX, &octet)) return 0;
  }
  return 1;
}

/* As bp_extensions_encode writes it, but that names are not checked: those in a frame need not be. */
static int take_extensions(bpi_unpack *in, bpi_bytes *map) {
  const uint8_t *begin = in->at;
  bpi_token header;
  bpi_bytes last = {NULL, 0}, name;
  if (!take(in, BPI_TOKEN_MAP, &header)) return 0;
  for (uint64_t i = 0; i < header.u; i++) {
    if (!take_text(in, &name) || (i > 0 && bpi_bytes_compare(last, name) >= 0) || !take_octets(in)) return 0;
    last = name;
  }
  *map = bpi_bytes_of(begin, header.u == 0 ? 0 : (size_t)(in->at - begin));
  return 1;
}

static int take_member(bpi_unpack *in, unsigned member, bp_claim *claim) {
  uint64_t number;
  bpi_bytes bytes;
  switch (member) {
    case FORMAT: return take_text(in, &bytes) && bpi_bytes_equal(bytes, bpi_bytes_of(format_name, sizeof format_name - 1));
    case VERSION:
      if (!take_number(in, UINT32_MAX, &number) || number == 0) return 0;
      claim->version = (uint32_t)number;
      return 1;
    case EVENT_ID: return take_fixed(in, claim->event_id, sizeof claim->event_id);
    case SEQUENCE: return take_number(in, UINT64_MAX, &claim->sequence);
    case ENTITY: return take_view(in, &claim->entity, &claim->entity_length);
    case SCOPE: return take_view(in, &claim->scope, &claim->scope_length);
    case KIND:
      if (!take_number(in, UINT16_MAX, &number)) return 0;
      claim->kind = (uint16_t)number;
      return 1;
    case PREV_HASH: return take_fixed(in, claim->prev_hash, sizeof claim->prev_hash);
    case CONTENT_HASH: return take_fixed(in, claim->content_hash, sizeof claim->content_hash);
    case EXTENSIONS:
      if (!take_extensions(in, &bytes)) return 0;
      claim->extensions = bytes.data;
      claim->extensions_length = bytes.length;
      return 1;
    case KEY_ID:
      if (bpi_unpack_nil(in)) return 1;
      return take_fixed(in, claim->key_id, sizeof claim->key_id) && !bpi_is_zero(claim->key_id, sizeof claim->key_id);
    default:
      if (bpi_unpack_nil(in)) return 1;
      claim->has_signature = 1;
      return take_fixed(in, claim->signature, sizeof claim->signature);
  }
}

/* A member of a later version. */
static int step_over(bpi_unpack *in) {
  bpi_bytes name;
  if (!take_text(in, &name)) return 0;
  for (unsigned i = 0; i < MEMBERS; i++) {
    if (bpi_bytes_equal(name, name_of(i))) return 0;
  }
  return bpi_unpack_check(in) == BP_OK;
}

static bp_status no_claim(const bpi_unpack *in, const uint8_t *bytes, const char *member, bp_error *error) {
  bp_error full = {.struct_size = sizeof full};
  (void)bpi_fail(&full, BP_CLAIM, "no claim: %s is missing or malformed", member);
  full.offset = (uint64_t)(in->at - bytes);
  return bpi_error_copy(error, &full);
}

bp_status bpi_claim_parse(const uint8_t *bytes, size_t length, bp_claim *claim, bp_error *error) {
  if (bytes == NULL && length > 0) return bpi_fail(error, BP_ARGUMENT, "a length without bytes");
  if (length == 0) return bpi_fail(error, BP_CLAIM, "no claim: no bytes at all");
  bpi_unpack in = {bytes, bytes + length};
  bpi_token map, key;
  if (!take(&in, BPI_TOKEN_MAP, &map) || map.u < MEMBERS) return no_claim(&in, bytes, "the map of its members", error);
  for (unsigned member = 0; member < MEMBERS; member++) {
    if (!take(&in, BPI_TOKEN_STR, &key) || !bpi_bytes_equal(key.bytes, name_of(member)) ||
        !take_member(&in, member, claim)) {
      return no_claim(&in, bytes, names[member], error);
    }
    if (member == VERSION && claim->version > CLAIM_VERSION) {
      return bpi_fail(error, BP_NEWER_VERSION, "a claim of version %u", claim->version);
    }
  }
  for (uint64_t i = MEMBERS; i < map.u; i++) {
    if (!step_over(&in)) return no_claim(&in, bytes, "a member behind those of version 1", error);
  }
  if (in.at == in.end) return BP_OK;
  return bpi_fail_at(error, BP_CLAIM, 0, (uint64_t)(in.at - bytes), "no claim: something stands behind it");
}

static void fill_receipt(const bp_claim *claim, bp_receipt *receipt) {
  receipt->sequence = claim->sequence;
  receipt->segment_id = receipt->offset = 0;
  receipt->frame_length = 0;
  receipt->has_signature = claim->has_signature;
  receipt->durable = receipt->replayed = receipt->same = 0;
  memcpy(receipt->event_id, claim->event_id, sizeof receipt->event_id);
  memcpy(receipt->content_hash, claim->content_hash, sizeof receipt->content_hash);
  memcpy(receipt->key_id, claim->key_id, sizeof receipt->key_id);
  memcpy(receipt->signature, claim->signature, sizeof receipt->signature);
  bpi_receipt_put_extensions(receipt, bpi_bytes_of(claim->extensions, claim->extensions_length));
}

bp_status bp_claim_read(const uint8_t *bytes, size_t length, bp_claim *claim, bp_receipt *receipt, bp_error *error) {
  bp_status status =
      bpi_check_struct(claim, claim == NULL ? 0 : claim->struct_size, sizeof *claim, sizeof *claim, error);
  if (status == BP_OK && receipt != NULL) {
    status = bpi_check_struct(receipt, receipt->struct_size, sizeof *receipt, sizeof *receipt, error);
  }
  if (status != BP_OK) return status;
  bp_claim read = {.struct_size = claim->struct_size};
  status = bpi_claim_parse(bytes, length, &read, error);
  if (status != BP_OK) return status;
  *claim = read;
  if (receipt != NULL) fill_receipt(claim, receipt);
  return BP_OK;
}

/* ----------------------------------------------------------------------------------------------------------- bytes out */

static void pack_or_nil(bpi_buffer *out, const char *name, int is_there, const uint8_t *bytes, size_t length) {
  bpi_pack_text(out, name);
  if (is_there) {
    bpi_pack_bin(out, bytes, length);
  } else {
    bpi_pack_nil(out);
  }
}

static void pack(bpi_buffer *out, const bp_claim *claim) {
  bpi_pack_map(out, MEMBERS);
  bpi_pack_text(out, names[FORMAT]);
  bpi_pack_text(out, format_name);
  bpi_pack_text(out, names[VERSION]);
  bpi_pack_u64(out, CLAIM_VERSION);
  pack_or_nil(out, names[EVENT_ID], 1, claim->event_id, sizeof claim->event_id);
  bpi_pack_text(out, names[SEQUENCE]);
  bpi_pack_u64(out, claim->sequence);
  bpi_pack_text(out, names[ENTITY]);
  bpi_pack_str(out, claim->entity, claim->entity_length);
  bpi_pack_text(out, names[SCOPE]);
  bpi_pack_str(out, claim->scope, claim->scope_length);
  bpi_pack_text(out, names[KIND]);
  bpi_pack_u64(out, claim->kind);
  pack_or_nil(out, names[PREV_HASH], 1, claim->prev_hash, sizeof claim->prev_hash);
  pack_or_nil(out, names[CONTENT_HASH], 1, claim->content_hash, sizeof claim->content_hash);
  bpi_pack_text(out, names[EXTENSIONS]);
  if (claim->extensions_length == 0) bpi_pack_map(out, 0);
  bpi_buffer_append(out, claim->extensions, claim->extensions_length);
  pack_or_nil(out, names[KEY_ID], !bpi_is_zero(claim->key_id, sizeof claim->key_id), claim->key_id, sizeof claim->key_id);
  pack_or_nil(out, names[SIGNATURE], claim->has_signature, claim->signature, sizeof claim->signature);
}

bp_status bpi_claim_hand_over(const bpi_memory *memory, const bp_claim *claim, uint8_t *buffer, size_t capacity,
                              size_t *needed, bp_error *error) {
  bpi_buffer out;
  bpi_buffer_init(&out, memory);
  pack(&out, claim);
  /* What cannot be read again was no claim: the rules stand in one place. */
  bp_claim again = {.struct_size = sizeof again};
  bp_status status = out.failed ? BP_OK : bpi_claim_parse(out.data, out.length, &again, error);
  if (status == BP_OK) status = bpi_pack_hand_over(&out, buffer, capacity, needed, error);
  bpi_buffer_free(&out);
  return status;
}

bp_status bp_claim_write(const bp_claim *claim, uint8_t *buffer, size_t capacity, size_t *needed, bp_error *error) {
  bp_status status =
      bpi_check_struct(claim, claim == NULL ? 0 : claim->struct_size, sizeof *claim, sizeof *claim, error);
  if (status != BP_OK) return status;
  if (needed == NULL || (buffer == NULL && capacity > 0) || (claim->entity == NULL && claim->entity_length > 0) ||
      (claim->scope == NULL && claim->scope_length > 0) || (claim->extensions == NULL && claim->extensions_length > 0)) {
    return bpi_fail(error, BP_ARGUMENT, "a pointer that is required is NULL");
  }
  if (claim->has_signature > 1 || !bpi_is_zero(claim->reserved, sizeof claim->reserved)) {
    return bpi_fail(error, BP_ARGUMENT, "a field of the claim has an unknown value");
  }
  if (claim->version > CLAIM_VERSION) return bpi_fail(error, BP_NEWER_VERSION, "a claim of version %u", claim->version);
  if (claim->version == 0) return bpi_fail(error, BP_CLAIM, "no claim: it has no version");
  bpi_memory memory = bpi_memory_default();
  return bpi_claim_hand_over(&memory, claim, buffer, capacity, needed, error);
}

/* ----------------------------------------------------------------------------------------------------------- checking */

/* The key among those of `trust` (NULL: there is none), in *found; all of them must be keys. */
static bp_status find_key(const bp_trust *trust, const uint8_t key_id[32], const uint8_t **found, bp_error *error) {
  *found = NULL;
  for (size_t i = 0; trust != NULL && i < trust->public_key_count; i++) {
    const uint8_t *key = trust->public_keys + BPI_PUBLIC_KEY_BYTES * i;
    uint8_t id[32];
    if (!bpi_public_key_valid(key)) return bpi_fail(error, BP_KEY_INVALID, "public key %zu is no Ed25519 key", i);
    bp_key_id(key, id);
    if (*found == NULL && memcmp(id, key_id, sizeof id) == 0) *found = key;
  }
  return BP_OK;
}

static int is_hash_of(const uint8_t hash[32], const uint8_t *payload, size_t length) {
  uint8_t found[32];
  bpi_blake3(payload, length, found);
  return memcmp(found, hash, sizeof found) == 0;
}

static int32_t judge(const bp_claim *claim, const uint8_t *public_key, int keys_known) {
  bp_receipt receipt = {.struct_size = sizeof receipt};
  fill_receipt(claim, &receipt);
  bpi_cover cover = {.event_id = claim->event_id,
                     .sequence = claim->sequence,
                     .entity = bpi_bytes_of(claim->entity, claim->entity_length),
                     .scope = bpi_bytes_of(claim->scope, claim->scope_length),
                     .kind = claim->kind,
                     .prev_hash = claim->prev_hash,
                     .content_hash = claim->content_hash,
                     .extensions = bpi_bytes_of(claim->extensions, claim->extensions_length)};
  int32_t outcome = bpi_signature_judge(&receipt, &cover, public_key, keys_known);
  /* In a store an unsigned receipt agrees with the event at least.  Here nothing stands behind it. */
  return outcome == BP_RECEIPT_UNSIGNED_ACCEPTED ? BP_RECEIPT_UNVOUCHED : outcome;
}

bp_status bp_claim_check(const uint8_t *bytes, size_t length, const bp_trust *trust, const uint8_t *payload,
                         size_t payload_length, int32_t *outcome, bp_error *error) {
  if (outcome == NULL || (payload == NULL && payload_length > 0)) {
    return bpi_fail(error, BP_ARGUMENT, "a pointer that is required is NULL");
  }
  bp_claim claim = {.struct_size = sizeof claim};
  const uint8_t *public_key;
  bp_status status = bpi_trust_check(trust, error);
  if (status == BP_OK) status = bpi_claim_parse(bytes, length, &claim, error);
  if (status == BP_OK) status = find_key(trust, claim.key_id, &public_key, error);
  if (status != BP_OK) return status;
  if (payload != NULL && !is_hash_of(claim.content_hash, payload, payload_length)) {
    *outcome = BP_RECEIPT_CONTENT_HASH;
  } else {
    *outcome = judge(&claim, public_key, trust != NULL && trust->public_key_count > 0);
  }
  return BP_OK;
}
