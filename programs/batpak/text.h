/* A growing text, the hexadecimal and JSON forms of what goes into it, and UTF-8 one character at a time.
 * Nothing here fails: a program without memory says so and ends. */
#ifndef BATPAK_PROGRAM_TEXT_H
#define BATPAK_PROGRAM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct text {
  char *data;
  size_t length;
  size_t capacity;
} text;

/* `{0}` is an empty text. */
void text_free(text *out);
/* Room for `more` bytes behind `length`; the caller advances `length` itself. */
char *text_reserve(text *out, size_t more);
void text_bytes(text *out, const void *bytes, size_t length);
void text_string(text *out, const char *string);
__attribute__((format(printf, 2, 3))) void text_format(text *out, const char *format, ...);
void text_hex(text *out, const uint8_t *bytes, size_t length);
void text_number(text *out, uint64_t number);
/* 12345678 as "12,345,678". */
void text_count(text *out, uint64_t count);
/* "1 event", "2,000 events" */
void text_counted(text *out, uint64_t count, const char *noun);
/* Quoted and escaped; what is not UTF-8 becomes U+FFFD. */
void text_json_string(text *out, const void *bytes, size_t length);
/* Fit for a terminal: control characters, those above ASCII too, and what is not UTF-8 become U+FFFD. */
void text_printable(text *out, const void *bytes, size_t length);

/* The character at `bytes` and how many bytes it takes (at least 1); U+FFFD for a byte that begins none. */
size_t utf8_next(const void *bytes, size_t length, uint32_t *character);
/* Columns of a terminal. */
size_t utf8_columns(const void *bytes, size_t length);

/* Either case; `length` must be twice `capacity`. */
bool hex_read(const char *digits, size_t length, uint8_t *out, size_t capacity);
/* Decimal digits and nothing else. */
bool decimal_read(const char *digits, size_t length, uint64_t *value);

/* malloc and its kin for a program that cannot go on without. */
void *memory_get(size_t size);
_Noreturn void memory_gone(void);

#endif
