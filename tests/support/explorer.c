#include "support/explorer.h"

#include "base/hash.h"
#include "journal/frames.h"
#include "journal/segment.h"
#include "support/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CHOICES_MAX = 256 };

void explorer_init(explorer *x, const bp_config *config, uint64_t seed, size_t states) {
  memset(x, 0, sizeof *x);
  x->seen = seen_new(states);
  x->counts = seen_share(sizeof *x->counts);
  x->config = config;
  x->seed = seed;
  x->choices = 24;
  x->repair_choices = 4;
  x->repair_every = 1;
}

static void *grown(void *block, size_t size) {
  void *fresh = realloc(block, size);
  if (fresh == NULL) abort();
  return fresh;
}

static void forget(moment_list *moments) {
  for (size_t i = 0; i < moments->count; i++) {
    sim_free(moments->items[i].sim);
    model_free(&moments->items[i].model);
  }
  free(moments->items);
  memset(moments, 0, sizeof *moments);
}

void explorer_free(explorer *x) {
  forget(&x->moments);
  seen_free(x->seen);
  munmap(x->counts, sizeof *x->counts);
}

/* ---------------------------------------------------------------------------------------------------- the moments -- */

static uint64_t answers_of(const model_state *model) {
  uint64_t sum = model->count;
  for (size_t i = 0; i < model->count; i++) sum = sum * 5 + (uint64_t)model->events[i].answer;
  return sum;
}

/* Only what changed the disk, or what is promised of it, makes a new one. */
static void note_moment(void *user) {
  moment_list *moments = user;
  uint64_t changes = sim_changes(moments->watched), answers = answers_of(moments->watched_model);
  if (changes == moments->changes && answers == moments->answers) return;
  moments->changes = changes;
  moments->answers = answers;
  if (moments->count == moments->capacity) {
    moments->capacity = moments->capacity == 0 ? 16 : moments->capacity * 2;
    moments->items = (crash_moment *)grown(moments->items, moments->capacity * sizeof *moments->items);
  }
  crash_moment *moment = &moments->items[moments->count++];
  moment->sim = sim_clone(moments->watched);
  moment->call = sim_calls(moments->watched, SIM_ANY);
  model_copy(&moment->model, moments->watched_model);
}

static void start(moment_list *moments, sim_system *sim, const model_state *model) {
  moments->watched = sim;
  moments->watched_model = model;
  moments->changes = sim_changes(sim);
  moments->answers = answers_of(model);
  sim_set_observer(sim, note_moment, moments);
}

static void stop(moment_list *moments) {
  note_moment(moments);
  sim_set_observer(moments->watched, NULL, NULL);
}

void explorer_record(explorer *x, sim_system *sim, const model_state *model) { start(&x->moments, sim, model); }

/* ------------------------------------------------------------------------------------------------------ the holes -- */

/* Did a frame of `before` get lost while one behind it, in the same segment, is still there? */
static int segment_has_hole(bpi_bytes before, bpi_bytes after) {
  bpi_prologue prologue;
  bpi_frames walk;
  bpi_frame frame;
  size_t offset, length, skipped;
  int lost = 0;
  if (bpi_prologue_parse(before, &prologue) != BPI_PROLOGUE_GOOD) return 0;
  bpi_frames_init(&walk, before, prologue.length);
  while (bpi_frames_next(&walk, &offset, &length, &frame, &skipped)) {
    int kept = offset + length <= after.length && memcmp(before.data + offset, after.data + offset, length) == 0;
    if (kept && lost) return 1;
    if (!kept) lost = 1;
  }
  return 0;
}

typedef struct {
  sim_system *before;
  sim_system *after;
} two_disks;

static int look_for_hole(void *user, const char *name, size_t name_length) {
  const two_disks *disks = user;
  uint64_t id;
  char path[64];
  if (!bpi_segment_name_parse(name, name_length, &id)) return 0;
  snprintf(path, sizeof path, EXPLORER_STORE "/%.*s", (int)name_length, name);
  bpi_memory memory = bpi_memory_default();
  bpi_buffer before, after;
  bpi_buffer_init(&before, &memory);
  bpi_buffer_init(&after, &memory);
  int hole = sim_get(disks->before, path, &before) && sim_get(disks->after, path, &after) &&
             segment_has_hole(bpi_bytes_of(before.data, before.length), bpi_bytes_of(after.data, after.length));
  bpi_buffer_free(&before);
  bpi_buffer_free(&after);
  return hole;
}

static int has_hole(sim_system *before, sim_system *after) {
  two_disks disks = {before, after};
  const bp_system *table = sim_table(after);
  return table->directory_list(table->context, EXPLORER_STORE, look_for_hole, &disks) == 1;
}

/* ----------------------------------------------------------------------------------------------- what must be there -- */

static bp_status try_open(const explorer *x, sim_system *sim, uint32_t mode, bp_store **store, bp_error *error) {
  bp_config config = *x->config;
  config.mode = mode;
  config.system = sim_table(sim);
  return bp_store_open(EXPLORER_STORE, &config, store, error);
}

bp_store *explorer_open(const explorer *x, sim_system *sim, uint32_t mode) {
  bp_store *store;
  bp_error error = {.struct_size = sizeof error};
  bp_status status = try_open(x, sim, mode, &store, &error);
  CHECK(status == BP_OK, "the store does not open: %s: %s", bp_status_name(status), error.text);
  return store;
}

