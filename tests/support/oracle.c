/* The rules of writing. */
#include "support/oracle_internal.h"

#include "support/check.h"
#include "support/oracle_bytes.h"

#include <stdlib.h>
#include <string.h>

void oracle_init(oracle *o, const uint8_t *seed) {
  uint8_t public_key[32];
  memset(o, 0, sizeof *o);
  o->is_signed = seed != NULL;
  CHECK(seed == NULL || bp_key_derive(seed, public_key, o->key_id, NULL) == BP_OK, "bp_key_derive");
  o->clock_us = 1700000000000000;
}

static void free_event(oracle_event *event) {
  free(event->entity.data);
  free(event->scope.data);
  free(event->payload.data);
  free(event->extensions.data);
}

void oracle_forget_from(oracle *o, size_t first) {
  while (o->count > first) free_event(&o->events[--o->count]);
}

void oracle_free(oracle *o) {
  oracle_forget_from(o, 0);
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
  while (i < o->count && !(o->events[i].is_learned && memcmp(o->events[i].id, id, 16) == 0)) i++;
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

void oracle_resolve_cause(oracle *o, oracle_event *event) {
  if (event->has_cause) memcpy(event->causation, o->events[event->cause].id, 16);
  event->has_cause = 0;
}

/* ---------------------------------------------------------------------------------------------------------- judging -- */

static bp_status judge_expectation(const oracle *o, const bp_draft *draft, oracle_answer *answer) {
  const oracle_event *last = last_of(o, draft->entity, draft->entity_length);
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
      answer->event = last == NULL ? SIZE_MAX : (size_t)(last - o->events);
      return last != NULL && last->is_learned && memcmp(last->id, draft->expect_event_id, 16) == 0 ? BP_OK
                                                                                            : BP_EXPECTED_EVENT;
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

void oracle_begin_segment(oracle *o) {
  o->segment++;
  o->segments++;
  o->segment_bytes = oracle_prologue_length(o->segment);
}

/* A new segment where as much is written as a segment may have; what stands before it was flushed. */
void oracle_rotate_if_full(oracle *o) {
  if (o->segment_bytes < o->config.segment_max_bytes) return;
  o->durable = o->count;
  oracle_begin_segment(o);
}

/* Its frame follows the last one. */
void oracle_place(oracle *o, oracle_event *event) {
  event->segment = o->segment;
  event->offset = o->segment_bytes;
  event->frame_length = oracle_frame_length(event);
  o->segment_bytes += event->frame_length;
  if (event->wall_ms > o->frontier_ms) o->frontier_ms = event->wall_ms;
}

oracle_event *oracle_write_event(oracle *o, const bp_draft *draft, int64_t timestamp_us) {
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

/* Behind an open fence stands only what comes through it. */
static bp_status admit(const oracle *o) {
  if (o->is_fenced == o->through_fence) return BP_OK;
  return o->is_fenced ? BP_FENCE_ACTIVE : BP_FENCE_NOT_ACTIVE;
}

/* The key before the expectation, the expectation before the clock. */
oracle_answer oracle_append(oracle *o, const bp_draft *draft) {
  oracle_answer answer = {.status = BP_READ_ONLY};
  if (o->config.mode == BP_MODE_READ_ONLY) return answer;
  answer.status = oracle_draft_check(o, draft, &answer);
  if (answer.status == BP_OK && (draft->given & BP_GIVEN_CAUSE_ITEM)) answer.status = BP_ARGUMENT;
  if (answer.status == BP_OK) answer.status = admit(o);
  if (answer.status != BP_OK) return answer;
  answer.durable = wants_durable(o, draft) || o->is_fenced; /* a fence is answered when it is flushed */
  answer.gate = draft->gate;
  if (draft->given & BP_GIVEN_KEY) {
    answer.event = find_written(o, draft->key);
    if (answer.event < o->count) {
      answer.status = o->events[answer.event].hidden ? BP_KEY_CANCELLED : BP_OK;
      replay(o, draft, &answer);
      if (answer.status == BP_OK && answer.durable && !o->is_fenced) o->durable = o->count;
      return answer;
    }
  }
  answer.status = judge_expectation(o, draft, &answer);
  if (answer.status == BP_OK && o->clock_us < 0) answer.status = BP_CLOCK_INVALID;
  if (answer.status != BP_OK) return answer;
  oracle_rotate_if_full(o);
  answer.event = o->count;
  oracle_place(o, oracle_write_event(o, draft, o->read_us));
  if (o->is_fenced) return answer;
  o->published = o->count;
  if (answer.durable) o->durable = o->count;
  return answer;
}

size_t oracle_append_many(oracle *o, const bp_draft *drafts, size_t count, oracle_answer *answers) {
  for (size_t i = 0; i < count; i++) {
    bp_draft alone = drafts[i];
    int misplaced = i + 1 < count && alone.gate != BP_GATE_NONE;
    if (misplaced) alone.given |= BP_GIVEN_CAUSE_ITEM; /* it is refused just as this is */
    answers[i] = oracle_append(o, &alone);
    if (answers[i].status != BP_OK) return i;
  }
  return count;
}

/* ---------------------------------------------------------------------------------------------------------- a batch -- */

static bp_status check_item(const bp_draft *draft, size_t item, size_t count, oracle_answer *answer) {
  if (draft->expect != BP_EXPECT_ANY) return BP_BATCH_EXPECTATION;
  if (!(draft->given & BP_GIVEN_CAUSE_ITEM) || draft->cause_item < item) {
    return draft->gate != BP_GATE_NONE && item + 1 < count ? BP_ARGUMENT : BP_OK;
  }
  answer->expected = item;
  answer->actual = draft->cause_item;
  return BP_BATCH_CAUSE;
}

static bp_status check_batch_keys(const bp_draft *drafts, size_t item) {
  if ((drafts[item].given & BP_GIVEN_KEY) != (drafts[0].given & BP_GIVEN_KEY)) return BP_BATCH_KEYS;
  for (size_t i = 0; (drafts[item].given & BP_GIVEN_KEY) && i < item; i++) {
    if (memcmp(drafts[i].key, drafts[item].key, 16) == 0) return BP_BATCH_DUPLICATE_KEY;
  }
  return BP_OK;
}

/* Before anybody asks what the store holds. */
static bp_status check_batch(const oracle *o, const bp_draft *drafts, size_t count, oracle_answer *answer) {
  uint64_t bytes = 0;
  bp_status status = BP_OK;
  answer->item = SIZE_MAX;
  answer->expected = o->config.batch_max_events;
  answer->actual = count;
  if (count > o->config.batch_max_events) return BP_BATCH_COUNT;
  for (size_t i = 0; i < count && status == BP_OK; i++) {
    answer->item = i;
    status = oracle_draft_check(o, &drafts[i], answer);
    if (status == BP_OK) status = check_item(&drafts[i], i, count, answer);
    bytes += drafts[i].payload_length + oracle_extensions_encode(drafts[i].extensions, drafts[i].extension_count, NULL);
    if (status != BP_OK || bytes <= o->config.batch_max_bytes) continue;
    answer->expected = o->config.batch_max_bytes;
    answer->actual = bytes;
    status = BP_BATCH_BYTES;
  }
  for (size_t i = 0; i < count && status == BP_OK; i++) {
    answer->item = i;
    status = check_batch_keys(drafts, i);
  }
  return status;
}

/* All keys are known or none is. */
static bp_status look_up_keys(const oracle *o, const bp_draft *drafts, size_t count, oracle_answer *answers) {
  for (size_t i = 0; i < count; i++) {
    answers[0].item = i;
    answers[i].event = drafts[i].given & BP_GIVEN_KEY ? find_written(o, drafts[i].key) : o->count;
    int known = answers[i].event < o->count;
    if (known && o->events[answers[i].event].hidden) return BP_KEY_CANCELLED;
    if (known != (answers[0].event < o->count)) return BP_BATCH_KEYS;
    if (known) replay(o, &drafts[i], &answers[i]);
  }
  return BP_OK;
}

static void write_batch(oracle *o, const bp_draft *drafts, size_t count, oracle_answer *answers) {
  static const uint8_t to_be_learned[16] = {0xff};
  size_t first = o->count;
  oracle_rotate_if_full(o);
  o->segment_bytes += oracle_marker_length(o->read_us, count);
  for (size_t i = 0; i < count; i++) {
    oracle_event *event = oracle_write_event(o, &drafts[i], o->read_us);
    answers[i].event = first + i;
    event->has_cause = (drafts[i].given & BP_GIVEN_CAUSE_ITEM) != 0;
    event->cause = first + drafts[i].cause_item;
    if (event->has_cause) memcpy(event->causation, to_be_learned, 16);
    if (event->has_cause && o->events[event->cause].is_learned) oracle_resolve_cause(o, event);
    oracle_place(o, event);
  }
  o->segment_bytes += oracle_marker_length(o->read_us, 0);
}

void oracle_batch(oracle *o, const bp_draft *drafts, size_t count, oracle_answer *answers) {
  memset(answers, 0, count * sizeof *answers);
  answers[0].is_batch = 1;
  answers[0].item = SIZE_MAX;
  answers[0].status = o->config.mode == BP_MODE_READ_ONLY ? BP_READ_ONLY : check_batch(o, drafts, count, &answers[0]);
  if (answers[0].status == BP_OK && admit(o) != BP_OK) {
    answers[0].status = admit(o);
    answers[0].item = SIZE_MAX;
  }
  if (answers[0].status == BP_OK) answers[0].status = look_up_keys(o, drafts, count, answers);
  if (answers[0].status != BP_OK) return;
  if (!answers[0].replayed) {
    answers[0].item = SIZE_MAX;
    if (o->clock_us < 0) answers[0].status = BP_CLOCK_INVALID;
    if (answers[0].status != BP_OK) return;
    write_batch(o, drafts, count, answers);
  }
  for (size_t i = 0; i < count; i++) answers[i].durable = 1;
  if (!o->is_fenced) o->durable = o->published = o->count;
  answers[count - 1].gate = drafts[count - 1].gate;
}

void oracle_synced(oracle *o) { o->durable = o->count; }

/* --------------------------------------------------------------------------------------------------------- a fence -- */

bp_status oracle_fence_begin(oracle *o) {
  if (o->config.mode == BP_MODE_READ_ONLY) return BP_READ_ONLY;
  o->fences++;
  if (o->is_fenced) return BP_FENCE_ACTIVE;
  o->is_fenced = 1;
  o->fence_first = o->durable = o->count;
  return BP_OK;
}

void oracle_fence_committed(oracle *o) {
  o->is_fenced = 0;
  o->durable = o->published = o->count;
}

void oracle_fence_cancelled(oracle *o) {
  for (size_t i = o->fence_first; o->is_fenced && i < o->count; i++) o->events[i].hidden = 1;
  o->is_fenced = 0;
  o->published = o->count;
}
