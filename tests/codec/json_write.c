/* MessagePack to JSON (encoding.md 1.5), and both ways round. */
#include "codec/json_text.h"
#include "codec/pack.h"
#include "codec/unpack.h"
#include "support/values.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 8192 };

static bp_status convert(const uint8_t *payload, size_t length, char *out, size_t *needed, bp_error *error) {
  uint8_t *exact = exact_copy(payload, length);
  bp_status status = bp_payload_to_json(exact, length, (uint8_t *)out, ROOM, needed, error);
  free(exact);
  return status;
}

static void says(const char *hex, const char *wanted) {
  uint8_t payload[ROOM];
  char out[ROOM];
  size_t needed = 0;
  bp_error error = {.struct_size = sizeof error};
  bp_status status = convert(payload, from_hex(hex, payload, sizeof payload), out, &needed, &error);
  cr_assert_eq(status, BP_OK, "%s: %s", hex, error.text);
  cr_assert(bpi_bytes_equal(bpi_bytes_of(out, needed), bpi_bytes_of(wanted, strlen(wanted))), "%s: %.*s", hex, (int)needed,
            out);
}

static void refuses(const char *hex, bp_status wanted, uint64_t offset) {
  uint8_t payload[ROOM];
  char out[ROOM] = "untouched";
  size_t needed = 77;
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(convert(payload, from_hex(hex, payload, sizeof payload), out, &needed, &error), wanted, "%s", hex);
  cr_assert_eq(error.offset, offset, "%s: %llu", hex, (unsigned long long)error.offset);
  cr_assert_eq(needed, 77);
  cr_assert_str_eq(out, "untouched");
}

Test(json_write, scalars) {
  says("c0", "null");
  says("c2", "false");
  says("c3", "true");
  says("00", "0");
  says("cd0005", "5");
  says("d005", "5");
  says("cfffffffffffffffff", "18446744073709551615");
  says("ff", "-1");
  says("d38000000000000000", "-9223372036854775808");
  says("cb3ff0000000000000", "1.0");
  says("cb8000000000000000", "-0.0");
  says("ca3dcccccd", "0.10000000149011612");
  says("cb7ff0000000000000", "null");
  says("cafff00000", "null");
  says("cb7ff8000000000001", "null");
}

