/* Values in their tagged form (spec.md, "Values"): to the tokens that the library encodes, and from those it decoded. */
#include "operations.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST_ANSWER = 32, TOKENS_MAX = 1 << 22, ARENA_MAX = 1 << 26 };

/* A value on its way to the library. */
typedef struct flat {
  bp_token *tokens;
  size_t count, capacity;
  uint8_t *arena;
  size_t length, room;
} flat;

/* Makes room for as much again; what is asked for beyond `most` is a mistake in the program. */
static bool grow(void **block, size_t *capacity, size_t used, size_t more, size_t width, size_t most) {
  if (more > most - used) return false;
  if (used + more <= *capacity) return true;
  size_t wanted = 2 * (used + more);
  void *wider = must_allocate(wanted * width);
  if (used > 0) memcpy(wider, *block, used * width);
  free(*block);
  *block = wider;
  *capacity = wanted;
  return true;
}

static bool room_for_tokens(flat *out, size_t more) {
  void *block = out->tokens;
  bool fits = grow(&block, &out->capacity, out->count, more, sizeof *out->tokens, TOKENS_MAX);
  out->tokens = block;
  return fits;
}

static bool add(flat *out, uint32_t type, uint64_t number) {
  if (!room_for_tokens(out, 1)) return false;
  out->tokens[out->count++] = (bp_token){.type = type, .number = number, .offset = out->length};
  return true;
}

/* The bytes, so many times over, as one string. */
static bool add_bytes(flat *out, uint32_t type, const void *data, size_t length, uint64_t times) {
  void *block = out->arena;
  if (length > 0 && times > ARENA_MAX / length) return false;
  bool fits = add(out, type, length * times) &&
              grow(&block, &out->room, out->length, length * (size_t)times, 1, ARENA_MAX);
  out->arena = block;
  for (uint64_t i = 0; fits && length > 0 && i < times; i++, out->length += length) {
    memcpy(out->arena + out->length, data, length);
  }
  return fits;
}

static bool add_hex(flat *out, json *digits, uint64_t times) {
  bytes data;
  if (!bytes_from_hex(text_of(digits), &data)) return false;
  bool fits = add_bytes(out, BP_TOKEN_BYTES, data.data, data.length, times);
  free(data.data);
  return fits;
}

static bool add_text(flat *out, json *text, uint64_t times) {
  const char *characters = text_of(text);
  return characters != NULL &&
         add_bytes(out, BP_TOKEN_STRING, characters, (size_t)json_object_get_string_len(text), times);
}

static bool add_float(flat *out, uint32_t type, json *digits, size_t width) {
  bytes data;
  uint64_t bits = 0;
  if (!bytes_from_hex(text_of(digits), &data)) return false;
  for (size_t i = 0; i < data.length; i++) bits = bits << 8 | data.data[i];
  bool fits = data.length == width && add(out, type, bits);
  free(data.data);
  return fits;
}

/* Sixteen bytes, most significant first: the reference's form of an integer that wide. */
static bool add_u128(flat *out, json *decimal) {
  uint8_t number[16] = {0};
  const char *digit = text_of(decimal);
  if (digit == NULL || *digit == '\0') return false;
  for (; *digit != '\0'; digit++) {
    if (*digit < '0' || *digit > '9') return false;
    unsigned carry = (unsigned)(*digit - '0');
    for (size_t i = sizeof number; i-- > 0; carry >>= 8) {
      carry += 10u * number[i];
      number[i] = (uint8_t)carry;
    }
    if (carry != 0) return false;
  }
  return add_bytes(out, BP_TOKEN_BYTES, number, sizeof number, 1);
}

static bool flatten(json *tagged, flat *out);

static bool add_array(flat *out, json *list) {
  size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : SIZE_MAX;
  bool fits = count < SIZE_MAX && add(out, BP_TOKEN_ARRAY, count);
  for (size_t i = 0; fits && i < count; i++) fits = flatten(json_object_array_get_idx(list, i), out);
  return fits;
}

static bool add_map(flat *out, json *list) {
  size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : SIZE_MAX;
  bool fits = count < SIZE_MAX && add(out, BP_TOKEN_MAP, count);
  for (size_t i = 0; fits && i < count; i++) {
    json *pair = json_object_array_get_idx(list, i);
    fits = json_object_is_type(pair, json_type_array) && json_object_array_length(pair) == 2 &&
           flatten(json_object_array_get_idx(pair, 0), out) && flatten(json_object_array_get_idx(pair, 1), out);
  }
  return fits;
}

