#include "support/memory_fault.h"

#include <stdlib.h>
#include <string.h>

/* In front of each block, aligned as malloc aligns. */
typedef union block_head {
  size_t size;
  max_align_t alignment;
} block_head;

static int fails(memory_fault *fault) {
  uint64_t number = atomic_fetch_add(&fault->allocations, 1) + 1, at = atomic_load(&fault->fail_at);
  if (at == 0 || (atomic_load(&fault->forever) ? number < at : number != at)) return 0;
  atomic_fetch_add(&fault->failures, 1);
  return 1;
}

static void note_peak(memory_fault *fault) {
  uint64_t live = atomic_load(&fault->live_bytes), peak = atomic_load(&fault->peak_bytes);
  while (live > peak && !atomic_compare_exchange_weak(&fault->peak_bytes, &peak, live)) {
  }
}

static void *make_block(memory_fault *fault, size_t size) {
  block_head *head = size > SIZE_MAX - sizeof *head ? NULL : (block_head *)malloc(sizeof *head + size);
  if (head == NULL) return NULL;
  head->size = size;
  atomic_fetch_add(&fault->live_blocks, 1);
  atomic_fetch_add(&fault->live_bytes, size);
  note_peak(fault);
  return memset(head + 1, 0xA5, size);
}

static void drop_block(memory_fault *fault, void *block) {
  block_head *head = (block_head *)block - 1;
  atomic_fetch_sub(&fault->live_blocks, 1);
  atomic_fetch_sub(&fault->live_bytes, head->size);
  free(head);
}

void *memory_fault_reallocate(void *user, void *block, size_t old_size, size_t new_size) {
  memory_fault *fault = (memory_fault *)user;
  size_t true_size = block == NULL ? 0 : ((block_head *)block - 1)->size;
  if (old_size != true_size) atomic_fetch_add(&fault->wrong_sizes, 1);
  void *fresh = NULL;
  if (new_size > 0) {
    fresh = fails(fault) ? NULL : make_block(fault, new_size);
    if (fresh == NULL) return NULL;
    size_t common = true_size < new_size ? true_size : new_size;
    if (common > 0) memcpy(fresh, block, common);
  }
  if (block != NULL) drop_block(fault, block);
  return fresh;
}

bpi_memory memory_fault_table(memory_fault *fault) {
  bpi_memory memory = {memory_fault_reallocate, fault};
  return memory;
}

void memory_fault_arm(memory_fault *fault, uint64_t n, int forever) {
  atomic_store(&fault->forever, forever);
  atomic_store(&fault->fail_at, n == 0 ? 0 : atomic_load(&fault->allocations) + n);
}

void memory_fault_disarm(memory_fault *fault) { atomic_store(&fault->fail_at, 0); }
