/* Values as tokens: what a language flattens its own values to, and builds them from.
 *
 * A value is a run of tokens in prefix order.  Encoding surveys the run first, so that nothing is written before
 * everything is known to be right; a map's keys are compared as runs of tokens, which are equal exactly where their
 * canonical bytes are. */
#include "base/status.h"
#include "codec/pack.h"
#include "codec/text.h"
#include "codec/unpack.h"

#include <stdlib.h>

typedef struct token_key {
  size_t map; /* which one of the run */
  const bp_token *first;
  size_t count;
  const uint8_t *arena;
} token_key;

/* A container that is under way. */
typedef struct token_open {
  size_t left; /* values: elements, or keys and values */
  size_t map;  /* number of a map whose keys are compared, or 0 */
  size_t key;  /* where its newest key begins */
} token_open;

typedef struct token_survey {
  const bp_token *tokens;
  size_t count;
  bpi_bytes arena;
  bpi_memory memory;
  token_key *keys;
  size_t key_count, key_capacity;
  size_t length; /* of the canonical bytes */
  bp_error *error;
} token_survey;

static bp_status refuse(const token_survey *survey, bp_status status, size_t index, const char *text) {
  return bpi_fail_at(survey->error, status, 0, index, text);
}

/* A token by itself; `index` is its place. */
static bp_status check_token(const token_survey *survey, size_t index) {
  const bp_token *token = &survey->tokens[index];
  size_t behind = survey->count - index - 1;
  const char *wrong = token->reserved != 0 ? "a reserved field is not zero" : NULL;
  switch (token->type) {
    case BP_TOKEN_NIL:
    case BP_TOKEN_UINT:
    case BP_TOKEN_INT:
    case BP_TOKEN_FLOAT64: break;
    case BP_TOKEN_BOOL:
      if (token->number > 1) wrong = "a truth value is 0 or 1";
      break;
    case BP_TOKEN_FLOAT32:
      if (token->number > UINT32_MAX) wrong = "a float of 32 bits has more";
      break;
    case BP_TOKEN_STRING:
    case BP_TOKEN_BYTES:
      if (token->offset > survey->arena.length || token->number > survey->arena.length - token->offset ||
          token->number > UINT32_MAX) {
        wrong = "bytes outside the arena, or more than 4 GiB";
      } else if (wrong == NULL && token->type == BP_TOKEN_STRING &&
                 !bpi_utf8_valid(survey->arena.data + token->offset, (size_t)token->number)) {
        return refuse(survey, BP_UTF8, index, "a string is not UTF-8");
      }
      break;
    case BP_TOKEN_ARRAY:
      if (token->number > behind || token->number > UINT32_MAX) wrong = "an array of more elements than tokens";
      break;
    case BP_TOKEN_MAP:
      if (token->number > behind / 2 || token->number > UINT32_MAX) wrong = "a map of more pairs than tokens";
      break;
    default: wrong = "a type that no token has";
  }
  return wrong == NULL ? BP_OK : refuse(survey, BP_ARGUMENT, index, wrong);
}

/* All of the token but the bytes of a string: at most BPI_HEADER_MAX or nine bytes. */
static uint8_t *put_token(uint8_t *at, const bp_token *token) {
  switch (token->type) {
    case BP_TOKEN_NIL: return bpi_put_nil(at);
    case BP_TOKEN_BOOL: return bpi_put_bool(at, token->number != 0);
    case BP_TOKEN_UINT: return bpi_put_u64(at, token->number);
    case BP_TOKEN_INT: return bpi_put_i64(at, (int64_t)token->number);
    case BP_TOKEN_FLOAT32: return bpi_put_f32_bits(at, (uint32_t)token->number);
    case BP_TOKEN_FLOAT64: return bpi_put_f64_bits(at, token->number);
    case BP_TOKEN_STRING: return bpi_put_str_header(at, (size_t)token->number);
    case BP_TOKEN_BYTES: return bpi_put_bin_header(at, (size_t)token->number);
    case BP_TOKEN_ARRAY: return bpi_put_array_header(at, (uint32_t)token->number);
    default: return bpi_put_map_header(at, (uint32_t)token->number);
  }
}

static size_t bytes_of(const bp_token *token) {
  return token->type == BP_TOKEN_STRING || token->type == BP_TOKEN_BYTES ? (size_t)token->number : 0;
}

static bp_status add_key(token_survey *survey, const token_open *map, size_t end) {
  void *keys = survey->keys;
  if (bpi_grow(&survey->memory, &keys, &survey->key_capacity, survey->key_count + 1, sizeof *survey->keys) != 0) {
    return bpi_fail(survey->error, BP_NO_MEMORY, "no memory to compare the keys of a map");
  }
  survey->keys = (token_key *)keys;
  token_key key = {map->map, survey->tokens + map->key, end - map->key, survey->arena.data};
  survey->keys[survey->key_count++] = key;
  return BP_OK;
}

