#include "codec/fields.h"
#include "codec/text.h"
#include "crypto/crypto.h"
#include "journal/frame.h"

size_t bpi_frame_length(bpi_bytes file, size_t offset) {
  if (offset > file.length || file.length - offset < BPI_FRAME_HEADER_BYTES) return 0;
  uint32_t body = bpi_load_be32(file.data + offset);
  if (body == 0 || body > BPI_FRAME_BODY_MAX) return 0;
  if (body > file.length - offset - BPI_FRAME_HEADER_BYTES) return 0;
  return BPI_FRAME_HEADER_BYTES + (size_t)body;
}

size_t bpi_frame_check(bpi_bytes file, size_t offset) {
  size_t length = bpi_frame_length(file, offset);
  if (length == 0) return 0;
  const uint8_t *frame = file.data + offset;
  uint32_t crc = bpi_crc32(0, frame + BPI_FRAME_HEADER_BYTES, length - BPI_FRAME_HEADER_BYTES);
  return crc == bpi_load_be32(frame + 4) ? length : 0;
}

/* --- the tolerant reader: any form that the reference accepts */

static bp_status read_u32(bpi_unpack *in, uint32_t *value) {
  uint64_t wide = 0;
  bp_status status = bpi_unpack_u64(in, UINT32_MAX, &wide);
  *value = (uint32_t)wide;
  return status;
}

static bp_status read_u16(bpi_unpack *in, uint16_t *value) {
  uint64_t wide = 0;
  bp_status status = bpi_unpack_u64(in, UINT16_MAX, &wide);
  *value = (uint16_t)wide;
  return status;
}

static bp_status read_position(bpi_unpack *in, bpi_header *header) {
  static const char *const names[] = {"wall_ms", "counter", "depth", "lane", "sequence"};
  enum { WALL, COUNTER, DEPTH, LANE, CLOCK, COUNT };
  bpi_fields fields;
  unsigned field;
  bpi_fields_begin(&fields, in, names, COUNT);
  while (bpi_fields_next(&fields, &field)) {
    switch (field) {
      case WALL: fields.status = bpi_unpack_u64(in, UINT64_MAX, &header->wall_ms); break;
      case COUNTER: fields.status = read_u16(in, &header->counter); break;
      case DEPTH: fields.status = read_u32(in, &header->depth); break;
      case LANE: fields.status = read_u32(in, &header->lane); break;
      case CLOCK: fields.status = read_u32(in, &header->clock); break;
    }
  }
  return bpi_fields_end(&fields, (1u << COUNT) - 1);
}

static bp_status read_header(bpi_unpack *in, bpi_header *header, uint8_t content_hash[32], int *has_content_hash) {
  static const char *const names[] = {"event_id",     "correlation_id", "causation_id", "timestamp_us", "position",
                                      "payload_size", "event_kind",     "flags",        "content_hash"};
  enum { ID, CORRELATION, CAUSATION, TIMESTAMP, POSITION, SIZE, KIND, FLAGS, HASH, COUNT };
  const uint32_t required = ((1u << COUNT) - 1) & ~(1u << CAUSATION) & ~(1u << HASH);
  bpi_fields fields;
  unsigned field;
  uint64_t flags;
  bpi_fields_begin(&fields, in, names, COUNT);
  while (bpi_fields_next(&fields, &field)) {
    switch (field) {
      case ID: fields.status = bpi_unpack_id(in, header->event_id); break;
      case CORRELATION: fields.status = bpi_unpack_id(in, header->correlation_id); break;
      case CAUSATION:
        if (!bpi_unpack_nil(in)) fields.status = bpi_unpack_id(in, header->causation_id);
        break;
      case TIMESTAMP: fields.status = bpi_unpack_i64(in, &header->timestamp_us); break;
      case POSITION: fields.status = read_position(in, header); break;
      case SIZE: fields.status = read_u32(in, &header->payload_size); break;
      case KIND: fields.status = read_u16(in, &header->kind); break;
      case FLAGS:
        fields.status = bpi_unpack_u64(in, UINT8_MAX, &flags);
        if (fields.status == BP_OK) header->flags = (uint8_t)flags;
        break;
      case HASH:
        fields.status = bpi_unpack_hash(in, content_hash);
        *has_content_hash = 1;
        break;
    }
  }
  return bpi_fields_end(&fields, required);
}

static bp_status read_chain(bpi_unpack *in, bpi_header *header) {
  static const char *const names[] = {"prev_hash", "event_hash"};
  bpi_fields fields;
  unsigned field;
  bpi_fields_begin(&fields, in, names, 2);
  while (bpi_fields_next(&fields, &field)) {
    fields.status = bpi_unpack_hash(in, field == 0 ? header->prev_hash : header->event_hash);
  }
  header->has_chain = 1;
  return bpi_fields_end(&fields, 3);
}

