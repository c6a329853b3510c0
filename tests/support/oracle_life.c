/* Opening, closing and dying, and what the store answers. */
#include "support/check.h"
#include "support/oracle_bytes.h"
#include "support/oracle_internal.h"

#include <string.h>

static const char own_entity[] = "batpak:store", own_scope[] = "batpak:lifecycle";
enum { OPENED = 0x0008, CLOSED = 0x0009 };

static bp_draft own_draft(uint16_t kind, const uint8_t *payload, size_t length) {
  bp_draft draft = {.kind = kind, .entity = (const uint8_t *)own_entity, .entity_length = strlen(own_entity)};
  draft.scope = (const uint8_t *)own_scope;
  draft.scope_length = strlen(own_scope);
  draft.payload = payload;
  draft.payload_length = length;
  return draft;
}

void oracle_opening(oracle *o, const bp_config *config) {
  o->config = *config;
  o->read_us = 0;
  o->fences = 0;
}

/* What a crash may have taken: not more than what was not promised, and from the end. */
static void learn_what_is_left(oracle *o, uint64_t left) {
  CHECK(left >= o->durable && left <= o->count, "%llu events are left of %zu, of which %zu were durable",
        (unsigned long long)left, o->count, o->durable);
  oracle_forget_from(o, (size_t)left);
  o->durable = o->published = o->count;
  o->frontier_ms = 0;
  for (size_t i = 0; i < o->count; i++) {
    if (o->events[i].wall_ms > o->frontier_ms) o->frontier_ms = o->events[i].wall_ms;
  }
}

static const bp_event *last_event(const bp_store *store, bp_page *page) {
  bp_query query;
  bp_stat stat = {.struct_size = sizeof stat};
  size_t count;
  CHECK(bp_store_stat(store, &stat, NULL) == BP_OK, "bp_store_stat");
  if (stat.last_sequence == UINT64_MAX) return NULL;
  CHECK(bp_query_init(&query, sizeof query) == BP_OK, "bp_query_init");
  query.flags = stat.last_sequence > 0 ? BP_QUERY_AFTER : 0;
  query.after = stat.last_sequence - 1;
  CHECK(bp_store_page(store, &query, page, NULL) == BP_OK, "bp_store_page");
  const bp_event *events = bp_page_events(page, &count);
  CHECK(count == 1 && events[0].sequence == stat.last_sequence && events[0].status == BP_OK, "the last event");
  return events;
}

/* The open event: where it stands, what it says of itself. */
static void learn_open_event(oracle *o, const bp_event *found) {
  const bp_extension extensions[] = {
      {(const uint8_t *)"batpak_c.version", strlen("batpak_c.version"), (const uint8_t *)bp_version(), strlen(bp_version())},
      {(const uint8_t *)"batpak_c.key_id", strlen("batpak_c.key_id"), o->key_id, sizeof o->key_id}};
  CHECK(found != NULL && found->kind == OPENED, "the last event is not the open event");
  bp_draft draft = own_draft(OPENED, found->payload, found->payload_length);
  draft.extensions = extensions;
  draft.extension_count = o->is_signed ? 2 : 1;
  uint64_t now_ms = o->read_us > 0 ? (uint64_t)o->read_us / 1000 : 0;
  if (o->frontier_ms > now_ms) now_ms = o->frontier_ms;
  oracle_begin_segment(o);
  oracle_rotate_if_full(o);
  oracle_event *event = oracle_write_event(o, &draft, (int64_t)now_ms * 1000);
  oracle_learn_id(o, o->count - 1, found->event_id, 1);
  oracle_place(o, event);
  o->durable = o->published = o->count;
}

/* Read-only what is left shows in what is durable: all of it, hidden events too. */
static uint64_t count_left(const oracle *o, const bp_store *store, const bp_event *last) {
  bp_stat stat = {.struct_size = sizeof stat};
  if (o->config.mode != BP_MODE_READ_ONLY) return last == NULL ? 0 : last->sequence;
  CHECK(bp_store_stat(store, &stat, NULL) == BP_OK, "bp_store_stat");
  CHECK(last == NULL || last->sequence < stat.durable_sequence, "more is there than what is durable");
  return stat.durable_sequence;
}

void oracle_opened(oracle *o, const bp_store *store) {
  bp_page *page;
  CHECK(bp_page_new(&page, NULL) == BP_OK, "bp_page_new");
  const bp_event *last = last_event(store, page);
  learn_what_is_left(o, count_left(o, store, last));
  o->clean = o->count > 0 && o->events[o->count - 1].kind == CLOSED;
  if (o->config.mode != BP_MODE_READ_ONLY) learn_open_event(o, last);
  o->opened = o->count - 1;
  o->is_open = 1;
  bp_page_free(page);
}

void oracle_closed(oracle *o) {
  uint8_t payload[48];
  o->is_open = 0;
  if (o->config.mode == BP_MODE_READ_ONLY) return;
  oracle_fence_cancelled(o);
  size_t newest = o->count; /* that readers see */
  while (!oracle_is_visible(o, --newest)) {
  }
  uint64_t wall_ms = o->events[newest].wall_ms;
  size_t length = oracle_close_payload(wall_ms, newest, payload);
  bp_draft draft = own_draft(CLOSED, payload, length);
  oracle_rotate_if_full(o);
  oracle_place(o, oracle_write_event(o, &draft, (int64_t)wall_ms * 1000));
  o->durable = o->published = o->count;
}