static void close_store(sim_system *sim, bp_store *store) {
  bp_error error = {.struct_size = sizeof error};
  bp_status status = bp_store_close(store, &error);
  CHECK(status == BP_OK, "the store does not close: %s: %s", bp_status_name(status), error.text);
  CHECK(sim_open_files(sim) == 0 && sim_mapped_views(sim) == 0 && sim_misuses(sim) == 0,
        "left behind: %zu open files, %zu views; %" PRIu64 " misuses", sim_open_files(sim), sim_mapped_views(sim),
        sim_misuses(sim));
}

static void look_without_touching(const explorer *x, sim_system *sim, model_state *model, unsigned rules) {
  uint64_t digest = sim_digest(sim), changes = sim_changes(sim);
  bp_store *store;
  bp_error error = {.struct_size = sizeof error};
  bp_status status = try_open(x, sim, BP_MODE_READ_ONLY, &store, &error);
  if (status == BP_NO_STORE) {
    CHECK(!model_promises(model), "there is no store, and something was promised");
  } else {
    CHECK(status == BP_OK, "does not open read-only: %s: %s", bp_status_name(status), error.text);
    model_compare(model, store, rules | MODEL_VERIFY);
    close_store(sim, store);
  }
  CHECK(sim_digest(sim) == digest && sim_changes(sim) == changes, "a read-only open changed the disk");
}

/* The repaired store takes another event, and is then clean. */
static void go_on(const explorer *x, sim_system *sim, bp_store *store, model_state *model, unsigned rules) {
  bp_draft draft;
  bp_receipt receipt;
  bp_error error = {.struct_size = sizeof error};
  model_settle(model);
  size_t event = model_add(model, 0, 24, BP_DURABLE, &draft);
  CHECK(bp_receipt_init(&receipt, sizeof receipt) == BP_OK, "bp_receipt_init");
  CHECK(bp_store_append(store, &draft, &receipt, &error) == BP_OK, "the repaired store takes nothing: %s", error.text);
  CHECK(receipt.durable && receipt.sequence == model->sequence_end, "sequence %" PRIu64 " instead of %" PRIu64,
        receipt.sequence, model->sequence_end);
  model_acknowledge(model, event, &receipt);
  close_store(sim, store);
  store = explorer_open(x, sim, BP_MODE_READ_ONLY);
  model_compare(model, store, rules & MODEL_HOLES ? MODEL_HOLES : MODEL_VERIFY);
  bp_stat stat = {.struct_size = sizeof stat};
  CHECK(bp_store_stat(store, &stat, NULL) == BP_OK && stat.clean_close, "closed, but not clean");
  close_store(sim, store);
}

static void check_state(explorer *x, sim_system *sim, const model_state *promised, unsigned rules, moment_list *repair) {
  model_state model;
  model_copy(&model, promised);
  look_without_touching(x, sim, &model, rules);
  if (repair != NULL) start(repair, sim, promised);
  bp_store *store = explorer_open(x, sim, BP_MODE_CREATE);
  if (repair != NULL) stop(repair);
  model_compare(&model, store, rules | MODEL_VERIFY);
  go_on(x, sim, store, &model, rules);
  model_free(&model);
}

/* ------------------------------------------------------------------------------------------------------ exploring -- */

static void explore(explorer *x, moment_list *moments, unsigned rules);

static void explore_state(explorer *x, const crash_moment *moment, const sim_choice *choice, unsigned rules) {
  sim_system *after = sim_crashed(moment->sim, choice);
  uint64_t digest = bpi_hash_mix(sim_digest(after) | 1, answers_of(&moment->model) | 1);
  atomic_fetch_add(&x->counts->crashes, 1);
  if (seen_add(x->seen, digest)) {
    if (has_hole(moment->sim, after)) {
      rules |= MODEL_HOLES;
      atomic_fetch_add(&x->counts->holes, 1);
    }
    atomic_fetch_add(&x->counts->states, 1);
    if (x->repairing) atomic_fetch_add(&x->counts->repair_states, 1);
    moment_list repair = {0};
    int again = !x->repairing && (digest >> 20) % x->repair_every == 0;
    check_state(x, after, &moment->model, rules, again ? &repair : NULL);
    if (again) {
      x->repairing = 1;
      explore(x, &repair, rules | MODEL_REPAIRED);
      x->repairing = 0;
    }
    forget(&repair);
  }
  sim_free(after);
}

static void explore(explorer *x, moment_list *moments, unsigned rules) {
  sim_choice choices[CHOICES_MAX];
  crash_site *site = x->repairing ? &x->repair_site : &x->site;
  size_t most = x->repairing ? x->repair_choices : x->choices;
  for (size_t i = 0; i < moments->count; i++) {
    uint64_t seed = bpi_hash_mix(x->seed | 1, moments->items[i].call | 1);
    size_t count = sim_choices(moments->items[i].sim, choices, most < CHOICES_MAX ? most : CHOICES_MAX, seed);
    for (size_t k = 0; k < count; k++) {
      *site = (crash_site){i, moments->items[i].call, choices[k]};
      explore_state(x, &moments->items[i], &choices[k], rules);
    }
  }
}

void explorer_explore(explorer *x, unsigned rules) {
  stop(&x->moments);
  moment_list moments = x->moments;
  memset(&x->moments, 0, sizeof x->moments);
  explore(x, &moments, rules);
  forget(&moments);
}

static void describe_site(const char *when, const crash_site *site) {
  fprintf(stderr, "  %s: moment %zu (before call %" PRIu64 "), choice kind %u, operation %zu, sectors %u, seed %" PRIu64 "\n",
          when, site->moment, site->call + 1, site->choice.kind, site->choice.op, site->choice.sectors,
          site->choice.seed);
}

void explorer_describe(const explorer *x) {
  describe_site("crash", &x->site);
  if (x->repairing) describe_site("crash during the repair", &x->repair_site);
}
