/* Fences when something fails: a crash at any call, a call of the system, a flush, a close, the memory. */
#include "support/fenced.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

TestSuite(fence_failures, .init = fenced_set_up, .fini = fenced_tear_down);

/* --- crashes: at every call, with what a disk may keep */

static bp_status (*crash_ending)(bp_fence *, bp_error *);
static size_t crash_states, crash_seen;
static int crash_may_show, crash_must_show;

static void crash_here(void *user) {
  enum { CHOICES = 24 };
  sim_choice choices[CHOICES];
  size_t count = sim_choices(fenced.sim, choices, CHOICES, crash_states);
  static uint64_t last;
  (void)user;
  if (sim_changes(fenced.sim) == last) return;
  last = sim_changes(fenced.sim);
  for (size_t i = 0; i <= count; i++) {
    sim_system *after = i < count ? sim_crashed(fenced.sim, &choices[i]) : sim_clone(fenced.sim);
    bp_config other = fixture_config(BP_MODE_READ_ONLY);
    other.system = sim_table(after);
    bp_store *reader = fixture_open("store", BP_MODE_READ_ONLY, &other);
    cr_assert_eq(fenced_seen_in(reader, "before"), 3, "what was durable before the fence");
    size_t seen = fenced_seen_in(reader, "e:1");
    fixture_close(reader);
    cr_assert(seen == 0 || seen == 4, "%zu of 4 are seen", seen);
    cr_assert(seen == 0 || crash_may_show, "the events of an open fence are seen");
    cr_assert(seen == 4 || !crash_must_show, "a committed fence is lost");
    if (i % 6 == crash_states % 6) cr_assert_eq(fenced_seen_after(after, "e:1"), seen);
    crash_seen += seen == 4;
    crash_states++;
    sim_free(after);
  }
}

static void crash_at_every_call(void) {
  fixture_close(fenced.store);
  fenced.config.segment_max_bytes = 1500;
  fenced.config.durability = BP_WRITTEN;
  fenced.store = fixture_open("store", BP_MODE_MUST_EXIST, &fenced.config);
  for (int i = 0; i < 3; i++) fixture_append_text(fenced.store, "before", "x");
  MUST(bp_store_sync(fenced.store, NULL));
  fixture_append_text(fenced.store, "unflushed", "x");
  sim_set_observer(fenced.sim, crash_here, NULL);
  fenced_begin();
  for (int i = 0; i < 4; i++) fenced_write("e:1", "x");
  crash_may_show = crash_ending == bp_fence_commit;
  MUST(crash_ending(fenced.fence, NULL));
  crash_must_show = crash_may_show;
  crash_here(NULL);
  fixture_append_text(fenced.store, "e:2", "x");
  MUST(bp_store_sync(fenced.store, NULL));
  sim_set_observer(fenced.sim, NULL, NULL);
  cr_assert_gt(crash_states, 200);
  cr_assert_eq(crash_seen > 0, crash_may_show);
}

/* J12: nothing of an open fence is seen after a crash, however the disk was left; a commit is all or nothing. */
/* V-51 */
/* P-041 */
Test(fence_failures, show_all_or_nothing_after_a_crash_in_a_commit, .timeout = 60) {
  crash_ending = bp_fence_commit;
  crash_at_every_call();
}

/* P-041 */
Test(fence_failures, show_nothing_after_a_crash_in_a_cancellation, .timeout = 60) {
  crash_ending = bp_fence_cancel;
  crash_at_every_call();
}

/* --- failing calls: in a commit and in a cancellation, each of them, once and for good */

typedef struct attempt {
  bp_ticket *tickets[2];
  bp_status status;
} attempt;

/* A new store with an open fence behind one event. */
static void prepare(void) {
  fenced_anew();
  fixture_append_text(fenced.store, "before", "x");
  fenced_begin();
}

