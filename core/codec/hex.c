#include "codec/text.h"

void bpi_hex_encode(const uint8_t *bytes, size_t length, char *out) {
  static const char digits[16] = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
  for (size_t i = 0; i < length; i++) {
    out[2 * i] = digits[bytes[i] >> 4];
    out[2 * i + 1] = digits[bytes[i] & 15];
  }
}

int bpi_hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

int bpi_hex_decode(const char *text, size_t length, uint8_t *out, size_t capacity) {
  if (length / 2 != capacity || length % 2 != 0) return -1;
  for (size_t i = 0; i < capacity; i++) {
    int high = bpi_hex_digit(text[2 * i]), low = bpi_hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return -1;
    out[i] = (uint8_t)(high << 4 | low);
  }
  return 0;
}
