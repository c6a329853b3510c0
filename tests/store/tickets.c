/* What a ticket promises: an append's own answer, later, in full, to whoever asks and as often as they ask; and how full the
 * queue may become. */
#include "store/ticket.h"
#include "store/queue_fixture.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

TestSuite(tickets, .init = set_up, .fini = tear_down);

static void reopen(void) {
  fixture_close(store);
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
}

static bp_status wait_for(bp_ticket *ticket) { return bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL); }

static const bp_receipt *receipt_of(bp_ticket *ticket) {
  size_t count;
  MUST(wait_for(ticket));
  const bp_receipt *receipts = bp_ticket_receipts(ticket, &count);
  cr_assert_eq(count, 1);
  return receipts;
}

/* --- the answer */

Test(tickets, answer_what_an_append_would) {
  bp_ticket *ticket = submit_text("e:1", "one");
  const bp_receipt *receipt = receipt_of(ticket);
  cr_assert_eq(receipt->sequence, 1);
  cr_assert_eq(receipt->durable, 1);
  cr_assert_eq(receipt->replayed, 0);
  const bp_event *event = fixture_get(store, receipt->event_id);
  cr_assert(fixture_text_is(event->payload, event->payload_length, "one"));
  cr_assert(fixture_text_is(event->entity, event->entity_length, "e:1"));
  cr_assert_eq(event->offset, receipt->offset);
  cr_assert_eq(event->frame_length, receipt->frame_length);
  cr_assert_arr_eq(event->event_hash, receipt->content_hash, 32);
  int32_t outcome;
  MUST(bp_store_verify_receipt(store, receipt, NULL, &outcome, NULL));
  cr_assert_eq(outcome, BP_RECEIPT_UNSIGNED_ACCEPTED);
  bp_ticket_free(ticket);
}

/* V-56 */
Test(tickets, answer_any_number_of_times) {
  bp_ticket *ticket = submit_text("e:1", "one");
  MUST(wait_for(ticket));
  for (int i = 0; i < 10; i++) {
    MUST(bp_ticket_wait(ticket, 0, NULL));
    MUST(bp_ticket_wait(ticket, 5, NULL));
    cr_assert_eq(bp_ticket_receipts(ticket, NULL), receipt_of(ticket));
  }
  bp_ticket_free(ticket);
}

/* 13.3 control_plane_surface: a ready ticket is seen by a poll, receipts are distinct and in order. */
/* P-043 */
Test(tickets, come_ready_for_a_poll) {
  bp_ticket *tickets[3];
  for (int i = 0; i < 3; i++) tickets[i] = submit_text("e:1", "x");
  MUST(wait_for(tickets[2]));
  for (uint64_t i = 0; i < 3; i++) {
    MUST(bp_ticket_wait(tickets[i], 0, NULL));
    cr_assert_eq(receipt_of(tickets[i])->sequence, i + 1);
    bp_ticket_free(tickets[i]);
  }
}

Test(tickets, tell_an_error_in_full_and_again) {
  bp_draft draft = fixture_draft("e:1", "two");
  draft.expect = BP_EXPECT_CLOCK;
  draft.expect_clock = 7;
  bp_ticket *ticket = submit(&draft);
  for (int i = 0; i < 2; i++) {
    bp_error error = fixture_error();
    size_t count = 9;
    cr_assert_eq(bp_ticket_wait(ticket, BP_WAIT_FOREVER, &error), BP_EXPECTED_CLOCK);
    cr_assert_eq(error.code, BP_EXPECTED_CLOCK);
    cr_assert_eq(error.expected, 7);
    cr_assert_eq(error.actual, 0);
    cr_assert_neq(error.text[0], 0);
    cr_assert_null(bp_ticket_receipts(ticket, &count));
    cr_assert_eq(count, 0);
  }
  cr_assert_eq(wait_for(ticket), BP_EXPECTED_CLOCK);
  bp_ticket_free(ticket);
  cr_assert_eq(fixture_append_text(store, "e:1", "x").sequence, 1, "a number was used");
}