/* An array of one value over and over: its tokens are copied. */
static bool add_repeated(flat *out, json *element, uint64_t times) {
  size_t first = out->count + 1;
  if (!add(out, BP_TOKEN_ARRAY, times) || !flatten(element, out)) return false;
  size_t each = out->count - first;
  if (times == 0) out->count = first;
  if (times > TOKENS_MAX || !room_for_tokens(out, each * (size_t)times)) return false;
  for (uint64_t i = 1; i < times; i++, out->count += each) {
    memcpy(out->tokens + out->count, out->tokens + first, each * sizeof *out->tokens);
  }
  return true;
}

static bool add_counting(flat *out, uint64_t count) {
  bool fits = add(out, BP_TOKEN_MAP, count);
  for (uint64_t i = 0; fits && i < count; i++) fits = add(out, BP_TOKEN_UINT, i) && add(out, BP_TOKEN_NIL, 0);
  return fits;
}

static bool add_nested(flat *out, uint64_t depth, json *leaf) {
  bool fits = true;
  for (uint64_t i = 0; fits && i < depth; i++) fits = add(out, BP_TOKEN_ARRAY, 1);
  return fits && flatten(leaf, out);
}

/* As deep as the line that it came on, whose parser has a limit. */
static bool flatten(json *tagged, flat *out) {
  if (!json_object_is_type(tagged, json_type_array)) return false;
  const char *tag = text_of(json_object_array_get_idx(tagged, 0));
  json *first = json_object_array_get_idx(tagged, 1);
  json *second = json_object_array_get_idx(tagged, 2);
  uint64_t number = 0;
  int64_t signed_number = 0;
  if (tag == NULL) return false;
  if (strcmp(tag, "null") == 0) return add(out, BP_TOKEN_NIL, 0);
  if (strcmp(tag, "bool") == 0) {
    return json_object_is_type(first, json_type_boolean) &&
           add(out, BP_TOKEN_BOOL, json_object_get_boolean(first) ? 1 : 0);
  }
  if (strcmp(tag, "u64") == 0) return u64_from_json(first, &number) && add(out, BP_TOKEN_UINT, number);
  if (strcmp(tag, "i64") == 0) {
    return i64_from_json(first, &signed_number) && add(out, BP_TOKEN_INT, (uint64_t)signed_number);
  }
  if (strcmp(tag, "u128") == 0) return add_u128(out, first);
  if (strcmp(tag, "f32") == 0) return add_float(out, BP_TOKEN_FLOAT32, first, 4);
  if (strcmp(tag, "f64") == 0) return add_float(out, BP_TOKEN_FLOAT64, first, 8);
  if (strcmp(tag, "text") == 0) return add_text(out, first, 1);
  if (strcmp(tag, "bytes") == 0) return add_hex(out, first, 1);
  if (strcmp(tag, "array") == 0) return add_array(out, first);
  if (strcmp(tag, "map") == 0) return add_map(out, first);
  if (strcmp(tag, "repeat_text") == 0) return u64_from_json(second, &number) && add_text(out, first, number);
  if (strcmp(tag, "repeat_bytes") == 0) return u64_from_json(second, &number) && add_hex(out, first, number);
  if (strcmp(tag, "repeat_array") == 0) return u64_from_json(second, &number) && add_repeated(out, first, number);
  if (strcmp(tag, "counting_map") == 0) return u64_from_json(first, &number) && add_counting(out, number);
  if (strcmp(tag, "nest") == 0) return u64_from_json(first, &number) && add_nested(out, number, second);
  return false;
}

static bp_status encoded(const flat *in, json **value, bp_error *error) {
  size_t needed = 0;
  bp_status status =
      bp_payload_encode(in->tokens, in->count, in->arena, in->length, NULL, 0, &needed, error);
  if (status != BP_TOO_SMALL) return status;
  uint8_t *payload = must_allocate(needed);
  status = bp_payload_encode(in->tokens, in->count, in->arena, in->length, payload, needed, &needed, error);
  if (status == BP_OK) *value = hex_json(payload, needed);
  free(payload);
  return status;
}

bp_status run_encode(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  flat out = {0};
  bool fits = flatten(json_object_object_get(step, "value"), &out);
  bp_status status = fits ? encoded(&out, value, error) : DRIVER_BAD_INSTRUCTION;
  free(out.tokens);
  free(out.arena);
  return status;
}

static json *tagged_json(const char *tag, json *content) {
  json *tagged = json_object_new_array();
  json_object_array_add(tagged, text_json(tag));
  json_object_array_add(tagged, content);
  return tagged;
}

