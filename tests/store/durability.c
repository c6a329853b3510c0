/* What a receipt promises about the disk, and what happens when the disk does not keep it. */
#include "store/sim_fixture.h"

#include <errno.h>

TestSuite(durability, .init = set_up, .fini = tear_down);

static bp_receipt append(const char *payload, uint8_t durability) {
  bp_draft draft = fixture_draft("e:1", payload);
  draft.durability = durability;
  return fixture_append(store, &draft);
}

/* The machine dies with everything unsynced lost; what a new open of the disk finds. */
static size_t events_after_power_loss(void) {
  sim_system *after = sim_crashed(sim, &(sim_choice){.kind = SIM_ALL_LOST});
  bp_config reading = fixture_config(BP_MODE_READ_ONLY);
  reading.system = sim_table(after);
  bp_store *survivor = fixture_open("store", BP_MODE_READ_ONLY, &reading);
  size_t count = fixture_count(survivor, NULL);
  fixture_close(survivor);
  sim_free(after);
  return count;
}

static size_t events_after_a_kill(void) {
  sim_system *after = sim_clone(sim);
  bp_config reading = fixture_config(BP_MODE_READ_ONLY);
  reading.system = sim_table(after);
  bp_store *survivor = fixture_open("store", BP_MODE_READ_ONLY, &reading);
  size_t count = fixture_count(survivor, NULL);
  fixture_close(survivor);
  sim_free(after);
  return count;
}

Test(durability, a_durable_append_is_on_the_disk) {
  cr_assert_eq(append("x", BP_DURABLE).durable, 1);
  cr_assert_eq(events_after_power_loss(), 2);
}

Test(durability, the_default_is_durable) {
  cr_assert_eq(append("x", BP_DURABILITY_DEFAULT).durable, 1);
  fixture_close(store);
  config.durability = BP_WRITTEN;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  cr_assert_eq(append("x", BP_DURABILITY_DEFAULT).durable, 0);
  cr_assert_eq(append("x", BP_DURABLE).durable, 1);
}

Test(durability, a_written_append_survives_the_process_alone) {
  cr_assert_eq(append("x", BP_WRITTEN).durable, 0);
  cr_assert_eq(events_after_a_kill(), 2);
  cr_assert_eq(events_after_power_loss(), 1);
  cr_assert_eq(fixture_stat(store).durable_sequence, 1);
  MUST(bp_store_sync(store, NULL));
  cr_assert_eq(events_after_power_loss(), 2);
  cr_assert_eq(fixture_stat(store).durable_sequence, 2);
}

Test(durability, a_durable_append_takes_the_written_ones_along) {
  for (int i = 0; i < 5; i++) append("x", BP_WRITTEN);
  append("x", BP_DURABLE);
  cr_assert_eq(events_after_power_loss(), 7);
}

Test(durability, a_replayed_receipt_says_whether_the_event_is_durable_by_now) {
  bp_draft draft = fixture_draft("e:1", "x");
  draft.durability = BP_WRITTEN;
  fixture_give_key(&draft, 1);
  cr_assert_eq(fixture_append(store, &draft).durable, 0);
  cr_assert_eq(fixture_append(store, &draft).durable, 0);
  MUST(bp_store_sync(store, NULL));
  cr_assert_eq(fixture_append(store, &draft).durable, 1);
  draft.durability = BP_DURABLE;
  cr_assert_eq(fixture_append(store, &draft).durable, 1);
}

Test(durability, a_durable_replay_of_a_written_event_flushes_it) {
  bp_draft draft = fixture_draft("e:1", "x");
  draft.durability = BP_WRITTEN;
  fixture_give_key(&draft, 1);
  fixture_append(store, &draft);
  draft.durability = BP_DURABLE;
  cr_assert_eq(fixture_append(store, &draft).durable, 1);
  cr_assert_eq(events_after_power_loss(), 2);
}

Test(durability, written_events_are_flushed_after_so_many) {
  fixture_close(store);
  config.durability = BP_WRITTEN;
  config.sync_every_events = 3;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  uint64_t syncs = fixture_stat(store).syncs;
  for (int i = 0; i < 9; i++) {
    bp_receipt receipt = append("x", BP_DURABILITY_DEFAULT);
    cr_assert_eq(receipt.durable, i % 3 == 2, "append %d", i);
  }
  cr_assert_eq(fixture_stat(store).syncs - syncs, 3);
}

Test(durability, written_events_are_flushed_only_when_asked) {
  fixture_close(store);
  config.durability = BP_WRITTEN;
  config.sync_every_events = 0;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  uint64_t syncs = fixture_stat(store).syncs;
  for (int i = 0; i < 2500; i++) append("x", BP_DURABILITY_DEFAULT);
  cr_assert_eq(fixture_stat(store).syncs, syncs);
  MUST(bp_store_sync(store, NULL));
  cr_assert_eq(fixture_stat(store).syncs, syncs + 1);
  MUST(bp_store_sync(store, NULL));
  cr_assert_eq(fixture_stat(store).syncs, syncs + 1, "there is nothing to flush");
}

