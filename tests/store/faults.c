/* The fault points (store-write.md 13.1, 13.2): where each comes, what an abort there leaves in the process, after a reopen
 * and after a crash, and what a process that dies there leaves.  docs/faults.md has the table. */
#include "support/sim.h"
#include "support/store_fixture.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int32_t never_asked(void *user, uint32_t point, uint64_t batch, uint32_t item, uint32_t items) {
  (void)user, (void)point, (void)batch, (void)item, (void)items;
  abort();
}

#ifndef BATPAK_FAULT_POINTS

Test(faults, a_build_without_fault_points_refuses_the_function) {
  char path[TEMPORARY_PATH_MAX], inside[TEMPORARY_PATH_MAX + 8];
  bp_config config = fixture_config(BP_MODE_CREATE);
  bp_error error = fixture_error();
  bp_store *store;
  temporary_create(path);
  fixture_join(inside, sizeof inside, path, "store");
  config.fault = never_asked;
  cr_assert_eq(bp_store_open(inside, &config, &store, &error), BP_UNSUPPORTED);
  cr_assert_not_null(strstr(error.text, "BATPAK_FAULT_POINTS"));
  cr_assert_not(fixture_exists(path, "store"), "nothing was touched");
  temporary_remove(path);
}

#else

enum { ITEMS = 3, ANSWER = 7, LAST_POINT = BP_FAULT_BATCH_PRE_PUBLISH, HEARD_MAX = 64, ROOM = 8192 };

typedef struct asked {
  uint32_t point;
  uint64_t batch;
  uint32_t item;
  uint32_t items;
} asked;

static sim_system *sim;
static bp_store *store;
static bp_config config;
static bp_draft drafts[ITEMS];
static bp_receipt receipts[ITEMS];
static bp_error error;
static asked heard[HEARD_MAX];
static size_t heard_count;

/* What the function does. */
static uint32_t fails_at;     /* the point */
static uint32_t fails_item;   /* its item */
static uint32_t fails_first;  /* so many calls at the point pass */
static int32_t answers;
static uint32_t dies_at;      /* there a copy of the machine is taken */
static sim_system *killed;    /* the process is dead, the machine lives */
static sim_system *cut;       /* and so is the machine, with all lost that was not flushed */
static void (*meanwhile)(void);

static int32_t point_reached(void *user, uint32_t point, uint64_t batch, uint32_t item, uint32_t items) {
  cr_assert_eq(user, &config);
  cr_assert_lt(heard_count, HEARD_MAX);
  heard[heard_count++] = (asked){point, batch, item, items};
  void (*now)(void) = meanwhile;
  meanwhile = NULL;
  if (now != NULL) now();
  if (point == dies_at && killed == NULL && item == fails_item) {
    killed = sim_clone(sim);
    cut = sim_crashed(sim, &(sim_choice){.kind = SIM_ALL_LOST});
  }
  if (point != fails_at || item != fails_item) return 0;
  if (fails_first > 0) {
    fails_first--;
    return 0;
  }
  return answers;
}

static void begin_with(uint64_t room) {
  sim = sim_new();
  config = fixture_config(BP_MODE_CREATE);
  config.system = sim_table(sim);
  config.fault = point_reached;
  config.fault_user = &config;
  config.preallocate_bytes = room;
  store = fixture_open("store", BP_MODE_CREATE, &config);
  for (int i = 0; i < ITEMS; i++) {
    drafts[i] = fixture_draft("e:1", "payload");
    receipts[i] = fixture_receipt();
  }
  error = fixture_error();
  fails_at = fails_item = fails_first = dies_at = 0;
  answers = ANSWER;
  heard_count = 0;
}

static void begin(void) { begin_with(ROOM); }

static void end(void) {
  bp_store_release(store);
  fixture_free_pages();
  cr_assert_eq(sim_open_files(sim), 0);
  cr_assert_eq(sim_misuses(sim), 0);
  sim_free(sim);
  if (killed != NULL) sim_free(killed);
  if (cut != NULL) sim_free(cut);
  killed = cut = NULL;
}

TestSuite(faults, .init = begin, .fini = end, .timeout = 60);

