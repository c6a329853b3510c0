/* The lexical half of RFC 8259, strictly.  json-c, which reads the structure, lets too much of it pass: 1. and -.5, NaN,
 * control characters in strings, strings in apostrophes, half a surrogate pair, integers that it cuts to 64 bits. */
#include "codec/json_text.h"
#include "codec/text.h"

static int is_space(uint8_t byte) { return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; }
static int is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

static uint8_t byte_at(bpi_bytes text, size_t offset) { return offset < text.length ? text.data[offset] : 0; }

static size_t skip_digits(bpi_bytes text, size_t at) {
  while (is_digit(byte_at(text, at))) at++;
  return at;
}

/* Does the integer in text[start, end) fit 64 bits, signed or unsigned? */
static int integer_fits(bpi_bytes text, size_t start, size_t end) {
  int negative = text.data[start] == '-';
  uint64_t value = 0;
  for (size_t i = start + (negative ? 1 : 0); i < end; i++) {
    uint64_t digit = (uint64_t)(text.data[i] - '0');
    if (__builtin_mul_overflow(value, (uint64_t)10, &value) || __builtin_add_overflow(value, digit, &value)) return 0;
  }
  return !negative || value <= (uint64_t)INT64_MAX + 1;
}

static bp_status take_number(bpi_bytes text, size_t *offset, bpi_lexeme *lexeme) {
  size_t at = *offset + (text.data[*offset] == '-' ? 1 : 0);
  size_t digits = at;
  at = skip_digits(text, at);
  int failed = at == digits || (text.data[digits] == '0' && at > digits + 1);
  int is_integer = 1;
  if (!failed && byte_at(text, at) == '.') {
    is_integer = 0;
    size_t fraction = ++at;
    at = skip_digits(text, at);
    failed = at == fraction;
  }
  if (!failed && (byte_at(text, at) == 'e' || byte_at(text, at) == 'E')) {
    is_integer = 0;
    at++;
    if (byte_at(text, at) == '+' || byte_at(text, at) == '-') at++;
    size_t exponent = at;
    at = skip_digits(text, at);
    failed = at == exponent;
  }
  if (failed || (is_integer && !integer_fits(text, *offset, at))) return BP_JSON;
  lexeme->type = BPI_LEXEME_NUMBER;
  lexeme->is_negative_zero = is_integer && at - *offset == 2 && memcmp(text.data + *offset, "-0", 2) == 0;
  *offset = at;
  return BP_OK;
}

/* The code unit of the escape \uXXXX at `at`, or -1. */
static int32_t code_unit(bpi_bytes text, size_t at) {
  if (text.length - at < 6 || text.data[at] != '\\' || text.data[at + 1] != 'u') return -1;
  int32_t unit = 0;
  for (size_t i = 2; i < 6; i++) {
    int digit = bpi_hex_digit((char)text.data[at + i]);
    if (digit < 0) return -1;
    unit = unit << 4 | digit;
  }
  return unit;
}

int bpi_lexeme_pair(bpi_bytes text, size_t offset, char utf8[5]) {
  int32_t high = code_unit(text, offset);
  if (high < 0xd800 || high > 0xdbff) return 0;
  uint32_t character = 0x10000 + (((uint32_t)high & 0x3ff) << 10 | ((uint32_t)code_unit(text, offset + 6) & 0x3ff));
  utf8[0] = (char)(0xf0 | character >> 18);
  utf8[1] = (char)(0x80 | (character >> 12 & 0x3f));
  utf8[2] = (char)(0x80 | (character >> 6 & 0x3f));
  utf8[3] = (char)(0x80 | (character & 0x3f));
  utf8[4] = '\0';
  return 1;
}

static bp_status take_escape(bpi_bytes text, size_t *at, bpi_lexeme *lexeme) {
  uint8_t letter = byte_at(text, *at + 1);
  if (letter != 0 && memchr("\"\\/bfnrt", letter, 8) != NULL) {
    *at += 2;
    return BP_OK;
  }
  int32_t unit = code_unit(text, *at);
  if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff)) return BP_JSON;
  if (unit >= 0xd800 && unit <= 0xdbff) {
    int32_t low = code_unit(text, *at + 6);
    if (low < 0xdc00 || low > 0xdfff) return BP_JSON;
    lexeme->has_pair = 1;
    *at += 6;
  }
  lexeme->has_zero |= unit == 0;
  lexeme->has_ffff |= unit == 0xffff;
  *at += 6;
  return BP_OK;
}

static bp_status take_string(bpi_bytes text, size_t *offset, bpi_lexeme *lexeme) {
  size_t at = *offset + 1;
  while (byte_at(text, at) != '"') {
    if (byte_at(text, at) < 0x20) {
      *offset = at;
      return BP_JSON;
    }
    if (text.data[at] == '\\') {
      bp_status status = take_escape(text, &at, lexeme);
      if (status != BP_OK) {
        *offset = at;
        return status;
      }
    } else {
      lexeme->has_ffff |= text.data[at] == 0xef && text.data[at + 1] == 0xbf && text.data[at + 2] == 0xbf;
      at++;
    }
  }
  lexeme->type = BPI_LEXEME_STRING;
  *offset = ++at;
  while (is_space(byte_at(text, at))) at++;
  lexeme->is_key = byte_at(text, at) == ':';
  return BP_OK;
}

static bp_status take_word(bpi_bytes text, size_t *offset, bpi_lexeme *lexeme) {
  static const char *const words[] = {"true", "false", "null"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    size_t length = strlen(words[i]);
    if (text.length - *offset >= length && memcmp(text.data + *offset, words[i], length) == 0) {
      lexeme->type = BPI_LEXEME_WORD;
      *offset += length;
      return BP_OK;
    }
  }
  return BP_JSON;
}

bp_status bpi_lexeme_next(bpi_bytes text, size_t *offset, bpi_lexeme *lexeme) {
  memset(lexeme, 0, sizeof *lexeme);
  while (is_space(byte_at(text, *offset))) ++*offset;
  lexeme->start = lexeme->end = *offset;
  if (*offset == text.length) return BP_OK;
  uint8_t first = text.data[*offset];
  bp_status status = BP_OK;
  if (first == '"') {
    status = take_string(text, offset, lexeme);
  } else if (first == '-' || is_digit(first)) {
    status = take_number(text, offset, lexeme);
  } else if (first != 0 && memchr("[]{}:,", first, 6) != NULL) {
    lexeme->type = BPI_LEXEME_MARK;
    ++*offset;
  } else {
    status = take_word(text, offset, lexeme);
  }
  lexeme->end = *offset;
  return status;
}