static bp_system watched;
static int (*sync_below)(void *context, int file, int data_only);
static unsigned data_syncs, whole_syncs;

static int watched_sync(void *context, int file, int data_only) {
  if (data_only) {
    data_syncs++;
  } else {
    whole_syncs++;
  }
  return sync_below(context, file, data_only);
}

/* P-082 */
Test(durability, the_sync_mode_chooses_the_call) {
  fixture_close(store);
  watched = *sim_table(sim);
  sync_below = watched.file_sync;
  watched.file_sync = watched_sync;
  config.system = &watched;
  for (uint32_t mode = BP_SYNC_DATA; mode <= BP_SYNC_ALL; mode++) {
    config.sync_mode = mode;
    store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
    data_syncs = whole_syncs = 0;
    append("x", BP_DURABLE);
    cr_assert_eq(data_syncs, mode == BP_SYNC_DATA);
    cr_assert_eq(whole_syncs, mode == BP_SYNC_ALL);
    if (mode == BP_SYNC_DATA) fixture_close(store);
  }
}

/* 13.3 config_propagation: one kind of flush for what comes by number, by request, by a full segment and at the end; a new
 * file is flushed whole once. */
/* P-082 */
Test(durability, the_sync_mode_is_that_of_every_flush_of_a_segment) {
  for (uint32_t mode = BP_SYNC_DATA; mode <= BP_SYNC_ALL; mode++) {
    fixture_close(store);
    watched = *sim_table(sim);
    sync_below = watched.file_sync;
    watched.file_sync = watched_sync;
    config.system = &watched;
    config.sync_mode = mode;
    config.segment_max_bytes = 300; /* one event */
    config.sync_every_events = 1;
    store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
    uint64_t segments = fixture_stat(store).segments;
    data_syncs = whole_syncs = 0;
    for (int i = 0; i < 3; i++) append("x", BP_WRITTEN);
    MUST(bp_store_sync(store, NULL));
    append("x", BP_DURABLE);
    fixture_close(store);
    unsigned data = data_syncs, whole = whole_syncs;
    store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
    unsigned created = (unsigned)(fixture_stat(store).segments - segments) - 1;
    cr_assert_gt(created, 3);
    cr_assert_gt(data + whole, 3 * created, "and flushes of events, rows and trailer");
    cr_assert_eq(whole, mode == BP_SYNC_DATA ? created : data + whole);
  }
}

/* --- counts */

Test(durability, a_warm_append_allocates_nothing_and_costs_one_write_and_one_flush) {
  for (int i = 0; i < 300; i++) append("warm", BP_DURABLE);
  uint64_t allocations = fault.allocations, writes = sim_calls(sim, SIM_WRITE), syncs = sim_calls(sim, SIM_SYNC);
  enum { APPENDS = 100 };
  for (int i = 0; i < APPENDS; i++) append("warm", BP_DURABLE);
  cr_assert_eq(sim_calls(sim, SIM_WRITE) - writes, APPENDS);
  cr_assert_eq(sim_calls(sim, SIM_SYNC) - syncs, APPENDS);
  /* The index grows by doubling: between two growths there is no allocation at all. */
  cr_assert_eq(fault.allocations - allocations, 0);
}

Test(durability, a_warm_keyed_signed_append_with_extensions_allocates_nothing) {
  fixture_close(store);
  static const uint8_t seed[32] = {1};
  config.signing_seeds = seed;
  config.signing_seed_count = 1;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  const bp_extension extension = {(const uint8_t *)"a.b", 3, (const uint8_t *)"value", 5};
  uint64_t allocations = 0;
  for (uint64_t i = 0; i < 400; i++) {
    bp_draft draft = fixture_draft("e:1", "warm");
    draft.extensions = &extension;
    draft.extension_count = 1;
    fixture_give_key(&draft, i + 1);
    if (i == 300) allocations = fault.allocations;
    cr_assert_eq(fixture_append(store, &draft).has_signature, 1);
  }
  cr_assert_eq(fault.allocations - allocations, 0);
}

/* --- failures */

/* V-12 */
Test(durability, a_failed_write_is_taken_back_and_the_store_goes_on) {
  static const struct {
    int error;
    bp_status status;
  } cases[] = {{EIO, BP_SYSTEM}, {ENOSPC, BP_DISK_FULL}, {EDQUOT, BP_DISK_FULL}, {EACCES, BP_PERMISSION}};
  fixture_close(store);
  config.preallocate_bytes = 0; /* undoing would take the room back too */
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  uint64_t sequence = 2;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bp_error error = fixture_error();
    bp_draft draft = fixture_draft("e:1", "lost");
    uint64_t digest = sim_digest(sim);
    sim_add_fault(sim, (sim_fault){.kind = SIM_WRITE, .at = 1, .errno_value = cases[i].error});
    cr_assert_eq(bp_store_append(store, &draft, NULL, &error), cases[i].status);
    cr_assert_eq(error.os_error, cases[i].error);
    cr_assert_eq(sim_digest(sim), digest);
    cr_assert_eq(fixture_stat(store).poisoned, 0);
    cr_assert_eq(append("kept", BP_DURABLE).sequence, ++sequence, "no number is burned");
  }
  cr_assert_eq(events_after_power_loss(), 7);
}

