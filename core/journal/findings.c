#include "journal/findings.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_MAX = 192 };

void bpi_findings_init(bpi_findings *findings, const bpi_memory *memory) {
  memset(findings, 0, sizeof *findings);
  findings->memory = *memory;
  bpi_arena_init(&findings->texts, memory);
}

void bpi_findings_free(bpi_findings *findings) {
  bpi_arena_free(&findings->texts);
  bpi_release(&findings->memory, findings->items, findings->capacity * sizeof *findings->items);
  findings->items = NULL;
  findings->count = findings->capacity = 0;
}

static const char *keep(bpi_findings *findings, const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = bpi_arena_take(&findings->texts, size);
  if (copy == NULL) return "";
  return memcpy(copy, text, size);
}

bp_finding *bpi_find(bpi_findings *findings, uint32_t severity, const char *code, uint64_t segment_id, uint64_t offset,
                     const char *format, ...) {
  if (bpi_grow(&findings->memory, (void **)&findings->items, &findings->capacity, findings->count + 1,
               sizeof *findings->items) != 0) {
    findings->failed = 1;
    return &findings->nowhere;
  }
  char text[TEXT_MAX];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  bp_finding *finding = &findings->items[findings->count++];
  *finding = (bp_finding){.segment_id = segment_id,
                          .offset = offset,
                          .sequence = UINT64_MAX,
                          .code = code,
                          .text = keep(findings, text),
                          .severity = severity};
  return finding;
}

void bpi_findings_copy(bpi_findings *to, const bpi_findings *from) {
  for (size_t i = 0; i < from->count; i++) {
    const bp_finding *finding = &from->items[i];
    bp_finding *copy = bpi_find(to, finding->severity, finding->code, finding->segment_id, finding->offset, "%s",
                                finding->text);
    copy->sequence = finding->sequence;
    memcpy(copy->event_id, finding->event_id, sizeof copy->event_id);
  }
}
