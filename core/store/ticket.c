#include "store/ticket.h"

#include "store/prepare.h"

#include <string.h>

enum { TICKET_MAGIC = 0x42505431 };

/* --- making */

/* Everything behind the bp_ticket that has a fixed size; 0 when no memory could hold it.  All of it is a multiple of 8. */
static size_t records_size(size_t count) {
  return bpi_size(count, sizeof(bpi_item) + sizeof(bp_draft) + sizeof(bp_receipt), sizeof(bp_ticket));
}

static bp_status init_ticket(const bp_store *store, bp_ticket *ticket, bp_error *error) {
  int failed = bpi_mutex_init(&ticket->lock);
  if (failed == 0 && (failed = bpi_condition_init(&ticket->changed)) != 0) bpi_mutex_free(&ticket->lock);
  if (failed != 0) return bpi_fail_system(error, failed, "making a lock");
  ticket->magic = TICKET_MAGIC;
  ticket->system = store->system;
  ticket->process = store->process;
  ticket->event = -1;
  ticket->error.struct_size = sizeof ticket->error;
  atomic_init(&ticket->owners, 2);
  return BP_OK;
}

/* The draft as the commit wants it; its extensions are encoded already. */
static uint8_t *keep_draft(const bp_draft *draft, uint8_t *at, bp_draft *copy) {
  memcpy(copy, draft, sizeof *copy);
  copy->struct_size = sizeof *copy;
  copy->entity = at;
  at = (uint8_t *)memcpy(at, draft->entity, draft->entity_length) + draft->entity_length;
  copy->scope = at;
  at = (uint8_t *)memcpy(at, draft->scope, draft->scope_length) + draft->scope_length;
  copy->payload = at;
  if (draft->payload_length > 0) memcpy(at, draft->payload, draft->payload_length);
  at += draft->payload_length;
  copy->extensions = NULL;
  copy->extension_count = 0;
  return at;
}

bp_status bpi_ticket_new(const bp_store *store, const bp_draft *drafts, size_t count, size_t room, bp_ticket **ticket,
                         bp_error *error) {
  size_t records = records_size(count), size = records;
  int overflows = records == 0 || __builtin_add_overflow(size, room, &size);
  for (size_t i = 0; i < count && !overflows; i++) {
    const bp_draft *draft = bpi_draft_at(drafts, i);
    overflows = __builtin_add_overflow(size, draft->entity_length + draft->scope_length + draft->payload_length, &size);
  }
  bp_ticket *made = overflows ? NULL : bpi_resize(&store->memory, NULL, 0, size);
  if (made == NULL) return bpi_fail(error, BP_NO_MEMORY, "making a ticket");
  memset(made, 0, records);
  made->memory = store->memory;
  made->size = size;
  bp_status status = init_ticket(store, made, error);
  if (status != BP_OK) {
    bpi_release(&store->memory, made, size);
    return status;
  }
  bpi_item *items = (bpi_item *)(void *)(made + 1);
  bp_draft *copies = (bp_draft *)(void *)(items + count);
  made->receipts = (bp_receipt *)(void *)(copies + count);
  made->request = (bpi_request){.items = items, .count = count, .error = &made->error, .by_worker = 1};
  uint8_t *at = (uint8_t *)made + records;
  bpi_items_prepare(items, drafts, count, at);
  at += room;
  for (size_t i = 0; i < count; i++) {
    const bp_draft *draft = bpi_draft_at(drafts, i);
    made->request.durable |= bpi_wants_durable(store, draft);
    items[i].draft = &copies[i];
    at = keep_draft(draft, at, &copies[i]);
  }
  *ticket = made;
  return BP_OK;
}

/* --- deciding */

/* A replayed event's map may be longer than what was submitted. */
static bp_status make_room(const bp_ticket *ticket, bp_receipt *receipt, bp_error *error) {
  receipt->extensions = bpi_resize(&ticket->memory, NULL, 0, receipt->extensions_length);
  if (receipt->extensions == NULL) return bpi_fail(error, BP_NO_MEMORY, "filling a ticket's receipt");
  receipt->extensions_capacity = receipt->extensions_length;
  return BP_OK;
}

static bp_status fill_one(bp_store *store, bp_ticket *ticket, size_t i) {
  const bpi_request *request = &ticket->request;
  const bpi_item *item = &request->items[i];
  bp_receipt *receipt = &ticket->receipts[i];
  (void)bp_receipt_init(receipt, sizeof *receipt);
  bp_status status = bpi_store_fill_receipt(store, item, request->is_durable, receipt, &ticket->error);
  if (status != BP_OK || receipt->extensions_length == 0) return status;
  if (!item->replayed) {
    receipt->extensions = (uint8_t *)(uintptr_t)item->extensions.data;
    return BP_OK;
  }
  status = make_room(ticket, receipt, &ticket->error);
  return status == BP_OK ? bpi_store_fill_receipt(store, item, request->is_durable, receipt, &ticket->error) : status;
}

void bpi_ticket_fill(bp_store *store, bp_ticket *ticket) {
  bpi_request *request = &ticket->request;
  /* Signing is dear, and nobody will ask a ticket that was dropped. */
  if (atomic_load(&ticket->owners) == 1) return;
  for (size_t i = 0; i < request->count && request->status == BP_OK; i++) request->status = fill_one(store, ticket, i);
}

/* Under the lock. */
static void tell(bp_ticket *ticket) {
  bp_told told = ticket->told;
  ticket->told = NULL;
  if (told != NULL) told(ticket->user);
}

