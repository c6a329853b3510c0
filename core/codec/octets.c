/* Byte vectors as arrays of integers (encoding.md 1.3): how the reference writes every hash and every payload. */
#include "codec/octets.h"
#include "codec/pack.h"

#define OCTETS_TARGET
#define OCTETS_STEP 8
#include "codec/octets_loop.h"

/* The high bits of eight bytes, gathered in one. */
static inline uint64_t gather(uint64_t high_bits) { return (high_bits * 0x0002040810204081u) >> 56; }

static inline octets_bits octets_masks(const uint8_t *block) {
  const uint64_t high = 0x8080808080808080u;
  octets_bits bits = {0, 0};
  for (unsigned i = 0; i < OCTETS_BLOCK; i += 8) {
    uint64_t word = bpi_load_le64(block + i);
    /* 0xcc becomes zero, and zero alone survives: no carry passes from byte to byte. */
    uint64_t differs = word ^ 0xccccccccccccccccu;
    uint64_t is_cc = ~(((differs & ~high) + ~high) | differs | ~high);
    bits.cc |= gather(is_cc) << i;
    bits.high |= gather(word & high) << i;
  }
  return bits;
}

static inline void octets_compact(const uint8_t *block, uint64_t markers, uint8_t *out) {
  /* Where a value goes depends on the mask alone, never on a byte just read. */
  for (unsigned i = 0; i < OCTETS_BLOCK; i += 8, markers >>= 8) {
    if ((markers & 0xff) == 0) {
      memcpy(out, block + i, 8);
      out += 8;
      continue;
    }
    for (unsigned k = 0; k < 8; k++) {
      *out = block[i + k];
      out += ~markers >> k & 1;
    }
  }
}

static inline unsigned octets_count(uint64_t bits) {
  bits -= bits >> 1 & 0x5555555555555555u;
  bits = (bits & 0x3333333333333333u) + (bits >> 2 & 0x3333333333333333u);
  bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fu;
  return (unsigned)((bits * 0x0101010101010101u) >> 56);
}

static inline uint8_t *octets_expand(uint8_t *at, const uint8_t *bytes) {
  uint64_t word = bpi_load_le64(bytes);
  if ((word & 0x8080808080808080u) == 0) {
    memcpy(at, bytes, 8);
    return at + 8;
  }
  for (unsigned i = 0; i < 8; i++) {
    unsigned marked = bytes[i] >> 7;
    at[0] = 0xcc;
    at[marked] = bytes[i];
    at += 1 + marked;
  }
  return at;
}

const bpi_octets_loops bpi_octets_portable = {octets_scan, octets_decode, octets_put};

static const bpi_octets_loops *loops(void) {
  if (bpi_octets_wide_works()) return &bpi_octets_wide;
  return bpi_octets_shuffle_works() ? &bpi_octets_shuffle : &bpi_octets_portable;
}

uint8_t *bpi_put_octets(uint8_t *at, const uint8_t *bytes, size_t length) {
  return loops()->put(bpi_put_array_header(at, (uint32_t)length), bytes, length);
}

/* The header of an array.  That of 16..65,535 elements, which most are, without the way through a token. */
static int take_count(bpi_unpack *in, uint32_t *count) {
  size_t left = (size_t)(in->end - in->at);
  if (left < 3 || in->at[0] != 0xdc) return bpi_unpack_array(in, count) == BP_OK;
  *count = bpi_load_be16(in->at + 1);
  if (*count > left - 3) return 0;
  in->at += 3;
  return 1;
}

/* Steps over octets and, with `out`, decodes them. */
static bp_status unpack_octets(bpi_unpack *in, uint8_t *out, bpi_bytes *elements, size_t *length, int *is_bin) {
  bpi_unpack ahead = *in;
  bpi_token token;
  uint32_t count;
  *is_bin = !take_count(&ahead, &count);
  if (*is_bin) {
    if (bpi_unpack_next(&ahead, &token) != BP_OK || token.type != BPI_TOKEN_BIN) return BP_MESSAGEPACK;
    *elements = token.bytes;
    *length = token.bytes.length;
    if (out != NULL && *length > 0) memcpy(out, token.bytes.data, *length);
  } else {
    size_t room = (size_t)(ahead.end - ahead.at);
    const uint8_t *end = out == NULL ? loops()->scan(ahead.at, ahead.end, count)
                                     : loops()->decode(ahead.at, ahead.end, count, out, room);
    if (end == NULL) return BP_MESSAGEPACK;
    *elements = bpi_bytes_of(ahead.at, (size_t)(end - ahead.at));
    *length = count;
    ahead.at = end;
  }
  in->at = ahead.at;
  return BP_OK;
}

bp_status bpi_unpack_octets(bpi_unpack *in, bpi_bytes *elements, size_t *length, int *is_bin) {
  return unpack_octets(in, NULL, elements, length, is_bin);
}

bp_status bpi_unpack_octets_into(bpi_unpack *in, uint8_t *out, bpi_bytes *elements, size_t *length, int *is_bin) {
  return unpack_octets(in, out, elements, length, is_bin);
}

bp_status bpi_unpack_octets_exact(bpi_unpack *in, uint8_t *out, size_t length) {
  bpi_unpack ahead = *in;
  uint32_t count;
  uint8_t whole[OCTETS_BLOCK];
  if (length > sizeof whole || !take_count(&ahead, &count) || count != length) return BP_MESSAGEPACK;
  const uint8_t *end = loops()->decode(ahead.at, ahead.end, length, whole, sizeof whole);
  if (end == NULL) return BP_MESSAGEPACK;
  memcpy(out, whole, length);
  in->at = end;
  return BP_OK;
}

void bpi_octets_decode(bpi_bytes elements, int is_bin, uint8_t *out, size_t length) {
  if (length == 0) return;
  if (is_bin) {
    memcpy(out, elements.data, length);
  } else {
    (void)loops()->decode(elements.data, elements.data + elements.length, length, out, length);
  }
}
