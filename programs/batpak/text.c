#include "text.h"

#include "output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static const uint32_t REPLACEMENT = 0xFFFD;
static const char REPLACEMENT_UTF8[] = "\xEF\xBF\xBD";

_Noreturn void memory_gone(void) {
  message("no memory is left");
  exit(EXIT_TROUBLE);
}

void *memory_get(size_t size) {
  void *block = malloc(size > 0 ? size : 1);
  if (block == NULL) memory_gone();
  return block;
}

void text_free(text *out) {
  free(out->data);
  *out = (text){0};
}

char *text_reserve(text *out, size_t more) {
  size_t needed;
  if (__builtin_add_overflow(out->length, more, &needed)) memory_gone();
  if (needed > out->capacity) {
    size_t capacity = out->capacity < SIZE_MAX / 2 ? out->capacity * 2 : needed;
    if (capacity < needed) capacity = needed;
    if (capacity < 256) capacity = 256;
    char *data = realloc(out->data, capacity);
    if (data == NULL) memory_gone();
    out->data = data;
    out->capacity = capacity;
  }
  return out->data + out->length;
}

void text_bytes(text *out, const void *bytes, size_t length) {
  if (length == 0) return;
  memcpy(text_reserve(out, length), bytes, length);
  out->length += length;
}

void text_string(text *out, const char *string) { text_bytes(out, string, strlen(string)); }

void text_format(text *out, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length <= 0) return;
  char *at = text_reserve(out, (size_t)length + 1);
  va_start(arguments, format);
  vsnprintf(at, (size_t)length + 1, format, arguments);
  va_end(arguments);
  out->length += (size_t)length;
}

void text_hex(text *out, const uint8_t *bytes, size_t length) {
  static const char digits[] = "0123456789abcdef";
  char *at = text_reserve(out, 2 * length);
  for (size_t i = 0; i < length; i++) {
    *at++ = digits[bytes[i] >> 4];
    *at++ = digits[bytes[i] & 15];
  }
  out->length += 2 * length;
}

void text_number(text *out, uint64_t number) {
  char digits[20];
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  text_bytes(out, digits + at, sizeof digits - at);
}

void text_count(text *out, uint64_t count) {
  text digits = {0};
  text_number(&digits, count);
  for (size_t i = 0; i < digits.length; i++) {
    if (i > 0 && (digits.length - i) % 3 == 0) text_bytes(out, ",", 1);
    text_bytes(out, digits.data + i, 1);
  }
  text_free(&digits);
}

void text_counted(text *out, uint64_t count, const char *noun) {
  text_count(out, count);
  text_format(out, " %s%s", noun, count == 1 ? "" : "s");
}

static void json_escape(text *out, uint32_t character) {
  switch (character) {
    case '"': text_string(out, "\\\""); break;
    case '\\': text_string(out, "\\\\"); break;
    case '\n': text_string(out, "\\n"); break;
    case '\r': text_string(out, "\\r"); break;
    case '\t': text_string(out, "\\t"); break;
    default: text_format(out, "\\u%04x", character);
  }
}

void text_json_string(text *out, const void *bytes, size_t length) {
  const char *at = bytes;
  text_bytes(out, "\"", 1);
  for (size_t i = 0, step; i < length; i += step) {
    uint32_t character;
    step = utf8_next(at + i, length - i, &character);
    if (character < 0x20 || character == 0x7F || character == '"' || character == '\\') {
      json_escape(out, character);
    } else if (character == REPLACEMENT) {
      text_string(out, REPLACEMENT_UTF8);
    } else {
      text_bytes(out, at + i, step);
    }
  }
  text_bytes(out, "\"", 1);
}

void text_printable(text *out, const void *bytes, size_t length) {
  const char *at = bytes;
  for (size_t i = 0, step; i < length; i += step) {
    uint32_t character;
    step = utf8_next(at + i, length - i, &character);
    bool control = character < 0x20 || (character >= 0x7F && character < 0xA0);
    if (control || character == REPLACEMENT) {
      text_string(out, REPLACEMENT_UTF8);
    } else {
      text_bytes(out, at + i, step);
    }
  }
}

size_t utf8_next(const void *bytes, size_t length, uint32_t *character) {
  static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
  const uint8_t *at = bytes;
  if (at[0] < 0x80) {
    *character = at[0];
    return 1;
  }
  size_t size = at[0] >= 0xF0 && at[0] < 0xF8 ? 4 : at[0] >= 0xE0 ? 3 : at[0] >= 0xC0 ? 2 : 1;
  *character = REPLACEMENT;
  if (size == 1 || size > length || at[0] >= 0xF8) return 1;
  uint32_t value = at[0] & (0x7Fu >> size);
  for (size_t i = 1; i < size; i++) {
    if ((at[i] & 0xC0) != 0x80) return 1;
    value = value << 6 | (at[i] & 0x3F);
  }
  if (value < lowest[size] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return 1;
  *character = value;
  return size;
}

size_t utf8_columns(const void *bytes, size_t length) {
  const char *at = bytes;
  size_t columns = 0;
  for (size_t i = 0, step; i < length; i += step) {
    uint32_t character;
    step = utf8_next(at + i, length - i, &character);
    int width = wcwidth((wchar_t)character);
    columns += width < 0 ? 1 : (size_t)width;
  }
  return columns;
}

static int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

bool hex_read(const char *digits, size_t length, uint8_t *out, size_t capacity) {
  if (length / 2 != capacity || length % 2 != 0) return false;
  for (size_t i = 0; i < capacity; i++) {
    int high = hex_digit(digits[2 * i]), low = hex_digit(digits[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = (uint8_t)(high << 4 | low);
  }
  return true;
}

bool decimal_read(const char *digits, size_t length, uint64_t *value) {
  uint64_t sum = 0;
  for (size_t i = 0; i < length; i++) {
    if (digits[i] < '0' || digits[i] > '9') return false;
    if (__builtin_mul_overflow(sum, 10u, &sum)) return false;
    if (__builtin_add_overflow(sum, (uint64_t)(digits[i] - '0'), &sum)) return false;
  }
  *value = sum;
  return length > 0;
}
