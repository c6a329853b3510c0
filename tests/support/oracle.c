/* The rules of writing. */
#include "support/oracle.h"

#include "support/check.h"
#include "support/oracle_bytes.h"

#include <stdlib.h>
#include <string.h>

enum { COMPONENT_MAX = 1024, EXTENSION_NAME_MAX = 256 };

static const char own_entity[] = "batpak:store", own_scope[] = "batpak:lifecycle";
enum { OPENED = 0x0008, CLOSED = 0x0009 };

void oracle_init(oracle *o) {
  memset(o, 0, sizeof *o);
  o->clock_us = 1700000000000000;
}

static void free_event(oracle_event *event) {
  free(event->entity.data);
  free(event->scope.data);
  free(event->payload.data);
  free(event->extensions.data);
}

static void forget_from(oracle *o, size_t first) {
  while (o->count > first) free_event(&o->events[--o->count]);
}

void oracle_free(oracle *o) {
  forget_from(o, 0);
  free(o->events);
}

int64_t oracle_clock(void *user) {
  oracle *o = user;
  if (o->clock_us > o->read_us) o->read_us = o->clock_us;
  return o->clock_us;
}

/* ---------------------------------------------------------------------------------------------------- what is there -- */

static oracle_text text_of(const void *bytes, size_t length) {
  oracle_text text = {malloc(length + 1), length};
  if (text.data == NULL) abort();
  if (length > 0) memcpy(text.data, bytes, length);
  return text;
}

static int text_is(const oracle_text *text, const uint8_t *bytes, size_t length) {
  return text->length == length && (length == 0 || memcmp(text->data, bytes, length) == 0);
}

int oracle_is_visible(const oracle *o, size_t event) { return event < o->published && !o->events[event].hidden; }

size_t oracle_find(const oracle *o, const uint8_t id[16]) {
  size_t i = 0;
  while (i < o->count && !(oracle_is_visible(o, i) && memcmp(o->events[i].id, id, 16) == 0)) i++;
  return i;
}

static size_t find_written(const oracle *o, const uint8_t id[16]) {
  size_t i = 0;
  while (i < o->count && memcmp(o->events[i].id, id, 16) != 0) i++;
  return i;
}

/* The chain follows what was written, hidden or not. */
static const oracle_event *last_of(const oracle *o, const uint8_t *entity, size_t length) {
  for (size_t i = o->count; i-- > 0;) {
    if (text_is(&o->events[i].entity, entity, length)) return &o->events[i];
  }
  return NULL;
}

size_t oracle_parent(const oracle *o, size_t event) {
  static const uint8_t none[32];
  const oracle_event *child = &o->events[event];
  if (memcmp(child->prev_hash, none, 32) == 0) return o->count;
  for (size_t i = event; i-- > 0;) {
    const oracle_event *other = &o->events[i];
    if (oracle_is_visible(o, i) && text_is(&other->entity, child->entity.data, child->entity.length) &&
        memcmp(other->hash, child->prev_hash, 32) == 0) {
      return i;
    }
  }
  return o->count;
}

static int is_under(const oracle_text *name, const uint8_t *prefix, size_t length) {
  if (name->length < length || (length > 0 && memcmp(name->data, prefix, length) != 0)) return 0;
  return name->length == length || name->data[length] == ':';
}

int oracle_matches(const oracle *o, size_t event, const bp_query *query) {
  const oracle_event *e = &o->events[event];
  if (!oracle_is_visible(o, event)) return 0;
  if ((query->flags & BP_QUERY_AFTER) && event <= query->after) return 0;
  if ((query->flags & BP_QUERY_ENTITY) && !text_is(&e->entity, query->entity, query->entity_length)) return 0;
  if ((query->flags & BP_QUERY_UNDER) && !is_under(&e->entity, query->entity, query->entity_length)) return 0;
  if ((query->flags & BP_QUERY_SCOPE) && !text_is(&e->scope, query->scope, query->scope_length)) return 0;
  if ((query->flags & BP_QUERY_CLOCK) && (e->clock < query->clock_min || e->clock > query->clock_max)) return 0;
  if (query->kind_filter == BP_KIND_EXACT && e->kind != query->kind) return 0;
  if (query->kind_filter == BP_KIND_CATEGORY && (uint32_t)e->kind >> 12 != query->kind) return 0;
  return 1;
}

/* ------------------------------------------------------------------------------------------- what a draft must obey -- */

