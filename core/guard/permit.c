/* Permits: a copy of a draft, who let it pass, and whether it was used.  A permit is one block of memory: itself, the names
 * of its gates, the draft's copy, and the texts.
 *
 * Its state goes from FRESH to TAKEN by whoever commits it, and from there to SPENT or back.  All else is constant. */
#include "base/status.h"
#include "guard/guard_internal.h"
#include "model/draft.h"
#include "model/event.h"

enum { FRESH, TAKEN, SPENT };

struct bp_permit {
  uint32_t magic;
  _Atomic uint32_t state;
  bpi_memory memory;
  size_t size;                 /* of the block */
  bp_draft draft;
  bp_text *gates;
  size_t gate_count;
  bp_bypass audit;
  int is_bypass;
};

static int is_permit(const bp_permit *permit) { return permit != NULL && permit->magic == BPI_PERMIT_MAGIC; }

bp_status bp_bypass_init(bp_bypass *bypass, size_t size) {
  static const bp_bypass defaults;
  return bpi_init_struct(bypass, size, &defaults, sizeof defaults);
}

/* Only as much as copying it needs; the rest is for the commit. */
bp_status bpi_proposal_check(const bp_draft *draft, bp_error *error) {
  bp_status status = bpi_check_struct(draft, draft == NULL ? 0 : draft->struct_size, sizeof *draft, sizeof *draft, error);
  if (status != BP_OK) return status;
  if ((draft->entity == NULL && draft->entity_length > 0) || (draft->scope == NULL && draft->scope_length > 0) ||
      (draft->payload == NULL && draft->payload_length > 0)) {
    return bpi_fail(error, BP_ARGUMENT, "a length without bytes");
  }
  return bpi_extensions_check(draft->extensions, draft->extension_count, error);
}

/* A block for the draft, `count` names and `text_bytes` of text; *texts is where these begin. */
static bp_permit *new_permit(const bpi_memory *memory, const bp_draft *draft, size_t count, size_t text_bytes,
                             uint8_t **texts) {
  size_t room = bpi_draft_room(draft);
  size_t size = bpi_size(count, sizeof(bp_text), sizeof(bp_permit));
  if (room == 0 || size == 0 || __builtin_add_overflow(size, room, &size) ||
      __builtin_add_overflow(size, text_bytes, &size)) {
    return NULL;
  }
  uint8_t *block = (uint8_t *)bpi_resize(memory, NULL, 0, size);
  if (block == NULL) return NULL;
  bp_permit *permit = (bp_permit *)(void *)block;
  memset(permit, 0, sizeof *permit);
  permit->magic = BPI_PERMIT_MAGIC;
  permit->memory = *memory;
  permit->size = size;
  permit->gates = (bp_text *)(void *)(block + sizeof *permit);
  permit->gate_count = count;
  atomic_init(&permit->state, FRESH);
  uint8_t *behind = block + sizeof *permit + count * sizeof *permit->gates;
  bpi_draft_copy(draft, behind, &permit->draft);
  *texts = behind + room;
  return permit;
}

static const uint8_t *put(uint8_t **at, const uint8_t *bytes, size_t length) {
  uint8_t *start = *at;
  if (length > 0) memcpy(start, bytes, length);
  *at += length;
  return start;
}

bp_status bpi_permit_new(const bp_gates *gates, const bp_draft *draft, bp_permit **permit, bp_error *error) {
  size_t text_bytes = 0;
  for (size_t i = 0; i < gates->count; i++) text_bytes += gates->names[i].length; /* they are in memory */
  uint8_t *at;
  bp_permit *made = new_permit(&gates->memory, draft, gates->count, text_bytes, &at);
  if (made == NULL) return bpi_fail(error, BP_NO_MEMORY, "copying the draft");
  for (size_t i = 0; i < gates->count; i++) {
    made->gates[i] = (bp_text){put(&at, gates->names[i].data, gates->names[i].length), gates->names[i].length};
  }
  *permit = made;
  return BP_OK;
}

