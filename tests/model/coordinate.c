/* The rules of a coordinate and their order (encoding.md 3.2). */
#include "model/event.h"
#include "support/values.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static bp_status check(const char *entity, size_t entity_length, const char *scope, size_t scope_length) {
  uint8_t *e = exact_copy(entity, entity_length), *s = exact_copy(scope, scope_length);
  bp_error error = {.struct_size = sizeof error};
  bp_status status = bp_coordinate_check(e, entity_length, s, scope_length, &error);
  if (status != BP_OK) cr_assert_eq(error.code, status);
  cr_assert_eq(bp_coordinate_check(e, entity_length, s, scope_length, NULL), status);
  free(e);
  free(s);
  return status;
}

static bp_status both(const char *entity, const char *scope) { return check(entity, strlen(entity), scope, strlen(scope)); }

/* P-085 */
Test(coordinate, each_rule) {
  static const struct {
    const char *text;
    bp_status status;
  } rows[] = {
      {"a", BP_OK},
      {"entity:test", BP_OK},
      {"a b@c:*.d", BP_OK},
      {"\xc2\x80", BP_OK}, /* a C1 control is no control byte */
      {"\xf0\x9f\x98\x80", BP_OK},
      {"a.b.c.", BP_OK},
      {".", BP_OK},
      {"\x01", BP_COORDINATE_CONTROL},
      {"a\x1f", BP_COORDINATE_CONTROL},
      {"\x7f", BP_COORDINATE_CONTROL},
      {"\n", BP_COORDINATE_CONTROL},
      {"/", BP_COORDINATE_TRAVERSAL},
      {"a/b", BP_COORDINATE_TRAVERSAL},
      {"..", BP_COORDINATE_TRAVERSAL},
      {"a..b", BP_COORDINATE_TRAVERSAL},
      {"...", BP_COORDINATE_TRAVERSAL},
      {"|", BP_COORDINATE_SEPARATOR},
      {"a=b", BP_COORDINATE_SEPARATOR},
      {"\xff", BP_COORDINATE_UTF8},
      {"a\xc3", BP_COORDINATE_UTF8},
      {"\xed\xa0\x80", BP_COORDINATE_UTF8},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    cr_assert_eq(both(rows[i].text, "scope"), rows[i].status, "entity %zu", i);
    cr_assert_eq(both("entity", rows[i].text), rows[i].status, "scope %zu", i);
  }
  cr_assert_eq(check("a\0b", 3, "s", 1), BP_COORDINATE_NUL);
  cr_assert_eq(check("e", 1, "\0", 1), BP_COORDINATE_NUL);
  cr_assert_eq(both("", "s"), BP_ENTITY_EMPTY);
  cr_assert_eq(both("e", ""), BP_SCOPE_EMPTY);
  cr_assert_eq(bp_coordinate_check(NULL, 0, NULL, 0, NULL), BP_ENTITY_EMPTY);
  cr_assert_eq(bp_coordinate_check(NULL, 1, (const uint8_t *)"s", 1, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_coordinate_check((const uint8_t *)"e", 1, NULL, 1, NULL), BP_ARGUMENT);
}

Test(coordinate, lengths_are_bytes) {
  static char text[2048];
  memset(text, 'x', sizeof text);
  cr_assert_eq(check(text, 1024, text, 1024), BP_OK);
  cr_assert_eq(check(text, 1025, text, 1024), BP_ENTITY_TOO_LONG);
  cr_assert_eq(check(text, 1024, text, 1025), BP_SCOPE_TOO_LONG);
  for (size_t i = 0; i < 2048; i += 2) memcpy(text + i, "\xc3\xa4", 2);
  cr_assert_eq(check(text, 1024, "s", 1), BP_OK);
  cr_assert_eq(check(text, 1026, "s", 1), BP_ENTITY_TOO_LONG);
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(bp_coordinate_check((const uint8_t *)text, 2000, (const uint8_t *)"s", 1, &error), BP_ENTITY_TOO_LONG);
  cr_assert_eq(error.expected, 1024);
  cr_assert_eq(error.actual, 2000);
}

Test(coordinate, the_first_broken_rule_in_the_references_order) {
  static char text[1100];
  memset(text, '/', sizeof text);
  cr_assert_eq(both("", ""), BP_ENTITY_EMPTY);
  cr_assert_eq(check(text, 1025, "", 0), BP_SCOPE_EMPTY);
  cr_assert_eq(check(text, 1025, text, 1025), BP_ENTITY_TOO_LONG);
  cr_assert_eq(check("\0", 1, text, 1025), BP_SCOPE_TOO_LONG);
  cr_assert_eq(check("a|/\x01\0", 5, "\0", 1), BP_COORDINATE_CONTROL, "the first byte that is one or the other");
  cr_assert_eq(check("a|/\0\x01", 5, "\x01", 1), BP_COORDINATE_NUL);
  cr_assert_eq(both("a|/", "\x01"), BP_COORDINATE_TRAVERSAL);
  cr_assert_eq(both("a|", "\x01"), BP_COORDINATE_SEPARATOR, "the entity's rules come before the scope's");
  cr_assert_eq(both("\xff", ""), BP_COORDINATE_UTF8, "no string at all in the reference");
}
