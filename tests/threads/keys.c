/* Contention: of many appends with one key one is written and all are told its id; of many with one expectation one wins
 * and the others are told what is there. */
/* P-019, P-020 */
#include "support/plain.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 60 };

typedef struct shared {
  bp_store *store;
  pthread_barrier_t barrier;
  _Atomic uint32_t fresh[ROUNDS];
  _Atomic uint64_t sequences[ROUNDS];
  _Atomic uint32_t winners[ROUNDS];
} shared;

typedef struct worker {
  shared *shared;
  uint32_t thread;
} worker;

static void append_with_key(shared *s, uint32_t thread, uint32_t round) {
  plain_draft plain;
  bp_receipt receipt;
  plain_draft_of(&plain, 1, round, thread % 2 == 0 ? BP_DURABLE : BP_WRITTEN);
  plain.draft.given = BP_GIVEN_KEY;
  memset(plain.draft.key, 0x77, sizeof plain.draft.key);
  memcpy(plain.draft.key, &round, sizeof round);
  CHECK(bp_receipt_init(&receipt, sizeof receipt) == BP_OK, "bp_receipt_init");
  CHECK(bp_store_append(s->store, &plain.draft, &receipt, NULL) == BP_OK, "append");
  CHECK(memcmp(receipt.event_id, plain.draft.key, 16) == 0, "the key is not the id");
  CHECK(!receipt.replayed || receipt.same, "replayed, and not the same");
  CHECK(thread % 2 != 0 || receipt.durable, "asked for durable, answered otherwise");
  if (!receipt.replayed) atomic_fetch_add(&s->fresh[round], 1);
  uint64_t none = UINT64_MAX;
  if (!atomic_compare_exchange_strong(&s->sequences[round], &none, receipt.sequence)) {
    CHECK(none == receipt.sequence, "one key, two sequences");
  }
}

static void append_expecting(shared *s, uint32_t thread, uint32_t round) {
  plain_draft plain;
  bp_error error = {.struct_size = sizeof error};
  plain_draft_of(&plain, 2, thread, BP_WRITTEN);
  plain.draft.expect = round == 0 ? BP_EXPECT_EMPTY : BP_EXPECT_CLOCK;
  plain.draft.expect_clock = round == 0 ? 0 : round - 1;
  /* Clock 0 is met by an empty entity and by one event: the round after the first expects the same as the first. */
  bp_status status = bp_store_append(s->store, &plain.draft, NULL, &error);
  if (status == BP_OK) {
    atomic_fetch_add(&s->winners[round], 1);
  } else if (round == 0) {
    CHECK(status == BP_EXPECTED_EMPTY, "%s", bp_status_name(status));
  } else {
    CHECK(status == BP_EXPECTED_CLOCK && error.expected == round - 1 && error.actual == round, "%s: %" PRIu64,
          bp_status_name(status), error.actual);
  }
}

static void *contend(void *user) {
  const worker *w = user;
  for (uint32_t round = 0; round < ROUNDS; round++) {
    pthread_barrier_wait(&w->shared->barrier);
    append_with_key(w->shared, w->thread, round);
    pthread_barrier_wait(&w->shared->barrier);
    append_expecting(w->shared, w->thread, round);
  }
  return NULL;
}

int main(void) {
  static shared s;
  worker workers[THREADS];
  char path[TEMPORARY_PATH_MAX];
  temporary_create(path);
  s.store = plain_open(path, BP_MODE_CREATE, 1 << 14);
  CHECK(pthread_barrier_init(&s.barrier, NULL, THREADS) == 0, "pthread_barrier_init");
  for (size_t i = 0; i < ROUNDS; i++) atomic_store(&s.sequences[i], UINT64_MAX);
  for (uint32_t i = 0; i < THREADS; i++) workers[i] = (worker){&s, i};
  plain_run(THREADS, contend, workers, sizeof workers[0]);
  for (size_t i = 0; i < ROUNDS; i++) {
    CHECK(atomic_load(&s.fresh[i]) == 1, "round %zu: the key was written %u times", i, atomic_load(&s.fresh[i]));
    CHECK(atomic_load(&s.winners[i]) == 1, "round %zu: %u winners", i, atomic_load(&s.winners[i]));
  }
  CHECK(plain_stat(s.store).events == 1 + 2 * ROUNDS, "%" PRIu64 " events", plain_stat(s.store).events);
  pthread_barrier_destroy(&s.barrier);
  plain_close(s.store);
  temporary_remove(path);
  printf("%d rounds of %d threads\n", ROUNDS, THREADS);
  return 0;
}
