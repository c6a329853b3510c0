/* Values as tokens, to canonical MessagePack and back. */
#include "support/values.h"

#include <batpak/ffi.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 4096, DEEPEST = 1023 };

/* The text of all tokens here. */
static const uint8_t ARENA[] = "abcdefghijklmnopqrstuvwxyz0123456789\xff";

#define NIL {BP_TOKEN_NIL, 0, 0, 0}
#define BOOL(value) {BP_TOKEN_BOOL, 0, value, 0}
#define UINT(value) {BP_TOKEN_UINT, 0, value, 0}
#define INT(value) {BP_TOKEN_INT, 0, (uint64_t)(int64_t)(value), 0}
#define FLOAT32(bits) {BP_TOKEN_FLOAT32, 0, bits, 0}
#define FLOAT64(bits) {BP_TOKEN_FLOAT64, 0, bits, 0}
#define STRING(offset, length) {BP_TOKEN_STRING, 0, length, offset}
#define BYTES(offset, length) {BP_TOKEN_BYTES, 0, length, offset}
#define ARRAY(count) {BP_TOKEN_ARRAY, 0, count, 0}
#define MAP(pairs) {BP_TOKEN_MAP, 0, pairs, 0}
#define RUN(...) (const bp_token[]){__VA_ARGS__}, sizeof((const bp_token[]){__VA_ARGS__}) / sizeof(bp_token)

static bp_status encode(const bp_token *tokens, size_t count, uint8_t *out, size_t *needed, bp_error *error) {
  return bp_payload_encode(tokens, count, ARENA, sizeof ARENA - 1, out, ROOM, needed, error);
}

static void gives(const char *hex, const bp_token *tokens, size_t count) {
  uint8_t wanted[ROOM], out[ROOM];
  size_t length = from_hex(hex, wanted, sizeof wanted), needed = 0;
  bp_error error = {.struct_size = sizeof error};
  bp_status status = encode(tokens, count, out, &needed, &error);
  cr_assert_eq(status, BP_OK, "%s: %s", hex, error.text);
  cr_assert(needed == length && memcmp(out, wanted, length) == 0, "%s", hex);
}

static void refuses(bp_status wanted, uint64_t index, const bp_token *tokens, size_t count) {
  uint8_t out[ROOM] = "untouched";
  size_t needed = 77;
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(encode(tokens, count, out, &needed, &error), wanted, "%s", error.text);
  cr_assert_eq(error.offset, index, "%llu", (unsigned long long)error.offset);
  cr_assert_eq(needed, 77);
  cr_assert_str_eq((char *)out, "untouched");
}

Test(tokens, integers_take_the_shortest_form) {
  gives("00", RUN(UINT(0)));
  gives("7f", RUN(UINT(0x7f)));
  gives("cc80", RUN(UINT(0x80)));
  gives("ccff", RUN(UINT(0xff)));
  gives("cd0100", RUN(UINT(0x100)));
  gives("cdffff", RUN(UINT(0xffff)));
  gives("ce00010000", RUN(UINT(0x10000)));
  gives("ceffffffff", RUN(UINT(0xffffffff)));
  gives("cf0000000100000000", RUN(UINT(0x100000000)));
  gives("cfffffffffffffffff", RUN(UINT(UINT64_MAX)));
  gives("05", RUN(INT(5)));
  gives("cf7fffffffffffffff", RUN(INT(INT64_MAX)));
  gives("ff", RUN(INT(-1)));
  gives("e0", RUN(INT(-32)));
  gives("d0df", RUN(INT(-33)));
  gives("d080", RUN(INT(-128)));
  gives("d1ff7f", RUN(INT(-129)));
  gives("d18000", RUN(INT(-32768)));
  gives("d2ffff7fff", RUN(INT(-32769)));
  gives("d280000000", RUN(INT(INT32_MIN)));
  gives("d3ffffffff7fffffff", RUN(INT((int64_t)INT32_MIN - 1)));
  gives("d38000000000000000", RUN(INT(INT64_MIN)));
}

