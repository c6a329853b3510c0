/* The encode table of the reference's profile (encoding.md 1.1), row by row, at every width. */
#include "codec/pack.h"
#include "support/memory_fault.h"
#include "support/values.h"

#include <criterion/criterion.h>

static bpi_buffer out;

static void begin(void) {
  bpi_memory memory = bpi_memory_default();
  bpi_buffer_init(&out, &memory);
}

static void end(void) { bpi_buffer_free(&out); }

TestSuite(pack, .init = begin, .fini = end);

/* What was packed since the last look. */
static void expect(const char *hex) {
  cr_assert_not(out.failed);
  cr_assert_str_eq(to_hex(out.data, out.length), hex);
  out.length = 0;
}

Test(pack, nil_and_bool) {
  bpi_pack_nil(&out);
  expect("c0");
  bpi_pack_bool(&out, 0);
  expect("c2");
  bpi_pack_bool(&out, 1);
  expect("c3");
  bpi_pack_bool(&out, -5);
  expect("c3");
}

Test(pack, unsigned_integers_take_the_shortest_form) {
  static const struct {
    uint64_t value;
    const char *hex;
  } rows[] = {
      {0, "00"},
      {1, "01"},
      {0x7f, "7f"},
      {0x80, "cc80"},
      {0xff, "ccff"},
      {0x100, "cd0100"},
      {0xffff, "cdffff"},
      {0x10000, "ce00010000"},
      {0xffffffff, "ceffffffff"},
      {0x100000000, "cf0000000100000000"},
      {UINT64_MAX, "cfffffffffffffffff"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    bpi_pack_u64(&out, rows[i].value);
    expect(rows[i].hex);
    if (rows[i].value <= INT64_MAX) {
      bpi_pack_i64(&out, (int64_t)rows[i].value);
      expect(rows[i].hex);
    }
  }
}

Test(pack, negative_integers_take_the_shortest_signed_form) {
  static const struct {
    int64_t value;
    const char *hex;
  } rows[] = {
      {-1, "ff"},
      {-32, "e0"},
      {-33, "d0df"},
      {-128, "d080"},
      {-129, "d1ff7f"},
      {-32768, "d18000"},
      {-32769, "d2ffff7fff"},
      {INT32_MIN, "d280000000"},
      {(int64_t)INT32_MIN - 1, "d3ffffffff7fffffff"},
      {INT64_MIN, "d38000000000000000"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    bpi_pack_i64(&out, rows[i].value);
    expect(rows[i].hex);
  }
}

Test(pack, doubles_keep_their_bits) {
  bpi_pack_f64(&out, 1.0);
  expect("cb3ff0000000000000");
  bpi_pack_f64(&out, -0.0);
  expect("cb8000000000000000");
  uint64_t bits = 0x7ff4000000000123;
  double signalling;
  memcpy(&signalling, &bits, sizeof bits);
  bpi_pack_f64(&out, signalling);
  cr_assert_eq(bpi_load_be64(out.data + 1) | (uint64_t)1 << 51, bits | (uint64_t)1 << 51, "quiet bit aside");
}

/* `header` in front of `length` equal bytes. */
static void expect_long(const char *header, size_t length) {
  uint8_t wanted[8];
  size_t header_length = from_hex(header, wanted, sizeof wanted);
  cr_assert_eq(out.length, header_length + length);
  cr_assert_arr_eq(out.data, wanted, header_length);
  for (size_t i = header_length; i < out.length; i++) cr_assert_eq(out.data[i], 'a');
  out.length = 0;
}

Test(pack, strings_of_every_width) {
  static const struct {
    size_t length;
    const char *header;
  } rows[] = {
      {0, "a0"},       {1, "a1"},         {31, "bf"},         {32, "d920"},
      {255, "d9ff"},   {256, "da0100"},   {65535, "daffff"},  {65536, "db00010000"},
  };
  static char text[65536];
  memset(text, 'a', sizeof text);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    bpi_pack_str(&out, text, rows[i].length);
    expect_long(rows[i].header, rows[i].length);
  }
  bpi_pack_text(&out, "event");
  expect("a56576656e74");
  bpi_pack_str(&out, NULL, 0);
  expect("a0");
}

Test(pack, bins_of_every_width) {
  static const struct {
    size_t length;
    const char *header;
  } rows[] = {{0, "c400"}, {16, "c410"}, {255, "c4ff"}, {256, "c50100"}, {65535, "c5ffff"}, {65536, "c600010000"}};
  static char bytes[65536];
  memset(bytes, 'a', sizeof bytes);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    bpi_pack_bin(&out, bytes, rows[i].length);
    expect_long(rows[i].header, rows[i].length);
  }
}

