#include "support/model.h"

#include "model/event.h"
#include "support/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const entities[MODEL_ENTITIES] = {"ship:aurora", "ship:boreas", "port:cadiz", "port:delft", "fenced"};
static const char *const scopes[MODEL_ENTITIES] = {"fleet", "fleet", "harbour", "harbour", "fence"};

void model_init(model_state *model) { memset(model, 0, sizeof *model); }

void model_free(model_state *model) {
  free(model->events);
  for (size_t i = 0; i < sizeof model->payloads / sizeof *model->payloads; i++) free(model->payloads[i]);
  model_init(model);
}

static void *must(void *block) {
  if (block == NULL) abort();
  return block;
}

void model_copy(model_state *to, const model_state *from) {
  model_init(to);
  to->count = to->capacity = from->count;
  to->sequence_end = from->sequence_end;
  if (from->count == 0) return;
  to->events = (model_event *)must(malloc(from->count * sizeof *from->events));
  memcpy(to->events, from->events, from->count * sizeof *from->events);
}

/* ---------------------------------------------------------------------------------------------------- the program -- */

static uint8_t payload_byte(uint64_t number, size_t index) {
  uint64_t mixed = (number * 0x9e3779b97f4a7c15u) ^ (index * 0xbf58476d1ce4e5b9u);
  return (uint8_t)(mixed >> 29);
}

static uint16_t kind_of(uint64_t number) { return (uint16_t)(0xF000 | (number & 0xFF)); }

void model_draft(model_state *model, size_t index, uint8_t durability, bp_draft *draft) {
  const model_event *event = &model->events[index];
  uint8_t **payload = &model->payloads[index % (sizeof model->payloads / sizeof *model->payloads)];
  free(*payload);
  *payload = (uint8_t *)must(malloc(event->payload_length + 1));
  for (size_t i = 0; i < event->payload_length; i++) (*payload)[i] = payload_byte(event->number, i);

  CHECK(bp_draft_init(draft, sizeof *draft) == BP_OK, "bp_draft_init");
  draft->kind = kind_of(event->number);
  draft->durability = durability;
  draft->entity = (const uint8_t *)entities[event->entity];
  draft->entity_length = strlen(entities[event->entity]);
  draft->scope = (const uint8_t *)scopes[event->entity];
  draft->scope_length = strlen(scopes[event->entity]);
  draft->payload = *payload;
  draft->payload_length = event->payload_length;
  draft->given = BP_GIVEN_KEY;
  memcpy(draft->key, event->id, sizeof draft->key);
}

size_t model_add(model_state *model, uint32_t entity, uint32_t payload_length, uint8_t durability, bp_draft *draft) {
  if (model->count == model->capacity) {
    model->capacity = model->capacity == 0 ? 16 : model->capacity * 2;
    model->events = (model_event *)must(realloc(model->events, model->capacity * sizeof *model->events));
  }
  size_t index = model->count++;
  uint64_t number = index + 1;
  model_event *event = &model->events[index];
  *event = (model_event){.number = number, .payload_length = payload_length, .entity = entity};
  memset(event->id, 0xE0, sizeof event->id);
  memcpy(event->id, &number, sizeof number);
  model_draft(model, index, durability, draft);
  return index;
}

void model_bind(model_state *model, size_t count) {
  model_event *first = &model->events[model->count - count];
  for (size_t i = 0; i < count; i++) first[i].batch = (uint32_t)first->number;
}

void model_acknowledge(model_state *model, size_t index, const bp_receipt *receipt) {
  model_event *event = &model->events[index];
  event->answer = receipt->durable ? MODEL_DURABLE : MODEL_WRITTEN;
  event->receipt = *receipt;
  event->has_receipt = event->is_numbered = 1;
  event->sequence = receipt->sequence;
}

void model_refuse(model_state *model, size_t index) { model->events[index].answer = MODEL_REFUSED; }

static void turn(model_state *model, int from, int into) {
  for (size_t i = 0; i < model->count; i++) {
    if (model->events[i].answer == from) model->events[i].answer = into;
  }
}

void model_reveal(model_state *model) { turn(model, MODEL_FENCED, MODEL_REVEALED); }

void model_hide(model_state *model) {
  turn(model, MODEL_FENCED, MODEL_REFUSED);
  turn(model, MODEL_REVEALED, MODEL_REFUSED);
}

