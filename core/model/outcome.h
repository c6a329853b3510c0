/* Outcomes: what an attempt came to.  The store fills those of a try; the rest of the chapter is for callers. */
#ifndef BPI_MODEL_OUTCOME_H
#define BPI_MODEL_OUTCOME_H

#include "base/arena.h"
#include "base/bytes.h"

/* Fill a caller's outcome, whose struct_size was checked (bpi_outcome_check) and stays: every other field is set.  The
 * reason of a retry is kept inside and must be short (it is our own, ASCII); that of a cancellation is static. */
void bpi_outcome_set_ok(bp_outcome *outcome);
void bpi_outcome_set_retry(bp_outcome *outcome, uint64_t after_ms, uint32_t attempt, uint32_t max_attempts,
                           const char *format, ...) __attribute__((format(printf, 5, 6)));
void bpi_outcome_set_cancelled(bp_outcome *outcome, const char *reason);

/* Is the caller's struct one to be filled?  BP_ARGUMENT, BP_STRUCT_SIZE. */
bp_status bpi_outcome_check(const bp_outcome *outcome, bp_error *error);

/* --- for the other files of outcomes */

struct bp_outcomes {
  bpi_memory memory;
  bpi_arena arena;         /* what is handed out */
  bpi_buffer outcomes;     /* elements of batches that are being read, a stack */
  bpi_buffer conditions;   /* the same of conditions */
  bpi_buffer bytes;        /* what is being gathered */
};

bp_status bpi_outcomes_new(const bpi_memory *memory, bp_outcomes **outcomes, bp_error *error);

/* The variants' names, by type - 1. */
extern const char *const bpi_outcome_names[6];

/* Names by BP_ERROR_KIND_* - 1. */
enum { BPI_ERROR_KINDS = 12 };
extern const char *const bpi_error_kind_names[BPI_ERROR_KINDS];

/* The containers that one of these opens, elements of a condition apart.  A variant's own map does not count, as in the
 * reference. */
unsigned bpi_compensation_containers(uint32_t type);
unsigned bpi_condition_containers(uint32_t type);

/* The message or reason, wherever it stands. */
bpi_bytes bpi_outcome_text(const bp_outcome *outcome);

/* Reads an outcome of a caller's: the part of it that this version knows, checked but for what it points to.
 * BP_ARGUMENT, BP_STRUCT_SIZE. */
bp_status bpi_outcome_load(const bp_outcome *given, bp_outcome *known, bp_error *error);
/* The same for an element of an array of `count`. */
bp_status bpi_outcome_load_at(const bp_outcome *items, size_t index, bp_outcome *known, bp_error *error);
/* Writes one into a caller's struct, which was checked. */
void bpi_outcome_hand_over(const bp_outcome *known, bp_outcome *result);

/* An Err without compensation, its message inside. */
void bpi_outcome_set_error(bp_outcome *outcome, uint32_t error_kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