static bp_frontier frontier_of(const bp_store *of) {
  bp_frontier frontier = {.struct_size = sizeof frontier};
  MUST(bp_store_frontier(of, &frontier, NULL));
  return frontier;
}

static int is_single(uint32_t point) { return point <= BP_FAULT_SINGLE_PUBLISHED; }

static bp_status write_once(uint32_t point) {
  return is_single(point) ? bp_store_append(store, &drafts[0], &receipts[0], &error)
                          : bp_store_append_batch(store, drafts, ITEMS, receipts, &error);
}

static void assert_fault(bp_status status, uint32_t point) {
  cr_assert_eq(status, BP_FAULT, "%s: %s", bp_status_name(status), error.text);
  cr_assert_eq(error.code, BP_FAULT);
  cr_assert_eq(error.expected, point);
  cr_assert_eq(error.actual, ANSWER);
}

/* Events but the store's own, in a store that is opened anew; all of it is consistent, and the numbers have no gap. */
static size_t events_on(sim_system *machine) {
  bp_config later = fixture_config(BP_MODE_MUST_EXIST);
  later.system = sim_table(machine);
  bp_store *again = fixture_open("store", BP_MODE_MUST_EXIST, &later);
  size_t count, mine = 0;
  const bp_event *events;
  bp_page *page = fixture_page(again, NULL, &events, &count);
  for (size_t i = 0; i < count; i++) {
    cr_assert_eq(events[i].sequence, i);
    if (fixture_text_is(events[i].entity, events[i].entity_length, "e:1")) mine++;
  }
  bp_page_free(page);
  bp_report *report = fixture_verify(again, NULL);
  cr_assert_eq(fixture_verdict(report).verdict, BP_VERDICT_CONSISTENT);
  bp_report_free(report);
  bp_receipt next = fixture_append_text(again, "e:2", "next");
  cr_assert_eq(next.sequence, count);
  fixture_close(again);
  return mine;
}

static size_t events_after(sim_system *after) {
  size_t mine = events_on(after);
  sim_free(after);
  return mine;
}

/* --- the table */

typedef struct row {
  uint32_t point;
  uint32_t item;
  int poisons;
  /* Is it there?  After an abort: */
  int in_process;
  int after_drop;    /* the store released and opened again */
  int after_cut;     /* the machine dead instead, with all lost that was not flushed */
  /* A process that dies at the point, and its machine: */
  int after_kill;
  int after_kill_and_cut;
  /* The reference (13.2): in process, drop and reopen, process dead at the point. */
  int reference[3];
} row;

