/* Byte vectors as arrays of integers: every set of loops this machine can run, against the plainest code there is. */
#include "codec/octets.h"
#include "codec/pack.h"
#include "codec/unpack.h"
#include "support/values.h"

#include <criterion/criterion.h>
#include <stdlib.h>

typedef void (*each_loops)(const bpi_octets_loops *loops);

static void with_each(each_loops body) {
  body(&bpi_octets_portable);
  if (bpi_octets_shuffle_works()) body(&bpi_octets_shuffle);
}

static size_t plain_encode(const uint8_t *bytes, size_t length, uint8_t *out) {
  uint8_t *at = out;
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] >= 0x80) *at++ = 0xcc;
    *at++ = bytes[i];
  }
  return (size_t)(at - out);
}

/* Encodes into exactly the room that is promised, decodes from exactly the bytes there are into exactly their number, and
 * refuses every input that is cut. */
static void round_trip(const bpi_octets_loops *loops, const uint8_t *bytes, size_t length) {
  uint8_t *wanted = (uint8_t *)malloc(2 * length), *encoded = (uint8_t *)malloc(2 * length);
  uint8_t *exact = exact_copy(bytes, length), *decoded = (uint8_t *)malloc(length);
  size_t size = plain_encode(bytes, length, wanted);
  cr_assert_eq((size_t)(loops->put(encoded, exact, length) - encoded), size);
  cr_assert_eq(size == 0 ? 0 : memcmp(encoded, wanted, size), 0, "%s", to_hex(bytes, length));

  uint8_t *input = exact_copy(wanted, size);
  cr_assert_eq(loops->scan(input, input + size, length), input + size);
  cr_assert_eq(loops->decode(input, input + size, length, decoded, length), input + size);
  cr_assert_eq(length == 0 ? 0 : memcmp(decoded, bytes, length), 0, "%s", to_hex(bytes, length));
  if (size > 0) {
    uint8_t *cut = exact_copy(input, size - 1);
    cr_assert_null(loops->scan(cut, cut + size - 1, length));
    cr_assert_null(loops->decode(cut, cut + size - 1, length, decoded, length));
    free(cut);
  }
  free(input);
  free(decoded);
  free(exact);
  free(encoded);
  free(wanted);
}

static void all_masks(const bpi_octets_loops *loops) {
  /* Every pattern of high and low bytes over sixteen, plain ones and markers as values. */
  for (unsigned mask = 0; mask < 65536; mask++) {
    uint8_t bytes[16];
    for (unsigned i = 0; i < 16; i++) bytes[i] = mask >> i & 1 ? (uint8_t)(0xcc + (i & 1)) : (uint8_t)i;
    round_trip(loops, bytes, sizeof bytes);
  }
}

Test(octets, every_mask_of_sixteen_bytes, .timeout = 120) { with_each(all_masks); }

static void all_values(const bpi_octets_loops *loops) {
  for (unsigned value = 0; value < 256; value++) {
    for (size_t length = 0; length <= 200; length++) {
      uint8_t bytes[200];
      memset(bytes, (int)value, sizeof bytes);
      round_trip(loops, bytes, length);
    }
  }
}

Test(octets, every_value_at_every_length, .timeout = 120) { with_each(all_values); }

static void at_random(const bpi_octets_loops *loops) {
  chance from = chance_begin("octets");
  for (int round = 0; round < 60000; round++) {
    uint8_t bytes[300];
    size_t length = (size_t)chance_below(&from, sizeof bytes);
    uint64_t markers = chance_below(&from, 5);
    for (size_t i = 0; i < length; i++) {
      bytes[i] = chance_below(&from, 4) < markers ? 0xcc : (uint8_t)chance_next(&from);
    }
    round_trip(loops, bytes, length);
  }
}

Test(octets, random_bytes_and_runs_of_the_marker, .timeout = 120) { with_each(at_random); }

/* One element in any of the forms that a reader takes. */
static uint8_t *put_any_form(chance *from, uint8_t *at, uint8_t value) {
  static const struct {
    uint8_t marker, width;
  } forms[] = {{0xcc, 1}, {0xcd, 2}, {0xce, 4}, {0xcf, 8}, {0xd1, 2}, {0xd2, 4}, {0xd3, 8}, {0xd0, 1}};
  uint64_t form = chance_below(from, 24);
  if (form >= 7) form = value < 0x80 && form != 7 ? 99 : value < 0x80 ? 7 : 0;
  if (form == 99) {
    *at = value;
    return at + 1;
  }
  *at++ = forms[form].marker;
  memset(at, 0, forms[form].width);
  at[forms[form].width - 1] = value;
  return at + forms[form].width;
}

