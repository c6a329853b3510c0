/* Outcomes by chance, and how two of them are compared: by their bytes. */
#ifndef SUPPORT_OUTCOMES_H
#define SUPPORT_OUTCOMES_H

#include "model/outcome.h"
#include "support/values.h"

/* Any outcome, batches in batches among them; its parts live in `memory`. */
bp_outcome outcome_by_chance(chance *from, bp_outcomes *memory);
/* An Ok of an unsigned number. */
bp_outcome outcome_of_number(bp_outcomes *memory, uint64_t number);
bp_outcome outcome_batch(const bp_outcome *items, size_t count);
bp_outcome outcome_error(uint32_t kind, const char *message);
bp_outcome outcome_cancelled(const char *reason);

/* The encoding, which lives in `memory`.  Aborts when there is none. */
bpi_bytes outcome_bytes(const bp_outcome *outcome, bp_outcomes *memory);
int outcome_equal(const bp_outcome *a, const bp_outcome *b, bp_outcomes *memory);

#endif
