/* JSON to MessagePack: what is taken, what is refused and where, hostile input. */
#include "codec/json_text.h"
#include "codec/unpack.h"
#include "support/values.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { ROOM = 8192 };

static bp_status convert(const void *text, size_t length, uint8_t *out, size_t *needed, bp_error *error) {
  uint8_t *exact = exact_copy(text, length);
  bp_status status = bp_payload_from_json(exact, length, out, ROOM, needed, error);
  free(exact);
  return status;
}

static void takes(const char *text, const char *hex) {
  uint8_t out[ROOM], wanted[ROOM];
  size_t needed = 0;
  bp_error error = {.struct_size = sizeof error};
  bp_status status = convert(text, strlen(text), out, &needed, &error);
  cr_assert_eq(status, BP_OK, "%s: %s", text, error.text);
  size_t length = from_hex(hex, wanted, sizeof wanted);
  cr_assert(bpi_bytes_equal(bpi_bytes_of(out, needed), bpi_bytes_of(wanted, length)), "%s: %s", text, to_hex(out, needed));
}

static void refuses_bytes(const void *text, size_t length, bp_status wanted, uint64_t offset) {
  uint8_t out[ROOM] = {0xee};
  size_t needed = 77;
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(convert(text, length, out, &needed, &error), wanted, "%s", (const char *)text);
  cr_assert_eq(error.offset, offset, "%s: %llu", (const char *)text, (unsigned long long)error.offset);
  cr_assert_eq(needed, 77);
  cr_assert_eq(out[0], 0xee);
  cr_assert_eq(convert(text, length, out, &needed, NULL), wanted);
}

static void refuses(const char *text, uint64_t offset) { refuses_bytes(text, strlen(text), BP_JSON, offset); }

Test(json_read, words_and_containers) {
  takes("null", "c0");
  takes("false", "c2");
  takes("true", "c3");
  takes("[]", "90");
  takes("{}", "80");
  takes("[[],{},[null]]", "93 90 80 91c0");
  takes(" \t\r\n[ 1 , 2 ] \n", "92 01 02");
  takes("{\"b\":1,\"a\":[true]}", "82 a162 01 a161 91c3");
}

Test(json_read, integers_keep_all_64_bits) {
  takes("0", "00");
  takes("127", "7f");
  takes("128", "cc80");
  takes("-1", "ff");
  takes("-32", "e0");
  takes("-33", "d0df");
  takes("9223372036854775807", "cf7fffffffffffffff");
  takes("9223372036854775808", "cf8000000000000000");
  takes("18446744073709551615", "cfffffffffffffffff");
  takes("-9223372036854775808", "d38000000000000000");
  refuses("18446744073709551616", 0);
  refuses("[1, -9223372036854775809]", 4);
  refuses("100000000000000000000000000000000", 0);
}

Test(json_read, other_numbers_are_doubles) {
  takes("1.0", "cb3ff0000000000000");
  takes("1e0", "cb3ff0000000000000");
  takes("1E+2", "cb4059000000000000");
  takes("-0", "cb8000000000000000");
  takes("[-0,-0.0,0,{\"a\":-0}]", "94 cb8000000000000000 cb8000000000000000 00 81 a161 cb8000000000000000");
  takes("0.1", "cb3fb999999999999a");
  takes("9007199254740993.0", "cb4340000000000000");
  takes("123456789012345678901234567890.0", "cb45f8ee90ff6c373e");
  takes("5e-324", "cb0000000000000001");
  takes("1e-400", "cb0000000000000000");
  takes("1.7976931348623157e308", "cb7fefffffffffffff");
  refuses("1e309", 0);
  refuses("[0, 1.5, -1e400]", 9);
}

Test(json_read, numbers_by_the_grammar_alone) {
  static const char *const wrong[] = {"01", "-01", "1.", "-", "-.5", "1e", "1e+", "1.e1", "--1", "-e", "00", "-00"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) refuses(wrong[i], 0);
  refuses(".5", 0);
  refuses("+1", 0);
  refuses("1-", 1);
  refuses("0x10", 1);
  refuses("1e5.5", 3);
  refuses("12a", 2);
  refuses("[01]", 1);
}

