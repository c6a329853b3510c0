/* The filters that log and fold share. */
#ifndef BATPAK_PROGRAM_QUERY_H
#define BATPAK_PROGRAM_QUERY_H

#include "options.h"

#include <batpak/ffi.h>

/* Everything but `limit`, which counts what is shown and not what is read. */
bp_query query_from(const options *asked);

/* Whether the event is the store's own and was not asked for; such events are counted in *hidden. */
bool query_hides(const options *asked, const bp_event *event, uint64_t *hidden);
/* Mentions them. */
void query_tell_hidden(uint64_t hidden);

#endif
