/* Real deaths, by the hundred: a child appends with sixteen threads to a store in a real directory, one by one, several at
 * once, in batches and by tickets, while another opens one fence after the other, and tells its parent of every
 * acknowledgement through a pipe; the parent kills it at a random moment and holds the store against what it was told.
 *
 *   - Everything acknowledged is there, what was only written too: the machine lived.
 *   - What was there at an earlier look is still there, under the same number.
 *   - Each thread's events are there in its order, without a hole, and none beyond the one it was about to append.
 *   - Of a batch all is there or nothing; of a fence too, and nothing of one that was to be cancelled.
 *   - verify finds no damage.
 *
 *   kills [--kills N] [--seed N] */
/* P-041 */
#include <batpak/ffi.h>

#include "support/check.h"
#include "support/temporary.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 16, FENCES = THREADS, FENCED = 4, MANY = 3, KILLS_A_STORE = 20, EVENTS_A_THREAD = 300, LONGEST_US = 60000, PATIENCE_US = 5000000 };

/* How a thread appends. */
enum { ONE, SEVERAL, BATCH, TICKETS, WAYS };

static uint32_t way_of(uint32_t thread) { return thread % WAYS; }

static int is_fenced(uint64_t number) { return (number >> 24 & 0xFF) == FENCES; }
/* Of the fences every third is cancelled. */
static int is_cancelled(uint64_t number) { return is_fenced(number) && (number & 0xFFFFFF) / FENCED % 3 == 2; }

/* What a thread was told of one event, and what a look at the store found. */
typedef struct acknowledgement {
  uint64_t number; /* kill, thread, index: thus unique in the store, and rising for each thread */
  uint64_t sequence;
} acknowledgement;

typedef struct log_of_answers {
  acknowledgement *items;
  size_t count;
  size_t capacity;
} log_of_answers;

typedef struct world {
  uint64_t seed;
  uint64_t random;
  uint64_t kill;
  char directory[TEMPORARY_PATH_MAX + 32];
  log_of_answers known;
  uint64_t acknowledged;
  uint64_t repaired;
} world;

static uint64_t next_random(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return *state >> 33;
}

static uint64_t number_of(uint64_t kill_number, uint32_t thread, uint32_t index) {
  return kill_number << 32 | (uint64_t)thread << 24 | index;
}

static uint8_t payload_byte(uint64_t number, size_t index) { return (uint8_t)((number >> 3) * 31 + index * 7); }
static size_t payload_length(uint64_t number) { return (size_t)((number * 37) % 420); }

static void add(log_of_answers *log, acknowledgement item) {
  if (log->count == log->capacity) {
    log->capacity = log->capacity == 0 ? 4096 : log->capacity * 2;
    log->items = realloc(log->items, log->capacity * sizeof *log->items);
    if (log->items == NULL) abort();
  }
  log->items[log->count++] = item;
}

/* ------------------------------------------------------------------------------------------------------- the child -- */

typedef struct writer {
  bp_store *store;
  uint64_t kill;
  uint32_t thread;
  int pipe;
  char entity[16];
} writer;

static void draft_of(const writer *w, uint32_t index, uint8_t *payload, bp_draft *draft) {
  uint64_t number = number_of(w->kill, w->thread, index);
  CHECK(bp_draft_init(draft, sizeof *draft) == BP_OK, "bp_draft_init");
  for (size_t i = 0; i < payload_length(number); i++) payload[i] = payload_byte(number, i);
  draft->kind = 0xF001;
  draft->durability = w->thread % 5 == 0 && w->kill % 3 != 0 ? BP_DURABLE : BP_WRITTEN;
  draft->entity = (const uint8_t *)w->entity;
  draft->entity_length = strlen(w->entity);
  draft->scope = (const uint8_t *)"harbour";
  draft->scope_length = strlen("harbour");
  draft->payload = payload;
  draft->payload_length = payload_length(number);
  draft->given = BP_GIVEN_KEY;
  memset(draft->key, 0xC0, sizeof draft->key);
  memcpy(draft->key, &number, sizeof number);
}

