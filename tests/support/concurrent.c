#include "support/concurrent.h"

#include "store/store_internal.h"
#include "support/check.h"
#include "support/memory_fault.h"
#include "support/model.h"
#include "support/sim_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STORE "store"
enum { MANY = 3, EVENTS_MAX = CONCURRENT_THREADS_MAX * CONCURRENT_CALLS_MAX * MANY, SHARED_ENTITY = 2, EMPTY_ENTITY = 3 };

typedef struct world world;

typedef struct caller {
  world *world;
  const char *script;
  int in_last_call;
  uint32_t inside;           /* how many of its calls the store counts, as last seen */
  int has_ended;
} caller;

struct world {
  const concurrent_run *run;
  sim_system *sim;
  memory_fault memory;
  bp_store *store;
  int is_closed;             /* or about to be: nobody looks at it any more */
  int is_being_released;
  int is_released;           /* bp_store_release has returned */
  int failed;                /* a write or a flush */
  int poisoned;              /* and this was told to somebody */
  model_state model;
  uint8_t wants_durable[EVENTS_MAX];
  uint8_t first_of_many[EVENTS_MAX];
  size_t shared;             /* the event that all threads append; its draft */
  bp_draft shared_draft;
  int shared_fresh;          /* answers that were no replays */
  int empty_wins;
  uint64_t answered_end;     /* behind the highest sequence answered */
  size_t latest;             /* event answered last, SIZE_MAX: none */
  uint32_t published;        /* as last seen, likewise below */
  uint32_t users;
  size_t caller_count;
  caller callers[CONCURRENT_THREADS_MAX];
};

/* -------------------------------------------------------------------------------------------------------- every step -- */

static size_t event_of(const world *w, const uint8_t id[16]) {
  uint64_t number;
  memcpy(&number, id, sizeof number);
  int is_ours = number > 0 && number <= w->model.count && memcmp(w->model.events[number - 1].id, id, 16) == 0;
  return is_ours ? (size_t)number - 1 : SIZE_MAX;
}

/* Whoever is at a step is the one who ran since the step before. */
static void note_users(world *w, uint32_t users) {
  int thread = scheduler_current();
  users &= ~(uint32_t)BPI_STORE_CLOSING;
  if (thread > 0) w->callers[thread - 1].inside += users - w->users;
  w->users = users;
}

static void observe(void *user) {
  world *w = (world *)user;
  bp_store *store = w->store;
  if (store == NULL || w->is_closed) return;
  uint32_t users = atomic_load(&store->users);
  if (users & BPI_STORE_CLOSED) {
    w->is_closed = 1;
    return;
  }
  note_users(w, users);
  uint32_t published = atomic_load(&store->index.published);
  uint64_t durable = atomic_load(&store->durable_rows);
  CHECK(published >= w->published && published <= store->index.count, "published falls from %u to %u of %u", w->published,
        published, store->index.count);
  for (; w->published < published; w->published++) {
    size_t event = event_of(w, bpi_index_row(&store->index, w->published)->event_id);
    CHECK(event == SIZE_MAX || !w->wants_durable[event] || w->published < durable,
          "row %u asked to be durable and is published before", w->published);
  }
}

/* ---------------------------------------------------------------------------------------------------------- answers -- */

static void check_flushed(const world *w, const model_event *event) {
  char path[64];
  snprintf(path, sizeof path, STORE "/%06" PRIu64 ".fbat", event->receipt.segment_id);
  CHECK(sim_is_flushed(w->sim, path, event->receipt.offset, event->receipt.frame_length),
        "event %" PRIu64 " is called durable and is not on the disk", event->number);
}