Test(json_read, words_by_the_grammar_alone) {
  static const char *const wrong[] = {"NaN", "Infinity", "-Infinity", "nan", "True", "TRUE", "tru", "nul", "undefined"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) refuses(wrong[i], 0);
  refuses("nullx", 4);
  refuses("truefalse", 4);
  refuses("[NaN]", 1);
}

Test(json_read, strings_and_escapes) {
  takes("\"\"", "a0");
  takes("\"a\"", "a161");
  takes("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a8 22 5c 2f 08 0c 0a 0d 09");
  takes("\"\\u00e4\\u540D\"", "a5 c3a4 e5908d");
  takes("\"\\ud83d\\ude00\"", "a4 f09f9880");
  takes("\"\xf0\x9f\x98\x80\x7f\"", "a5 f09f9880 7f");
  takes("[\"\\ud836\\udc00\\uDBB7\\uDFFF\"]", "91 a8 f09da080 f3bdbfbf");
  takes("{\"\\\\\\u0000\\ud800\\udc00\\\\ud836\":-0}", "81 ac 5c 00 f0908080 5c 7564383336 cb8000000000000000");
  takes("\"\\u0000a\\u0000\"", "a3 00 61 00");
  takes("\"\\uffff\\ufffe\"", "a6 efbfbf efbfbe");
  refuses("\"\\x\"", 1);
  refuses("\"a\\u12g4\"", 2);
  refuses("\"\\u123\"", 1);
  refuses("\"\\ud800\"", 1);
  refuses("\"\\udc00\"", 1);
  refuses("\"\\ud800\\u0041\"", 1);
  refuses("\"\\ud83d\\ud83d\\ude00\"", 1);
  refuses("\"\\ud83d", 1);
  refuses("\"a\nb\"", 2);
  refuses("\"\t\"", 1);
  refuses("\"abc", 4);
  refuses("\"abc\\", 4);
  refuses("'a'", 0);
  refuses("{'a':1}", 1);
}

Test(json_read, keys_with_zero_bytes_are_whole) {
  takes("{\"a\\u0000b\":1,\"a\":2}", "82 a3610062 01 a161 02");
  takes("{\"\\u0000\":1,\"\\u0000\\u0000\":2,\"\\\\u0000\":3}", "83 a100 01 a20000 02 a65c7530303030 03");
  takes("{\"a\\u0000\" \n :-0}", "81 a26100 cb8000000000000000");
  takes("{\"a\\u0000\":1,\"a\\u0000\":2} ", "81 a26100 02");
  takes("[{\"\\u0000\":\"\\uffff\"},\"\\u0000\"]", "92 81 a100 a3efbfbf a100");
  takes("{\"\\uffff\":1}", "81 a3efbfbf 01");
  /* The one thing that cannot be said in disguise. */
  refuses("{\"\\u0000\":1,\"\\uFFFF\":2}", 12);
  refuses("{\"\\u0000\":1,\"\xef\xbf\xbf\":2}", 12);
}

Test(json_read, of_equal_keys_the_last_counts_in_the_first_place) {
  takes("{\"a\":1,\"b\":2,\"a\":3}", "82 a161 03 a162 02");
  takes("{\"a\":[1],\"a\":null}", "81 a161 c0");
}

Test(json_read, structure_by_the_grammar_alone) {
  refuses("", 0);
  refuses("   ", 3);
  refuses("[", 1);
  refuses("]", 0);
  refuses("{", 1);
  refuses("[1,]", 3);
  refuses("[,1]", 1);
  refuses("[1 2]", 3);
  refuses("[1}", 2);
  refuses("[[]", 3);
  refuses("[]]", 2);
  refuses("{\"a\":1,}", 7);
  refuses("{\"a\" 1}", 5);
  refuses("{\"a\":}", 5);
  refuses("{\"a\"}", 4);
  refuses("{\"a\":1", 6);
  refuses("{\"a\":1 \"b\":2}", 7);
  refuses("{\"a\",\"b\"}", 4);
  refuses("{1:2}", 1);
  refuses("{a:1}", 1);
  refuses("{,}", 1);
  refuses(",", 0);
  refuses(":", 0);
  refuses("\"a\":1", 3);
}