void model_sync(model_state *model) {
  turn(model, MODEL_WRITTEN, MODEL_DURABLE);
}

void model_settle(model_state *model) {
  for (size_t i = 0; i < model->count; i++) {
    model_event *event = &model->events[i];
    if (event->answer == MODEL_FENCED) event->answer = MODEL_REFUSED; /* with the process its fence was cancelled */
    event->answer = event->present ? MODEL_DURABLE : event->answer == MODEL_REFUSED ? MODEL_REFUSED : MODEL_GONE;
    if (event->present && event->has_receipt) event->has_receipt = event->found == event->receipt.sequence;
    event->is_numbered = event->present;
    event->sequence = event->found;
  }
}

int model_promises(const model_state *model) {
  for (size_t i = 0; i < model->count; i++) {
    if (model->events[i].answer == MODEL_DURABLE) return 1;
  }
  return 0;
}

/* ------------------------------------------------------------------------------------------------- the comparison -- */

typedef struct comparison {
  model_state *model;
  unsigned rules;
  uint64_t unproven;  /* sequences from here on may be others than promised */
  size_t next;        /* events of the model before this one were passed */
  int lost_written;   /* one of them was acknowledged as written and is not there */
  uint32_t clocks[MODEL_ENTITIES];
  uint8_t hashes[MODEL_ENTITIES][32];
} comparison;

static int text_is(const uint8_t *bytes, size_t length, const char *text) {
  return length == strlen(text) && memcmp(bytes, text, length) == 0;
}

/* The event of the model was not found where it should have been. */
static void pass_over(comparison *c, const model_event *event) {
  CHECK(event->answer != MODEL_DURABLE, "event %" PRIu64 " was acknowledged as durable and is lost", event->number);
  if (event->answer == MODEL_WRITTEN) c->lost_written = 1;
}

static model_event *find_event(comparison *c, const bp_event *found) {
  while (c->next < c->model->count) {
    model_event *event = &c->model->events[c->next++];
    if (memcmp(event->id, found->event_id, sizeof event->id) == 0) return event;
    pass_over(c, event);
  }
  check_failed(__FILE__, __LINE__, "sequence %" PRIu64 " is an event that was not appended, or not in this order",
               found->sequence);
}

static void compare_content(const model_event *event, const bp_event *found) {
  const char *entity = entities[event->entity], *scope = scopes[event->entity];
  CHECK(text_is(found->entity, found->entity_length, entity), "event %" PRIu64 ": other entity", event->number);
  CHECK(text_is(found->scope, found->scope_length, scope), "event %" PRIu64 ": other scope", event->number);
  CHECK(found->kind == kind_of(event->number), "event %" PRIu64 ": other kind", event->number);
  CHECK(memcmp(found->correlation_id, event->id, 16) == 0, "event %" PRIu64 ": other correlation", event->number);
  CHECK(found->payload_length == event->payload_length, "event %" PRIu64 ": other payload length", event->number);
  for (size_t i = 0; i < found->payload_length; i++) {
    CHECK(found->payload[i] == payload_byte(event->number, i), "event %" PRIu64 ": other payload", event->number);
  }
}

static void compare_chain(comparison *c, const model_event *event, const bp_event *found) {
  uint32_t *clock = &c->clocks[event->entity];
  uint8_t *hash = c->hashes[event->entity];
  if (event->entity == MODEL_FENCED_ENTITY) {
    CHECK(found->clock >= *clock, "event %" PRIu64 ": clock %u where %u was", event->number, found->clock, *clock);
  } else if (!(c->rules & MODEL_HOLES)) {
    CHECK(found->clock == *clock, "event %" PRIu64 ": clock %u where %u follows", event->number, found->clock, *clock);
    CHECK(memcmp(found->prev_hash, hash, 32) == 0, "event %" PRIu64 ": its chain is broken", event->number);
  }
  *clock = found->clock + 1;
  memcpy(hash, found->event_hash, 32);
}

static int is_own(const bp_event *found) {
  if (!text_is(found->entity, found->entity_length, BPI_STORE_ENTITY)) return 0;
  CHECK(found->kind == BPI_KIND_OPEN_COMPLETED || found->kind == BPI_KIND_CLOSE_COMPLETED,
        "sequence %" PRIu64 ": an event of the store's own of kind %04x", found->sequence, found->kind);
  return 1;
}

