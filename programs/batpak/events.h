/* Events on standard output: JSON lines, a table, or one block. */
#ifndef BATPAK_PROGRAM_EVENTS_H
#define BATPAK_PROGRAM_EVENTS_H

#include "options.h"
#include "table.h"

#include <batpak/ffi.h>

typedef struct event_printer {
  const char *path;     /* of the store, for messages */
  bool json;
  table rows;
  text scratch;
  uint64_t unreadable;  /* printed with their error instead of their content */
} event_printer;

event_printer events_begin(const options *asked);
void events_print(event_printer *printer, const bp_event *event);
/* Prints what is kept for the table; call it before the page is filled again or more is waited for. */
void events_flush(event_printer *printer);
/* EXIT_JUDGED if an event could not be read. */
int events_end(event_printer *printer);

/* One event with all its members. */
void event_print_alone(const options *asked, const bp_event *event);

#endif
