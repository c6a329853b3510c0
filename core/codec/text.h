/* Texts: UTF-8, hexadecimal, JSON.  The public conversions between JSON and MessagePack live here too (json.c). */
#ifndef BPI_CODEC_TEXT_H
#define BPI_CODEC_TEXT_H

#include "base/bytes.h"

/* 1 if the bytes are well-formed UTF-8 (no surrogates, no overlong forms). */
int bpi_utf8_valid(const uint8_t *bytes, size_t length);
/* How many bytes of the front are: the place of the first character that is not. */
size_t bpi_utf8_prefix(const uint8_t *bytes, size_t length);

/* Lower case, 2*length characters, not terminated. */
void bpi_hex_encode(const uint8_t *bytes, size_t length, char *out);
/* 0..15, or -1 for another character. */
int bpi_hex_digit(char digit);
/* Either case; length must be 2*capacity exactly.  0, or -1 when a character is none of the sixteen. */
int bpi_hex_decode(const char *text, size_t length, uint8_t *out, size_t capacity);

#endif
