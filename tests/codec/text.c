/* UTF-8 and hexadecimal. */
#include "codec/text.h"
#include "support/values.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* RFC 3629 by decoding and encoding again: the slow and plain way. */
static int plainly_valid(const uint8_t *at, size_t length) {
  while (length > 0) {
    size_t width = at[0] < 0x80 ? 1 : at[0] < 0xc0 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf8 ? 4 : 0;
    if (width == 0 || width > length) return 0;
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t point = at[0] & masks[width];
    for (size_t i = 1; i < width; i++) {
      if (at[i] >> 6 != 2) return 0;
      point = point << 6 | (at[i] & 0x3f);
    }
    if (point < least[width] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return 0;
    at += width;
    length -= width;
  }
  return 1;
}

Test(utf8, agrees_with_the_definition_on_all_short_texts, .timeout = 120) {
  uint8_t bytes[3];
  for (unsigned value = 0; value < 1u << 24; value++) {
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
    bytes[2] = (uint8_t)(value >> 16);
    size_t length = value < 1u << 8 ? 1 : value < 1u << 16 ? 2 : 3;
    if (bpi_utf8_valid(bytes, length) != plainly_valid(bytes, length)) cr_assert_fail("%s", to_hex(bytes, length));
  }
}

Test(utf8, agrees_on_all_leads_of_four_bytes, .timeout = 120) {
  static const uint8_t follow[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
  for (unsigned lead = 0xe0; lead <= 0xff; lead++) {
    for (unsigned pick = 0; pick < 1000; pick++) {
      uint8_t bytes[] = {(uint8_t)lead, follow[pick % 10], follow[pick / 10 % 10], follow[pick / 100]};
      cr_assert_eq(bpi_utf8_valid(bytes, 4), plainly_valid(bytes, 4), "%s", to_hex(bytes, 4));
    }
  }
}

Test(utf8, tells_how_much_is_good) {
  chance from = chance_begin("utf8");
  static const char *const characters[] = {"a", "\xc3\xa4", "\xe5\x90\x8d", "\xf0\x9f\x98\x80", "\x7f"};
  for (int round = 0; round < 20000; round++) {
    uint8_t text[200];
    size_t length = 0, count = (size_t)chance_below(&from, 40);
    for (size_t i = 0; i < count; i++) {
      const char *character = characters[chance_below(&from, 5)];
      memcpy(text + length, character, strlen(character));
      length += strlen(character);
    }
    uint8_t *exact = exact_copy(text, length);
    cr_assert_eq(bpi_utf8_prefix(exact, length), length);
    free(exact);
    static const char *const strangers[] = {"\xff", "\x80", "\xc0", "\xc3", "\xe5\x90", "\xf0\x9f\x98", "\xed\xa0\x80", "\xf4\x90"};
    const char *stranger = strangers[chance_below(&from, 8)];
    memcpy(text + length, stranger, strlen(stranger));
    exact = exact_copy(text, length + strlen(stranger));
    cr_assert_eq(bpi_utf8_prefix(exact, length + strlen(stranger)), length);
    free(exact);
  }
}

Test(hex, round_trip) {
  uint8_t bytes[256], back[256];
  char text[512];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)i;
  bpi_hex_encode(bytes, sizeof bytes, text);
  cr_assert_arr_eq(text, "000102030405060708090a0b0c0d0e0f10", 34);
  cr_assert_eq(bpi_hex_decode(text, sizeof text, back, sizeof back), 0);
  cr_assert_arr_eq(back, bytes, sizeof bytes);
}

Test(hex, either_case_and_nothing_else) {
  uint8_t out[2];
  cr_assert_eq(bpi_hex_decode("aBCd", 4, out, 2), 0);
  cr_assert_arr_eq(out, "\xab\xcd", 2);
  cr_assert_eq(bpi_hex_decode("", 0, out, 0), 0);
  static const char *const wrong[] = {"abc", "abcde", "abcdef", "ag00", "0x00", "00 0", "-100", "\xff\x30\x30\x30"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    cr_assert_eq(bpi_hex_decode(wrong[i], strlen(wrong[i]), out, 2), -1, "%s", wrong[i]);
  }
  for (int c = 0; c < 256; c++) {
    int is_digit = strchr("0123456789abcdefABCDEF", c) != NULL && c != 0;
    cr_assert_eq(bpi_hex_digit((char)c) >= 0, is_digit, "%d", c);
  }
}