void oracle_killed(oracle *o) {
  oracle_crashed(o);
  if (o->config.mode != BP_MODE_READ_ONLY) o->durable = o->count;
}

void oracle_crashed(oracle *o) {
  o->is_open = 0;
  oracle_fence_cancelled(o);
}

/* ------------------------------------------------------------------------------------------- an answer of the store -- */

static void hold_refusal(const oracle *o, const oracle_answer *answer, bp_status status, const bp_error *error) {
  CHECK(error->code == status, "%s is answered, the error says %s", bp_status_name(status), bp_status_name(error->code));
  CHECK(!answer->is_batch || answer->item == SIZE_MAX || error->offset == answer->item, "item %llu is blamed, not %zu",
        (unsigned long long)error->offset, answer->item);
  if (status == BP_EXPECTED_CLOCK || status == BP_EXPECTED_EMPTY || status == BP_PAYLOAD_TOO_LARGE ||
      status == BP_BATCH_COUNT || status == BP_BATCH_BYTES || status == BP_BATCH_CAUSE) {
    CHECK(error->expected == answer->expected && error->actual == answer->actual, "%s: %llu for %llu, not %llu for %llu",
          bp_status_name(status), (unsigned long long)error->actual, (unsigned long long)error->expected,
          (unsigned long long)answer->actual, (unsigned long long)answer->expected);
  }
  if (status != BP_EXPECTED_EVENT || (answer->event != SIZE_MAX && !o->events[answer->event].is_learned)) return;
  static const uint8_t none[16];
  const uint8_t *last = answer->event == SIZE_MAX ? none : o->events[answer->event].id;
  CHECK(memcmp(error->event_id, last, 16) == 0, "another last event");
}

static void hold_receipt(oracle *o, const oracle_answer *answer, const bp_receipt *receipt) {
  oracle_event *event = &o->events[answer->event];
  oracle_learn_id(o, answer->event, receipt->event_id, 1);
  oracle_resolve_cause(o, event);
  CHECK(receipt->sequence == answer->event, "sequence %llu instead of %zu", (unsigned long long)receipt->sequence,
        answer->event);
  CHECK(memcmp(receipt->event_id, event->id, 16) == 0, "the receipt has another id");
  CHECK(memcmp(receipt->content_hash, event->hash, 32) == 0, "the receipt has another content hash");
  CHECK(receipt->segment_id == event->segment && receipt->offset == event->offset &&
            receipt->frame_length == event->frame_length,
        "at %llu:%llu, %u bytes, instead of %llu:%llu, %u bytes", (unsigned long long)receipt->segment_id,
        (unsigned long long)receipt->offset, receipt->frame_length, (unsigned long long)event->segment,
        (unsigned long long)event->offset, event->frame_length);
  CHECK(receipt->replayed == answer->replayed && (!answer->replayed || receipt->same == answer->same),
        "replayed %d, same %d", receipt->replayed, receipt->same);
  CHECK(receipt->durable || !answer->durable, "asked for durable, answered otherwise");
  CHECK(receipt->has_signature == o->is_signed && memcmp(receipt->key_id, o->key_id, 32) == 0, "has_signature is %d",
        receipt->has_signature);
  CHECK(receipt->extensions_length == event->extensions.length &&
            (receipt->extensions_length == 0 || receipt->extensions_length > receipt->extensions_capacity ||
             memcmp(receipt->extensions, event->extensions.data, event->extensions.length) == 0),
        "the receipt has other extensions");
  if (receipt->durable && answer->event >= o->durable) o->durable = answer->event + 1;
  event->receipt = *receipt;
  event->receipt.extensions = event->extensions.data;
  event->receipt.extensions_capacity = event->extensions.length;
  event->has_receipt = 1;
}

/* Nobody else is there who could flush while it waits. */
static void hold_gate(const oracle *o, const oracle_answer *answer, bp_status status, const bp_error *error,
                      const bp_receipt *receipt) {
  bp_status expected = BP_OK;
  size_t stands = answer->gate == BP_GATE_APPLIED ? o->opened : o->durable - 1;
  if (answer->gate == BP_GATE_APPLIED && answer->event > o->opened) expected = BP_WAIT_TIMEOUT;
  if (answer->gate == BP_GATE_DURABLE && !receipt->durable) expected = BP_WAIT_TIMEOUT;
  CHECK(status == expected, "gate %u: %s", answer->gate, bp_status_name(status));
  CHECK(status == BP_OK || (error->expected == answer->event && error->actual >= stands && error->actual < answer->event),
        "gate %u: waited for %llu, stands at %llu", answer->gate, (unsigned long long)error->expected,
        (unsigned long long)error->actual);
}

void oracle_hold(oracle *o, const oracle_answer *answer, bp_status status, const bp_error *error,
                 const bp_receipt *receipt) {
  int waited = answer->status == BP_OK && answer->gate != BP_GATE_NONE && status == BP_WAIT_TIMEOUT;
  CHECK(status == answer->status || waited, "%s instead of %s: %s", bp_status_name(status),
        bp_status_name(answer->status), status == BP_OK ? "" : error->text);
  if (answer->status != BP_OK) {
    hold_refusal(o, answer, status, error);
    return;
  }
  if (answer->gate != BP_GATE_NONE) hold_gate(o, answer, status, error, receipt);
  hold_receipt(o, answer, receipt);
}
