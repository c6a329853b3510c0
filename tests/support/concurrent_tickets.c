#include "store/ticket.h"
#include "support/concurrent_internal.h"

#include <inttypes.h>
#include <poll.h>

static bp_ticket *submit(caller *self, uint8_t durability, concurrent_attempt *attempt) {
  world *w = self->world;
  bp_draft draft;
  bp_ticket *ticket;
  bp_error error = {.struct_size = sizeof error};
  size_t event = concurrent_add(w, 1, 45, durability, &draft);
  *attempt = concurrent_begin(w, event, 1);
  bp_status status = bp_store_submit(w->store, &draft, &ticket, &error);
  CHECK(status == BP_OK, "bp_store_submit: %s: %s", bp_status_name(status), error.text);
  return ticket;
}

static bp_ticket *submit_batch(caller *self, concurrent_attempt *attempt) {
  world *w = self->world;
  bp_draft drafts[MANY];
  bp_ticket *ticket;
  bp_error error = {.struct_size = sizeof error};
  size_t first = concurrent_add_many(w, BP_WRITTEN, drafts);
  w->together[first] = TOGETHER_ALWAYS;
  for (size_t i = 0; i < MANY; i++) w->wants_durable[first + i] = 1;
  *attempt = concurrent_begin(w, first, MANY);
  bp_status status = bp_store_submit_batch(w->store, drafts, MANY, &ticket, &error);
  CHECK(status == BP_OK, "bp_store_submit_batch: %s: %s", bp_status_name(status), error.text);
  return ticket;
}

/* The ticket is freed, and what it said is noted. */
static void redeem(world *w, bp_ticket *ticket, const concurrent_attempt *attempt, uint32_t timeout_ms) {
  size_t count;
  bp_error error = {.struct_size = sizeof error};
  bp_status status;
  do {
    status = bp_ticket_wait(ticket, timeout_ms, &error);
    CHECK(status != BP_WAIT_TIMEOUT || timeout_ms != BP_WAIT_FOREVER, "for ever is over");
  } while (status == BP_WAIT_TIMEOUT);
  const bp_receipt *receipts = bp_ticket_receipts(ticket, &count);
  CHECK(count == (status == BP_OK ? attempt->count : 0), "%zu receipts: %s", count, bp_status_name(status));
  concurrent_end(w, attempt, status, &error, receipts);
  bp_ticket_free(ticket);
}

/* Its descriptor is readable soon after the ticket is decided, and not before. */
static void redeem_by_descriptor(world *w, bp_ticket *ticket, const concurrent_attempt *attempt) {
  int32_t descriptor;
  bp_status status = bp_ticket_descriptor(ticket, &descriptor, NULL);
  CHECK(status == BP_OK || w->run->program->fault_kind != 0, "bp_ticket_descriptor: %s", bp_status_name(status));
  while (status == BP_OK) {
    struct pollfd readable = {.fd = descriptor, .events = POLLIN};
    CHECK(poll(&readable, 1, 0) >= 0, "poll");
    if (readable.revents != 0) break;
    scheduler_yield();
  }
  CHECK(status != BP_OK || bp_ticket_wait(ticket, 0, NULL) != BP_WAIT_TIMEOUT, "readable, and not decided");
  redeem(w, ticket, attempt, BP_WAIT_FOREVER);
}

/* --- being told */

static void hear(void *user) {
  listener *self = (listener *)user;
  CHECK(!self->is_gone, "told, though that was taken back");
  CHECK(++self->calls == 1, "told twice");
  scheduler_point();
  CHECK(!self->is_gone, "taken back while it was called");
  CHECK(self->ticket->decided, "told, and not decided");
}

static listener *listen_to(world *w, bp_ticket *ticket, const concurrent_attempt *attempt) {
  listener *made = &w->listeners[attempt->event];
  *made = (listener){.ticket = ticket};
  CHECK(bp_ticket_notify(ticket, hear, made, NULL) == BP_OK, "bp_ticket_notify");
  return made;
}

static void redeem_when_told(world *w, bp_ticket *ticket, const concurrent_attempt *attempt) {
  listener *told = listen_to(w, ticket, attempt);
  while (told->calls == 0) scheduler_yield();
  redeem(w, ticket, attempt, 0);
  told->is_gone = 1;
}

static void redeem_untold(world *w, bp_ticket *ticket, const concurrent_attempt *attempt) {
  listener *told = listen_to(w, ticket, attempt);
  scheduler_point();
  CHECK(bp_ticket_notify(ticket, NULL, NULL, NULL) == BP_OK, "bp_ticket_notify");
  told->is_gone = 1;
  redeem(w, ticket, attempt, BP_WAIT_FOREVER);
}

static void drop_while_told(world *w, bp_ticket *ticket, const concurrent_attempt *attempt) {
  listener *told = listen_to(w, ticket, attempt);
  w->dropped[attempt->event] = 1;
  bp_ticket_free(ticket);
  told->is_gone = 1;
}

