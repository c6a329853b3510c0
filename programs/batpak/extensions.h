/* Extensions between the JSON object of names and hexadecimal values, and the canonical map that the library takes. */
#ifndef BATPAK_PROGRAM_EXTENSIONS_H
#define BATPAK_PROGRAM_EXTENSIONS_H

#include "members.h"

#include <batpak/ffi.h>

void extensions_json(const bp_extension *items, size_t count, text *out);
/* The map of a member; empty where there are none.  False with the reason in `why`. */
bool extensions_take(const member *found, text *map, text *why);
/* The object of a map. */
bp_status extensions_of_map(const uint8_t *map, size_t length, text *out, bp_error *error);

#endif
