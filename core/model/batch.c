/* A batch that is being gathered: drafts in one array, their bytes in an arena. */
#include "base/arena.h"
#include "base/status.h"
#include "model/draft.h"

#include <string.h>

struct bp_batch {
  bpi_memory memory;
  bpi_arena bytes;
  bp_draft *drafts;
  size_t count;
  size_t capacity;
};

bp_status bp_batch_new(bp_batch **batch, bp_error *error) {
  if (batch == NULL) return bpi_fail(error, BP_ARGUMENT, "batch is NULL");
  bpi_memory memory = bpi_memory_default();
  *batch = bpi_allocate(&memory, sizeof **batch);
  if (*batch == NULL) return bpi_fail(error, BP_NO_MEMORY, "making a batch");
  (*batch)->memory = memory;
  bpi_arena_init(&(*batch)->bytes, &memory);
  return BP_OK;
}

void bp_batch_free(bp_batch *batch) {
  if (batch == NULL) return;
  bpi_memory memory = batch->memory;
  bpi_arena_free(&batch->bytes);
  bpi_release(&memory, batch->drafts, batch->capacity * sizeof *batch->drafts);
  bpi_release(&memory, batch, sizeof *batch);
}

void bp_batch_clear(bp_batch *batch) {
  if (batch == NULL) return;
  bpi_arena_reset(&batch->bytes);
  batch->count = 0;
}

bp_status bp_batch_add(bp_batch *batch, const bp_draft *draft, bp_error *error) {
  if (batch == NULL) return bpi_fail(error, BP_ARGUMENT, "batch is NULL");
  bp_status status = bpi_check_struct(draft, draft == NULL ? 0 : draft->struct_size, sizeof *draft, sizeof *draft, error);
  if (status == BP_OK) status = bpi_draft_check_lengths(draft, error);
  if (status != BP_OK) return status;
  if (batch->count == BPI_BATCH_EVENTS_MOST) return bpi_fail(error, BP_ARGUMENT, "the batch holds 4,096 drafts");
  size_t room = bpi_draft_room(draft);
  uint8_t *bytes = NULL;
  if (room != 0 && bpi_grow(&batch->memory, (void **)&batch->drafts, &batch->capacity, batch->count + 1,
                            sizeof *batch->drafts) == 0) {
    bytes = bpi_arena_take(&batch->bytes, room);
  }
  if (bytes == NULL) return bpi_fail(error, BP_NO_MEMORY, "gathering a batch");
  bpi_draft_copy(draft, bytes, &batch->drafts[batch->count++]);
  return BP_OK;
}

bp_status bp_batch_react(bp_batch *batch, const uint8_t correlation_id[16], const uint8_t causation_id[16],
                         bp_error *error) {
  static const uint8_t none[16];
  if (batch == NULL || correlation_id == NULL || causation_id == NULL) {
    return bpi_fail(error, BP_ARGUMENT, "batch or an id is NULL");
  }
  for (size_t i = 0; i < batch->count; i++) {
    bp_draft *draft = &batch->drafts[i];
    draft->given |= BP_GIVEN_CORRELATION;
    memcpy(draft->correlation_id, correlation_id, sizeof draft->correlation_id);
    if ((draft->given & (BP_GIVEN_CAUSATION | BP_GIVEN_CAUSE_ITEM)) || memcmp(causation_id, none, sizeof none) == 0) continue;
    draft->given |= BP_GIVEN_CAUSATION;
    memcpy(draft->causation_id, causation_id, sizeof draft->causation_id);
  }
  return BP_OK;
}

const bp_draft *bp_batch_drafts(const bp_batch *batch, size_t *count) {
  if (count != NULL) *count = batch == NULL ? 0 : batch->count;
  return batch == NULL ? NULL : batch->drafts;
}
