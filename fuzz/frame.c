/* One frame, as it is and with its length and checksum made right. */
#include "journal/frame.h"
#include "support/fuzz.h"
#include "support/reseal.h"

static void read_frame(bpi_bytes file) {
  bpi_frame frame;
  uint8_t form;
  size_t length = bpi_frame_check(file, 0);
  MUST(length <= file.length);
  if (length == 0 || bpi_frame_decode(bpi_bytes_of(file.data, length), &frame) != BP_OK) return;
  MUST(frame.payload_length <= length);
  uint8_t *room = fuzz_copy(NULL, 0);
  room = (uint8_t *)realloc(room, frame.payload_length + 1);
  MUST(room != NULL);
  bpi_bytes payload = bpi_frame_payload(&frame, room, &form);
  MUST(payload.length <= length && form <= 1);
  free(room);
  if (bpi_kind_is_marker(frame.header.kind)) return;
  MUST(bp_coordinate_check(frame.header.entity.data, frame.header.entity.length, frame.header.scope.data,
                           frame.header.scope.length, NULL) == BP_OK);
  (void)bpi_extensions_equal(frame.header.extensions, frame.header.extensions);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint8_t *copy = fuzz_copy(data, size);
  read_frame(bpi_bytes_of(copy, size));
  reseal_frame(copy, size);
  read_frame(bpi_bytes_of(copy, size));
  free(copy);
  return 0;
}
