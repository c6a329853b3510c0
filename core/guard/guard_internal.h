/* Gate sets, permits and lists of denials as this room sees them. */
#ifndef BPI_GUARD_GUARD_INTERNAL_H
#define BPI_GUARD_GUARD_INTERNAL_H

#include "base/arena.h"
#include "guard/guard.h"

#include <stdatomic.h>

enum { BPI_GATES_MAGIC = 0x42504731, BPI_PERMIT_MAGIC = 0x42505031, BPI_DENIALS_MAGIC = 0x42504431 };

typedef struct bpi_gate {
  bp_gate_evaluate evaluate;
  void *user;
  bp_destroy destroy;
} bpi_gate;

/* Constant while it is evaluated. */
struct bp_gates {
  uint32_t magic;
  _Atomic uint32_t users;      /* evaluations under way, and its owner; the last of them frees it */
  bpi_memory memory;
  bpi_gate *gates;
  bp_text *names;
  bp_text *descriptions;
  size_t count;
  size_t gate_capacity;
  size_t name_capacity;
  size_t description_capacity;
  bpi_arena texts;
};

int bpi_gates_valid(const bp_gates *gates);

/* Where a gate writes.  Nothing is allocated before it does. */
struct bp_denial_writer {
  bpi_buffer texts;            /* code, then message */
  size_t code_length;
  bpi_buffer pairs;            /* of size_t: lengths of key and value */
  bpi_buffer pair_bytes;
};

void bpi_denial_writer_init(bp_denial_writer *writer, const bpi_memory *memory);
void bpi_denial_writer_free(bp_denial_writer *writer);

struct bp_denials {
  uint32_t magic;
  bpi_memory memory;
  bpi_arena texts;
  bp_denial *items;
  size_t count;
  size_t capacity;
};

/* Adds what the gate at `position` (from 1) wrote, with the answer that it gave.  *denials is made when it is NULL.
 * BP_NO_MEMORY. */
bp_status bpi_denials_add(bp_denials **denials, const bpi_memory *memory, bp_text gate, size_t position,
                          const bp_denial_writer *writer, bp_status answer);

/* A permit for a draft whose pointers were checked, by these gates. */
bp_status bpi_permit_new(const bp_gates *gates, const bp_draft *draft, bp_permit **permit, bp_error *error);
/* BP_ARGUMENT, BP_STRUCT_SIZE, and those of extensions. */
bp_status bpi_proposal_check(const bp_draft *draft, bp_error *error);

/* BP_ARGUMENT for a length without bytes or one that the format cannot say, BP_UTF8. */
bp_status bpi_text_check(const uint8_t *data, size_t length, const char *what, bp_error *error);

#endif
