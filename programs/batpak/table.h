/* Rows of cells for people.  Rows are kept until table_flush, so that columns are as wide as what they hold; widths
 * only grow from one flush to the next.  On a terminal the last column takes what is left of the line; where that is
 * too little, columns that can be spared are left out. */
#ifndef BATPAK_PROGRAM_TABLE_H
#define BATPAK_PROGRAM_TABLE_H

#include "output.h"

enum { TABLE_COLUMNS_MAX = 8 };

typedef struct column {
  const char *title;
  bool right;      /* aligned to the right */
  ink colour;
  unsigned spare;  /* 0: always shown; 1 is left out first */
} column;

typedef struct table_cell {
  size_t offset;
  size_t length;
  size_t columns;
} table_cell;

typedef struct table {
  const column *columns;
  size_t column_count;
  bool cut;            /* the last column ends with the terminal's line; else it goes on below */
  unsigned spared;     /* columns with `spare` from 1 to this are left out */
  size_t widths[TABLE_COLUMNS_MAX];
  text texts;          /* of all cells, printable */
  text cells;          /* table_cell after table_cell, row by row */
  bool headed;
} table;

table table_begin(const column *columns, size_t column_count, bool cut);
/* The next cell, in reading order. */
void table_add(table *out, const void *bytes, size_t length);
__attribute__((format(printf, 2, 3))) void table_format(table *out, const char *format, ...);
void table_hex(table *out, const uint8_t *bytes, size_t length);
/* Prints the rows that are kept. */
void table_flush(table *out);
void table_end(table *out);

#endif
