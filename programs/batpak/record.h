/* One thing with named members, in one of two forms: a JSON object on one line, or a block of aligned lines for people.
 * The names are the same in both. */
#ifndef BATPAK_PROGRAM_RECORD_H
#define BATPAK_PROGRAM_RECORD_H

#include "text.h"

typedef struct record {
  text out;
  bool json;
  bool empty;
} record;

record record_begin(bool json);
void record_number(record *out, const char *name, uint64_t value);
void record_signed(record *out, const char *name, int64_t value);
/* UINT64_MAX says null. */
void record_optional(record *out, const char *name, uint64_t value);
/* A number in JSON, `F:001` for people. */
void record_kind(record *out, const char *name, uint16_t kind);
void record_bool(record *out, const char *name, bool value);
void record_null(record *out, const char *name);
void record_string(record *out, const char *name, const void *bytes, size_t length);
void record_hex(record *out, const char *name, const uint8_t *bytes, size_t length);
/* Zeros say null. */
void record_hex_or_null(record *out, const char *name, const uint8_t *bytes, size_t length);
/* A JSON value as it is; a block shows it on one line too. */
void record_json(record *out, const char *name, const text *value);

/* Ends the record: moves its text, with the final newline, behind `to`. */
void record_end(record *out, text *to);
/* Ends it on standard output. */
void record_print(record *out);

#endif
