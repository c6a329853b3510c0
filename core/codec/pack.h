/* Canonical MessagePack out: shortest forms, named maps, bytes as integer arrays (the reference's profile).
 * Each writer appends to a buffer whose `failed` flag tells at the end. */
#ifndef BPI_CODEC_PACK_H
#define BPI_CODEC_PACK_H

#include "base/bytes.h"

void bpi_pack_nil(bpi_buffer *out);
void bpi_pack_bool(bpi_buffer *out, int value);
void bpi_pack_u64(bpi_buffer *out, uint64_t value);
void bpi_pack_i64(bpi_buffer *out, int64_t value);
void bpi_pack_f64(bpi_buffer *out, double value);
void bpi_pack_str(bpi_buffer *out, const void *text, size_t length);
void bpi_pack_text(bpi_buffer *out, const char *text); /* terminated */
void bpi_pack_bin(bpi_buffer *out, const void *bytes, size_t length);
void bpi_pack_array(bpi_buffer *out, uint32_t count);
void bpi_pack_map(bpi_buffer *out, uint32_t count);
/* An array of integers 0..255: how the reference writes byte vectors and hashes. */
void bpi_pack_octets(bpi_buffer *out, const uint8_t *bytes, size_t length);

/* What was packed, into a caller's buffer by the rule of ffi.h: *needed always, the bytes where they fit.  BP_NO_MEMORY
 * when packing failed, BP_TOO_SMALL. */
bp_status bpi_pack_hand_over(const bpi_buffer *packed, uint8_t *buffer, size_t capacity, size_t *needed,
                             bp_error *error);

enum { BPI_HEADER_MAX = 5 }; /* of a string, an array, a map */

/* The same into memory that is known to be large enough; they answer the end.  For the frame's hot path. */
uint8_t *bpi_put_nil(uint8_t *at);
uint8_t *bpi_put_bool(uint8_t *at, int value);
uint8_t *bpi_put_u64(uint8_t *at, uint64_t value);
uint8_t *bpi_put_i64(uint8_t *at, int64_t value);
uint8_t *bpi_put_str(uint8_t *at, const void *text, size_t length);
uint8_t *bpi_put_f32_bits(uint8_t *at, uint32_t bits);
uint8_t *bpi_put_f64_bits(uint8_t *at, uint64_t bits);
uint8_t *bpi_put_str_header(uint8_t *at, size_t length);
uint8_t *bpi_put_bin_header(uint8_t *at, size_t length);
uint8_t *bpi_put_array_header(uint8_t *at, uint32_t count);
uint8_t *bpi_put_map_header(uint8_t *at, uint32_t count);
/* Header and elements.  The room is that of the header and 2*length bytes, whatever the values: stores are wide. */
uint8_t *bpi_put_octets(uint8_t *at, const uint8_t *bytes, size_t length);

#endif
