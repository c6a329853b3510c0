/* The reader: every marker, the tolerance of the reference's typed reads (encoding.md 1.4), and hostile input.  All input
 * lies in exact copies, so that a read behind its end is seen by a sanitizer. */
#include "codec/pack.h"
#include "codec/unpack.h"
#include "support/values.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

typedef struct input {
  uint8_t *bytes;
  bpi_unpack in;
} input;

static input input_of(const char *hex) {
  uint8_t bytes[512];
  size_t length = from_hex(hex, bytes, sizeof bytes);
  input made;
  made.bytes = exact_copy(bytes, length);
  made.in.at = made.bytes;
  made.in.end = made.bytes + length;
  return made;
}

/* ---------------------------------------------------------------------------------------------------------- tokens -- */

typedef struct token_row {
  const char *hex;
  bpi_token_type type;
  uint64_t u;
  int64_t i;
  double f;
  const char *bytes;
} token_row;

static const token_row tokens[] = {
    {"c0", BPI_TOKEN_NIL, 0, 0, 0, NULL},
    {"c2", BPI_TOKEN_BOOL, 0, 0, 0, NULL},
    {"c3", BPI_TOKEN_BOOL, 1, 0, 0, NULL},
    {"00", BPI_TOKEN_UINT, 0, 0, 0, NULL},
    {"7f", BPI_TOKEN_UINT, 127, 0, 0, NULL},
    {"cc05", BPI_TOKEN_UINT, 5, 0, 0, NULL},
    {"ccff", BPI_TOKEN_UINT, 255, 0, 0, NULL},
    {"cdffff", BPI_TOKEN_UINT, 65535, 0, 0, NULL},
    {"ceffffffff", BPI_TOKEN_UINT, UINT32_MAX, 0, 0, NULL},
    {"cfffffffffffffffff", BPI_TOKEN_UINT, UINT64_MAX, 0, 0, NULL},
    {"d07f", BPI_TOKEN_UINT, 127, 0, 0, NULL},
    {"d080", BPI_TOKEN_INT, 0, -128, 0, NULL},
    {"d17fff", BPI_TOKEN_UINT, 32767, 0, 0, NULL},
    {"d1ffff", BPI_TOKEN_INT, 0, -1, 0, NULL},
    {"d28000000000", BPI_TOKEN_INT, 0, INT32_MIN, 0, NULL},
    {"d37fffffffffffffff", BPI_TOKEN_UINT, INT64_MAX, 0, 0, NULL},
    {"d38000000000000000", BPI_TOKEN_INT, 0, INT64_MIN, 0, NULL},
    {"ff", BPI_TOKEN_INT, 0, -1, 0, NULL},
    {"e0", BPI_TOKEN_INT, 0, -32, 0, NULL},
    {"ca3fc00000", BPI_TOKEN_FLOAT, 0, 0, 1.5, NULL},
    {"cb3ff8000000000000", BPI_TOKEN_FLOAT, 0, 0, 1.5, NULL},
    {"a0", BPI_TOKEN_STR, 0, 0, 0, ""},
    {"a26162", BPI_TOKEN_STR, 0, 0, 0, "6162"},
    {"d9026162", BPI_TOKEN_STR, 0, 0, 0, "6162"},
    {"da00026162", BPI_TOKEN_STR, 0, 0, 0, "6162"},
    {"db000000026162", BPI_TOKEN_STR, 0, 0, 0, "6162"},
    {"a1ff", BPI_TOKEN_STR, 0, 0, 0, "ff"},
    {"c400", BPI_TOKEN_BIN, 0, 0, 0, ""},
    {"c402ff00", BPI_TOKEN_BIN, 0, 0, 0, "ff00"},
    {"c50002ff00", BPI_TOKEN_BIN, 0, 0, 0, "ff00"},
    {"c600000002ff00", BPI_TOKEN_BIN, 0, 0, 0, "ff00"},
    {"d40501", BPI_TOKEN_EXT, 5, 0, 0, "01"},
    {"d5ff0102", BPI_TOKEN_EXT, 255, 0, 0, "0102"},
    {"d60501020304", BPI_TOKEN_EXT, 5, 0, 0, "01020304"},
    {"d7050102030405060708", BPI_TOKEN_EXT, 5, 0, 0, "0102030405060708"},
    {"d80501020304050607080102030405060708", BPI_TOKEN_EXT, 5, 0, 0, "01020304050607080102030405060708"},
    {"c70005", BPI_TOKEN_EXT, 5, 0, 0, ""},
    {"c7020501 02", BPI_TOKEN_EXT, 5, 0, 0, "0102"},
    {"c80002050102", BPI_TOKEN_EXT, 5, 0, 0, "0102"},
    {"c900000002050102", BPI_TOKEN_EXT, 5, 0, 0, "0102"},
};

