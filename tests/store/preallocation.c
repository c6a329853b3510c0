/* Room behind the events: it is there while a store is open, and nowhere else. */
#include "support/sim.h"
#include "support/store_fixture.h"

#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

static sim_system *sim;
static bp_config config;
static bpi_buffer content;

static void begin_with(uint64_t room) {
  sim = sim_new();
  config = fixture_config(BP_MODE_CREATE);
  config.system = sim_table(sim);
  config.preallocate_bytes = room;
}
static void set_up(void) {
  bpi_memory memory = bpi_memory_default();
  bpi_buffer_init(&content, &memory);
}
static void tear_down(void) {
  cr_assert_eq(sim_open_files(sim), 0);
  cr_assert_eq(sim_mapped_views(sim), 0);
  sim_free(sim);
  bpi_buffer_free(&content);
}

TestSuite(preallocation, .init = set_up, .fini = tear_down);

static bp_store *open_store(uint32_t mode) { return fixture_open("store", mode, &config); }

static size_t file_length(const char *path) {
  content.length = 0;
  return sim_get(sim, path, &content) ? content.length : 0;
}

static bp_receipt append(bp_store *store, const char *payload, uint8_t durability) {
  bp_draft draft = fixture_draft("e:1", payload);
  draft.durability = durability;
  return fixture_append(store, &draft);
}

/* Enough to use up some rooms of the small ones. */
static void write_some(bp_store *store) {
  enum { MANY = 4 };
  bp_draft drafts[MANY];
  bp_receipt receipts[MANY];
  size_t accepted;
  for (int i = 0; i < 40; i++) append(store, "some bytes of a payload", i % 3 == 0 ? BP_WRITTEN : BP_DURABLE);
  for (int i = 0; i < MANY; i++) {
    drafts[i] = fixture_draft("e:2", "one of many");
    receipts[i] = fixture_receipt();
  }
  MUST(bp_store_append_many(store, drafts, MANY, receipts, &accepted, NULL));
  MUST(bp_store_append_batch(store, drafts, MANY, receipts, NULL));
}

typedef struct {
  uint64_t digest;
  uint64_t calls; /* writes and flushes for the events */
} outcome;

static outcome run_program(uint64_t room, uint64_t segment_bytes, int killed) {
  outcome of;
  begin_with(room);
  config.segment_max_bytes = segment_bytes;
  bp_store *store = open_store(BP_MODE_CREATE);
  of.calls = sim_calls(sim, SIM_WRITE) + sim_calls(sim, SIM_SYNC);
  write_some(store);
  of.calls = sim_calls(sim, SIM_WRITE) + sim_calls(sim, SIM_SYNC) - of.calls;
  if (killed) {
    sim_kill(sim);
    bp_store_release(store);
    store = open_store(BP_MODE_MUST_EXIST);
  }
  fixture_close(store);
  of.digest = sim_digest(sim);
  return of;
}

/* In a process of its own: ids rise within a process, so that no two runs in one give the same bytes. */
static outcome run_apart(uint64_t room, uint64_t segment_bytes, int killed) {
  outcome of;
  int ends[2], status;
  cr_assert_eq(pipe(ends), 0);
  pid_t child = fork();
  cr_assert_geq(child, 0);
  if (child == 0) {
    of = run_program(room, segment_bytes, killed);
    _exit(write(ends[1], &of, sizeof of) == (ssize_t)sizeof of ? 0 : 1);
  }
  cr_assert_eq(read(ends[0], &of, sizeof of), (ssize_t)sizeof of);
  cr_assert(waitpid(child, &status, 0) == child && status == 0);
  close(ends[0]);
  close(ends[1]);
  return of;
}

/* A closed store is byte for byte the one that had no room; and so is one that was killed and opened again. */
Test(preallocation, what_is_closed_or_repaired_shows_nothing_of_it) {
  static const uint64_t rooms[] = {8 << 10, 1 << 20}, segments[] = {1 << 28, 5000, 1};
  for (size_t i = 0; i < 12; i++) {
    uint64_t room = rooms[i % 2], segment_bytes = segments[i / 4];
    int killed = i / 2 % 2;
    outcome with = run_apart(room, segment_bytes, killed), without = run_apart(0, segment_bytes, killed);
    cr_assert_eq(with.digest, without.digest, "segments of %d, room of %d, killed %d", (int)segment_bytes, (int)room,
                 killed);
    cr_assert_eq(with.calls, without.calls, "room takes no write and no flush of its own");
  }
  begin_with(0);
}