void bpi_ticket_decide(bp_ticket *ticket) {
  bpi_mutex_lock(&ticket->lock);
  atomic_store_explicit(&ticket->decided, 1, memory_order_release);
  ticket->awaits = NULL;
  if (ticket->event >= 0) ticket->system->event_signal(ticket->system->context, ticket->event);
  tell(ticket);
  bpi_mutex_unlock(&ticket->lock);
  bpi_condition_wake_all(&ticket->changed);
  bpi_ticket_let_go(ticket);
}

static void close_event(bp_ticket *ticket) {
  if (ticket->event >= 0) ticket->system->event_close(ticket->system->context, ticket->event);
  ticket->event = -1;
}

void bpi_ticket_let_go(bp_ticket *ticket) {
  if (atomic_fetch_sub(&ticket->owners, 1) > 1) return;
  bpi_memory memory = ticket->memory;
  for (size_t i = 0; i < ticket->request.count; i++) {
    const bp_receipt *receipt = &ticket->receipts[i];
    if (receipt->extensions_capacity > 0) bpi_release(&memory, receipt->extensions, receipt->extensions_capacity);
  }
  close_event(ticket);
  bpi_condition_free(&ticket->changed);
  bpi_mutex_free(&ticket->lock);
  ticket->magic = 0;
  bpi_release(&memory, ticket, ticket->size);
}

/* --- the caller's side */

static int is_foreign_process(const bp_ticket *ticket) {
  return ticket->system->process_id(ticket->system->context) != ticket->process;
}

static bp_status check_ticket(const bp_ticket *ticket, bp_error *error) {
  if (ticket == NULL || ticket->magic != TICKET_MAGIC) return bpi_fail(error, BP_ARGUMENT, "no ticket");
  if (is_foreign_process(ticket)) return bpi_fail(error, BP_FORKED, "the ticket is the parent process's");
  return BP_OK;
}

static int is_decided(const bp_ticket *ticket) {
  return atomic_load_explicit(&ticket->decided, memory_order_acquire);
}

bp_status bp_ticket_wait(bp_ticket *ticket, uint32_t timeout_ms, bp_error *error) {
  bp_status status = check_ticket(ticket, error);
  if (status != BP_OK) return status;
  if (!is_decided(ticket) && timeout_ms > 0) {
    uint64_t deadline_ns = bpi_deadline_after_ms(timeout_ms);
    int is_late = 0;
    bpi_mutex_lock(&ticket->lock);
    while (!is_decided(ticket) && !is_late) {
      is_late = bpi_condition_wait_until(&ticket->changed, &ticket->lock, deadline_ns);
    }
    bpi_mutex_unlock(&ticket->lock);
  }
  if (!is_decided(ticket)) return bpi_fail(error, BP_WAIT_TIMEOUT, "the ticket is not decided yet");
  return ticket->request.status == BP_OK ? BP_OK : bpi_error_copy(error, &ticket->error);
}

const bp_receipt *bp_ticket_receipts(const bp_ticket *ticket, size_t *count) {
  int is_answered = check_ticket(ticket, NULL) == BP_OK && is_decided(ticket) && ticket->request.status == BP_OK;
  size_t filled = is_answered ? ticket->request.count : 0;
  if (count != NULL) *count = filled;
  return filled > 0 ? ticket->receipts : NULL;
}

bp_status bp_ticket_descriptor(bp_ticket *ticket, int32_t *descriptor, bp_error *error) {
  if (descriptor == NULL) return bpi_fail(error, BP_ARGUMENT, "descriptor is NULL");
  bp_status status = check_ticket(ticket, error);
  if (status != BP_OK) return status;
  int failed = 0;
  bpi_mutex_lock(&ticket->lock);
  if (ticket->event < 0) {
    int event = -1;
    failed = ticket->system->event_open(ticket->system->context, &event);
    if (failed == 0) ticket->event = event;
    if (failed == 0 && is_decided(ticket)) ticket->system->event_signal(ticket->system->context, event);
  }
  if (failed == 0) *descriptor = ticket->event;
  bpi_mutex_unlock(&ticket->lock);
  return failed == 0 ? BP_OK : bpi_fail_system(error, failed, "making a descriptor for a ticket");
}

bp_status bp_ticket_notify(bp_ticket *ticket, bp_told told, void *user, bp_error *error) {
  bp_status status = check_ticket(ticket, error);
  if (status != BP_OK) return status;
  bpi_mutex_lock(&ticket->lock);
  if (told != NULL && ticket->told != NULL) {
    status = bpi_fail(error, BP_BUSY, "the ticket tells somebody else");
  } else {
    ticket->told = told;
    ticket->user = user;
    ticket->was_notified = 1;
    if (is_decided(ticket)) tell(ticket);
  }
  bpi_mutex_unlock(&ticket->lock);
  return status;
}

void bp_ticket_free(bp_ticket *ticket) {
  if (ticket == NULL || ticket->magic != TICKET_MAGIC) return;
  if (is_foreign_process(ticket)) {
    /* Locks may be held by threads that do not exist here. */
    close_event(ticket);
    ticket->magic = 0;
    return;
  }
  if (ticket->was_notified) (void)bp_ticket_notify(ticket, NULL, NULL, NULL);
  if (ticket->watermark != 0) bpi_await_drop(ticket);
  bpi_ticket_let_go(ticket);
}
