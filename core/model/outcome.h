/* Outcomes: what an attempt came to.  The store fills those of a try; the rest of the chapter is for callers. */
#ifndef BPI_MODEL_OUTCOME_H
#define BPI_MODEL_OUTCOME_H

#include "base/bytes.h"

/* Fill a caller's outcome, whose struct_size was checked (bpi_outcome_check) and stays: every other field is set.  The
 * reason of a retry is kept inside and must be short (it is our own, ASCII); that of a cancellation is static. */
void bpi_outcome_set_ok(bp_outcome *outcome);
void bpi_outcome_set_retry(bp_outcome *outcome, uint64_t after_ms, uint32_t attempt, uint32_t max_attempts,
                           const char *format, ...) __attribute__((format(printf, 5, 6)));
void bpi_outcome_set_cancelled(bp_outcome *outcome, const char *reason);

/* Is the caller's struct one to be filled?  BP_ARGUMENT, BP_STRUCT_SIZE. */
bp_status bpi_outcome_check(const bp_outcome *outcome, bp_error *error);

/* The message or reason, wherever it stands. */
bpi_bytes bpi_outcome_text(const bp_outcome *outcome);

#endif
