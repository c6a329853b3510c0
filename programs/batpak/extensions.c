#include "extensions.h"

#include "session.h"

#include <stdlib.h>
#include <string.h>

void extensions_json(const bp_extension *items, size_t count, text *out) {
  text_string(out, "{");
  for (size_t i = 0; i < count; i++) {
    if (i > 0) text_string(out, ",");
    text_json_string(out, items[i].name, items[i].name_length);
    text_string(out, ":\"");
    text_hex(out, items[i].value, items[i].value_length);
    text_string(out, "\"");
  }
  text_string(out, "}");
}

static bool encode(const bp_extension *items, size_t count, text *map, text *why) {
  bp_error error = error_empty();
  size_t needed = 0;
  bp_status status = bp_extensions_encode(items, count, NULL, 0, &needed, &error);
  if (status == BP_TOO_SMALL) {
    uint8_t *room = (uint8_t *)text_reserve(map, needed);
    status = bp_extensions_encode(items, count, room, needed, &needed, &error);
    map->length += needed;
  }
  if (status != BP_OK) {
    text_string(why, "extensions: ");
    error_describe(why, &error);
  }
  return status == BP_OK;
}

/* One value from its digits, behind the others; `values` has the room. */
static bool add(const char *name, json_object *value, bp_extension *item, text *values, text *why) {
  const member found = {.name = name, .value = value};
  const char *digits;
  size_t length;
  if (!member_string(&found, &digits, &length, why)) return false;
  uint8_t *bytes = (uint8_t *)values->data + values->length;
  if (!hex_read(digits, length, bytes, length / 2)) return member_is_no(&found, "hexadecimal digits", why);
  values->length += length / 2;
  *item = (bp_extension){(const uint8_t *)name, strlen(name), bytes, length / 2};
  return true;
}

bool extensions_take(const member *found, text *map, text *why) {
  map->length = 0;
  if (!json_object_is_type(found->value, json_type_object)) return member_is_no(found, "object", why);
  size_t count = (size_t)json_object_object_length(found->value), read = 0;
  bp_extension *items = memory_get(count * sizeof *items);
  text values = {0};
  bool good = true;
  text_reserve(&values, found->json_length);
  json_object_object_foreach(found->value, name, value) { good = good && add(name, value, &items[read++], &values, why); }
  if (good && count > 0) good = encode(items, count, map, why);
  text_free(&values);
  free(items);
  return good;
}

bp_status extensions_of_map(const uint8_t *map, size_t length, text *out, bp_error *error) {
  size_t count = 0, bytes = 0;
  bp_status status = bp_extensions_decode(map, length, NULL, 0, &count, NULL, 0, &bytes, error);
  if (status != BP_OK && status != BP_TOO_SMALL) return status;
  bp_extension *items = memory_get(count * sizeof *items);
  uint8_t *values = memory_get(bytes);
  status = bp_extensions_decode(map, length, items, count, &count, values, bytes, &bytes, error);
  if (status == BP_OK) extensions_json(items, count, out);
  free(values);
  free(items);
  return status;
}
