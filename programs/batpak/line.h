/* A line of `import` or `batch` and the draft that it becomes. */
#ifndef BATPAK_PROGRAM_LINE_H
#define BATPAK_PROGRAM_LINE_H

#include "members.h"

#include <batpak/ffi.h>

typedef struct line_reader {
  member_reader *members;
  text payload;
  text entity;
  text scope;
} line_reader;

line_reader line_reader_begin(void);
void line_reader_end(line_reader *reader);

bool line_is_blank(const char *line, size_t length);

/* Fills the draft; its bytes are views into the reader until the next line.  False with the reason in `why`. */
bool line_read(line_reader *reader, const char *line, size_t length, bp_draft *draft, text *why);

#endif