Test(tokens, other_scalars) {
  gives("c0", RUN(NIL));
  gives("c2", RUN(BOOL(0)));
  gives("c3", RUN(BOOL(1)));
  gives("ca3f800000", RUN(FLOAT32(0x3f800000)));
  gives("cb3ff0000000000000", RUN(FLOAT64(0x3ff0000000000000)));
  gives("cb7ff8000000000001", RUN(FLOAT64(0x7ff8000000000001)));
  gives("a0", RUN(STRING(0, 0)));
  gives("a3616263", RUN(STRING(0, 3)));
  gives("d9206162636465666768696a6b6c6d6e6f707172737475767778797a303132333435", RUN(STRING(0, 32)));
  gives("c400", RUN(BYTES(0, 0)));
  gives("c402 39ff", RUN(BYTES(35, 2)));
}

Test(tokens, containers_in_the_order_given) {
  gives("90", RUN(ARRAY(0)));
  gives("80", RUN(MAP(0)));
  gives("92 01 91c0", RUN(ARRAY(2), UINT(1), ARRAY(1), NIL));
  gives("82 a162 01 a161 02", RUN(MAP(2), STRING(1, 1), UINT(1), STRING(0, 1), UINT(2)));
  gives("82 9101 80 9102 90", RUN(MAP(2), ARRAY(1), UINT(1), MAP(0), ARRAY(1), UINT(2), ARRAY(0)));
}