static bp_status check_bypass(const bp_bypass *bypass, bp_error *error) {
  bp_status status =
      bpi_check_struct(bypass, bypass == NULL ? 0 : bypass->struct_size, sizeof *bypass, sizeof *bypass, error);
  if (status != BP_OK) return status;
  if (bypass->reserved != 0) return bpi_fail(error, BP_ARGUMENT, "a reserved field is not zero");
  status = bpi_text_check(bypass->reason, bypass->reason_length, "the reason", error);
  if (status == BP_OK) {
    status = bpi_text_check(bypass->justification, bypass->justification_length, "the justification", error);
  }
  return status != BP_OK ? status
                         : bpi_text_check(bypass->approved_by, bypass->approved_by_length, "who approved", error);
}

bp_status bpi_permit_bypass(const bpi_memory *memory, const bp_draft *draft, const bp_bypass *bypass, bp_permit **permit,
                            bp_error *error) {
  *permit = NULL;
  bp_status status = bpi_proposal_check(draft, error);
  if (status == BP_OK) status = check_bypass(bypass, error);
  if (status != BP_OK) return status;
  size_t text_bytes = bypass->reason_length;
  uint8_t *at;
  bp_permit *made = NULL;
  if (!__builtin_add_overflow(text_bytes, bypass->justification_length, &text_bytes) &&
      !__builtin_add_overflow(text_bytes, bypass->approved_by_length, &text_bytes)) {
    made = new_permit(memory, draft, 0, text_bytes, &at);
  }
  if (made == NULL) return bpi_fail(error, BP_NO_MEMORY, "copying the draft");
  made->is_bypass = 1;
  made->audit = *bypass;
  made->audit.struct_size = sizeof made->audit;
  made->audit.reason = put(&at, bypass->reason, bypass->reason_length);
  made->audit.justification = put(&at, bypass->justification, bypass->justification_length);
  if (bypass->approved_by != NULL) made->audit.approved_by = put(&at, bypass->approved_by, bypass->approved_by_length);
  *permit = made;
  return BP_OK;
}

bp_status bp_permit_bypass(const bp_draft *draft, const bp_bypass *bypass, bp_permit **permit, bp_error *error) {
  if (permit == NULL) return bpi_fail(error, BP_ARGUMENT, "nowhere to put the permit");
  bpi_memory memory = bpi_memory_default();
  return bpi_permit_bypass(&memory, draft, bypass, permit, error);
}

const bp_draft *bp_permit_draft(const bp_permit *permit) { return is_permit(permit) ? &permit->draft : NULL; }

const bp_text *bp_permit_gates(const bp_permit *permit, size_t *count) {
  if (count != NULL) *count = is_permit(permit) ? permit->gate_count : 0;
  return is_permit(permit) ? permit->gates : NULL;
}

const bp_bypass *bp_permit_audit(const bp_permit *permit) {
  return is_permit(permit) && permit->is_bypass ? &permit->audit : NULL;
}

void bp_permit_free(bp_permit *permit) {
  if (!is_permit(permit)) return;
  bpi_memory memory = permit->memory;
  permit->magic = 0;
  bpi_release(&memory, permit, permit->size);
}

bp_status bpi_permit_take(bp_permit *permit, const bp_draft **draft, bp_error *error) {
  uint32_t state = FRESH;
  if (!is_permit(permit)) return bpi_fail(error, BP_ARGUMENT, "no permit");
  if (!atomic_compare_exchange_strong(&permit->state, &state, TAKEN)) {
    return bpi_fail(error, BP_PERMIT_USED, state == SPENT ? "the permit was committed" : "the permit is being committed");
  }
  *draft = &permit->draft;
  return BP_OK;
}

void bpi_permit_settle(bp_permit *permit, int spent) { atomic_store(&permit->state, spent ? SPENT : FRESH); }
