/* The public option structs: defaults, ranges, what a caller may ask for. */
#ifndef BPI_STORE_OPTIONS_H
#define BPI_STORE_OPTIONS_H

#include <batpak/ffi.h>

/* The configuration in force: the caller's, checked, or the defaults for NULL. */
bp_status bpi_config_effective(const bp_config *given, bp_config *config, bp_error *error);

/* Everything about a draft that needs no store: pointers, enums, coordinate, kind, extensions, sizes, in this order. */
bp_status bpi_draft_check(const bp_draft *draft, const bp_config *config, bp_error *error);

/* What the limits measure: the payload, and the encoded extensions if there are any. */
uint64_t bpi_draft_bytes(const bp_draft *draft);

#endif
