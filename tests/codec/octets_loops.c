/* Every set of loops over arrays of octets must give the same as the plainest one, whatever the bytes and wherever the
 * input ends.  Inputs lie in memory of their own, so that the address sanitizer sees a read past them. */
#include "codec/octets.h"

#include "codec/pack.h"
#include "codec/unpack.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_MAX = 300, ROUNDS = 4000 };

static uint64_t state = 88172645463325252u;

static uint64_t next_random(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static size_t loops_here(const bpi_octets_loops *all[3]) {
  size_t count = 0;
  all[count++] = &bpi_octets_portable;
  if (bpi_octets_shuffle_works()) all[count++] = &bpi_octets_shuffle;
  if (bpi_octets_wide_works()) all[count++] = &bpi_octets_wide;
  return count;
}

static void *exactly(const void *bytes, size_t length) {
  void *copy = malloc(length > 0 ? length : 1);
  if (copy != NULL && length > 0) memcpy(copy, bytes, length);
  return copy;
}

/* High bytes are as frequent as the round says: none, few, half, all. */
static size_t draw_octets(unsigned round, uint8_t *octets) {
  size_t length = next_random() % LENGTH_MAX;
  for (size_t i = 0; i < length; i++) {
    uint64_t word = next_random();
    uint8_t low = (uint8_t)(word & 0x7f), high = word >> 8 & 1 ? 0xcc : (uint8_t)(word >> 16 | 0x80);
    unsigned chance = round % 4 == 3 ? 64 : (round % 4) * (round % 4) * 8;
    octets[i] = (word >> 32 & 63) < chance ? high : low;
  }
  return length;
}

/* One byte at a time, as the format says; some in forms that no writer of ours uses. */
static size_t encode_plainly(const uint8_t *octets, size_t length, int rare, uint8_t *out) {
  size_t at = 0;
  for (size_t i = 0; i < length; i++) {
    unsigned form = rare ? (unsigned)(next_random() % 16) : 15;
    if (form == 0) {
      out[at++] = 0xcd;
      out[at++] = 0;
    } else if (form == 1 && octets[i] < 0x80) {
      out[at++] = 0xd0;
    } else if (form == 2 || octets[i] >= 0x80) {
      out[at++] = 0xcc;
    }
    out[at++] = octets[i];
  }
  return at;
}

Test(octets_loops, put_writes_the_shortest_forms) {
  const bpi_octets_loops *all[3];
  size_t count = loops_here(all);
  for (unsigned round = 0; round < ROUNDS; round++) {
    uint8_t octets[LENGTH_MAX], expected[3 * LENGTH_MAX];
    size_t length = draw_octets(round, octets), size = encode_plainly(octets, length, 0, expected);
    uint8_t *source = exactly(octets, length), *room = malloc(2 * length + 1);
    for (size_t k = 0; k < count; k++) {
      size_t put = (size_t)(all[k]->put(room, source, length) - room);
      cr_assert_eq(put, size, "loops %zu, round %u", k, round);
      cr_assert(size == 0 || memcmp(room, expected, size) == 0, "loops %zu, round %u", k, round);
    }
    free(room);
    free(source);
  }
}

Test(octets_loops, decode_gives_back_what_was_put) {
  const bpi_octets_loops *all[3];
  size_t count = loops_here(all);
  for (unsigned round = 0; round < ROUNDS; round++) {
    uint8_t octets[LENGTH_MAX], encoded[3 * LENGTH_MAX];
    size_t length = draw_octets(round, octets), size = encode_plainly(octets, length, round / 4 % 2 == 1, encoded);
    size_t behind = next_random() % 80, room = length + next_random() % 80;
    memset(encoded + size, 0xcc, behind < sizeof encoded - size ? behind : 0);
    if (behind >= sizeof encoded - size) behind = 0;
    uint8_t *input = exactly(encoded, size + behind), *out = malloc(room > 0 ? room : 1);
    for (size_t k = 0; k < count; k++) {
      const uint8_t *end = all[k]->decode(input, input + size + behind, length, out, room);
      cr_assert_eq(end, input + size, "loops %zu, round %u", k, round);
      cr_assert(length == 0 || memcmp(out, octets, length) == 0, "loops %zu, round %u", k, round);
      cr_assert_eq(all[k]->scan(input, input + size + behind, length), input + size, "loops %zu, round %u", k, round);
    }
    free(out);
    free(input);
  }
}

Test(octets_loops, what_is_cut_short_is_refused) {
  const bpi_octets_loops *all[3];
  size_t count = loops_here(all);
  for (unsigned round = 0; round < ROUNDS; round++) {
    uint8_t octets[LENGTH_MAX], encoded[3 * LENGTH_MAX], out[LENGTH_MAX];
    size_t length = draw_octets(round, octets), size = encode_plainly(octets, length, round / 4 % 2 == 1, encoded);
    if (length == 0) continue;
    size_t cut = next_random() % size;
    uint8_t *input = exactly(encoded, cut);
    for (size_t k = 0; k < count; k++) {
      cr_assert_null(all[k]->scan(input, input + cut, length), "loops %zu, round %u", k, round);
      cr_assert_null(all[k]->decode(input, input + cut, length, out, length), "loops %zu, round %u", k, round);
    }
    free(input);
  }
}

Test(octets_loops, any_bytes_are_judged_alike) {
  const bpi_octets_loops *all[3];
  size_t count = loops_here(all);
  for (unsigned round = 0; round < 4 * ROUNDS; round++) {
    uint8_t bytes[LENGTH_MAX], first[LENGTH_MAX], other[LENGTH_MAX];
    size_t size = draw_octets(round, bytes), wanted = next_random() % (size + 1);
    uint8_t *input = exactly(bytes, size);
    const uint8_t *end = all[0]->decode(input, input + size, wanted, first, wanted);
    for (size_t k = 0; k < count; k++) {
      cr_assert_eq(all[k]->scan(input, input + size, wanted), end, "loops %zu, round %u", k, round);
      cr_assert_eq(all[k]->decode(input, input + size, wanted, other, wanted), end, "loops %zu, round %u", k, round);
      cr_assert(end == NULL || wanted == 0 || memcmp(first, other, wanted) == 0, "loops %zu, round %u", k, round);
    }
    free(input);
  }
}

Test(octets_loops, reading_into_a_room_agrees_with_reading_apart) {
  for (unsigned round = 0; round < ROUNDS; round++) {
    uint8_t octets[LENGTH_MAX], encoded[3 * LENGTH_MAX + BPI_HEADER_MAX], apart[LENGTH_MAX];
    size_t length = draw_octets(round, octets);
    uint8_t *elements_at = bpi_put_array_header(encoded, (uint32_t)length);
    size_t size = (size_t)(elements_at - encoded) + encode_plainly(octets, length, 1, elements_at);
    uint8_t *input = exactly(encoded, size), *room = malloc(size);
    bpi_unpack one = {input, input + size}, two = one;
    bpi_bytes elements, same_elements;
    size_t found, same;
    int is_bin, also_bin;
    cr_assert_eq(bpi_unpack_octets(&one, &elements, &found, &is_bin), BP_OK);
    cr_assert_eq(bpi_unpack_octets_into(&two, room, &same_elements, &same, &also_bin), BP_OK);
    bpi_octets_decode(elements, is_bin, apart, found);
    cr_assert_eq(found, length);
    cr_assert_eq(same, length);
    cr_assert(one.at == two.at && elements.data == same_elements.data && is_bin == 0 && also_bin == 0);
    cr_assert(length == 0 || (memcmp(apart, octets, length) == 0 && memcmp(room, octets, length) == 0));
    free(room);
    free(input);
  }
}