void model_compare_one(const model_state *model, const bp_event *found) {
  if (is_own(found)) return;
  size_t i = 0;
  while (i < model->count && memcmp(model->events[i].id, found->event_id, 16) != 0) i++;
  CHECK(i < model->count, "sequence %" PRIu64 " is an event that was not appended", found->sequence);
  compare_content(&model->events[i], found);
}

static void compare_event(comparison *c, const bp_event *found) {
  CHECK(found->status == BP_OK, "sequence %" PRIu64 " cannot be read: %s", found->sequence,
        bp_status_name(found->status));
  if (is_own(found)) return;
  model_event *event = find_event(c, found);
  event->present = 1;
  event->found = found->sequence;
  CHECK(event->answer != MODEL_GONE, "event %" PRIu64 " was lost once and is back", event->number);
  CHECK(event->answer != MODEL_REFUSED, "event %" PRIu64 " was refused or hidden and is there", event->number);
  CHECK(event->answer != MODEL_FENCED, "event %" PRIu64 " is behind an open fence and is there", event->number);
  CHECK(!c->lost_written || (c->rules & MODEL_HOLES), "event %" PRIu64 " is there, an earlier written one is lost",
        event->number);
  CHECK(!event->is_numbered || found->sequence == event->sequence || found->sequence >= c->unproven,
        "event %" PRIu64 ": sequence %" PRIu64 " where %" PRIu64 " was promised", event->number, found->sequence,
        event->sequence);
  compare_content(event, found);
  compare_chain(c, event, found);
}

/* Events that were submitted to fences have numbers and are not there. */
static uint64_t hidden_at_most(const model_state *model) {
  uint64_t count = 0;
  for (size_t i = 0; i < model->count; i++) count += model->events[i].entity == MODEL_FENCED_ENTITY;
  return count;
}

static void compare_page(comparison *c, const bp_event *events, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint64_t expected = c->model->sequence_end, found = events[i].sequence;
    CHECK(found == expected ||
              (found > expected && ((c->rules & MODEL_HOLES) || found - expected <= hidden_at_most(c->model))),
          "sequence %" PRIu64 " follows where %" PRIu64 " should", found, expected);
    c->model->sequence_end = found + 1;
    compare_event(c, &events[i]);
  }
}

static void compare_batches(const comparison *c) {
  for (size_t i = 1; i < c->model->count && !(c->rules & MODEL_HOLES); i++) {
    const model_event *event = &c->model->events[i], *before = event - 1;
    CHECK(event->batch == 0 || event->batch != before->batch || event->present == before->present,
          "of a batch event %" PRIu64 " is there and event %" PRIu64 " is not", (event->present ? event : before)->number,
          (event->present ? before : event)->number);
  }
}

/* A fence is committed in one step. */
static void compare_revealed(const comparison *c) {
  const model_event *first = NULL;
  for (size_t i = 0; i < c->model->count && !(c->rules & MODEL_HOLES); i++) {
    const model_event *event = &c->model->events[i];
    if (event->answer != MODEL_REVEALED) continue;
    if (first == NULL) first = event;
    CHECK(event->present == first->present, "of a fence event %" PRIu64 " is there and event %" PRIu64 " is not",
          (event->present ? event : first)->number, (event->present ? first : event)->number);
  }
}

static void compare_all(comparison *c, const bp_store *store) {
  bp_page *page;
  bp_query query;
  bp_error error = {.struct_size = sizeof error};
  size_t count;
  CHECK(bp_page_new(&page, NULL) == BP_OK, "bp_page_new");
  CHECK(bp_query_init(&query, sizeof query) == BP_OK, "bp_query_init");
  c->model->sequence_end = 0;
  do {
    CHECK(bp_store_page(store, &query, page, &error) == BP_OK, "bp_store_page: %s", error.text);
    const bp_event *events = bp_page_events(page, &count);
    compare_page(c, events, count);
    query.flags = BP_QUERY_AFTER;
    query.after = c->model->sequence_end - 1;
  } while (bp_page_more(page));
  bp_page_free(page);
  while (c->next < c->model->count) pass_over(c, &c->model->events[c->next++]);
  compare_batches(c);
  compare_revealed(c);
}

/* ---------------------------------------------------------------------------------------------------- the verdict -- */