static bp_status component_check(const uint8_t *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (text[i] == 0) return BP_COORDINATE_NUL;
    if (text[i] < 0x20 || text[i] == 0x7f) return BP_COORDINATE_CONTROL;
  }
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '/' || (i > 0 && text[i] == '.' && text[i - 1] == '.')) return BP_COORDINATE_TRAVERSAL;
  }
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '|' || text[i] == '=') return BP_COORDINATE_SEPARATOR;
  }
  return BP_OK;
}

static bp_status coordinate_check(const bp_draft *draft) {
  if (draft->entity_length == 0) return BP_ENTITY_EMPTY;
  if (draft->scope_length == 0) return BP_SCOPE_EMPTY;
  if (draft->entity_length > COMPONENT_MAX) return BP_ENTITY_TOO_LONG;
  if (draft->scope_length > COMPONENT_MAX) return BP_SCOPE_TOO_LONG;
  bp_status status = component_check(draft->entity, draft->entity_length);
  return status != BP_OK ? status : component_check(draft->scope, draft->scope_length);
}

static bp_status kind_check(const bp_draft *draft) {
  unsigned category = draft->kind >> 12;
  if (draft->kind == 6 || draft->kind == 7) return BP_KIND_MARKER;
  return (category == 0 || category == 0xD) && !draft->allow_reserved ? BP_KIND_RESERVED : BP_OK;
}

static bp_status extension_check(const bp_extension *item) {
  size_t dots = 0, dot = 0;
  if (item->name_length == 0) return BP_EXTENSION_EMPTY;
  for (size_t i = 0; i < item->name_length; i++) {
    if (item->name[i] >= 0x80) return BP_EXTENSION_NON_ASCII;
    if (item->name[i] == '.') {
      dots++;
      dot = i;
    }
  }
  if (item->name_length > EXTENSION_NAME_MAX) return BP_EXTENSION_TOO_LONG;
  if (dots != 1 || dot == 0 || dot + 1 == item->name_length) return BP_EXTENSION_NAMESPACE;
  return dot == 6 && memcmp(item->name, "batpak", 6) == 0 ? BP_EXTENSION_RESERVED : BP_OK;
}

bp_status oracle_draft_check(const oracle *o, const bp_draft *draft, oracle_answer *answer) {
  bp_status status = coordinate_check(draft);
  if (status == BP_OK) status = kind_check(draft);
  for (size_t i = 0; i < draft->extension_count && status == BP_OK; i++) {
    status = extension_check(&draft->extensions[i]);
  }
  if (status != BP_OK) return status;
  size_t size = draft->payload_length + oracle_extensions_encode(draft->extensions, draft->extension_count, NULL);
  if (size <= o->config.single_append_max_bytes) return BP_OK;
  answer->expected = o->config.single_append_max_bytes;
  answer->actual = size;
  return BP_PAYLOAD_TOO_LARGE;
}

/* ---------------------------------------------------------------------------------------------------------- judging -- */

static bp_status judge_expectation(const bp_draft *draft, const oracle_event *last, oracle_answer *answer) {
  uint32_t clock = last == NULL ? 0 : last->clock;
  switch (draft->expect) {
    case BP_EXPECT_CLOCK:
      if (clock == draft->expect_clock) return BP_OK;
      answer->expected = draft->expect_clock;
      answer->actual = clock;
      return BP_EXPECTED_CLOCK;
    case BP_EXPECT_EMPTY:
      answer->actual = clock;
      return last == NULL ? BP_OK : BP_EXPECTED_EMPTY;
    case BP_EXPECT_EVENT:
      if (last != NULL) memcpy(answer->event_id, last->id, 16);
      return last != NULL && memcmp(last->id, draft->expect_event_id, 16) == 0 ? BP_OK : BP_EXPECTED_EVENT;
    default: return BP_OK;
  }
}

static void replay(const oracle *o, const bp_draft *draft, oracle_answer *answer) {
  const oracle_event *event = &o->events[answer->event];
  answer->replayed = 1;
  answer->same = text_is(&event->payload, draft->payload, draft->payload_length) && event->kind == draft->kind &&
                 text_is(&event->entity, draft->entity, draft->entity_length) &&
                 text_is(&event->scope, draft->scope, draft->scope_length);
}

static oracle_event *add_event(oracle *o) {
  if (o->count == o->capacity) {
    o->capacity = o->capacity == 0 ? 64 : o->capacity * 2;
    o->events = realloc(o->events, o->capacity * sizeof *o->events);
    if (o->events == NULL) abort();
  }
  oracle_event *event = &o->events[o->count++];
  memset(event, 0, sizeof *event);
  return event;
}

static void begin_segment(oracle *o) {
  o->segment++;
  o->segments++;
  o->segment_bytes = oracle_prologue_length(o->segment);
}