/* V-80: a flush that was kept from happening leaves the batch on the disk here; there a footer without it is written. */
static const row rows[] = {
    {BP_FAULT_SINGLE_START, 0, 0, 0, 0, 0, 0, 0, {0, 0, 0}},
    {BP_FAULT_SINGLE_WRITTEN, 0, 0, 0, 0, 0, 1, 0, {0, 0, 1}},
    {BP_FAULT_SINGLE_PUBLISHED, 0, 0, 1, 1, 1, 1, 1, {1, 1, 1}},
    {BP_FAULT_BATCH_START, 0, 0, 0, 0, 0, 0, 0, {0, 0, 0}},
    {BP_FAULT_BATCH_BEGIN_WRITTEN, 0, 0, 0, 0, 0, 0, 0, {0, 0, 0}},
    {BP_FAULT_BATCH_ITEM_WRITTEN, 0, 0, 0, 0, 0, 0, 0, {0, 0, 0}},
    {BP_FAULT_BATCH_ITEM_WRITTEN, 1, 0, 0, 0, 0, 0, 0, {0, 0, 0}},
    {BP_FAULT_BATCH_ITEM_WRITTEN, 2, 0, 0, 0, 0, 0, 0, {0, 0, 0}},
    {BP_FAULT_BATCH_ITEMS_COMPLETE, 0, 0, 0, 0, 0, 0, 0, {0, 0, 0}},
    {BP_FAULT_BATCH_COMMIT_WRITTEN, 0, 0, 0, 0, 0, 1, 0, {0, 0, 1}},
    {BP_FAULT_BATCH_FSYNC, 0, 1, 0, 1, 0, 1, 0, {0, 0, 1}},
    {BP_FAULT_BATCH_PRE_PUBLISH, 0, 1, 0, 1, 1, 1, 1, {0, 1, 1}},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static size_t wanted(const row *r, int is_there) { return !is_there ? 0 : is_single(r->point) ? 1 : ITEMS; }

/* What comes after an abort: four appends with the numbers that follow what is there, or a store that refuses. */
static void go_on(const row *r) {
  bp_stat stat = fixture_stat(store);
  cr_assert_eq((int)stat.poisoned, r->poisons);
  cr_assert_eq(stat.last_sequence, wanted(r, r->in_process));
  fails_at = 0;
  for (uint64_t i = 0; i < 4; i++) {
    bp_status status = bp_store_append(store, &drafts[1], &receipts[1], &error);
    if (r->poisons) {
      cr_assert_eq(status, BP_POISONED);
    } else {
      cr_assert_eq(status, BP_OK);
      cr_assert_eq(receipts[1].sequence, stat.last_sequence + 1 + i, "no number is burned");
      cr_assert_eq(receipts[1].durable, 1);
    }
  }
}

static void check_abort(const row *r) {
  const uint64_t digest = sim_digest(sim);
  const bp_frontier before = frontier_of(store);
  fails_at = r->point;
  fails_item = r->item;
  assert_fault(write_once(r->point), r->point);
  cr_assert_eq(error.offset, r->item);
  cr_assert_eq(receipts[0].frame_length, 0, "no receipt is filled");
  cr_assert_eq(fixture_count(store, NULL), 1 + wanted(r, r->in_process));
  const bp_frontier after = frontier_of(store);
  if (!r->in_process) cr_assert_eq(memcmp(&before, &after, sizeof after), 0, "the watermarks are where they were");
  if (!r->after_drop && config.preallocate_bytes == 0) cr_assert_eq(sim_digest(sim), digest, "the disk is as it was");
}

/* A row of the table: an abort, and what it leaves. */
static void check_row(const row *r) {
  check_abort(r);
  cr_assert_eq(events_after(sim_crashed(sim, &(sim_choice){.kind = SIM_ALL_LOST})), wanted(r, r->after_cut));
  cr_assert_eq(events_after(sim_crashed(sim, &(sim_choice){.kind = SIM_ALL_KEPT})), wanted(r, r->after_drop));
  size_t more = r->poisons ? 0 : 4;
  go_on(r);
  cr_assert_eq(events_after(sim_crashed(sim, &(sim_choice){.kind = SIM_ALL_LOST})), wanted(r, r->after_cut) + more);
  bp_store_release(store);
  store = NULL;
  cr_assert_eq(events_on(sim), wanted(r, r->after_drop) + more);
}

/* The same row once more: the process, or the machine, dies at the point. */
static void check_death(const row *r) {
  dies_at = r->point;
  fails_item = r->item;
  MUST(write_once(r->point));
  cr_assert_not_null(killed);
  cr_assert_eq(events_on(killed), wanted(r, r->after_kill), "killed");
  cr_assert_eq(events_on(cut), wanted(r, r->after_kill_and_cut), "cut");
}

/* P-007, P-008, P-063 */
Test(faults, what_an_abort_leaves_at_each_point) {
  for (size_t i = 0; i < (size_t)2 * ROWS; i++) {
    end();
    begin_with(i < ROWS ? ROOM : 0);
    check_row(&rows[i % ROWS]);
  }
}

/* P-007, P-064 */
Test(faults, what_a_death_leaves_at_each_point) {
  for (size_t i = 0; i < (size_t)2 * ROWS; i++) {
    end();
    begin_with(i < ROWS ? ROOM : 0);
    check_death(&rows[i % ROWS]);
  }
}

/* V-80 */
Test(faults, the_rows_are_those_of_the_reference_but_for_a_flush_that_was_kept_from_happening) {
  for (size_t i = 0; i < ROWS; i++) {
    const row *r = &rows[i];
    cr_assert_eq(r->in_process, r->reference[0]);
    cr_assert_eq(r->after_kill, r->reference[2]);
    cr_assert_eq(r->after_drop != r->reference[1], r->point == BP_FAULT_BATCH_FSYNC);
  }
}

/* --- what passes which points */

static int is_same(asked a, asked b) {
  return a.point == b.point && a.batch == b.batch && a.item == b.item && a.items == b.items;
}

static void assert_heard(const asked *what, size_t count) {
  cr_assert_eq(heard_count, count);
  for (size_t i = 0; i < count; i++) {
    cr_assert(is_same(heard[i], what[i]), "call %zu: point %u of %llu, item %u of %u", i,
                 heard[i].point, (unsigned long long)heard[i].batch, heard[i].item, heard[i].items);
  }
  heard_count = 0;
}

Test(faults, the_points_come_in_their_order_with_the_numbers_to_come) {
  cr_assert_eq(heard_count, 0, "the open event passes none");
  MUST(bp_store_append(store, &drafts[0], NULL, NULL));
  assert_heard((const asked[]){{1, 1, 0, 1}, {2, 1, 0, 1}, {3, 1, 0, 1}}, 3);
  MUST(bp_store_append_batch(store, drafts, ITEMS, NULL, NULL));
  assert_heard((const asked[]){{4, 2, 0, 3}, {5, 2, 0, 3}, {6, 2, 0, 3}, {6, 2, 1, 3}, {6, 2, 2, 3}, {7, 2, 0, 3},
                               {8, 2, 0, 3}, {9, 2, 0, 3}, {10, 2, 0, 3}}, 9);
  MUST(bp_store_sync(store, NULL));
  MUST(bp_store_append_batch(store, NULL, 0, NULL, NULL));
  fixture_close(store);
  assert_heard(NULL, 0);
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
}

Test(faults, a_known_key_passes_none) {
  for (int i = 0; i < ITEMS; i++) fixture_give_key(&drafts[i], (uint64_t)i + 1);
  MUST(bp_store_append_batch(store, drafts, ITEMS, receipts, NULL));
  heard_count = 0;
  MUST(bp_store_append_batch(store, drafts, ITEMS, receipts, NULL));
  MUST(bp_store_append(store, &drafts[0], receipts, NULL));
  cr_assert_eq(receipts[0].replayed, 1);
  assert_heard(NULL, 0);
}

Test(faults, what_is_refused_for_another_reason_passes_none) {
  drafts[0].expect = BP_EXPECT_CLOCK;
  drafts[0].expect_clock = 9;
  cr_assert_eq(bp_store_append(store, &drafts[0], NULL, NULL), BP_EXPECTED_CLOCK);
  cr_assert_eq(bp_store_append_batch(store, drafts, ITEMS, NULL, NULL), BP_BATCH_EXPECTATION);
  assert_heard(NULL, 0);
}

Test(faults, any_other_answer_than_0_aborts_and_is_told) {
  static const int32_t values[] = {1, -1, INT32_MIN, INT32_MAX};
  fails_at = BP_FAULT_SINGLE_START;
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    answers = values[i];
    cr_assert_eq(bp_store_append(store, &drafts[0], NULL, &error), BP_FAULT);
    cr_assert_eq((int64_t)error.actual, values[i]);
    cr_assert_not_null(strstr(error.text, "SINGLE_START"));
  }
  cr_assert_eq(bp_store_append(store, &drafts[0], NULL, NULL), BP_FAULT, "who wants no error gets none");
}

