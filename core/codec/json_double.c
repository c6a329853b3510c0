/* Doubles as text: the shortest digits that read back as the same value, laid out as the reference's JSON writer does. */
#include "codec/json_text.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIGITS_MAX = 17, SCRATCH = 40 };

/* Significant digits with exponent, as the C library rounds them (correctly).  Its decimal point depends on the locale and
 * is dropped here. */
typedef struct decimal {
  char digits[DIGITS_MAX];
  int count;
  int exponent;   /* value = 0.digits * 10^exponent */
} decimal;

static void to_decimal(double value, int digits, decimal *result) {
  char text[SCRATCH];
  int length = snprintf(text, sizeof text, "%.*e", digits - 1, value);
  const char *mark = (const char *)memchr(text, 'e', (size_t)length);
  result->count = 0;
  for (const char *at = text; at < mark; at++) {
    if (*at >= '0' && *at <= '9') result->digits[result->count++] = *at;
  }
  result->exponent = (int)strtol(mark + 1, NULL, 10) + 1;
}

/* Integers and an exponent alone: no locale has a say in how that is read. */
static double from_decimal(const decimal *value) {
  char text[SCRATCH];
  (void)snprintf(text, sizeof text, "%.*se%d", value->count, value->digits, value->exponent - value->count);
  return strtod(text, NULL);
}

/* The next greater decimal of as many digits.  Of a power of two, in 15 digits or more, they are never nines alone. */
static void step_up(decimal *value) {
  int at = value->count - 1;
  for (; value->digits[at] == '9'; at--) value->digits[at] = '0';
  value->digits[at]++;
}

static int reads_back(double value, int digits, decimal *result) {
  to_decimal(value, digits, result);
  if (from_decimal(result) == value) return 1;
  /* Below a power of two the doubles lie twice as close as above: the nearest decimal may miss on the narrow side while
   * its upper neighbour hits. */
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (bits << 12 != 0) return 0;
  step_up(result);
  return from_decimal(result) == value;
}

static void shortest(double value, decimal *result) {
  /* Any decimal of at most 15 digits survives the way through a normal double, so the 15 digits that come back are it. */
  int digits = value < DBL_MIN ? 1 : DBL_DIG;
  while (!reads_back(value, digits, result) && digits < DIGITS_MAX) digits++;
  while (result->count > 1 && result->digits[result->count - 1] == '0') result->count--;
}

static char *put_digits(char *at, const char *digits, int count) {
  memcpy(at, digits, (size_t)count);
  return at + count;
}

static char *put_zeros(char *at, int count) {
  memset(at, '0', (size_t)count);
  return at + count;
}

static char *put_exponent(char *at, int exponent) {
  char text[SCRATCH];
  int length = snprintf(text, sizeof text, "e%+d", exponent);
  return put_digits(at, text, length);
}

static char *put_plain(char *at, const decimal *value) {
  int point = value->exponent;
  if (point <= 0) {
    *at++ = '0';
    *at++ = '.';
    return put_digits(put_zeros(at, -point), value->digits, value->count);
  }
  if (point < value->count) {
    at = put_digits(at, value->digits, point);
    *at++ = '.';
    return put_digits(at, value->digits + point, value->count - point);
  }
  at = put_zeros(put_digits(at, value->digits, value->count), point - value->count);
  *at++ = '.';
  *at++ = '0';
  return at;
}

size_t bpi_double_format(double value, char text[BPI_DOUBLE_TEXT_MAX]) {
  enum { PLAIN_BELOW = -5, PLAIN_TO = 16 }; /* places of the decimal point that are written without exponent */
  char *at = text;
  if (__builtin_signbit(value)) {
    *at++ = '-';
    value = -value;
  }
  decimal shown = {"0", 1, 1};
  if (value != 0) shortest(value, &shown);
  if (shown.exponent > PLAIN_BELOW && shown.exponent <= PLAIN_TO) {
    at = put_plain(at, &shown);
  } else {
    *at++ = shown.digits[0];
    if (shown.count > 1) {
      *at++ = '.';
      at = put_digits(at, shown.digits + 1, shown.count - 1);
    }
    at = put_exponent(at, shown.exponent - 1);
  }
  return (size_t)(at - text);
}