Test(tickets, hold_their_own_copy) {
  char entity[] = "entity", payload[] = "payload", value[] = "value", name[] = "app.note";
  bp_extension extension = {(uint8_t *)name, 8, (uint8_t *)value, 5};
  bp_draft draft = fixture_draft(entity, payload);
  draft.extensions = &extension;
  draft.extension_count = 1;
  bp_ticket *ticket = submit(&draft);
  memset(entity, 'x', sizeof entity);
  memset(payload, 'x', sizeof payload);
  memset(value, 'x', sizeof value);
  memset(name, 'x', sizeof name);
  memset(&extension, 0xff, sizeof extension);
  memset(&draft, 0xff, sizeof draft);
  const bp_receipt *receipt = receipt_of(ticket);
  const bp_event *event = fixture_get(store, receipt->event_id);
  cr_assert(fixture_text_is(event->entity, event->entity_length, "entity"));
  cr_assert(fixture_text_is(event->payload, event->payload_length, "payload"));
  cr_assert_eq(event->extension_count, 1);
  cr_assert(fixture_text_is(event->extensions[0].value, event->extensions[0].value_length, "value"));
  bp_extension read[1];
  uint8_t values[16];
  size_t count, length;
  MUST(bp_extensions_decode(receipt->extensions, receipt->extensions_length, read, 1, &count, values, 16, &length, NULL));
  cr_assert(fixture_text_is(read[0].value, read[0].value_length, "value"));
  int32_t outcome;
  MUST(bp_store_verify_receipt(store, receipt, NULL, &outcome, NULL));
  cr_assert_eq(outcome, BP_RECEIPT_UNSIGNED_ACCEPTED);
  bp_ticket_free(ticket);
}

Test(tickets, have_signed_receipts) {
  uint8_t seed[32] = {7};
  fixture_close(store);
  config.signing_seeds = seed;
  config.signing_seed_count = 1;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  bp_ticket *ticket = submit_text("e:1", "one");
  int32_t outcome;
  cr_assert_eq(receipt_of(ticket)->has_signature, 1);
  MUST(bp_store_verify_receipt(store, receipt_of(ticket), NULL, &outcome, NULL));
  cr_assert_eq(outcome, BP_RECEIPT_SIGNED);
  bp_ticket_free(ticket);
}

/* The replayed event's extensions are longer than those that were submitted. */
/* V-55: a submission has the options of an append. */
Test(tickets, replay_a_known_key) {
  uint8_t value[300] = {1};
  bp_extension extension = {(const uint8_t *)"app.note", 8, value, sizeof value};
  bp_draft draft = fixture_draft("e:1", "one");
  fixture_give_key(&draft, 5);
  draft.extensions = &extension;
  draft.extension_count = 1;
  bp_receipt first = fixture_append(store, &draft);
  draft.extension_count = 0;
  bp_ticket *ticket = submit(&draft);
  const bp_receipt *receipt = receipt_of(ticket);
  cr_assert_eq(receipt->replayed, 1);
  cr_assert_eq(receipt->same, 1);
  cr_assert_eq(receipt->sequence, first.sequence);
  cr_assert_eq(receipt->extensions_length, first.extensions_length);
  int32_t outcome;
  MUST(bp_store_verify_receipt(store, receipt, NULL, &outcome, NULL));
  cr_assert_eq(outcome, BP_RECEIPT_UNSIGNED_ACCEPTED);
  bp_ticket_free(ticket);
  cr_assert_eq(fixture_stat(store).events, 2);
}

Test(tickets, follow_the_order_of_submission_and_append) {
  bp_ticket *first = submit_text("e:1", "1");
  bp_receipt second = fixture_append_text(store, "e:1", "2");
  bp_ticket *third = submit_text("e:1", "3");
  MUST(bp_store_sync(store, NULL));
  MUST(wait_for(third));
  cr_assert_eq(receipt_of(first)->sequence, 1);
  cr_assert_eq(second.sequence, 2);
  cr_assert_eq(receipt_of(third)->sequence, 3);
  bp_ticket_free(first);
  bp_ticket_free(third);
}

