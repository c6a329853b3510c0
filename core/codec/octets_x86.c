/* The loops over octets with byte shuffles, for x86-64 with SSSE3: a table answers for each mask of eight bytes how they
 * move. */
#include "codec/octets.h"

#if defined(__x86_64__)

#include <tmmintrin.h>

#define OCTETS_TARGET __attribute__((target("ssse3,popcnt")))
#define OCTETS_STEP 8
#include "codec/octets_loop.h"

/* Both tables are written by the preprocessor.  `m` is the mask, `i` the number of a byte. */
#define FOR_8(entry, m) \
  (entry(m, 0) | entry(m, 1) | entry(m, 2) | entry(m, 3) | entry(m, 4) | entry(m, 5) | entry(m, 6) | entry(m, 7))
#define FOR_16(row, m)                                                                                          \
  row((m) + 0u) row((m) + 1u) row((m) + 2u) row((m) + 3u) row((m) + 4u) row((m) + 5u) row((m) + 6u) row((m) + 7u) \
  row((m) + 8u) row((m) + 9u) row((m) + 10u) row((m) + 11u) row((m) + 12u) row((m) + 13u) row((m) + 14u) row((m) + 15u)
#define FOR_256(row)                                                                                    \
  FOR_16(row, 0u) FOR_16(row, 16u) FOR_16(row, 32u) FOR_16(row, 48u) FOR_16(row, 64u) FOR_16(row, 80u)  \
  FOR_16(row, 96u) FOR_16(row, 112u) FOR_16(row, 128u) FOR_16(row, 144u) FOR_16(row, 160u)              \
  FOR_16(row, 176u) FOR_16(row, 192u) FOR_16(row, 208u) FOR_16(row, 224u) FOR_16(row, 240u)
#define BITS(m) ((unsigned)__builtin_popcount(m))
#define BYTE(value, place) ((uint64_t)(value) << (8u * ((place) & 7u)))

/* Bytes that are markers are left out, the others close up. */
#define KEPT(m, i) (((m) >> (i) & 1u) != 0 ? 0u : BYTE(i, (i) - BITS((m) & ((1u << (i)) - 1u))))
#define COMPACT_ROW(m) FOR_8(KEPT, m),
static const uint64_t compact_table[256] = {FOR_256(COMPACT_ROW)};

/* Bytes with the high bit get a marker before them, which is byte 8 of the source. */
#define PLACE(m, i) ((i) + BITS((m) & ((2u << (i)) - 1u)))
#define VALUE_IN(m, i, half) (PLACE(m, i) / 8u == (half) ? BYTE(i, PLACE(m, i)) : 0u)
#define MARK_IN(m, i, half) \
  (((m) >> (i) & 1u) != 0 && (PLACE(m, i) - 1u) / 8u == (half) ? BYTE(8, PLACE(m, i) - 1u) : 0u)
#define LOW(m, i) VALUE_IN(m, i, 0u) | MARK_IN(m, i, 0u)
#define HIGH(m, i) VALUE_IN(m, i, 1u) | MARK_IN(m, i, 1u)
#define EXPAND_ROW(m) {FOR_8(LOW, m), FOR_8(HIGH, m)},
static const uint64_t expand_table[256][2] = {FOR_256(EXPAND_ROW)};

static __m128i load_8(const void *at) { return _mm_loadl_epi64((const __m128i *)at); }
static __m128i load_16(const void *at) { return _mm_loadu_si128((const __m128i *)at); }

OCTETS_TARGET static inline unsigned octets_count(uint64_t bits) { return (unsigned)__builtin_popcountll(bits); }

OCTETS_TARGET static inline octets_bits octets_masks(const uint8_t *block) {
  octets_bits bits = {0, 0};
  const __m128i marker = _mm_set1_epi8((char)0xcc);
  for (unsigned i = 0; i < OCTETS_BLOCK; i += 16) {
    __m128i bytes = load_16(block + i);
    bits.cc |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, marker)) << i;
    bits.high |= (uint64_t)(unsigned)_mm_movemask_epi8(bytes) << i;
  }
  return bits;
}

OCTETS_TARGET static inline void octets_compact(const uint8_t *block, uint64_t markers, uint8_t *out) {
  for (unsigned i = 0; i < OCTETS_BLOCK; i += 8) {
    unsigned mask = markers >> i & 0xff;
    __m128i moved = _mm_shuffle_epi8(load_8(block + i), load_8(&compact_table[mask]));
    _mm_storel_epi64((__m128i *)(void *)out, moved);
    out += 8 - octets_count(mask);
  }
}

OCTETS_TARGET static inline uint8_t *octets_expand(uint8_t *at, const uint8_t *bytes) {
  __m128i source = _mm_unpacklo_epi64(load_8(bytes), _mm_set1_epi8((char)0xcc));
  unsigned mask = (unsigned)_mm_movemask_epi8(source) & 0xff;
  _mm_storeu_si128((__m128i *)(void *)at, _mm_shuffle_epi8(source, load_16(expand_table[mask])));
  return at + 8 + octets_count(mask);
}

const bpi_octets_loops bpi_octets_shuffle = {octets_scan, octets_decode, octets_put};

int bpi_octets_shuffle_works(void) { return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("popcnt"); }

#else

/* No shuffles here: the portable loops serve. */
const bpi_octets_loops bpi_octets_shuffle = {NULL, NULL, NULL};

int bpi_octets_shuffle_works(void) { return 0; }

#endif