static void tell(const writer *w, uint32_t index, const bp_receipt *receipt) {
  acknowledgement item = {number_of(w->kill, w->thread, index), receipt->sequence};
  if (write(w->pipe, &item, sizeof item) != (ssize_t)sizeof item) _exit(3);
}

/* One ticket each; all are submitted before the first is waited for. */
static bp_status submit_some(const writer *w, const bp_draft *drafts, size_t count, bp_receipt *receipts, bp_error *error) {
  bp_ticket *tickets[MANY] = {NULL};
  bp_status status = BP_OK;
  for (size_t i = 0; i < count && status == BP_OK; i++) {
    status = bp_store_submit(w->store, &drafts[i], &tickets[i], error);
  }
  for (size_t i = 0; i < count && status == BP_OK; i++) {
    size_t answers;
    status = bp_ticket_wait(tickets[i], BP_WAIT_FOREVER, error);
    if (status == BP_OK) receipts[i] = *bp_ticket_receipts(tickets[i], &answers);
  }
  for (size_t i = 0; i < count; i++) bp_ticket_free(tickets[i]);
  return status;
}

static bp_status append_some(const writer *w, const bp_draft *drafts, size_t count, bp_receipt *receipts, bp_error *error) {
  size_t accepted;
  if (way_of(w->thread) == TICKETS) return submit_some(w, drafts, count, receipts, error);
  if (way_of(w->thread) == BATCH) return bp_store_append_batch(w->store, drafts, count, receipts, error);
  return bp_store_append_many(w->store, drafts, count, receipts, &accepted, error);
}

static void *append_all(void *user) {
  const writer *w = user;
  static _Thread_local uint8_t payloads[MANY][512];
  bp_draft drafts[MANY];
  bp_receipt receipts[MANY];
  uint32_t step = way_of(w->thread) == ONE ? 1 : MANY;
  for (uint32_t index = 0; index < EVENTS_A_THREAD; index += step) {
    bp_error error = {.struct_size = sizeof error};
    for (uint32_t i = 0; i < step; i++) {
      draft_of(w, index + i, payloads[i], &drafts[i]);
      if (bp_receipt_init(&receipts[i], sizeof receipts[i]) != BP_OK) _exit(3);
    }
    bp_status status;
    while ((status = append_some(w, drafts, step, receipts, &error)) == BP_FENCE_ACTIVE) sched_yield();
    if (status != BP_OK) {
      fprintf(stderr, "append: %s\n", error.text);
      _exit(4);
    }
    for (uint32_t i = 0; i < step; i++) tell(w, index + i, &receipts[i]);
  }
  return NULL;
}

static void must(bp_status status, const bp_error *error, const char *what) {
  if (status == BP_OK) return;
  fprintf(stderr, "%s: %s: %s\n", what, bp_status_name(status), error->text);
  _exit(4);
}

static void run_fence(const writer *w, uint32_t index) {
  static uint8_t payloads[FENCED][512];
  bp_fence *fence;
  bp_ticket *tickets[FENCED];
  bp_draft drafts[FENCED];
  bp_error error = {.struct_size = sizeof error};
  must(bp_fence_begin(w->store, &fence, &error), &error, "a fence");
  for (uint32_t i = 0; i < FENCED; i++) {
    draft_of(w, index + i, payloads[i], &drafts[i]);
    must(bp_fence_submit(fence, &drafts[i], &tickets[i], &error), &error, "submit to a fence");
  }
  int cancelled = is_cancelled(number_of(w->kill, w->thread, index));
  must(cancelled ? bp_fence_cancel(fence, &error) : bp_fence_commit(fence, &error), &error, "the end of a fence");
  for (uint32_t i = 0; i < FENCED; i++) {
    size_t count;
    bp_status status = bp_ticket_wait(tickets[i], BP_WAIT_FOREVER, &error);
    if (!cancelled) {
      must(status, &error, "a ticket of a fence");
      tell(w, index + i, bp_ticket_receipts(tickets[i], &count));
    }
    bp_ticket_free(tickets[i]);
  }
  bp_fence_free(fence);
}

