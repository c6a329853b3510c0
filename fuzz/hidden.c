/* The file of hidden ranges, as it is and with its checksum made right; what is read is written and read again. */
#include "journal/hidden.h"
#include "support/fuzz.h"
#include "support/reseal.h"

static void check_ranges(const bpi_hidden *hidden) {
  for (size_t i = 0; i < hidden->count; i++) {
    MUST(hidden->ranges[i].start < hidden->ranges[i].end);
    MUST(i == 0 || hidden->ranges[i - 1].end < hidden->ranges[i].start);
  }
}

static void read_hidden(bpi_bytes file) {
  bpi_memory memory = bpi_memory_default();
  bpi_hidden hidden, again;
  bpi_buffer encoded;
  bpi_hidden_init(&hidden, &memory);
  bpi_hidden_init(&again, &memory);
  bpi_buffer_init(&encoded, &memory);
  if (bpi_hidden_decode(file, &hidden, NULL) == BP_OK) {
    check_ranges(&hidden);
    bpi_hidden_encode(&hidden, &encoded);
    MUST(bpi_hidden_decode(bpi_bytes_of(encoded.data, encoded.length), &again, NULL) == BP_OK);
    MUST(again.count == hidden.count);
    MUST(hidden.count == 0 || memcmp(again.ranges, hidden.ranges, hidden.count * sizeof *hidden.ranges) == 0);
    if (hidden.count > 0) {
      (void)bpi_hidden_clip(&hidden, hidden.ranges[0].start + 1);
      MUST(hidden.count == 1 && hidden.ranges[0].end == hidden.ranges[0].start + 1);
    }
  }
  bpi_buffer_free(&encoded);
  bpi_hidden_free(&again);
  bpi_hidden_free(&hidden);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint8_t *copy = fuzz_copy(data, size);
  read_hidden(bpi_bytes_of(copy, size));
  reseal_hidden(copy, size);
  read_hidden(bpi_bytes_of(copy, size));
  free(copy);
  return 0;
}
