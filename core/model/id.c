/* UUIDv7 (RFC 9562, 5.7 and 6.2): 48 bits of milliseconds, then a counter of 16 bits in rand_a and the front of rand_b,
 * then 58 random bits.
 *
 * The one word below is the only state that the process shares: time and counter of the newest id, moved forward by
 * compare and swap.  Every id takes a value of its own, above all before.  Without a lock nothing is held when a process
 * forks; parent and child then differ by the random bits.  A new millisecond begins its counter at a random place of the
 * lower half; a counter that overflows borrows from the next millisecond, and a clock that goes back is not followed. */
#include "base/status.h"
#include "model/event.h"
#include "sys/system.h"

#include <stdatomic.h>

static _Atomic uint64_t newest;

enum { COUNTER_BITS = 16, COUNTER_START_MASK = 0x7fff };

static uint64_t take_next(uint64_t milliseconds, uint16_t random) {
  uint64_t fresh = milliseconds << COUNTER_BITS | (random & COUNTER_START_MASK);
  uint64_t last = atomic_load_explicit(&newest, memory_order_relaxed);
  for (;;) {
    uint64_t next = fresh >> COUNTER_BITS > last >> COUNTER_BITS ? fresh : last + 1;
    if (atomic_compare_exchange_weak_explicit(&newest, &last, next, memory_order_relaxed, memory_order_relaxed)) return next;
  }
}

bp_status bpi_id_generate(const bp_system *system, int64_t now_us, uint8_t id[16], bp_error *error) {
  uint8_t random[10];
  int failed = system->random_fill(system->context, random, sizeof random);
  if (failed != 0) return bpi_fail_system(error, failed, "drawing an id");
  uint64_t milliseconds = now_us < 0 ? 0 : (uint64_t)now_us / 1000;
  uint64_t value = take_next(milliseconds, bpi_load_le16(random));
  unsigned counter = value & 0xffff;
  bpi_store_be64(id, value);  /* six bytes of time; the rest is overwritten */
  id[6] = (uint8_t)(0x70 | counter >> 12);
  id[7] = (uint8_t)(counter >> 4);
  memcpy(id + 8, random + 2, 8);
  id[8] = (uint8_t)(0x80 | (counter & 15) << 2 | (id[8] & 3));
  return BP_OK;
}

bp_status bp_id_new(uint8_t id[16], bp_error *error) {
  if (id == NULL) return bpi_fail(error, BP_ARGUMENT, "there is no place for the id");
  const bp_system *system = bpi_system_real();
  return bpi_id_generate(system, system->clock_wall_ns(system->context) / 1000, id, error);
}