static int ends_with_failure(uint64_t at, int forever, int commits, attempt *a) {
  prepare();
  a->tickets[0] = fenced_submit_text("e:1", "1");
  a->tickets[1] = fenced_submit_text("e:1", "2");
  fenced_await_written();
  uint64_t calls = sim_calls(fenced.sim, SIM_ANY);
  sim_add_fault(fenced.sim, (sim_fault){.kind = SIM_ANY, .at = at, .errno_value = EIO, .forever = forever});
  a->status = commits ? bp_fence_commit(fenced.fence, NULL) : bp_fence_cancel(fenced.fence, NULL);
  int was_reached = sim_calls(fenced.sim, SIM_ANY) - calls >= at;
  if (a->status != BP_OK) {
    cr_assert(a->status == BP_SYSTEM || a->status == BP_SYNC_FAILED, "%s", bp_status_name(a->status));
    cr_assert_eq(fenced_seen("e:1"), 0);
    bp_draft draft = fixture_draft("e:2", "x");
    bp_status refused = bp_store_append(fenced.store, &draft, NULL, NULL);
    cr_assert(refused == BP_FENCE_ACTIVE || refused == BP_POISONED);
  }
  sim_clear_faults(fenced.sim);
  /* Where a commit could not even be taken back nobody knows; but it is all or nothing. */
  size_t seen = a->status == BP_OK ? 0 : fenced_seen_after_kill("e:1");
  cr_assert(seen == 0 || (commits && seen == 2 && forever && a->status == BP_SYNC_FAILED), "%zu are seen", seen);
  return was_reached;
}

static void end_well(attempt *a, int committed) {
  for (int i = 0; i < 2; i++) {
    bp_status status = bp_ticket_wait(a->tickets[i], BP_WAIT_FOREVER, NULL);
    cr_assert(status == (committed ? BP_OK : BP_FENCE_CANCELLED) || status == BP_SYNC_FAILED, "%s", bp_status_name(status));
    bp_ticket_free(a->tickets[i]);
  }
  cr_assert_eq(fenced_seen("e:1"), committed ? 2 : 0);
  fenced_forget();
  cr_assert_eq(fenced_seen_after_kill("e:1"), committed ? 2 : 0);
}

static void fail_each_call(int commits, int retries) {
  attempt a;
  int failures = 0;
  for (int forever = 0; forever < 2; forever++) {
    for (uint64_t at = 1; ends_with_failure(at, forever, commits, &a); at++) {
      int committed = commits && a.status == BP_OK;
      if (a.status != BP_OK) {
        failures++;
        bp_status status = retries ? bp_fence_commit(fenced.fence, NULL) : bp_fence_cancel(fenced.fence, NULL);
        committed = retries && status == BP_OK;
        if (retries && status == BP_POISONED) status = bp_fence_cancel(fenced.fence, NULL);
        cr_assert_eq(status, BP_OK, "%s", bp_status_name(status));
      }
      end_well(&a, committed);
    }
    end_well(&a, commits);
  }
  cr_assert_gt(failures, 2);
}

/* V-52 */
Test(fence_failures, whose_commit_fails_can_be_committed_again, .timeout = 120) { fail_each_call(1, 1); }
Test(fence_failures, whose_commit_fails_can_be_cancelled, .timeout = 120) { fail_each_call(1, 0); }
Test(fence_failures, whose_cancellation_fails_can_be_cancelled_again, .timeout = 120) { fail_each_call(0, 0); }

/* Each call of a fenced write fails: its ticket says so at once, the fence goes on. */
Test(fence_failures, whose_write_fails_go_on, .timeout = 120) {
  for (uint64_t at = 1; at < 40; at++) {
    prepare();
    sim_add_fault(fenced.sim, (sim_fault){.kind = SIM_ANY, .at = at, .errno_value = ENOSPC});
    bp_ticket *ticket = fenced_submit_text("e:1", "1");
    fenced_await_written();
    bp_status status = bp_ticket_wait(ticket, 0, NULL);
    for (int i = 0; i < 50 && status == BP_WAIT_TIMEOUT; i++) status = bp_ticket_wait(ticket, 1, NULL);
    sim_clear_faults(fenced.sim);
    cr_assert(status == BP_WAIT_TIMEOUT || status == BP_DISK_FULL, "%s", bp_status_name(status));
    cr_assert_eq(fenced_seen_after_kill("e:1"), 0);
    bp_ticket *second = fenced_submit_text("e:1", "2");
    MUST(bp_fence_commit(fenced.fence, NULL));
    cr_assert_eq(fenced_redeem(second), BP_OK);
    cr_assert_eq(fenced_redeem(ticket), status == BP_WAIT_TIMEOUT ? BP_OK : BP_DISK_FULL);
    cr_assert_eq(fenced_seen("e:1"), status == BP_WAIT_TIMEOUT ? 2 : 1);
    cr_assert_eq(fenced_seen_after_kill("e:1"), status == BP_WAIT_TIMEOUT ? 2 : 1);
    fenced_forget();
  }
}

