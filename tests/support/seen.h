/* What several processes have seen together: a set of digests, and counters, in memory that they share from a fork on. */
#ifndef SUPPORT_SEEN_H
#define SUPPORT_SEEN_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef struct seen_set {
  size_t slots;
  _Atomic uint64_t count;
  _Atomic uint64_t digests[]; /* 0: free */
} seen_set;

/* Zeroed, of whole pages; munmap it. */
void *seen_share(size_t size);

/* Room for `digests` of them; when as many are there, all are forgotten.  seen_free unmaps it. */
seen_set *seen_new(size_t digests);
void seen_free(seen_set *seen);
/* 1 if it is new. */
int seen_add(seen_set *seen, uint64_t digest);

#endif
