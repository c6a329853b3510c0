/* JSON text to MessagePack: our lexemes, json-c's structure.
 *
 * Three things that json-c cannot hold reach it in disguise.  A key ends at its first zero byte there, so U+0000 in keys
 * is handed over as U+FFFF and put back afterwards.  -0 would be the integer 0, while the reference reads the float: it is
 * handed over as -0.0.  And of a pair of escapes it makes U+FFFD where the character's lower 16 bits look like half a pair
 * (U+1D800 and its like; seen in 0.16): the character itself is handed over. */
#include "base/status.h"
#include "codec/json_text.h"
#include "codec/pack.h"
#include "codec/text.h"
#include "codec/unpack.h"

#include <json-c/json.h>

typedef struct json_facts {
  size_t depth;          /* containers around the innermost value */
  int zero_in_key;
  int has_negative_zero;
  int has_pair;
  int is_null;           /* the whole value */
} json_facts;

static bp_status refuse(bp_error *error, bp_status status, size_t offset, const char *text) {
  return bpi_fail_at(error, status, 0, offset, text);
}

static bp_status survey(bpi_bytes text, json_facts *facts, bp_error *error) {
  memset(facts, 0, sizeof *facts);
  size_t offset = bpi_utf8_prefix(text.data, text.length);
  if (offset < text.length) return refuse(error, BP_UTF8, offset, "the JSON text is not UTF-8");
  offset = 0;
  size_t depth = 0;
  int ffff_in_key = 0;
  for (size_t count = 0;; count++) {
    bpi_lexeme lexeme;
    if (bpi_lexeme_next(text, &offset, &lexeme) != BP_OK) return refuse(error, BP_JSON, offset, "not JSON");
    if (lexeme.type == BPI_LEXEME_END) break;
    uint8_t first = text.data[lexeme.start];
    if (count == 0) facts->is_null = first == 'n';
    if (first == '[' || first == '{') {
      if (++depth > BPI_DEPTH_MAX) return refuse(error, BP_DEPTH, lexeme.start, "nested deeper than 1,023 containers");
      if (depth > facts->depth) facts->depth = depth;
    } else if (first == ']' || first == '}') {
      if (depth == 0) return refuse(error, BP_JSON, lexeme.start, "an end without a beginning");
      depth--;
    }
    facts->zero_in_key |= lexeme.is_key && lexeme.has_zero;
    ffff_in_key |= lexeme.is_key && lexeme.has_ffff;
    facts->has_negative_zero |= lexeme.is_negative_zero;
    facts->has_pair |= lexeme.has_pair;
    if (facts->zero_in_key && ffff_in_key) {
      return refuse(error, BP_JSON, lexeme.start, "keys with U+0000 beside keys with U+FFFF");
    }
  }
  return BP_OK;
}

/* What json-c makes of a text that comes in pieces. */
typedef struct json_feed {
  struct json_tokener *tokener;
  struct json_object *value;
  int complete;
  size_t fed;      /* bytes of the text handed over */
  bpi_bytes text;
  bp_error *error;
} json_feed;

static bp_status feed_piece(json_feed *feed, const void *piece, size_t length, size_t offset) {
  enum { PIECE_MAX = 1 << 30 };
  const char *at = (const char *)piece;
  while (length > 0) {
    size_t now = length < PIECE_MAX ? length : PIECE_MAX;
    struct json_object *value = json_tokener_parse_ex(feed->tokener, at, (int)now);
    enum json_tokener_error failure = json_tokener_get_error(feed->tokener);
    size_t read = json_tokener_get_parse_end(feed->tokener);
    if (failure == json_tokener_success) {
      json_object_put(feed->value);
      feed->value = value;
      feed->complete = 1;
      /* It refuses what follows a value, or takes it, if that is space.  To stop anywhere but at the closing zero byte is
       * its way to say that memory ran out. */
      if (read < now && at[read] != '\0') return refuse(feed->error, BP_NO_MEMORY, offset + read, "no memory for the JSON text");
    } else if (failure != json_tokener_continue) {
      return refuse(feed->error, BP_JSON, offset + read, json_tokener_error_desc(failure));
    }
    at += now;
    offset += now;
    length -= now;
  }
  return BP_OK;
}

static bp_status feed_to(json_feed *feed, size_t end) {
  bp_status status = feed_piece(feed, feed->text.data + feed->fed, end - feed->fed, feed->fed);
  feed->fed = end;
  return status;
}

