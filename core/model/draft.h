/* Drafts: what must hold before anything else is looked at, and copies that outlive the call. */
#ifndef BPI_MODEL_DRAFT_H
#define BPI_MODEL_DRAFT_H

#include "base/bytes.h"

enum { BPI_BATCH_EVENTS_MOST = 4096 };

/* BP_ARGUMENT for a length without bytes: then nothing of the draft may be looked at. */
bp_status bpi_draft_check_lengths(const bp_draft *draft, bp_error *error);

/* The room that a copy of everything a draft points to needs; 0 when no memory could hold it. */
size_t bpi_draft_room(const bp_draft *draft);
/* `copy` becomes the draft, its strings, payload and extensions in `room`: of that many bytes, aligned for pointers. */
void bpi_draft_copy(const bp_draft *draft, uint8_t *room, bp_draft *copy);

#endif