/* Bytes if it can be read as bytes, else any value (what the reference's retention leaves). */
static bp_status read_payload(bpi_unpack *in, bpi_frame *frame) {
  const uint8_t *start = in->at;
  int is_bin = 0;
  bp_status status = bpi_unpack_octets(in, &frame->payload_elements, &frame->payload_length, &is_bin);
  frame->shape = is_bin ? BPI_PAYLOAD_BIN : BPI_PAYLOAD_OCTETS;
  if (status != BP_OK) {
    in->at = start;
    frame->shape = BPI_PAYLOAD_VALUE;
    frame->payload_length = 0;
    status = bpi_unpack_skip(in);
  }
  frame->payload_raw = bpi_bytes_of(start, (size_t)(in->at - start));
  return status;
}

static bp_status read_event(bpi_unpack *in, bpi_frame *frame) {
  static const char *const names[] = {"header", "payload", "hash_chain"};
  bpi_fields fields;
  unsigned field;
  uint8_t content_hash[32];
  int has_content_hash = 0;
  bpi_fields_begin(&fields, in, names, 3);
  while (bpi_fields_next(&fields, &field)) {
    if (field == 0) fields.status = read_header(in, &frame->header, content_hash, &has_content_hash);
    if (field == 1) fields.status = read_payload(in, frame);
    if (field == 2 && !bpi_unpack_nil(in)) fields.status = read_chain(in, &frame->header);
  }
  bpi_header *header = &frame->header;
  if (has_content_hash && header->has_chain) {
    header->content_hash_differs = memcmp(content_hash, header->event_hash, sizeof content_hash) != 0;
  }
  return bpi_fields_end(&fields, 3);
}

static bp_status read_extensions(bpi_unpack *in, bpi_bytes *extensions) {
  const uint8_t *start = in->at;
  bpi_token token;
  bpi_unpack peek = *in;
  bp_status status = bpi_unpack_next(&peek, &token);
  if (status != BP_OK || token.type != BPI_TOKEN_MAP) return BP_MESSAGEPACK;
  if ((status = bpi_unpack_skip(in)) != BP_OK) return status;
  *extensions = token.u == 0 ? bpi_bytes_of(NULL, 0) : bpi_bytes_of(start, (size_t)(in->at - start));
  return BP_OK;
}

static bp_status read_body(bpi_unpack *in, bpi_frame *frame) {
  static const char *const names[] = {"event", "entity", "scope", "receipt_extensions"};
  bpi_fields fields;
  unsigned field;
  bpi_fields_begin(&fields, in, names, 4);
  while (bpi_fields_next(&fields, &field)) {
    switch (field) {
      case 0: fields.status = read_event(in, frame); break;
      case 1: fields.status = bpi_unpack_str(in, &frame->header.entity); break;
      case 2: fields.status = bpi_unpack_str(in, &frame->header.scope); break;
      case 3: fields.status = read_extensions(in, &frame->header.extensions); break;
    }
  }
  return bpi_fields_end(&fields, 7);
}

/* --- the fast reader: the canonical form, as this library and the reference write it.  It answers 0 at the first byte
 * that differs, and the tolerant one begins anew. */

/* Advances *at over a literal, if it is there. */
static inline int take(const uint8_t **at, const uint8_t *end, const void *literal, size_t length) {
  if ((size_t)(end - *at) < length || memcmp(*at, literal, length) != 0) return 0;
  *at += length;
  return 1;
}
#define TAKE(literal) take(&in.at, in.end, (literal), sizeof(literal) - 1)

static inline int take_id(bpi_unpack *in, uint8_t id[16]) {
  if (in->end - in->at < 18 || in->at[0] != 0xc4 || in->at[1] != 0x10) return 0;
  memcpy(id, in->at + 2, 16);
  in->at += 18;
  return 1;
}

static inline int take_uint(bpi_unpack *in, uint64_t *value) {
  if (in->end - in->at < 9) return 0; /* strings follow every number, so 9 bytes are always there */
  const uint8_t *at = in->at;
  switch (at[0]) {
    case 0xcc: *value = at[1]; in->at += 2; return 1;
    case 0xcd: *value = bpi_load_be16(at + 1); in->at += 3; return 1;
    case 0xce: *value = bpi_load_be32(at + 1); in->at += 5; return 1;
    case 0xcf: *value = bpi_load_be64(at + 1); in->at += 9; return 1;
    default: *value = at[0]; in->at += 1; return at[0] < 0x80;
  }
}

static inline int take_u32(bpi_unpack *in, uint32_t *value) {
  uint64_t wide;
  if (!take_uint(in, &wide) || wide > UINT32_MAX) return 0;
  *value = (uint32_t)wide;
  return 1;
}

static inline int take_str(bpi_unpack *in, bpi_bytes *text) {
  bpi_token token;
  if (bpi_unpack_next(in, &token) != BP_OK || token.type != BPI_TOKEN_STR) return 0;
  *text = token.bytes;
  return 1;
}

