/* What can fail, failed on real file systems: the library calls the system itself, and the system fails.
 *
 *   files      a file system of ours (support/failing.h): each of its writes, flushes and other changes failed once, twice
 *              in a row and from there on, in every workflow
 *   disk       ext4 on a loop device whose blocks fail: those under a segment, and every write from the n-th on; afterwards it
 *              is mounted anew, so that nothing is read but what came to the disk
 *   full       a tmpfs that is full, and has room again
 *   full_disk  the same with ext4
 *
 * A failed flush poisons (D3).  After each run the store is opened again: what was acknowledged is there, what was refused is
 * not, and verify finds nothing.
 *
 * Where the machine does not allow it, one line says so, and the answer is 77: skipped.
 *
 *   blocks LANE */
#include "support/aftermath.h"
#include "support/check.h"
#include "support/failing.h"
#include "support/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES FAILING_ROOT "/files" /* the file system that fails */
#define IMAGE FILES "/image"        /* on it: the blocks of */
#define DISK FAILING_ROOT "/disk"
#define SMALL FAILING_ROOT "/small"

enum { SKIPPED = 77, ROOM = 8192, DISK_BYTES = 16 << 20, SMALL_BYTES = 512 << 10, THREADS = 8, WHY = 256 };

typedef struct workflow {
  const char *name;
  const char *before; /* steps on a new store, closed or open */
  const char *steps;  /* those under which it fails */
  uint64_t segment_bytes;
} workflow;

/* `before` leaves the store closed: opening is a part of the workflow. */
static const workflow from_open[] = {
    {"open fresh", "", "o", 1 << 20},
    {"open closed, read, close", "odwWmC", "oqptvgC", 1 << 20},
    {"append", "odC", "oddwWpsC", 1 << 20},
    {"group", "odC", "omMuMC", 1 << 20},
    {"batch", "odC", "obwBRsbUC", 1 << 20},
    {"batch, rotation", "odbC", "owbWBRC", 900},
    {"fence commit", "odC", "owFeEsLdC", 1 << 20},
    {"fence cancel", "odC", "owFeEXdC", 1 << 20},
    {"fence, rotation", "odC", "oFeEeLFeEXdC", 1},
    {"open with hidden events", "odFeEXdC", "oqdFeXC", 1 << 20},
    {"rotation", "odC", "odwWmMpsC", 1200},
    {"close", "odwWmC", "owC", 1 << 20},
};

/* `before` leaves the store open, in a segment that has blocks. */
static const workflow while_open[] = {
    {"append", "od", "dwds", 1 << 20},   {"written, then a flush", "od", "wWws", 1 << 20},
    {"group", "od", "MmMu", 1 << 20},    {"batch", "odb", "bBU", 1 << 20},
    {"fence commit", "od", "FeEL", 1 << 20}, {"close", "odw", "C", 1 << 20},
};

enum { FROM_OPEN = sizeof from_open / sizeof from_open[0], WHILE_OPEN = sizeof while_open / sizeof while_open[0] };

typedef struct world {
  const workflow *workflow;
  char kind[96];
  uint64_t at;
  char directory[64]; /* the store's */
  uint64_t runs;
  uint64_t failed;    /* calls */
} world;

static void describe(void *user) {
  const world *w = user;
  if (w->workflow != NULL) {
    fprintf(stderr, "  %s (%s), %s, number %" PRIu64 "\n", w->workflow->name, w->workflow->steps, w->kind, w->at);
  }
}

static int skip(const char *lane, const char *why) {
  printf("skipped: real file system, %s: %s\n", lane, why);
  return SKIPPED;
}

static void begin(const world *w, program *run) {
  program_init(run, NULL);
  run->directory = w->directory;
  run->config.segment_max_bytes = w->workflow->segment_bytes;
  run->config.preallocate_bytes = ROOM;
  run->config.sync_every_events = 3;
}

static void must_all(program *run, const char *steps) {
  for (; *steps != '\0'; steps++) program_must(run, *steps);
}

static void reopen(const world *w, const model_state *promised) {
  program like;
  begin(w, &like);
  aftermath_reopen(&like, promised, BP_MODE_READ_ONLY);
  aftermath_reopen(&like, promised, BP_MODE_CREATE);
  program_free(&like);
}

/* D3, with a fault that is armed: the next flush fails, and is the last. */
static void lose_a_flush(program *run) {
  uint64_t durable = program_stat(run).durable_sequence;
  program_expect(run, 'd', BP_SYNC_FAILED);
  uint64_t seen = failing_seen(), failed = failing_failed();
  CHECK(failed > 0, "nothing has failed");
  for (const char *step = "wdsbMu"; *step != '\0'; step++) program_expect(run, *step, BP_POISONED);
  CHECK(failing_seen() == seen && failing_failed() == failed, "a poisoned store has written or flushed");
  CHECK(program_stat(run).poisoned && program_stat(run).durable_sequence == durable, "what is durable has changed");
  model_compare(&run->model, run->store, 0);
  program_must(run, 'p');
  program_expect(run, 'C', BP_POISONED);
}