Test(pack, container_headers_of_every_width) {
  static const struct {
    uint32_t count;
    const char *array, *map;
  } rows[] = {
      {0, "90", "80"},         {15, "9f", "8f"},         {16, "dc0010", "de0010"},
      {65535, "dcffff", "deffff"}, {65536, "dd00010000", "df00010000"}, {UINT32_MAX, "ddffffffff", "dfffffffff"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    bpi_pack_array(&out, rows[i].count);
    expect(rows[i].array);
    bpi_pack_map(&out, rows[i].count);
    expect(rows[i].map);
  }
}

Test(pack, bytes_become_arrays_of_integers) {
  static const uint8_t bytes[] = {0x00, 0x7f, 0x80, 0xcc, 0xff};
  bpi_pack_octets(&out, bytes, sizeof bytes);
  expect("95007fcc80ccccccff");
  bpi_pack_octets(&out, NULL, 0);
  expect("90");
}

Test(pack, a_writer_without_memory_says_so_at_the_end) {
  for (uint64_t failing = 1; failing <= 4; failing++) {
    memory_fault fault = {0};
    bpi_memory memory = memory_fault_table(&fault);
    bpi_buffer buffer;
    bpi_buffer_init(&buffer, &memory);
    memory_fault_arm(&fault, failing, 0);
    for (int i = 0; i < 100; i++) {
      bpi_pack_text(&buffer, "some text");
      bpi_pack_u64(&buffer, 1u << 20);
      bpi_pack_i64(&buffer, -(1 << 20));
      bpi_pack_f64(&buffer, 0.5);
      bpi_pack_bool(&buffer, 1);
      bpi_pack_octets(&buffer, (const uint8_t *)"\xff\xfe", 2);
      bpi_pack_bin(&buffer, "abc", 3);
      bpi_pack_map(&buffer, 3);
    }
    cr_assert(buffer.failed);
    size_t needed = 77;
    cr_assert_eq(bpi_pack_hand_over(&buffer, NULL, 0, &needed, NULL), BP_NO_MEMORY);
    cr_assert_eq(needed, 77);
    bpi_buffer_free(&buffer);
    cr_assert_eq(fault.live_blocks, 0);
    cr_assert_eq(fault.wrong_sizes, 0);
  }
}

Test(pack, handing_over_follows_the_rule_for_buffers) {
  uint8_t room[4] = {9, 9, 9, 9};
  size_t needed = 0;
  bpi_pack_text(&out, "ab");
  cr_assert_eq(bpi_pack_hand_over(&out, room, 2, &needed, NULL), BP_TOO_SMALL);
  cr_assert_eq(needed, 3);
  cr_assert_eq(room[0], 9, "a buffer that is too small is untouched");
  cr_assert_eq(bpi_pack_hand_over(&out, NULL, 0, &needed, NULL), BP_TOO_SMALL);
  cr_assert_eq(bpi_pack_hand_over(&out, room, 3, &needed, NULL), BP_OK);
  cr_assert_arr_eq(room, "\xa2" "ab\x09", 4);
}