static int read_front_fast(bpi_unpack *cursor, bpi_header *header) {
  bpi_unpack in = *cursor;
  uint64_t timestamp, counter, kind, flags;
  if (!TAKE("\x84\xa5" "event" "\x83\xa6" "header" "\x89\xa8" "event_id") || !take_id(&in, header->event_id)) return 0;
  if (!TAKE("\xae" "correlation_id") || !take_id(&in, header->correlation_id)) return 0;
  if (!TAKE("\xac" "causation_id")) return 0;
  if (in.at < in.end && *in.at == 0xc0) {
    in.at++;
  } else if (!take_id(&in, header->causation_id)) {
    return 0;
  }
  if (!TAKE("\xac" "timestamp_us") || !take_uint(&in, &timestamp) || timestamp > INT64_MAX) return 0;
  if (!TAKE("\xa8" "position" "\x85\xa7" "wall_ms") || !take_uint(&in, &header->wall_ms)) return 0;
  if (!TAKE("\xa7" "counter") || !take_uint(&in, &counter) || counter > UINT16_MAX) return 0;
  if (!TAKE("\xa5" "depth") || !take_u32(&in, &header->depth)) return 0;
  if (!TAKE("\xa4" "lane") || !take_u32(&in, &header->lane)) return 0;
  if (!TAKE("\xa8" "sequence") || !take_u32(&in, &header->clock)) return 0;
  if (!TAKE("\xac" "payload_size") || !take_u32(&in, &header->payload_size)) return 0;
  if (!TAKE("\xaa" "event_kind") || !take_uint(&in, &kind) || kind > UINT16_MAX) return 0;
  if (!TAKE("\xa5" "flags") || !take_uint(&in, &flags) || flags > UINT8_MAX) return 0;
  header->timestamp_us = (int64_t)timestamp;
  header->counter = (uint16_t)counter;
  header->kind = (uint16_t)kind;
  header->flags = (uint8_t)flags;
  *cursor = in;
  return 1;
}

static int read_body_fast(bpi_unpack in, bpi_frame *frame) {
  bpi_header *header = &frame->header;
  if (!read_front_fast(&in, header)) return 0;
  uint8_t content_hash[32];
  if (!TAKE("\xac" "content_hash") || bpi_unpack_hash(&in, content_hash) != BP_OK) return 0;
  if (!TAKE("\xa7" "payload") || read_payload(&in, frame) != BP_OK) return 0;
  if (!TAKE("\xaa" "hash_chain" "\x82\xa9" "prev_hash")) return 0; /* batch markers take the tolerant way */
  if (bpi_unpack_hash(&in, header->prev_hash) != BP_OK) return 0;
  if (!TAKE("\xaa" "event_hash") || bpi_unpack_hash(&in, header->event_hash) != BP_OK) return 0;
  header->has_chain = 1;
  header->content_hash_differs = memcmp(content_hash, header->event_hash, sizeof content_hash) != 0;
  if (!TAKE("\xa6" "entity") || !take_str(&in, &header->entity)) return 0;
  if (!TAKE("\xa5" "scope") || !take_str(&in, &header->scope)) return 0;
  if (!TAKE("\xb2" "receipt_extensions")) return 0;
  if (in.at < in.end && *in.at == 0x80) {
    header->extensions = bpi_bytes_of(NULL, 0);
    return 1;
  }
  return read_extensions(&in, &header->extensions) == BP_OK;
}

bp_status bpi_frame_decode(bpi_bytes frame, bpi_frame *out) {
  if (frame.length <= BPI_FRAME_HEADER_BYTES) return BP_DAMAGED_FRAME;
  bpi_unpack in = {frame.data + BPI_FRAME_HEADER_BYTES, frame.data + frame.length};
  memset(out, 0, sizeof *out);
  if (!read_body_fast(in, out)) {
    memset(out, 0, sizeof *out);
    if (read_body(&in, out) != BP_OK) return BP_DAMAGED_FRAME;
  }
  const bpi_header *header = &out->header;
  if (!header->has_chain && !bpi_kind_is_marker(header->kind)) return BP_DAMAGED_FRAME;
  bp_status rules = bp_coordinate_check(header->entity.data, header->entity.length, header->scope.data,
                                        header->scope.length, NULL);
  return rules == BP_OK ? BP_OK : BP_DAMAGED_FRAME;
}

/* The bytes that hash to the event's hash are the payload.  Only where the size in the header disagrees with the number of
 * elements is there a doubt: the reference's retention writes the value in place of its bytes and leaves the size, and a
 * value always takes more bytes than it has elements. */
bpi_bytes bpi_frame_payload(const bpi_frame *frame, uint8_t *buffer, uint8_t *form) {
  uint8_t hash[32];
  *form = frame->shape == BPI_PAYLOAD_VALUE;
  if (frame->shape == BPI_PAYLOAD_VALUE) return frame->payload_raw;
  bpi_octets_decode(frame->payload_elements, frame->shape == BPI_PAYLOAD_BIN, buffer, frame->payload_length);
  bpi_bytes payload = bpi_bytes_of(buffer, frame->payload_length);
  if (frame->payload_length == frame->header.payload_size) return payload;
  bpi_blake3(payload.data, payload.length, hash);
  if (memcmp(hash, frame->header.event_hash, sizeof hash) == 0) return payload;
  bpi_blake3(frame->payload_raw.data, frame->payload_raw.length, hash);
  if (memcmp(hash, frame->header.event_hash, sizeof hash) != 0) return payload;
  *form = 1;
  return frame->payload_raw;
}