/* A flush that fails takes the tickets of what it lost; the others can still be cancelled, and nothing comes to light. */
Test(fence_failures, of_a_poisoned_store_can_only_be_cancelled) {
  fenced_begin();
  bp_ticket *kept = fenced_submit_text("e:1", "1");
  fenced_await_written();
  MUST(bp_store_sync(fenced.store, NULL));
  bp_ticket *lost = fenced_submit_text("e:1", "2");
  fenced_await_written();
  sim_add_fault(fenced.sim, (sim_fault){.kind = SIM_SYNC, .at = 1, .errno_value = EIO});
  cr_assert_eq(bp_fence_commit(fenced.fence, NULL), BP_SYNC_FAILED);
  cr_assert_eq(fenced_redeem(lost), BP_SYNC_FAILED);
  cr_assert_eq(bp_ticket_wait(kept, 10, NULL), BP_WAIT_TIMEOUT);
  cr_assert_eq(bp_fence_commit(fenced.fence, NULL), BP_POISONED);
  bp_fence *second;
  cr_assert_eq(bp_fence_begin(fenced.store, &second, NULL), BP_POISONED);
  bp_ticket *late = fenced_submit_text("e:1", "3");
  cr_assert_eq(fenced_redeem(late), BP_POISONED);
  cr_assert_eq(fenced_seen_after_kill("e:1"), 0);
  MUST(bp_fence_cancel(fenced.fence, NULL));
  cr_assert_eq(fenced_redeem(kept), BP_FENCE_CANCELLED);
  cr_assert_eq(fenced_seen("e:1"), 0);
  cr_assert_eq(fenced_seen_after_kill("e:1"), 0);
  fenced_forget();
  cr_assert_eq(bp_store_close(fenced.store, NULL), BP_POISONED);
  fenced.store = fixture_open("store", BP_MODE_MUST_EXIST, &fenced.config);
  cr_assert_eq(fenced_seen("e:1"), 0);
  cr_assert_eq(fenced_verdict(), BP_VERDICT_CONSISTENT);
}

Test(fence_failures, that_a_close_cannot_cancel_stay_hidden) {
  fenced_begin();
  bp_ticket *ticket = fenced_submit_text("e:1", "1");
  fenced_await_written();
  sim_add_fault(fenced.sim, (sim_fault){.kind = SIM_RENAME, .at = 1, .errno_value = EIO});
  cr_assert_eq(bp_store_close(fenced.store, NULL), BP_SYSTEM);
  cr_assert_eq(fenced_redeem(ticket), BP_FENCE_CANCELLED);
  cr_assert_eq(bp_fence_commit(fenced.fence, NULL), BP_FENCE_NOT_ACTIVE);
  fenced.store = fixture_open("store", BP_MODE_MUST_EXIST, &fenced.config);
  cr_assert_eq(fixture_stat(fenced.store).clean_close, 0);
  cr_assert_eq(fenced_seen("e:1"), 0);
  fixture_append_text(fenced.store, "e:1", "2");
  cr_assert_eq(fenced_seen("e:1"), 1);
}

static int logged;

static void note_log(void *user, const char *text, size_t length) {
  (void)user;
  cr_assert_eq(strlen(text), length);
  logged++;
}

/* Nobody holds it any more, so the next who writes cancels it. */
Test(fence_failures, that_are_dropped_in_vain_are_cancelled_later) {
  fixture_close(fenced.store);
  fenced.config.log = note_log;
  fenced.store = fixture_open("store", BP_MODE_MUST_EXIST, &fenced.config);
  logged = 0;
  fenced_begin();
  bp_ticket *ticket = fenced_submit_text("e:1", "1");
  fenced_await_written();
  sim_add_fault(fenced.sim, (sim_fault){.kind = SIM_RENAME, .at = 1, .errno_value = EIO, .forever = 1});
  fenced_forget();
  bp_draft draft = fixture_draft("e:2", "x");
  cr_assert_eq(bp_store_append(fenced.store, &draft, NULL, NULL), BP_FENCE_ACTIVE);
  cr_assert_eq(bp_ticket_wait(ticket, 0, NULL), BP_WAIT_TIMEOUT);
  sim_clear_faults(fenced.sim);
  fixture_append(fenced.store, &draft);
  cr_assert_eq(fenced_redeem(ticket), BP_FENCE_CANCELLED);
  cr_assert_eq(logged, 1);
  cr_assert_eq(fenced_seen("e:1"), 0);
  cr_assert_eq(fenced_seen("e:2"), 1);
}

/* --- memory and processes */

