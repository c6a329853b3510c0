/* Lines that are recorded and flushed together. */
#ifndef BATPAK_PROGRAM_GROUP_H
#define BATPAK_PROGRAM_GROUP_H

#include "text.h"

#include <batpak/ffi.h>

enum { GROUP_EVENTS = 1000, GROUP_BYTES = 8 * 1024 * 1024, GROUP_MS = 100 };

typedef struct group {
  bp_draft drafts[GROUP_EVENTS];
  bp_receipt receipts[GROUP_EVENTS];
  uint64_t line_numbers[GROUP_EVENTS];
  void *blocks[GROUP_EVENTS];  /* what the drafts point into */
  size_t count;
  size_t bytes;
  int64_t began_ms;
} group;

group *group_new(void);
void group_free(group *lines);
/* Adds a copy of the draft. */
void group_add(group *lines, const bp_draft *draft, uint64_t line_number);
/* Forgets all of them. */
void group_clear(group *lines);
/* Whether it is time to record them. */
bool group_is_due(const group *lines);

#endif