/* The others go on between the fences. */
static void *run_fences(void *user) {
  const writer *w = user;
  for (uint32_t index = 0; index < EVENTS_A_THREAD; index += FENCED) {
    run_fence(w, index);
    const struct timespec pause = {.tv_nsec = 300000};
    nanosleep(&pause, NULL);
  }
  return NULL;
}

static bp_status open_store(const world *w, uint32_t mode, bp_store **store) {
  bp_config config;
  bp_error error = {.struct_size = sizeof error};
  CHECK(bp_config_init(&config, sizeof config) == BP_OK, "bp_config_init");
  config.mode = mode;
  config.segment_max_bytes = 16384;
  bp_status status = bp_store_open(w->directory, &config, store, &error);
  CHECK(status == BP_OK || status == BP_NO_STORE, "the store does not open: %s: %s", bp_status_name(status), error.text);
  return status;
}

_Noreturn static void be_the_child(const world *w, int pipe_end) {
  bp_store *store;
  pthread_t threads[THREADS + 1];
  writer writers[THREADS + 1];
  (void)open_store(w, BP_MODE_CREATE, &store);
  for (uint32_t i = 0; i <= FENCES; i++) {
    writers[i] = (writer){store, w->kill, i, pipe_end, ""};
    snprintf(writers[i].entity, sizeof writers[i].entity, "dock:%u", i);
    if (pthread_create(&threads[i], NULL, i == FENCES ? run_fences : append_all, &writers[i]) != 0) _exit(3);
  }
  for (uint32_t i = 0; i <= FENCES; i++) pthread_join(threads[i], NULL);
  if (w->kill % 2 == 0) (void)bp_store_close(store, NULL);
  pause();
  _exit(0);
}

/* ------------------------------------------------------------------------------------------------------ the parent -- */

static uint64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int listen_once(world *w, int pipe_end) {
  acknowledgement items[256];
  ssize_t got = read(pipe_end, items, sizeof items);
  CHECK(got >= 0 && (size_t)got % sizeof items[0] == 0, "the pipe breaks: %zd, %s", got, strerror(errno));
  for (size_t i = 0; i < (size_t)got / sizeof items[0]; i++) add(&w->known, items[i]);
  w->acknowledged += (uint64_t)got / sizeof items[0];
  return got > 0;
}

/* Listens for so long, kills, listens to what is left in the pipe.  Mostly the time runs from the first acknowledgement on,
 * or opening the store would take all of it. */
static void listen_and_kill(world *w, pid_t child, int pipe_end) {
  uint64_t time = next_random(&w->random) % LONGEST_US, patience = next_random(&w->random) % 5 == 0 ? 0 : PATIENCE_US;
  uint64_t end = now_us() + time + patience, told = w->acknowledged;
  for (;;) {
    uint64_t now = now_us();
    struct pollfd wait_for = {.fd = pipe_end, .events = POLLIN};
    uint64_t left_us = now < end ? end - now : 0;
    struct timespec left = {.tv_sec = (time_t)(left_us / 1000000), .tv_nsec = (long)(left_us % 1000000) * 1000};
    if (now >= end) break;
    if (ppoll(&wait_for, 1, &left, NULL) > 0 && !listen_once(w, pipe_end)) break;
    if (patience > 0 && w->acknowledged > told) {
      end = now_us() + time;
      patience = 0;
    }
  }
  int status;
  CHECK(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child, "the child is gone");
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child died by itself: %d", status);
  while (listen_once(w, pipe_end)) {
  }
}

static int by_number(const void *a, const void *b) {
  const acknowledgement *left = a, *right = b;
  return (left->number > right->number) - (left->number < right->number);
}

