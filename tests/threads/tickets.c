/* Submitters, callers who append themselves, and waiters, all at once: one order without holes, every ticket decided, whoever
 * waits for it and wherever; nobody is left waiting when the store closes. */
/* P-028 */
#include "support/plain.h"

#include <inttypes.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WRITERS = 8, EVENTS = 60, ALL = WRITERS * EVENTS, CAPACITY = 24, ROUNDS = 20 };

typedef struct writer {
  bp_store *store;
  uint32_t thread;
  uint64_t sequences[EVENTS];
} writer;

static bp_ticket *submit(bp_store *store, uint32_t thread, uint64_t number, size_t batch) {
  plain_draft plain[3];
  bp_draft drafts[3];
  bp_ticket *ticket;
  for (size_t i = 0; i < 3; i++) {
    plain_draft_of(&plain[i], thread, number, number % 3 == 0 ? BP_DURABLE : BP_WRITTEN);
    drafts[i] = plain[i].draft;
  }
  bp_status status = batch > 0 ? bp_store_submit_batch(store, drafts, batch, &ticket, NULL)
                               : bp_store_submit(store, drafts, &ticket, NULL);
  CHECK(status == BP_OK, "submit: %s", bp_status_name(status));
  return ticket;
}

static uint64_t await(bp_ticket *ticket) {
  size_t count;
  bp_status status = bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL);
  CHECK(status == BP_OK, "wait: %s", bp_status_name(status));
  const bp_receipt *receipts = bp_ticket_receipts(ticket, &count);
  CHECK(count == 1, "%zu receipts", count);
  uint64_t sequence = receipts->sequence;
  bp_ticket_free(ticket);
  return sequence;
}

/* A third append themselves, a third wait at once, a third wait at the end or by a descriptor. */
static void *write_all(void *user) {
  writer *w = user;
  bp_ticket *tickets[EVENTS];
  for (uint64_t i = 0; i < EVENTS; i++) {
    if (w->thread % 3 == 0) {
      w->sequences[i] = plain_append(w->store, w->thread, i, i % 3 == 0 ? BP_DURABLE : BP_WRITTEN).sequence;
      continue;
    }
    tickets[i] = submit(w->store, w->thread, i, 0);
    if (w->thread % 3 == 1) w->sequences[i] = await(tickets[i]);
  }
  for (uint64_t i = 0; i < EVENTS && w->thread % 3 == 2; i++) {
    struct pollfd one = {.events = POLLIN};
    CHECK(bp_ticket_descriptor(tickets[i], &one.fd, NULL) == BP_OK, "bp_ticket_descriptor");
    CHECK(poll(&one, 1, -1) == 1 && bp_ticket_wait(tickets[i], 0, NULL) == BP_OK, "readable, and not decided");
    w->sequences[i] = await(tickets[i]);
  }
  return NULL;
}

static void check_order(const writer *writers, uint64_t first) {
  static uint8_t taken[ALL];
  memset(taken, 0, sizeof taken);
  for (size_t t = 0; t < WRITERS; t++) {
    for (size_t i = 0; i < EVENTS; i++) {
      uint64_t place = writers[t].sequences[i] - first;
      CHECK(place < ALL && !taken[place], "sequence %" PRIu64 " is out of place or given twice", place + first);
      taken[place] = 1;
      CHECK(i == 0 || writers[t].sequences[i - 1] < writers[t].sequences[i], "thread %zu: out of order", t);
    }
  }
}

static bp_store *open_store(const char *path) {
  bp_config config;
  CHECK(bp_config_init(&config, sizeof config) == BP_OK, "bp_config_init");
  config.segment_max_bytes = 1 << 15;
  config.queue_capacity = CAPACITY;
  return plain_open_with(path, &config);
}

static void share_one_order(const char *path) {
  static writer writers[WRITERS];
  bp_store *store = open_store(path);
  for (uint32_t i = 0; i < WRITERS; i++) writers[i] = (writer){.store = store, .thread = i};
  uint64_t first = plain_stat(store).last_sequence + 1;
  plain_run(WRITERS, write_all, writers, sizeof writers[0]);
  check_order(writers, first);
  bp_pressure pressure = {.struct_size = sizeof pressure};
  CHECK(bp_store_pressure(store, &pressure, NULL) == BP_OK && pressure.queued == 0, "something is queued for ever");
  plain_close(store);
}

/* --- one ticket, many waiters */

typedef struct waiter {
  bp_ticket *ticket;
  uint64_t sequence;
} waiter;