/* Hands over everything up to `end`, and `instead` for what lies between `end` and `resume`. */
static bp_status feed_instead(json_feed *feed, size_t end, size_t resume, const char *instead) {
  bp_status status = feed_to(feed, end);
  if (status == BP_OK) status = feed_piece(feed, instead, strlen(instead), end);
  feed->fed = resume;
  return status;
}

static bp_status feed_string(json_feed *feed, const bpi_lexeme *string) {
  static const char zero[] = "\\u0000";
  enum { ESCAPE = sizeof zero - 1 };
  char character[5];
  for (size_t at = string->start; at < string->end; at++) {
    if (feed->text.data[at] != '\\') continue;
    bp_status status = BP_OK;
    if (string->is_key && string->end - at > ESCAPE && memcmp(feed->text.data + at, zero, ESCAPE) == 0) {
      status = feed_instead(feed, at, at + ESCAPE, "\\uffff");
    } else if (bpi_lexeme_pair(feed->text, at, character)) {
      status = feed_instead(feed, at, at + 2 * ESCAPE, character);
      at += ESCAPE;
    }
    if (status != BP_OK) return status;
    at++;
  }
  return BP_OK;
}

static bp_status feed_disguised(json_feed *feed) {
  size_t offset = 0;
  for (;;) {
    bpi_lexeme lexeme;
    (void)bpi_lexeme_next(feed->text, &offset, &lexeme);
    bp_status status = BP_OK;
    if (lexeme.type == BPI_LEXEME_END) return BP_OK;
    if ((lexeme.is_key && lexeme.has_zero) || lexeme.has_pair) status = feed_string(feed, &lexeme);
    if (lexeme.is_negative_zero) status = feed_instead(feed, lexeme.end, lexeme.end, ".0");
    if (status != BP_OK) return status;
  }
}

static bp_status parse(json_feed *feed, const json_facts *facts) {
  /* A level for each container and one for the scalar within. */
  feed->tokener = json_tokener_new_ex((int)facts->depth + 2);
  if (feed->tokener == NULL) return refuse(feed->error, BP_NO_MEMORY, 0, "no memory for the JSON text");
  json_tokener_set_flags(feed->tokener, JSON_TOKENER_STRICT);
  bp_status status = BP_OK;
  if (facts->zero_in_key || facts->has_negative_zero || facts->has_pair) status = feed_disguised(feed);
  if (status == BP_OK) status = feed_to(feed, feed->text.length);
  /* The zero byte ends a number that nothing else ends. */
  if (status == BP_OK && !feed->complete) status = feed_piece(feed, "", 1, feed->text.length);
  if (status == BP_OK && !feed->complete) {
    status = refuse(feed->error, BP_JSON, feed->text.length, "the JSON text is cut short");
  }
  json_tokener_free(feed->tokener);
  /* Without memory json-c may answer nothing and no error, which is also what it answers for null. */
  if (status == BP_OK && feed->value == NULL && !facts->is_null) {
    status = refuse(feed->error, BP_NO_MEMORY, 0, "no memory for the JSON text");
  }
  return status;
}

/* A container on the way to the value in hand, and what of it comes next. */
typedef struct json_level {
  struct json_object *array;   /* or NULL */
  size_t next_index;
  struct lh_entry *next_entry;
} json_level;

static void pack_key(bpi_buffer *out, const char *key, int zero_in_key) {
  static const char disguise[] = "\xef\xbf\xbf"; /* U+FFFF */
  enum { DISGUISE = sizeof disguise - 1 };
  size_t length = strlen(key), zeros = 0;
  if (zero_in_key) {
    for (const char *at = key; (at = strstr(at, disguise)) != NULL; at += DISGUISE) zeros++;
  }
  uint8_t header[BPI_HEADER_MAX];
  bpi_buffer_append(out, header, (size_t)(bpi_put_str_header(header, length - zeros * (DISGUISE - 1)) - header));
  for (; zeros > 0; zeros--) {
    const char *at = strstr(key, disguise);
    bpi_buffer_append(out, key, (size_t)(at - key));
    bpi_buffer_append(out, "", 1);
    key = at + DISGUISE;
  }
  bpi_buffer_append(out, key, strlen(key));
}

