#include "base/status.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A bp_error with rubbish in it, so that what is written and what is left alone can be told apart. */
static bp_error rubbish(uint32_t struct_size) {
  bp_error error;
  memset(&error, 0x5A, sizeof error);
  error.struct_size = struct_size;
  return error;
}

static int is_rubbish(const bp_error *error, size_t from, size_t to) {
  for (size_t i = from; i < to; i++) {
    if (((const unsigned char *)error)[i] != 0x5A) return 0;
  }
  return 1;
}

Test(status, a_null_error_is_allowed) {
  cr_assert_eq(bpi_fail(NULL, BP_BUSY, "%d calls", 3), BP_BUSY);
  cr_assert_eq(bpi_fail_at(NULL, BP_DAMAGED_FRAME, 1, 2, "damage"), BP_DAMAGED_FRAME);
  cr_assert_eq(bpi_fail_values(NULL, BP_EXPECTED_CLOCK, 1, 2, "clock"), BP_EXPECTED_CLOCK);
  cr_assert_eq(bpi_fail_system(NULL, EIO, "reading"), BP_SYSTEM);
  cr_assert_eq(bpi_check_struct(NULL, 8, 8, 8, NULL), BP_ARGUMENT);
}

Test(status, fail_fills_everything) {
  bp_error error = rubbish(sizeof(bp_error)), expected = {.struct_size = sizeof(bp_error), .code = BP_BUSY};
  strcpy(expected.text, "3 calls under way");
  cr_assert_eq(bpi_fail(&error, BP_BUSY, "%d calls under %s", 3, "way"), BP_BUSY);
  cr_assert_arr_eq(&error, &expected, sizeof error);
}

Test(status, fail_at_says_where) {
  bp_error error = rubbish(sizeof(bp_error));
  cr_assert_eq(bpi_fail_at(&error, BP_DAMAGED_FRAME, UINT64_MAX, 17, "100% broken"), BP_DAMAGED_FRAME);
  cr_assert_eq(error.segment_id, UINT64_MAX);
  cr_assert_eq(error.offset, 17);
  cr_assert_eq(error.expected, 0);
  cr_assert_str_eq(error.text, "100% broken");
}

Test(status, fail_values_says_both) {
  bp_error error = rubbish(sizeof(bp_error));
  cr_assert_eq(bpi_fail_values(&error, BP_EXPECTED_CLOCK, 5, UINT64_MAX, "clock"), BP_EXPECTED_CLOCK);
  cr_assert_eq(error.expected, 5);
  cr_assert_eq(error.actual, UINT64_MAX);
  cr_assert_eq(error.segment_id, 0);
}

Test(status, struct_size_0_means_version_1) {
  bp_error error = rubbish(0);
  bpi_fail(&error, BP_BUSY, "text");
  cr_assert_eq(error.struct_size, 0);
  cr_assert_eq(error.code, BP_BUSY);
  cr_assert_str_eq(error.text, "text");
}

Test(status, a_larger_struct_keeps_its_tail) {
  struct {
    bp_error error;
    unsigned char tail[16];
  } larger;
  memset(&larger, 0x5A, sizeof larger);
  larger.error.struct_size = sizeof larger;
  bpi_fail(&larger.error, BP_BUSY, "text");
  cr_assert_str_eq(larger.error.text, "text");
  for (size_t i = 0; i < sizeof larger.tail; i++) cr_assert_eq(larger.tail[i], 0x5A);
  cr_assert_eq(larger.error.struct_size, sizeof larger);
}

/* Whatever the size: nothing behind it is touched, no field is half written, the text ends. */
Test(status, every_smaller_struct_gets_the_fields_that_fit) {
  for (uint32_t size = 1; size < sizeof(bp_error); size++) {
    bp_error error = rubbish(size);
    bpi_fail_at(&error, BP_DAMAGED_FRAME, 0x0102030405060708, 0x1112131415161718, "a text of some length");
    size_t end = size < sizeof error.struct_size ? sizeof error.struct_size : size;
    cr_assert(is_rubbish(&error, end, sizeof error), "size %u", size);
    cr_assert_eq(error.struct_size, size);
    cr_assert_eq(error.code == BP_DAMAGED_FRAME, size >= offsetof(bp_error, os_error), "size %u", size);
    cr_assert_eq(error.segment_id == 0x0102030405060708, size >= offsetof(bp_error, offset), "size %u", size);
    cr_assert_eq(error.offset == 0x1112131415161718, size >= offsetof(bp_error, expected), "size %u", size);
    if (size < offsetof(bp_error, offset)) cr_assert(is_rubbish(&error, offsetof(bp_error, segment_id), size));
    if (size > offsetof(bp_error, text)) {
      size_t room = size - offsetof(bp_error, text);
      cr_assert_lt(strnlen(error.text, room), room, "size %u", size);
      cr_assert_eq(strncmp(error.text, "a text of some length", strlen(error.text)), 0);
    }
  }
}