static void submit_two(caller *self) {
  world *w = self->world;
  concurrent_attempt first, second;
  bp_ticket *earlier = submit(self, BP_WRITTEN, &first), *later = submit(self, BP_DURABLE, &second);
  redeem(w, later, &second, BP_WAIT_FOREVER);
  redeem(w, earlier, &first, 0); /* decided before: there is nothing to wait for */
  const model_event *a = &w->model.events[first.event], *b = &w->model.events[second.event];
  CHECK(!a->has_receipt || !b->has_receipt || a->sequence < b->sequence, "two tickets of one thread out of order");
}

static void submit_and_drop(caller *self) {
  concurrent_attempt attempt;
  bp_ticket *ticket = submit(self, BP_WRITTEN, &attempt);
  self->world->dropped[attempt.event] = 1;
  bp_ticket_free(ticket);
}

static void look_at_pressure(world *w) {
  bp_pressure pressure = {.struct_size = sizeof pressure};
  CHECK(bp_store_pressure(w->store, &pressure, NULL) == BP_OK, "bp_store_pressure");
  CHECK(pressure.queued <= pressure.capacity && pressure.threshold <= pressure.capacity, "%" PRIu64 " queued",
        pressure.queued);
}

/* --- awaiting */

static bp_ticket *await(world *w, uint32_t watermark, uint64_t sequence) {
  const bp_point point = {0, sequence};
  bp_ticket *ticket;
  CHECK(bp_store_await(w->store, watermark, &point, &ticket, NULL) == BP_OK, "bp_store_await");
  return ticket;
}

/* A close decides what nothing else did. */
static void redeem_awaited(const world *w, bp_ticket *ticket, int is_in_vain) {
  bp_error error = {.struct_size = sizeof error};
  bp_status status = bp_ticket_wait(ticket, BP_WAIT_FOREVER, &error);
  CHECK(status == BP_OK ? !is_in_vain : status == BP_CLOSED ? w->is_closed : w->run->program->fault_kind != 0,
        "a ticket of a point: %s: %s", bp_status_name(status), error.text);
  CHECK(bp_ticket_receipts(ticket, NULL) == NULL, "receipts of a point");
  bp_ticket_free(ticket);
}

static void await_and_drop(caller *self) {
  listener *told = &self->dropped;
  bp_ticket *ticket = await(self->world, BP_WATERMARK_APPLIED, EVENTS_MAX);
  *told = (listener){.ticket = ticket};
  CHECK(bp_ticket_notify(ticket, hear, told, NULL) == BP_OK, "bp_ticket_notify");
  scheduler_point();
  bp_ticket_free(ticket);
  told->is_gone = 1;
}

void concurrent_keep_promises(caller *self) {
  if (self->awaited != NULL) redeem_awaited(self->world, self->awaited, 1);
  self->awaited = NULL;
  if (self->kept != NULL) redeem(self->world, self->kept, &self->attempt, BP_WAIT_FOREVER);
  self->kept = NULL;
}

/* Where something fails it may be just this, and nobody is told. */
void concurrent_note_dropped(world *w) {
  for (size_t i = 0; i < w->model.count && w->run->program->fault_kind == 0; i++) {
    if (w->dropped[i]) w->model.events[i].answer = MODEL_DURABLE;
  }
}

int concurrent_submit(caller *self, char letter) {
  world *w = self->world;
  concurrent_attempt attempt;
  bp_ticket *ticket;
  switch (letter) {
    case 'u':
      ticket = submit(self, BP_DURABLE, &attempt);
      redeem(w, ticket, &attempt, BP_WAIT_FOREVER);
      return 1;
    case 'v':
      ticket = submit(self, BP_WRITTEN, &attempt);
      redeem(w, ticket, &attempt, CONCURRENT_SOME_MS);
      return 1;
    case 'e':
      ticket = submit(self, BP_WRITTEN, &attempt);
      redeem_by_descriptor(w, ticket, &attempt);
      return 1;
    case 'n':
      ticket = submit(self, BP_WRITTEN, &attempt);
      redeem_when_told(w, ticket, &attempt);
      return 1;
    case 'N':
      ticket = submit(self, BP_WRITTEN, &attempt);
      redeem_untold(w, ticket, &attempt);
      return 1;
    case 'y':
      ticket = submit(self, BP_WRITTEN, &attempt);
      drop_while_told(w, ticket, &attempt);
      return 1;
    case 'B':
      ticket = submit_batch(self, &attempt);
      redeem(w, ticket, &attempt, BP_WAIT_FOREVER);
      return 1;
    case 'a': redeem_awaited(w, await(w, BP_WATERMARK_DURABLE, 1), 0); return 1;
    case 'A': await_and_drop(self); return 1;
    case 'q':
      concurrent_keep_promises(self);
      self->awaited = await(w, BP_WATERMARK_VISIBLE, EVENTS_MAX);
      return 1;
    case 'T': submit_two(self); return 1;
    case 'U': submit_and_drop(self); return 1;
    case 'P': look_at_pressure(w); return 1;
    case 'z':
      concurrent_keep_promises(self);
      self->kept = submit(self, BP_DURABLE, &self->attempt);
      return 1;
    default: return 0;
  }
}