/* A new segment where as much is written as a segment may have; what stands before it was flushed. */
static void rotate_if_full(oracle *o) {
  if (o->segment_bytes < o->config.segment_max_bytes) return;
  o->durable = o->count;
  begin_segment(o);
}

/* Its frame follows the last one. */
static void place(oracle *o, oracle_event *event) {
  event->segment = o->segment;
  event->offset = o->segment_bytes;
  event->frame_length = oracle_frame_length(event);
  o->segment_bytes += event->frame_length;
  if (event->wall_ms > o->frontier_ms) o->frontier_ms = event->wall_ms;
}

static oracle_event *write_event(oracle *o, const bp_draft *draft, int64_t timestamp_us) {
  const oracle_event *last = last_of(o, draft->entity, draft->entity_length);
  uint32_t clock = last == NULL ? 0 : last->clock + 1;
  uint8_t prev_hash[32] = {0};
  if (last != NULL) memcpy(prev_hash, last->hash, 32);
  oracle_event *event = add_event(o);
  event->clock = clock;
  memcpy(event->prev_hash, prev_hash, 32);
  event->entity = text_of(draft->entity, draft->entity_length);
  event->scope = text_of(draft->scope, draft->scope_length);
  event->payload = text_of(draft->payload, draft->payload_length);
  oracle_hash(draft->payload, draft->payload_length, event->hash);
  size_t extensions = oracle_extensions_encode(draft->extensions, draft->extension_count, NULL);
  event->extensions = (oracle_text){malloc(extensions + 1), extensions};
  if (event->extensions.data == NULL) abort();
  (void)oracle_extensions_encode(draft->extensions, draft->extension_count, event->extensions.data);
  event->timestamp_us = timestamp_us;
  event->wall_ms = (uint64_t)timestamp_us / 1000;
  if (event->wall_ms < o->frontier_ms) event->wall_ms = o->frontier_ms;
  event->kind = draft->kind;
  event->flags = draft->flags;
  event->lane = draft->lane;
  event->depth = draft->depth;
  if (draft->given & BP_GIVEN_KEY) {
    memcpy(event->id, draft->key, 16);
    event->is_learned = 1;
  }
  memcpy(event->correlation, draft->given & BP_GIVEN_CORRELATION ? draft->correlation_id : event->id, 16);
  if (draft->given & BP_GIVEN_CAUSATION) memcpy(event->causation, draft->causation_id, 16);
  return event;
}

static int wants_durable(const oracle *o, const bp_draft *draft) {
  return (draft->durability == BP_DURABILITY_DEFAULT ? o->config.durability : draft->durability) == BP_DURABLE;
}

/* The key before the expectation, the expectation before the clock. */
oracle_answer oracle_append(oracle *o, const bp_draft *draft) {
  oracle_answer answer = {.status = BP_READ_ONLY};
  if (o->config.mode == BP_MODE_READ_ONLY) return answer;
  answer.status = oracle_draft_check(o, draft, &answer);
  if (answer.status != BP_OK) return answer;
  answer.durable = wants_durable(o, draft);
  if (draft->given & BP_GIVEN_KEY) {
    answer.event = find_written(o, draft->key);
    if (answer.event < o->count) {
      answer.status = o->events[answer.event].hidden ? BP_KEY_CANCELLED : BP_OK;
      replay(o, draft, &answer);
      if (answer.status == BP_OK && answer.durable) o->durable = o->count;
      return answer;
    }
  }
  answer.status = judge_expectation(draft, last_of(o, draft->entity, draft->entity_length), &answer);
  if (answer.status == BP_OK && o->clock_us < 0) answer.status = BP_CLOCK_INVALID;
  if (answer.status != BP_OK) return answer;
  rotate_if_full(o);
  answer.event = o->count;
  place(o, write_event(o, draft, o->read_us));
  o->published = o->count;
  if (answer.durable) o->durable = o->count;
  return answer;
}

void oracle_synced(oracle *o) { o->durable = o->count; }

/* ---------------------------------------------------------------------------------------------------- open and close -- */

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
}

