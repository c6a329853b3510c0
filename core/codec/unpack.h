/* MessagePack in: a bounded, iterative reader over hostile bytes.  It never recurses, never allocates, never believes a
 * declared length before the bytes are there. */
#ifndef BPI_CODEC_UNPACK_H
#define BPI_CODEC_UNPACK_H

#include "base/bytes.h"

enum { BPI_DEPTH_MAX = 1023 }; /* nested containers, as in the reference */

typedef enum bpi_token_type {
  BPI_TOKEN_NIL,
  BPI_TOKEN_BOOL,
  BPI_TOKEN_UINT, /* non-negative, whatever the marker */
  BPI_TOKEN_INT,  /* negative */
  BPI_TOKEN_FLOAT,
  BPI_TOKEN_STR,
  BPI_TOKEN_BIN,
  BPI_TOKEN_EXT,
  BPI_TOKEN_ARRAY,
  BPI_TOKEN_MAP
} bpi_token_type;

typedef struct bpi_token {
  bpi_token_type type;
  uint8_t is_f32;
  uint64_t u;       /* UINT, BOOL; ARRAY, MAP: count of elements or pairs; EXT: its type as a byte */
  int64_t i;        /* INT */
  double f;         /* FLOAT */
  bpi_bytes bytes;  /* STR, BIN, EXT: view into the input.  STR is not checked for UTF-8 */
} bpi_token;

/* A cursor over the input.  Failures leave `at` on the first byte of the token that does not fit, or that is cut short. */
typedef struct bpi_unpack {
  const uint8_t *at;
  const uint8_t *end;
} bpi_unpack;

/* One token (for containers: its header).  BP_MESSAGEPACK: c1, cut short, or a count that cannot fit the rest. */
bp_status bpi_unpack_next(bpi_unpack *in, bpi_token *token);
/* Steps over one whole value.  BP_DEPTH beyond BPI_DEPTH_MAX nested containers. */
bp_status bpi_unpack_skip(bpi_unpack *in);
/* One whole value, strings checked for UTF-8.  BP_UTF8, BP_DEPTH, BP_MESSAGEPACK. */
bp_status bpi_unpack_check(bpi_unpack *in);
/* The same for a value inside of `around` containers, at most BPI_DEPTH_MAX, which count too. */
bp_status bpi_unpack_check_inside(bpi_unpack *in, unsigned around);

/* Typed reads with the tolerance of the reference (encoding.md 1.4): integer markers of any width and sign if the value
 * fits; strings also as bin; octets as an array of integers 0..255 or bin; ids as bin 16, array of 16 or such a str. */
bp_status bpi_unpack_u64(bpi_unpack *in, uint64_t max, uint64_t *value);
bp_status bpi_unpack_i64(bpi_unpack *in, int64_t *value);
bp_status bpi_unpack_str(bpi_unpack *in, bpi_bytes *text); /* valid UTF-8 */
bp_status bpi_unpack_array(bpi_unpack *in, uint32_t *count);
bp_status bpi_unpack_map(bpi_unpack *in, uint32_t *count);
bp_status bpi_unpack_id(bpi_unpack *in, uint8_t id[16]);
bp_status bpi_unpack_hash(bpi_unpack *in, uint8_t hash[32]);  /* array of 32, or bin of at least 32 */
/* Is the next byte nil?  Then it is taken and the answer is 1. */
int bpi_unpack_nil(bpi_unpack *in);

/* Octets (array of integers or bin): *length is their number, *elements the encoded elements; the cursor stands behind
 * them.  Any element that is not an integer 0..255 is BP_MESSAGEPACK. */
bp_status bpi_unpack_octets(bpi_unpack *in, bpi_bytes *elements, size_t *length, int *is_bin);
/* The same, decoded at once into `out`, which has as many bytes as the input has left.  After a failure some are written. */
bp_status bpi_unpack_octets_into(bpi_unpack *in, uint8_t *out, bpi_bytes *elements, size_t *length, int *is_bin);
/* An array of exactly `length` (at most 64) integers 0..255, decoded. */
bp_status bpi_unpack_octets_exact(bpi_unpack *in, uint8_t *out, size_t length);
/* Decodes `length` elements found by bpi_unpack_octets into `out` (wide, no per-byte branch on the common forms). */
void bpi_octets_decode(bpi_bytes elements, int is_bin, uint8_t *out, size_t length);

#endif
