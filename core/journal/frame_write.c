#include "codec/pack.h"
#include "crypto/crypto.h"
#include "journal/frame.h"

/* A key with what always follows it, as one copy of constant length. */
#define PUT(at, literal) ((uint8_t *)memcpy((at), (literal), sizeof(literal) - 1) + (sizeof(literal) - 1))

static const uint8_t no_id[16];

size_t bpi_frame_size_max(size_t payload_length, size_t entity_length, size_t scope_length, size_t extensions_length) {
  enum { KEYS_AND_HASHES = 2 * BPI_HASH_OCTETS_MAX + 128 };
  if (payload_length > BPI_FRAME_BODY_MAX || extensions_length > BPI_FRAME_BODY_MAX) return 0;
  size_t size = BPI_FRAME_FRONT_MAX + KEYS_AND_HASHES + 2 * payload_length + entity_length + scope_length + extensions_length;
  return size <= BPI_FRAME_BODY_MAX ? size + BPI_HASH_OCTETS_MAX : 0;
}

static uint8_t *put_id(uint8_t *at, const uint8_t id[16]) {
  at = PUT(at, "\xc4\x10");
  return (uint8_t *)memcpy(at, id, 16) + 16;
}

/* event {header {event_id ... flags: all that depends on the order or is of fixed size. */
static uint8_t *put_front(uint8_t *at, const bpi_header *header) {
  at = PUT(at, "\x84\xa5" "event" "\x83\xa6" "header" "\x89\xa8" "event_id");
  at = put_id(at, header->event_id);
  at = put_id(PUT(at, "\xae" "correlation_id"), header->correlation_id);
  at = PUT(at, "\xac" "causation_id");
  if (memcmp(header->causation_id, no_id, sizeof no_id) == 0) {
    *at++ = 0xc0;
  } else {
    at = put_id(at, header->causation_id);
  }
  at = bpi_put_i64(PUT(at, "\xac" "timestamp_us"), header->timestamp_us);
  at = bpi_put_u64(PUT(at, "\xa8" "position" "\x85\xa7" "wall_ms"), header->wall_ms);
  at = bpi_put_u64(PUT(at, "\xa7" "counter"), header->counter);
  at = bpi_put_u64(PUT(at, "\xa5" "depth"), header->depth);
  at = bpi_put_u64(PUT(at, "\xa4" "lane"), header->lane);
  at = bpi_put_u64(PUT(at, "\xa8" "sequence"), header->clock);
  at = bpi_put_u64(PUT(at, "\xac" "payload_size"), header->payload_size);
  at = bpi_put_u64(PUT(at, "\xaa" "event_kind"), header->kind);
  return bpi_put_u64(PUT(at, "\xa5" "flags"), header->flags);
}

/* Length and checksum of the body that ends at `end`. */
static size_t close_frame(uint8_t *out, const uint8_t *end) {
  const uint8_t *body = out + BPI_FRAME_HEADER_BYTES;
  size_t length = (size_t)(end - body);
  bpi_store_be32(out, (uint32_t)length);
  bpi_store_be32(out + 4, bpi_crc32(0, body, length));
  return BPI_FRAME_HEADER_BYTES + length;
}

size_t bpi_frame_write(const bpi_header *header, bpi_bytes payload, uint8_t *out) {
  uint8_t *at = put_front(out + BPI_FRAME_HEADER_BYTES, header);
  const uint8_t *hash = at = PUT(at, "\xac" "content_hash");
  at = bpi_put_octets(at, header->event_hash, 32);
  const size_t hash_length = (size_t)(at - hash);
  at = bpi_put_octets(PUT(at, "\xa7" "payload"), payload.data, payload.length);
  at = bpi_put_octets(PUT(at, "\xaa" "hash_chain" "\x82\xa9" "prev_hash"), header->prev_hash, 32);
  at = PUT(at, "\xaa" "event_hash");
  memcpy(at, hash, BPI_HASH_OCTETS_MAX); /* of constant length: what is too much is written over */
  at += hash_length;
  at = bpi_put_str(PUT(at, "\xa6" "entity"), header->entity.data, header->entity.length);
  at = bpi_put_str(PUT(at, "\xa5" "scope"), header->scope.data, header->scope.length);
  at = PUT(at, "\xb2" "receipt_extensions");
  if (header->extensions.length == 0) {
    *at++ = 0x80;
  } else {
    at = (uint8_t *)memcpy(at, header->extensions.data, header->extensions.length) + header->extensions.length;
  }
  return close_frame(out, at);
}

size_t bpi_frame_marker(uint16_t kind, uint64_t first_sequence, uint32_t items, int64_t timestamp_us, uint8_t *out) {
  static const uint8_t no_hash[32];
  bpi_header header = {.timestamp_us = timestamp_us,
                       .wall_ms = (uint64_t)timestamp_us / 1000,
                       .payload_size = items,
                       .kind = kind};
  bpi_store_be64(header.event_id + 8, first_sequence);
  memcpy(header.correlation_id, header.event_id, sizeof header.correlation_id);
  uint8_t *at = put_front(out + BPI_FRAME_HEADER_BYTES, &header);
  at = bpi_put_octets(PUT(at, "\xac" "content_hash"), no_hash, sizeof no_hash);
  at = PUT(at, "\xa7" "payload" "\x90" "\xaa" "hash_chain" "\xc0");
  at = PUT(at, "\xa6" "entity" "\xa6" "_batch" "\xa5" "scope" "\xa7" "_system" "\xb2" "receipt_extensions" "\x80");
  return close_frame(out, at);
}
