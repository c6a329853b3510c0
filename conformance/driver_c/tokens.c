/* Tagged values (spec.md, "Values") to tokens and back: `encode` and `decode`. */
#include "operations.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tokens of one value, and the bytes of its texts. */
typedef struct token_run {
  bp_token *tokens;
  size_t count;
  size_t room;
  bytes arena;
} token_run;

static bool flatten(token_run *run, const json *value);

static void push(token_run *run, uint32_t type, uint64_t number) {
  if (run->count == run->room) {
    run->room = 2 * run->room + 64;
    run->tokens = realloc(run->tokens, run->room * sizeof *run->tokens);
    if (run->tokens == NULL) abort();
  }
  run->tokens[run->count++] = (bp_token){.type = type, .number = number, .offset = run->arena.length};
}

static void push_bytes(token_run *run, uint32_t type, const void *data, size_t length) {
  push(run, type, length);
  if (length == 0) return;
  run->arena.data = realloc(run->arena.data, run->arena.length + length);
  if (run->arena.data == NULL) abort();
  memcpy(run->arena.data + run->arena.length, data, length);
  run->arena.length += length;
}

static bool push_hex(token_run *run, uint32_t type, const char *text, uint64_t times) {
  bytes data;
  if (!bytes_from_hex(text, &data)) return false;
  if (type == BP_TOKEN_BYTES) {
    uint8_t *whole = must_allocate(data.length * (size_t)times);
    for (size_t i = 0; i < times; i++) memcpy(whole + i * data.length, data.data, data.length);
    push_bytes(run, type, whole, data.length * (size_t)times);
    free(whole);
  } else {
    uint64_t bits = 0;
    for (size_t i = 0; i < data.length; i++) bits = bits << 8 | data.data[i];
    push(run, type, bits);
  }
  free(data.data);
  return true;
}

/* Decimal digits of up to 128 bits, as 16 bytes. */
static void push_wide(token_run *run, const char *digits) {
  uint8_t wide[16] = {0};
  for (; *digits != '\0'; digits++) {
    unsigned carry = (unsigned)(*digits - '0');
    for (size_t i = sizeof wide; i-- > 0;) {
      carry += wide[i] * 10u;
      wide[i] = (uint8_t)carry;
      carry >>= 8;
    }
  }
  push_bytes(run, BP_TOKEN_BYTES, wide, sizeof wide);
}

static bool flatten_all(token_run *run, const json *list) {
  size_t count = list == NULL ? 0 : json_object_array_length(list);
  for (size_t i = 0; i < count; i++) {
    if (!flatten(run, json_object_array_get_idx(list, i))) return false;
  }
  return true;
}

static bool flatten_map(token_run *run, const json *pairs) {
  size_t count = json_object_array_length(pairs);
  push(run, BP_TOKEN_MAP, count);
  for (size_t i = 0; i < count; i++) {
    if (!flatten_all(run, json_object_array_get_idx(pairs, i))) return false;
  }
  return true;
}

static bool flatten_compact(token_run *run, const char *tag, json *first, json *second) {
  uint64_t times = strtoull(json_object_get_string(second == NULL || strcmp(tag, "nest") == 0 ? first : second), NULL, 10);
  if (strcmp(tag, "repeat_bytes") == 0) return push_hex(run, BP_TOKEN_BYTES, json_object_get_string(first), times);
  if (strcmp(tag, "repeat_text") == 0) {
    size_t length = (size_t)json_object_get_string_len(first);
    char *text = must_allocate(length * (size_t)times);
    for (size_t i = 0; i < times; i++) memcpy(text + i * length, json_object_get_string(first), length);
    push_bytes(run, BP_TOKEN_STRING, text, length * (size_t)times);
    free(text);
    return true;
  }
  if (strcmp(tag, "repeat_array") == 0) {
    push(run, BP_TOKEN_ARRAY, times);
    for (uint64_t i = 0; i < times; i++) {
      if (!flatten(run, first)) return false;
    }
    return true;
  }
  if (strcmp(tag, "counting_map") == 0) {
    push(run, BP_TOKEN_MAP, times);
    for (uint64_t i = 0; i < times; i++) {
      push(run, BP_TOKEN_UINT, i);
      push(run, BP_TOKEN_NIL, 0);
    }
    return true;
  }
  if (strcmp(tag, "nest") != 0) return false;
  for (uint64_t i = 0; i < times; i++) push(run, BP_TOKEN_ARRAY, 1);
  return flatten(run, second);
}

static bool flatten(token_run *run, const json *value) {
  if (!json_object_is_type(value, json_type_array) || json_object_array_length(value) == 0) return false;
  const char *tag = json_object_get_string(json_object_array_get_idx(value, 0));
  json *first = json_object_array_get_idx(value, 1);
  const char *text = json_object_get_string(first);
  if (tag == NULL) return false;
  if (strcmp(tag, "null") == 0) push(run, BP_TOKEN_NIL, 0);
  else if (strcmp(tag, "bool") == 0) push(run, BP_TOKEN_BOOL, json_object_get_boolean(first) ? 1 : 0);
  else if (strcmp(tag, "u64") == 0) push(run, BP_TOKEN_UINT, strtoull(text, NULL, 10));
  else if (strcmp(tag, "i64") == 0) push(run, BP_TOKEN_INT, (uint64_t)strtoll(text, NULL, 10));
  else if (strcmp(tag, "u128") == 0) push_wide(run, text);
  else if (strcmp(tag, "f32") == 0) return push_hex(run, BP_TOKEN_FLOAT32, text, 1);
  else if (strcmp(tag, "f64") == 0) return push_hex(run, BP_TOKEN_FLOAT64, text, 1);
  else if (strcmp(tag, "text") == 0) push_bytes(run, BP_TOKEN_STRING, text, (size_t)json_object_get_string_len(first));
  else if (strcmp(tag, "bytes") == 0) return push_hex(run, BP_TOKEN_BYTES, text, 1);
  else if (strcmp(tag, "map") == 0) return flatten_map(run, first);
  else if (strcmp(tag, "array") == 0) {
    push(run, BP_TOKEN_ARRAY, json_object_array_length(first));
    return flatten_all(run, first);
  } else return flatten_compact(run, tag, first, json_object_array_get_idx(value, 2));
  return true;
}