static int step_without_memory(int step) {
  bp_draft draft = fixture_draft("another", "1");
  bp_ticket *ticket = NULL;
  switch (step) {
    case 0: return bp_fence_begin(fenced.store, &fenced.fence, NULL);
    case 1: {
      bp_status status = bp_fence_submit(fenced.fence, &draft, &ticket, NULL);
      bp_ticket_free(ticket);
      return status;
    }
    case 2: return bp_fence_commit(fenced.fence, NULL);
    default: return bp_fence_cancel(fenced.fence, NULL);
  }
}

/* Each allocation of each step fails: nothing happened, and the step can be made again. */
Test(fence_failures, without_memory_stay_as_they_are, .timeout = 120) {
  for (int step = 0; step < 4; step++) {
    for (uint64_t at = 1;; at++) {
      if (step > 0) fenced_begin();
      if (step > 1) fenced_write("e:1", "1");
      fenced.fault.failures = 0;
      memory_fault_arm(&fenced.fault, at, 0);
      bp_status status = step_without_memory(step);
      if (step == 1) fenced_await_written();
      memory_fault_disarm(&fenced.fault);
      cr_assert(status == BP_OK || status == BP_NO_MEMORY, "%s", bp_status_name(status));
      if (status == BP_NO_MEMORY && step > 1) MUST(step_without_memory(step));
      uint64_t failures = fenced.fault.failures;
      if (fenced.fence != NULL && step < 2) MUST(bp_fence_cancel(fenced.fence, NULL));
      fenced_forget();
      if (failures == 0) break;
    }
  }
  cr_assert_eq(fenced_verdict(), BP_VERDICT_CONSISTENT);
}

Test(fence_failures, belong_to_the_process_that_began_them) {
  bp_ticket *ticket;
  bp_draft draft = fixture_draft("e:1", "1");
  fenced_begin();
  sim_set_process_id(fenced.sim, 2);
  cr_assert_eq(bp_fence_submit(fenced.fence, &draft, &ticket, NULL), BP_FORKED);
  cr_assert_eq(bp_fence_submit_batch(fenced.fence, &draft, 1, &ticket, NULL), BP_FORKED);
  cr_assert_eq(bp_fence_commit(fenced.fence, NULL), BP_FORKED);
  cr_assert_eq(bp_fence_cancel(fenced.fence, NULL), BP_FORKED);
  cr_assert_eq(bp_fence_begin(fenced.store, &(bp_fence *){NULL}, NULL), BP_FORKED);
  bp_fence_free(fenced.fence);
  sim_set_process_id(fenced.sim, 1);
  fenced_write("e:1", "1");
  MUST(bp_fence_commit(fenced.fence, NULL));
  cr_assert_eq(fenced_seen("e:1"), 1);
}

/* --- fault points */

static uint32_t points_asked;

static int32_t note_point(void *user, uint32_t point, uint64_t batch, uint32_t item, uint32_t items) {
  (void)user, (void)batch, (void)item, (void)items;
  points_asked |= 1u << point;
  return 0;
}

/* docs/faults.md: what is flushed and shown by the commit passes no point of its group's flush and publication. */
Test(fence_failures, pass_no_point_of_a_group_that_is_shown) {
#ifdef BATPAK_FAULT_POINTS
  bp_draft drafts[2] = {fixture_draft("e:1", "2"), fixture_draft("e:1", "3")};
  bp_ticket *ticket;
  fenced.config.fault = note_point;
  fenced_reopen();
  fenced_begin();
  points_asked = 0;
  fenced_write("e:1", "1");
  MUST(bp_fence_submit_batch(fenced.fence, drafts, 2, &ticket, NULL));
  bp_ticket_free(ticket);
  MUST(bp_store_sync(fenced.store, NULL));
  MUST(bp_fence_commit(fenced.fence, NULL));
  cr_assert(points_asked & 1u << BP_FAULT_SINGLE_START && points_asked & 1u << BP_FAULT_SINGLE_WRITTEN);
  cr_assert(points_asked & 1u << BP_FAULT_BATCH_START && points_asked & 1u << BP_FAULT_BATCH_COMMIT_WRITTEN);
  cr_assert_not(points_asked & (1u << BP_FAULT_SINGLE_PUBLISHED | 1u << BP_FAULT_BATCH_FSYNC | 1u << BP_FAULT_BATCH_PRE_PUBLISH));
  cr_assert_eq(fenced_seen("e:1"), 3);
#else
  (void)note_point;
#endif
}
