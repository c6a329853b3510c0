/* The footer at the end of a file: two bytes say where its frames begin, then comes the file. */
#include "journal/footer.h"
#include "support/fuzz.h"

static void read_footer(const bpi_footer *footer, bpi_bytes file, size_t first_frame) {
  bpi_record record;
  MUST(footer->frames_end <= file.length);
  for (uint32_t i = 0; i < footer->count; i++) {
    if (!bpi_footer_row(footer, i, &record)) continue;
    MUST(record.entity.length > 0 && record.scope.length > 0);
  }
  (void)bpi_footer_fits(footer, file, first_frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  bpi_memory memory = bpi_memory_default();
  bpi_footer footer;
  bpi_footer_state state;
  if (size < 2) return 0;
  uint8_t *copy = fuzz_copy(data + 2, size - 2);
  bpi_bytes file = bpi_bytes_of(copy, size - 2);
  size_t first_frame = bpi_load_le16(data) % (file.length + 1);
  MUST(bpi_footer_parse(file, first_frame, &memory, &footer, &state) == BP_OK);
  if (state == BPI_FOOTER_READABLE) read_footer(&footer, file, first_frame);
  bpi_footer_free(&footer);
  MUST(bpi_footer_parse_at(file, first_frame, &memory, &footer, &state) == BP_OK);
  if (state == BPI_FOOTER_READABLE) read_footer(&footer, file, 0);
  bpi_footer_free(&footer);
  free(copy);
  return 0;
}
