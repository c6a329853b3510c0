/* Tickets of points: each is answered as bp_store_wait would have answered, whatever comes first: the point, the end of the
 * store or of its writer, or nobody who wants to know. */
#include "store/ticket.h"
#include "store/sim_fixture.h"

#include <errno.h>
#include <pthread.h>

static void set_up_written(void) { open_on_sim(BP_WRITTEN); }

TestSuite(awaits, .init = set_up_written, .fini = tear_down, .timeout = 60);

static bp_receipt append(uint8_t durability) {
  bp_draft draft = fixture_draft("e:1", "x");
  draft.durability = durability;
  return fixture_append(store, &draft);
}

static bp_ticket *await(uint32_t watermark, uint64_t sequence) {
  const bp_point point = {0, sequence};
  bp_ticket *ticket;
  MUST(bp_store_await(store, watermark, &point, &ticket, NULL));
  return ticket;
}

static bp_status look(bp_ticket *ticket) { return bp_ticket_wait(ticket, 0, NULL); }

static bp_status redeem(bp_ticket *ticket) {
  size_t count = 5;
  bp_status status = bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL);
  cr_assert_null(bp_ticket_receipts(ticket, &count));
  cr_assert_eq(count, 0);
  bp_ticket_free(ticket);
  return status;
}

static void fail_next_flush(void) {
  sim_add_fault(sim, (sim_fault){.kind = SIM_SYNC, .at = 1, .errno_value = EIO});
  cr_assert_eq(bp_store_sync(store, NULL), BP_SYNC_FAILED);
}

static void reopen(void) { store = fixture_open("store", BP_MODE_MUST_EXIST, &config); }

Test(awaits, are_answered_when_their_point_is_reached) {
  uint64_t sequence = append(BP_WRITTEN).sequence;
  bp_ticket *durable = await(BP_WATERMARK_DURABLE, sequence), *next = await(BP_WATERMARK_VISIBLE, sequence + 1);
  cr_assert_eq(look(durable), BP_WAIT_TIMEOUT);
  cr_assert_eq(look(next), BP_WAIT_TIMEOUT);
  append(BP_WRITTEN);
  MUST(redeem(next));
  cr_assert_eq(look(durable), BP_WAIT_TIMEOUT);
  MUST(bp_store_sync(store, NULL));
  MUST(redeem(durable));
}

Test(awaits, for_what_is_reached_are_answered_at_once_and_need_no_thread) {
  uint64_t sequence = append(BP_DURABLE).sequence;
  bp_ticket *ticket = await(BP_WATERMARK_DURABLE, sequence);
  cr_assert_eq(store->worker.is_running, 0);
  cr_assert_eq(store->awaiting_count, 0);
  MUST(look(ticket));
  MUST(redeem(ticket));
}

Test(awaits, in_any_order_are_answered_by_their_own_points) {
  enum { EVENTS = 5 };
  static const uint64_t order[] = {3, 1, 4, 2, 5, 3};
  bp_ticket *tickets[6];
  for (size_t i = 0; i < 6; i++) tickets[i] = await(BP_WATERMARK_VISIBLE, order[i]);
  for (uint64_t event = 1; event <= EVENTS; event++) {
    cr_assert_eq(append(BP_WRITTEN).sequence, event);
    for (size_t i = 0; i < 6; i++) {
      if (order[i] == event) MUST(bp_ticket_wait(tickets[i], BP_WAIT_FOREVER, NULL));
      if (order[i] > event) cr_assert_eq(look(tickets[i]), BP_WAIT_TIMEOUT);
    }
  }
  cr_assert_eq(store->awaiting_count, 0);
  for (size_t i = 0; i < 6; i++) bp_ticket_free(tickets[i]);
}

/* V-61: a point is reached in time and in sequence.  One that lies ahead in time holds up none behind it. */
Test(awaits, wait_for_both_halves_of_a_point) {
  const bp_point far = {UINT64_MAX, 1};
  bp_ticket *late, *near = await(BP_WATERMARK_VISIBLE, 2);
  MUST(bp_store_await(store, BP_WATERMARK_VISIBLE, &far, &late, NULL));
  for (int i = 0; i < 3; i++) append(BP_WRITTEN);
  MUST(redeem(near));
  cr_assert_eq(look(late), BP_WAIT_TIMEOUT);
  bp_ticket_free(late);
}

