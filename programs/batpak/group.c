#include "group.h"

#include "progress.h"

#include <stdlib.h>
#include <string.h>

group *group_new(void) {
  group *lines = memory_get(sizeof *lines);
  memset(lines, 0, sizeof *lines);
  return lines;
}

void group_free(group *lines) {
  group_clear(lines);
  free(lines);
}

static const uint8_t *copy(uint8_t **at, const uint8_t *bytes, size_t length) {
  uint8_t *begin = *at;
  if (length > 0) memcpy(begin, bytes, length);
  *at += length;
  return begin;
}

void group_add(group *lines, const bp_draft *draft, uint64_t line_number) {
  bp_draft *kept = &lines->drafts[lines->count];
  size_t size = draft->entity_length + draft->scope_length + draft->payload_length;
  uint8_t *at = lines->blocks[lines->count] = memory_get(size);
  *kept = *draft;
  kept->entity = copy(&at, draft->entity, draft->entity_length);
  kept->scope = copy(&at, draft->scope, draft->scope_length);
  kept->payload = copy(&at, draft->payload, draft->payload_length);
  bp_receipt_init(&lines->receipts[lines->count], sizeof(bp_receipt));
  lines->line_numbers[lines->count] = line_number;
  if (lines->count == 0) lines->began_ms = now_ms();
  lines->count++;
  lines->bytes += size;
}

void group_clear(group *lines) {
  for (size_t i = 0; i < lines->count; i++) free(lines->blocks[i]);
  lines->count = lines->bytes = 0;
}

bool group_is_due(const group *lines) {
  return lines->count == GROUP_EVENTS || lines->bytes >= GROUP_BYTES ||
         (lines->count > 0 && now_ms() - lines->began_ms >= GROUP_MS);
}