Test(durability, a_write_that_cannot_be_taken_back_poisons) {
  bp_draft draft = fixture_draft("e:1", "lost");
  append("kept", BP_DURABLE);
  sim_set_write_limit(sim, 64);
  sim_add_fault(sim, (sim_fault){.kind = SIM_WRITE, .at = 3, .errno_value = EIO});
  sim_add_fault(sim, (sim_fault){.kind = SIM_TRUNCATE, .at = 1, .errno_value = EIO});
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_SYNC_FAILED);
  sim_set_write_limit(sim, 0);
  cr_assert_eq(fixture_stat(store).poisoned, 1);
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_POISONED);
  cr_assert_eq(fixture_count(store, NULL), 2, "reads go on");
  cr_assert_eq(events_after_a_kill(), 2, "the next open cuts the rest of the write off");
}

Test(durability, short_writes_are_continued) {
  sim_set_write_limit(sim, 7);
  cr_assert_eq(append("in many pieces", BP_DURABLE).durable, 1);
  cr_assert_eq(events_after_power_loss(), 2);
}

/* V-13 */
/* P-065 */
Test(durability, a_failed_flush_is_final) {
  bp_error error = fixture_error();
  bp_draft draft = fixture_draft("e:1", "in doubt");
  append("kept", BP_DURABLE);
  sim_add_fault(sim, (sim_fault){.kind = SIM_SYNC, .at = 1, .errno_value = EIO});
  cr_assert_eq(bp_store_append(store, &draft, NULL, &error), BP_SYNC_FAILED);
  cr_assert_eq(error.os_error, EIO);
  cr_assert_eq(error.code, BP_SYNC_FAILED);
  cr_assert_eq(fixture_stat(store).poisoned, 1);
  uint64_t syncs = sim_calls(sim, SIM_SYNC), writes = sim_calls(sim, SIM_WRITE);
  size_t accepted;
  cr_assert_eq(bp_store_append(store, &draft, NULL, &error), BP_POISONED);
  cr_assert_eq(bp_store_append_many(store, &draft, 1, NULL, &accepted, &error), BP_POISONED);
  cr_assert_eq(accepted, 0);
  cr_assert_eq(bp_store_sync(store, &error), BP_POISONED);
  cr_assert_eq(fixture_count(store, NULL), 2, "what was durable is read, what is in doubt is not");
  cr_assert_eq(bp_store_close(store, &error), BP_POISONED);
  store = NULL;
  cr_assert_eq(sim_calls(sim, SIM_SYNC), syncs, "a flush is never tried again");
  cr_assert_eq(sim_calls(sim, SIM_WRITE), writes);
}

Test(durability, a_failed_sync_says_so_and_is_final) {
  bp_error error = fixture_error();
  append("written", BP_WRITTEN);
  sim_add_fault(sim, (sim_fault){.kind = SIM_SYNC, .at = 1, .errno_value = EIO});
  cr_assert_eq(bp_store_sync(store, &error), BP_SYNC_FAILED);
  cr_assert_eq(bp_store_sync(store, &error), BP_POISONED);
  cr_assert_eq(fixture_stat(store).durable_sequence, 1, "never reported durable after it");
  cr_assert_eq(events_after_a_kill(), 2);
}

Test(durability, a_failed_flush_at_the_count_fails_the_append_that_caused_it) {
  fixture_close(store);
  config.durability = BP_WRITTEN;
  config.sync_every_events = 2;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  bp_draft draft = fixture_draft("e:1", "x");
  append("first", BP_DURABILITY_DEFAULT);
  sim_add_fault(sim, (sim_fault){.kind = SIM_SYNC, .at = 1, .errno_value = EIO});
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_SYNC_FAILED);
  cr_assert_eq(fixture_stat(store).poisoned, 1);
}

Test(durability, lack_of_memory_leaves_the_store_as_it_was) {
  append("warm", BP_DURABLE);
  bp_draft draft = fixture_draft("a new entity", "x");
  uint64_t sequence = 2;
  for (uint64_t n = 1; n < 50; n++) {
    uint64_t digest = sim_digest(sim), failures = fault.failures;
    char entity[32];
    snprintf(entity, sizeof entity, "entity:%d", (int)n);
    draft = fixture_draft(entity, "x");
    memory_fault_arm(&fault, n, 1);
    bp_status status = bp_store_append(store, &draft, NULL, NULL);
    memory_fault_disarm(&fault);
    if (fault.failures == failures) {
      cr_assert_eq(status, BP_OK);
      break;
    }
    cr_assert_eq(status, BP_NO_MEMORY);
    cr_assert_eq(sim_digest(sim), digest);
    cr_assert_eq(fixture_append(store, &draft).sequence, sequence++);
  }
}
