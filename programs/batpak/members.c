#include "members.h"

#include <batpak/ffi.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 1024, SHOWN_NAME_MAX = 64 };

/* Where reading stands on the line. */
struct member_reader {
  json_tokener *tokener;
  const char *line;
  size_t length;
  size_t at;
  text *why;
};

member_reader *members_new(void) {
  member_reader *reader = memory_get(sizeof *reader);
  *reader = (member_reader){.tokener = json_tokener_new_ex(DEPTH_MAX)};
  if (reader->tokener == NULL) memory_gone();
  json_tokener_set_flags(reader->tokener,
                         JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS | JSON_TOKENER_VALIDATE_UTF8);
  return reader;
}

void members_free(member_reader *reader) {
  json_tokener_free(reader->tokener);
  free(reader);
}

static bool broken(member_reader *reader, const char *what) {
  text_format(reader->why, "%s at byte %zu", what, reader->at + 1);
  return false;
}

static void skip_space(member_reader *reader) {
  while (reader->at < reader->length && strchr(" \t\r\n", reader->line[reader->at]) != NULL) reader->at++;
}

/* The next character after space, taken if it is `wanted`. */
static bool accept(member_reader *reader, char wanted) {
  skip_space(reader);
  if (reader->at == reader->length || reader->line[reader->at] != wanted) return false;
  reader->at++;
  return true;
}

/* One JSON value of any kind; the caller puts *value. */
static bool read_value(member_reader *reader, json_object **value) {
  skip_space(reader);
  json_tokener_reset(reader->tokener);
  *value = json_tokener_parse_ex(reader->tokener, reader->line + reader->at, (int)(reader->length - reader->at));
  enum json_tokener_error error = json_tokener_get_error(reader->tokener);
  if (error == json_tokener_success) {
    reader->at += json_tokener_get_parse_end(reader->tokener);
    return true;
  }
  if (error != json_tokener_continue) reader->at += json_tokener_get_parse_end(reader->tokener);
  return broken(reader, error == json_tokener_continue ? "JSON that is cut short" : json_tokener_error_desc(error));
}

/* `index` is list->count for a name that is to be stepped over. */
static bool known(const member_list *list, const char *name, size_t length, uint32_t *seen, unsigned *index,
                  text *why) {
  for (unsigned i = 0; i < list->count; i++) {
    if (strlen(list->names[i]) != length || memcmp(list->names[i], name, length) != 0) continue;
    if (*seen & 1u << i) {
      text_format(why, "%s is given twice", list->names[i]);
      return false;
    }
    *seen |= 1u << i;
    *index = i;
    return true;
  }
  *index = list->count;
  if (list->open) return true;
  text_string(why, "unknown name \"");
  text_printable(why, name, length < SHOWN_NAME_MAX ? length : SHOWN_NAME_MAX);
  text_string(why, "\"");
  return false;
}

static bool read_named(member_reader *reader, const member_list *list, unsigned index, void *user) {
  bool is_known = index < list->count;
  member found = {.name = is_known ? list->names[index] : NULL};
  if (!accept(reader, ':')) return broken(reader, "a colon is missing");
  skip_space(reader);
  found.json = reader->line + reader->at;
  if (!read_value(reader, &found.value)) return false;
  found.json_length = (size_t)(reader->line + reader->at - found.json);
  bool taken = !is_known || list->take(user, index, &found, reader->why);
  json_object_put(found.value);
  return taken;
}

static bool read_member(member_reader *reader, const member_list *list, uint32_t *seen, void *user) {
  json_object *name;
  unsigned index = 0;
  skip_space(reader);
  if (!read_value(reader, &name)) return false;
  bool good = json_object_is_type(name, json_type_string);
  if (!good) {
    broken(reader, "a name is missing");
  } else {
    size_t length = (size_t)json_object_get_string_len(name);
    good = known(list, json_object_get_string(name), length, seen, &index, reader->why);
  }
  json_object_put(name);
  return good && read_named(reader, list, index, user);
}

static bool all_there(const member_list *list, uint32_t seen, text *why) {
  for (unsigned i = 0; i < list->count; i++) {
    if (list->required & ~seen & 1u << i) {
      text_format(why, "%s is missing", list->names[i]);
      return false;
    }
  }
  return true;
}

bool members_read(member_reader *reader, const member_list *list, const char *line, size_t length, void *user,
                  text *why) {
  uint32_t seen = 0;
  reader->line = line;
  reader->length = length;
  reader->at = 0;
  reader->why = why;
  why->length = 0;
  if (!accept(reader, '{')) return broken(reader, "no JSON object");
  if (!accept(reader, '}')) {
    do {
      if (!read_member(reader, list, &seen, user)) return false;
    } while (accept(reader, ','));
    if (!accept(reader, '}')) return broken(reader, "a comma or brace is missing");
  }
  skip_space(reader);
  if (reader->at != length) return broken(reader, "something stands behind the object");
  return all_there(list, seen, why);
}

bool member_is_no(const member *found, const char *what, text *why) {
  text_format(why, "%s is no %s", found->name, what);
  return false;
}

bool member_string(const member *found, const char **bytes, size_t *length, text *why) {
  if (!json_object_is_type(found->value, json_type_string)) return member_is_no(found, "string", why);
  *bytes = json_object_get_string(found->value);
  *length = (size_t)json_object_get_string_len(found->value);
  return true;
}

bool member_hex(const member *found, uint8_t *out, size_t capacity, text *why) {
  const char *digits;
  size_t length;
  if (!member_string(found, &digits, &length, why)) return false;
  if (hex_read(digits, length, out, capacity)) return true;
  text_format(why, "%s is not %zu hexadecimal digits", found->name, 2 * capacity);
  return false;
}

bool member_number(const member *found, uint64_t *value, text *why) {
  bool good = decimal_read(found->json, found->json_length, value);
  return good || member_is_no(found, "whole number", why);
}

bool member_kind(const member *found, uint16_t *kind, text *why) {
  bool is_string = json_object_is_type(found->value, json_type_string);
  const char *words = is_string ? json_object_get_string(found->value) : found->json;
  size_t length = is_string ? (size_t)json_object_get_string_len(found->value) : found->json_length;
  if (bp_kind_parse(words, length, kind, NULL) == BP_OK) return true;
  return member_is_no(found, "kind: F:001 or 61441", why);
}