static void note_receipt(world *w, size_t event, const bp_receipt *receipt, uint64_t floor) {
  for (size_t i = 0; i < w->model.count; i++) {
    const model_event *other = &w->model.events[i];
    CHECK(i == event || !other->has_receipt || other->sequence != receipt->sequence, "sequence %" PRIu64 " given out twice",
          receipt->sequence);
  }
  CHECK(receipt->replayed || receipt->sequence >= floor,
        "sequence %" PRIu64 " for a call that began when %" PRIu64 " was answered", receipt->sequence, floor);
  CHECK(receipt->durable || !w->wants_durable[event], "asked for durable, answered otherwise");
  CHECK(memcmp(receipt->event_id, w->model.events[event].id, 16) == 0, "the receipt of another event");
  int was_durable = w->model.events[event].answer == MODEL_DURABLE;
  model_acknowledge(&w->model, event, receipt);
  if (was_durable) w->model.events[event].answer = MODEL_DURABLE;
  if (receipt->sequence >= w->answered_end) w->answered_end = receipt->sequence + 1;
  w->latest = event;
  if (receipt->durable) check_flushed(w, &w->model.events[event]);
}

static int is_failure_of_disk(bp_status status) {
  return status == BP_SYSTEM || status == BP_DISK_FULL || status == BP_SYNC_FAILED || status == BP_POISONED;
}

/* What a call that writes answered; `was_poisoned` before it began. */
static void judge_write(world *w, bp_status status, const bp_error *error, int was_poisoned) {
  if (status == BP_OK) {
    CHECK(!was_poisoned, "a write succeeds after a failed flush");
    return;
  }
  CHECK(error->code == status, "answered %s, the error says %s", bp_status_name(status), bp_status_name(error->code));
  CHECK(is_failure_of_disk(status) && w->run->program->fault_kind != 0, "%s: %s", bp_status_name(status), error->text);
  CHECK(!was_poisoned || status == BP_POISONED, "%s after a failed flush", bp_status_name(status));
  w->failed = 1;
  if (status == BP_SYNC_FAILED || status == BP_POISONED) w->poisoned = 1;
}

static void note_refusal(world *w, size_t event, bp_status status) {
  if (status != BP_SYNC_FAILED) model_refuse(&w->model, event);
}

static bp_receipt new_receipt(void) {
  bp_receipt receipt;
  CHECK(bp_receipt_init(&receipt, sizeof receipt) == BP_OK, "bp_receipt_init");
  return receipt;
}

/* ------------------------------------------------------------------------------------------------------------ writing -- */

static size_t add_event(world *w, uint32_t entity, uint32_t length, uint8_t durability, bp_draft *draft) {
  CHECK(w->model.count < EVENTS_MAX, "at most %d events", EVENTS_MAX);
  size_t event = model_add(&w->model, entity, length, durability, draft);
  w->wants_durable[event] = durability == BP_DURABLE;
  w->first_of_many[event] = 0;
  return event;
}

static void append(world *w, uint32_t entity, uint32_t length, uint8_t durability) {
  bp_draft draft;
  bp_receipt receipt = new_receipt();
  bp_error error = {.struct_size = sizeof error};
  size_t event = add_event(w, entity, length, durability, &draft);
  uint64_t floor = w->answered_end;
  int was_poisoned = w->poisoned;
  bp_status status = bp_store_append(w->store, &draft, &receipt, &error);
  judge_write(w, status, &error, was_poisoned);
  if (status == BP_OK) {
    note_receipt(w, event, &receipt, floor);
  } else {
    note_refusal(w, event, status);
  }
}

static void append_many(world *w, uint8_t durability) {
  static const uint32_t entities[MANY] = {0, 1, 0}, lengths[MANY] = {10, 300, 120};
  bp_draft drafts[MANY];
  bp_receipt receipts[MANY];
  bp_error error = {.struct_size = sizeof error};
  size_t accepted, first = w->model.count;
  for (size_t i = 0; i < MANY; i++) {
    (void)add_event(w, entities[i], lengths[i], durability, &drafts[i]);
    receipts[i] = new_receipt();
  }
  w->first_of_many[first] = durability == BP_DURABLE && w->run->program->group_max_events == 0;
  uint64_t floor = w->answered_end;
  int was_poisoned = w->poisoned;
  bp_status status = bp_store_append_many(w->store, drafts, MANY, receipts, &accepted, &error);
  judge_write(w, status, &error, was_poisoned);
  CHECK((status == BP_OK) == (accepted == MANY), "%zu of %d accepted: %s", accepted, MANY, bp_status_name(status));
  for (size_t i = 0; i < MANY; i++) {
    if (i < accepted) {
      CHECK(i == 0 || receipts[i].sequence > receipts[i - 1].sequence, "the receipts of one call are out of order");
      note_receipt(w, first + i, &receipts[i], floor);
    } else {
      note_refusal(w, first + i, status);
    }
  }
}

