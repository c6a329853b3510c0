/* How an error gets into the caller's struct.  A full bp_error is composed first; then as much of it is handed over as
 * the caller's struct_size says there is room for: whole fields, and the text cut to fit. */
#include "base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where the character that `text[0, length)` ends in begins, if that character is not whole; else `length`. */
static size_t whole_characters(const char *text, size_t length) {
  size_t lead = length;
  while (lead > 0 && length - lead < 4 && ((unsigned char)text[lead - 1] & 0xC0) == 0x80) lead--;
  if (lead == 0) return length;
  unsigned char first = (unsigned char)text[lead - 1];
  size_t wanted = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  return length - (lead - 1) < wanted ? lead - 1 : length;
}

static void cut_text(char *text, size_t capacity) {
  size_t length = strnlen(text, capacity);
  if (length == capacity) length = whole_characters(text, capacity - 1);
  text[length] = '\0';
}

/* The bytes of a bp_error that a caller with this struct_size owns, without a half of a field at their end. */
static size_t whole_fields(size_t size) {
  static const size_t ends[] = {
      offsetof(bp_error, os_error), offsetof(bp_error, reserved), offsetof(bp_error, segment_id),
      offsetof(bp_error, offset),   offsetof(bp_error, expected), offsetof(bp_error, actual),
      offsetof(bp_error, event_id), offsetof(bp_error, text),
  };
  if (size == 0 || size >= sizeof(bp_error)) return sizeof(bp_error);
  if (size > offsetof(bp_error, text)) return size;
  size_t whole = 0;
  for (size_t i = 0; i < sizeof ends / sizeof ends[0] && ends[i] <= size; i++) whole = ends[i];
  return whole;
}

bp_status bpi_error_copy(bp_error *error, const bp_error *full) {
  const size_t first = offsetof(bp_error, code), text = offsetof(bp_error, text);
  if (error == NULL) return full->code;
  size_t size = whole_fields(error->struct_size);
  if (size <= first) return full->code;
  memcpy((char *)error + first, (const char *)full + first, size - first);
  if (size > text) cut_text(error->text, size - text);
  return full->code;
}

/* Promised to be one line, whatever the names in it hold. */
static void keep_to_one_line(char *text) {
  for (; *text != '\0'; text++) {
    if ((unsigned char)*text < 0x20 || *text == 0x7F) *text = ' ';
  }
}

__attribute__((format(printf, 2, 0))) static void format_text(bp_error *full, const char *format, va_list arguments) {
  int length = vsnprintf(full->text, sizeof full->text, format, arguments);
  if (length < 0) full->text[0] = '\0';
  if (length >= (int)sizeof full->text) full->text[whole_characters(full->text, sizeof full->text - 1)] = '\0';
  keep_to_one_line(full->text);
}

__attribute__((format(printf, 2, 3))) static void set_text(bp_error *full, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  format_text(full, format, arguments);
  va_end(arguments);
}

bp_status bpi_fail(bp_error *error, bp_status code, const char *format, ...) {
  if (error == NULL) return code;
  bp_error full = {.code = code};
  va_list arguments;
  va_start(arguments, format);
  format_text(&full, format, arguments);
  va_end(arguments);
  return bpi_error_copy(error, &full);
}

bp_status bpi_fail_at(bp_error *error, bp_status code, uint64_t segment_id, uint64_t offset, const char *text) {
  if (error == NULL) return code;
  bp_error full = {.code = code, .segment_id = segment_id, .offset = offset};
  set_text(&full, "%s", text);
  return bpi_error_copy(error, &full);
}

bp_status bpi_fail_values(bp_error *error, bp_status code, uint64_t expected, uint64_t actual, const char *text) {
  if (error == NULL) return code;
  bp_error full = {.code = code, .expected = expected, .actual = actual};
  set_text(&full, "%s", text);
  return bpi_error_copy(error, &full);
}

static bp_status status_of_errno(int errno_value) {
  switch (errno_value) {
    case ENOSPC:
    case EDQUOT: return BP_DISK_FULL;
    case EACCES:
    case EPERM:
    case EROFS: return BP_PERMISSION;
    case ENOMEM: return BP_NO_MEMORY;
    case ENOSYS:
    case EOPNOTSUPP:
    case ENODEV: return BP_UNSUPPORTED; /* ENODEV: a file system without memory maps */
    default: return BP_SYSTEM;
  }
}

bp_status bpi_fail_system(bp_error *error, int errno_value, const char *doing) {
  bp_status code = status_of_errno(errno_value);
  if (error == NULL) return code;
  bp_error full = {.code = code, .os_error = errno_value};
  const char *meaning = strerrordesc_np(errno_value);
  if (meaning != NULL) {
    set_text(&full, "%s: %s", doing, meaning);
  } else {
    set_text(&full, "%s: error %d of the system", doing, errno_value);
  }
  return bpi_error_copy(error, &full);
}

bp_status bpi_check_struct(const void *object, uint32_t size, size_t known, size_t least, bp_error *error) {
  /* A struct_size nobody set is often huge; reading that far would be worse than refusing. */
  enum { TAIL_MAX = 4096 };
  if (object == NULL) return bpi_fail(error, BP_ARGUMENT, "a struct that is required is NULL");
  if (size < least || size > known + TAIL_MAX) {
    return bpi_fail_values(error, BP_STRUCT_SIZE, known, size, "struct_size is of no version of this library");
  }
  const uint8_t *bytes = (const uint8_t *)object;
  for (size_t i = known; i < size; i++) {
    if (bytes[i] != 0) {
      return bpi_fail_values(error, BP_STRUCT_SIZE, known, size, "the struct has fields that this version lacks");
    }
  }
  return BP_OK;
}

bp_status bpi_init_struct(void *object, size_t size, const void *defaults, size_t known) {
  if (object == NULL) return BP_ARGUMENT;
  if (size < known || size > UINT32_MAX) return BP_STRUCT_SIZE;
  memset(object, 0, size);
  memcpy(object, defaults, known);
  uint32_t struct_size = (uint32_t)size;
  memcpy(object, &struct_size, sizeof struct_size);
  return BP_OK;
}
