#include "support/values.h"

#include <stdio.h>
#include <stdlib.h>

static void must(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "tests/support/values: %s\n", what);
  abort();
}

uint8_t *exact_copy(const void *bytes, size_t length) {
  uint8_t *copy = (uint8_t *)malloc(length);
  must(copy != NULL || length == 0, "no memory");
  if (length > 0) memcpy(copy, bytes, length);
  return copy;
}

static int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

size_t from_hex(const char *text, uint8_t *out, size_t capacity) {
  size_t count = 0;
  for (; *text != '\0'; text++) {
    if (*text == ' ') continue;
    must(digit(text[0]) >= 0 && digit(text[1]) >= 0, "not hexadecimal");
    must(count < capacity, "more bytes than there is room for");
    out[count++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
    text++;
  }
  return count;
}

const char *to_hex(const void *bytes, size_t length) {
  static char texts[4][2048];
  static size_t turn;
  char *text = texts[turn++ % 4], *at = text;
  for (size_t i = 0; i < length && at < text + sizeof texts[0] - 3; i++) {
    at += snprintf(at, 3, "%02x", ((const uint8_t *)bytes)[i]);
  }
  *at = '\0';
  return text;
}

chance chance_begin(const char *test) {
  const char *given = getenv("BATPAK_SEED");
  chance from = {given != NULL ? strtoull(given, NULL, 0) : 0x5eed0fba79a2u};
  printf("%s: BATPAK_SEED=%llu\n", test, (unsigned long long)from.state);
  return from;
}

/* splitmix64. */
uint64_t chance_next(chance *from) {
  uint64_t z = from->state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint64_t chance_below(chance *from, uint64_t limit) { return chance_next(from) % limit; }

uint64_t chance_number(chance *from) { return chance_next(from) >> chance_below(from, 64); }

void chance_fill(chance *from, void *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) ((uint8_t *)bytes)[i] = (uint8_t)chance_next(from);
}
