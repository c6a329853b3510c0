/* Payloads between the two forms that people and stores like. */
#ifndef BATPAK_PROGRAM_PAYLOAD_H
#define BATPAK_PROGRAM_PAYLOAD_H

#include "members.h"

#include <batpak/ffi.h>

/* The JSON text of an event's payload, "null" where JSON cannot say it.  Replaces what `out` held. */
void payload_json(const bp_event *event, text *out);
/* Canonical bytes of one JSON value. */
bp_status payload_read(const char *json, size_t length, text *out, bp_error *error);
/* The bytes of a member that is a string, as the library reads it: of some pairs of escapes json-c makes U+FFFD.  Replaces
 * what `out` held; false with the reason in `why`. */
bool member_text(const member *found, text *out, text *why);

#endif