Test(tokens, runs_that_are_no_value) {
  refuses(BP_ARGUMENT, 0, RUN({0, 0, 0, 0}));
  refuses(BP_ARGUMENT, 0, RUN({BP_TOKEN_MAP + 1, 0, 0, 0}));
  refuses(BP_ARGUMENT, 0, RUN({BP_TOKEN_NIL, 1, 0, 0}));
  refuses(BP_ARGUMENT, 0, RUN(BOOL(2)));
  refuses(BP_ARGUMENT, 0, RUN(FLOAT32(0x100000000)));
  refuses(BP_ARGUMENT, 1, RUN(NIL, NIL));
  refuses(BP_ARGUMENT, 0, RUN(ARRAY(1)));
  refuses(BP_ARGUMENT, 0, RUN(ARRAY(UINT64_MAX)));
  refuses(BP_ARGUMENT, 0, RUN(MAP(1), NIL));
  refuses(BP_ARGUMENT, 0, RUN(MAP(UINT64_MAX), NIL, NIL));
  refuses(BP_ARGUMENT, 3, RUN(ARRAY(2), ARRAY(1), NIL));
  refuses(BP_ARGUMENT, 3, RUN(ARRAY(1), ARRAY(1), NIL, NIL));
  refuses(BP_ARGUMENT, 0, RUN(STRING(0, 38)));
  refuses(BP_ARGUMENT, 0, RUN(BYTES(38, 0)));
  refuses(BP_ARGUMENT, 0, RUN(BYTES(UINT64_MAX, 2)));
  refuses(BP_ARGUMENT, 0, RUN(BYTES(1, UINT64_MAX)));
  refuses(BP_UTF8, 1, RUN(ARRAY(1), STRING(35, 2)));
  size_t needed = 77;
  cr_assert_eq(bp_payload_encode(NULL, 0, NULL, 0, NULL, 0, &needed, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_payload_encode(NULL, 1, NULL, 0, NULL, 0, &needed, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_payload_encode(RUN(NIL), NULL, 1, NULL, 0, &needed, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_payload_encode(RUN(NIL), NULL, 0, NULL, 1, &needed, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_payload_encode(RUN(NIL), NULL, 0, NULL, 0, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(needed, 77);
}

Test(tokens, a_key_stands_once_in_a_map) {
  refuses(BP_VALUE, 3, RUN(MAP(2), STRING(0, 1), NIL, STRING(0, 1), NIL));
  refuses(BP_VALUE, 3, RUN(MAP(2), UINT(1), NIL, INT(1), NIL));
  refuses(BP_VALUE, 3, RUN(MAP(2), UINT(1), NIL, UINT(1), BOOL(1)));
  refuses(BP_VALUE, 4, RUN(MAP(2), ARRAY(1), NIL, NIL, ARRAY(1), NIL, NIL));
  refuses(BP_VALUE, 6, RUN(ARRAY(1), MAP(1), NIL, MAP(2), NIL, NIL, NIL, NIL));
  /* Different keys, or different maps. */
  gives("82 a161 c0 a26162 c0", RUN(MAP(2), STRING(0, 1), NIL, STRING(0, 2), NIL));
  gives("82 a161 c0 c40161 c0", RUN(MAP(2), STRING(0, 1), NIL, BYTES(0, 1), NIL));
  gives("82 01 c0 cb3ff0000000000000 c0", RUN(MAP(2), UINT(1), NIL, FLOAT64(0x3ff0000000000000), NIL));
  gives("82 cb8000000000000000 c0 cb0000000000000000 c0",
        RUN(MAP(2), FLOAT64(0x8000000000000000), NIL, FLOAT64(0), NIL));
  gives("92 8101c0 8101c0", RUN(ARRAY(2), MAP(1), UINT(1), NIL, MAP(1), UINT(1), NIL));
  gives("82 01 8201c002c0 02 c0", RUN(MAP(2), UINT(1), MAP(2), UINT(1), NIL, UINT(2), NIL, UINT(2), NIL));
}

/* Large maps are judged without comparing every pair of keys. */
Test(tokens, a_large_map, .timeout = 60) {
  enum { PAIRS = 200000 };
  size_t count = 1 + 2 * PAIRS, needed;
  bp_token *tokens = (bp_token *)calloc(count, sizeof *tokens);
  cr_assert_not_null(tokens);
  tokens[0] = (bp_token)MAP(PAIRS);
  for (size_t i = 0; i < PAIRS; i++) {
    tokens[1 + 2 * i] = (bp_token)UINT(i ^ 0x155);
    tokens[2 + 2 * i] = (bp_token)NIL;
  }
  cr_assert_eq(bp_payload_encode(tokens, count, NULL, 0, NULL, 0, &needed, NULL), BP_TOO_SMALL);
  tokens[count - 2].number = tokens[1].number;
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(bp_payload_encode(tokens, count, NULL, 0, NULL, 0, &needed, &error), BP_VALUE);
  cr_assert_eq(error.offset, count - 2);
  free(tokens);
}

Test(tokens, a_small_buffer_is_untouched) {
  uint8_t out[4] = {9, 9, 9, 9};
  size_t needed = 0;
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(bp_payload_encode(RUN(STRING(0, 4)), ARENA, 4, out, 4, &needed, &error), BP_TOO_SMALL);
  cr_assert(needed == 5 && error.expected == 5 && error.actual == 4);
  cr_assert(out[0] == 9 && out[3] == 9);
}

Test(tokens, at_most_1023_containers_in_one_another) {
  bp_token tokens[DEEPEST + 2], again[DEEPEST + 2];
  uint8_t out[ROOM];
  size_t needed = 0, count = 0;
  bp_error error = {.struct_size = sizeof error};
  for (size_t i = 0; i < DEEPEST; i++) tokens[i] = (bp_token)ARRAY(1);
  tokens[DEEPEST] = (bp_token)NIL;
  cr_assert_eq(encode(tokens, DEEPEST + 1, out, &needed, &error), BP_OK);
  cr_assert_eq(needed, DEEPEST + 1);
  cr_assert_eq(bp_payload_decode(out, needed, again, DEEPEST + 1, &count, &error), BP_OK);
  cr_assert(count == DEEPEST + 1 && memcmp(again, tokens, count * sizeof *tokens) == 0);
  tokens[DEEPEST] = (bp_token)ARRAY(1);
  tokens[DEEPEST + 1] = (bp_token)NIL;
  refuses(BP_DEPTH, DEEPEST, tokens, DEEPEST + 2);
  memset(out, 0x91, DEEPEST + 1);
  out[DEEPEST + 1] = 0xc0;
  cr_assert_eq(bp_payload_decode(out, DEEPEST + 2, again, DEEPEST + 2, &count, &error), BP_DEPTH);
  cr_assert_eq(error.offset, DEEPEST);
}

static void reads(const char *hex, const bp_token *wanted, size_t wanted_count) {
  uint8_t payload[ROOM];
  bp_token tokens[64];
  size_t count = 0;
  bp_error error = {.struct_size = sizeof error};
  size_t length = from_hex(hex, payload, sizeof payload);
  uint8_t *exact = exact_copy(payload, length);
  cr_assert_eq(bp_payload_decode(exact, length, tokens, 64, &count, &error), BP_OK, "%s: %s", hex, error.text);
  free(exact);
  cr_assert(count == wanted_count && memcmp(tokens, wanted, count * sizeof *wanted) == 0, "%s", hex);
}

Test(tokens, reading_takes_every_form) {
  reads("cf0000000000000005", RUN(UINT(5)));
  reads("d30000000000000005", RUN(UINT(5)));
  reads("d0fb", RUN(INT(-5)));
  reads("c3", RUN(BOOL(1)));
  reads("c0 c1", RUN(NIL)); /* what stands behind the value is nobody's business */
  reads("cafff00001", RUN(FLOAT32(0xfff00001)));
  reads("cb7ff0000000000001", RUN(FLOAT64(0x7ff0000000000001)));
  reads("d90161", RUN(STRING(2, 1)));
  reads("c50001ff", RUN(BYTES(3, 1)));
  reads("dc0002 90 de0001 01 a0", RUN(ARRAY(2), ARRAY(0), MAP(1), UINT(1), STRING(9, 0)));
  reads("82 01 c0 01 c0", RUN(MAP(2), UINT(1), NIL, UINT(1), NIL));
}

static void rejects(bp_status wanted, uint64_t offset, const char *hex) {
  uint8_t payload[ROOM];
  bp_token tokens[64];
  size_t count = 77, length = from_hex(hex, payload, sizeof payload);
  bp_error error = {.struct_size = sizeof error};
  uint8_t *exact = exact_copy(payload, length);
  cr_assert_eq(bp_payload_decode(exact, length, tokens, 64, &count, &error), wanted, "%s", hex);
  free(exact);
  cr_assert_eq(error.offset, offset, "%s: %llu", hex, (unsigned long long)error.offset);
  cr_assert_eq(count, 77);
}

Test(tokens, what_cannot_be_read) {
  rejects(BP_MESSAGEPACK, 0, "");
  rejects(BP_MESSAGEPACK, 0, "c1");
  rejects(BP_MESSAGEPACK, 0, "cd00");
  rejects(BP_MESSAGEPACK, 0, "91");
  rejects(BP_MESSAGEPACK, 2, "9201cd");
  rejects(BP_MESSAGEPACK, 2, "92 01 d40501");
  rejects(BP_MESSAGEPACK, 0, "c70005");
  rejects(BP_MESSAGEPACK, 0, "ddffffffff00");
  rejects(BP_UTF8, 1, "91 a1ff");
}

Test(tokens, reading_into_a_small_array) {
  const uint8_t payload[] = {0x92, 0x01, 0x02};
  bp_token tokens[2];
  size_t count = 0;
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(bp_payload_decode(payload, sizeof payload, tokens, 2, &count, &error), BP_TOO_SMALL);
  cr_assert(count == 3 && error.expected == 3 && error.actual == 2);
  cr_assert_eq(bp_payload_decode(payload, sizeof payload, NULL, 0, &count, NULL), BP_TOO_SMALL);
  cr_assert_eq(bp_payload_decode(payload, sizeof payload, NULL, 1, &count, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_payload_decode(NULL, 1, tokens, 2, &count, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_payload_decode(payload, sizeof payload, tokens, 2, NULL, NULL), BP_ARGUMENT);
}