static void append_shared(world *w) {
  bp_receipt receipt = new_receipt();
  bp_error error = {.struct_size = sizeof error};
  uint64_t floor = w->answered_end;
  int was_poisoned = w->poisoned;
  bp_status status = bp_store_append(w->store, &w->shared_draft, &receipt, &error);
  const model_event *event = &w->model.events[w->shared];
  judge_write(w, status, &error, was_poisoned);
  if (status != BP_OK) {
    if (!event->has_receipt) note_refusal(w, w->shared, status);
    return;
  }
  CHECK(!receipt.replayed || receipt.same, "the same draft again is called another");
  CHECK(!event->has_receipt || event->sequence == receipt.sequence, "one key, two events");
  w->shared_fresh += !receipt.replayed;
  note_receipt(w, w->shared, &receipt, floor);
}

static void append_to_empty(world *w) {
  bp_draft draft;
  bp_receipt receipt = new_receipt();
  bp_error error = {.struct_size = sizeof error};
  size_t event = add_event(w, EMPTY_ENTITY, 20, BP_WRITTEN, &draft);
  uint64_t floor = w->answered_end;
  int was_poisoned = w->poisoned;
  draft.expect = BP_EXPECT_EMPTY;
  bp_status status = bp_store_append(w->store, &draft, &receipt, &error);
  if (status == BP_EXPECTED_EMPTY) {
    model_refuse(&w->model, event);
    return;
  }
  judge_write(w, status, &error, was_poisoned);
  if (status == BP_OK) {
    w->empty_wins++;
    note_receipt(w, event, &receipt, floor);
  } else {
    note_refusal(w, event, status);
  }
}

static void sync_store(world *w) {
  uint8_t before[EVENTS_MAX] = {0};
  bp_error error = {.struct_size = sizeof error};
  size_t count = w->model.count;
  int was_poisoned = w->poisoned;
  for (size_t i = 0; i < count; i++) before[i] = w->model.events[i].answer == MODEL_WRITTEN;
  bp_status status = bp_store_sync(w->store, &error);
  judge_write(w, status, &error, was_poisoned);
  for (size_t i = 0; i < count && status == BP_OK; i++) {
    if (!before[i]) continue;
    w->model.events[i].answer = MODEL_DURABLE;
    check_flushed(w, &w->model.events[i]);
  }
}

/* ------------------------------------------------------------------------------------------------------------ reading -- */

static bp_page *new_page(void) {
  bp_page *page;
  CHECK(bp_page_new(&page, NULL) == BP_OK, "bp_page_new");
  return page;
}

/* Events refused for good when the page was asked for must not be in it. */
static void check_event(const world *w, const bp_event *found, uint8_t *seen) {
  CHECK(found->status == BP_OK, "sequence %" PRIu64 " cannot be read: %s", found->sequence, bp_status_name(found->status));
  model_compare_one(&w->model, found);
  size_t event = event_of(w, found->event_id);
  if (event == SIZE_MAX) return;
  const model_event *known = &w->model.events[event];
  CHECK(known->answer != MODEL_REFUSED, "event %" PRIu64 " was refused and is there", known->number);
  CHECK(!known->has_receipt || known->sequence == found->sequence, "event %" PRIu64 " has another sequence", known->number);
  seen[event] = 1;
}

static void check_all_or_none(const world *w, const uint8_t *seen) {
  for (size_t i = 0; i + MANY <= w->model.count && !w->failed; i++) {
    if (!w->first_of_many[i]) continue;
    CHECK(seen[i] == seen[i + 1] && seen[i] == seen[i + 2], "a reader sees a part of one call: events %zu and on", i + 1);
  }
}