Test(preallocation, an_open_brings_less_than_a_mebibyte_and_none_is_read_as_events) {
  begin_with(16 << 20);
  bp_store *store = open_store(BP_MODE_CREATE);
  bp_stat stat = fixture_stat(store);
  size_t length = file_length("store/000001.fbat");
  cr_assert_gt(length, stat.bytes);
  cr_assert_leq(length, 1 << 20);
  cr_assert_eq(fixture_count(store, NULL), 1);
  cr_assert_eq(append(store, "x", BP_DURABLE).offset, stat.bytes);
  cr_assert_eq(file_length("store/000001.fbat"), length);
  fixture_close(store);
  cr_assert_lt(file_length("store/000001.fbat"), length);
}

/* V-50: what a crash leaves of the room is a note, and is not counted. */
Test(preallocation, a_crash_leaves_zeros_that_the_next_open_cuts_off) {
  begin_with(1 << 20);
  bp_store *store = open_store(BP_MODE_CREATE);
  append(store, "kept", BP_DURABLE);
  uint64_t bytes = fixture_stat(store).bytes;
  sim_crash(sim, &(sim_choice){.kind = SIM_ALL_LOST});
  bp_store_release(store);
  cr_assert_gt(file_length("store/000001.fbat"), bytes);
  uint64_t digest = sim_digest(sim);

  store = open_store(BP_MODE_READ_ONLY);
  cr_assert_eq(fixture_count(store, NULL), 2);
  cr_assert_eq(fixture_stat(store).bytes, bytes);
  bp_report *report = fixture_verify(store, NULL);
  cr_assert_eq(fixture_verdict(report).verdict, BP_VERDICT_CONSISTENT);
  cr_assert_eq(fixture_finding(report, "zero_tail")->severity, BP_SEVERITY_NOTE);
  cr_assert_eq(fixture_finding(report, "missing_footer")->severity, BP_SEVERITY_NOTE);
  cr_assert_eq(fixture_verdict(report).notes, 2);
  bp_report_free(report);
  fixture_close(store);
  cr_assert_eq(sim_digest(sim), digest);

  store = open_store(BP_MODE_MUST_EXIST);
  cr_assert_eq(append(store, "next", BP_DURABLE).sequence, 3);
  fixture_close(store);
  (void)file_length("store/000001.fbat");
  cr_assert_arr_eq(content.data + content.length - 4, "SDX2", 4);
}

Test(preallocation, written_events_bring_none) {
  begin_with(1 << 20);
  config.sync_every_events = 0;
  bp_store *store = open_store(BP_MODE_CREATE);
  size_t length = file_length("store/000001.fbat");
  while (fixture_stat(store).bytes <= length) append(store, "x", BP_WRITTEN);
  cr_assert_eq(file_length("store/000001.fbat"), fixture_stat(store).bytes);
  append(store, "x", BP_DURABLE);
  cr_assert_gt(file_length("store/000001.fbat"), fixture_stat(store).bytes);
  fixture_close(store);
}

/* No event fails for want of room, and none is lost with it. */
Test(preallocation, a_full_disk_refuses_the_room_and_not_the_events) {
  begin_with(1 << 20);
  bp_store *store = open_store(BP_MODE_CREATE);
  size_t length = file_length("store/000001.fbat");
  sim_set_capacity(sim, sim_used_bytes(sim) + 3000);
  while (fixture_stat(store).bytes < length + 1500) cr_assert_eq(append(store, "x", BP_DURABLE).durable, 1);
  size_t count = fixture_count(store, NULL);
  sim_set_capacity(sim, UINT64_MAX);
  append(store, "x", BP_DURABLE);
  fixture_close(store);
  cr_assert_eq(fixture_count(store = open_store(BP_MODE_READ_ONLY), NULL), count + 2);
  fixture_close(store);
}
