/* JSON texts looked at lexeme by lexeme.  Within this room. */
#ifndef BPI_CODEC_JSON_TEXT_H
#define BPI_CODEC_JSON_TEXT_H

#include "base/bytes.h"

typedef enum bpi_lexeme_type {
  BPI_LEXEME_END,
  BPI_LEXEME_MARK,   /* one of [ ] { } : , */
  BPI_LEXEME_WORD,   /* true, false, null */
  BPI_LEXEME_NUMBER,
  BPI_LEXEME_STRING
} bpi_lexeme_type;

typedef struct bpi_lexeme {
  bpi_lexeme_type type;
  size_t start;
  size_t end;
  int is_key;            /* STRING: a colon follows */
  int has_zero;          /* STRING: the character U+0000, as an escape */
  int has_ffff;          /* STRING: the character U+FFFF, in either form */
  int has_pair;          /* STRING: a character above U+FFFF, as a pair of escapes */
  int is_negative_zero;  /* NUMBER: the text -0 */
} bpi_lexeme;

/* The lexeme at or behind `offset`.  BP_JSON with its place in *offset.  The text must be UTF-8. */
bp_status bpi_lexeme_next(bpi_bytes text, size_t *offset, bpi_lexeme *lexeme);

/* The character of the pair of escapes at `offset`, terminated; 0 where there is none.  The string must be a lexeme. */
int bpi_lexeme_pair(bpi_bytes text, size_t offset, char utf8[5]);

/* Shortest decimal text that reads back as the same double, never to be taken for an integer: 1.0, 1.5e-7, 1e+30.  Finite
 * values only.  Answers the length; not terminated. */
enum { BPI_DOUBLE_TEXT_MAX = 32 };
size_t bpi_double_format(double value, char text[BPI_DOUBLE_TEXT_MAX]);

#endif
