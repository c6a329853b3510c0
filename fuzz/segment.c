/* A whole segment file, as it is and with the checksums of its frames made right; last in its directory, and not. */
#include "journal/scan.h"
#include "support/fuzz.h"
#include "support/reseal.h"

static void check_scan(const bpi_scan *scan, bpi_bytes file) {
  uint64_t next_sequence = 0;
  MUST(scan->kind == BPI_SCAN_HEADLESS || scan->frames_end <= file.length);
  for (size_t i = 0; i < scan->count; i++) {
    const bpi_record *record = &scan->records[i];
    MUST(record->entity.length > 0 && record->scope.length > 0);
    if (record->sequence == BPI_UNNUMBERED) continue;
    MUST(record->sequence >= next_sequence);
    next_sequence = record->sequence + 1;
  }
  for (size_t i = 0; i < scan->gap_count; i++) MUST(scan->gaps[i].record <= scan->count && scan->gaps[i].bytes > 0);
}

static void scan_segment(bpi_bytes file, int is_last) {
  bpi_memory memory = bpi_memory_default();
  bpi_findings findings;
  bpi_scan scan;
  bpi_findings_init(&findings, &memory);
  bp_status status = bpi_scan_segment(file, 1, is_last, &memory, &scan, &findings, NULL);
  MUST(status == BP_OK || status == BP_NEWER_VERSION);
  if (status == BP_OK) check_scan(&scan, file);
  bpi_scan_free(&scan);
  bpi_findings_free(&findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint8_t *copy = fuzz_copy(data, size);
  for (int is_last = 0; is_last < 2; is_last++) scan_segment(bpi_bytes_of(copy, size), is_last);
  reseal_segment(copy, size);
  for (int is_last = 0; is_last < 2; is_last++) scan_segment(bpi_bytes_of(copy, size), is_last);
  free(copy);
  return 0;
}
