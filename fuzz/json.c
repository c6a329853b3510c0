/* Any bytes as JSON text: what is taken is canonical MessagePack, can be said in JSON, and comes back the same. */
#include "codec/unpack.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds) {
  if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  size_t packed_length = 0, text_length = 0, again_length = 0;
  bp_error error = {.struct_size = sizeof error};
  bp_status status = bp_payload_from_json(data, size, NULL, 0, &packed_length, &error);
  if (status != BP_TOO_SMALL) {
    must(status == BP_JSON || status == BP_DEPTH || status == BP_UTF8);
    must(error.offset <= size);
    return 0;
  }
  uint8_t *packed = (uint8_t *)malloc(packed_length);
  must(packed != NULL && bp_payload_from_json(data, size, packed, packed_length, &packed_length, NULL) == BP_OK);
  bpi_unpack in = {packed, packed + packed_length};
  must(bpi_unpack_check(&in) == BP_OK && in.at == in.end);

  must(bp_payload_to_json(packed, packed_length, NULL, 0, &text_length, NULL) == BP_TOO_SMALL);
  uint8_t *text = (uint8_t *)malloc(text_length), *again = (uint8_t *)malloc(packed_length);
  must(text != NULL && again != NULL);
  must(bp_payload_to_json(packed, packed_length, text, text_length, &text_length, NULL) == BP_OK);
  must(bp_payload_from_json(text, text_length, again, packed_length, &again_length, NULL) == BP_OK);
  must(again_length == packed_length && memcmp(again, packed, packed_length) == 0);
  free(text);
  free(again);
  free(packed);
  return 0;
}
