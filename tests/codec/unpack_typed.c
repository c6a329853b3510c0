/* What each typed read takes and refuses: the acceptance table of the reference's decoder (encoding.md 1.4). */
#include "codec/unpack.h"
#include "support/values.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { ROOM = 256 };

typedef struct typed_input {
  uint8_t *bytes;
  size_t length;
  bpi_unpack in;
} typed_input;

static typed_input begin(const char *hex) {
  uint8_t bytes[ROOM];
  typed_input given;
  given.length = from_hex(hex, bytes, sizeof bytes);
  given.bytes = exact_copy(bytes, given.length);
  given.in.at = given.bytes;
  given.in.end = given.bytes + given.length;
  return given;
}

/* After a refusal the cursor stands where it stood; after a success behind the whole value. */
static void finish(typed_input *given, bp_status status, bp_status wanted, const char *hex) {
  cr_assert_eq(status, wanted, "%s: %s", hex, bp_status_name(status));
  cr_assert_eq(given->in.at, status == BP_OK ? given->in.end : given->bytes, "%s", hex);
  free(given->bytes);
}

typedef struct integer_row {
  const char *hex;
  bp_status as_u8, as_u64, as_i64;
  int64_t value;
} integer_row;

Test(unpack_typed, integers_of_any_marker_if_they_fit) {
  static const integer_row rows[] = {
      {"05", BP_OK, BP_OK, BP_OK, 5},
      {"cc05", BP_OK, BP_OK, BP_OK, 5},
      {"cd0005", BP_OK, BP_OK, BP_OK, 5},
      {"ce00000005", BP_OK, BP_OK, BP_OK, 5},
      {"cf0000000000000005", BP_OK, BP_OK, BP_OK, 5},
      {"d005", BP_OK, BP_OK, BP_OK, 5},
      {"d10005", BP_OK, BP_OK, BP_OK, 5},
      {"d200000005", BP_OK, BP_OK, BP_OK, 5},
      {"d30000000000000005", BP_OK, BP_OK, BP_OK, 5},
      {"ccff", BP_OK, BP_OK, BP_OK, 255},
      {"cd0100", BP_MESSAGEPACK, BP_OK, BP_OK, 256},
      {"d10100", BP_MESSAGEPACK, BP_OK, BP_OK, 256},
      {"cf7fffffffffffffff", BP_MESSAGEPACK, BP_OK, BP_OK, INT64_MAX},
      {"cf8000000000000000", BP_MESSAGEPACK, BP_OK, BP_MESSAGEPACK, INT64_MIN},
      {"cfffffffffffffffff", BP_MESSAGEPACK, BP_OK, BP_MESSAGEPACK, -1},
      {"ff", BP_MESSAGEPACK, BP_MESSAGEPACK, BP_OK, -1},
      {"d0ff", BP_MESSAGEPACK, BP_MESSAGEPACK, BP_OK, -1},
      {"d3ffffffffffffffff", BP_MESSAGEPACK, BP_MESSAGEPACK, BP_OK, -1},
      {"d38000000000000000", BP_MESSAGEPACK, BP_MESSAGEPACK, BP_OK, INT64_MIN},
      {"ca40a00000", BP_MESSAGEPACK, BP_MESSAGEPACK, BP_MESSAGEPACK, 0},
      {"cb4014000000000000", BP_MESSAGEPACK, BP_MESSAGEPACK, BP_MESSAGEPACK, 0},
      {"c3", BP_MESSAGEPACK, BP_MESSAGEPACK, BP_MESSAGEPACK, 0},
      {"c0", BP_MESSAGEPACK, BP_MESSAGEPACK, BP_MESSAGEPACK, 0},
      {"a135", BP_MESSAGEPACK, BP_MESSAGEPACK, BP_MESSAGEPACK, 0},
      {"c40105", BP_MESSAGEPACK, BP_MESSAGEPACK, BP_MESSAGEPACK, 0},
      {"9105", BP_MESSAGEPACK, BP_MESSAGEPACK, BP_MESSAGEPACK, 0},
      {"80", BP_MESSAGEPACK, BP_MESSAGEPACK, BP_MESSAGEPACK, 0},
      {"d40505", BP_MESSAGEPACK, BP_MESSAGEPACK, BP_MESSAGEPACK, 0},
      {"cd00", BP_MESSAGEPACK, BP_MESSAGEPACK, BP_MESSAGEPACK, 0},
      {"", BP_MESSAGEPACK, BP_MESSAGEPACK, BP_MESSAGEPACK, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    uint64_t u = 0;
    int64_t s = 0;
    typed_input given = begin(rows[i].hex);
    finish(&given, bpi_unpack_u64(&given.in, UINT8_MAX, &u), rows[i].as_u8, rows[i].hex);
    if (rows[i].as_u8 == BP_OK) cr_assert_eq(u, (uint64_t)rows[i].value);
    given = begin(rows[i].hex);
    finish(&given, bpi_unpack_u64(&given.in, UINT64_MAX, &u), rows[i].as_u64, rows[i].hex);
    if (rows[i].as_u64 == BP_OK) cr_assert_eq(u, (uint64_t)rows[i].value);
    given = begin(rows[i].hex);
    finish(&given, bpi_unpack_i64(&given.in, &s), rows[i].as_i64, rows[i].hex);
    if (rows[i].as_i64 == BP_OK) cr_assert_eq(s, rows[i].value);
  }
}

Test(unpack_typed, strings_as_str_or_bin_of_valid_text) {
  static const struct {
    const char *hex;
    bp_status status;
    const char *text;
  } rows[] = {
      {"a0", BP_OK, ""},
      {"a26162", BP_OK, "6162"},
      {"d9026162", BP_OK, "6162"},
      {"da00026162", BP_OK, "6162"},
      {"db000000026162", BP_OK, "6162"},
      {"c4026162", BP_OK, "6162"},
      {"c50002c3a4", BP_OK, "c3a4"},
      {"c600000000", BP_OK, ""},
      {"a1ff", BP_UTF8, NULL},
      {"a3eda080", BP_UTF8, NULL},
      {"c401ff", BP_UTF8, NULL},
      {"05", BP_MESSAGEPACK, NULL},
      {"c0", BP_MESSAGEPACK, NULL},
      {"c3", BP_MESSAGEPACK, NULL},
      {"91a161", BP_MESSAGEPACK, NULL},
      {"80", BP_MESSAGEPACK, NULL},
      {"d40561", BP_MESSAGEPACK, NULL},
      {"ca00000000", BP_MESSAGEPACK, NULL},
      {"a261", BP_MESSAGEPACK, NULL},
      {"", BP_MESSAGEPACK, NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    typed_input given = begin(rows[i].hex);
    bpi_bytes text = {NULL, 99};
    bp_status status = bpi_unpack_str(&given.in, &text);
    if (status == BP_OK) cr_assert_str_eq(to_hex(text.data, text.length), rows[i].text);
    if (status != BP_OK) cr_assert_eq(text.length, 99);
    finish(&given, status, rows[i].status, rows[i].hex);
  }
}

#define SIXTEEN "000102030405060708090a0b0c0d0e0f"

Test(unpack_typed, ids_as_bin_array_or_broken_text) {
  static const struct {
    const char *hex;
    bp_status status;
  } rows[] = {
      {"c410" SIXTEEN, BP_OK},
      {"c50010" SIXTEEN, BP_OK},
      {"c600000010" SIXTEEN, BP_OK},
      {"dc0010" SIXTEEN, BP_OK},
      {"dd00000010" SIXTEEN, BP_OK},
      {"dc0010 cc00 cc01 cd0002 03 d004 0506070809 0a0b0c0d0e0f", BP_OK},
      {"c40f 000102030405060708090a0b0c0d0e", BP_MESSAGEPACK},
      {"c411 " SIXTEEN "10", BP_MESSAGEPACK},
      {"9f 000102030405060708090a0b0c0d0e", BP_MESSAGEPACK},
      {"dc0011 " SIXTEEN "10", BP_MESSAGEPACK},
      {"dc0010 000102030405060708090a0b0c0d0e cd0100", BP_MESSAGEPACK},
      {"dc0010 000102030405060708090a0b0c0d0e ff", BP_MESSAGEPACK},
      {"b0" SIXTEEN, BP_MESSAGEPACK}, /* valid text */
      {"07", BP_MESSAGEPACK},
      {"cf0000000000000007", BP_MESSAGEPACK},
      {"c0", BP_MESSAGEPACK},
      {"d805" SIXTEEN, BP_MESSAGEPACK},
      {"c410 00", BP_MESSAGEPACK},
      {"", BP_MESSAGEPACK},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    typed_input given = begin(rows[i].hex);
    uint8_t id[16] = {0xee};
    bp_status status = bpi_unpack_id(&given.in, id);
    if (status == BP_OK) cr_assert_str_eq(to_hex(id, 16), SIXTEEN);
    if (status != BP_OK) cr_assert_eq(id[0], 0xee);
    finish(&given, status, rows[i].status, rows[i].hex);
  }
  typed_input given = begin("b0 ff0102030405060708090a0b0c0d0e0f");
  uint8_t id[16];
  finish(&given, bpi_unpack_id(&given.in, id), BP_OK, "text that is none");
  cr_assert_eq(id[0], 0xff);
}

#define LAST_HALF "808182838485868788898a8b8c8d8e8f"
#define LAST_HALF_OCTETS "cc80cc81cc82cc83cc84cc85cc86cc87cc88cc89cc8acc8bcc8ccc8dcc8ecc8f"

Test(unpack_typed, hashes_as_array_of_32_or_bin_of_at_least_32) {
  static const struct {
    const char *hex;
    bp_status status;
  } rows[] = {
      {"dc0020" SIXTEEN LAST_HALF_OCTETS, BP_OK},
      {"dd00000020" SIXTEEN LAST_HALF_OCTETS, BP_OK},
      {"c420" SIXTEEN LAST_HALF, BP_OK},
      {"c50020" SIXTEEN LAST_HALF, BP_OK},
      {"c423" SIXTEEN LAST_HALF "010203", BP_OK}, /* surplus bytes of a bin are dropped unread */
      {"c41f 0102030405060708090a0b0c0d0e0f" LAST_HALF, BP_MESSAGEPACK},
      {"dc0021" SIXTEEN LAST_HALF_OCTETS "00", BP_MESSAGEPACK},
      {"dc001f 0102030405060708090a0b0c0d0e0f" LAST_HALF_OCTETS, BP_MESSAGEPACK},
      {"dc0020" SIXTEEN "cd0100" LAST_HALF_OCTETS, BP_MESSAGEPACK},
      {"dc0020" SIXTEEN, BP_MESSAGEPACK},
      {"d920" SIXTEEN LAST_HALF, BP_MESSAGEPACK},
      {"c0", BP_MESSAGEPACK},
      {"90", BP_MESSAGEPACK},
      {"c4", BP_MESSAGEPACK},
      {"", BP_MESSAGEPACK},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    typed_input given = begin(rows[i].hex);
    uint8_t hash[32] = {0xee};
    bp_status status = bpi_unpack_hash(&given.in, hash);
    if (status == BP_OK) cr_assert_str_eq(to_hex(hash, 32), SIXTEEN LAST_HALF);
    if (status != BP_OK) cr_assert_eq(hash[0], 0xee);
    finish(&given, status, rows[i].status, rows[i].hex);
  }
}

Test(unpack_typed, containers_by_their_own_markers_alone) {
  static const struct {
    const char *hex;
    bp_status array, map;
    uint32_t count;
  } rows[] = {
      {"920102", BP_OK, BP_MESSAGEPACK, 2},     {"dc00020102", BP_OK, BP_MESSAGEPACK, 2},
      {"dd000000020102", BP_OK, BP_MESSAGEPACK, 2}, {"81a16101", BP_MESSAGEPACK, BP_OK, 1},
      {"de0001a16101", BP_MESSAGEPACK, BP_OK, 1},   {"df00000001a16101", BP_MESSAGEPACK, BP_OK, 1},
      {"c40101", BP_MESSAGEPACK, BP_MESSAGEPACK, 0}, {"c0", BP_MESSAGEPACK, BP_MESSAGEPACK, 0},
      {"dc0100", BP_MESSAGEPACK, BP_MESSAGEPACK, 0}, {"", BP_MESSAGEPACK, BP_MESSAGEPACK, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    typed_input given = begin(rows[i].hex);
    bpi_unpack other = given.in;
    uint32_t count = 0;
    cr_assert_eq(bpi_unpack_array(&given.in, &count), rows[i].array, "%s", rows[i].hex);
    cr_assert_eq(bpi_unpack_map(&other, &count), rows[i].map, "%s", rows[i].hex);
    cr_assert_eq(count, rows[i].count);
    free(given.bytes);
  }
}

Test(unpack_typed, nil_is_asked_for) {
  typed_input given = begin("c0");
  cr_assert(bpi_unpack_nil(&given.in));
  cr_assert_not(bpi_unpack_nil(&given.in), "the end is no nil");
  free(given.bytes);
  given = begin("c2");
  cr_assert_not(bpi_unpack_nil(&given.in));
  cr_assert_eq(given.in.at, given.bytes);
  free(given.bytes);
}