Test(unpack, every_marker_is_a_token) {
  for (size_t row = 0; row < sizeof tokens / sizeof tokens[0]; row++) {
    const token_row *wanted = &tokens[row];
    input given = input_of(wanted->hex);
    bpi_token token;
    cr_assert_eq(bpi_unpack_next(&given.in, &token), BP_OK, "%s", wanted->hex);
    cr_assert_eq(token.type, wanted->type, "%s", wanted->hex);
    cr_assert_eq(token.u, wanted->u, "%s", wanted->hex);
    cr_assert_eq(token.i, wanted->i, "%s", wanted->hex);
    cr_assert(token.f >= wanted->f && token.f <= wanted->f, "%s", wanted->hex);
    cr_assert_eq(token.is_f32, wanted->hex[1] == 'a' && wanted->hex[0] == 'c', "%s", wanted->hex);
    if (wanted->bytes != NULL) cr_assert_str_eq(to_hex(token.bytes.data, token.bytes.length), wanted->bytes);
    if (wanted->hex[0] != 'd' || wanted->hex[1] != '2') cr_assert_eq(given.in.at, given.in.end, "%s", wanted->hex);
    free(given.bytes);
  }
}

Test(unpack, container_headers_count_their_elements) {
  static const struct {
    const char *hex;
    bpi_token_type type;
    uint64_t count;
    size_t header;
  } rows[] = {
      {"90", BPI_TOKEN_ARRAY, 0, 1},           {"920102", BPI_TOKEN_ARRAY, 2, 1},
      {"dc00020102", BPI_TOKEN_ARRAY, 2, 3},   {"dd000000020102", BPI_TOKEN_ARRAY, 2, 5},
      {"80", BPI_TOKEN_MAP, 0, 1},             {"8201020304", BPI_TOKEN_MAP, 2, 1},
      {"de000201020304", BPI_TOKEN_MAP, 2, 3}, {"df0000000201020304", BPI_TOKEN_MAP, 2, 5},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    input given = input_of(rows[i].hex);
    bpi_token token;
    cr_assert_eq(bpi_unpack_next(&given.in, &token), BP_OK);
    cr_assert_eq(token.type, rows[i].type);
    cr_assert_eq(token.u, rows[i].count);
    cr_assert_eq(given.in.at, given.bytes + rows[i].header);
    cr_assert_eq(bpi_unpack_skip(&(bpi_unpack){given.bytes, given.in.end}), BP_OK);
    free(given.bytes);
  }
}

Test(unpack, single_precision_widens_exactly) {
  input given = input_of("ca3dcccccd");
  bpi_token token;
  cr_assert_eq(bpi_unpack_next(&given.in, &token), BP_OK);
  cr_assert(token.f > 0.10000000149011611 && token.f < 0.10000000149011613);
  free(given.bytes);
}

/* -------------------------------------------------------------------------------------------------------- hostility -- */

static void refuse_next(const uint8_t *bytes, size_t length) {
  uint8_t *exact = exact_copy(bytes, length);
  bpi_unpack in = {exact, exact + length};
  bpi_token token;
  cr_assert_eq(bpi_unpack_next(&in, &token), BP_MESSAGEPACK, "%s", to_hex(bytes, length));
  cr_assert_eq(in.at, exact);
  free(exact);
}

Test(unpack, a_token_cut_anywhere_is_refused) {
  for (size_t row = 0; row < sizeof tokens / sizeof tokens[0]; row++) {
    uint8_t bytes[64];
    size_t length = from_hex(tokens[row].hex, bytes, sizeof bytes);
    if (bytes[0] == 0xd2) length = 5;
    for (size_t cut = 0; cut < length; cut++) refuse_next(bytes, cut);
  }
}

Test(unpack, the_reserved_marker_is_refused) {
  refuse_next((const uint8_t *)"\xc1", 1);
  refuse_next((const uint8_t *)"\xc1\x00\x00\x00\x00\x00", 6);
}

Test(unpack, declared_lengths_are_not_believed) {
  static const uint8_t wide[] = {0xc6, 0xc9, 0xdb, 0xdd, 0xdf};
  for (size_t i = 0; i < sizeof wide; i++) {
    static const uint32_t lengths[] = {UINT32_MAX, UINT32_MAX - 1, 0x80000000u, 0x7fffffffu, 1 << 20, 12};
    for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
      uint8_t bytes[16] = {wide[i]};
      bpi_store_be32(bytes + 1, lengths[k]);
      refuse_next(bytes, sizeof bytes);
      bpi_unpack in = {bytes, bytes + sizeof bytes};
      cr_assert_eq(bpi_unpack_skip(&in), BP_MESSAGEPACK);
    }
  }
  refuse_next((const uint8_t *)"\xde\xff\xff\x00\x00", 5);
  refuse_next((const uint8_t *)"\xdc\x00\x03\x00\x00", 5);
  /* A pair takes two bytes. */
  refuse_next((const uint8_t *)"\x82\x00\x00\x00", 4);
}

