#include "codec/text.h"

/* Bytes after the lead byte, or -1 for a byte that begins no character; the limits of the second byte, which keep out
 * overlong forms, surrogates and everything above U+10FFFF (RFC 3629, section 4). */
static int continuation(uint8_t lead, uint8_t *lowest, uint8_t *highest) {
  *lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  *highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) return 1;
  if (lead >= 0xe0 && lead <= 0xef) return 2;
  if (lead >= 0xf0 && lead <= 0xf4) return 3;
  return -1;
}

static size_t ascii_prefix(const uint8_t *bytes, size_t length) {
  size_t i = 0;
  while (length - i >= 8 && (bpi_load_le64(bytes + i) & 0x8080808080808080u) == 0) i += 8;
  while (i < length && bytes[i] < 0x80) i++;
  return i;
}

size_t bpi_utf8_prefix(const uint8_t *bytes, size_t length) {
  size_t i = 0;
  for (;;) {
    i += ascii_prefix(bytes + i, length - i);
    if (i == length) return i;
    uint8_t lowest, highest;
    int more = continuation(bytes[i], &lowest, &highest);
    if (more < 0 || (size_t)more >= length - i) return i;
    if (bytes[i + 1] < lowest || bytes[i + 1] > highest) return i;
    for (int k = 2; k <= more; k++) {
      if ((bytes[i + (size_t)k] & 0xc0) != 0x80) return i;
    }
    i += (size_t)more + 1;
  }
}

int bpi_utf8_valid(const uint8_t *bytes, size_t length) { return bpi_utf8_prefix(bytes, length) == length; }