static void note_event(log_of_answers *found, const bp_event *event) {
  acknowledgement item = {0, event->sequence};
  CHECK(event->status == BP_OK, "sequence %" PRIu64 " cannot be read: %s", event->sequence, bp_status_name(event->status));
  if (event->kind != 0xF001) return;
  memcpy(&item.number, event->event_id, sizeof item.number);
  CHECK(event->payload_length == payload_length(item.number), "event %" PRIx64 ": other payload", item.number);
  for (size_t i = 0; i < event->payload_length; i++) {
    CHECK(event->payload[i] == payload_byte(item.number, i), "event %" PRIx64 ": other payload", item.number);
  }
  add(found, item);
}

static void read_all(const bp_store *store, log_of_answers *found) {
  bp_page *page;
  bp_query query;
  size_t count;
  CHECK(bp_page_new(&page, NULL) == BP_OK && bp_query_init(&query, sizeof query) == BP_OK, "bp_page_new");
  do {
    CHECK(bp_store_page(store, &query, page, NULL) == BP_OK, "bp_store_page");
    const bp_event *events = bp_page_events(page, &count);
    for (size_t i = 0; i < count; i++) {
      /* Hidden events have the numbers between. */
      CHECK(events[i].sequence >= query.after + (query.flags ? 1 : 0) + i, "sequence %" PRIu64 " twice",
            events[i].sequence);
      note_event(found, &events[i]);
    }
    query.flags = BP_QUERY_AFTER;
    if (count > 0) query.after = events[count - 1].sequence;
  } while (bp_page_more(page));
  bp_page_free(page);
}

/* Sorted by number. */
static void compare_batches(const log_of_answers *found) {
  for (size_t i = 0; i < found->count; i++) {
    const acknowledgement *here = &found->items[i];
    uint32_t most = is_fenced(here->number) ? FENCED : MANY, place = (uint32_t)(here->number & 0xFFFFFF) % most;
    CHECK(!is_cancelled(here->number), "event %" PRIx64 " was cancelled and is there", here->number);
    if (!is_fenced(here->number) && way_of((uint32_t)(here->number >> 24 & 0xFF)) != BATCH) continue;
    if (place + 1 == most) continue;
    int whole = i + 1 < found->count && here[1].number == here->number + 1 && here[1].sequence == here->sequence + 1;
    CHECK(whole, "event %" PRIx64 " is there, the rest of its batch or fence not", here->number);
  }
}

/* Both sorted by number. */
static void compare(const world *w, const log_of_answers *found) {
  size_t at = 0;
  for (size_t i = 0; i < w->known.count; i++) {
    const acknowledgement *told = &w->known.items[i];
    while (at < found->count && found->items[at].number < told->number) at++;
    CHECK(at < found->count && found->items[at].number == told->number, "event %" PRIx64 " was acknowledged and is lost",
          told->number);
    CHECK(found->items[at].sequence == told->sequence, "event %" PRIx64 ": sequence %" PRIu64 " instead of %" PRIu64,
          told->number, found->items[at].sequence, told->sequence);
  }
  uint32_t unanswered = 0;
  for (size_t i = 0, k = 0; i < found->count; i++) {
    const acknowledgement *here = &found->items[i];
    uint64_t step = is_fenced(here->number) && is_cancelled(here->number - 1) ? FENCED + 1 : 1;
    int follows = i > 0 && here->number == here[-1].number + step && here->sequence > here[-1].sequence;
    /* Some of several tickets may be refused beside a fence, and the others not. */
    int by_ticket = !is_fenced(here->number) && way_of((uint32_t)(here->number >> 24 & 0xFF)) == TICKETS;
    if (by_ticket && i > 0 && here->number - here[-1].number <= MANY) follows = 1;
    CHECK(follows || (here->number & 0xFFFFFF) == 0 || (by_ticket && (here->number & 0xFFFFFF) < MANY), "event %" PRIx64 " is there, the one before it not", here->number);
    while (k < w->known.count && w->known.items[k].number < here->number) k++;
    int answered = k < w->known.count && w->known.items[k].number == here->number;
    unanswered = answered || !follows ? (uint32_t)!answered : unanswered + 1;
    CHECK(unanswered <= (is_fenced(here->number) ? FENCED : MANY), "event %" PRIx64 " is there, and was never begun", here->number);
  }
}

