/* Claims as JSON lines or as bytes: out to standard output, in from a file of either. */
#ifndef BATPAK_PROGRAM_CLAIMS_H
#define BATPAK_PROGRAM_CLAIMS_H

#include "text.h"

#include <batpak/ffi.h>

/* Adds the claim in either form. */
bp_status claim_write(const uint8_t *bytes, size_t length, bool json, text *out, bp_error *error);

/* What is done with each claim of a file; an exit code. */
typedef int (*claim_work)(void *user, const uint8_t *bytes, size_t length);

/* Goes over the claims of a file, JSON lines or the bytes of one.  A bad line is named and ends it.  The worst exit code. */
int claims_each(const char *path, claim_work work, void *user);

#endif