static size_t nest(uint8_t *bytes, size_t depth, uint8_t container) {
  size_t length = 0;
  for (size_t i = 0; i < depth; i++) {
    if (container == 0x81) {
      bytes[length++] = 0x81;
      bytes[length++] = 0xa0;
    } else {
      bytes[length++] = container;
    }
  }
  bytes[length++] = 0xc0;
  return length;
}

Test(unpack, depth_ends_at_1023) {
  static uint8_t bytes[4096];
  static const uint8_t containers[] = {0x91, 0x81};
  for (size_t i = 0; i < 2; i++) {
    for (size_t depth = 1020; depth <= 1027; depth++) {
      size_t length = nest(bytes, depth, containers[i]);
      uint8_t *exact = exact_copy(bytes, length);
      bpi_unpack skipped = {exact, exact + length}, checked = skipped;
      bp_status wanted = depth <= BPI_DEPTH_MAX ? BP_OK : BP_DEPTH;
      cr_assert_eq(bpi_unpack_skip(&skipped), wanted, "%zu", depth);
      cr_assert_eq(bpi_unpack_check(&checked), wanted, "%zu", depth);
      cr_assert_eq(skipped.at, wanted == BP_OK ? skipped.end : exact + BPI_DEPTH_MAX * (i + 1));
      free(exact);
    }
  }
  /* An empty container counts as one. */
  memset(bytes, 0x91, 1023);
  bytes[1023] = 0x90;
  bpi_unpack in = {bytes, bytes + 1024};
  cr_assert_eq(bpi_unpack_skip(&in), BP_DEPTH);
  in.at = bytes + 1;
  cr_assert_eq(bpi_unpack_skip(&in), BP_OK);
}

Test(unpack, a_long_bomb_ends_early) {
  size_t length = (size_t)1 << 24;
  uint8_t *bytes = (uint8_t *)malloc(length);
  memset(bytes, 0x91, length);
  bpi_unpack in = {bytes, bytes + length};
  cr_assert_eq(bpi_unpack_skip(&in), BP_DEPTH);
  cr_assert_eq(in.at, bytes + BPI_DEPTH_MAX);
  free(bytes);
}

Test(unpack, a_value_cut_anywhere_is_refused) {
  /* {"a":[1,{"b":nil,"c":[octets]}],"d":bin,"e":ext,"f":2.5} */
  static const char whole[] = "84 a161 92 01 82 a162 c0 a163 93 01 ccff cd0100 a164 c402beef a165 d40501 a166 cb4004000000000000";
  uint8_t bytes[128];
  size_t length = from_hex(whole, bytes, sizeof bytes);
  for (size_t cut = 0; cut <= length; cut++) {
    uint8_t *exact = exact_copy(bytes, cut);
    bpi_unpack skipped = {exact, exact + cut}, checked = skipped;
    bp_status wanted = cut == length ? BP_OK : BP_MESSAGEPACK;
    cr_assert_eq(bpi_unpack_skip(&skipped), wanted);
    cr_assert_eq(bpi_unpack_check(&checked), wanted);
    cr_assert(skipped.at <= skipped.end);
    free(exact);
  }
}

Test(unpack, random_bytes_never_lead_astray) {
  chance from = chance_begin("unpack");
  for (int round = 0; round < 200000; round++) {
    uint8_t bytes[48];
    size_t length = (size_t)chance_below(&from, sizeof bytes);
    chance_fill(&from, bytes, length);
    /* Many containers, or nearly everything would end at once. */
    for (size_t i = 0; i < length; i++) {
      if (chance_below(&from, 3) == 0) bytes[i] = (uint8_t)(0x80 | chance_below(&from, 0x20));
    }
    uint8_t *exact = exact_copy(bytes, length);
    bpi_unpack skipped = {exact, exact + length}, checked = skipped;
    bp_status first = bpi_unpack_skip(&skipped), second = bpi_unpack_check(&checked);
    cr_assert(second == first || second == BP_UTF8);
    cr_assert(skipped.at >= exact && skipped.at <= skipped.end);
    free(exact);
  }
}

Test(unpack, only_the_check_looks_at_text) {
  input given = input_of("92 a1ff 00");
  bpi_unpack checked = given.in;
  cr_assert_eq(bpi_unpack_skip(&given.in), BP_OK);
  cr_assert_eq(bpi_unpack_check(&checked), BP_UTF8);
  cr_assert_eq(checked.at, given.bytes + 1);
  free(given.bytes);
  given = input_of("81 a2c3a4 c402ffff");
  cr_assert_eq(bpi_unpack_check(&given.in), BP_OK, "bin is no text");
  free(given.bytes);
}

Test(unpack, one_value_is_taken_and_what_follows_is_left) {
  input given = input_of("9101 c1");
  cr_assert_eq(bpi_unpack_skip(&given.in), BP_OK);
  cr_assert_eq(given.in.at, given.bytes + 2);
  free(given.bytes);
}