static void read_page(world *w) {
  uint8_t seen[EVENTS_MAX] = {0};
  bp_page *page = new_page();
  bp_error error = {.struct_size = sizeof error};
  uint64_t floor = w->answered_end;
  size_t count;
  bp_status status = bp_store_page(w->store, NULL, page, &error);
  CHECK(status == BP_OK, "bp_store_page: %s: %s", bp_status_name(status), error.text);
  const bp_event *events = bp_page_events(page, &count);
  for (size_t i = 0; i < count; i++) {
    CHECK(events[i].sequence == i, "sequence %" PRIu64 " follows where %zu should", events[i].sequence, i);
    check_event(w, &events[i], seen);
  }
  CHECK(count >= floor, "%zu events where %" PRIu64 " were answered", count, floor);
  check_all_or_none(w, seen);
  bp_page_free(page);
}

static void read_latest(world *w, char letter) {
  uint8_t seen[EVENTS_MAX] = {0}, id[16];
  if (w->latest == SIZE_MAX) return;
  memcpy(id, w->model.events[w->latest].id, sizeof id);
  bp_page *page = new_page();
  bp_error error = {.struct_size = sizeof error};
  size_t count;
  bp_status status =
      letter == 'g' ? bp_store_get(w->store, id, page, &error) : bp_store_walk(w->store, id, 8, page, &error);
  CHECK(status == BP_OK, "an event that was answered is not there: %s: %s", bp_status_name(status), error.text);
  const bp_event *events = bp_page_events(page, &count);
  for (size_t i = 0; i < count; i++) check_event(w, &events[i], seen);
  CHECK(count > 0 && memcmp(events[0].event_id, id, sizeof id) == 0, "another event than asked for");
  bp_page_free(page);
}

static void read_stat(world *w) {
  bp_stat stat = {.struct_size = sizeof stat};
  uint64_t floor = w->answered_end;
  int was_poisoned = w->poisoned;
  CHECK(bp_store_stat(w->store, &stat, NULL) == BP_OK, "bp_store_stat");
  CHECK(stat.events >= floor && stat.last_sequence + 1 >= floor, "%" PRIu64 " events where %" PRIu64 " were answered",
        stat.events, floor);
  CHECK(stat.poisoned || !was_poisoned, "a failed flush is not told");
}

static int32_t get_again(void *user, const bp_event *event) {
  world *w = (world *)user;
  uint8_t seen[EVENTS_MAX] = {0};
  bp_page *page = new_page();
  int was_released = w->is_released;
  bp_status status = bp_store_get(w->store, event->event_id, page, NULL);
  CHECK(status == BP_CLOSED ? w->is_being_released : status == BP_OK && !was_released, "a call in a fold: %s",
        bp_status_name(status));
  check_event(w, event, seen);
  bp_page_free(page);
  return 0;
}

static void fold(world *w) {
  bp_error error = {.struct_size = sizeof error};
  bp_status status = bp_store_fold(w->store, NULL, get_again, w, &error);
  CHECK(status == BP_OK, "bp_store_fold: %s: %s", bp_status_name(status), error.text);
}

/* ------------------------------------------------------------------------------------------------------------ closing -- */

/* Whoever has not begun its last call would find a store that is gone. */
static int others_are_inside(const caller *self) {
  const world *w = self->world;
  for (size_t i = 0; i < w->caller_count; i++) {
    const caller *other = &w->callers[i];
    if (other != self && !other->has_ended && !(other->in_last_call && other->inside > 0)) return 0;
  }
  return 1;
}

static void judge_close(world *w, bp_status status, const bp_error *error) {
  w->store = NULL;
  if (status == BP_OK) {
    CHECK(!w->poisoned, "a poisoned store closes as if nothing were");
    model_sync(&w->model);
  } else {
    CHECK(is_failure_of_disk(status) && w->run->program->fault_kind != 0, "bp_store_close: %s: %s", bp_status_name(status),
          error->text);
    w->failed = 1;
  }
}

static void close_strictly(caller *self) {
  world *w = self->world;
  bp_error error = {.struct_size = sizeof error};
  while (!others_are_inside(self)) scheduler_yield();
  bp_status status;
  while ((status = bp_store_close(w->store, &error)) == BP_BUSY) {
    CHECK(error.actual > 0 && error.actual < 2 * w->caller_count, "%" PRIu64 " inside", error.actual);
    scheduler_yield();
  }
  judge_close(w, status, &error);
}

