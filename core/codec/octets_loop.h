/* The loops over arrays of octets, made once for any machine and once for those with byte shuffles.  The including file
 * says what differs: OCTETS_TARGET (a function attribute, or nothing), OCTETS_STEP (elements that octets_expand takes),
 * octets_masks, octets_compact, octets_expand and octets_count; octets_select too where it can do better.
 *
 * An element is a byte 00..7f that stands for itself, or 0xcc and any byte.  Whether a 0xcc is marker or value depends on
 * what stands before it, so 64 bytes are looked at as bit masks: in a run of 0xcc that begins at an element, markers and
 * values take turns, and the carries of an addition find where each run ends on a marker.  Every other form of a small
 * integer (encoding.md 1.4 takes any width) is left to the ordinary reader, one element at a time. */
#include "codec/unpack.h"

enum { OCTETS_BLOCK = 64 };

/* Of 64 encoded bytes: which are 0xcc, and which have the high bit. */
typedef struct octets_bits {
  uint64_t cc;
  uint64_t high;
} octets_bits;

OCTETS_TARGET static inline octets_bits octets_masks(const uint8_t *block);
/* The bytes of block[0, 64) that are not in `markers`, moved together.  Writes 64 bytes at most, which are there. */
OCTETS_TARGET static inline void octets_compact(const uint8_t *block, uint64_t markers, uint8_t *out);
/* OCTETS_STEP elements; writes twice as many bytes at most. */
OCTETS_TARGET static inline uint8_t *octets_expand(uint8_t *at, const uint8_t *bytes);
OCTETS_TARGET static inline unsigned octets_count(uint64_t bits);

static inline uint64_t octets_low_bits(unsigned count) { return count < 64 ? ((uint64_t)1 << count) - 1 : UINT64_MAX; }

/* Values behind a marker.  Runs that begin on an odd bit are turned round by the parity mask; the sum's carry marks the
 * end of each run. */
static inline uint64_t octets_behind_marker(uint64_t cc) {
  const uint64_t even = 0x5555555555555555u;
  uint64_t follows = cc << 1;
  uint64_t odd_starts = cc & ~even & ~follows;
  uint64_t ends_of_even_runs = odd_starts + cc;
  return (even ^ (ends_of_even_runs << 1)) & follows;
}

/* How many bytes of the block, which begins at an element, are whole elements of the two common forms. */
OCTETS_TARGET static inline unsigned octets_span(const uint8_t *block, size_t available, uint64_t *markers) {
  octets_bits bits = octets_masks(block);
  uint64_t behind = octets_behind_marker(bits.cc);
  uint64_t found = bits.cc & ~behind;
  uint64_t rare = bits.high & ~bits.cc & ~behind;
  unsigned span = rare == 0 ? OCTETS_BLOCK : (unsigned)__builtin_ctzll(rare);
  if (span > available) span = (unsigned)available;
  if (span > 0 && (found >> (span - 1) & 1) != 0) span--;
  *markers = found & octets_low_bits(span);
  return span;
}

/* The place of the k-th bit that is set, counted from 1. */
OCTETS_TARGET static inline unsigned octets_select(uint64_t bits, unsigned k);
#ifndef OCTETS_HAS_SELECT
OCTETS_TARGET static inline unsigned octets_select(uint64_t bits, unsigned k) {
  unsigned place = 0;
  for (unsigned width = 32; width > 0; width /= 2) {
    unsigned below = octets_count(bits & octets_low_bits(width));
    if (k > below) {
      k -= below;
      bits >>= width;
      place += width;
    }
  }
  return place;
}
#endif

static inline const uint8_t *octets_rare_element(const uint8_t *at, const uint8_t *end, uint8_t *value) {
  bpi_unpack in = {at, end};
  uint64_t wide;
  if (bpi_unpack_u64(&in, UINT8_MAX, &wide) != BP_OK) return NULL;
  *value = (uint8_t)wide;
  return in.at;
}

/* Steps over `wanted` elements and, with `out`, decodes them into the first of its `room` bytes: the end, or NULL where
 * something else than an octet is met.  Inlined into its two callers, so that `out` is known to be NULL or not. */
OCTETS_TARGET static inline __attribute__((always_inline)) const uint8_t *octets_run(const uint8_t *at, const uint8_t *end,
                                                                                     size_t wanted, uint8_t *out,
                                                                                     size_t room) {
  while (wanted > 0) {
    size_t available = (size_t)(end - at);
    uint8_t padded[OCTETS_BLOCK];
    const uint8_t *block = at;
    if (available < OCTETS_BLOCK) {
      memset(padded, 0, sizeof padded);
      memcpy(padded, at, available);
      block = padded;
    }
    uint64_t markers;
    unsigned span = octets_span(block, available, &markers);
    size_t elements = span - octets_count(markers);
    if (span == 0) {
      uint8_t value;
      at = octets_rare_element(at, end, &value);
      if (at == NULL) return NULL;
      if (out != NULL) *out++ = value;
      room--;
      wanted--;
      continue;
    }
    if (elements > wanted) {
      span = octets_select(~markers, (unsigned)wanted) + 1;
      markers &= octets_low_bits(span);
      elements = wanted;
    }
    if (out != NULL) {
      if (room >= OCTETS_BLOCK) {
        octets_compact(block, markers, out);
      } else {
        uint8_t whole[OCTETS_BLOCK];
        octets_compact(block, markers, whole);
        memcpy(out, whole, elements);
      }
      out += elements;
    }
    at += span;
    room -= elements;
    wanted -= elements;
  }
  return at;
}

OCTETS_TARGET static const uint8_t *octets_scan(const uint8_t *at, const uint8_t *end, size_t wanted) {
  return octets_run(at, end, wanted, NULL, 0);
}

OCTETS_TARGET static const uint8_t *octets_decode(const uint8_t *at, const uint8_t *end, size_t wanted, uint8_t *out,
                                                  size_t room) {
  return octets_run(at, end, wanted, out, room);
}

OCTETS_TARGET static uint8_t *octets_put(uint8_t *at, const uint8_t *bytes, size_t length) {
  for (; length >= OCTETS_STEP; bytes += OCTETS_STEP, length -= OCTETS_STEP) at = octets_expand(at, bytes);
  for (; length > 0; bytes++, length--) {
    /* Of the two stores a plain byte keeps the second. */
    unsigned marked = *bytes >> 7;
    at[0] = 0xcc;
    at[marked] = *bytes;
    at += 1 + marked;
  }
  return at;
}
