#include "support/oracle_bytes.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- BLAKE3 -- */

enum { CHUNK_START = 1, CHUNK_END = 2, PARENT = 4, ROOT = 8, BLOCK = 64, CHUNK = 1024 };

static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static uint32_t turned(uint32_t word, unsigned by) { return word >> by | word << (32 - by); }

static void mix(uint32_t *v, size_t a, size_t b, size_t c, size_t d, uint32_t x, uint32_t y) {
  v[a] += v[b] + x;
  v[d] = turned(v[d] ^ v[a], 16);
  v[c] += v[d];
  v[b] = turned(v[b] ^ v[c], 12);
  v[a] += v[b] + y;
  v[d] = turned(v[d] ^ v[a], 8);
  v[c] += v[d];
  v[b] = turned(v[b] ^ v[c], 7);
}

static void compress(uint32_t chain[8], const uint8_t *block, uint32_t length, uint64_t counter, uint32_t flags) {
  static const uint8_t order[16] = {2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8};
  uint32_t m[16], next[16], v[16];
  for (size_t i = 0; i < 16; i++) {
    m[i] = (uint32_t)block[i * 4] | (uint32_t)block[i * 4 + 1] << 8 | (uint32_t)block[i * 4 + 2] << 16 |
           (uint32_t)block[i * 4 + 3] << 24;
  }
  memcpy(v, chain, 32);
  memcpy(v + 8, initial, 16);
  v[12] = (uint32_t)counter;
  v[13] = (uint32_t)(counter >> 32);
  v[14] = length;
  v[15] = flags;
  for (int round = 0; round < 7; round++) {
    for (size_t i = 0; i < 4; i++) mix(v, i, 4 + i, 8 + i, 12 + i, m[2 * i], m[2 * i + 1]);
    for (size_t i = 0; i < 4; i++) {
      mix(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[8 + 2 * i], m[9 + 2 * i]);
    }
    for (size_t i = 0; i < 16; i++) next[i] = m[order[i]];
    memcpy(m, next, sizeof m);
  }
  for (size_t i = 0; i < 8; i++) chain[i] = v[i] ^ v[i + 8];
}

static void hash_chunk(const uint8_t *bytes, size_t length, uint64_t counter, uint32_t root, uint32_t chain[8]) {
  memcpy(chain, initial, 32);
  for (size_t at = 0; at == 0 || at < length; at += BLOCK) {
    uint8_t block[BLOCK] = {0};
    size_t here = length - at < BLOCK ? length - at : BLOCK;
    int last = at + BLOCK >= length;
    if (here > 0) memcpy(block, bytes + at, here);
    compress(chain, block, (uint32_t)here, counter, (at == 0 ? CHUNK_START : 0u) | (last ? CHUNK_END | root : 0u));
  }
}

/* The left half of a tree is the greatest power of two of chunks that leaves something for the right one. */
static void hash_tree(const uint8_t *bytes, size_t length, uint64_t counter, uint32_t root, uint32_t chain[8]) {
  if (length <= CHUNK) {
    hash_chunk(bytes, length, counter, root, chain);
    return;
  }
  size_t left = CHUNK;
  while (left * 2 < length) left *= 2;
  uint32_t children[16];
  uint8_t block[BLOCK];
  hash_tree(bytes, left, counter, 0, children);
  hash_tree(bytes + left, length - left, counter + left / CHUNK, 0, children + 8);
  for (size_t i = 0; i < BLOCK; i++) block[i] = (uint8_t)(children[i / 4] >> (i % 4 * 8));
  memcpy(chain, initial, 32);
  compress(chain, block, BLOCK, 0, PARENT | root);
}

void oracle_hash(const uint8_t *bytes, size_t length, uint8_t hash[32]) {
  uint32_t chain[8];
  hash_tree(bytes, length, 0, ROOT, chain);
  for (size_t i = 0; i < 32; i++) hash[i] = (uint8_t)(chain[i / 4] >> (i % 4 * 8));
}

/* ----------------------------------------------------------------------------------- lengths of MessagePack's forms -- */

static size_t number_length(uint64_t value) {
  return value < 0x80 ? 1 : value <= UINT8_MAX ? 2 : value <= UINT16_MAX ? 3 : value <= UINT32_MAX ? 5 : 9;
}

static size_t count_length(size_t count) { return count < 16 ? 1 : count <= UINT16_MAX ? 3 : 5; }

static size_t text_length(size_t length) {
  return length + (length < 32 ? 1 : length <= UINT8_MAX ? 2 : length <= UINT16_MAX ? 3 : 5);
}

static size_t name_length(const char *name) { return text_length(strlen(name)); }

/* An array of small integers. */
static size_t octets_length(const uint8_t *bytes, size_t length) {
  size_t sum = count_length(length);
  for (size_t i = 0; i < length; i++) sum += bytes[i] < 0x80 ? 1 : 2;
  return sum;
}

uint64_t oracle_prologue_length(uint64_t segment_id) {
  enum { NOW = 9 }; /* nanoseconds of these years */
  return 8 + 1 + name_length("version") + 1 + name_length("flags") + 1 + name_length("created_ns") + NOW +
         name_length("segment_id") + number_length(segment_id);
}

