/* Payloads between the two forms that people and stores like. */
#ifndef BATPAK_PROGRAM_PAYLOAD_H
#define BATPAK_PROGRAM_PAYLOAD_H

#include "text.h"

#include <batpak/ffi.h>

/* The JSON text of an event's payload, "null" where JSON cannot say it.  Replaces what `out` held. */
void payload_json(const bp_event *event, text *out);
/* Canonical bytes of one JSON value. */
bp_status payload_read(const char *json, size_t length, text *out, bp_error *error);

#endif
