/* Any bytes as MessagePack to tokens; what can be read is written canonically, and reads again as the same tokens.  The
 * bytes are also taken for tokens themselves. */
#include <batpak/ffi.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds) {
  if (!holds) abort();
}

static void *room(size_t count, size_t width) {
  void *memory = calloc(count + 1, width);
  must(memory != NULL);
  return memory;
}

/* Offsets differ: they point into different bytes. */
static void compare(const bp_token *a, const uint8_t *a_bytes, const bp_token *b, const uint8_t *b_bytes) {
  must(a->type == b->type && a->number == b->number);
  if (a->type == BP_TOKEN_STRING || a->type == BP_TOKEN_BYTES) {
    must(memcmp(a_bytes + a->offset, b_bytes + b->offset, (size_t)a->number) == 0);
  }
}

static void there_and_back(const uint8_t *data, size_t size) {
  bp_token *tokens = (bp_token *)room(size, sizeof *tokens), *again = (bp_token *)room(size, sizeof *again);
  size_t count = 0, again_count = 0, length = 0;
  if (bp_payload_decode(data, size, tokens, size, &count, NULL) == BP_OK) {
    must(count <= size);
    uint8_t *packed = (uint8_t *)room(size, 1);
    bp_status status = bp_payload_encode(tokens, count, data, size, packed, size, &length, NULL);
    must(status == BP_OK || status == BP_VALUE);
    if (status == BP_OK) {
      must(bp_payload_decode(packed, length, again, size, &again_count, NULL) == BP_OK && again_count == count);
      for (size_t i = 0; i < count; i++) compare(&tokens[i], data, &again[i], packed);
    }
    free(packed);
  }
  free(tokens);
  free(again);
}

static void hostile_tokens(const uint8_t *data, size_t size) {
  size_t count = size / sizeof(bp_token), needed = 0;
  bp_token *tokens = (bp_token *)room(count, sizeof *tokens);
  if (count > 0) memcpy(tokens, data, count * sizeof *tokens);
  uint8_t out[256];
  (void)bp_payload_encode(tokens, count, data, size, out, sizeof out, &needed, NULL);
  free(tokens);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  there_and_back(data, size);
  hostile_tokens(data, size);
  return 0;
}
