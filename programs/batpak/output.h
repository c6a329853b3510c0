/* The two streams.  Standard output carries the result and nothing else; whatever is said about it goes to standard
 * error.  A reader that goes away is no failure: from then on results fall on the floor and the program ends with 0. */
#ifndef BATPAK_PROGRAM_OUTPUT_H
#define BATPAK_PROGRAM_OUTPUT_H

#include "text.h"

enum {
  EXIT_FINE = 0,
  EXIT_JUDGED = 1,   /* damage, contradiction, not found, not a store, a newer version */
  EXIT_USAGE = 2,    /* usage, a bad line, a bad coordinate */
  EXIT_TROUBLE = 3,  /* the system refused */
  EXIT_LOCKED = 4
};

typedef enum ink { INK_PLAIN, INK_DIM, INK_BOLD, INK_GOOD, INK_WARN, INK_BAD } ink;

/* Looks at terminals, locale and NO_COLOR; a write to a closed pipe becomes an error instead of a signal. */
void output_begin(void);
/* Flushes; the exit code of a program that would have ended with `code`. */
int output_end(int code);

void output_text(const text *result);
void output_flush(void);
/* The result can no longer be delivered: there is no use in going on. */
bool output_lost(void);

/* Columns of the terminal on standard output, 0 where that is none. */
size_t output_columns(void);
bool output_is_utf8(void);
/* Switches colour in a text for standard output; nothing where it has none. */
void output_ink(text *out, ink colour);

/* One line on standard error, "batpak: ..." */
__attribute__((format(printf, 1, 2))) void message(const char *format, ...);
/* A line that goes on from the message above it. */
void message_more(const char *string);

#endif
