/* Repeatable chance for tests: print the seed where a test fails. */
#ifndef SUPPORT_RANDOM_H
#define SUPPORT_RANDOM_H

#include <stdint.h>

typedef struct test_random {
  uint64_t state;
} test_random;

/* SplitMix64. */
static inline uint64_t test_random_next(test_random *random) {
  uint64_t z = random->state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* 0 .. below - 1 */
static inline uint32_t test_random_below(test_random *random, uint32_t below) {
  return (uint32_t)(test_random_next(random) % below);
}

#endif
