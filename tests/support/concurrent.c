#include "support/concurrent_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int concurrent_is_failure_of_disk(bp_status status) {
  return status == BP_SYSTEM || status == BP_DISK_FULL || status == BP_SYNC_FAILED || status == BP_POISONED;
}

bp_page *concurrent_new_page(void) {
  bp_page *page;
  CHECK(bp_page_new(&page, NULL) == BP_OK, "bp_page_new");
  return page;
}

/* -------------------------------------------------------------------------------------------------------- every step -- */

size_t concurrent_event_of(const world *w, const uint8_t id[16]) {
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
    size_t event = concurrent_event_of(w, bpi_index_row(&store->index, w->published)->event_id);
    CHECK(event == SIZE_MAX || !w->wants_durable[event] || w->published < durable,
          "row %u asked to be durable and is published before", w->published);
  }
}

/* ------------------------------------------------------------------------------------------------------------ closing -- */

/* Whoever has not begun its last call would find a store that is gone. */
static int others_are_inside(const caller *self) {
  const world *w = self->world;
  for (size_t i = 0; i < w->caller_count; i++) {
    const caller *other = &w->callers[i];
    if (other != self && !other->has_left && !(other->in_last_call && other->inside > 0)) return 0;
  }
  return 1;
}

static void judge_close(world *w, bp_status status, const bp_error *error) {
  w->store = NULL;
  if (status == BP_OK) {
    CHECK(!w->poisoned, "a poisoned store closes as if nothing were");
    concurrent_note_dropped(w);
    model_sync(&w->model);
  } else {
    CHECK(concurrent_is_failure_of_disk(status) && w->run->program->fault_kind != 0, "bp_store_close: %s: %s", bp_status_name(status),
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
  if (concurrent_write(self->world, letter) || concurrent_read(self->world, letter)) return;
  if (concurrent_submit(self, letter)) return;
  switch (letter) {
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
  self->has_left = 1;
  concurrent_keep_promises(self);
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
  if (run->program->queue_capacity > 0) config.queue_capacity = run->program->queue_capacity;
  if (memory != NULL) {
    config.reallocate = memory_fault_reallocate;
    config.reallocate_user = memory;
  }
  bp_status status = bp_store_open(CONCURRENT_STORE, &config, &store, &error);
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
  bp_page *page = concurrent_new_page();
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

/* A batch that was not answered may be there or not, but whole. */
static void check_batches(const world *w, const model_state *found) {
  uint8_t present[EVENTS_MAX];
  for (size_t i = 0; i < found->count; i++) present[found->events[i].number - 1] = (uint8_t)found->events[i].present;
  for (size_t i = 0; i < found->count; i++) {
    if (w->together[i] != TOGETHER_ALWAYS) continue;
    CHECK(present[i] == present[i + 1] && present[i] == present[i + 2], "a part of a batch is there: events %zu and on", i + 1);
  }
}

static void compare(const world *w, sim_system *sim) {
  model_state expected;
  bp_store *store = open_store(sim, w->run, NULL, BP_MODE_READ_ONLY);
  model_copy(&expected, &w->model);
  put_in_order(&expected, store);
  model_compare(&expected, store, MODEL_VERIFY);
  check_batches(w, &expected);
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
  w->shared = concurrent_add(w, SHARED_ENTITY, 50, BP_DURABLE, &w->shared_draft);
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
static void close_store(world *w) {
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
}

static void check_end(world *w) {
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
  for (size_t i = 0; i < w.caller_count; i++) scheduler_join((int)i + 1);
  close_store(&w); /* the store's own thread lives until then */
  scheduler_end(&run->outcome);
  scheduler_set_observer(NULL, NULL);
  check_end(&w);
  model_free(&w.model);
  sim_free(w.sim);
  CHECK(scheduler_live_locks() == locks, "%zu locks left behind", scheduler_live_locks() - locks);
}

int concurrent_parse(char *text, concurrent_program *program) {
  size_t count = 0;
  for (char *script = strtok(text, ","); script != NULL; script = strtok(NULL, ",")) {
    if (count == CONCURRENT_THREADS_MAX || strlen(script) > CONCURRENT_CALLS_MAX) return -1;
    if (strspn(script, "dwMmbsixpgktfFWDVGaAquUvenNyTBPzcr") != strlen(script)) return -1;
    program->threads[count++] = script;
  }
  return count > 0 ? 0 : -1;
}
