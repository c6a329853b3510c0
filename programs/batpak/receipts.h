/* Receipts as JSON lines: out to standard output and to a file kept aside, and back from such a file. */
#ifndef BATPAK_PROGRAM_RECEIPTS_H
#define BATPAK_PROGRAM_RECEIPTS_H

#include "text.h"

#include <batpak/ffi.h>

/* Adds the receipt in either form.  Extensions, which few have, are read from the event itself. */
bp_status receipt_write(const bp_store *store, const bp_receipt *receipt, bool json, text *out, bp_error *error);

/* The file of --receipts-out. */
typedef struct receipt_file {
  const char *path;  /* NULL: none wanted */
  int file;
} receipt_file;

/* All answer an exit code.  An unfinished last line, which nobody was ever shown, is cut off. */
int receipt_file_open(receipt_file *kept, const char *path);
int receipt_file_append(receipt_file *kept, const text *lines);
void receipt_file_close(receipt_file *kept);

/* The receipts of a file. */
typedef struct receipt_list {
  text receipts;  /* bp_receipt after bp_receipt */
} receipt_list;

/* An exit code; a bad line is named. */
int receipts_load(const char *path, receipt_list *list);
const bp_receipt *receipts_of(const receipt_list *list, size_t *count);
void receipts_free(receipt_list *list);

#endif