/* A value ended before `end`: it may end the containers around it.  A map's keys are those of its values behind which an
 * odd number is left. */
static bp_status end_value(token_survey *survey, token_open *open, size_t *depth, size_t end) {
  while (*depth > 0) {
    token_open *top = &open[*depth - 1];
    top->left--;
    if (top->map > 0 && top->left % 2 == 1) {
      bp_status status = add_key(survey, top, end);
      if (status != BP_OK) return status;
    }
    if (top->left > 0) return BP_OK;
    --*depth;
  }
  return BP_OK;
}

static bp_status survey_run(token_survey *survey) {
  token_open open[BPI_DEPTH_MAX];
  size_t depth = 0, maps = 0, index = 0;
  do {
    if (index == survey->count) return refuse(survey, BP_ARGUMENT, index, "the tokens end within a value");
    if (depth > 0 && open[depth - 1].left % 2 == 0) open[depth - 1].key = index;
    const bp_token *token = &survey->tokens[index];
    bp_status status = check_token(survey, index);
    if (status != BP_OK) return status;
    uint8_t header[16];
    size_t taken = (size_t)(put_token(header, token) - header) + bytes_of(token);
    if (__builtin_add_overflow(survey->length, taken, &survey->length)) {
      return refuse(survey, BP_ARGUMENT, index, "the value is longer than memory");
    }
    index++;
    int is_container = token->type >= BP_TOKEN_ARRAY;
    if (is_container && depth == BPI_DEPTH_MAX) {
      return refuse(survey, BP_DEPTH, index - 1, "nested deeper than 1,023 containers");
    }
    if (is_container && token->number > 0) {
      int is_map = token->type == BP_TOKEN_MAP;
      token_open inner = {(size_t)token->number * (is_map ? 2 : 1), is_map && token->number > 1 ? ++maps : 0, index};
      open[depth++] = inner;
      continue;
    }
    status = end_value(survey, open, &depth, index);
    if (status != BP_OK) return status;
  } while (depth > 0);
  return index == survey->count ? BP_OK : refuse(survey, BP_ARGUMENT, index, "tokens behind the value");
}

static int compare_numbers(uint64_t a, uint64_t b) { return (a > b) - (a < b); }

/* An integer that is not negative has one encoding, whichever type names it. */
static uint32_t canonical_type(const bp_token *token) {
  return token->type == BP_TOKEN_INT && token->number <= INT64_MAX ? BP_TOKEN_UINT : token->type;
}

static int compare_tokens(const bp_token *a, const bp_token *b, const uint8_t *arena) {
  uint32_t type = canonical_type(a);
  int order = compare_numbers(type, canonical_type(b));
  if (order != 0 || type == BP_TOKEN_NIL) return order;
  order = compare_numbers(a->number, b->number);
  size_t length = bytes_of(a);
  return order != 0 || length == 0 ? order : memcmp(arena + a->offset, arena + b->offset, length);
}

/* Runs of one value each: where one ends, so does the other if they were equal so far. */
static int compare_keys(const void *left, const void *right) {
  const token_key *a = (const token_key *)left, *b = (const token_key *)right;
  int order = compare_numbers(a->map, b->map);
  for (size_t i = 0; order == 0 && i < a->count && i < b->count; i++) {
    order = compare_tokens(&a->first[i], &b->first[i], a->arena);
  }
  return order;
}

static bp_status refuse_repeats(const token_survey *survey) {
  if (survey->key_count < 2) return BP_OK;
  qsort(survey->keys, survey->key_count, sizeof *survey->keys, compare_keys);
  for (size_t i = 1; i < survey->key_count; i++) {
    const token_key *a = &survey->keys[i - 1], *b = &survey->keys[i];
    if (compare_keys(a, b) != 0) continue;
    size_t later = (size_t)((a->first > b->first ? a->first : b->first) - survey->tokens);
    return refuse(survey, BP_VALUE, later, "a key that the map has already");
  }
  return BP_OK;
}

static void write_run(const token_survey *survey, uint8_t *at) {
  for (size_t i = 0; i < survey->count; i++) {
    const bp_token *token = &survey->tokens[i];
    size_t length = bytes_of(token);
    at = put_token(at, token);
    if (length > 0) memcpy(at, survey->arena.data + token->offset, length);
    at += length;
  }
}

