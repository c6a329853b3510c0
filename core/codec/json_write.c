/* MessagePack to JSON text (encoding.md 1.5), without recursion: the text is written as the tokens come.
 *
 * Of equal keys the last value counts and the first place is kept, as in the reference's maps.  So the input is surveyed
 * before anything is written: everything that JSON cannot say is refused there, and all keys are sorted within their maps.
 * Where two are equal, the writing takes the value of the last in the place of the first and steps over the others.  No
 * value is written twice and none is stepped over twice: the time stays in proportion to the input. */
#include "base/status.h"
#include "codec/json_text.h"
#include "codec/pack.h"
#include "codec/text.h"
#include "codec/unpack.h"

#include <stdlib.h>

/* A key in the input: its map (numbered in order of appearance), the token, and where its value begins. */
typedef struct json_key {
  size_t map;
  bpi_bytes name;
  const uint8_t *value;
} json_key;

/* What becomes of a key that is not alone: `instead` is the value to be written, NULL drops the key. */
typedef struct json_repeat {
  const uint8_t *value;
  const uint8_t *instead;
} json_repeat;

typedef struct json_writer {
  bpi_memory memory;
  bpi_buffer out;
  const uint8_t *start;
  const uint8_t *end;
  json_key *keys;
  size_t key_count, key_capacity;
  json_repeat *repeats; /* by `value` ascending */
  size_t repeat_count, repeat_capacity;
  bp_error *error;
} json_writer;

/* A container that is under way. */
typedef struct json_open {
  const uint8_t *resume;   /* where reading goes on behind it, NULL: where it ends */
  uint64_t left;           /* elements or pairs */
  size_t map;              /* number of a map, 0 for an array */
  int is_begun;
} json_open;

static bp_status refuse(const json_writer *writer, bp_status status, const uint8_t *at, const char *text) {
  return bpi_fail_at(writer->error, status, 0, (size_t)(at - writer->start), text);
}

static bp_status no_memory(const json_writer *writer) {
  return bpi_fail(writer->error, BP_NO_MEMORY, "no memory for the JSON text");
}

static bp_status survey_key(json_writer *writer, bpi_unpack *in, size_t map) {
  const uint8_t *start = in->at;
  bpi_token token;
  if (bpi_unpack_next(in, &token) != BP_OK) return refuse(writer, BP_MESSAGEPACK, in->at, "not MessagePack");
  if (token.type != BPI_TOKEN_STR) return refuse(writer, BP_NOT_JSON, start, "a key that is no string");
  if (!bpi_utf8_valid(token.bytes.data, token.bytes.length)) return refuse(writer, BP_UTF8, start, "a key is not UTF-8");
  void *keys = writer->keys;
  if (bpi_grow(&writer->memory, &keys, &writer->key_capacity, writer->key_count + 1, sizeof *writer->keys) != 0) {
    return no_memory(writer);
  }
  writer->keys = (json_key *)keys;
  json_key key = {map, token.bytes, in->at};
  writer->keys[writer->key_count++] = key;
  return BP_OK;
}

/* One token that stands as a value. */
static bp_status survey_value(const json_writer *writer, bpi_unpack *in, bpi_token *token) {
  const uint8_t *start = in->at;
  if (bpi_unpack_next(in, token) != BP_OK) return refuse(writer, BP_MESSAGEPACK, in->at, "not MessagePack");
  if (token->type == BPI_TOKEN_BIN || token->type == BPI_TOKEN_EXT) {
    return refuse(writer, BP_NOT_JSON, start, "bytes that are no text");
  }
  if (token->type == BPI_TOKEN_STR && !bpi_utf8_valid(token->bytes.data, token->bytes.length)) {
    return refuse(writer, BP_UTF8, start, "a string is not UTF-8");
  }
  return BP_OK;
}

