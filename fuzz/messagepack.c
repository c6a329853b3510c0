/* Any bytes as MessagePack: every read of the codec, the loops over octets against each other, extension maps, and the way
 * to JSON and back. */
#include "codec/octets.h"
#include "codec/unpack.h"
#include "model/event.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds) {
  if (!holds) abort();
}

static void read_typed(const uint8_t *data, size_t size) {
  bpi_unpack in = {data, data + size};
  uint64_t u;
  int64_t i;
  uint32_t count;
  uint8_t hash[32];
  bpi_bytes bytes;
  if (bpi_unpack_u64((in.at = data, &in), UINT64_MAX, &u) != BP_OK) must(in.at == data);
  if (bpi_unpack_i64((in.at = data, &in), &i) != BP_OK) must(in.at == data);
  if (bpi_unpack_str((in.at = data, &in), &bytes) != BP_OK) must(in.at == data);
  if (bpi_unpack_array((in.at = data, &in), &count) != BP_OK) must(in.at == data);
  if (bpi_unpack_map((in.at = data, &in), &count) != BP_OK) must(in.at == data);
  if (bpi_unpack_id((in.at = data, &in), hash) != BP_OK) must(in.at == data);
  if (bpi_unpack_hash((in.at = data, &in), hash) != BP_OK) must(in.at == data);
}

/* Element by element, as plainly as it can be done. */
static const uint8_t *plain_octets(const uint8_t *at, const uint8_t *end, size_t wanted, uint8_t *out) {
  bpi_unpack in = {at, end};
  for (size_t i = 0; i < wanted; i++) {
    uint64_t value;
    if (bpi_unpack_u64(&in, UINT8_MAX, &value) != BP_OK) return NULL;
    out[i] = (uint8_t)value;
  }
  return in.at;
}

static void compare_octets(const uint8_t *data, size_t size) {
  bpi_unpack in = {data, data + size};
  uint32_t count;
  if (bpi_unpack_array(&in, &count) != BP_OK) return;
  uint8_t *plain = (uint8_t *)malloc(count), *fast = (uint8_t *)malloc(count);
  must(count == 0 || (plain != NULL && fast != NULL));
  const uint8_t *end = plain_octets(in.at, in.end, count, plain);
  const bpi_octets_loops *loops[] = {&bpi_octets_portable, &bpi_octets_shuffle};
  for (size_t i = 0; i < (bpi_octets_shuffle_works() ? 2u : 1u); i++) {
    must(loops[i]->scan(in.at, in.end, count) == end);
    must(loops[i]->decode(in.at, in.end, count, fast, count) == end);
    if (end != NULL && count > 0) must(memcmp(plain, fast, count) == 0);
  }
  free(plain);
  free(fast);
}

static void read_extensions(const uint8_t *data, size_t size) {
  enum { ITEMS = 64, VALUES = 4096 };
  bp_extension items[ITEMS];
  uint8_t values[VALUES];
  size_t count, length;
  bp_status status = bp_extensions_decode(data, size, items, ITEMS, &count, values, VALUES, &length, NULL);
  if (status == BP_OK) must(count <= ITEMS && length <= VALUES && bpi_extensions_equal(bpi_bytes_of(data, size), bpi_bytes_of(data, size)));
  (void)bpi_extensions_equal(bpi_bytes_of(data, size / 2), bpi_bytes_of(data + size / 2, size - size / 2));
}

static void through_json(const uint8_t *data, size_t size) {
  size_t length = 0, packed_length = 0, again_length = 0;
  bp_status status = bp_payload_to_json(data, size, NULL, 0, &length, NULL);
  if (status != BP_TOO_SMALL) return;
  uint8_t *text = (uint8_t *)malloc(length);
  must(text != NULL && bp_payload_to_json(data, size, text, length, &length, NULL) == BP_OK);
  status = bp_payload_from_json(text, length, NULL, 0, &packed_length, NULL);
  /* BP_JSON: keys with U+0000 beside keys with U+FFFF. */
  must(status == BP_TOO_SMALL || status == BP_JSON);
  if (status == BP_TOO_SMALL) {
    uint8_t *packed = (uint8_t *)malloc(packed_length), *again = (uint8_t *)malloc(length);
    must(bp_payload_from_json(text, length, packed, packed_length, &packed_length, NULL) == BP_OK);
    must(bp_payload_to_json(packed, packed_length, again, length, &again_length, NULL) == BP_OK);
    must(again_length == length && memcmp(again, text, length) == 0);
    free(packed);
    free(again);
  }
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  bpi_unpack skipped = {data, data + size}, checked = skipped;
  bp_status first = bpi_unpack_skip(&skipped), second = bpi_unpack_check(&checked);
  must(skipped.at >= data && skipped.at <= skipped.end);
  must(first == second || second == BP_UTF8);
  read_typed(data, size);
  compare_octets(data, size);
  read_extensions(data, size);
  through_json(data, size);
  return 0;
}
