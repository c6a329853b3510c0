/* BLAKE3 and CRC-32. */
#include "crypto/crypto.h"
#include "support/values.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { LONGEST = 102400 };

/* The input of the official test vectors: 0, 1, ... 250, 0, 1, ... */
static uint8_t *official_input(void) {
  uint8_t *input = (uint8_t *)malloc(LONGEST);
  for (size_t i = 0; i < LONGEST; i++) input[i] = (uint8_t)(i % 251);
  return input;
}

/* From the BLAKE3 team's test_vectors.json. */
Test(blake3, official_vectors) {
  static const struct {
    size_t length;
    const char *hash;
  } rows[] = {
      {0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
      {1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"},
      {1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"},
      {1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"},
      {1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"},
      {2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a"},
      {2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"},
      {102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"},
  };
  uint8_t *input = official_input();
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    uint8_t hash[32], many[1][32];
    bpi_bytes message = bpi_bytes_of(input, rows[i].length);
    bpi_blake3(message.data, message.length, hash);
    cr_assert_str_eq(to_hex(hash, 32), rows[i].hash, "%zu", rows[i].length);
    bpi_blake3_many(&message, 1, many);
    cr_assert_str_eq(to_hex(many[0], 32), rows[i].hash, "%zu", rows[i].length);
  }
  free(input);
}

static void compare_many(const bpi_bytes *messages, size_t count) {
  uint8_t(*hashes)[32] = (uint8_t(*)[32])malloc(count * 32);
  bpi_blake3_many(messages, count, hashes);
  for (size_t i = 0; i < count; i++) {
    uint8_t hash[32];
    bpi_blake3(messages[i].data, messages[i].length, hash);
    cr_assert_arr_eq(hashes[i], hash, 32, "%zu of %zu, %zu bytes", i, count, messages[i].length);
  }
  free(hashes);
}

Test(blake3, side_by_side_at_every_length) {
  enum { LENGTHS = 2050 };
  bpi_bytes messages[LENGTHS];
  uint8_t *input = official_input();
  for (size_t i = 0; i < LENGTHS; i++) messages[i] = bpi_bytes_of(exact_copy(input, i), i);
  compare_many(messages, LENGTHS);
  /* Each length by itself, in numbers that fill the lanes and that do not. */
  for (size_t length = 0; length <= 1100; length += 4 + length % 3) {
    bpi_bytes same[37];
    for (size_t i = 0; i < 37; i++) same[i] = bpi_bytes_of(input + 64 * i + i, length);
    for (size_t count = 1; count <= 37; count += 6) compare_many(same, count);
  }
  for (size_t i = 0; i < LENGTHS; i++) free((void *)(uintptr_t)messages[i].data);
  free(input);
}

Test(blake3, side_by_side_in_any_order) {
  chance from = chance_begin("blake3");
  uint8_t *input = official_input();
  for (int round = 0; round < 60; round++) {
    bpi_bytes messages[600];
    size_t count = (size_t)chance_below(&from, 600);
    uint64_t limit = chance_below(&from, 2) == 0 ? 1500 : 130;
    for (size_t i = 0; i < count; i++) {
      messages[i] = bpi_bytes_of(input + chance_below(&from, 2000), (size_t)chance_below(&from, limit));
    }
    compare_many(messages, count);
  }
  bpi_blake3_many(NULL, 0, NULL);
  free(input);
}

Test(blake3, a_message_in_parts_is_the_message) {
  chance from = chance_begin("blake3 in parts");
  uint8_t *input = official_input();
  for (int round = 0; round < 3000; round++) {
    bpi_bytes parts[8];
    size_t count = (size_t)chance_below(&from, 8), length = 0;
    uint64_t limit = chance_below(&from, 2) == 0 ? 900 : 150;
    for (size_t i = 0; i < count; i++) {
      parts[i] = bpi_bytes_of(input + length, (size_t)chance_below(&from, limit));
      length += parts[i].length;
      if (parts[i].length == 0) parts[i].data = NULL;
    }
    uint8_t whole[32], pieces[32];
    bpi_blake3(input, length, whole);
    bpi_blake3_parts(parts, count, pieces);
    cr_assert_arr_eq(whole, pieces, 32);
  }
  bpi_bytes edges[] = {bpi_bytes_of(input, 1024), bpi_bytes_of(input + 1024, 0), bpi_bytes_of(input + 1024, 1)};
  uint8_t whole[32], pieces[32];
  for (size_t count = 1; count <= 3; count++) {
    bpi_blake3(input, count < 3 ? 1024 : 1025, whole);
    bpi_blake3_parts(edges, count, pieces);
    cr_assert_arr_eq(whole, pieces, 32);
  }
  free(input);
}

Test(crc32, check_value_and_pieces) {
  cr_assert_eq(bpi_crc32(0, "123456789", 9), 0xcbf43926u);
  cr_assert_eq(bpi_crc32(0, NULL, 0), 0);
  cr_assert_eq(bpi_crc32(0xcbf43926u, NULL, 0), 0xcbf43926u);
  for (size_t cut = 0; cut <= 9; cut++) {
    cr_assert_eq(bpi_crc32(bpi_crc32(0, "123456789", cut), &"123456789"[cut], 9 - cut), 0xcbf43926u);
  }
}

/* Bit by bit, as the polynomial says. */
static uint32_t plain_crc(const uint8_t *bytes, size_t length) {
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < length; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

Test(crc32, every_length) {
  chance from = chance_begin("crc32");
  uint8_t bytes[600];
  chance_fill(&from, bytes, sizeof bytes);
  for (size_t length = 0; length <= sizeof bytes; length++) {
    uint8_t *exact = exact_copy(bytes, length);
    cr_assert_eq(bpi_crc32(0, exact, length), plain_crc(bytes, length));
    free(exact);
  }
}