static void release(caller *self) {
  world *w = self->world;
  while (!others_are_inside(self)) scheduler_yield();
  w->is_being_released = 1;
  bp_store_release(w->store);
  w->is_released = 1;
}

/* -------------------------------------------------------------------------------------------------------------- calls -- */

static void call(caller *self, char letter) {
  world *w = self->world;
  switch (letter) {
    case 'd': append(w, 0, 40, BP_DURABLE); break;
    case 'w': append(w, 1, 33, BP_WRITTEN); break;
    case 'M': append_many(w, BP_DURABLE); break;
    case 'm': append_many(w, BP_WRITTEN); break;
    case 's': sync_store(w); break;
    case 'i': append_shared(w); break;
    case 'x': append_to_empty(w); break;
    case 'p': read_page(w); break;
    case 'g':
    case 'k': read_latest(w, letter); break;
    case 't': read_stat(w); break;
    case 'f': fold(w); break;
    case 'c': close_strictly(self); break;
    case 'r': release(self); break;
    default: check_failed(__FILE__, __LINE__, "there is no call %c", letter);
  }
}

static void run_script(void *user) {
  caller *self = (caller *)user;
  for (const char *letter = self->script; *letter != '\0'; letter++) {
    self->in_last_call = letter[1] == '\0';
    call(self, *letter);
  }
  self->has_ended = 1;
}

/* ---------------------------------------------------------------------------------------------------- before and after -- */

static bp_store *open_store(sim_system *sim, const concurrent_run *run, memory_fault *memory, uint32_t mode) {
  bp_config config;
  bp_store *store;
  bp_error error = {.struct_size = sizeof error};
  CHECK(bp_config_init(&config, sizeof config) == BP_OK, "bp_config_init");
  config.mode = mode;
  config.system = sim_table(sim);
  config.sync_every_events = run->program->sync_every_events;
  if (run->program->segment_max_bytes > 0) config.segment_max_bytes = run->program->segment_max_bytes;
  if (run->program->group_max_events > 0) config.group_max_events = run->program->group_max_events;
  if (memory != NULL) {
    config.reallocate = memory_fault_reallocate;
    config.reallocate_user = memory;
  }
  bp_status status = bp_store_open(STORE, &config, &store, &error);
  CHECK(status == BP_OK, "the store does not open: %s: %s", bp_status_name(status), error.text);
  return store;
}

static uint64_t place_in(const bp_event *events, size_t count, const model_event *event) {
  if (event->has_receipt) return event->sequence;
  for (size_t i = 0; i < count; i++) {
    if (memcmp(events[i].event_id, event->id, sizeof event->id) == 0) return events[i].sequence;
  }
  return UINT64_MAX;
}

/* The model wants its events in the order in which they were committed, and here they stand as they were begun. */
static void put_in_order(model_state *model, const bp_store *store) {
  bp_page *page = new_page();
  size_t count;
  CHECK(bp_store_page(store, NULL, page, NULL) == BP_OK, "bp_store_page");
  const bp_event *events = bp_page_events(page, &count);
  for (size_t i = 1; i < model->count; i++) {
    model_event moved = model->events[i];
    size_t to = i;
    for (; to > 0 && place_in(events, count, &model->events[to - 1]) > place_in(events, count, &moved); to--) {
      model->events[to] = model->events[to - 1];
    }
    model->events[to] = moved;
  }
  bp_page_free(page);
}

static void compare(const world *w, sim_system *sim) {
  model_state expected;
  bp_store *store = open_store(sim, w->run, NULL, BP_MODE_READ_ONLY);
  model_copy(&expected, &w->model);
  put_in_order(&expected, store);
  model_compare(&expected, store, MODEL_VERIFY);
  CHECK(bp_store_close(store, NULL) == BP_OK, "bp_store_close");
  model_free(&expected);
}

