/* Lines from a descriptor, as long as they like up to a cap, and never a wait that the caller did not ask for. */
#ifndef BATPAK_PROGRAM_INPUT_H
#define BATPAK_PROGRAM_INPUT_H

#include "text.h"

enum { INPUT_LINE_MAX = 64 * 1024 * 1024 };

typedef enum input_state {
  INPUT_LINE,
  INPUT_TOO_LONG,  /* a line longer than INPUT_LINE_MAX, passed over */
  INPUT_WAITING,   /* nothing can be read without waiting */
  INPUT_END,
  INPUT_SIGNAL,
  INPUT_FAILED     /* errno */
} input_state;

typedef struct input {
  const char *name;      /* for messages */
  int file;
  bool ended;
  bool passing_over;     /* the rest of a line that is too long */
  uint64_t line_number;  /* of the line last answered, from 1 */
  uint64_t bytes_read;
  uint64_t bytes_total;  /* 0: unknown */
  text buffer;
  size_t begin;          /* of the next line in the buffer */
  size_t searched;       /* no newline before this */
} input;

/* NULL or "-" is standard input.  An exit code. */
int input_open(input *in, const char *path);
void input_close(input *in);
/* The next line without its newline; the view holds until the next call. */
input_state input_next(input *in, const char **line, size_t *length);
/* Names the line and what is wrong with it; EXIT_USAGE. */
int input_bad_line(const input *in, uint64_t line_number, const text *why);
/* The same for INPUT_TOO_LONG. */
int input_long_line(const input *in);
/* Waits until there is more, or a signal comes. */
void input_wait(const input *in);

#endif