/* --- many events, many callers: one write */

static size_t append_many(void) {
  size_t accepted = 99;
  assert_fault(bp_store_append_many(store, drafts, ITEMS, receipts, &accepted, &error), fails_at);
  return accepted;
}

Test(faults, of_many_events_those_before_the_abort_at_the_start_stay) {
  fails_at = BP_FAULT_SINGLE_START;
  fails_first = 1;
  cr_assert_eq(append_many(), 1);
  cr_assert_eq(fixture_count(store, NULL), 2);
}

Test(faults, of_many_events_that_were_written_at_once_none_stays) {
  fails_at = BP_FAULT_SINGLE_WRITTEN;
  fails_first = 1;
  cr_assert_eq(append_many(), 0);
  cr_assert_eq(fixture_count(store, NULL), 1);
  fails_at = 0;
  cr_assert_eq(fixture_append(store, &drafts[0]).sequence, 1);
}

Test(faults, of_many_published_events_all_stay_and_those_before_the_abort_are_told_of) {
  fails_at = BP_FAULT_SINGLE_PUBLISHED;
  fails_first = 1;
  cr_assert_eq(append_many(), 1);
  cr_assert_eq(receipts[0].sequence, 1);
  cr_assert_eq(receipts[1].frame_length, 0);
  cr_assert_eq(fixture_count(store, NULL), 4);
}

