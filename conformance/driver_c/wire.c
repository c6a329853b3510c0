/* Values on the wire: hexadecimal, integers, names, extension maps, answers. */
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *must_allocate(size_t size) {
  void *block = calloc(1, size == 0 ? 1 : size);
  if (block == NULL) {
    fputs("driver-c: no memory\n", stderr);
    exit(1);
  }
  return block;
}

static int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

bool bytes_from_hex(const char *text, bytes *out) {
  size_t digits = text == NULL ? 1 : strlen(text);
  if (digits % 2 != 0) return false;
  uint8_t *data = must_allocate(digits / 2);
  for (size_t i = 0; i < digits; i += 2) {
    int high = hex_digit(text[i]);
    int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) {
      free(data);
      return false;
    }
    data[i / 2] = (uint8_t)(high << 4 | low);
  }
  *out = (bytes){data, digits / 2};
  return true;
}

json_t *hex_json(const uint8_t *data, size_t length) {
  static const char digits[] = "0123456789abcdef";
  char *text = must_allocate(2 * length + 1);
  for (size_t i = 0; i < length; i++) {
    text[2 * i] = digits[data[i] >> 4];
    text[2 * i + 1] = digits[data[i] & 15];
  }
  json_t *json = json_stringn(text, 2 * length);
  free(text);
  return json;
}

bool is_given(const json_t *step, const char *name) {
  const json_t *value = json_object_get(step, name);
  return value != NULL && !json_is_null(value);
}

bool argument_u64(const json_t *step, const char *name, uint64_t *out) {
  if (!is_given(step, name)) return true;
  const json_t *value = json_object_get(step, name);
  if (json_is_integer(value)) {
    *out = (uint64_t)json_integer_value(value);
    return json_integer_value(value) >= 0;
  }
  const char *digits = json_string_value(value);
  char *end = NULL;
  if (digits == NULL || digits[0] < '0' || digits[0] > '9') return false;
  errno = 0;
  *out = strtoull(digits, &end, 10);
  return errno == 0 && *end == '\0';
}

bool argument_u32(const json_t *step, const char *name, uint32_t *out) {
  uint64_t wide = *out;
  if (!argument_u64(step, name, &wide) || wide > UINT32_MAX) return false;
  *out = (uint32_t)wide;
  return true;
}

bool argument_i64(const json_t *step, const char *name, int64_t *out) {
  if (!is_given(step, name)) return true;
  const json_t *value = json_object_get(step, name);
  if (json_is_integer(value)) {
    *out = json_integer_value(value);
    return true;
  }
  const char *digits = json_string_value(value);
  char *end = NULL;
  if (digits == NULL || digits[0] == '\0') return false;
  errno = 0;
  *out = strtoll(digits, &end, 10);
  return errno == 0 && *end == '\0';
}

bool argument_fixed(const json_t *step, const char *name, uint8_t *out, size_t length) {
  bytes given;
  if (!bytes_from_hex(json_string_value(json_object_get(step, name)), &given)) return false;
  bool fits = given.length == length;
  if (fits) memcpy(out, given.data, length);
  free(given.data);
  return fits;
}

bool argument_id(const json_t *step, const char *name, uint8_t out[16], bool *given) {
  *given = is_given(step, name);
  return !*given || argument_fixed(step, name, out, 16);
}

bool argument_hex(const json_t *step, const char *name, bytes *out) {
  return bytes_from_hex(json_string_value(json_object_get(step, name)), out);
}

bool argument_flag(const json_t *step, const char *name, bool otherwise) {
  return is_given(step, name) ? json_is_true(json_object_get(step, name)) : otherwise;
}

static bool repeat(bytes *text, uint64_t times) {
  if (times == 1) return true;
  if (times > 1u << 20) return false;
  uint8_t *data = must_allocate(text->length * (size_t)times);
  for (size_t i = 0; i < (size_t)times; i++) memcpy(data + i * text->length, text->data, text->length);
  free(text->data);
  *text = (bytes){data, text->length * (size_t)times};
  return true;
}