static bp_status run_encode(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  token_run run = {0};
  size_t needed = 0;
  bp_status status = DRIVER_BAD_INSTRUCTION;
  if (flatten(&run, json_object_object_get(step, "value"))) {
    status = bp_payload_encode(run.tokens, run.count, run.arena.data, run.arena.length, NULL, 0, &needed, error);
  }
  if (status == BP_TOO_SMALL) {
    uint8_t *payload = must_allocate(needed);
    status = bp_payload_encode(run.tokens, run.count, run.arena.data, run.arena.length, payload, needed, &needed, error);
    if (status == BP_OK) *value = hex_json(payload, needed);
    free(payload);
  }
  free(run.tokens);
  free(run.arena.data);
  return status;
}

static json *tagged(const char *tag, json *value) {
  json *list = json_object_new_array();
  json_object_array_add(list, text_json(tag));
  if (value != NULL) json_object_array_add(list, value);
  return list;
}

static json *number_tagged(const char *tag, const char *form, uint64_t number) {
  char text[24];
  snprintf(text, sizeof text, form, number);
  return tagged(tag, text_json(text));
}

static json *build(const uint8_t *payload, const bp_token **next);

static json *list_of(const uint8_t *payload, const bp_token **next, uint64_t count) {
  json *list = json_object_new_array();
  for (uint64_t i = 0; i < count; i++) json_object_array_add(list, build(payload, next));
  return list;
}

static json *pairs_of(const uint8_t *payload, const bp_token **next, uint64_t count) {
  json *list = json_object_new_array();
  for (uint64_t i = 0; i < count; i++) json_object_array_add(list, list_of(payload, next, 2));
  return list;
}

static json *build(const uint8_t *payload, const bp_token **next) {
  const bp_token *token = (*next)++;
  const uint8_t *from = payload + token->offset;
  switch (token->type) {
    case BP_TOKEN_BOOL: return tagged("bool", json_object_new_boolean(token->number != 0));
    case BP_TOKEN_UINT: return number_tagged("u64", "%" PRIu64, token->number);
    case BP_TOKEN_INT: return number_tagged("i64", "%" PRId64, token->number);
    case BP_TOKEN_FLOAT32: return number_tagged("f32", "%08" PRIx64, token->number);
    case BP_TOKEN_FLOAT64: return number_tagged("f64", "%016" PRIx64, token->number);
    case BP_TOKEN_STRING:
      return tagged("text", json_object_new_string_len((const char *)from, (int)token->number));
    case BP_TOKEN_BYTES: return tagged("bytes", hex_json(from, (size_t)token->number));
    case BP_TOKEN_ARRAY: return tagged("array", list_of(payload, next, token->number));
    case BP_TOKEN_MAP: return tagged("map", pairs_of(payload, next, token->number));
    default: return tagged("null", NULL);
  }
}

static size_t depth_of(const bp_token **next) {
  const bp_token *token = (*next)++;
  uint64_t children = token->type == BP_TOKEN_ARRAY ? token->number : token->type == BP_TOKEN_MAP ? 2 * token->number : 0;
  size_t deepest = 0;
  for (uint64_t i = 0; i < children; i++) {
    size_t depth = depth_of(next);
    if (depth > deepest) deepest = depth;
  }
  return token->type == BP_TOKEN_ARRAY || token->type == BP_TOKEN_MAP ? 1 + deepest : 0;
}

/* Beyond this many levels an answer only says how many. */
enum { DEEPEST_ANSWER = 32 };

static json *decoded_json(const uint8_t *payload, const bp_token *tokens) {
  const bp_token *next = tokens;
  size_t depth = depth_of(&next);
  next = tokens;
  if (depth <= DEEPEST_ANSWER) return build(payload, &next);
  json *record = json_object_new_object();
  set(record, "depth", integer_json(depth));
  return record;
}

static bp_status run_decode(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  bytes payload;
  size_t count = 0;
  if (!argument_hex(step, "bytes", &payload)) return DRIVER_BAD_INSTRUCTION;
  bp_status status = bp_payload_decode(payload.data, payload.length, NULL, 0, &count, error);
  if (status == BP_TOO_SMALL) {
    bp_token *tokens = must_allocate(count * sizeof *tokens);
    status = bp_payload_decode(payload.data, payload.length, tokens, count, &count, error);
    if (status == BP_OK) *value = decoded_json(payload.data, tokens);
    free(tokens);
  }
  free(payload.data);
  return status;
}

const operation_row token_operations[] = {
    {"encode", run_encode, false},
    {"decode", run_decode, false},
    {NULL, NULL, false},
};