Test(awaits, cannot_be_for_anything_else) {
  const bp_point origin = {0, 0};
  bp_ticket *ticket = (bp_ticket *)&config;
  static const uint32_t others[] = {0, BP_WATERMARK_ACCEPTED, BP_WATERMARK_WRITTEN, BP_WATERMARK_EMITTED, 7, UINT32_MAX};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    cr_assert_eq(bp_store_await(store, others[i], &origin, &ticket, NULL), BP_ARGUMENT);
    cr_assert_null(ticket);
  }
  cr_assert_eq(bp_store_await(store, BP_WATERMARK_DURABLE, NULL, &ticket, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_store_await(store, BP_WATERMARK_DURABLE, &origin, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_store_await(NULL, BP_WATERMARK_DURABLE, &origin, &ticket, NULL), BP_ARGUMENT);
  fixture_close(store);
  store = fixture_open("store", BP_MODE_READ_ONLY, &config);
  cr_assert_eq(bp_store_await(store, BP_WATERMARK_DURABLE, &origin, &ticket, NULL), BP_READ_ONLY);
}

/* Behind the flush of the close itself: what that brought about is answered so. */
Test(awaits, are_decided_by_a_close_which_they_do_not_hold_up) {
  bp_ticket *durable = await(BP_WATERMARK_DURABLE, append(BP_WRITTEN).sequence), *applied = await(BP_WATERMARK_APPLIED, 9);
  bp_error error = fixture_error();
  fixture_close(store);
  MUST(look(durable));
  cr_assert_eq(bp_ticket_wait(applied, 0, &error), BP_CLOSED);
  cr_assert_eq(error.code, BP_CLOSED);
  cr_assert_neq(error.text[0], 0);
  bp_ticket_free(durable);
  bp_ticket_free(applied);
  reopen();
}

Test(awaits, are_decided_by_a_release) {
  bp_ticket *durable = await(BP_WATERMARK_DURABLE, append(BP_WRITTEN).sequence), *applied = await(BP_WATERMARK_APPLIED, 9);
  bp_store_release(store);
  MUST(redeem(durable));
  cr_assert_eq(redeem(applied), BP_CLOSED);
  reopen();
}

Test(awaits, in_a_store_that_is_poisoned_are_told) {
  uint64_t sequence = append(BP_WRITTEN).sequence;
  bp_ticket *durable = await(BP_WATERMARK_DURABLE, sequence), *applied = await(BP_WATERMARK_APPLIED, 9);
  bp_error error = fixture_error();
  fail_next_flush();
  cr_assert_eq(redeem(durable), BP_POISONED);
  cr_assert_eq(bp_ticket_wait(applied, BP_WAIT_FOREVER, &error), BP_POISONED);
  cr_assert_neq(error.text[0], 0);
  bp_ticket_free(applied);
  /* V-60: what is reached is reached. */
  bp_ticket *reached = await(BP_WATERMARK_DURABLE, 0), *never = await(BP_WATERMARK_DURABLE, sequence);
  MUST(look(reached));
  cr_assert_eq(look(never), BP_POISONED);
  cr_assert_eq(store->awaiting_count, 0);
  bp_ticket_free(reached);
  bp_ticket_free(never);
  cr_assert_eq(bp_store_close(store, NULL), BP_POISONED);
  sim_clear_faults(sim);
  reopen();
}

Test(awaits, for_what_a_fence_hides_wait_for_its_commit) {
  bp_fence *fence;
  bp_ticket *fenced;
  bp_draft draft = fixture_draft("e:1", "x");
  MUST(bp_fence_begin(store, &fence, NULL));
  MUST(bp_fence_submit(fence, &draft, &fenced, NULL));
  bp_ticket *visible = await(BP_WATERMARK_VISIBLE, 1);
  MUST(bp_store_sync(store, NULL));
  cr_assert_eq(look(visible), BP_WAIT_TIMEOUT);
  MUST(bp_fence_commit(fence, NULL));
  MUST(redeem(visible));
  bp_ticket_free(fenced);
  bp_fence_free(fence);
}

Test(awaits, that_are_dropped_leave_nothing_behind) {
  bp_ticket_free(await(BP_WATERMARK_DURABLE, 9));
  size_t live = fault.live_blocks;
  for (uint64_t i = 0; i < 5000; i++) {
    bp_ticket *first = await(BP_WATERMARK_APPLIED, 9 + i % 7), *second = await(BP_WATERMARK_DURABLE, 9 + i % 3);
    cr_assert_eq(store->awaiting_count, 2);
    bp_ticket_free(i % 2 == 0 ? first : second);
    bp_ticket_free(i % 2 == 0 ? second : first);
  }
  cr_assert_eq(store->awaiting_count, 0);
  cr_assert_eq(fault.live_blocks, live);
}

static void count_it(void *user) { atomic_fetch_add((_Atomic int *)user, 1); }

Test(awaits, tell_as_all_tickets_do) {
  _Atomic int reached = 0, closed = 0, dropped = 0;
  int32_t descriptor;
  bp_ticket *tickets[] = {await(BP_WATERMARK_VISIBLE, 1), await(BP_WATERMARK_APPLIED, 9), await(BP_WATERMARK_VISIBLE, 1)};
  MUST(bp_ticket_notify(tickets[0], count_it, &reached, NULL));
  MUST(bp_ticket_notify(tickets[1], count_it, &closed, NULL));
  MUST(bp_ticket_notify(tickets[2], count_it, &dropped, NULL));
  MUST(bp_ticket_descriptor(tickets[1], &descriptor, NULL));
  bp_ticket_free(tickets[2]);
  append(BP_WRITTEN);
  MUST(redeem(tickets[0]));
  cr_assert_eq(atomic_load(&reached), 1);
  cr_assert_eq(atomic_load(&closed), 0);
  fixture_close(store);
  cr_assert_eq(atomic_load(&closed), 1);
  cr_assert_eq(atomic_load(&dropped), 0);
  cr_assert_eq(redeem(tickets[1]), BP_CLOSED);
  reopen();
}

Test(awaits, without_memory_or_a_thread_are_refused_and_leave_nothing) {
  const bp_point point = {0, 9};
  bp_ticket *ticket = (bp_ticket *)&config;
  memory_fault_arm(&fault, 1, 0);
  cr_assert_eq(bp_store_await(store, BP_WATERMARK_DURABLE, &point, &ticket, NULL), BP_NO_MEMORY);
  cr_assert_null(ticket);
  memory_fault_disarm(&fault);
  pthread_attr_t usual, vast;
  pthread_getattr_default_np(&usual);
  pthread_attr_init(&vast);
  cr_assert_eq(pthread_attr_setstacksize(&vast, (size_t)1 << 46), 0);
  cr_assert_eq(pthread_setattr_default_np(&vast), 0);
  size_t live = fault.live_blocks;
  bp_status status = bp_store_await(store, BP_WATERMARK_DURABLE, &point, &ticket, NULL);
  pthread_setattr_default_np(&usual);
  cr_assert(status == BP_SYSTEM || status == BP_NO_MEMORY, "%s", bp_status_name(status));
  cr_assert_null(ticket);
  cr_assert_eq(fault.live_blocks, live);
  pthread_attr_destroy(&usual);
  pthread_attr_destroy(&vast);
}

Test(awaits, belong_to_the_process_that_got_them) {
  const bp_point point = {0, 9};
  bp_ticket *ticket = await(BP_WATERMARK_APPLIED, 9), *other;
  sim_set_process_id(sim, 2);
  cr_assert_eq(bp_store_await(store, BP_WATERMARK_APPLIED, &point, &other, NULL), BP_FORKED);
  cr_assert_null(other);
  cr_assert_eq(look(ticket), BP_FORKED);
  sim_set_process_id(sim, 1);
  bp_ticket_free(ticket);
}
