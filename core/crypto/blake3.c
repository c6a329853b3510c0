/* BLAKE3 by the official implementation.  A message of at most 1,024 bytes is a single chunk: its blocks are compressed
 * one after the other, and the last one carries CHUNK_END and ROOT (BLAKE3 paper, 2.1 to 2.4).  Chains of that kind do not
 * depend on each other, so many messages of equal block count go side by side through the SIMD lanes. */
#include "crypto/crypto.h"

#include <blake3_impl.h>

enum {
  WINDOW = 256,   /* messages looked at together: lanes are filled from these */
  SHAPES = 34,    /* 0..16 whole blocks, each with a tail block or without */
  LAST = CHUNK_END | ROOT
};

typedef struct window {
  uint16_t order[WINDOW];              /* messages sorted by shape */
  const uint8_t *inputs[WINDOW];
  uint8_t chained[WINDOW][BLAKE3_OUT_LEN];
} window;

static void load_cv(uint32_t cv[8], const uint8_t bytes[BLAKE3_OUT_LEN]) {
  for (unsigned i = 0; i < 8; i++) cv[i] = bpi_load_le32(bytes + 4 * i);
}

/* The block that ends the message: 0..64 bytes, zeros behind them. */
static void compress_last(uint32_t cv[8], const uint8_t *tail, size_t length, uint8_t start) {
  uint8_t block[BLAKE3_BLOCK_LEN] = {0};
  if (length > 0) memcpy(block, tail, length);
  blake3_compress_in_place(cv, block, (uint8_t)length, 0, (uint8_t)(LAST | start));
}

static void hash_chunk(const uint8_t *bytes, size_t length, uint8_t hash[32]) {
  uint32_t cv[8];
  memcpy(cv, IV, sizeof cv);
  uint8_t start = CHUNK_START;
  while (length > BLAKE3_BLOCK_LEN) {
    blake3_compress_in_place(cv, bytes, BLAKE3_BLOCK_LEN, 0, start);
    start = 0;
    bytes += BLAKE3_BLOCK_LEN;
    length -= BLAKE3_BLOCK_LEN;
  }
  compress_last(cv, bytes, length, start);
  store_cv_words(hash, cv);
}

void bpi_blake3(const void *bytes, size_t length, uint8_t hash[32]) {
  if (length <= BLAKE3_CHUNK_LEN) {
    hash_chunk((const uint8_t *)bytes, length, hash);
    return;
  }
  blake3_hasher hasher;
  blake3_hasher_init(&hasher);
  blake3_hasher_update(&hasher, bytes, length);
  blake3_hasher_finalize(&hasher, hash, BLAKE3_OUT_LEN);
}

void bpi_blake3_parts(const bpi_bytes *parts, size_t count, uint8_t hash[32]) {
  uint8_t whole[BLAKE3_CHUNK_LEN];
  size_t length = 0, part = 0;
  for (; part < count && parts[part].length <= sizeof whole - length; part++) {
    if (parts[part].length > 0) memcpy(whole + length, parts[part].data, parts[part].length);
    length += parts[part].length;
  }
  if (part == count) {
    hash_chunk(whole, length, hash);
    return;
  }
  blake3_hasher hasher;
  blake3_hasher_init(&hasher);
  blake3_hasher_update(&hasher, whole, length);
  for (; part < count; part++) blake3_hasher_update(&hasher, parts[part].data, parts[part].length);
  blake3_hasher_finalize(&hasher, hash, BLAKE3_OUT_LEN);
}

static unsigned shape_of(size_t length) {
  return (unsigned)(length / BLAKE3_BLOCK_LEN) * 2 + (length % BLAKE3_BLOCK_LEN != 0);
}

/* Messages [first, first + count) of the order: all of one shape, with one whole block at least. */
static void hash_shape(window *work, const bpi_bytes *messages, size_t first, size_t count, uint8_t (*hashes)[32]) {
  size_t length = messages[work->order[first]].length;
  size_t blocks = length / BLAKE3_BLOCK_LEN;
  int has_tail = length % BLAKE3_BLOCK_LEN != 0;
  for (size_t i = 0; i < count; i++) work->inputs[i] = messages[work->order[first + i]].data;
  blake3_hash_many(work->inputs, count, blocks, IV, 0, false, 0, CHUNK_START, has_tail ? 0 : LAST, work->chained[0]);
  for (size_t i = 0; i < count; i++) {
    size_t message = work->order[first + i];
    if (has_tail) {
      size_t whole = blocks * BLAKE3_BLOCK_LEN;
      uint32_t cv[8];
      load_cv(cv, work->chained[i]);
      compress_last(cv, messages[message].data + whole, messages[message].length - whole, 0);
      store_cv_words(hashes[message], cv);
    } else {
      memcpy(hashes[message], work->chained[i], BLAKE3_OUT_LEN);
    }
  }
}

static void hash_window(window *work, const bpi_bytes *messages, size_t count, uint8_t (*hashes)[32]) {
  uint16_t starts[SHAPES + 1] = {0};
  for (size_t i = 0; i < count; i++) {
    if (messages[i].length < BLAKE3_BLOCK_LEN || messages[i].length > BLAKE3_CHUNK_LEN) {
      bpi_blake3(messages[i].data, messages[i].length, hashes[i]);
    } else {
      starts[shape_of(messages[i].length) + 1]++;
    }
  }
  for (unsigned shape = 0; shape < SHAPES; shape++) starts[shape + 1] = (uint16_t)(starts[shape + 1] + starts[shape]);
  uint16_t next[SHAPES];
  memcpy(next, starts, sizeof next);
  for (size_t i = 0; i < count; i++) {
    if (messages[i].length < BLAKE3_BLOCK_LEN || messages[i].length > BLAKE3_CHUNK_LEN) continue;
    work->order[next[shape_of(messages[i].length)]++] = (uint16_t)i;
  }
  for (unsigned shape = 0; shape < SHAPES; shape++) {
    size_t members = (size_t)(starts[shape + 1] - starts[shape]);
    if (members > 0) hash_shape(work, messages, starts[shape], members, hashes);
  }
}

void bpi_blake3_many(const bpi_bytes *messages, size_t count, uint8_t (*hashes)[32]) {
  window work;
  /* Alone there is nothing to be beside. */
  if (count == 1) {
    bpi_blake3(messages->data, messages->length, *hashes);
    return;
  }
  while (count > 0) {
    size_t now = count < WINDOW ? count : WINDOW;
    hash_window(&work, messages, now, hashes);
    messages += now;
    hashes += now;
    count -= now;
  }
}
