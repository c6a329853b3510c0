/* The self-contained claim: a receipt with all that its signature covers, as bytes. */
#ifndef BPI_MODEL_CLAIM_H
#define BPI_MODEL_CLAIM_H

#include "model/receipt.h"

/* Fills the members (of a claim that is zeros) with views into the bytes.  BP_CLAIM with its offset, BP_NEWER_VERSION. */
bp_status bpi_claim_parse(const uint8_t *bytes, size_t length, bp_claim *claim, bp_error *error);
/* Its bytes by the rule of ffi.h; BP_CLAIM when they would not be read again. */
bp_status bpi_claim_hand_over(const bpi_memory *memory, const bp_claim *claim, uint8_t *buffer, size_t capacity,
                              size_t *needed, bp_error *error);

#endif