static void check_verdict(const bp_store *store) {
  bp_report *report;
  bp_verdict verdict = {.struct_size = sizeof verdict};
  size_t count;
  CHECK(bp_store_verify(store, NULL, &report, NULL) == BP_OK && bp_report_verdict(report, &verdict) == BP_OK,
        "bp_store_verify");
  const bp_finding *findings = bp_report_findings(report, &count);
  for (size_t i = 0; i < count; i++) {
    CHECK(findings[i].severity == BP_SEVERITY_NOTE, "%s: %s", findings[i].code, findings[i].text);
  }
  CHECK(verdict.verdict == BP_VERDICT_CONSISTENT, "the verdict is %s", bp_verdict_name(verdict.verdict));
  bp_report_free(report);
}

/* Mostly read-only, so that the next child has something to repair. */
static void look(world *w) {
  bp_store *store;
  log_of_answers found = {NULL, 0, 0};
  uint32_t mode = next_random(&w->random) % 5 == 0 ? BP_MODE_CREATE : BP_MODE_READ_ONLY;
  if (open_store(w, mode, &store) == BP_NO_STORE) {
    CHECK(w->known.count == 0, "there is no store");
    return;
  }
  w->repaired += mode == BP_MODE_CREATE;
  read_all(store, &found);
  check_verdict(store);
  CHECK(bp_store_close(store, NULL) == BP_OK, "bp_store_close");
  if (w->known.count > 0) qsort(w->known.items, w->known.count, sizeof *w->known.items, by_number);
  if (found.count > 0) qsort(found.items, found.count, sizeof *found.items, by_number);
  compare(w, &found);
  compare_batches(&found);
  free(w->known.items);
  w->known = found;
}

static void run_and_kill(world *w) {
  int ends[2];
  CHECK(pipe(ends) == 0, "pipe: %s", strerror(errno));
  fflush(NULL);
  pid_t child = fork();
  CHECK(child >= 0, "fork: %s", strerror(errno));
  if (child == 0) {
    close(ends[0]);
    be_the_child(w, ends[1]);
  }
  close(ends[1]);
  listen_and_kill(w, child, ends[0]);
  close(ends[0]);
}

static void describe(void *user) {
  const world *w = user;
  fprintf(stderr, "  kills --seed %" PRIu64 ": kill %" PRIu64 "; the store is left behind\n", w->seed, w->kill);
}

static uint64_t number(int argc, char **argv, const char *name, uint64_t otherwise) {
  for (int i = 1; i + 1 < argc; i++) {
    if (strcmp(argv[i], name) == 0) return strtoull(argv[i + 1], NULL, 0);
  }
  return otherwise;
}

int main(int argc, char **argv) {
  static world w;
  char parent[TEMPORARY_PATH_MAX];
  uint64_t kills = number(argc, argv, "--kills", 300);
  w.random = w.seed = number(argc, argv, "--seed", now_us());
  printf("seed %" PRIu64 "\n", w.seed);
  check_describe_with(describe, &w);
  temporary_create(parent);
  for (w.kill = 0; w.kill < kills; w.kill++) {
    if (w.kill % KILLS_A_STORE == 0) {
      w.known.count = 0;
      snprintf(w.directory, sizeof w.directory, "%s/%" PRIu64, parent, w.kill);
    }
    run_and_kill(&w);
    look(&w);
  }
  printf("%" PRIu64 " kills, %" PRIu64 " acknowledgements, repaired by the parent %" PRIu64 " times\n", kills, w.acknowledged,
         w.repaired);
  free(w.known.items);
  temporary_remove(parent);
  return 0;
}