static bp_ticket *tickets[2];

static void submit_one(bp_ticket **ticket) { MUST(bp_store_submit(store, &drafts[0], ticket, NULL)); }
static void submit_batch(bp_ticket **ticket) { MUST(bp_store_submit_batch(store, drafts, ITEMS, ticket, NULL)); }

static void *submit_two(void *user) {
  (void)user;
  submit_one(&tickets[0]);
  submit_one(&tickets[1]);
  return NULL;
}

static void *submit_with_batch(void *user) {
  (void)user;
  submit_batch(&tickets[0]);
  submit_one(&tickets[1]);
  return NULL;
}

/* While an append is under way two others queue up behind it: they will share a group. */
static void submit_in_a_thread(void *(*submit)(void *user)) {
  pthread_t thread;
  cr_assert_eq(pthread_create(&thread, NULL, submit, NULL), 0);
  pthread_join(thread, NULL);
}

static void submit_meanwhile(void) { submit_in_a_thread(submit_two); }
static void submit_batch_meanwhile(void) { submit_in_a_thread(submit_with_batch); }

static void assert_tickets(bp_status first, bp_status second) {
  cr_assert_eq(bp_ticket_wait(tickets[0], BP_WAIT_FOREVER, NULL), first);
  cr_assert_eq(bp_ticket_wait(tickets[1], BP_WAIT_FOREVER, NULL), second);
  bp_ticket_free(tickets[0]);
  bp_ticket_free(tickets[1]);
}

Test(faults, callers_that_share_a_write_share_its_abort) {
  meanwhile = submit_meanwhile;
  fails_at = BP_FAULT_SINGLE_WRITTEN;
  fails_first = 2;
  MUST(bp_store_append(store, &drafts[0], NULL, NULL));
  assert_tickets(BP_FAULT, BP_FAULT);
  cr_assert_eq(fixture_count(store, NULL), 2);
}

Test(faults, callers_that_share_a_group_do_not_share_an_abort_before_or_behind_the_write) {
  static const struct {
    uint32_t point;
    size_t events;
  } cases[] = {{BP_FAULT_SINGLE_START, 3}, {BP_FAULT_SINGLE_PUBLISHED, 4}};
  for (size_t i = 0; i < 2; i++) {
    meanwhile = submit_meanwhile;
    fails_at = cases[i].point;
    fails_first = 2;
    MUST(bp_store_append(store, &drafts[0], NULL, NULL));
    assert_tickets(BP_OK, BP_FAULT);
    cr_assert_eq(fixture_count(store, NULL), cases[i].events);
    end();
    begin();
  }
}

Test(faults, a_batch_that_is_not_flushed_or_published_takes_its_group_along) {
  for (uint32_t point = BP_FAULT_BATCH_FSYNC; point <= BP_FAULT_BATCH_PRE_PUBLISH; point++) {
    meanwhile = submit_batch_meanwhile;
    fails_at = point;
    MUST(bp_store_append(store, &drafts[0], NULL, NULL));
    assert_tickets(BP_FAULT, BP_FAULT);
    cr_assert_eq(fixture_count(store, NULL), 2, "what was answered well stays");
    cr_assert_eq(bp_store_sync(store, NULL), BP_POISONED);
    cr_assert_eq(frontier_of(store).durable.sequence, 1);
    cr_assert_eq(bp_store_close(store, NULL), BP_POISONED);
    store = NULL;
    cr_assert_eq(events_on(sim), 2 + ITEMS);
    end();
    begin();
  }
}