/* --- batches */

static bp_status submit_batch(const bp_draft *drafts, size_t count, bp_ticket **ticket, bp_error *error) {
  return bp_store_submit_batch(store, drafts, count, ticket, error);
}

Test(tickets, of_a_batch_have_a_receipt_for_each_item) {
  bp_draft drafts[3] = {fixture_draft("e:1", "1"), fixture_draft("e:2", "2"), fixture_draft("e:1", "3")};
  for (size_t i = 0; i < 3; i++) drafts[i].durability = BP_WRITTEN; /* a batch is flushed all the same */
  drafts[2].given = BP_GIVEN_CAUSE_ITEM;
  drafts[2].cause_item = 0;
  bp_ticket *ticket;
  size_t count;
  MUST(submit_batch(drafts, 3, &ticket, NULL));
  memset(drafts, 0xff, sizeof drafts);
  MUST(wait_for(ticket));
  const bp_receipt *receipts = bp_ticket_receipts(ticket, &count);
  cr_assert_eq(count, 3);
  for (uint64_t i = 0; i < 3; i++) {
    cr_assert_eq(receipts[i].sequence, i + 1);
    cr_assert_eq(receipts[i].durable, 1);
  }
  cr_assert_arr_eq(fixture_get(store, receipts[2].event_id)->causation_id, receipts[0].event_id, 16);
  bp_ticket_free(ticket);
}

Test(tickets, of_a_batch_are_all_or_nothing) {
  bp_draft drafts[2] = {fixture_draft("e:1", "1"), fixture_draft("e:2", "2")};
  bp_ticket *ticket;
  fixture_give_key(&drafts[0], 1);
  fixture_append(store, &drafts[0]);
  fixture_give_key(&drafts[1], 2);
  bp_error error = fixture_error();
  MUST(submit_batch(drafts, 2, &ticket, NULL));
  cr_assert_eq(bp_ticket_wait(ticket, BP_WAIT_FOREVER, &error), BP_BATCH_KEYS);
  cr_assert_null(bp_ticket_receipts(ticket, NULL));
  bp_ticket_free(ticket);
  cr_assert_eq(fixture_stat(store).events, 2);
}

Test(tickets, of_an_empty_batch_are_fine_and_have_nothing) {
  bp_ticket *ticket;
  size_t count = 9;
  MUST(submit_batch(NULL, 0, &ticket, NULL));
  MUST(wait_for(ticket));
  cr_assert_null(bp_ticket_receipts(ticket, &count));
  cr_assert_eq(count, 0);
  bp_ticket_free(ticket);
  cr_assert_eq(fixture_stat(store).events, 1);
}

/* --- refusals */

static void assert_refused(const bp_draft *draft, bp_status wanted) {
  bp_ticket *ticket = (bp_ticket *)(uintptr_t)1;
  bp_error error = fixture_error();
  cr_assert_eq(bp_store_submit(store, draft, &ticket, &error), wanted, "%s", bp_status_name(error.code));
  cr_assert_eq(error.code, wanted);
  cr_assert_null(ticket);
}