static void crash(const world *w) {
  static const sim_choice choices[] = {{.kind = SIM_ALL_LOST}, {.kind = SIM_ALL_KEPT}};
  for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
    sim_system *crashed = sim_crashed(w->sim, &choices[i]);
    compare(w, crashed);
    sim_free(crashed);
  }
}

static void begin(world *w, const concurrent_run *run) {
  const concurrent_program *program = run->program;
  memset(w, 0, sizeof *w);
  w->run = run;
  w->latest = SIZE_MAX;
  w->sim = sim_new();
  scheduler_let_order_nothing(&w->sim->mutex);
  sim_set_seed(w->sim, run->plan.seed);
  model_init(&w->model);
  w->store = open_store(w->sim, run, &w->memory, BP_MODE_CREATE);
  w->answered_end = 1; /* the open event */
  w->shared = add_event(w, SHARED_ENTITY, 50, BP_DURABLE, &w->shared_draft);
  while (w->caller_count < CONCURRENT_THREADS_MAX && program->threads[w->caller_count] != NULL) {
    w->callers[w->caller_count] = (caller){.world = w, .script = program->threads[w->caller_count]};
    w->caller_count++;
  }
  if (program->fault_kind != 0) {
    sim_add_fault(w->sim, (sim_fault){.kind = program->fault_kind, .at = run->fault_at, .errno_value = program->fault_errno});
  }
}

static int has_letter(const world *w, char letter) {
  for (size_t i = 0; i < w->caller_count; i++) {
    if (strchr(w->callers[i].script, letter) != NULL) return 1;
  }
  return 0;
}

/* A released store is gone with its last caller, and what it could not write is in nobody's answer. */
static void finish(world *w) {
  bp_error error = {.struct_size = sizeof error};
  if (w->is_released) {
    CHECK(w->is_closed, "released, and nobody has closed it");
    judge_close(w, w->poisoned ? BP_POISONED : BP_OK, &error);
  } else if (w->store != NULL) {
    CHECK(atomic_load(&w->store->users) == 0, "%u inside when all have left", w->store->users);
    if (w->run->crashes) crash(w);
    bp_status status = bp_store_close(w->store, &error);
    judge_close(w, status, &error);
  }
  if (!w->failed) {
    CHECK(w->shared_fresh == has_letter(w, 'i'), "%d events of one key", w->shared_fresh);
    CHECK(w->empty_wins == has_letter(w, 'x'), "%d events were the first of their entity", w->empty_wins);
  }
  if (!w->model.events[w->shared].has_receipt && !has_letter(w, 'i')) model_refuse(&w->model, w->shared);
  CHECK(w->memory.live_blocks == 0 && w->memory.wrong_sizes == 0, "left behind: %" PRIu64 " blocks", w->memory.live_blocks);
  CHECK(sim_open_files(w->sim) == 0 && sim_mapped_views(w->sim) == 0 && sim_misuses(w->sim) == 0,
        "left behind: %zu open files, %zu views", sim_open_files(w->sim), sim_mapped_views(w->sim));
  sim_kill(w->sim);
  compare(w, w->sim);
}

void concurrent_execute(concurrent_run *run) {
  static world w;
  size_t locks = scheduler_live_locks();
  begin(&w, run);
  scheduler_set_observer(observe, &w);
  scheduler_begin(&run->plan);
  for (size_t i = 0; i < w.caller_count; i++) (void)scheduler_spawn(run_script, &w.callers[i]);
  scheduler_join();
  scheduler_end(&run->outcome);
  scheduler_set_observer(NULL, NULL);
  finish(&w);
  model_free(&w.model);
  sim_free(w.sim);
  CHECK(scheduler_live_locks() == locks, "%zu locks left behind", scheduler_live_locks() - locks);
}

int concurrent_parse(char *text, concurrent_program *program) {
  size_t count = 0;
  for (char *script = strtok(text, ","); script != NULL; script = strtok(NULL, ",")) {
    if (count == CONCURRENT_THREADS_MAX || strlen(script) > CONCURRENT_CALLS_MAX) return -1;
    if (strspn(script, "dwMmsixpgktfcr") != strlen(script)) return -1;
    program->threads[count++] = script;
  }
  return count > 0 ? 0 : -1;
}