static bp_status survey(json_writer *writer) {
  json_open open[BPI_DEPTH_MAX];
  size_t depth = 0, maps = 0;
  bpi_unpack in = {writer->start, writer->end};
  do {
    if (depth > 0) {
      json_open *top = &open[depth - 1];
      if (top->left == 0) {
        depth--;
        continue;
      }
      top->left--;
      bp_status status = top->map > 0 ? survey_key(writer, &in, top->map) : BP_OK;
      if (status != BP_OK) return status;
    }
    const uint8_t *start = in.at;
    bpi_token token;
    bp_status status = survey_value(writer, &in, &token);
    if (status != BP_OK) return status;
    if (token.type < BPI_TOKEN_ARRAY) continue;
    if (depth == BPI_DEPTH_MAX) return refuse(writer, BP_DEPTH, start, "nested deeper than 1,023 containers");
    json_open inner = {NULL, token.u, token.type == BPI_TOKEN_MAP ? ++maps : 0, 0};
    open[depth++] = inner;
  } while (depth > 0);
  return BP_OK;
}

static int compare_keys(const void *left, const void *right) {
  const json_key *a = (const json_key *)left, *b = (const json_key *)right;
  if (a->map != b->map) return a->map < b->map ? -1 : 1;
  int order = bpi_bytes_compare(a->name, b->name);
  return order != 0 ? order : (a->value > b->value) - (a->value < b->value);
}

static int compare_repeats(const void *left, const void *right) {
  const json_repeat *a = (const json_repeat *)left, *b = (const json_repeat *)right;
  return (a->value > b->value) - (a->value < b->value);
}

static int same_key(const json_key *a, const json_key *b) { return a->map == b->map && bpi_bytes_equal(a->name, b->name); }

static bp_status find_repeats(json_writer *writer) {
  if (writer->key_count < 2) return BP_OK;
  qsort(writer->keys, writer->key_count, sizeof *writer->keys, compare_keys);
  for (size_t first = 0, next; first < writer->key_count; first = next) {
    next = first + 1;
    while (next < writer->key_count && same_key(&writer->keys[first], &writer->keys[next])) next++;
    if (next - first == 1) continue;
    void *repeats = writer->repeats;
    if (bpi_grow(&writer->memory, &repeats, &writer->repeat_capacity, writer->repeat_count + next - first,
                 sizeof *writer->repeats) != 0) {
      return no_memory(writer);
    }
    writer->repeats = (json_repeat *)repeats;
    for (size_t i = first; i < next; i++) {
      json_repeat repeat = {writer->keys[i].value, i == first ? writer->keys[next - 1].value : NULL};
      writer->repeats[writer->repeat_count++] = repeat;
    }
  }
  if (writer->repeat_count > 0) {
    qsort(writer->repeats, writer->repeat_count, sizeof *writer->repeats, compare_repeats);
  }
  return BP_OK;
}

static const json_repeat *repeat_of(const json_writer *writer, const uint8_t *value) {
  json_repeat wanted = {value, NULL};
  if (writer->repeat_count == 0) return NULL;
  return (const json_repeat *)bsearch(&wanted, writer->repeats, writer->repeat_count, sizeof wanted, compare_repeats);
}

static void put(bpi_buffer *out, const char *text) { bpi_buffer_append(out, text, strlen(text)); }

static void put_escape(bpi_buffer *out, uint8_t byte) {
  static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* what is escaped, and by which letter */
  for (size_t i = 0; i < sizeof letters - 1; i += 2) {
    if ((uint8_t)letters[i] != byte) continue;
    char text[2] = {'\\', letters[i + 1]};
    bpi_buffer_append(out, text, sizeof text);
    return;
  }
  char text[6] = {'\\', 'u', '0', '0', 0, 0};
  bpi_hex_encode(&byte, 1, text + 4);
  bpi_buffer_append(out, text, sizeof text);
}

static void put_string(bpi_buffer *out, bpi_bytes text) {
  put(out, "\"");
  size_t plain = 0;
  for (size_t i = 0; i < text.length; i++) {
    uint8_t byte = text.data[i];
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    bpi_buffer_append(out, text.data + plain, i - plain);
    put_escape(out, byte);
    plain = i + 1;
  }
  if (text.length > plain) bpi_buffer_append(out, text.data + plain, text.length - plain);
  put(out, "\"");
}

static void put_integer(bpi_buffer *out, uint64_t magnitude, int negative) {
  char text[24];
  char *at = text + sizeof text;
  do {
    *--at = (char)('0' + magnitude % 10);
    magnitude /= 10;
  } while (magnitude > 0);
  if (negative) *--at = '-';
  bpi_buffer_append(out, at, (size_t)(text + sizeof text - at));
}