static void compare_receipt(const bp_store *store, const model_event *event) {
  int32_t outcome = -1;
  bp_error error = {.struct_size = sizeof error};
  CHECK(bp_store_verify_receipt(store, &event->receipt, NULL, &outcome, &error) == BP_OK, "event %" PRIu64 ": %s",
        event->number, error.text);
  CHECK(outcome == BP_RECEIPT_SIGNED || outcome == BP_RECEIPT_UNSIGNED_ACCEPTED,
        "event %" PRIu64 ": its receipt is judged %s", event->number, bp_receipt_outcome_name(outcome));
}

static bp_report *verify(const bp_store *store, const bp_receipt *receipts, size_t count, bp_verdict *verdict) {
  bp_trust trust;
  bp_report *report;
  bp_error error = {.struct_size = sizeof error};
  CHECK(bp_trust_init(&trust, sizeof trust) == BP_OK, "bp_trust_init");
  trust.receipts = receipts;
  trust.receipt_count = count;
  CHECK(bp_store_verify(store, &trust, &report, &error) == BP_OK, "bp_store_verify: %s", error.text);
  verdict->struct_size = sizeof *verdict;
  CHECK(bp_report_verdict(report, verdict) == BP_OK, "bp_report_verdict");
  return report;
}

/* Damage may be found only where the store itself says that it can prove nothing. */
static void judge_findings(const comparison *c, const bp_report *report) {
  size_t count;
  const bp_finding *findings = bp_report_findings(report, &count);
  for (size_t i = 0; i < count; i++) {
    const bp_finding *finding = &findings[i];
    int allowed = finding->severity == BP_SEVERITY_NOTE ||
                  ((c->rules & MODEL_HOLES) && finding->severity == BP_SEVERITY_DAMAGE &&
                   finding->sequence >= c->unproven);
    CHECK(allowed, "verify finds %s: %s: %s (segment %" PRIu64 ", offset %" PRIu64 ", sequence %" PRId64 ")",
          bp_severity_name(finding->severity), finding->code, finding->text, finding->segment_id, finding->offset,
          (int64_t)finding->sequence);
  }
}

static void compare_verdict(const comparison *c, const bp_store *store) {
  bp_receipt *receipts = (bp_receipt *)must(calloc(c->model->count + 1, sizeof *receipts));
  size_t count = 0;
  const model_event *last = NULL;
  for (size_t i = 0; i < c->model->count; i++) {
    const model_event *event = &c->model->events[i];
    if (!event->present || !event->has_receipt || event->found != event->receipt.sequence) continue;
    receipts[count++] = event->receipt;
    last = event;
  }
  if (last != NULL) compare_receipt(store, last); /* bp_store_verify holds each of them in the same way */
  bp_verdict verdict;
  bp_report *report = verify(store, receipts, count, &verdict);
  judge_findings(c, report);
  if (!(c->rules & MODEL_HOLES)) {
    uint32_t expected = count > 0 ? BP_VERDICT_ATTESTED : BP_VERDICT_CONSISTENT;
    CHECK(verdict.verdict == expected, "the verdict is %s", bp_verdict_name(verdict.verdict));
    CHECK(verdict.attested == count, "%" PRIu64 " events attested, %zu receipts", verdict.attested, count);
  }
  bp_report_free(report);
  free(receipts);
}

static uint64_t first_unproven(const bp_store *store) {
  bp_report *report;
  bp_verdict verdict = {.struct_size = sizeof verdict};
  CHECK(bp_store_open_report(store, &report, NULL) == BP_OK, "bp_store_open_report");
  CHECK(bp_report_verdict(report, &verdict) == BP_OK, "bp_report_verdict");
  bp_report_free(report);
  return verdict.first_unproven;
}

void model_compare(model_state *model, const bp_store *store, unsigned rules) {
  comparison c = {.model = model, .rules = rules, .unproven = first_unproven(store)};
  if ((rules & MODEL_HOLES) && (rules & MODEL_REPAIRED)) c.unproven = 0;
  CHECK((rules & MODEL_HOLES) || c.unproven == UINT64_MAX, "sequences from %" PRIu64 " on are called unproven",
        c.unproven);
  for (size_t i = 0; i < model->count; i++) model->events[i].present = 0;
  compare_all(&c, store);
  if (rules & MODEL_VERIFY) compare_verdict(&c, store);
}