/* The flush that seals a full segment covers the batch that filled it: it is asked for before that one. */
Test(faults, a_batch_that_a_rotation_flushes_is_asked_for_before_it) {
  fixture_close(store);
  config.segment_max_bytes = 1;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  drafts[0].durability = BP_WRITTEN;
  meanwhile = submit_batch_meanwhile;
  fails_at = BP_FAULT_BATCH_FSYNC;
  MUST(bp_store_append(store, &drafts[0], NULL, NULL));
  assert_tickets(BP_FAULT, BP_FAULT);
  cr_assert_eq(heard[heard_count - 1].point, BP_FAULT_BATCH_FSYNC);
}

Test(faults, what_cannot_be_taken_back_poisons) {
  sim_add_fault(sim, (sim_fault){.kind = SIM_TRUNCATE, .at = 1, .errno_value = 5});
  fails_at = BP_FAULT_SINGLE_WRITTEN;
  cr_assert_eq(bp_store_append(store, &drafts[0], NULL, &error), BP_SYNC_FAILED);
  cr_assert_eq(bp_store_append(store, &drafts[0], NULL, &error), BP_POISONED);
}

/* --- behind a fence */

static bp_fence *fence;

static void submit_fenced(void) {
  MUST(bp_fence_begin(store, &fence, NULL));
  MUST(bp_fence_submit(fence, &drafts[0], &tickets[0], NULL));
  MUST(bp_fence_submit_batch(fence, drafts, ITEMS, &tickets[1], NULL));
}

Test(faults, behind_a_fence_come_the_points_up_to_the_write) {
  fixture_close(store);
  config.sync_every_events = 1; /* flushed at once, but not for the batch's sake */
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  const uint64_t first = fixture_stat(store).last_sequence + 1;
  submit_fenced();
  MUST(bp_fence_commit(fence, NULL));
  bp_fence_free(fence);
  assert_tickets(BP_OK, BP_OK);
  size_t singles = 0, batches = 0;
  for (size_t i = 0; i < heard_count; i++) {
    if (is_single(heard[i].point)) {
      cr_assert(is_same(heard[i], (asked){(uint32_t)++singles, first, 0, 1}));
    } else {
      cr_assert_eq(heard[i].batch, first + 1);
      cr_assert_leq(heard[i].point, (uint32_t)BP_FAULT_BATCH_COMMIT_WRITTEN);
      batches++;
    }
  }
  cr_assert_eq(singles, (size_t)BP_FAULT_SINGLE_WRITTEN);
  cr_assert_eq(batches, (size_t)4 + ITEMS);
  cr_assert_eq(fixture_count(store, NULL), first + 1 + ITEMS);
}

/* An abort there is told before the fence ends.  The other ticket may have shared the write. */
static void check_fenced_abort(uint32_t point) {
  const size_t aborted = is_single(point) ? 0 : 1, other = 1 - aborted;
  bp_ticket *later;
  fails_at = point;
  submit_fenced();
  cr_assert_eq(bp_ticket_wait(tickets[aborted], BP_WAIT_FOREVER, NULL), BP_FAULT);
  fails_at = 0;
  MUST(bp_fence_submit(fence, &drafts[0], &later, NULL));
  MUST(bp_fence_commit(fence, NULL));
  bp_fence_free(fence);
  MUST(bp_ticket_wait(later, BP_WAIT_FOREVER, NULL));
  bp_ticket_free(later);
  bp_status status = bp_ticket_wait(tickets[other], BP_WAIT_FOREVER, NULL);
  if (point != BP_FAULT_SINGLE_WRITTEN && point != BP_FAULT_BATCH_COMMIT_WRITTEN) cr_assert_eq(status, BP_OK);
  size_t mine = 1 + (status != BP_OK ? 0 : other == 1 ? (size_t)ITEMS : 1);
  bp_ticket_free(tickets[0]);
  bp_ticket_free(tickets[1]);
  cr_assert_eq(fixture_count(store, NULL), 1 + mine);
  bp_store_release(store);
  store = NULL;
  cr_assert_eq(events_on(sim), mine);
}