static void *wait_for_one(void *user) {
  waiter *w = user;
  CHECK(bp_ticket_wait(w->ticket, 60000, NULL) == BP_OK, "bp_ticket_wait");
  w->sequence = bp_ticket_receipts(w->ticket, NULL)->sequence;
  return NULL;
}

static void wake_all_who_wait(const char *path) {
  bp_store *store = open_store(path);
  for (int round = 0; round < ROUNDS; round++) {
    waiter waiters[WRITERS];
    bp_ticket *ticket = submit(store, 1, 3, 0);
    for (size_t i = 0; i < WRITERS; i++) waiters[i] = (waiter){.ticket = ticket};
    plain_run(WRITERS, wait_for_one, waiters, sizeof waiters[0]);
    for (size_t i = 1; i < WRITERS; i++) CHECK(waiters[i].sequence == waiters[0].sequence, "two answers");
    bp_ticket_free(ticket);
  }
  plain_close(store);
}

/* --- being told: whoever took it back may free what it was called with */

typedef struct listener {
  _Atomic int calls;
  sem_t told;
} listener;

static void hear(void *user) {
  listener *self = user;
  atomic_fetch_add(&self->calls, 1);
  sem_post(&self->told);
}

static void *listen_to_all(void *user) {
  writer *w = user;
  for (uint64_t i = 0; i < EVENTS; i++) {
    listener *self = calloc(1, sizeof *self);
    CHECK(self != NULL && sem_init(&self->told, 0, 0) == 0, "sem_init");
    bp_ticket *ticket = submit(w->store, w->thread, i, 0);
    CHECK(bp_ticket_notify(ticket, hear, self, NULL) == BP_OK, "bp_ticket_notify");
    if (i % 3 == 0) sem_wait(&self->told);
    if (i % 3 != 2) CHECK(bp_ticket_notify(ticket, NULL, NULL, NULL) == BP_OK, "bp_ticket_notify of nobody");
    if (i % 3 == 2) bp_ticket_free(ticket);
    CHECK(atomic_load(&self->calls) <= 1, "told twice");
    sem_destroy(&self->told);
    free(self);
    if (i % 3 != 2) (void)await(ticket);
  }
  return NULL;
}

static void tell_until_it_is_taken_back(const char *path) {
  static writer writers[WRITERS];
  bp_store *store = open_store(path);
  for (uint32_t i = 0; i < WRITERS; i++) writers[i] = (writer){.store = store, .thread = i};
  plain_run(WRITERS, listen_to_all, writers, sizeof writers[0]);
  plain_close(store);
}

/* --- a close behind a full queue */

typedef struct pile {
  bp_store *store;
  bp_ticket *tickets[EVENTS];
} pile;

static void *submit_a_pile(void *user) {
  pile *p = user;
  for (uint64_t i = 0; i < EVENTS; i++) {
    p->tickets[i] = submit(p->store, 9, i, i % 4 == 0 ? 2 : 0);
    if (i % 5 == 0) {
      bp_ticket_free(p->tickets[i]);
      p->tickets[i] = NULL;
    }
  }
  return NULL;
}

static void decide_all_before_the_end(const char *path) {
  for (int round = 0; round < ROUNDS; round++) {
    pile piles[2] = {{.store = open_store(path)}};
    piles[1].store = piles[0].store;
    uint64_t first = plain_stat(piles[0].store).last_sequence + 1;
    plain_run(2, submit_a_pile, piles, sizeof piles[0]);
    if (round % 2 == 0) {
      plain_close(piles[0].store);
    } else {
      bp_store_release(piles[0].store);
    }
    for (size_t i = 0; i < 2 * EVENTS; i++) {
      bp_ticket *ticket = piles[i / EVENTS].tickets[i % EVENTS];
      CHECK(ticket == NULL || bp_ticket_wait(ticket, 0, NULL) == BP_OK, "a close left a ticket undecided");
      bp_ticket_free(ticket);
    }
    bp_store *store = open_store(path);
    bp_stat stat = plain_stat(store);
    CHECK(stat.clean_close && stat.last_sequence - first == 2 * (EVENTS + EVENTS / 4) + 1, "an event is missing");
    plain_close(store);
  }
}

int main(void) {
  char path[TEMPORARY_PATH_MAX];
  temporary_create(path);
  share_one_order(path);
  wake_all_who_wait(path);
  tell_until_it_is_taken_back(path);
  decide_all_before_the_end(path);
  temporary_remove(path);
  printf("%d events in one order, %d closes\n", ALL, ROUNDS);
  return 0;
}
