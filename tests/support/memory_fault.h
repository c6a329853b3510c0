/* An allocator that counts and fails on demand.  It always moves a block, fills fresh bytes with rubbish, and notices a
 * wrong old size: what a test gets away with here it gets away with anywhere. */
#ifndef SUPPORT_MEMORY_FAULT_H
#define SUPPORT_MEMORY_FAULT_H

#include "base/memory.h"

#include <stdatomic.h>

typedef struct memory_fault {
  _Atomic uint64_t allocations; /* calls that ask for memory, failed ones included */
  _Atomic uint64_t fail_at;     /* the number of the allocation that fails, from 1; 0: none */
  _Atomic int forever;          /* that one and all after it */
  _Atomic uint64_t failures;
  _Atomic uint64_t live_blocks;
  _Atomic uint64_t live_bytes;
  _Atomic uint64_t peak_bytes;
  _Atomic uint64_t wrong_sizes; /* blocks given back with a size they do not have: a test finds it to be 0 */
} memory_fault;

/* A bp_reallocate; `user` is a memory_fault, zeroed at first. */
void *memory_fault_reallocate(void *user, void *block, size_t old_size, size_t new_size);
bpi_memory memory_fault_table(memory_fault *fault);
/* The n-th allocation from now fails (1: the next). */
void memory_fault_arm(memory_fault *fault, uint64_t n, int forever);
void memory_fault_disarm(memory_fault *fault);

#endif