Test(json_read, nothing_but_space_may_follow) {
  refuses("1 2", 2);
  refuses("[] []", 3);
  refuses("null null", 5);
  refuses("{\"a\":{}}}", 8);
  refuses("1true", 1);
  refuses("\"a\"\"b\"", 3);
  refuses("[1] x", 4);
  refuses("-0 -0", 3);
  refuses("{\"\\u0000\":1}x", 12);
  refuses("/* c */1", 0);
  refuses("1 // c", 2);
  refuses("1\v", 1);
  refuses("\xef\xbb\xbf" "1", 0);
  refuses_bytes("1\0", 2, BP_JSON, 1);
  refuses_bytes("[1]\0[2]", 7, BP_JSON, 3);
  refuses_bytes("\0", 1, BP_JSON, 0);
}

Test(json_read, text_must_be_utf8) {
  refuses_bytes("\"a\xff\"", 4, BP_UTF8, 2);
  refuses_bytes("\"\xc0\x80\"", 4, BP_UTF8, 1);
  refuses_bytes("\"\xed\xa0\x80\"", 5, BP_UTF8, 1);
  refuses_bytes("\"\xc3", 2, BP_UTF8, 1);
  refuses_bytes("{\"\xff\":1}", 7, BP_UTF8, 2);
}

static size_t nested(char *text, size_t depth, const char *open, const char *inner, const char *close) {
  char *at = text;
  for (size_t i = 0; i < depth; i++) at = (char *)memcpy(at, open, strlen(open)) + strlen(open);
  at = (char *)memcpy(at, inner, strlen(inner)) + strlen(inner);
  for (size_t i = 0; i < depth; i++) at = (char *)memcpy(at, close, strlen(close)) + strlen(close);
  return (size_t)(at - text);
}

Test(json_read, depth_ends_at_1023) {
  static char text[16384];
  static const struct {
    const char *open, *inner, *close;
  } shapes[] = {{"[", "", "]"}, {"[", "1", "]"}, {"{\"\":", "-0", "}"}, {"{\"\\u0000\":", "null", "}"}};
  for (size_t shape = 0; shape < sizeof shapes / sizeof shapes[0]; shape++) {
    for (size_t depth = 1021; depth <= 1026; depth++) {
      size_t length = nested(text, depth, shapes[shape].open, shapes[shape].inner, shapes[shape].close);
      if (depth > BPI_DEPTH_MAX) {
        refuses_bytes(text, length, BP_DEPTH, BPI_DEPTH_MAX * strlen(shapes[shape].open));
        continue;
      }
      uint8_t out[ROOM];
      size_t needed;
      cr_assert_eq(convert(text, length, out, &needed, NULL), BP_OK, "%zu %zu", shape, depth);
      bpi_unpack in = {out, out + needed};
      cr_assert_eq(bpi_unpack_check(&in), BP_OK);
    }
  }
}

Test(json_read, buffers_follow_the_rule) {
  uint8_t out[3] = {9, 9, 9};
  size_t needed = 0;
  const uint8_t *text = (const uint8_t *)"[1,2]";
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(bp_payload_from_json(text, 5, out, 2, &needed, &error), BP_TOO_SMALL);
  cr_assert_eq(needed, 3);
  cr_assert_eq(out[0], 9);
  cr_assert_eq(bp_payload_from_json(text, 5, NULL, 0, &needed, NULL), BP_TOO_SMALL);
  cr_assert_eq(bp_payload_from_json(text, 5, out, 3, &needed, NULL), BP_OK);
  cr_assert_arr_eq(out, "\x92\x01\x02", 3);
  cr_assert_eq(bp_payload_from_json(NULL, 5, out, 3, &needed, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_payload_from_json(text, 5, NULL, 3, &needed, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_payload_from_json(text, 5, out, 3, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_payload_from_json(NULL, 0, out, 3, &needed, NULL), BP_JSON);
}

Test(json_read, a_text_cut_anywhere_is_refused) {
  static const char text[] = "{\"a\\u0000\":[1,-0,true,\"\\ud83d\\ude00\xc3\xa4\"],\"b\":{\"c\":1.5e3}}";
  uint8_t out[ROOM];
  size_t needed;
  for (size_t cut = 0; cut < sizeof text - 1; cut++) {
    bp_status status = convert(text, cut, out, &needed, NULL);
    cr_assert(status == BP_JSON || status == BP_UTF8, "%zu", cut);
  }
  cr_assert_eq(convert(text, sizeof text - 1, out, &needed, NULL), BP_OK);
}
