/* The prologue of a segment, and the names of segment files. */
#include "journal/segment.h"
#include "support/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint8_t *copy = fuzz_copy(data, size);
  bpi_prologue prologue, again;
  uint64_t id;
  bpi_prologue_state state = bpi_prologue_parse(bpi_bytes_of(copy, size), &prologue);
  MUST(prologue.length <= size);
  if (state == BPI_PROLOGUE_GOOD) {
    uint8_t encoded[BPI_SEGMENT_PROLOGUE_MAX];
    size_t length = bpi_prologue_encode(prologue.segment_id, prologue.created_ns, encoded);
    MUST(bpi_prologue_parse(bpi_bytes_of(encoded, length), &again) == BPI_PROLOGUE_GOOD);
    MUST(again.segment_id == prologue.segment_id && again.created_ns == prologue.created_ns);
  }
  if (bpi_segment_name_parse((const char *)copy, size, &id)) {
    char name[BPI_SEGMENT_NAME_MAX];
    uint64_t same;
    bpi_segment_name(id, name);
    MUST(bpi_segment_name_parse(name, strlen(name), &same) && same == id);
  }
  free(copy);
  return 0;
}