bp_status bp_payload_encode(const bp_token *tokens, size_t count, const uint8_t *arena, size_t arena_length,
                            uint8_t *buffer, size_t capacity, size_t *needed, bp_error *error) {
  if ((tokens == NULL && count > 0) || (arena == NULL && arena_length > 0) || (buffer == NULL && capacity > 0) ||
      needed == NULL) {
    return bpi_fail(error, BP_ARGUMENT, "a pointer that is required is NULL");
  }
  token_survey survey = {.tokens = tokens, .count = count, .arena = {arena, arena_length},
                         .memory = bpi_memory_default(), .error = error};
  bp_status status = survey_run(&survey);
  if (status == BP_OK) status = refuse_repeats(&survey);
  if (status == BP_OK) {
    *needed = survey.length;
    if (survey.length <= capacity) {
      write_run(&survey, buffer);
    } else {
      status = bpi_fail_values(error, BP_TOO_SMALL, survey.length, capacity, "the buffer is smaller than the answer");
    }
  }
  bpi_release(&survey.memory, survey.keys, survey.key_capacity * sizeof *survey.keys);
  return status;
}

/* What a token of the reader is to the world; `end` is behind it, where the bits of a float have just been. */
static bp_token token_of(const bpi_token *read, const uint8_t *payload, const uint8_t *end) {
  bp_token token = {0};
  switch (read->type) {
    case BPI_TOKEN_NIL: token.type = BP_TOKEN_NIL; break;
    case BPI_TOKEN_BOOL: token.type = BP_TOKEN_BOOL; break;
    case BPI_TOKEN_UINT: token.type = BP_TOKEN_UINT; break;
    case BPI_TOKEN_INT: token.type = BP_TOKEN_INT; break;
    case BPI_TOKEN_FLOAT: token.type = read->is_f32 ? BP_TOKEN_FLOAT32 : BP_TOKEN_FLOAT64; break;
    case BPI_TOKEN_STR: token.type = BP_TOKEN_STRING; break;
    case BPI_TOKEN_BIN:
    case BPI_TOKEN_EXT: token.type = BP_TOKEN_BYTES; break;
    case BPI_TOKEN_ARRAY: token.type = BP_TOKEN_ARRAY; break;
    case BPI_TOKEN_MAP: token.type = BP_TOKEN_MAP; break;
  }
  if (read->type == BPI_TOKEN_FLOAT) {
    token.number = read->is_f32 ? bpi_load_be32(end - 4) : bpi_load_be64(end - 8);
  } else if (read->type == BPI_TOKEN_INT) {
    token.number = (uint64_t)read->i;
  } else if (read->bytes.data != NULL) {
    token.number = read->bytes.length;
    token.offset = (uint64_t)(read->bytes.data - payload);
  } else {
    token.number = read->u;
  }
  return token;
}

/* The next token of the input, with what only whole values must keep to. */
static bp_status read_token(bpi_unpack *in, const uint8_t *payload, bpi_token *read, bp_error *error) {
  const uint8_t *start = in->at;
  const char *wrong = "not MessagePack";
  bp_status status = bpi_unpack_next(in, read);
  if (status != BP_OK) {
    start = in->at;
  } else if (read->type == BPI_TOKEN_EXT) {
    status = BP_MESSAGEPACK;
    wrong = "an extension type, which no value has";
  } else if (read->type == BPI_TOKEN_STR && !bpi_utf8_valid(read->bytes.data, read->bytes.length)) {
    status = BP_UTF8;
    wrong = "a string is not UTF-8";
  }
  return status == BP_OK ? BP_OK : bpi_fail_at(error, status, 0, (size_t)(start - payload), wrong);
}

bp_status bp_payload_decode(const uint8_t *payload, size_t payload_length, bp_token *tokens, size_t capacity,
                            size_t *count, bp_error *error) {
  if ((payload == NULL && payload_length > 0) || (tokens == NULL && capacity > 0) || count == NULL) {
    return bpi_fail(error, BP_ARGUMENT, "a pointer that is required is NULL");
  }
  if (payload_length == 0) return bpi_fail(error, BP_MESSAGEPACK, "an empty payload is no value");
  size_t left[BPI_DEPTH_MAX + 1]; /* values still wanted by each container around the next token */
  size_t depth = 0, found = 0;
  left[0] = 1;
  bpi_unpack in = {payload, payload + payload_length};
  while (left[depth] > 0) {
    const uint8_t *start = in.at;
    bpi_token read;
    bp_status status = read_token(&in, payload, &read, error);
    if (status != BP_OK) return status;
    if (found < capacity) tokens[found] = token_of(&read, payload, in.at);
    found++;
    left[depth]--;
    if (read.type >= BPI_TOKEN_ARRAY) {
      if (depth == BPI_DEPTH_MAX) {
        return bpi_fail_at(error, BP_DEPTH, 0, (size_t)(start - payload), "nested deeper than 1,023 containers");
      }
      left[++depth] = (size_t)read.u * (read.type == BPI_TOKEN_MAP ? 2 : 1);
    }
    while (depth > 0 && left[depth] == 0) depth--;
  }
  *count = found;
  if (found <= capacity) return BP_OK;
  return bpi_fail_values(error, BP_TOO_SMALL, found, capacity, "there are more tokens than the array holds");
}