/* What a crash may have taken: not more than what was not promised, and from the end. */
static void learn_what_is_left(oracle *o, uint64_t left) {
  CHECK(left >= o->durable && left <= o->count, "%llu events are left of %zu, of which %zu were durable",
        (unsigned long long)left, o->count, o->durable);
  forget_from(o, (size_t)left);
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

void oracle_learn_id(oracle *o, size_t number, const uint8_t id[16], int rises) {
  oracle_event *event = &o->events[number];
  if (event->is_learned) return;
  static const uint8_t none[16];
  CHECK(id[6] >> 4 == 7 && id[8] >> 6 == 2, "an id that is no UUIDv7");
  CHECK(find_written(o, id) == o->count, "an id that was used before");
  CHECK(!rises || memcmp(id, o->last_id, 16) > 0, "ids do not rise");
  if (rises) memcpy(o->last_id, id, 16);
  if (memcmp(event->correlation, none, 16) == 0) memcpy(event->correlation, id, 16);
  memcpy(event->id, id, 16);
  event->is_learned = 1;
}

/* The open event: where it stands, what it says of itself. */
static void learn_open_event(oracle *o, const bp_event *found) {
  const bp_extension writer = {(const uint8_t *)"batpak_c.version", strlen("batpak_c.version"),
                               (const uint8_t *)bp_version(), strlen(bp_version())};
  CHECK(found != NULL && found->kind == OPENED, "the last event is not the open event");
  bp_draft draft = own_draft(OPENED, found->payload, found->payload_length);
  draft.extensions = &writer;
  draft.extension_count = 1;
  uint64_t now_ms = o->read_us > 0 ? (uint64_t)o->read_us / 1000 : 0;
  if (o->frontier_ms > now_ms) now_ms = o->frontier_ms;
  begin_segment(o);
  rotate_if_full(o);
  oracle_event *event = write_event(o, &draft, (int64_t)now_ms * 1000);
  oracle_learn_id(o, o->count - 1, found->event_id, 1);
  place(o, event);
  o->durable = o->published = o->count;
}

void oracle_opened(oracle *o, const bp_store *store) {
  bp_page *page;
  CHECK(bp_page_new(&page, NULL) == BP_OK, "bp_page_new");
  const bp_event *last = last_event(store, page);
  int mutable = o->config.mode != BP_MODE_READ_ONLY;
  uint64_t left = last == NULL ? 0 : last->sequence + (mutable ? 0 : 1);
  while (!mutable && left < o->count && o->events[left].hidden) left++;
  learn_what_is_left(o, left);
  o->clean = o->count > 0 && o->events[o->count - 1].kind == CLOSED;
  if (mutable) learn_open_event(o, last);
  o->is_open = 1;
  bp_page_free(page);
}

void oracle_closed(oracle *o) {
  uint8_t payload[48];
  o->is_open = 0;
  if (o->config.mode == BP_MODE_READ_ONLY) return;
  size_t length = oracle_close_payload(o->frontier_ms, o->count - 1, payload);
  bp_draft draft = own_draft(CLOSED, payload, length);
  rotate_if_full(o);
  place(o, write_event(o, &draft, (int64_t)o->frontier_ms * 1000));
  o->durable = o->published = o->count;
}

void oracle_killed(oracle *o) {
  o->is_open = 0;
  if (o->config.mode != BP_MODE_READ_ONLY) o->durable = o->count;
}

void oracle_crashed(oracle *o) { o->is_open = 0; }

/* ------------------------------------------------------------------------------------------- an answer of the store -- */

static void hold_refusal(const oracle_answer *answer, bp_status status, const bp_error *error) {
  CHECK(error->code == status, "%s is answered, the error says %s", bp_status_name(status), bp_status_name(error->code));
  if (status == BP_EXPECTED_CLOCK || status == BP_EXPECTED_EMPTY || status == BP_PAYLOAD_TOO_LARGE) {
    CHECK(error->expected == answer->expected && error->actual == answer->actual, "%s: %llu for %llu, not %llu for %llu",
          bp_status_name(status), (unsigned long long)error->actual, (unsigned long long)error->expected,
          (unsigned long long)answer->actual, (unsigned long long)answer->expected);
  }
  CHECK(status != BP_EXPECTED_EVENT || memcmp(error->event_id, answer->event_id, 16) == 0, "another last event");
}

static void hold_receipt(oracle *o, const oracle_answer *answer, const bp_receipt *receipt) {
  oracle_event *event = &o->events[answer->event];
  oracle_learn_id(o, answer->event, receipt->event_id, 1);
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
  CHECK(receipt->has_signature == o->is_signed, "has_signature is %d", receipt->has_signature);
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

void oracle_hold(oracle *o, const oracle_answer *answer, bp_status status, const bp_error *error,
                 const bp_receipt *receipt) {
  CHECK(status == answer->status, "%s instead of %s: %s", bp_status_name(status), bp_status_name(answer->status),
        status == BP_OK ? "" : error->text);
  if (status == BP_OK) {
    hold_receipt(o, answer, receipt);
  } else {
    hold_refusal(answer, status, error);
  }
}
