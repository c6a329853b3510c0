/* How full the queue of the tickets may become: who waits for room, who is told to come again. */
#include "store/queue_fixture.h"

#include <poll.h>
#include <pthread.h>

TestSuite(pressure, .init = set_up, .fini = tear_down);

/* The sequence; the ticket is freed. */
static uint64_t redeem(bp_ticket *ticket) {
  MUST(bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL));
  uint64_t sequence = bp_ticket_receipts(ticket, NULL)->sequence;
  bp_ticket_free(ticket);
  return sequence;
}

/* 13.3 control_plane_surface: pressure helper bounds. */
/* P-044 */
Test(pressure, press_as_many_as_are_queued) {
  static const struct {
    uint32_t capacity, percent;
    uint64_t threshold;
  } cases[] = {{8, 50, 4}, {8, 100, 8}, {1, 1, 1}, {3, 50, 2}, {4096, 75, 3072}, {10, 1, 1}, {UINT32_MAX, 100, UINT32_MAX}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    open_with_clock(cases[i].capacity, cases[i].percent);
    bp_pressure idle = pressure_now();
    cr_assert_eq(idle.queued, 0);
    cr_assert_eq(idle.capacity, cases[i].capacity);
    cr_assert_eq(idle.threshold, cases[i].threshold);
  }
  bp_pressure small = {.struct_size = 8};
  cr_assert_eq(bp_store_pressure(store, &small, NULL), BP_STRUCT_SIZE);
  open_with_clock(8, 50);
  bp_ticket *tickets[5];
  held_stop();
  for (uint64_t i = 0; i < 5; i++) {
    tickets[i] = submit_text("e", "x");
    cr_assert_eq(pressure_now().queued, i + 1);
  }
  held_go_on();
  for (size_t i = 0; i < 5; i++) {
    (void)redeem(tickets[i]);
  }
  cr_assert_eq(pressure_now().queued, 0);
}

static bp_outcome try_submit(size_t batch, bp_ticket **ticket) {
  bp_draft drafts[2] = {fixture_draft("e", "1"), fixture_draft("e", "2")};
  bp_outcome outcome;
  MUST(bp_outcome_init(&outcome, sizeof outcome));
  MUST(batch > 0 ? bp_store_try_submit_batch(store, drafts, batch, ticket, &outcome, NULL)
                 : bp_store_try_submit(store, drafts, ticket, &outcome, NULL));
  return outcome;
}

/* 13.3 control_plane_surface: try_submit and try_submit_batch reach Retry under pressure (capacity 8, 50 %). */
/* V-58 */
/* P-042 */
Test(pressure, are_to_be_tried_again_under_pressure) {
  bp_ticket *tickets[4], *refused = NULL;
  open_with_clock(8, 50);
  held_stop();
  for (size_t i = 0; i < 4; i++) {
    bp_outcome outcome = try_submit(i == 2 ? 2 : 0, &tickets[i]);
    cr_assert_eq(outcome.type, BP_OUTCOME_OK);
    cr_assert_not_null(tickets[i]);
  }
  for (size_t batch = 0; batch < 3; batch += 2) {
    bp_outcome outcome = try_submit(batch, &refused);
    cr_assert_eq(outcome.type, BP_OUTCOME_RETRY);
    cr_assert_eq(outcome.after_ms, 10);
    cr_assert_eq(outcome.attempt, 1);
    cr_assert_eq(outcome.max_attempts, 1);
    cr_assert_null(outcome.message);
    cr_assert_eq(outcome.message_length, strlen(outcome.text));
    cr_assert_not_null(strchr(outcome.text, '4'), "it does not say how many are queued");
    cr_assert_not_null(strchr(outcome.text, '8'), "nor how many could be");
    cr_assert_null(refused);
  }
  cr_assert_eq(pressure_now().queued, 4);
  held_go_on();
  for (size_t i = 0; i < 4; i++) {
    (void)redeem(tickets[i]);
  }
}

/* P-042 */
Test(pressure, of_a_try_are_cancelled_by_a_fence) {
  bp_fence *fence;
  bp_ticket *ticket;
  MUST(bp_fence_begin(store, &fence, NULL));
  for (size_t batch = 0; batch < 3; batch += 2) {
    bp_outcome outcome = try_submit(batch, &ticket);
    cr_assert_eq(outcome.type, BP_OUTCOME_CANCELLED);
    cr_assert_gt(outcome.message_length, 0);
    cr_assert_null(ticket);
  }
  MUST(bp_fence_commit(fence, NULL));
  bp_fence_free(fence);
  cr_assert_eq(try_submit(0, &ticket).type, BP_OUTCOME_OK);
  (void)redeem(ticket);
}

Test(pressure, of_a_try_that_is_refused_take_no_place) {
  bp_outcome outcome;
  bp_ticket *ticket;
  bp_draft draft = fixture_draft("", "x");
  MUST(bp_outcome_init(&outcome, sizeof outcome));
  cr_assert_eq(bp_store_try_submit(store, &draft, &ticket, &outcome, NULL), BP_ENTITY_EMPTY);
  cr_assert_null(ticket);
  draft = fixture_draft("e", "x");
  memory_fault_arm(&fault, 1, 0);
  cr_assert_eq(bp_store_try_submit(store, &draft, &ticket, &outcome, NULL), BP_NO_MEMORY);
  memory_fault_disarm(&fault);
  cr_assert_eq(bp_store_try_submit(store, &draft, NULL, &outcome, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_store_try_submit(store, &draft, &ticket, NULL, NULL), BP_ARGUMENT);
  outcome.struct_size = 8;
  cr_assert_eq(bp_store_try_submit(store, &draft, &ticket, &outcome, NULL), BP_STRUCT_SIZE);
  cr_assert_eq(pressure_now().queued, 0);
}

static void *submit_one_more(void *user) {
  *(bp_ticket **)user = submit_text("late", "x");
  return NULL;
}

/* The one that waits for room is inside the store: a strict close says so. */
Test(pressure, wait_for_room_where_the_queue_is_full) {
  bp_ticket *tickets[3];
  pthread_t thread;
  open_with_clock(2, 100);
  held_stop();
  tickets[0] = submit_text("e", "0");
  tickets[1] = submit_text("e", "1");
  held_await_leader();
  cr_assert_eq(pthread_create(&thread, NULL, submit_one_more, &tickets[2]), 0);
  bp_error error = fixture_error();
  poll(NULL, 0, 30);
  cr_assert_eq(pressure_now().queued, 2, "it did not wait");
  cr_assert_eq(bp_store_close(store, &error), BP_BUSY);
  cr_assert_eq(error.actual, 1);
  held_go_on();
  pthread_join(thread, NULL);
  for (size_t i = 0; i < 3; i++) {
    cr_assert_eq(redeem(tickets[i]), i + 3);
  }
}