/* ----------------------------------------------------------------------------------------------------------- files -- */

static uint64_t run_on_files(world *w, const failing_fault *fault) {
  program run;
  model_state survived;
  snprintf(w->directory, sizeof w->directory, FILES "/%" PRIu64, w->runs++);
  begin(w, &run);
  must_all(&run, w->workflow->before);
  failing_arm(fault);
  aftermath_run(&run, w->workflow->steps, 0);
  failing_heal();
  uint64_t seen = failing_seen();
  w->failed += failing_failed();
  model_copy(&survived, &run.model);
  model_sync(&survived); /* the machine lives */
  program_free(&run);
  reopen(w, &survived);
  model_free(&survived);
  temporary_remove(w->directory);
  return seen;
}

static void fail_each_call(world *w, uint32_t calls, const char *name, int errno_value) {
  static const uint64_t times[] = {1, 2, UINT64_MAX};
  static const char *const ways[] = {"", ", and the next one", ", from there on"};
  for (size_t way = 0; way < sizeof times / sizeof times[0]; way++) {
    snprintf(w->kind, sizeof w->kind, "%s fails with %s%s", name, strerror(errno_value), ways[way]);
    for (w->at = 1;; w->at++) {
      const failing_fault fault = {.calls = calls, .at = w->at, .times = times[way], .errno_value = errno_value};
      if (run_on_files(w, &fault) < w->at) break;
    }
  }
}

static void fail_a_flush_of_files(world *w) {
  static const workflow plain = {"a flush that fails", "odw", "d", 1 << 20};
  const failing_fault fault = {.calls = FAILING_SYNC, .at = 1, .times = 1, .errno_value = EIO};
  program run;
  model_state survived;
  w->workflow = &plain;
  snprintf(w->directory, sizeof w->directory, FILES "/flush");
  begin(w, &run);
  must_all(&run, plain.before);
  failing_arm(&fault);
  lose_a_flush(&run);
  failing_heal();
  w->failed += failing_failed();
  model_copy(&survived, &run.model);
  model_sync(&survived);
  program_free(&run);
  reopen(w, &survived);
  model_free(&survived);
  w->runs++;
}

static int run_files(world *w) {
  char why[WHY];
  if (failing_begin(why, WHY) != 0 || failing_mount(FILES, why, WHY) != 0) return skip("files", why);
  for (size_t i = 0; i < FROM_OPEN; i++) {
    w->workflow = &from_open[i];
    fail_each_call(w, FAILING_WRITE, "a write", EIO);
    fail_each_call(w, FAILING_WRITE, "a write", ENOSPC);
    fail_each_call(w, FAILING_SYNC, "a flush", EIO);
    fail_each_call(w, FAILING_CHANGE, "a change", EIO);
  }
  fail_a_flush_of_files(w);
  return 0;
}

/* ------------------------------------------------------------------------------------------------------------ disk -- */

static void mount_disk(void) {
  char why[WHY];
  CHECK(failing_mount_blocks(IMAGE, DISK, why, WHY) == 0, "%s", why);
}

static void new_disk(world *w) {
  char why[WHY];
  snprintf(w->directory, sizeof w->directory, DISK "/store");
  CHECK(failing_format(IMAGE, DISK_BYTES, why, WHY) == 0, "%s", why);
  mount_disk();
}

/* What the disk has, and nothing that only the memory had. */
static void look_at_disk(world *w, const model_state *model) {
  w->failed += failing_failed();
  failing_heal();
  failing_unmount(DISK);
  mount_disk();
  reopen(w, model);
  failing_unmount(DISK);
  w->runs++;
}

/* The blocks under the segment that is written fail from now on. */
static void lose_the_segment(const world *w) {
  char segment[96];
  failing_fault fault = {.calls = FAILING_WRITE, .at = 1, .times = UINT64_MAX, .errno_value = EIO};
  snprintf(segment, sizeof segment, "%s/000001.fbat", w->directory);
  CHECK(failing_blocks_of(segment, &fault.from, &fault.to) == 0, "the segment has no blocks");
  failing_arm(&fault);
}

static void fail_a_flush_of_disk(world *w) {
  static const workflow plain = {"a flush that fails", "odw", "d", 1 << 20};
  program run;
  w->workflow = &plain;
  snprintf(w->kind, sizeof w->kind, "the blocks of the segment fail");
  new_disk(w);
  begin(w, &run);
  must_all(&run, plain.before);
  lose_the_segment(w);
  lose_a_flush(&run);
  look_at_disk(w, &run.model);
  program_free(&run);
}