/* Packs a scalar, or a container's header; 1 when `level` is now that container. */
static int pack_value(bpi_buffer *out, struct json_object *value, json_level *level, bp_status *status) {
  memset(level, 0, sizeof *level);
  switch (json_object_get_type(value)) {
    case json_type_null: bpi_pack_nil(out); return 0;
    case json_type_boolean: bpi_pack_bool(out, json_object_get_boolean(value)); return 0;
    case json_type_int: {
      int64_t number = json_object_get_int64(value);
      if (number < 0) {
        bpi_pack_i64(out, number);
      } else {
        bpi_pack_u64(out, json_object_get_uint64(value));
      }
      return 0;
    }
    case json_type_double:
      if (__builtin_isinf(json_object_get_double(value))) *status = BP_JSON;
      bpi_pack_f64(out, json_object_get_double(value));
      return 0;
    case json_type_string:
      bpi_pack_str(out, json_object_get_string(value), (size_t)json_object_get_string_len(value));
      return 0;
    case json_type_array:
      bpi_pack_array(out, (uint32_t)json_object_array_length(value));
      level->array = value;
      return 1;
    case json_type_object:
      bpi_pack_map(out, (uint32_t)json_object_object_length(value));
      level->next_entry = json_object_get_object(value)->head;
      return 1;
  }
  return 0;
}

static bp_status pack_tree(bpi_buffer *out, struct json_object *value, const json_facts *facts) {
  json_level levels[BPI_DEPTH_MAX];
  size_t depth = 0;
  bp_status status = BP_OK;
  json_level inner;
  if (pack_value(out, value, &inner, &status)) levels[depth++] = inner;
  while (depth > 0) {
    json_level *level = &levels[depth - 1];
    if (level->array != NULL && level->next_index < json_object_array_length(level->array)) {
      value = json_object_array_get_idx(level->array, level->next_index++);
    } else if (level->next_entry != NULL) {
      pack_key(out, (const char *)lh_entry_k(level->next_entry), facts->zero_in_key);
      value = (struct json_object *)lh_entry_v(level->next_entry);
      level->next_entry = level->next_entry->next;
    } else {
      depth--;
      continue;
    }
    if (pack_value(out, value, &inner, &status)) levels[depth++] = inner;
  }
  return status;
}

/* Where the number stands that became infinite: each is read once more, alone. */
static size_t find_overflow(bpi_bytes text) {
  size_t offset = 0, found = 0;
  struct json_tokener *tokener = json_tokener_new();
  if (tokener == NULL) return 0;
  for (int is_found = 0; !is_found;) {
    bpi_lexeme lexeme;
    (void)bpi_lexeme_next(text, &offset, &lexeme);
    if (lexeme.type == BPI_LEXEME_END) break;
    if (lexeme.type != BPI_LEXEME_NUMBER) continue;
    json_tokener_reset(tokener);
    (void)json_tokener_parse_ex(tokener, (const char *)text.data + lexeme.start, (int)(lexeme.end - lexeme.start));
    struct json_object *number = json_tokener_parse_ex(tokener, "", 1);
    is_found = json_object_get_type(number) == json_type_double && __builtin_isinf(json_object_get_double(number));
    if (is_found) found = lexeme.start;
    json_object_put(number);
  }
  json_tokener_free(tokener);
  return found;
}

bp_status bp_payload_from_json(const uint8_t *json, size_t json_length, uint8_t *buffer, size_t capacity,
                               size_t *needed, bp_error *error) {
  if ((json == NULL && json_length > 0) || (buffer == NULL && capacity > 0) || needed == NULL) {
    return bpi_fail(error, BP_ARGUMENT, "a pointer that is required is NULL");
  }
  json_facts facts;
  json_feed feed = {.text = bpi_bytes_of(json, json_length), .error = error};
  bp_status status = survey(feed.text, &facts, error);
  if (status != BP_OK) return status;
  bpi_memory memory = bpi_memory_default();
  bpi_buffer out;
  bpi_buffer_init(&out, &memory);
  status = parse(&feed, &facts);
  if (status == BP_OK && pack_tree(&out, feed.value, &facts) != BP_OK) {
    status = refuse(error, BP_JSON, find_overflow(feed.text), "a number is outside the range of a double");
  }
  if (status == BP_OK) status = bpi_pack_hand_over(&out, buffer, capacity, needed, error);
  bpi_buffer_free(&out);
  json_object_put(feed.value);
  return status;
}