/* Everything of a header but what differs between events and markers. */
static size_t header_length(int64_t timestamp_us, uint64_t wall_ms, uint64_t depth, uint64_t lane, uint64_t clock,
                            uint64_t payload_size, uint64_t kind, uint64_t flags, const uint8_t content_hash[32]) {
  enum { ID = 18 };
  return 1 + name_length("event_id") + ID + name_length("correlation_id") + ID + name_length("causation_id") +
         name_length("timestamp_us") + number_length((uint64_t)timestamp_us) + name_length("position") + 1 +
         name_length("wall_ms") + number_length(wall_ms) + name_length("counter") + 1 + name_length("depth") +
         number_length(depth) + name_length("lane") + number_length(lane) + name_length("sequence") +
         number_length(clock) + name_length("payload_size") + number_length(payload_size) + name_length("event_kind") +
         number_length(kind) + name_length("flags") + number_length(flags) + name_length("content_hash") +
         octets_length(content_hash, 32);
}

/* Around the header, the causation, the payload, the chain and the texts. */
static size_t body_length(size_t header, size_t causation, size_t payload, size_t chain, size_t entity, size_t scope,
                          size_t extensions) {
  return 1 + name_length("event") + 1 + name_length("header") + header + causation + name_length("payload") + payload +
         name_length("hash_chain") + chain + name_length("entity") + text_length(entity) + name_length("scope") +
         text_length(scope) + name_length("receipt_extensions") + (extensions == 0 ? 1 : extensions);
}

uint32_t oracle_frame_length(const oracle_event *event) {
  static const uint8_t none[16];
  size_t header = header_length(event->timestamp_us, event->wall_ms, event->depth, event->lane, event->clock,
                                event->payload.length, event->kind, event->flags, event->hash);
  size_t causation = memcmp(event->causation, none, sizeof none) == 0 ? 1 : 18;
  size_t chain = 1 + name_length("prev_hash") + octets_length(event->prev_hash, 32) + name_length("event_hash") +
                 octets_length(event->hash, 32);
  return (uint32_t)(8 + body_length(header, causation, octets_length(event->payload.data, event->payload.length), chain,
                                    event->entity.length, event->scope.length, event->extensions.length));
}

uint32_t oracle_marker_length(int64_t timestamp_us, uint64_t items) {
  static const uint8_t zeros[32];
  size_t header = header_length(timestamp_us, (uint64_t)timestamp_us / 1000, 0, 0, 0, items, 6, 0, zeros);
  return (uint32_t)(8 + body_length(header, 1, 1, 1, strlen("_batch"), strlen("_system"), 0));
}

/* ------------------------------------------------------------------------------------------------ canonical values -- */

typedef struct output {
  uint8_t *to;
  size_t length;
} output;

static void put(output *out, const void *bytes, size_t length) {
  if (out->to != NULL && length > 0) memcpy(out->to + out->length, bytes, length);
  out->length += length;
}

static void put_head(output *out, uint8_t head, uint64_t value, size_t width) {
  uint8_t bytes[9] = {head};
  for (size_t i = 0; i < width; i++) bytes[1 + i] = (uint8_t)(value >> (8 * (width - 1 - i)));
  put(out, bytes, 1 + width);
}

static void put_number(output *out, uint64_t value) {
  size_t width = number_length(value) - 1;
  put_head(out, (uint8_t)(width == 0 ? value : width == 1 ? 0xcc : width == 2 ? 0xcd : width == 4 ? 0xce : 0xcf), value,
           width);
}

static void put_count(output *out, uint8_t small, uint8_t large, size_t count) {
  if (count < 16) {
    put_head(out, (uint8_t)(small | count), 0, 0);
  } else {
    put_head(out, (uint8_t)(count <= UINT16_MAX ? large : large + 1), count, count <= UINT16_MAX ? 2 : 4);
  }
}

static void put_text(output *out, const void *text, size_t length) {
  if (length < 32) {
    put_head(out, (uint8_t)(0xa0 | length), 0, 0);
  } else {
    put_head(out, length <= UINT8_MAX ? 0xd9 : 0xda, length, length <= UINT8_MAX ? 1 : 2);
  }
  put(out, text, length);
}

static int compare_names(const bp_extension *a, const bp_extension *b) {
  size_t shorter = a->name_length < b->name_length ? a->name_length : b->name_length;
  int order = memcmp(a->name, b->name, shorter);
  return order != 0 ? order : (a->name_length > b->name_length) - (a->name_length < b->name_length);
}

/* The item whose name is the least above that of `last`; of equal names the last one.  NULL: none. */
static const bp_extension *next_item(const bp_extension *items, size_t count, const bp_extension *last) {
  const bp_extension *best = NULL;
  for (size_t i = 0; i < count; i++) {
    if (last != NULL && compare_names(&items[i], last) <= 0) continue;
    if (best == NULL || compare_names(&items[i], best) <= 0) best = &items[i];
  }
  return best;
}

size_t oracle_extensions_encode(const bp_extension *items, size_t count, uint8_t *to) {
  output out = {to, 0};
  size_t distinct = 0;
  for (const bp_extension *item = NULL; (item = next_item(items, count, item)) != NULL;) distinct++;
  if (distinct == 0) return 0;
  put_count(&out, 0x80, 0xde, distinct);
  for (const bp_extension *item = NULL; (item = next_item(items, count, item)) != NULL;) {
    put_text(&out, item->name, item->name_length);
    put_count(&out, 0x90, 0xdc, item->value_length);
    for (size_t i = 0; i < item->value_length; i++) put_number(&out, item->value[i]);
  }
  return out.length;
}

size_t oracle_close_payload(uint64_t wall_ms, uint64_t sequence, uint8_t payload[48]) {
  output out = {payload, 0};
  put_count(&out, 0x80, 0xde, 2);
  put_text(&out, "wall_ms", strlen("wall_ms"));
  put_number(&out, wall_ms);
  put_text(&out, "global_sequence", strlen("global_sequence"));
  put_number(&out, sequence);
  return out.length;
}