static void lose_segment_in(world *w, const workflow *chosen) {
  program run;
  w->workflow = chosen;
  snprintf(w->kind, sizeof w->kind, "the blocks of the segment fail");
  new_disk(w);
  begin(w, &run);
  must_all(&run, chosen->before);
  lose_the_segment(w);
  aftermath_run(&run, chosen->steps, 0);
  CHECK(failing_failed() > 0, "nothing has failed");
  look_at_disk(w, &run.model);
  program_free(&run);
}

/* 0: the workflow ends before so many writes. */
static int lose_disk_in(world *w, const workflow *chosen, uint64_t at) {
  const failing_fault fault = {.calls = FAILING_WRITE, .at = at, .times = UINT64_MAX, .errno_value = EIO};
  program run;
  w->workflow = chosen;
  w->at = at;
  snprintf(w->kind, sizeof w->kind, "the disk takes nothing from a write on");
  new_disk(w);
  begin(w, &run);
  must_all(&run, chosen->before);
  failing_arm(&fault);
  aftermath_run(&run, chosen->steps, 0);
  int failed = failing_failed() > 0;
  look_at_disk(w, &run.model);
  program_free(&run);
  return failed;
}

/* Threads, each with what it was told. */
typedef struct caller {
  bp_store *store;
  uint32_t number;
  uint32_t told;
  uint8_t ids[64][16];
  bp_status status;
} caller;

static void *append_until_lost(void *user) {
  caller *c = user;
  bp_draft draft;
  bp_receipt receipt;
  char entity[16];
  snprintf(entity, sizeof entity, "dock:%u", c->number);
  CHECK(bp_draft_init(&draft, sizeof draft) == BP_OK && bp_receipt_init(&receipt, sizeof receipt) == BP_OK, "init");
  draft.kind = 0xF001;
  draft.entity = draft.scope = (const uint8_t *)entity;
  draft.entity_length = draft.scope_length = strlen(entity);
  draft.payload = (const uint8_t *)entity;
  draft.payload_length = strlen(entity);
  while (c->told < 64) {
    c->status = bp_store_append(c->store, &draft, &receipt, NULL);
    if (c->status != BP_OK) break;
    memcpy(c->ids[c->told++], receipt.event_id, 16);
  }
  return NULL;
}

