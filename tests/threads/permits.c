/* One permit, sixteen committers: one commits, the others are told that it is used.  Meanwhile one set of gates is
 * evaluated by all of them. */
/* P-091 */
#include "support/plain.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 16, ROUNDS = 40 };

typedef struct shared {
  bp_store *store;
  bp_gates *gates;
  bp_permit *permits[ROUNDS];
  pthread_barrier_t barrier;
  _Atomic uint32_t committed[ROUNDS];
  _Atomic uint32_t asked;
} shared;

typedef struct worker {
  shared *shared;
  uint32_t thread;
} worker;

static bp_status count(void *user, const uint8_t *context, size_t context_length, bp_denial_writer *writer) {
  static const uint8_t message[] = "odd";
  atomic_fetch_add(&((shared *)user)->asked, 1);
  if (context_length == 1 && *context % 2 == 0) return BP_OK;
  (void)bp_denial_writer_set(writer, NULL, 0, message, sizeof message - 1);
  return BP_DENIED;
}

static void evaluate(shared *s, uint32_t thread) {
  uint8_t context = (uint8_t)thread;
  plain_draft plain;
  bp_permit *permit = NULL;
  bp_denials *denials = NULL;
  plain_draft_of(&plain, 2, thread, BP_WRITTEN);
  bp_status status = bp_gates_evaluate(s->gates, &context, 1, &plain.draft, &permit, &denials, NULL);
  CHECK(status == (thread % 2 == 0 ? BP_OK : BP_DENIED), "%s", bp_status_name(status));
  CHECK((permit != NULL) == (status == BP_OK) && (denials != NULL) == (status == BP_DENIED), "neither, or both");
  bp_denials_free(denials);
  bp_permit_free(permit);
}

static void *contend(void *user) {
  const worker *w = user;
  for (uint32_t round = 0; round < ROUNDS; round++) {
    pthread_barrier_wait(&w->shared->barrier);
    bp_status status = bp_store_commit_permit(w->shared->store, w->shared->permits[round], NULL, NULL);
    CHECK(status == BP_OK || status == BP_PERMIT_USED, "%s", bp_status_name(status));
    if (status == BP_OK) atomic_fetch_add(&w->shared->committed[round], 1);
    evaluate(w->shared, w->thread);
  }
  return NULL;
}

static void push_gate(shared *s) {
  static const uint8_t name[] = "even";
  bp_gate gate;
  CHECK(bp_gate_init(&gate, sizeof gate) == BP_OK, "bp_gate_init");
  gate.name = name;
  gate.name_length = sizeof name - 1;
  gate.evaluate = count;
  gate.user = s;
  CHECK(bp_gates_push(s->gates, &gate, NULL) == BP_OK, "bp_gates_push");
}

int main(void) {
  static shared s;
  worker workers[THREADS];
  char path[TEMPORARY_PATH_MAX];
  temporary_create(path);
  s.store = plain_open(path, BP_MODE_CREATE, 1 << 14);
  CHECK(bp_gates_new(&s.gates, NULL) == BP_OK, "bp_gates_new");
  for (uint32_t i = 0; i < ROUNDS; i++) {
    plain_draft plain;
    plain_draft_of(&plain, 1, i, i % 2 == 0 ? BP_DURABLE : BP_WRITTEN);
    CHECK(bp_gates_evaluate(s.gates, NULL, 0, &plain.draft, &s.permits[i], NULL, NULL) == BP_OK, "evaluate");
  }
  push_gate(&s);
  CHECK(pthread_barrier_init(&s.barrier, NULL, THREADS) == 0, "pthread_barrier_init");
  for (uint32_t i = 0; i < THREADS; i++) workers[i] = (worker){&s, i};
  plain_run(THREADS, contend, workers, sizeof workers[0]);
  for (size_t i = 0; i < ROUNDS; i++) {
    CHECK(atomic_load(&s.committed[i]) == 1, "round %zu: committed %u times", i, atomic_load(&s.committed[i]));
    bp_permit_free(s.permits[i]);
  }
  CHECK(plain_stat(s.store).events == 1 + ROUNDS, "%" PRIu64 " events", plain_stat(s.store).events);
  CHECK(atomic_load(&s.asked) == THREADS * ROUNDS, "asked %u times", atomic_load(&s.asked));
  pthread_barrier_destroy(&s.barrier);
  bp_gates_free(s.gates);
  plain_close(s.store);
  temporary_remove(path);
  printf("%d permits, %d committers\n", ROUNDS, THREADS);
  return 0;
}