Test(status, a_long_text_is_cut) {
  char text[400];
  memset(text, 'x', sizeof text);
  text[sizeof text - 1] = '\0';
  bp_error error = rubbish(sizeof(bp_error));
  bpi_fail(&error, BP_ARGUMENT, "%s", text);
  cr_assert_eq(strlen(error.text), sizeof error.text - 1);
  text[sizeof error.text - 1] = '\0';
  bpi_fail(&error, BP_ARGUMENT, "%s", text);
  cr_assert_eq(strlen(error.text), sizeof error.text - 1);
}

/* A character that does not fit whole is left out, one that ends at the edge is not. */
Test(status, a_character_is_never_split) {
  static const char *const characters[] = {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x8c\xb2"};
  for (size_t c = 0; c < 3; c++) {
    size_t width = strlen(characters[c]);
    for (size_t lead = 185; lead < 192; lead++) {
      char text[256];
      memset(text, 'x', lead);
      for (size_t i = 0; i < 6; i++) memcpy(text + lead + i * width, characters[c], width);
      text[lead + 6 * width] = '\0';
      bp_error error = rubbish(sizeof(bp_error));
      bpi_fail_at(&error, BP_ARGUMENT, 0, 0, text);
      cr_assert_eq(strlen(error.text), lead + (191 - lead) / width * width, "width %zu lead %zu", width, lead);
      cr_assert_eq(memcmp(error.text, text, strlen(error.text)), 0);
    }
  }
}

Test(status, a_small_struct_cuts_at_a_character_too) {
  bp_error error = rubbish((uint32_t)offsetof(bp_error, text) + 4);
  bpi_fail(&error, BP_ARGUMENT, "%s", "\xc3\xa4\xc3\xa4");
  cr_assert_str_eq(error.text, "\xc3\xa4");
  error = rubbish((uint32_t)offsetof(bp_error, text) + 1);
  bpi_fail(&error, BP_ARGUMENT, "text");
  cr_assert_str_eq(error.text, "");
}

Test(status, bytes_that_are_no_utf8_do_no_harm) {
  char text[300];
  memset(text, 0x80, sizeof text);
  text[sizeof text - 1] = '\0';
  bp_error error = rubbish(sizeof(bp_error));
  bpi_fail(&error, BP_ARGUMENT, "%s", text);
  cr_assert_lt(strlen(error.text), sizeof error.text);
}

Test(status, the_text_is_one_line) {
  bp_error error = rubbish(sizeof(bp_error));
  bpi_fail(&error, BP_NOT_A_STORE, "%s", "a\nb\tc\x7f" "d\x1b[2J");
  cr_assert_str_eq(error.text, "a b c d [2J");
}

Test(status, copying_an_error_hands_over_all_of_it) {
  bp_error from = {.code = BP_EXPECTED_EVENT, .os_error = 5, .actual = 7, .text = "another"};
  bp_error to = rubbish(sizeof(bp_error));
  memset(from.event_id, 9, sizeof from.event_id);
  cr_assert_eq(bpi_error_copy(&to, &from), BP_EXPECTED_EVENT);
  from.struct_size = to.struct_size;
  cr_assert_arr_eq(&to, &from, sizeof to);
  cr_assert_eq(bpi_error_copy(NULL, &from), BP_EXPECTED_EVENT);
}

Test(status, each_errno_has_its_status) {
  static const struct {
    int errno_value;
    bp_status status;
  } rows[] = {
      {ENOSPC, BP_DISK_FULL},      {EDQUOT, BP_DISK_FULL},     {EACCES, BP_PERMISSION},   {EPERM, BP_PERMISSION},
      {EROFS, BP_PERMISSION},      {ENOMEM, BP_NO_MEMORY},     {ENOSYS, BP_UNSUPPORTED},  {EOPNOTSUPP, BP_UNSUPPORTED},
      {ENODEV, BP_UNSUPPORTED},    {EIO, BP_SYSTEM},           {ENOENT, BP_SYSTEM},       {EMFILE, BP_SYSTEM},
      {ELOOP, BP_SYSTEM},          {EFBIG, BP_SYSTEM},         {EINTR, BP_SYSTEM},        {99999, BP_SYSTEM},
      {-1, BP_SYSTEM},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    bp_error error = rubbish(sizeof(bp_error));
    cr_assert_eq(bpi_fail_system(&error, rows[i].errno_value, "doing work"), rows[i].status);
    cr_assert_eq(error.code, rows[i].status);
    cr_assert_eq(error.os_error, rows[i].errno_value);
    cr_assert_eq(strncmp(error.text, "doing work: ", 12), 0);
    cr_assert_gt(strlen(error.text), 12);
  }
}

Test(status, a_struct_of_this_version_is_fine) {
  unsigned char object[64] = {0};
  cr_assert_eq(bpi_check_struct(object, 32, 32, 32, NULL), BP_OK);
  cr_assert_eq(bpi_check_struct(object, 24, 32, 24, NULL), BP_OK);
  cr_assert_eq(bpi_check_struct(object, 64, 32, 32, NULL), BP_OK);
}

Test(status, a_struct_of_another_version_is_refused) {
  unsigned char object[64] = {0};
  bp_error error = rubbish(sizeof(bp_error));
  cr_assert_eq(bpi_check_struct(object, 0, 32, 32, &error), BP_STRUCT_SIZE);
  cr_assert_eq(error.expected, 32);
  cr_assert_eq(error.actual, 0);
  cr_assert_eq(bpi_check_struct(object, 31, 32, 32, NULL), BP_STRUCT_SIZE);
  cr_assert_eq(bpi_check_struct(NULL, 32, 32, 32, NULL), BP_ARGUMENT);
  object[63] = 1;
  cr_assert_eq(bpi_check_struct(object, 63, 32, 32, NULL), BP_OK);
  cr_assert_eq(bpi_check_struct(object, 64, 32, 32, &error), BP_STRUCT_SIZE);
  cr_assert_eq(error.actual, 64);
}

/* Whoever forgot to set struct_size gets a refusal, not a walk through memory. */
Test(status, an_absurd_struct_size_is_not_believed) {
  unsigned char *object = calloc(1, 32 + 4096);
  cr_assert_eq(bpi_check_struct(object, 32 + 4096, 32, 32, NULL), BP_OK);
  cr_assert_eq(bpi_check_struct(object, 32 + 4097, 32, 32, NULL), BP_STRUCT_SIZE);
  cr_assert_eq(bpi_check_struct(object, UINT32_MAX, 32, 32, NULL), BP_STRUCT_SIZE);
  free(object);
}

/* The numbers that ffi.h has, in each of its groups, and no others. */
/* P-085 */
Test(status, every_status_has_a_name_and_an_advice_of_its_own) {
  static const char *names[512];
  size_t count = 0;
  for (bp_status status = 0; status < 500; status++) {
    const char *name = bp_status_name(status), *advice = bp_status_advice(status);
    if (strcmp(name, "BP_UNKNOWN") == 0) continue;
    for (size_t i = 0; i < count; i++) cr_assert_str_neq(name, names[i]);
    names[count++] = name;
    size_t length = strlen(advice);
    cr_assert(length > 15 && length < 160 && advice[length - 1] == '.', "%s: %s", name, advice);
    cr_assert(advice[0] >= 'A' && advice[0] <= 'Z', "%s: %s", name, advice);
    cr_assert_str_neq(advice, bp_status_advice(-1), "%s", name);
  }
  cr_assert_str_eq(names[0], "BP_OK");
  cr_assert_str_eq(names[count - 1], "BP_FAULT");
}

Test(status, unknown_numbers_have_an_answer_too) {
  static const bp_status unknown[] = {-1, 13, 99, 499, 1000, INT32_MIN, INT32_MAX};
  for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
    cr_assert_str_eq(bp_status_name(unknown[i]), "BP_UNKNOWN");
    cr_assert_gt(strlen(bp_status_advice(unknown[i])), 15);
  }
}

/* The header is the list: a status added there without a row here fails. */
/* P-085 */
Test(status, the_table_and_the_header_agree) {
  FILE *header = fopen("ffi.h", "r");
  if (header == NULL) cr_skip_test("not run from the root of the repository");
  char line[512], name[64];
  int number, found = 0;
  while (fgets(line, sizeof line, header) != NULL && strstr(line, "What went wrong, in full") == NULL) {
    if (sscanf(line, " BP_%50[A-Z0-9_] = %d", name, &number) != 2) continue;
    found++;
    cr_assert_eq(strncmp(bp_status_name(number), "BP_", 3), 0);
    cr_assert_str_eq(bp_status_name(number) + 3, name);
  }
  fclose(header);
  cr_assert_gt(found, 50);
}

Test(status, versions) {
  cr_assert_str_eq(bp_version(), "0.1.0");
  cr_assert_eq(bp_abi_version(), 1);
  cr_assert_eq(bp_format_version(), 1);
}
