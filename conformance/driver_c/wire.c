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

json *hex_json(const uint8_t *data, size_t length) {
  static const char digits[] = "0123456789abcdef";
  char *text = must_allocate(2 * length + 1);
  for (size_t i = 0; i < length; i++) {
    text[2 * i] = digits[data[i] >> 4];
    text[2 * i + 1] = digits[data[i] & 15];
  }
  json *value = json_object_new_string_len(text, (int)(2 * length));
  free(text);
  return value;
}

json *text_json(const char *text) { return json_object_new_string(text); }

json *integer_json(uint64_t number) { return json_object_new_uint64(number); }

void set(json *object, const char *name, json *value) { json_object_object_add(object, name, value); }

bool is_given(const json *step, const char *name) { return json_object_object_get(step, name) != NULL; }

const char *argument_text(const json *step, const char *name) {
  json *value = json_object_object_get(step, name);
  return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

bool argument_u64(const json *step, const char *name, uint64_t *out) {
  if (!is_given(step, name)) return true;
  const json *value = json_object_object_get(step, name);
  if (json_object_is_type(value, json_type_int)) {
    *out = json_object_get_uint64(value);
    return json_object_get_int64(value) >= 0;
  }
  const char *digits = argument_text(step, name);
  char *end = NULL;
  if (digits == NULL || digits[0] < '0' || digits[0] > '9') return false;
  errno = 0;
  *out = strtoull(digits, &end, 10);
  return errno == 0 && *end == '\0';
}

bool argument_u32(const json *step, const char *name, uint32_t *out) {
  uint64_t wide = *out;
  if (!argument_u64(step, name, &wide) || wide > UINT32_MAX) return false;
  *out = (uint32_t)wide;
  return true;
}

bool argument_i64(const json *step, const char *name, int64_t *out) {
  if (!is_given(step, name)) return true;
  const json *value = json_object_object_get(step, name);
  if (json_object_is_type(value, json_type_int)) {
    *out = json_object_get_int64(value);
    return true;
  }
  const char *digits = argument_text(step, name);
  char *end = NULL;
  if (digits == NULL || digits[0] == '\0') return false;
  errno = 0;
  *out = strtoll(digits, &end, 10);
  return errno == 0 && *end == '\0';
}

bool argument_fixed(const json *step, const char *name, uint8_t *out, size_t length) {
  bytes given;
  if (!bytes_from_hex(argument_text(step, name), &given)) return false;
  bool fits = given.length == length;
  if (fits) memcpy(out, given.data, length);
  free(given.data);
  return fits;
}

bool argument_id(const json *step, const char *name, uint8_t out[16], bool *given) {
  *given = is_given(step, name);
  return !*given || argument_fixed(step, name, out, 16);
}

bool argument_hex(const json *step, const char *name, bytes *out) {
  return bytes_from_hex(argument_text(step, name), out);
}

bool keys_from(const json *step, const char *name, uint8_t **block, size_t *count) {
  const json *keys = json_object_object_get(step, name);
  *count = keys == NULL ? 0 : json_object_array_length(keys);
  *block = must_allocate(*count * 32);
  for (size_t i = 0; i < *count; i++) {
    bytes key;
    if (!bytes_from_hex(json_object_get_string(json_object_array_get_idx(keys, i)), &key)) return false;
    bool fits = key.length == 32;
    if (fits) memcpy(*block + i * 32, key.data, 32);
    free(key.data);
    if (!fits) return false;
  }
  return true;
}

bool argument_flag(const json *step, const char *name, bool otherwise) {
  return is_given(step, name) ? json_object_get_boolean(json_object_object_get(step, name)) : otherwise;
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

bool argument_name(const json *step, const char *name, bytes *out) {
  char other[64];
  uint64_t times = 1;
  snprintf(other, sizeof other, "%s_repeat", name);
  if (!argument_u64(step, other, &times)) return false;
  snprintf(other, sizeof other, "%s_hex", name);
  if (is_given(step, other)) return argument_hex(step, other, out) && repeat(out, times);
  const char *text = argument_text(step, name);
  size_t length = text == NULL ? 0 : (size_t)json_object_get_string_len(json_object_object_get(step, name));
  *out = (bytes){must_allocate(length), length};
  if (length > 0) memcpy(out->data, text, length);
  return repeat(out, times);
}

bool extensions_from_json(json *object, extension_list *out) {
  size_t room = object == NULL ? 0 : (size_t)json_object_object_length(object);
  *out = (extension_list){must_allocate(sizeof(bp_extension) * room), 0};
  if (room == 0) return true;
  json_object_object_foreach(object, name, value) {
    bytes decoded;
    if (!bytes_from_hex(json_object_get_string(value), &decoded)) {
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

json *extensions_json(const bp_extension *items, size_t count) {
  json *object = json_object_new_object();
  for (size_t i = 0; i < count; i++) {
    char *name = must_allocate(items[i].name_length + 1);
    memcpy(name, items[i].name, items[i].name_length);
    set(object, name, hex_json(items[i].value, items[i].value_length));
    free(name);
  }
  return object;
}

bp_status extensions_from_map(const uint8_t *map, size_t length, json **value, bp_error *error) {
  size_t count = 0;
  size_t values_length = 0;
  bp_status status = bp_extensions_decode(map, length, NULL, 0, &count, NULL, 0, &values_length, error);
  if (status == BP_TOO_SMALL) {
    bp_extension *items = must_allocate(count * sizeof *items);
    uint8_t *values = must_allocate(values_length);
    status = bp_extensions_decode(map, length, items, count, &count, values, values_length, &values_length, error);
    if (status == BP_OK) *value = extensions_json(items, count);
    free(values);
    free(items);
  } else if (status == BP_OK) {
    *value = json_object_new_object();
  }
  return status;
}

json *extension_map_json(const uint8_t *map, size_t length) {
  json *object = NULL;
  if (length == 0) return json_object_new_object();
  bp_status status = extensions_from_map(map, length, &object, NULL);
  return status == BP_OK ? object : text_json(bp_status_name(status));
}

bp_status extension_map_from_json(json *object, bytes *map, bp_error *error) {
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
    case DRIVER_NO_FENCE: return "no_fence";
    default: return bp_status_name(status);
  }
}

static json *expectation_json(const bp_error *error) {
  json *detail = json_object_new_object();
  set(detail, "expected", integer_json(error->expected));
  set(detail, "actual", integer_json(error->actual));
  return detail;
}

void answer(const json *step, bp_status status, json *value, const bp_error *error) {
  json *line = json_object_new_object();
  set(line, "id", json_object_get(json_object_object_get(step, "id")));
  set(line, "status", text_json(status_text(status)));
  if (status == BP_OK || value != NULL) set(line, "value", json_object_get(value));
  if (status == BP_EXPECTED_CLOCK) set(line, "detail", expectation_json(error));
  if (status > BP_OK) set(line, "text", text_json(error->text));
  puts(json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
  fflush(stdout);
  json_object_put(line);
  json_object_put(value);
}
