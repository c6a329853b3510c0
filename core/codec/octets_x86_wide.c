/* The loops over octets for x86-64 with AVX-512 and VBMI2, where one instruction moves the bytes of a whole block. */
#include "codec/octets.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define OCTETS_TARGET __attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,bmi2,popcnt")))
#define OCTETS_STEP 32
#define OCTETS_HAS_SELECT
#include "codec/octets_loop.h"

OCTETS_TARGET static inline unsigned octets_count(uint64_t bits) { return (unsigned)_mm_popcnt_u64(bits); }

OCTETS_TARGET static inline unsigned octets_select(uint64_t bits, unsigned k) {
  return (unsigned)_tzcnt_u64(_pdep_u64((uint64_t)1 << (k - 1), bits));
}

OCTETS_TARGET static inline octets_bits octets_masks(const uint8_t *block) {
  __m512i bytes = _mm512_loadu_si512(block);
  octets_bits bits = {_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8((char)0xcc)), _mm512_movepi8_mask(bytes)};
  return bits;
}

OCTETS_TARGET static inline void octets_compact(const uint8_t *block, uint64_t markers, uint8_t *out) {
  _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(~markers, _mm512_loadu_si512(block)));
}

OCTETS_TARGET static inline uint8_t *octets_expand(uint8_t *at, const uint8_t *bytes) {
  /* Two places for each byte, marker and value, of which the marker's is kept where the high bit is set. */
  const uint64_t markers = 0x5555555555555555u;
  __m256i source = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
  uint64_t kept = _pdep_u64((uint32_t)_mm256_movemask_epi8(source), markers) | ~markers;
  uint64_t values = _pext_u64(~markers, kept);
  __m512i all = _mm512_set1_epi8((char)0xcc);
  _mm512_storeu_si512(at, _mm512_mask_expand_epi8(all, values, _mm512_castsi256_si512(source)));
  return at + octets_count(kept);
}

const bpi_octets_loops bpi_octets_wide = {octets_scan, octets_decode, octets_put};

int bpi_octets_wide_works(void) {
  return __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
}

#else

const bpi_octets_loops bpi_octets_wide = {NULL, NULL, NULL};

int bpi_octets_wide_works(void) { return 0; }

#endif
