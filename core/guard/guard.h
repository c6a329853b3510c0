/* Gates, permits and denials: what is decided before anything is written.  This room never sees a store; the store's own
 * files take a permit's draft, or a denial's payload, and append it. */
#ifndef BPI_GUARD_GUARD_H
#define BPI_GUARD_GUARD_H

#include "base/bytes.h"

/* As the public functions, with an allocator. */
bp_status bpi_gates_new(const bpi_memory *memory, bp_gates **gates, bp_error *error);
bp_status bpi_permit_bypass(const bpi_memory *memory, const bp_draft *draft, const bp_bypass *bypass, bp_permit **permit,
                            bp_error *error);

/* Takes the permit for one commit: nobody else has it until it is settled.  The draft lives as long as the permit.
 * BP_ARGUMENT, BP_PERMIT_USED. */
bp_status bpi_permit_take(bp_permit *permit, const bp_draft **draft, bp_error *error);
/* Ends what bpi_permit_take began: `spent` for good, or free to be taken again. */
void bpi_permit_settle(bp_permit *permit, int spent);

/* What a denial's event says beside the trace. */
typedef struct bpi_refused {
  uint16_t kind;
  const uint8_t *content_hash; /* or NULL */
  bpi_bytes pipeline_id;       /* data NULL: none */
} bpi_refused;

/* The payload of a denial's event (encoding.md 3.13).  BP_ARGUMENT, BP_STRUCT_SIZE, BP_UTF8, BP_NO_MEMORY. */
bp_status bpi_denial_payload(const bp_gates *gates, const bp_denial *denial, const bpi_refused *refused, bpi_buffer *out,
                             bp_error *error);

/* The kind of the step, if the machine has it.  BP_ARGUMENT, BP_STRUCT_SIZE, BP_TRANSITION. */
bp_status bpi_machine_step(const bp_machine *machine, uint32_t from, uint32_t to, uint16_t wanted, uint16_t *kind,
                           bp_error *error);

#endif
