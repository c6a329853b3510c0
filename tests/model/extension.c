/* Receipt extensions (encoding.md 3.10). */
#include "codec/pack.h"
#include "model/event.h"
#include "support/memory_fault.h"
#include "support/values.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static bp_extension item(const char *name, const char *value) {
  bp_extension made = {(const uint8_t *)name, strlen(name), (const uint8_t *)value, strlen(value)};
  return made;
}

Test(extension, rules_of_a_name_in_their_order) {
  char long_name[300];
  memset(long_name, 'x', sizeof long_name);
  long_name[1] = '.';
  long_name[256] = '\0';
  const struct {
    const char *name;
    bp_status status;
  } rows[] = {
      {"acme.trace", BP_OK},
      {"a.b", BP_OK},
      {"Batpak.x", BP_OK},
      {"batpak2.x", BP_OK},
      {"x.batpak", BP_OK},
      {"a b.\x01", BP_OK},
      {long_name, BP_OK},
      {"", BP_EXTENSION_EMPTY},
      {"\xc3\xa4", BP_EXTENSION_NON_ASCII},
      {"nodot\x80", BP_EXTENSION_NON_ASCII},
      {"nodot", BP_EXTENSION_NAMESPACE},
      {".a", BP_EXTENSION_NAMESPACE},
      {"a.", BP_EXTENSION_NAMESPACE},
      {".", BP_EXTENSION_NAMESPACE},
      {"a.b.c", BP_EXTENSION_NAMESPACE},
      {"batpak.a.b", BP_EXTENSION_NAMESPACE},
      {"batpak.signing.downgrade", BP_EXTENSION_NAMESPACE},
      {"batpak.x", BP_EXTENSION_RESERVED},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    bp_extension items[] = {item("good.one", ""), item(rows[i].name, "v")};
    bp_error error = {.struct_size = sizeof error};
    cr_assert_eq(bpi_extensions_check(items, 2, &error), rows[i].status, "%s", rows[i].name);
  }
  memset(long_name, 'x', 257);
  long_name[257] = '\0';
  bp_extension longer = item(long_name, "v");
  cr_assert_eq(bpi_extensions_check(&longer, 1, NULL), BP_EXTENSION_TOO_LONG, "before the namespace");
  long_name[256] = (char)0x80;
  cr_assert_eq(bpi_extensions_check(&longer, 1, NULL), BP_EXTENSION_NON_ASCII, "before the length");
}

Test(extension, pointers_are_checked) {
  bp_extension items[] = {item("a.b", "v"), {NULL, 1, NULL, 0}};
  cr_assert_eq(bpi_extensions_check(items, 2, NULL), BP_ARGUMENT);
  items[1] = item("a.c", "");
  items[1].value = NULL;
  cr_assert_eq(bpi_extensions_check(items, 2, NULL), BP_OK);
  items[1].value_length = 1;
  cr_assert_eq(bpi_extensions_check(items, 2, NULL), BP_ARGUMENT);
  cr_assert_eq(bpi_extensions_check(NULL, 1, NULL), BP_ARGUMENT);
  cr_assert_eq(bpi_extensions_check(NULL, 0, NULL), BP_OK);
}

static const char *encoded(const bp_extension *items, size_t count) {
  static uint8_t map[4096];
  size_t needed = 0;
  cr_assert_eq(bp_extensions_encode(items, count, map, sizeof map, &needed, NULL), BP_OK);
  return to_hex(map, needed);
}

Test(extension, the_map_is_canonical) {
  bp_extension one[] = {item("acme.trace", "\x01\xff")};
  cr_assert_str_eq(encoded(one, 1), "81aa61636d652e74726163659201ccff");
  cr_assert_str_eq(encoded(NULL, 0), "80");
  /* Bytewise ascending, a prefix first; of equal names the last. */
  bp_extension many[] = {item("b.a", "1"), item("a.b", "2"), item("a.a", "3"), item("a.aa", "4"), item("A.z", "5"),
                         item("a.b", "6"), item("b.a", "7"), item("a.b", "8")};
  cr_assert_str_eq(encoded(many, 8), "85" "a3412e7a9135" "a3612e619133" "a4612e61619134" "a3612e629138" "a3622e619137");
}

Test(extension, many_names_are_sorted) {
  enum { COUNT = 3000 };
  static char names[COUNT][16];
  static bp_extension items[COUNT];
  chance from = chance_begin("extension");
  for (size_t i = 0; i < COUNT; i++) {
    snprintf(names[i], sizeof names[i], "n.%llu", (unsigned long long)chance_below(&from, 2000));
    items[i] = item(names[i], names[i]);
    items[i].value = (const uint8_t *)&names[i][0];
  }
  bpi_memory memory = bpi_memory_default();
  bpi_buffer map;
  bpi_buffer_init(&map, &memory);
  bpi_extensions_pack(&map, items, COUNT);
  cr_assert_not(map.failed);
  static bp_extension back[COUNT];
  static uint8_t values[COUNT * 16];
  size_t count, length;
  cr_assert_eq(bp_extensions_decode(map.data, map.length, back, COUNT, &count, values, sizeof values, &length, NULL), BP_OK);
  cr_assert(count > 1000 && count < 2000);
  for (size_t i = 0; i < count; i++) {
    bpi_bytes name = bpi_bytes_of(back[i].name, back[i].name_length);
    cr_assert(bpi_bytes_equal(name, bpi_bytes_of(back[i].value, back[i].value_length)));
    if (i > 0) cr_assert_lt(bpi_bytes_compare(bpi_bytes_of(back[i - 1].name, back[i - 1].name_length), name), 0);
  }
  bpi_buffer_free(&map);
}

