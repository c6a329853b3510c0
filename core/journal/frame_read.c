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
static bp_status read_payload(bpi_unpack *in, uint8_t *room, bpi_frame *frame) {
  const uint8_t *start = in->at;
  bpi_bytes *elements = &frame->payload_elements;
  size_t *length = &frame->payload_length;
  int is_bin = 0;
  bp_status status = room == NULL ? bpi_unpack_octets(in, elements, length, &is_bin)
                                  : bpi_unpack_octets_into(in, room, elements, length, &is_bin);
  frame->shape = is_bin ? BPI_PAYLOAD_BIN : BPI_PAYLOAD_OCTETS;
  frame->decoded = room;
  if (status != BP_OK) {
    in->at = start;
    frame->shape = BPI_PAYLOAD_VALUE;
    frame->payload_length = 0;
    status = bpi_unpack_skip(in);
  }
  frame->payload_raw = bpi_bytes_of(start, (size_t)(in->at - start));
  return status;
}

static bp_status read_event(bpi_unpack *in, uint8_t *room, bpi_frame *frame) {
  static const char *const names[] = {"header", "payload", "hash_chain"};
  bpi_fields fields;
  unsigned field;
  uint8_t content_hash[32];
  int has_content_hash = 0;
  bpi_fields_begin(&fields, in, names, 3);
  while (bpi_fields_next(&fields, &field)) {
    if (field == 0) fields.status = read_header(in, &frame->header, content_hash, &has_content_hash);
    if (field == 1) fields.status = read_payload(in, room, frame);
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

static bp_status read_body(bpi_unpack *in, uint8_t *room, bpi_frame *frame) {
  static const char *const names[] = {"event", "entity", "scope", "receipt_extensions"};
  bpi_fields fields;
  unsigned field;
  bpi_fields_begin(&fields, in, names, 4);
  while (bpi_fields_next(&fields, &field)) {
    switch (field) {
      case 0: fields.status = read_event(in, room, frame); break;
      case 1: fields.status = bpi_unpack_str(in, &frame->header.entity); break;
      case 2: fields.status = bpi_unpack_str(in, &frame->header.scope); break;
      case 3: fields.status = read_extensions(in, &frame->header.extensions); break;
    }
  }
  return bpi_fields_end(&fields, 7);
}

/* --- the fast reader: the canonical form, as this library and the reference write it.  It answers 0 where something
 * differs, and the tolerant one begins anew. */

/* Compares with a literal, whose length is known where this is compiled: a few words, where memcmp would be a call.  The
 * last word overlaps the one before. */
static inline __attribute__((always_inline)) int differ(const uint8_t *at, const char *literal, size_t length) {
  const uint8_t *wanted = (const uint8_t *)literal;
  if (length < 8) return memcmp(at, wanted, length) != 0;
  uint64_t different = bpi_load_le64(at + length - 8) ^ bpi_load_le64(wanted + length - 8);
  for (size_t i = 0; i + 8 < length; i += 8) different |= bpi_load_le64(at + i) ^ bpi_load_le64(wanted + i);
  return different != 0;
}

/* The front, of which BPI_FRAME_FRONT_MAX bytes are known to be there.  No step goes further than the longest form of what
 * it reads, all of them together not further than that; so it is enough to ask once, at the end, whether all was right. */
typedef struct front {
  const uint8_t *at;
  int differs;
} front;

#define PASS(front, literal)                                                      \
  do {                                                                            \
    (front)->differs |= differ((front)->at, (literal), sizeof(literal) - 1);      \
    (front)->at += sizeof(literal) - 1;                                           \
  } while (0)

static inline void pass_id(front *f, uint8_t id[16]) {
  PASS(f, "\xc4\x10");
  memcpy(id, f->at, 16);
  f->at += 16;
}

static inline uint64_t pass_uint(front *f, uint64_t most) {
  const uint8_t *at = f->at;
  uint64_t value = at[0];
  f->at += 1;
  if (value >= 0x80) {
    switch (value) {
      case 0xcc: value = at[1]; f->at += 1; break;
      case 0xcd: value = bpi_load_be16(at + 1); f->at += 2; break;
      case 0xce: value = bpi_load_be32(at + 1); f->at += 4; break;
      case 0xcf: value = bpi_load_be64(at + 1); f->at += 8; break;
      default: f->differs = 1;
    }
  }
  f->differs |= value > most;
  return value;
}

static int read_front_fast(bpi_unpack *in, bpi_header *header) {
  if (in->end - in->at < BPI_FRAME_FRONT_MAX) return 0;
  front f = {in->at, 0};
  PASS(&f, "\x84\xa5" "event" "\x83\xa6" "header");
  PASS(&f, "\x89\xa8" "event_id");
  pass_id(&f, header->event_id);
  PASS(&f, "\xae" "correlation_id");
  pass_id(&f, header->correlation_id);
  PASS(&f, "\xac" "causation_id");
  if (*f.at == 0xc0) {
    f.at++;
  } else {
    pass_id(&f, header->causation_id);
  }
  PASS(&f, "\xac" "timestamp_us");
  header->timestamp_us = (int64_t)pass_uint(&f, INT64_MAX);
  PASS(&f, "\xa8" "position" "\x85\xa7" "wall_ms");
  header->wall_ms = pass_uint(&f, UINT64_MAX);
  PASS(&f, "\xa7" "counter");
  header->counter = (uint16_t)pass_uint(&f, UINT16_MAX);
  PASS(&f, "\xa5" "depth");
  header->depth = (uint32_t)pass_uint(&f, UINT32_MAX);
  PASS(&f, "\xa4" "lane");
  header->lane = (uint32_t)pass_uint(&f, UINT32_MAX);
  PASS(&f, "\xa8" "sequence");
  header->clock = (uint32_t)pass_uint(&f, UINT32_MAX);
  PASS(&f, "\xac" "payload_size");
  header->payload_size = (uint32_t)pass_uint(&f, UINT32_MAX);
  PASS(&f, "\xaa" "event_kind");
  header->kind = (uint16_t)pass_uint(&f, UINT16_MAX);
  PASS(&f, "\xa5" "flags");
  header->flags = (uint8_t)pass_uint(&f, UINT8_MAX);
  in->at = f.at;
  return !f.differs;
}

/* Advances over the bytes, if they are there. */
static inline int take(bpi_unpack *in, const void *bytes, size_t length) {
  if ((size_t)(in->end - in->at) < length || memcmp(in->at, bytes, length) != 0) return 0;
  in->at += length;
  return 1;
}
static inline __attribute__((always_inline)) int take_literal(bpi_unpack *in, const char *literal, size_t length) {
  if ((size_t)(in->end - in->at) < length || differ(in->at, literal, length)) return 0;
  in->at += length;
  return 1;
}
#define TAKE(in, literal) take_literal((in), (literal), sizeof(literal) - 1)

/* Its rules are checked with the coordinate. */
static inline int take_str(bpi_unpack *in, bpi_bytes *text) {
  size_t left = (size_t)(in->end - in->at);
  if (left > 0 && (*in->at & 0xe0) == 0xa0 && (*in->at & 0x1fu) < left) {
    *text = bpi_bytes_of(in->at + 1, *in->at & 0x1fu);
    in->at += 1 + text->length;
    return 1;
  }
  bpi_token token;
  if (bpi_unpack_next(in, &token) != BP_OK || token.type != BPI_TOKEN_STR) return 0;
  *text = token.bytes;
  return 1;
}

/* The hash of the event, which is the content hash once more: equal bytes need not be decoded again. */
static int take_event_hash(bpi_unpack *in, bpi_bytes content_hash, bpi_header *header) {
  if (take(in, content_hash.data, content_hash.length)) return 1;
  uint8_t first[32];
  memcpy(first, header->event_hash, sizeof first);
  if (bpi_unpack_hash(in, header->event_hash) != BP_OK) return 0;
  header->content_hash_differs = memcmp(first, header->event_hash, sizeof first) != 0;
  return 1;
}

static int read_body_fast(bpi_unpack in, uint8_t *room, bpi_frame *frame) {
  bpi_header *header = &frame->header;
  if (!read_front_fast(&in, header) || !TAKE(&in, "\xac" "content_hash")) return 0;
  const uint8_t *hash = in.at;
  if (bpi_unpack_hash(&in, header->event_hash) != BP_OK) return 0;
  bpi_bytes content_hash = bpi_bytes_of(hash, (size_t)(in.at - hash));
  if (!TAKE(&in, "\xa7" "payload") || read_payload(&in, room, frame) != BP_OK) return 0;
  if (!TAKE(&in, "\xaa" "hash_chain" "\x82\xa9" "prev_hash")) return 0; /* batch markers take the tolerant way */
  if (bpi_unpack_hash(&in, header->prev_hash) != BP_OK) return 0;
  if (!TAKE(&in, "\xaa" "event_hash") || !take_event_hash(&in, content_hash, header)) return 0;
  header->has_chain = 1;
  if (!TAKE(&in, "\xa6" "entity") || !take_str(&in, &header->entity)) return 0;
  if (!TAKE(&in, "\xa5" "scope") || !take_str(&in, &header->scope)) return 0;
  if (!TAKE(&in, "\xb2" "receipt_extensions")) return 0;
  if (in.at < in.end && *in.at == 0x80) {
    header->extensions = bpi_bytes_of(NULL, 0);
    return 1;
  }
  return read_extensions(&in, &header->extensions) == BP_OK;
}

static bp_status decode(bpi_bytes frame, uint8_t *room, bpi_frame *out) {
  if (frame.length <= BPI_FRAME_HEADER_BYTES) return BP_DAMAGED_FRAME;
  bpi_unpack in = {frame.data + BPI_FRAME_HEADER_BYTES, frame.data + frame.length};
  memset(out, 0, sizeof *out);
  if (!read_body_fast(in, room, out)) {
    memset(out, 0, sizeof *out);
    if (read_body(&in, room, out) != BP_OK) return BP_DAMAGED_FRAME;
  }
  const bpi_header *header = &out->header;
  if (!header->has_chain && !bpi_kind_is_marker(header->kind)) return BP_DAMAGED_FRAME;
  bp_status rules = bp_coordinate_check(header->entity.data, header->entity.length, header->scope.data,
                                        header->scope.length, NULL);
  return rules == BP_OK ? BP_OK : BP_DAMAGED_FRAME;
}

bp_status bpi_frame_decode(bpi_bytes frame, bpi_frame *out) { return decode(frame, NULL, out); }
bp_status bpi_frame_read(bpi_bytes frame, uint8_t *room, bpi_frame *out) { return decode(frame, room, out); }

/* The bytes that hash to the event's hash are the payload.  Only where the size in the header disagrees with the number of
 * elements is there a doubt: the reference's retention writes the value in place of its bytes and leaves the size, and a
 * value always takes more bytes than it has elements. */
bpi_bytes bpi_frame_payload(const bpi_frame *frame, uint8_t *buffer, uint8_t *form) {
  uint8_t hash[32];
  *form = frame->shape == BPI_PAYLOAD_VALUE;
  if (frame->shape == BPI_PAYLOAD_VALUE) return frame->payload_raw;
  if (frame->decoded == NULL) {
    bpi_octets_decode(frame->payload_elements, frame->shape == BPI_PAYLOAD_BIN, buffer, frame->payload_length);
  }
  bpi_bytes payload = bpi_bytes_of(frame->decoded != NULL ? frame->decoded : buffer, frame->payload_length);
  if (frame->payload_length == frame->header.payload_size) return payload;
  bpi_blake3(payload.data, payload.length, hash);
  if (memcmp(hash, frame->header.event_hash, sizeof hash) == 0) return payload;
  bpi_blake3(frame->payload_raw.data, frame->payload_raw.length, hash);
  if (memcmp(hash, frame->header.event_hash, sizeof hash) != 0) return payload;
  *form = 1;
  return frame->payload_raw;
}