Test(json_write, strings) {
  says("a0", "\"\"");
  says("a8 22 5c 2f 08 0c 0a 0d 09", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
  says("a4 00 1f 7f 01", "\"\\u0000\\u001f\x7f\\u0001\"");
  says("a9 c3a4 e5908d f09f9880", "\"\xc3\xa4\xe5\x90\x8d\xf0\x9f\x98\x80\"");
  says("81 a3 61 00 62 01", "{\"a\\u0000b\":1}");
}

Test(json_write, containers) {
  says("90", "[]");
  says("80", "{}");
  says("93 01 9102 80", "[1,[2],{}]");
  says("82 a162 01 a161 92 c0 81 a163 c3", "{\"b\":1,\"a\":[null,{\"c\":true}]}");
  says("de0001 d90161 dc0001 cc05", "{\"a\":[5]}");
}

Test(json_write, bytes_behind_the_value_are_ignored) {
  says("01 c1", "1");
  says("9101 ffffff", "[1]");
}

Test(json_write, of_equal_keys_the_last_counts_in_the_first_place) {
  says("82 a161 01 a161 02", "{\"a\":2}");
  says("83 a161 01 a162 02 a161 03", "{\"a\":3,\"b\":2}");
  says("84 a161 01 a162 02 a161 9103 a161 81a16304", "{\"a\":{\"c\":4},\"b\":2}");
  /* Repeats within a value that is taken from elsewhere, and within one that is dropped. */
  says("82 a161 82a17801a17802 a161 82a17903a17904", "{\"a\":{\"y\":4}}");
  says("83 a161 9101 a162 05 a161 92 82a17801a17802 07", "{\"a\":[{\"x\":2},7],\"b\":5}");
  says("93 82 a161 01 a161 02 05 82 a161 03 a161 04", "[{\"a\":2},5,{\"a\":4}]");
  says("81 a161 82 a161 01 a161 02", "{\"a\":{\"a\":2}}");
  /* The same key in different maps is no repeat. */
  says("92 81a16101 81a16102", "[{\"a\":1},{\"a\":2}]");
}

Test(json_write, what_json_cannot_say) {
  refuses("c40101", BP_NOT_JSON, 0);
  refuses("92 01 c40101", BP_NOT_JSON, 2);
  refuses("d40501", BP_NOT_JSON, 0);
  refuses("c70005", BP_NOT_JSON, 0);
  refuses("81 01 01", BP_NOT_JSON, 1);
  refuses("81 c3 01", BP_NOT_JSON, 1);
  refuses("81 c0 01", BP_NOT_JSON, 1);
  refuses("81 c40161 01", BP_NOT_JSON, 1);
  refuses("81 90 01", BP_NOT_JSON, 1);
  refuses("82 a161 01 cb3ff0000000000000 01", BP_NOT_JSON, 4);
}

Test(json_write, what_is_no_value) {
  refuses("", BP_MESSAGEPACK, 0);
  refuses("c1", BP_MESSAGEPACK, 0);
  refuses("91", BP_MESSAGEPACK, 0);
  refuses("92 01", BP_MESSAGEPACK, 0);
  refuses("92 01 c1", BP_MESSAGEPACK, 2);
  refuses("81 a161", BP_MESSAGEPACK, 3);
  refuses("81 c1 01", BP_MESSAGEPACK, 1);
  refuses("df ffffffff 00", BP_MESSAGEPACK, 0);
  refuses("a1ff", BP_UTF8, 0);
  refuses("92 01 a2c328", BP_UTF8, 2);
  refuses("81 a1ff 01", BP_UTF8, 1);
}

Test(json_write, depth_ends_at_1023) {
  static uint8_t payload[4096];
  static char out[ROOM];
  for (size_t depth = 1021; depth <= 1026; depth++) {
    memset(payload, 0x91, depth);
    payload[depth] = 0x07;
    size_t needed;
    bp_error error = {.struct_size = sizeof error};
    bp_status status = convert(payload, depth + 1, out, &needed, &error);
    cr_assert_eq(status, depth <= BPI_DEPTH_MAX ? BP_OK : BP_DEPTH);
    if (status == BP_DEPTH) cr_assert_eq(error.offset, BPI_DEPTH_MAX);
    if (status == BP_OK) cr_assert_eq(needed, 2 * depth + 1);
  }
}

Test(json_write, buffers_follow_the_rule) {
  uint8_t out[3] = {9, 9, 9};
  size_t needed = 0;
  const uint8_t *payload = (const uint8_t *)"\x91\x01";
  cr_assert_eq(bp_payload_to_json(payload, 2, out, 2, &needed, NULL), BP_TOO_SMALL);
  cr_assert_eq(needed, 3);
  cr_assert_eq(out[0], 9);
  cr_assert_eq(bp_payload_to_json(payload, 2, NULL, 0, &needed, NULL), BP_TOO_SMALL);
  cr_assert_eq(bp_payload_to_json(payload, 2, out, 3, &needed, NULL), BP_OK);
  cr_assert_arr_eq(out, "[1]", 3);
  cr_assert_eq(bp_payload_to_json(NULL, 2, out, 3, &needed, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_payload_to_json(payload, 2, NULL, 3, &needed, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_payload_to_json(payload, 2, out, 3, NULL, NULL), BP_ARGUMENT);
}

Test(json_write, many_repeats_take_no_time, .timeout = 90) {
  /* A thousand maps, each in the first value of a repeated key of the one before: 1,023 deep, all dropped or moved. */
  bpi_memory memory = bpi_memory_default();
  bpi_buffer payload;
  bpi_buffer_init(&payload, &memory);
  for (int i = 0; i < 1000; i++) {
    bpi_pack_map(&payload, 2);
    bpi_pack_text(&payload, "k");
    bpi_pack_u64(&payload, 1);
    bpi_pack_text(&payload, "k");
  }
  bpi_pack_map(&payload, 200000);
  for (int i = 0; i < 200000; i++) {
    bpi_pack_text(&payload, i % 2 ? "a" : "b");
    bpi_pack_u64(&payload, 7);
  }
  size_t needed = 0;
  cr_assert_eq(bp_payload_to_json(payload.data, payload.length, NULL, 0, &needed, NULL), BP_TOO_SMALL);
  cr_assert_eq(needed, 1000 * strlen("{\"k\":}") + strlen("{\"b\":7,\"a\":7}"));
  bpi_buffer_free(&payload);
}

/* ---------------------------------------------------------------------------------------------------------- doubles -- */

static void formats(double value, const char *wanted) {
  char text[BPI_DOUBLE_TEXT_MAX + 1];
  text[bpi_double_format(value, text)] = '\0';
  cr_assert_str_eq(text, wanted);
}

Test(json_write, doubles_are_short_and_never_integers) {
  formats(0.0, "0.0");
  formats(-0.0, "-0.0");
  formats(1, "1.0");
  formats(-1.5, "-1.5");
  formats(100, "100.0");
  formats(0.1, "0.1");
  formats(1.0 / 3, "0.3333333333333333");
  formats(1e15, "1000000000000000.0");
  formats(1e16, "1e+16");
  formats(1.5e16, "1.5e+16");
  formats(1234567890123456.0, "1234567890123456.0");
  formats(12345678901234567.0, "1.2345678901234568e+16");
  formats(1e-5, "0.00001");
  formats(1.5e-5, "0.000015");
  formats(1e-6, "1e-6");
  formats(5e-324, "5e-324");
  formats(2.225073858507201e-308, "2.225073858507201e-308");
  formats(1.7976931348623157e308, "1.7976931348623157e+308");
  formats(-9.223372036854775808e18, "-9.223372036854776e+18");
  /* Powers of two, where the nearest short decimal lies on the narrow side. */
  formats(0x1p-44, "5.684341886080802e-14");
  formats(9007199254740992.0, "9007199254740992.0");
  formats(0x1.0p-791, "7.678447687145631e-239");
}

static void reads_back(double value) {
  char text[BPI_DOUBLE_TEXT_MAX + 1], shorter[64];
  size_t length = bpi_double_format(value, text);
  text[length] = '\0';
  double back = strtod(text, NULL);
  cr_assert_eq(memcmp(&back, &value, sizeof back), 0, "%a: %s", value, text);
  cr_assert(strpbrk(text, ".e") != NULL);
  /* No shorter one would do: what C rounds to one digit less is another number. */
  int digits = 0;
  for (const char *at = text; *at != '\0' && *at != 'e'; at++) {
    if (*at >= '1' && *at <= '9') digits++;
    if (*at == '0' && digits > 0) digits++;
  }
  if (strchr(text, 'e') == NULL) return;
  if (digits < 2) return;
  snprintf(shorter, sizeof shorter, "%.*e", digits - 2, value);
  cr_assert(strtod(shorter, NULL) < value || strtod(shorter, NULL) > value, "%s", text);
}

Test(json_write, doubles_read_back, .timeout = 60) {
  chance from = chance_begin("doubles");
  for (int round = 0; round < 200000; round++) {
    uint64_t bits = round % 3 == 0 ? chance_number(&from) : chance_next(&from);
    double value;
    memcpy(&value, &bits, sizeof value);
    if (!__builtin_isfinite(value) || __builtin_signbit(value)) continue;
    if (value > 0) reads_back(value);
    double rounded = (double)(int64_t)(chance_next(&from) >> 34) / 1000.0;
    if (rounded > 0) reads_back(rounded);
  }
  for (int exponent = -1074; exponent < 1024; exponent++) {
    double power = __builtin_ldexp(1.0, exponent);
    char text[BPI_DOUBLE_TEXT_MAX + 1];
    text[bpi_double_format(power, text)] = '\0';
    double back = strtod(text, NULL);
    cr_assert_eq(memcmp(&back, &power, sizeof back), 0, "%d", exponent);
  }
}

Test(json_write, the_locale_has_no_say) {
  static const char *const commas[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "ps_AF.UTF-8"};
  for (size_t i = 0; i < sizeof commas / sizeof commas[0]; i++) {
    if (setlocale(LC_ALL, commas[i]) == NULL) continue;
    says("cb3ff8000000000000", "1.5");
    uint8_t out[16];
    size_t needed;
    cr_assert_eq(bp_payload_from_json((const uint8_t *)"1.5", 3, out, sizeof out, &needed, NULL), BP_OK);
    cr_assert_str_eq(to_hex(out, needed), "cb3ff8000000000000");
  }
}

/* -------------------------------------------------------------------------------------------------------- both ways -- */

static void pack_any(bpi_buffer *out, chance *from, unsigned level) {
  static const char *const texts[] = {"", "a", "\xc3\xa4", "\"\\/", "\x01\x1f", "\xf0\x9f\x98\x80", "key", "a longer text of no meaning"};
  uint64_t number = chance_number(from);
  double real;
  switch (chance_below(from, level < 6 ? 9 : 7)) {
    case 0: bpi_pack_nil(out); return;
    case 1: bpi_pack_bool(out, (int)(number & 1)); return;
    case 2: bpi_pack_u64(out, number); return;
    case 3: bpi_pack_i64(out, (int64_t)~(number >> 1)); return;
    case 4:
      memcpy(&real, &number, sizeof real);
      bpi_pack_f64(out, __builtin_isfinite(real) ? real : 0.5);
      return;
    case 5: bpi_pack_text(out, texts[number % 8]); return;
    case 6: bpi_pack_str(out, "zero\0byte", 9); return;
    case 7:
      bpi_pack_array(out, (uint32_t)(number % 5));
      for (uint64_t i = 0; i < number % 5; i++) pack_any(out, from, level + 1);
      return;
    default:
      bpi_pack_map(out, (uint32_t)(number % 5));
      for (uint64_t i = 0; i < number % 5; i++) {
        char key[16];
        int length = snprintf(key, sizeof key, "%llu%c", (unsigned long long)i, chance_below(from, 3) == 0 ? '\0' : 'x');
        bpi_pack_str(out, key, (size_t)length);
        pack_any(out, from, level + 1);
      }
      return;
  }
}

/* P-072 */
Test(json_write, canonical_payloads_come_back_byte_for_byte, .timeout = 120) {
  chance from = chance_begin("json");
  bpi_memory memory = bpi_memory_default();
  bpi_buffer payload;
  bpi_buffer_init(&payload, &memory);
  for (int round = 0; round < 5000; round++) {
    payload.length = 0;
    pack_any(&payload, &from, 0);
    size_t text_length = 0, back_length = 0;
    (void)bp_payload_to_json(payload.data, payload.length, NULL, 0, &text_length, NULL);
    uint8_t *text = (uint8_t *)malloc(text_length), *back = (uint8_t *)malloc(payload.length);
    bp_error error = {.struct_size = sizeof error};
    cr_assert_eq(bp_payload_to_json(payload.data, payload.length, text, text_length, &text_length, &error), BP_OK, "%s",
                 error.text);
    cr_assert_eq(bp_payload_from_json(text, text_length, back, payload.length, &back_length, &error), BP_OK, "%s: %.*s",
                 error.text, (int)text_length, (const char *)text);
    cr_assert(bpi_bytes_equal(bpi_bytes_of(back, back_length), bpi_bytes_of(payload.data, payload.length)), "%.*s",
              (int)text_length, (const char *)text);
    free(text);
    free(back);
  }
  bpi_buffer_free(&payload);
}

Test(json_write, random_bytes_never_lead_astray, .timeout = 60) {
  chance from = chance_begin("json, random");
  for (int round = 0; round < 100000; round++) {
    uint8_t bytes[64];
    static char out[ROOM];
    size_t length = (size_t)chance_below(&from, sizeof bytes), needed;
    chance_fill(&from, bytes, length);
    for (size_t i = 0; i < length; i++) {
      if (chance_below(&from, 2) == 0) bytes[i] = (uint8_t)"\x81\x82\x91\x92\xa1\xa0\x61\xc0"[chance_below(&from, 8)];
    }
    (void)convert(bytes, length, out, &needed, NULL);
  }
}
