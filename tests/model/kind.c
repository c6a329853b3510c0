/* Kinds (encoding.md 3.6). */
#include "model/event.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(kind, made_of_category_and_type) {
  uint16_t kind = 7;
  cr_assert_eq(bp_kind_make(0xF, 1, &kind, NULL), BP_OK);
  cr_assert_eq(kind, 0xF001);
  cr_assert_eq(bp_kind_make(1, 0, &kind, NULL), BP_OK);
  cr_assert_eq(kind, 0x1000);
  cr_assert_eq(bp_kind_make(0xC, 0xFFF, &kind, NULL), BP_OK);
  cr_assert_eq(kind, 0xCFFF);
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(bp_kind_make(16, 0x1000, &kind, &error), BP_KIND_RANGE);
  cr_assert_eq(error.actual, 16, "the category is judged first");
  cr_assert_eq(bp_kind_make(0, 0x1000, &kind, &error), BP_KIND_RESERVED);
  cr_assert_eq(bp_kind_make(0xD, 1, &kind, &error), BP_KIND_RESERVED);
  cr_assert_eq(bp_kind_make(1, 0x1000, &kind, &error), BP_KIND_RANGE);
  cr_assert_eq(error.actual, 0x1000);
  cr_assert_eq(bp_kind_make(1, 0, NULL, &error), BP_ARGUMENT);
  cr_assert_eq(kind, 0xCFFF);
}

Test(kind, parsed_from_three_notations) {
  static const struct {
    const char *text;
    bp_status status;
    uint16_t kind;
  } rows[] = {
      {"F:001", BP_OK, 0xF001},       {"f:abc", BP_OK, 0xFABC},    {"0:6", BP_OK, 0x0006},
      {"61441", BP_OK, 0xF001},       {"0", BP_OK, 0},             {"65535", BP_OK, 0xFFFF},
      {"0xF001", BP_OK, 0xF001},      {"0Xf001", BP_OK, 0xF001},   {"0x0", BP_OK, 0},
      {"65536", BP_KIND_RANGE, 0},    {"0x10000", BP_KIND_RANGE, 0}, {"10:001", BP_KIND_RANGE, 0},
      {"F:1000", BP_KIND_RANGE, 0},   {"99999999999999999999999999", BP_KIND_RANGE, 0},
      {"0xfffffffffffffffffff1", BP_KIND_RANGE, 0}, {"1:ffffffffffffffff1", BP_KIND_RANGE, 0},
      {"", BP_ARGUMENT, 0},           {":", BP_ARGUMENT, 0},       {"F:", BP_ARGUMENT, 0},
      {":1", BP_ARGUMENT, 0},         {"G:1", BP_ARGUMENT, 0},     {"F:1:2", BP_ARGUMENT, 0},
      {"0x", BP_ARGUMENT, 0},         {"f001", BP_ARGUMENT, 0},    {"-1", BP_ARGUMENT, 0},
      {" 1", BP_ARGUMENT, 0},         {"1 ", BP_ARGUMENT, 0},      {"+1", BP_ARGUMENT, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    uint16_t kind = 77;
    cr_assert_eq(bp_kind_parse(rows[i].text, strlen(rows[i].text), &kind, NULL), rows[i].status, "%s", rows[i].text);
    cr_assert_eq(kind, rows[i].status == BP_OK ? rows[i].kind : 77, "%s", rows[i].text);
  }
  uint16_t kind;
  cr_assert_eq(bp_kind_parse(NULL, 3, &kind, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_kind_parse(NULL, 0, &kind, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_kind_parse("F:001", 5, NULL, NULL), BP_ARGUMENT);
}

Test(kind, every_one_comes_back_from_its_text) {
  for (uint32_t kind = 0; kind <= UINT16_MAX; kind++) {
    char text[6];
    uint16_t back;
    bp_kind_format((uint16_t)kind, text);
    cr_assert_eq(strlen(text), 5);
    cr_assert_eq(bp_kind_parse(text, 5, &back, NULL), BP_OK);
    cr_assert_eq(back, kind);
  }
  bp_kind_format(1, NULL);
}

Test(kind, which_a_caller_may_append) {
  cr_assert_eq(bpi_kind_check(0xF001, 0), BP_OK);
  cr_assert_eq(bpi_kind_check(0x1000, 0), BP_OK);
  cr_assert_eq(bpi_kind_check(0x0006, 0), BP_KIND_MARKER);
  cr_assert_eq(bpi_kind_check(0x0007, 1), BP_KIND_MARKER);
  cr_assert_eq(bpi_kind_check(0x0008, 0), BP_KIND_RESERVED);
  cr_assert_eq(bpi_kind_check(0x0008, 1), BP_OK);
  cr_assert_eq(bpi_kind_check(0xD001, 0), BP_KIND_RESERVED);
  cr_assert_eq(bpi_kind_check(0xD001, 1), BP_OK);
  cr_assert_eq(bpi_kind_check(0x0000, 0), BP_KIND_RESERVED);
}