static void put_double(bpi_buffer *out, double value) {
  char text[BPI_DOUBLE_TEXT_MAX];
  if (!__builtin_isfinite(value)) {
    put(out, "null"); /* the reference's answer to what JSON has no number for */
  } else {
    bpi_buffer_append(out, text, bpi_double_format(value, text));
  }
}

static void put_scalar(bpi_buffer *out, const bpi_token *token) {
  switch (token->type) {
    case BPI_TOKEN_BOOL: put(out, token->u ? "true" : "false"); break;
    case BPI_TOKEN_UINT: put_integer(out, token->u, 0); break;
    case BPI_TOKEN_INT: put_integer(out, (uint64_t)0 - (uint64_t)token->i, 1); break;
    case BPI_TOKEN_FLOAT: put_double(out, token->f); break;
    case BPI_TOKEN_STR: put_string(out, token->bytes); break;
    default: put(out, "null"); break;
  }
}

/* Takes the next key that is to be written; 0 at the end of the map.  *resume: where reading goes on behind the value if
 * that stands elsewhere. */
static int put_key(json_writer *writer, bpi_unpack *in, json_open *map, const uint8_t **resume) {
  while (map->left > 0) {
    bpi_token key;
    map->left--;
    (void)bpi_unpack_next(in, &key);
    const json_repeat *repeat = repeat_of(writer, in->at);
    const uint8_t *instead = repeat == NULL ? NULL : repeat->instead;
    if (repeat != NULL) (void)bpi_unpack_skip(in);
    if (repeat != NULL && instead == NULL) continue;
    if (map->is_begun) put(&writer->out, ",");
    map->is_begun = 1;
    put_string(&writer->out, key.bytes);
    put(&writer->out, ":");
    if (instead != NULL) {
      *resume = in->at;
      in->at = instead;
    }
    return 1;
  }
  return 0;
}

static int put_next(json_writer *writer, bpi_unpack *in, json_open *top, const uint8_t **resume) {
  if (top->map > 0) return put_key(writer, in, top, resume);
  if (top->left == 0) return 0;
  top->left--;
  if (top->is_begun) put(&writer->out, ",");
  top->is_begun = 1;
  return 1;
}

/* The survey has seen every token: none of them can fail here. */
static void write(json_writer *writer) {
  json_open open[BPI_DEPTH_MAX];
  size_t depth = 0;
  bpi_unpack in = {writer->start, writer->end};
  do {
    const uint8_t *resume = NULL;
    if (depth > 0 && !put_next(writer, &in, &open[depth - 1], &resume)) {
      const json_open *done = &open[--depth];
      put(&writer->out, done->map > 0 ? "}" : "]");
      if (done->resume != NULL) in.at = done->resume;
      continue;
    }
    bpi_token token;
    (void)bpi_unpack_next(&in, &token);
    if (token.type >= BPI_TOKEN_ARRAY) {
      put(&writer->out, token.type == BPI_TOKEN_MAP ? "{" : "[");
      json_open inner = {resume, token.u, token.type == BPI_TOKEN_MAP, 0};
      open[depth++] = inner;
    } else {
      put_scalar(&writer->out, &token);
      if (resume != NULL) in.at = resume;
    }
  } while (depth > 0);
}

bp_status bp_payload_to_json(const uint8_t *payload, size_t payload_length, uint8_t *buffer, size_t capacity,
                             size_t *needed, bp_error *error) {
  if ((payload == NULL && payload_length > 0) || (buffer == NULL && capacity > 0) || needed == NULL) {
    return bpi_fail(error, BP_ARGUMENT, "a pointer that is required is NULL");
  }
  if (payload_length == 0) return bpi_fail(error, BP_MESSAGEPACK, "an empty payload is no value");
  json_writer writer = {.memory = bpi_memory_default(), .start = payload, .end = payload + payload_length, .error = error};
  bpi_buffer_init(&writer.out, &writer.memory);
  bp_status status = survey(&writer);
  if (status == BP_OK) status = find_repeats(&writer);
  if (status == BP_OK) {
    write(&writer);
    status = bpi_pack_hand_over(&writer.out, buffer, capacity, needed, error);
  }
  bpi_buffer_free(&writer.out);
  bpi_release(&writer.memory, writer.keys, writer.key_capacity * sizeof *writer.keys);
  bpi_release(&writer.memory, writer.repeats, writer.repeat_capacity * sizeof *writer.repeats);
  return status;
}