bool argument_name(const json_t *step, const char *name, bytes *out) {
  char other[64];
  uint64_t times = 1;
  snprintf(other, sizeof other, "%s_repeat", name);
  if (!argument_u64(step, other, &times)) return false;
  snprintf(other, sizeof other, "%s_hex", name);
  if (is_given(step, other)) return argument_hex(step, other, out) && repeat(out, times);
  const json_t *value = json_object_get(step, name);
  size_t length = json_string_length(value);
  *out = (bytes){must_allocate(length), length};
  if (length > 0) memcpy(out->data, json_string_value(value), length);
  return repeat(out, times);
}

bool extensions_from_json(const json_t *object, extension_list *out) {
  *out = (extension_list){must_allocate(sizeof(bp_extension) * (json_object_size(object) + 1)), 0};
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)object, name, value) {
    bytes decoded;
    if (!bytes_from_hex(json_string_value(value), &decoded)) {
      extensions_free(out);
      return false;
    }
    out->items[out->count++] = (bp_extension){(const uint8_t *)name, strlen(name), decoded.data, decoded.length};
  }
  return true;
}

void extensions_free(extension_list *list) {
  for (size_t i = 0; i < list->count; i++) free((void *)(uintptr_t)list->items[i].value);
  free(list->items);
}

json_t *extensions_json(const bp_extension *items, size_t count) {
  json_t *object = json_object();
  for (size_t i = 0; i < count; i++) {
    json_object_setn_new(object, (const char *)items[i].name, items[i].name_length,
                         hex_json(items[i].value, items[i].value_length));
  }
  return object;
}

json_t *extension_map_json(const uint8_t *map, size_t length) {
  size_t count = 0;
  size_t values_length = 0;
  if (length == 0) return json_object();
  bp_extensions_decode(map, length, NULL, 0, &count, NULL, 0, &values_length, NULL);
  bp_extension *items = must_allocate(count * sizeof *items);
  uint8_t *values = must_allocate(values_length);
  bp_status status =
      bp_extensions_decode(map, length, items, count, &count, values, values_length, &values_length, NULL);
  json_t *object = status == BP_OK ? extensions_json(items, count) : json_string(bp_status_name(status));
  free(values);
  free(items);
  return object;
}

bp_status extension_map_from_json(const json_t *object, bytes *map, bp_error *error) {
  extension_list list;
  *map = (bytes){NULL, 0};
  if (!extensions_from_json(object, &list)) return DRIVER_BAD_INSTRUCTION;
  bp_status status = bp_extensions_encode(list.items, list.count, NULL, 0, &map->length, error);
  if (status == BP_TOO_SMALL) {
    map->data = must_allocate(map->length);
    status = bp_extensions_encode(list.items, list.count, map->data, map->length, &map->length, error);
  }
  extensions_free(&list);
  return status;
}

const char *status_text(bp_status status) {
  switch (status) {
    case BP_OK: return "ok";
    case DRIVER_BAD_INSTRUCTION: return "bad_instruction";
    case DRIVER_UNSUPPORTED: return "unsupported";
    case DRIVER_NO_STORE: return "no_store";
    default: return bp_status_name(status);
  }
}

void answer(const json_t *step, bp_status status, json_t *value, const bp_error *error) {
  json_t *line = json_object();
  json_object_set(line, "id", json_object_get(step, "id"));
  json_object_set_new(line, "status", json_string(status_text(status)));
  if (status == BP_OK) {
    json_object_set_new(line, "value", value == NULL ? json_null() : value);
  } else {
    json_decref(value);
  }
  if (status == BP_EXPECTED_CLOCK) {
    json_object_set_new(line, "detail", json_pack("{s:I,s:I}", "expected", (json_int_t)error->expected, "actual",
                                                  (json_int_t)error->actual));
  } else if (status > BP_OK) {
    json_object_set_new(line, "text", json_string(error->text));
  }
  json_dumpf(line, stdout, JSON_COMPACT | JSON_SORT_KEYS);
  putchar('\n');
  fflush(stdout);
  json_decref(line);
}