Test(faults, an_abort_behind_a_fence_is_told_at_once_and_the_fence_goes_on) {
  static const uint32_t points[] = {BP_FAULT_SINGLE_START,       BP_FAULT_SINGLE_WRITTEN,       BP_FAULT_BATCH_START,
                                    BP_FAULT_BATCH_ITEM_WRITTEN, BP_FAULT_BATCH_ITEMS_COMPLETE, BP_FAULT_BATCH_COMMIT_WRITTEN};
  for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
    check_fenced_abort(points[i]);
    end();
    begin();
  }
}

/* --- a function that reads, and one that ends the process */

static size_t seen[LAST_POINT + 1];
static bp_frontier stood[LAST_POINT + 1];

static int32_t look(void *user, uint32_t point, uint64_t batch, uint32_t item, uint32_t items) {
  (void)user, (void)batch, (void)item, (void)items;
  if (store == NULL) return 0;
  seen[point] = fixture_count(store, NULL);
  stood[point] = frontier_of(store);
  return 0;
}

static void open_with_look(void) {
  fixture_close(store);
  config.fault = look;
  store = NULL;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
}

/* 13.3 atomic_batch: before they are published readers see only older events. */
/* P-009 */
Test(faults, the_function_may_read_and_sees_what_readers_see) {
  open_with_look();
  const size_t before = fixture_count(store, NULL);
  MUST(bp_store_append(store, &drafts[0], NULL, NULL));
  MUST(bp_store_append_batch(store, drafts, ITEMS, NULL, NULL));
  cr_assert_eq(seen[BP_FAULT_SINGLE_START], before);
  cr_assert_eq(seen[BP_FAULT_SINGLE_WRITTEN], before);
  cr_assert_eq(seen[BP_FAULT_SINGLE_PUBLISHED], before + 1);
  for (uint32_t point = BP_FAULT_BATCH_START; point <= LAST_POINT; point++) cr_assert_eq(seen[point], before + 1);
}

/* V-94.  13.3 durable_frontier_semantics: where the watermarks stand at the points of one append. */
/* P-056 */
Test(faults, the_watermarks_move_with_the_group_and_not_between_its_points) {
  open_with_look();
  const bp_frontier before = frontier_of(store);
  drafts[0].durability = BP_WRITTEN;
  MUST(bp_store_append(store, &drafts[0], NULL, NULL));
  for (uint32_t point = BP_FAULT_SINGLE_START; point <= BP_FAULT_SINGLE_PUBLISHED; point++) {
    cr_assert_eq(memcmp(&stood[point], &before, sizeof before), 0, "point %u", point);
  }
  const bp_frontier after = frontier_of(store);
  cr_assert(after.written.sequence == after.accepted.sequence && after.visible.sequence == after.accepted.sequence);
  cr_assert_eq(after.accepted.sequence, before.accepted.sequence + 1);
  cr_assert_eq(after.durable.sequence, before.durable.sequence);
}

static int32_t leave(void *user, uint32_t point, uint64_t batch, uint32_t item, uint32_t items) {
  (void)batch, (void)items;
  const row *r = user;
  if (point == r->point && item == r->item) _exit(ANSWER);
  return 0;
}

static void die(const char *path, const row *r) {
  bp_config dying = fixture_config(BP_MODE_CREATE);
  dying.fault = leave;
  dying.fault_user = (void *)(uintptr_t)r;
  store = fixture_open(path, BP_MODE_CREATE, &dying);
  (void)write_once(r->point);
  _exit(0);
}

Test(faults, the_function_may_end_the_process) {
  for (size_t i = 0; i < ROWS; i++) {
    char path[TEMPORARY_PATH_MAX];
    int status;
    temporary_create(path);
    pid_t child = fork();
    if (child == 0) die(path, &rows[i]);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == ANSWER);
    bp_store *again = fixture_open(path, BP_MODE_MUST_EXIST, NULL);
    cr_assert_eq(fixture_count(again, NULL), 2 + wanted(&rows[i], rows[i].after_kill));
    fixture_close(again);
    temporary_remove(path);
  }
}

Test(faults, a_store_opened_read_only_asks_nobody) {
  fixture_close(store);
  config.fault = never_asked;
  store = fixture_open("store", BP_MODE_READ_ONLY, &config);
  cr_assert_eq(fixture_count(store, NULL), 2);
}

#endif