static void append_by_many(bp_store *store, caller *callers) {
  pthread_t threads[THREADS];
  for (uint32_t i = 0; i < THREADS; i++) {
    callers[i] = (caller){.store = store, .number = i};
    CHECK(pthread_create(&threads[i], NULL, append_until_lost, &callers[i]) == 0, "pthread_create");
  }
  for (uint32_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

static void find_all(bp_store *store, const caller *callers) {
  bp_page *page;
  size_t count;
  CHECK(bp_page_new(&page, NULL) == BP_OK, "bp_page_new");
  for (uint32_t i = 0; i < THREADS; i++) {
    for (uint32_t k = 0; k < callers[i].told; k++) {
      CHECK(bp_store_get(store, callers[i].ids[k], page, NULL) == BP_OK, "event %u of thread %u is lost", k, i);
      CHECK(bp_page_events(page, &count)->status == BP_OK, "event %u of thread %u cannot be read", k, i);
    }
  }
  bp_page_free(page);
}

/* The n-th write of the disk and all after it fail while threads append and share flushes. */
static void lose_disk_under_threads(world *w, uint64_t at) {
  static const workflow threads = {"threads", "", "od, and appends by eight threads", 1 << 20};
  static caller callers[THREADS];
  const failing_fault fault = {.calls = FAILING_WRITE, .at = at, .times = UINT64_MAX, .errno_value = EIO};
  program run;
  uint32_t lost = 0;
  w->workflow = &threads;
  w->at = at;
  new_disk(w);
  begin(w, &run);
  must_all(&run, "od");
  failing_arm(&fault);
  append_by_many(run.store, callers);
  for (uint32_t i = 0; i < THREADS; i++) {
    int expected = callers[i].status == BP_SYNC_FAILED || callers[i].status == BP_POISONED;
    CHECK(expected, "thread %u: %s", i, bp_status_name(callers[i].status));
    lost += callers[i].status == BP_SYNC_FAILED;
  }
  CHECK(lost > 0, "nobody was told of the flush that failed");
  find_all(run.store, callers);
  program_release(&run);
  w->failed += failing_failed();
  failing_heal();
  failing_unmount(DISK);
  mount_disk();
  must_all(&run, "Ov");
  find_all(run.store, callers);
  must_all(&run, "Cov");
  find_all(run.store, callers);
  must_all(&run, "C");
  program_free(&run);
  failing_unmount(DISK);
  w->runs++;
}

/* All that the lane of disks needs, tried once. */
static int have_disk(char *why) {
  if (failing_begin(why, WHY) != 0 || failing_mount(FILES, why, WHY) != 0) return 0;
  if (failing_format(IMAGE, DISK_BYTES, why, WHY) != 0) return 0;
  if (failing_mount_blocks(IMAGE, DISK, why, WHY) != 0) return 0;
  failing_unmount(DISK);
  return 1;
}

static int run_disk(world *w) {
  enum { WRITES_MOST = 200, ALIKE = 8 };
  char why[WHY];
  if (!have_disk(why)) return skip("disk", why);
  fail_a_flush_of_disk(w);
  for (size_t i = 0; i < WHILE_OPEN; i++) lose_segment_in(w, &while_open[i]);
  for (size_t i = 0; i < FROM_OPEN; i++) {
    /* The later ones are much alike, and each takes a new disk. */
    for (uint64_t at = 1; at < WRITES_MOST && lose_disk_in(w, &from_open[i], at); at += at < ALIKE ? 1 : 3) {
    }
  }
  for (uint64_t at = 1; at < 24; at += 3) lose_disk_under_threads(w, at);
  return 0;
}

/* -------------------------------------------------------------------------------------------------- a disk that is full -- */

/* Leaves so many bytes, more or less. */
static void fill(const char *path, size_t spare) {
  static uint8_t bytes[4096];
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  off_t length = 0;
  CHECK(file >= 0, "%s: %s", path, strerror(errno));
  for (;;) {
    ssize_t written = write(file, bytes, sizeof bytes);
    if (written < 0) break;
    length += written;
  }
  CHECK(errno == ENOSPC, "%s: %s", path, strerror(errno));
  length -= length < (off_t)spare ? length : (off_t)spare;
  CHECK(ftruncate(file, length) == 0 && fsync(file) == 0, "%s: %s", path, strerror(errno));
  close(file);
}

static uint64_t fill_under(world *w, const char *place, const char *filler, uint64_t segment_bytes, size_t spare) {
  static workflow full = {"a full disk", "od", "dwWbmMBdwWbmM", 0};
  program run;
  full.segment_bytes = segment_bytes;
  w->workflow = &full;
  w->at = spare;
  snprintf(w->directory, sizeof w->directory, "%s/store", place);
  begin(w, &run);
  must_all(&run, full.before);
  fill(filler, spare);
  uint64_t refused = aftermath_full(&run, full.steps);
  CHECK(unlink(filler) == 0, "%s: %s", filler, strerror(errno));
  must_all(&run, "dwbmBW");
  model_compare(&run.model, run.store, MODEL_VERIFY);
  program_release(&run);
  model_state survived;
  model_copy(&survived, &run.model);
  model_sync(&survived);
  program_free(&run);
  reopen(w, &survived);
  model_free(&survived);
  temporary_remove(w->directory);
  w->runs++;
  return refused;
}

static void fill_all(world *w, const char *place) {
  char filler[64];
  uint64_t refused = 0;
  snprintf(filler, sizeof filler, "%s/filler", place);
  snprintf(w->kind, sizeof w->kind, "bytes left");
  for (size_t spare = 0; spare < 24576; spare += 2048) {
    refused += fill_under(w, place, filler, 1 << 20, spare);
    refused += fill_under(w, place, filler, 900, spare);
  }
  CHECK(refused > 0, "the disk was never full");
  w->failed = refused;
}

static int run_full(world *w) {
  char why[WHY];
  if (failing_begin(why, WHY) != 0 || failing_mount_small(SMALL, SMALL_BYTES, why, WHY) != 0) return skip("full", why);
  fill_all(w, SMALL);
  return 0;
}

static int run_full_disk(world *w) {
  char why[WHY];
  if (!have_disk(why)) return skip("full_disk", why);
  mount_disk();
  fill_all(w, DISK);
  failing_unmount(DISK);
  return 0;
}

int main(int argc, char **argv) {
  static world w;
  static const struct {
    const char *name;
    int (*run)(world *w);
  } lanes[] = {{"files", run_files}, {"disk", run_disk}, {"full", run_full}, {"full_disk", run_full_disk}};
  check_describe_with(describe, &w);
  for (size_t i = 0; argc == 2 && i < sizeof lanes / sizeof lanes[0]; i++) {
    if (strcmp(argv[1], lanes[i].name) != 0) continue;
    int answer = lanes[i].run(&w);
    if (answer == 0) printf("%s: %" PRIu64 " runs, %" PRIu64 " calls or steps failed\n", argv[1], w.runs, w.failed);
    return answer;
  }
  fprintf(stderr, "usage: blocks files|disk|full|full_disk\n");
  return 2;
}
