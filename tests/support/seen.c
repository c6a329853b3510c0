#include "support/seen.h"

#include "support/check.h"

#include <sys/mman.h>

void *seen_share(size_t size) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(memory != MAP_FAILED, "no memory to share");
  return memory;
}

static size_t size_of(size_t slots) { return sizeof(seen_set) + slots * sizeof(uint64_t); }

seen_set *seen_new(size_t digests) {
  size_t slots = 1 << 10;
  while (slots < digests * 2) slots *= 2;
  seen_set *seen = seen_share(size_of(slots));
  seen->slots = slots;
  return seen;
}

void seen_free(seen_set *seen) {
  if (seen != NULL) munmap(seen, size_of(seen->slots));
}

int seen_add(seen_set *seen, uint64_t digest) {
  if (digest == 0) digest = 1;
  if (atomic_load(&seen->count) * 2 >= seen->slots) {
    atomic_store(&seen->count, 0);
    for (size_t i = 0; i < seen->slots; i++) atomic_store_explicit(&seen->digests[i], 0, memory_order_relaxed);
  }
  for (size_t slot = digest & (seen->slots - 1);; slot = (slot + 1) & (seen->slots - 1)) {
    uint64_t there = 0;
    if (atomic_compare_exchange_strong(&seen->digests[slot], &there, digest)) break;
    if (there == digest) return 0;
  }
  atomic_fetch_add(&seen->count, 1);
  return 1;
}