Test(tickets, are_not_given_for_what_can_be_refused_at_once) {
  bp_draft draft = fixture_draft("", "x");
  assert_refused(&draft, BP_ENTITY_EMPTY);
  assert_refused(NULL, BP_ARGUMENT);
  draft = fixture_draft("e", "x");
  draft.kind = 0x0006;
  assert_refused(&draft, BP_KIND_MARKER);
  draft = fixture_draft("e", "x");
  draft.struct_size = 8;
  assert_refused(&draft, BP_STRUCT_SIZE);
  draft = fixture_draft("e", "x");
  draft.gate = BP_GATE_DURABLE;
  assert_refused(&draft, BP_ARGUMENT);
  draft = fixture_draft("e", "x");
  draft.given = BP_GIVEN_CAUSE_ITEM;
  assert_refused(&draft, BP_ARGUMENT);
  cr_assert_eq(bp_store_submit(store, &draft, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(fixture_stat(store).events, 1);
}

Test(tickets, of_a_batch_with_a_bad_item_are_not_given) {
  bp_draft drafts[3] = {fixture_draft("e:1", "1"), fixture_draft("", "2"), fixture_draft("e:2", "3")};
  bp_ticket *ticket;
  bp_error error = fixture_error();
  cr_assert_eq(submit_batch(drafts, 3, &ticket, &error), BP_ENTITY_EMPTY);
  cr_assert_eq(error.offset, 1);
  drafts[1] = fixture_draft("e:1", "2");
  drafts[2].gate = BP_GATE_VISIBLE;
  cr_assert_eq(submit_batch(drafts, 3, &ticket, &error), BP_ARGUMENT);
  cr_assert_eq(error.offset, 2);
  cr_assert_null(ticket);
  cr_assert_eq(fixture_stat(store).events, 1);
}

Test(tickets, are_not_given_by_a_store_that_only_reads) {
  bp_draft draft = fixture_draft("e", "x");
  bp_pressure pressure = {.struct_size = sizeof pressure};
  fixture_close(store);
  store = fixture_open("store", BP_MODE_READ_ONLY, &config);
  assert_refused(&draft, BP_READ_ONLY);
  cr_assert_eq(bp_store_pressure(store, &pressure, NULL), BP_READ_ONLY);
}

Test(tickets, that_are_none_say_so) {
  int32_t descriptor;
  size_t count = 5;
  cr_assert_eq(bp_ticket_wait(NULL, 0, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_ticket_descriptor(NULL, &descriptor, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_ticket_notify(NULL, NULL, NULL, NULL), BP_ARGUMENT);
  cr_assert_null(bp_ticket_receipts(NULL, &count));
  cr_assert_eq(count, 0);
  bp_ticket_free(NULL);
  bp_ticket *ticket = submit_text("e", "x");
  cr_assert_eq(bp_ticket_descriptor(ticket, NULL, NULL), BP_ARGUMENT);
  bp_ticket_free(ticket);
}

/* --- a writer that stands still */

Test(tickets, wait_no_longer_than_they_are_told) {
  open_with_clock(8, 50);
  held_stop();
  bp_ticket *ticket = submit_text("e", "x");
  bp_error error = fixture_error();
  size_t count;
  cr_assert_eq(bp_ticket_wait(ticket, 0, &error), BP_WAIT_TIMEOUT);
  cr_assert_eq(error.code, BP_WAIT_TIMEOUT);
  cr_assert_eq(bp_ticket_wait(ticket, 20, NULL), BP_WAIT_TIMEOUT);
  cr_assert_null(bp_ticket_receipts(ticket, &count));
  cr_assert_eq(count, 0);
  held_go_on();
  MUST(wait_for(ticket));
  bp_ticket_free(ticket);
}

/* --- descriptors */

static int is_readable(int descriptor, int timeout_ms) {
  struct pollfd one = {.fd = descriptor, .events = POLLIN};
  return poll(&one, 1, timeout_ms) == 1 && (one.revents & POLLIN);
}

Test(tickets, have_a_descriptor_that_an_event_loop_may_watch) {
  int32_t before, again, after;
  open_with_clock(8, 50);
  held_stop();
  bp_ticket *ticket = submit_text("e", "x"), *other = submit_text("e", "y");
  MUST(bp_ticket_descriptor(ticket, &before, NULL));
  MUST(bp_ticket_descriptor(ticket, &again, NULL));
  cr_assert_eq(before, again);
  cr_assert_not(is_readable(before, 0));
  held_go_on();
  cr_assert(is_readable(before, 240000));
  MUST(bp_ticket_wait(ticket, 0, NULL));
  cr_assert(is_readable(before, 0), "it is readable for good");
  MUST(wait_for(other));
  MUST(bp_ticket_descriptor(other, &after, NULL));
  cr_assert_neq(before, after);
  cr_assert(is_readable(after, 0), "decided before it was asked for");
  bp_ticket_free(ticket);
  bp_ticket_free(other);
}

Test(tickets, without_a_descriptor_can_still_be_waited_for) {
  int32_t descriptor = -7;
  bp_error error = fixture_error();
  bp_ticket *ticket = submit_text("e", "x");
  sim_add_fault(sim, (sim_fault){.kind = SIM_EVENT_OPEN, .at = 1, .errno_value = EMFILE});
  cr_assert_eq(bp_ticket_descriptor(ticket, &descriptor, &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, EMFILE);
  cr_assert_eq(descriptor, -7);
  MUST(wait_for(ticket));
  MUST(bp_ticket_descriptor(ticket, &descriptor, NULL));
  cr_assert(is_readable(descriptor, 0));
  bp_ticket_free(ticket);
}

/* --- being told */

typedef struct told {
  _Atomic int calls;
  bp_ticket *ticket;
  pthread_t thread;
} told;

static void hear(void *user) {
  told *self = user;
  cr_assert(atomic_load(&self->ticket->decided), "told, and not decided");
  self->thread = pthread_self();
  atomic_fetch_add(&self->calls, 1);
}

Test(tickets, tell_once_when_they_are_decided) {
  open_with_clock(8, 50);
  held_stop();
  told heard = {.ticket = submit_text("e", "x")};
  MUST(bp_ticket_notify(heard.ticket, hear, &heard, NULL));
  cr_assert_eq(atomic_load(&heard.calls), 0);
  held_go_on();
  while (atomic_load(&heard.calls) == 0) usleep(100);
  cr_assert_not(pthread_equal(heard.thread, pthread_self()), "told by the store's thread");
  reopen();
  cr_assert_eq(atomic_load(&heard.calls), 1);
  bp_ticket_free(heard.ticket);
}

Test(tickets, that_are_decided_tell_at_once_and_each_time) {
  told heard = {.ticket = submit_text("e", "x")};
  MUST(wait_for(heard.ticket));
  for (int i = 1; i <= 3; i++) {
    MUST(bp_ticket_notify(heard.ticket, hear, &heard, NULL));
    cr_assert_eq(atomic_load(&heard.calls), i);
    cr_assert(pthread_equal(heard.thread, pthread_self()));
  }
  bp_ticket_free(heard.ticket);
}

Test(tickets, tell_one_at_a_time_until_it_is_taken_back) {
  open_with_clock(8, 50);
  held_stop();
  told first = {.ticket = submit_text("e", "x")}, second = {.ticket = first.ticket};
  bp_error error = fixture_error();
  MUST(bp_ticket_notify(first.ticket, NULL, NULL, NULL));
  MUST(bp_ticket_notify(first.ticket, hear, &first, NULL));
  cr_assert_eq(bp_ticket_notify(first.ticket, hear, &second, &error), BP_BUSY);
  cr_assert_neq(error.text[0], 0);
  MUST(bp_ticket_notify(first.ticket, NULL, NULL, NULL));
  MUST(bp_ticket_notify(first.ticket, hear, &second, NULL));
  held_go_on();
  MUST(wait_for(first.ticket));
  MUST(bp_ticket_notify(first.ticket, NULL, NULL, NULL));
  cr_assert_eq(atomic_load(&first.calls), 0);
  cr_assert_eq(atomic_load(&second.calls), 1);
  bp_ticket_free(first.ticket);
}

Test(tickets, that_are_freed_tell_nobody) {
  open_with_clock(8, 50);
  held_stop();
  told heard = {.ticket = submit_text("e", "x")};
  MUST(bp_ticket_notify(heard.ticket, hear, &heard, NULL));
  bp_ticket_free(heard.ticket);
  held_go_on();
  MUST(bp_store_sync(store, NULL));
  reopen();
  cr_assert_eq(atomic_load(&heard.calls), 0);
}

/* --- the ends of tickets and stores */

/* P-101 */
Test(tickets, that_are_dropped_cancel_nothing) {
  open_with_clock(64, 100);
  held_stop();
  for (int i = 0; i < 20; i++) bp_ticket_free(submit_text("e", "x"));
  held_go_on();
  MUST(bp_store_sync(store, NULL));
  cr_assert_eq(fixture_stat(store).last_sequence, 22, "two opens, one close, twenty of ours");
}

/* 13.3 group_commit_crash: what was submitted before a close is executed, whatever the drain limit; one close event. */
/* V-57 */
/* P-032 */
Test(tickets, are_all_executed_by_a_close_and_outlive_it) {
  enum { MANY = 3000 };
  static bp_ticket *tickets[MANY];
  fixture_close(store);
  config.drain_limit = 0;
  config.group_max_events = 100;
  config.durability = BP_WRITTEN;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  uint64_t events = fixture_stat(store).events;
  for (int i = 0; i < MANY; i++) tickets[i] = submit_text("e", "x");
  reopen();
  for (uint64_t i = 0; i < MANY; i++) {
    MUST(bp_ticket_wait(tickets[i], 0, NULL));
    cr_assert_eq(receipt_of(tickets[i])->sequence, events + i);
    bp_ticket_free(tickets[i]);
  }
  cr_assert_eq(fixture_stat(store).events, events + MANY + 2);
  cr_assert_eq(fixture_stat(store).clean_close, 1);
}

/* 13.3 store_append_behavior: drop drains pending events. */
/* P-074 */
Test(tickets, are_all_executed_by_a_release) {
  bp_ticket *tickets[10];
  for (int i = 0; i < 10; i++) tickets[i] = submit_text("e", "x");
  bp_store_release(store);
  for (int i = 0; i < 10; i++) {
    MUST(bp_ticket_wait(tickets[i], 0, NULL));
    bp_ticket_free(tickets[i]);
  }
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  cr_assert_eq(fixture_stat(store).events, 13);
}

Test(tickets, belong_to_the_process_that_got_them) {
  int32_t descriptor;
  size_t count = 4;
  bp_ticket *ticket = submit_text("e", "x"), *child = submit_text("e", "x");
  MUST(wait_for(ticket));
  MUST(wait_for(child));
  MUST(bp_ticket_descriptor(child, &descriptor, NULL));
  while (atomic_load(&child->owners) > 1) usleep(100); /* the store's thread lets go behind its answer */
  size_t live = fault.live_blocks, size = child->size;
  sim_set_process_id(sim, 2);
  cr_assert_eq(bp_ticket_wait(ticket, 0, NULL), BP_FORKED);
  cr_assert_eq(bp_ticket_descriptor(ticket, &descriptor, NULL), BP_FORKED);
  cr_assert_eq(bp_ticket_notify(ticket, NULL, NULL, NULL), BP_FORKED);
  cr_assert_null(bp_ticket_receipts(ticket, &count));
  cr_assert_eq(count, 0);
  bp_draft draft = fixture_draft("e", "x");
  assert_refused(&draft, BP_FORKED);
  bp_ticket_free(child);
  cr_assert_eq(fault.live_blocks, live, "a child frees nothing");
  cr_assert_eq(sim_open_events(sim), 0, "but closes the descriptor");
  sim_set_process_id(sim, 1);
  MUST(wait_for(ticket));
  bp_ticket_free(ticket);
  memory_fault_reallocate(&fault, child, size, 0);
}

/* --- failures */

Test(tickets, of_a_poisoned_store_say_so) {
  bp_ticket *first, *second;
  open_with_clock(8, 100);
  held_stop();
  first = submit_text("e", "1");
  held_await_leader();
  second = submit_text("e", "2");
  sim_add_fault(sim, (sim_fault){.kind = SIM_SYNC, .at = 1, .errno_value = EIO});
  held_go_on();
  cr_assert_eq(wait_for(first), BP_SYNC_FAILED);
  cr_assert_eq(wait_for(second), BP_POISONED);
  bp_ticket *third = submit_text("e", "3");
  bp_error error = fixture_error();
  cr_assert_eq(bp_ticket_wait(third, BP_WAIT_FOREVER, &error), BP_POISONED);
  cr_assert_eq(error.code, BP_POISONED);
  bp_ticket_free(first);
  bp_ticket_free(second);
  bp_ticket_free(third);
  sim_clear_faults(sim);
  cr_assert_eq(bp_store_close(store, NULL), BP_POISONED);
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
}

Test(tickets, whose_write_fails_say_so_and_the_store_goes_on) {
  sim_add_fault(sim, (sim_fault){.kind = SIM_WRITE, .at = 1, .errno_value = ENOSPC});
  bp_ticket *ticket = submit_text("e", "x");
  cr_assert_eq(wait_for(ticket), BP_DISK_FULL);
  bp_ticket_free(ticket);
  ticket = submit_text("e", "x");
  cr_assert_eq(receipt_of(ticket)->sequence, 1);
  bp_ticket_free(ticket);
}

/* The receipt of a replay needs memory of its own; the event is there all the same. */
Test(tickets, without_memory_say_so) {
  uint8_t value[300] = {1};
  bp_extension extension = {(const uint8_t *)"app.note", 8, value, sizeof value};
  bp_draft draft = fixture_draft("e:1", "one");
  fixture_give_key(&draft, 5);
  draft.extensions = &extension;
  draft.extension_count = 1;
  fixture_append(store, &draft);
  draft.extension_count = 0;
  bp_ticket *ticket;
  memory_fault_arm(&fault, 1, 0);
  cr_assert_eq(bp_store_submit(store, &draft, &ticket, NULL), BP_NO_MEMORY);
  cr_assert_null(ticket);
  cr_assert_eq(pressure_now().queued, 0, "the place in the queue is lost");
  memory_fault_arm(&fault, 2, 0);
  ticket = submit(&draft);
  cr_assert_eq(wait_for(ticket), BP_NO_MEMORY);
  cr_assert_null(bp_ticket_receipts(ticket, NULL));
  memory_fault_disarm(&fault);
  bp_ticket_free(ticket);
  ticket = submit(&draft);
  cr_assert_eq(receipt_of(ticket)->replayed, 1);
  bp_ticket_free(ticket);
}

Test(tickets, need_a_thread) {
  pthread_attr_t usual, vast;
  bp_draft draft = fixture_draft("e", "x");
  bp_ticket *ticket;
  pthread_getattr_default_np(&usual);
  pthread_attr_init(&vast);
  cr_assert_eq(pthread_attr_setstacksize(&vast, (size_t)1 << 46), 0);
  cr_assert_eq(pthread_setattr_default_np(&vast), 0);
  bp_status status = bp_store_submit(store, &draft, &ticket, NULL);
  pthread_setattr_default_np(&usual);
  cr_assert(status == BP_SYSTEM || status == BP_NO_MEMORY, "%s", bp_status_name(status));
  cr_assert_null(ticket);
  cr_assert_eq(pressure_now().queued, 0);
  ticket = submit(&draft);
  MUST(wait_for(ticket));
  bp_ticket_free(ticket);
  pthread_attr_destroy(&usual);
  pthread_attr_destroy(&vast);
}

Test(tickets, are_one_allocation_each) {
  for (int i = 0; i < 300; i++) {
    bp_ticket *warm = submit_text("e", "warm");
    MUST(wait_for(warm));
    bp_ticket_free(warm);
  }
  uint64_t allocations = fault.allocations;
  for (int i = 0; i < 100; i++) {
    bp_ticket *ticket = submit_text("e", "x");
    MUST(wait_for(ticket));
    bp_ticket_free(ticket);
  }
  cr_assert_eq(fault.allocations - allocations, 100);
}
