/* Reading a struct as the reference does: a map in any key order, keys as strings, bin or field numbers, unknown keys
 * stepped over; or an array in declaration order. */
#ifndef BPI_CODEC_FIELDS_H
#define BPI_CODEC_FIELDS_H

#include "codec/unpack.h"

enum { BPI_FIELDS_MAX = 32 };

typedef struct bpi_fields {
  bpi_unpack *in;
  const char *const *names;
  unsigned count;
  uint64_t left;       /* entries not yet read */
  unsigned position;   /* of the next entry in the array form */
  int is_map;
  uint32_t seen;       /* bit per field */
  bp_status status;
} bpi_fields;

/* Reads the container's header.  `names` has `count` <= BPI_FIELDS_MAX entries. */
void bpi_fields_begin(bpi_fields *fields, bpi_unpack *in, const char *const *names, unsigned count);

/* 1: the value of *field is next in the input and must be read by the caller.  0: the end, or fields->status says why. */
int bpi_fields_next(bpi_fields *fields, unsigned *field);

/* BP_OK when reading went well and every field of the bit set `required` was there. */
bp_status bpi_fields_end(const bpi_fields *fields, uint32_t required);

#endif
