/* The values of the journal: coordinate, kind, ids, extensions, header.  Rules as the reference has them. */
#ifndef BPI_MODEL_EVENT_H
#define BPI_MODEL_EVENT_H

#include "base/bytes.h"

enum {
  BPI_COMPONENT_MAX = 1024,       /* bytes of an entity or a scope */
  BPI_EXTENSION_NAME_MAX = 256,
  BPI_KIND_BATCH_BEGIN = 0x0006,
  BPI_KIND_BATCH_COMMIT = 0x0007,
  BPI_KIND_OPEN_COMPLETED = 0x0008,
  BPI_KIND_CLOSE_COMPLETED = 0x0009,
  BPI_KIND_DENIAL = 0x000F,
  BPI_KIND_TOMBSTONE = 0x0FFE
};

/* The store's own coordinate. */
#define BPI_STORE_ENTITY "batpak:store"
#define BPI_STORE_SCOPE "batpak:lifecycle"

static inline int bpi_kind_is_marker(uint16_t kind) {
  return kind == BPI_KIND_BATCH_BEGIN || kind == BPI_KIND_BATCH_COMMIT;
}

/* May a caller append this kind?  BP_OK, BP_KIND_MARKER, BP_KIND_RESERVED. */
bp_status bpi_kind_check(uint16_t kind, int allow_reserved);

/* Everything the frame says about an event but its payload bytes, strings and extensions as views. */
typedef struct bpi_header {
  uint8_t event_id[16];
  uint8_t correlation_id[16];
  uint8_t causation_id[16]; /* zeros: none */
  uint8_t prev_hash[32];
  uint8_t event_hash[32];
  int64_t timestamp_us;
  uint64_t wall_ms;
  uint32_t clock;
  uint32_t lane;
  uint32_t depth;
  uint32_t payload_size;    /* BEGIN: item count */
  uint16_t kind;
  uint16_t counter;
  uint8_t flags;
  uint8_t has_chain;        /* 0 only on batch markers */
  uint8_t content_hash_differs; /* from event_hash: only damage or tampering makes it so */
  bpi_bytes entity;
  bpi_bytes scope;
  bpi_bytes extensions;     /* encoded map; length 0 when the key is absent */
} bpi_header;

/* Names valid (else the BP_EXTENSION_* of the first that is not).  Encodes the canonical map: names ascending bytewise,
 * of equal names the last.  Nothing is written for count 0; the frame then holds an empty map. */
bp_status bpi_extensions_check(const bp_extension *items, size_t count, bp_error *error);
void bpi_extensions_pack(bpi_buffer *out, const bp_extension *items, size_t count);
/* Do two encoded maps say the same (order and integer widths aside; length 0 is the empty map)?  A map whose names are out
 * of order, which nothing writes, counts as different from all but its own bytes above 256 entries or 1 MiB. */
int bpi_extensions_equal(bpi_bytes a, bpi_bytes b);

/* UUIDv7 whose order is the order of the calls within this process, drawn for the given time (microseconds). */
struct bp_system;
bp_status bpi_id_generate(const struct bp_system *system, int64_t now_us, uint8_t id[16], bp_error *error);

#endif
