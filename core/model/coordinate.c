/* The rules of a coordinate, in the reference's order (encoding.md 3.2).  What it gets for free from its language comes
 * first: a string there is always UTF-8. */
#include "base/status.h"
#include "codec/text.h"
#include "model/event.h"

/* Bytes that no rule speaks of, wherever they stand: printing ASCII but . / = | */
static const uint8_t is_ordinary[256] = {
    [0x20] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, /* to / */
    [0x30] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, /* to ? */
    [0x40] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* to O */
    [0x50] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* to _ */
    [0x60] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* to o */
    [0x70] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, /* to DEL */
};

/* Most components are nothing but ordinary bytes, and each event that is read is asked. */
static int all_ordinary(const uint8_t *text, size_t length) {
  if (length == 0 || length > BPI_COMPONENT_MAX) return 0;
  unsigned ordinary = 1;
  for (size_t i = 0; i < length; i++) ordinary &= is_ordinary[text[i]];
  return (int)ordinary;
}

static bp_status check_bytes(const uint8_t *text, size_t length) {
  int traversal = 0, separator = 0;
  for (size_t i = 0; i < length; i++) {
    uint8_t byte = text[i];
    if (byte == 0x00) return BP_COORDINATE_NUL;
    if (byte < 0x20 || byte == 0x7f) return BP_COORDINATE_CONTROL;
    traversal |= byte == '/' || (byte == '.' && i > 0 && text[i - 1] == '.');
    separator |= byte == '|' || byte == '=';
  }
  return traversal ? BP_COORDINATE_TRAVERSAL : separator ? BP_COORDINATE_SEPARATOR : BP_OK;
}

static const char *meaning(bp_status status) {
  switch (status) {
    case BP_COORDINATE_NUL: return "a zero byte";
    case BP_COORDINATE_CONTROL: return "a control character";
    case BP_COORDINATE_TRAVERSAL: return "`/` or `..`";
    default: return "`|` or `=`";
  }
}

static bp_status too_long(size_t length, bp_status code, const char *text, bp_error *error) {
  return bpi_fail_values(error, code, BPI_COMPONENT_MAX, length, text);
}

bp_status bp_coordinate_check(const uint8_t *entity, size_t entity_length, const uint8_t *scope, size_t scope_length,
                              bp_error *error) {
  if ((entity == NULL && entity_length > 0) || (scope == NULL && scope_length > 0)) {
    return bpi_fail(error, BP_ARGUMENT, "entity or scope is NULL and not empty");
  }
  if (all_ordinary(entity, entity_length) && all_ordinary(scope, scope_length)) return BP_OK;
  /* No text longer than the limit is looked at: it would be refused in any case. */
  int entity_fits = entity_length <= BPI_COMPONENT_MAX, scope_fits = scope_length <= BPI_COMPONENT_MAX;
  if (entity_fits && !bpi_utf8_valid(entity, entity_length)) {
    return bpi_fail(error, BP_COORDINATE_UTF8, "the entity is not UTF-8");
  }
  if (scope_fits && !bpi_utf8_valid(scope, scope_length)) {
    return bpi_fail(error, BP_COORDINATE_UTF8, "the scope is not UTF-8");
  }
  if (entity_length == 0) return bpi_fail(error, BP_ENTITY_EMPTY, "the entity is empty");
  if (scope_length == 0) return bpi_fail(error, BP_SCOPE_EMPTY, "the scope is empty");
  if (!entity_fits) return too_long(entity_length, BP_ENTITY_TOO_LONG, "the entity is longer than 1,024 bytes", error);
  if (!scope_fits) return too_long(scope_length, BP_SCOPE_TOO_LONG, "the scope is longer than 1,024 bytes", error);
  bp_status status = check_bytes(entity, entity_length);
  if (status != BP_OK) return bpi_fail(error, status, "the entity holds %s", meaning(status));
  status = check_bytes(scope, scope_length);
  if (status != BP_OK) return bpi_fail(error, status, "the scope holds %s", meaning(status));
  return BP_OK;
}
