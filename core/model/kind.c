/* A kind is 16 bits: category << 12 | type id (encoding.md 3.6). */
#include "base/status.h"
#include "codec/text.h"
#include "model/event.h"

enum { CATEGORY_SYSTEM = 0x0, CATEGORY_EFFECT = 0xD, CATEGORY_MAX = 0xF, TYPE_MAX = 0xFFF };

static int is_reserved(uint32_t category) { return category == CATEGORY_SYSTEM || category == CATEGORY_EFFECT; }

bp_status bpi_kind_check(uint16_t kind, int allow_reserved) {
  if (bpi_kind_is_marker(kind)) return BP_KIND_MARKER;
  return is_reserved(kind >> 12) && !allow_reserved ? BP_KIND_RESERVED : BP_OK;
}

static bp_status category_out_of_range(uint32_t category, bp_error *error) {
  return bpi_fail_values(error, BP_KIND_RANGE, CATEGORY_MAX, category, "the category is above 0xF");
}

static bp_status type_out_of_range(uint32_t type_id, bp_error *error) {
  return bpi_fail_values(error, BP_KIND_RANGE, TYPE_MAX, type_id, "the type id is above 0xFFF");
}

bp_status bp_kind_make(uint32_t category, uint32_t type_id, uint16_t *kind, bp_error *error) {
  if (kind == NULL) return bpi_fail(error, BP_ARGUMENT, "there is no place for the kind");
  if (category > CATEGORY_MAX) return category_out_of_range(category, error);
  if (is_reserved(category)) return bpi_fail(error, BP_KIND_RESERVED, "categories 0x0 and 0xD are reserved");
  if (type_id > TYPE_MAX) return type_out_of_range(type_id, error);
  *kind = (uint16_t)(category << 12 | type_id);
  return BP_OK;
}

/* All of `text` as a number; 0 when it is none.  Stops growing far above every limit. */
static int read_number(const char *text, size_t length, uint32_t base, uint32_t *number) {
  enum { ENOUGH = 0x100000 };
  *number = 0;
  for (size_t i = 0; i < length; i++) {
    int digit = bpi_hex_digit(text[i]);
    if (digit < 0 || (uint32_t)digit >= base) return 0;
    if (*number < ENOUGH) *number = *number * base + (uint32_t)digit;
  }
  return length > 0;
}

bp_status bp_kind_parse(const char *text, size_t length, uint16_t *kind, bp_error *error) {
  if (kind == NULL || (text == NULL && length > 0)) {
    return bpi_fail(error, BP_ARGUMENT, "text and a place for the kind are required");
  }
  if (length == 0) text = "";
  uint32_t number;
  const char *colon = (const char *)memchr(text, ':', length);
  if (colon != NULL) {
    size_t before = (size_t)(colon - text);
    uint32_t category;
    if (read_number(text, before, 16, &category) && read_number(colon + 1, length - before - 1, 16, &number)) {
      if (category > CATEGORY_MAX) return category_out_of_range(category, error);
      if (number > TYPE_MAX) return type_out_of_range(number, error);
      *kind = (uint16_t)(category << 12 | number);
      return BP_OK;
    }
  } else {
    int hexadecimal = length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    size_t prefix = hexadecimal ? 2 : 0;
    if (read_number(text + prefix, length - prefix, hexadecimal ? 16 : 10, &number)) {
      if (number > UINT16_MAX) {
        return bpi_fail_values(error, BP_KIND_RANGE, UINT16_MAX, number, "the kind is above 65535");
      }
      *kind = (uint16_t)number;
      return BP_OK;
    }
  }
  return bpi_fail(error, BP_ARGUMENT, "a kind is written F:001, 61441 or 0xF001");
}

void bp_kind_format(uint16_t kind, char text[6]) {
  static const char digits[] = "0123456789ABCDEF";
  if (text == NULL) return;
  text[0] = digits[kind >> 12];
  text[1] = ':';
  text[2] = digits[kind >> 8 & 15];
  text[3] = digits[kind >> 4 & 15];
  text[4] = digits[kind & 15];
  text[5] = '\0';
}