static json *decimal_json(const char *form, uint64_t number) {
  char digits[24];
  snprintf(digits, sizeof digits, form, number);
  return text_json(digits);
}

static json *bits_json(uint64_t bits, size_t width) {
  uint8_t data[8];
  for (size_t i = width; i-- > 0; bits >>= 8) data[i] = (uint8_t)bits;
  return hex_json(data, width);
}

/* One that is no container. */
static json *scalar_json(const bp_token *token, const uint8_t *payload) {
  const uint8_t *data = payload + token->offset;
  switch (token->type) {
    case BP_TOKEN_BOOL: return tagged_json("bool", json_object_new_boolean(token->number != 0));
    case BP_TOKEN_UINT: return tagged_json("u64", decimal_json("%" PRIu64, token->number));
    case BP_TOKEN_INT: return tagged_json("i64", decimal_json("%" PRId64, token->number));
    case BP_TOKEN_FLOAT32: return tagged_json("f32", bits_json(token->number, 4));
    case BP_TOKEN_FLOAT64: return tagged_json("f64", bits_json(token->number, 8));
    case BP_TOKEN_STRING:
      return tagged_json("text", json_object_new_string_len((const char *)data, (int)token->number));
    case BP_TOKEN_BYTES: return tagged_json("bytes", hex_json(data, (size_t)token->number));
    default: break;
  }
  json *nothing = json_object_new_array();
  json_object_array_add(nothing, text_json("null"));
  return nothing;
}

/* A container that is under way. */
typedef struct level {
  json *list;
  json *pair; /* a key that waits for its value */
  uint64_t left;
  bool is_map;
} level;

static void put(level *into, json *tagged) {
  if (!into->is_map) {
    json_object_array_add(into->list, tagged);
  } else if (into->pair == NULL) {
    into->pair = json_object_new_array();
    json_object_array_add(into->pair, tagged);
  } else {
    json_object_array_add(into->pair, tagged);
    json_object_array_add(into->list, into->pair);
    into->pair = NULL;
  }
  into->left--;
}

static bool is_container(const bp_token *token) { return token->type >= BP_TOKEN_ARRAY; }

static uint64_t values_in(const bp_token *token) {
  return token->type == BP_TOKEN_MAP ? 2 * token->number : token->number;
}

static size_t depth_of(const bp_token *tokens, size_t count) {
  uint64_t *left = must_allocate((count + 1) * sizeof *left);
  size_t depth = 0;
  size_t deepest = 0;
  left[0] = 1;
  for (size_t i = 0; i < count; i++) {
    left[depth]--;
    if (is_container(&tokens[i])) left[++depth] = values_in(&tokens[i]);
    if (depth > deepest) deepest = depth;
    while (depth > 0 && left[depth] == 0) depth--;
  }
  free(left);
  return deepest;
}

/* At most DEEPEST_ANSWER deep. */
static json *tree_json(const bp_token *tokens, size_t count, const uint8_t *payload) {
  level levels[DEEPEST_ANSWER + 1] = {{.list = json_object_new_array(), .left = 1}};
  size_t depth = 0;
  for (size_t i = 0; i < count; i++) {
    if (is_container(&tokens[i])) {
      bool is_map = tokens[i].type == BP_TOKEN_MAP;
      json *list = json_object_new_array();
      put(&levels[depth], tagged_json(is_map ? "map" : "array", list));
      levels[++depth] = (level){.list = list, .left = values_in(&tokens[i]), .is_map = is_map};
    } else {
      put(&levels[depth], scalar_json(&tokens[i], payload));
    }
    while (depth > 0 && levels[depth].left == 0) depth--;
  }
  json *whole = json_object_get(json_object_array_get_idx(levels[0].list, 0));
  json_object_put(levels[0].list);
  return whole;
}

static json *decoded_json(const bp_token *tokens, size_t count, const uint8_t *payload) {
  size_t depth = depth_of(tokens, count);
  if (depth <= DEEPEST_ANSWER) return tree_json(tokens, count, payload);
  json *only = json_object_new_object();
  set(only, "depth", integer_json(depth));
  return only;
}

bp_status run_decode(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  bytes payload;
  size_t count = 0;
  if (!argument_hex(step, "bytes", &payload)) return DRIVER_BAD_INSTRUCTION;
  bp_token *tokens = must_allocate(payload.length * sizeof *tokens);
  bp_status status = bp_payload_decode(payload.data, payload.length, tokens, payload.length, &count, error);
  if (status == BP_OK) *value = decoded_json(tokens, count, payload.data);
  free(tokens);
  free(payload.data);
  return status;
}