Test(extension, packing_without_memory_fails) {
  bp_extension items[40];
  for (size_t i = 0; i < 40; i++) items[i] = item("a.b", "some value");
  for (uint64_t failing = 1; failing <= 2; failing++) {
    memory_fault fault = {0};
    bpi_memory memory = memory_fault_table(&fault);
    bpi_buffer map;
    bpi_buffer_init(&map, &memory);
    memory_fault_arm(&fault, failing, 0);
    bpi_extensions_pack(&map, items, 40);
    cr_assert(map.failed);
    bpi_buffer_free(&map);
    cr_assert_eq(fault.live_blocks, 0);
    cr_assert_eq(fault.wrong_sizes, 0);
  }
  memory_fault fault = {0};
  bpi_memory memory = memory_fault_table(&fault);
  bpi_buffer map;
  bpi_buffer_init(&map, &memory);
  bpi_extensions_pack(&map, NULL, 0);
  cr_assert_eq(map.length, 0, "none are not even an empty map");
  cr_assert_eq(fault.allocations, 0);
}

Test(extension, encoding_follows_the_rule_for_buffers) {
  bp_extension items[] = {item("a.b", "v")};
  uint8_t map[7] = {9};
  size_t needed = 0;
  cr_assert_eq(bp_extensions_encode(items, 1, map, 6, &needed, NULL), BP_TOO_SMALL);
  cr_assert_eq(needed, 7);
  cr_assert_eq(map[0], 9);
  cr_assert_eq(bp_extensions_encode(items, 1, map, 7, &needed, NULL), BP_OK);
  cr_assert_eq(bp_extensions_encode(items, 1, NULL, 7, &needed, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_extensions_encode(items, 1, map, 7, NULL, NULL), BP_ARGUMENT);
  items[0].name_length = 0;
  cr_assert_eq(bp_extensions_encode(items, 1, map, 7, &needed, NULL), BP_EXTENSION_EMPTY);
}

static bp_status decode(const char *hex, bp_extension *items, size_t capacity, size_t *count, uint8_t *values,
                        size_t values_capacity, size_t *length, bp_error *error) {
  static uint8_t *last;
  uint8_t map[512];
  size_t size = from_hex(hex, map, sizeof map);
  free(last);
  last = exact_copy(map, size);
  return bp_extensions_decode(last, size, items, capacity, count, values, values_capacity, length, error);
}

Test(extension, decoding) {
  bp_extension items[4];
  uint8_t values[16];
  size_t count, length;
  cr_assert_eq(decode("82 a3612e61 92 01 ccff a3612e62 c403 0102fe", items, 4, &count, values, 16, &length, NULL), BP_OK);
  cr_assert_eq(count, 2);
  cr_assert_eq(length, 5);
  cr_assert_arr_eq(items[0].name, "a.a", 3);
  cr_assert_eq(items[0].name_length, 3);
  cr_assert_eq(items[0].value_length, 2);
  cr_assert_arr_eq(items[0].value, "\x01\xff", 2);
  cr_assert_arr_eq(items[1].value, "\x01\x02\xfe", 3);
  cr_assert_eq(items[1].value, values + 2);
  cr_assert_eq(decode("", items, 4, &count, values, 16, &length, NULL), BP_OK);
  cr_assert_eq(count, 0);
  cr_assert_eq(decode("80", NULL, 0, &count, NULL, 0, &length, NULL), BP_OK);
  cr_assert_eq(count + length, 0);
  cr_assert_eq(decode("81 a161 90", items, 1, &count, NULL, 0, &length, NULL), BP_OK, "names are not checked");
}

Test(extension, decoding_says_what_it_needs) {
  bp_extension items[4];
  uint8_t values[16];
  size_t count = 0, length = 0;
  bp_error error = {.struct_size = sizeof error};
  const char *map = "82 a3612e61 92 01 ccff a3612e62 92 01 02";
  cr_assert_eq(decode(map, items, 1, &count, values, 16, &length, &error), BP_TOO_SMALL);
  cr_assert_eq(count, 2);
  cr_assert_eq(length, 4);
  cr_assert_eq(error.expected, 2);
  cr_assert_eq(decode(map, items, 2, &count, values, 3, &length, &error), BP_TOO_SMALL);
  cr_assert_eq(error.expected, 4);
  cr_assert_eq(decode(map, NULL, 0, &count, NULL, 0, &length, &error), BP_TOO_SMALL);
  cr_assert_eq(decode(map, items, 2, &count, values, 4, &length, &error), BP_OK);
  cr_assert_eq(bp_extensions_decode(NULL, 1, items, 1, &count, values, 1, &length, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_extensions_decode(values, 1, NULL, 1, &count, values, 1, &length, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_extensions_decode(values, 1, items, 1, NULL, values, 1, &length, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_extensions_decode(values, 1, items, 1, &count, NULL, 1, &length, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_extensions_decode(values, 1, items, 1, &count, values, 1, NULL, NULL), BP_ARGUMENT);
}

Test(extension, what_is_no_map_of_names_to_bytes) {
  static const struct {
    const char *hex;
    bp_status status;
    uint64_t offset;
  } rows[] = {
      {"90", BP_MESSAGEPACK, 0},           {"c0", BP_MESSAGEPACK, 0},        {"81", BP_MESSAGEPACK, 0},
      {"81 a161", BP_MESSAGEPACK, 3},      {"81 a161 c0", BP_MESSAGEPACK, 3}, {"81 a161 91cd0100", BP_MESSAGEPACK, 3},
      {"81 01 90", BP_MESSAGEPACK, 1},     {"81 a1ff 90", BP_UTF8, 1},       {"81 a161 90 00", BP_MESSAGEPACK, 4},
      {"df ffffffff 00", BP_MESSAGEPACK, 0}, {"81 a161 dd ffffffff 00", BP_MESSAGEPACK, 3},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    bp_extension items[2];
    uint8_t values[8];
    size_t count = 7, length = 7;
    bp_error error = {.struct_size = sizeof error};
    cr_assert_eq(decode(rows[i].hex, items, 2, &count, values, 8, &length, &error), rows[i].status, "%s", rows[i].hex);
    cr_assert_eq(error.offset, rows[i].offset, "%s: %llu", rows[i].hex, (unsigned long long)error.offset);
    cr_assert_eq(count, 7);
    cr_assert_eq(length, 7);
  }
}

static int equal(const char *a, const char *b) {
  uint8_t x[512], y[512];
  size_t x_length = from_hex(a, x, sizeof x), y_length = from_hex(b, y, sizeof y);
  uint8_t *left = exact_copy(x, x_length), *right = exact_copy(y, y_length);
  int answer = bpi_extensions_equal(bpi_bytes_of(left, x_length), bpi_bytes_of(right, y_length));
  cr_assert_eq(answer, bpi_extensions_equal(bpi_bytes_of(right, y_length), bpi_bytes_of(left, x_length)));
  free(left);
  free(right);
  return answer;
}

Test(extension, equality_is_of_meaning) {
  cr_assert(equal("", ""));
  cr_assert(equal("", "80"));
  cr_assert(equal("80", "de0000"));
  cr_assert(equal("81 a161 9105", "81 a161 9105"));
  cr_assert(equal("81 a161 9105", "df00000001 d90161 dc0001cc05"));
  cr_assert(equal("81 a161 9105", "81 c40161 c40105"));
  cr_assert(equal("82 a161 9105 a162 90", "82 a162 90 a161 9105"));
  cr_assert(equal("82 a161 9101 a161 9102", "81 a161 9102"));
  cr_assert(equal("83 a162 90 a161 9101 a161 9102", "83 a161 9103 a161 9102 a162 c400"));
  cr_assert_not(equal("", "81 a161 90"));
  cr_assert_not(equal("81 a161 9105", "81 a161 9106"));
  cr_assert_not(equal("81 a161 9105", "81 a161 920500"));
  cr_assert_not(equal("81 a161 9105", "81 a162 9105"));
  cr_assert_not(equal("81 a161 9105", "82 a161 9105 a162 90"));
  cr_assert_not(equal("82 a161 9101 a161 9102", "81 a161 9101"));
  cr_assert_not(equal("82 a161 9105 a162 90", "82 a162 90 a161 9106"));
  cr_assert_not(equal("81 a161 9105", "81 a161"));
  cr_assert_not(equal("80", "90"));
  cr_assert_not(equal("80", "c1"));
}

Test(extension, comparing_hostile_maps_takes_no_time, .timeout = 60) {
  bpi_memory memory = bpi_memory_default();
  bpi_buffer maps[2];
  for (int k = 0; k < 2; k++) {
    bpi_buffer_init(&maps[k], &memory);
    bpi_pack_map(&maps[k], 1000000);
    for (int i = 0; i < 1000000; i++) {
      bpi_pack_text(&maps[k], i % 2 ? "b" : "a");
      bpi_pack_octets(&maps[k], (const uint8_t *)"\x01", (size_t)(i + k) % 2);
    }
  }
  cr_assert_not(bpi_extensions_equal(bpi_bytes_of(maps[0].data, maps[0].length), bpi_bytes_of(maps[1].data, maps[1].length)));
  bpi_buffer_free(&maps[0]);
  bpi_buffer_free(&maps[1]);
}
