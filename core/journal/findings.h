/* What was noticed about a store's bytes: a growing list with its texts. */
#ifndef BPI_JOURNAL_FINDINGS_H
#define BPI_JOURNAL_FINDINGS_H

#include "base/arena.h"
#include "base/bytes.h"

typedef struct bpi_findings {
  bpi_memory memory;
  bpi_arena texts;
  bp_finding *items;
  size_t count;
  size_t capacity;
  int failed;          /* memory ran out: the list is not complete */
  bp_finding nowhere;  /* takes what the caller edits then */
} bpi_findings;

void bpi_findings_init(bpi_findings *findings, const bpi_memory *memory);
void bpi_findings_free(bpi_findings *findings);

/* Adds one; `code` is static, `format` as printf.  The answer may be edited (sequence, event_id); it is never NULL. */
bp_finding *bpi_find(bpi_findings *findings, uint32_t severity, const char *code, uint64_t segment_id, uint64_t offset,
                     const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Copies all of `from`. */
void bpi_findings_copy(bpi_findings *to, const bpi_findings *from);

#endif