static void any_form(const bpi_octets_loops *loops) {
  chance from = chance_begin("octets, any form");
  for (int round = 0; round < 30000; round++) {
    uint8_t bytes[150], encoded[150 * 9], decoded[150];
    size_t length = (size_t)chance_below(&from, sizeof bytes);
    uint8_t *end = encoded;
    for (size_t i = 0; i < length; i++) {
      bytes[i] = chance_below(&from, 3) == 0 ? 0xcc : (uint8_t)chance_next(&from);
      end = put_any_form(&from, end, bytes[i]);
    }
    uint8_t *input = exact_copy(encoded, (size_t)(end - encoded));
    const uint8_t *input_end = input + (end - encoded);
    cr_assert_eq(loops->scan(input, input_end, length), input_end);
    cr_assert_eq(loops->decode(input, input_end, length, decoded, length), input_end);
    cr_assert_eq(length == 0 ? 0 : memcmp(decoded, bytes, length), 0);
    free(input);
  }
}

Test(octets, integers_of_any_width_are_read, .timeout = 120) { with_each(any_form); }

static void strangers(const bpi_octets_loops *loops) {
  static const char *const elements[] = {
      "c0", "c2", "c3", "c1", "cd0100", "ce00000100", "cf0000000000000100", "d0ff", "d1ffff", "ff", "e0", "a0", "a141",
      "90", "80", "c400", "ca3f800000", "cb3ff0000000000000", "d40000", "c70000", "d90141",
  };
  for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
    for (size_t before = 0; before < 150; before += 7) {
      uint8_t encoded[400];
      memset(encoded, 0xcc, before * 2);
      size_t size = before * 2 + from_hex(elements[i], encoded + before * 2, 16);
      memset(encoded + size, 0x01, 80);
      uint8_t decoded[400];
      cr_assert_null(loops->scan(encoded, encoded + size + 80, before + 81), "%s", elements[i]);
      cr_assert_null(loops->decode(encoded, encoded + size + 80, before + 81, decoded, sizeof decoded));
      cr_assert_eq(loops->scan(encoded, encoded + size + 80, before), encoded + before * 2);
    }
  }
}

Test(octets, what_is_no_octet_is_refused_wherever_it_stands) { with_each(strangers); }

Test(octets, headers_are_as_long_as_the_count_wants) {
  chance from = chance_begin("octets, headers");
  static uint8_t bytes[70000], encoded[5 + 2 * sizeof bytes];
  chance_fill(&from, bytes, sizeof bytes);
  static const size_t lengths[] = {0, 1, 15, 16, 255, 256, 65535, 65536, 70000};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    size_t size = (size_t)(bpi_put_octets(encoded, bytes, lengths[i]) - encoded);
    size_t wanted = lengths[i] + (lengths[i] < 16 ? 1 : lengths[i] <= UINT16_MAX ? 3 : 5);
    for (size_t k = 0; k < lengths[i]; k++) wanted += bytes[k] >= 0x80;
    cr_assert_eq(size, wanted);
    bpi_unpack in = {encoded, encoded + size};
    bpi_bytes elements;
    size_t length;
    int is_bin;
    cr_assert_eq(bpi_unpack_octets(&in, &elements, &length, &is_bin), BP_OK);
    cr_assert_eq(length, lengths[i]);
    cr_assert_not(is_bin);
    cr_assert_eq(in.at, in.end);
  }
}

Test(octets, are_read_from_bin_of_any_width) {
  static const char *const inputs[] = {"c403 00ccff", "c50003 00ccff", "c600000003 00ccff"};
  for (size_t i = 0; i < 3; i++) {
    uint8_t input[16], decoded[3];
    size_t size = from_hex(inputs[i], input, sizeof input);
    bpi_unpack in = {input, input + size};
    bpi_bytes elements;
    size_t length;
    int is_bin;
    cr_assert_eq(bpi_unpack_octets(&in, &elements, &length, &is_bin), BP_OK);
    cr_assert_eq(length, 3);
    cr_assert(is_bin);
    bpi_octets_decode(elements, is_bin, decoded, length);
    cr_assert_arr_eq(decoded, "\x00\xcc\xff", 3);
  }
}

Test(octets, leave_the_cursor_where_it_was_when_refused) {
  static const char *const inputs[] = {"a3616263", "c0", "80", "920100c0", "92 01 cd0100", "9301", "93 01 02", "c40301", "05"};
  for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
    uint8_t input[16];
    /* The fourth is two good elements before a stranger: good. */
    int good = i == 3;
    size_t size = from_hex(inputs[i], input, sizeof input);
    bpi_unpack in = {input, input + size};
    bpi_bytes elements;
    size_t length;
    int is_bin;
    cr_assert_eq(bpi_unpack_octets(&in, &elements, &length, &is_bin), good ? BP_OK : BP_MESSAGEPACK, "%s", inputs[i]);
    cr_assert_eq(in.at, good ? input + 3 : input);
  }
}
