/* What can be read of a store, held against the oracle. */
#include "support/check.h"
#include "support/oracle.h"
#include "support/oracle_bytes.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------- one event -- */

static int is_text(const uint8_t *bytes, size_t length, const oracle_text *text) {
  return length == text->length && (length == 0 || memcmp(bytes, text->data, length) == 0);
}

static int same_extensions(const bp_event *found, const oracle_event *event) {
  uint8_t *map = malloc(event->extensions.length + 1);
  if (map == NULL) abort();
  size_t length = oracle_extensions_encode(found->extensions, found->extension_count, NULL);
  int same = length == event->extensions.length;
  if (same) (void)oracle_extensions_encode(found->extensions, found->extension_count, map);
  same = same && (length == 0 || memcmp(map, event->extensions.data, length) == 0);
  free(map);
  return same;
}

void oracle_compare_event(oracle *o, size_t number, const bp_event *found) {
  oracle_event *event = &o->events[number];
  CHECK(found->status == BP_OK, "event %zu cannot be read: %s", number, bp_status_name(found->status));
  CHECK(found->sequence == number, "event %zu has sequence %llu", number, (unsigned long long)found->sequence);
  oracle_learn_id(o, number, found->event_id, 0);
  CHECK(memcmp(found->event_id, event->id, 16) == 0, "event %zu: another id", number);
  CHECK(memcmp(found->correlation_id, event->correlation, 16) == 0, "event %zu: another correlation", number);
  CHECK(memcmp(found->causation_id, event->causation, 16) == 0, "event %zu: another causation", number);
  CHECK(memcmp(found->prev_hash, event->prev_hash, 32) == 0, "event %zu: its chain leads elsewhere", number);
  CHECK(memcmp(found->event_hash, event->hash, 32) == 0, "event %zu: another hash", number);
  CHECK(is_text(found->entity, found->entity_length, &event->entity), "event %zu: another entity", number);
  CHECK(is_text(found->scope, found->scope_length, &event->scope), "event %zu: another scope", number);
  CHECK(is_text(found->payload, found->payload_length, &event->payload), "event %zu: another payload", number);
  CHECK(same_extensions(found, event), "event %zu: other extensions", number);
  CHECK(found->timestamp_us == event->timestamp_us, "event %zu: stamped %lld instead of %lld", number,
        (long long)found->timestamp_us, (long long)event->timestamp_us);
  CHECK(found->wall_ms == event->wall_ms, "event %zu: wall_ms %llu instead of %llu", number,
        (unsigned long long)found->wall_ms, (unsigned long long)event->wall_ms);
  CHECK(found->clock == event->clock, "event %zu: clock %u instead of %u", number, found->clock, event->clock);
  CHECK(found->kind == event->kind && found->flags == event->flags, "event %zu: another kind, or other flags", number);
  CHECK(found->lane == event->lane && found->depth == event->depth, "event %zu: another position", number);
  CHECK(found->segment_id == event->segment && found->offset == event->offset &&
            found->frame_length == event->frame_length && found->payload_form == 0,
        "event %zu: at %llu:%llu, %u bytes, instead of %llu:%llu, %u bytes", number,
        (unsigned long long)found->segment_id, (unsigned long long)found->offset, found->frame_length,
        (unsigned long long)event->segment, (unsigned long long)event->offset, event->frame_length);
}

/* ---------------------------------------------------------------------------------------------------------- queries -- */

static bp_page *new_page(void) {
  bp_page *page;
  CHECK(bp_page_new(&page, NULL) == BP_OK, "bp_page_new");
  return page;
}

void oracle_compare_query(oracle *o, const bp_store *store, const bp_query *query) {
  bp_page *page = new_page();
  bp_error error = {.struct_size = sizeof error};
  size_t count, arena, at = 0;
  CHECK(bp_store_page(store, query, page, &error) == BP_OK, "bp_store_page: %s", error.text);
  const bp_event *events = bp_page_events(page, &count);
  (void)bp_page_arena(page, &arena);
  for (size_t i = 0; i < count; i++, at++) {
    while (at < o->count && !oracle_matches(o, at, query)) at++;
    CHECK(at < o->count, "event %llu does not match, or is not there", (unsigned long long)events[i].sequence);
    oracle_compare_event(o, at, &events[i]);
  }
  while (at < o->count && !oracle_matches(o, at, query)) at++;
  int full = count == query->limit, cut = !full && at < o->count;
  CHECK(bp_page_more(page) == (full || cut), "%zu events, limit %zu: more is %d", count, query->limit, bp_page_more(page));
  CHECK(!cut || (count > 0 && arena > 0), "an empty page, and more behind it");
  bp_page_free(page);
}

typedef struct fold_state {
  oracle *o;
  const bp_query *query;
  size_t at, seen;
} fold_state;

static int32_t fold_step(void *user, const bp_event *event) {
  fold_state *fold = user;
  while (fold->at < fold->o->count && !oracle_matches(fold->o, fold->at, fold->query)) fold->at++;
  CHECK(fold->at < fold->o->count, "folds event %llu", (unsigned long long)event->sequence);
  oracle_compare_event(fold->o, fold->at++, event);
  fold->seen++;
  return 0;
}

static void compare_fold(oracle *o, const bp_store *store) {
  bp_query query;
  bp_error error = {.struct_size = sizeof error};
  size_t visible = 0;
  CHECK(bp_query_init(&query, sizeof query) == BP_OK, "bp_query_init");
  query.limit = SIZE_MAX;
  fold_state fold = {o, &query, 0, 0};
  CHECK(bp_store_fold(store, &query, fold_step, &fold, &error) == BP_OK, "bp_store_fold: %s", error.text);
  for (size_t i = 0; i < o->count; i++) visible += (size_t)oracle_is_visible(o, i);
  CHECK(fold.seen == visible, "%zu events of %zu are folded", fold.seen, visible);
}

void oracle_compare_get(oracle *o, const bp_store *store, const uint8_t id[16]) {
  bp_page *page = new_page();
  bp_error error = {.struct_size = sizeof error};
  size_t count, event = oracle_find(o, id);
  bp_status status = bp_store_get(store, id, page, &error);
  const bp_event *events = bp_page_events(page, &count);
  CHECK(status == (event < o->count ? BP_OK : BP_NOT_FOUND), "get answers %s", bp_status_name(status));
  CHECK(count == (status == BP_OK), "get gives %zu events", count);
  if (count == 1) oracle_compare_event(o, event, &events[0]);
  bp_page_free(page);
}

void oracle_compare_walk(oracle *o, const bp_store *store, const uint8_t id[16], size_t limit) {
  bp_page *page = new_page();
  bp_error error = {.struct_size = sizeof error};
  size_t count, event = oracle_find(o, id);
  bp_status status = bp_store_walk(store, id, limit, page, &error);
  const bp_event *events = bp_page_events(page, &count);
  CHECK(status == (event < o->count ? BP_OK : BP_NOT_FOUND), "walk answers %s", bp_status_name(status));
  for (size_t i = 0; i < count; i++) {
    CHECK(event < o->count, "the walk goes on to event %llu", (unsigned long long)events[i].sequence);
    oracle_compare_event(o, event, &events[i]);
    event = oracle_parent(o, event);
  }
  CHECK(status != BP_OK || count == limit || event == o->count, "the walk ends before event %zu", event);
  CHECK(status != BP_OK || bp_page_more(page) == (event < o->count), "more is %d", bp_page_more(page));
  bp_page_free(page);
}

/* ----------------------------------------------------------------------------------------------------- the numbers -- */

static int is_first_of(const oracle *o, size_t event, size_t text) {
  const oracle_text *own = (const oracle_text *)(const void *)((const char *)&o->events[event] + text);
  for (size_t i = 0; i < event; i++) {
    const oracle_text *other = (const oracle_text *)(const void *)((const char *)&o->events[i] + text);
    if (is_text(other->data, other->length, own)) return 0;
  }
  return 1;
}

static void compare_stat(oracle *o, const bp_store *store) {
  bp_stat stat = {.struct_size = sizeof stat};
  uint64_t events = 0, entities = 0, scopes = 0, first = UINT64_MAX, last = UINT64_MAX;
  CHECK(bp_store_stat(store, &stat, NULL) == BP_OK, "bp_store_stat");
  for (size_t i = 0; i < o->count; i++) {
    entities += (uint64_t)is_first_of(o, i, offsetof(oracle_event, entity));
    scopes += (uint64_t)is_first_of(o, i, offsetof(oracle_event, scope));
    if (!oracle_is_visible(o, i)) continue;
    events++;
    last = i;
    if (first == UINT64_MAX) first = i;
  }
  CHECK(stat.events == events, "%llu events instead of %llu", (unsigned long long)stat.events, (unsigned long long)events);
  CHECK(stat.first_sequence == first && stat.last_sequence == last, "from %lld to %lld instead of %lld to %lld",
        (long long)stat.first_sequence, (long long)stat.last_sequence, (long long)first, (long long)last);
  CHECK(stat.entities == entities && stat.scopes == scopes, "%llu entities, %llu scopes instead of %llu, %llu",
        (unsigned long long)stat.entities, (unsigned long long)stat.scopes, (unsigned long long)entities,
        (unsigned long long)scopes);
  CHECK(stat.segments == o->segments, "%llu segments instead of %llu", (unsigned long long)stat.segments,
        (unsigned long long)o->segments);
  CHECK(!stat.poisoned, "the store is poisoned");
  int clean = o->config.mode == BP_MODE_READ_ONLY || o->clean;
  CHECK((int)stat.clean_close == (clean && o->clean), "clean_close is %u", stat.clean_close);
  CHECK(stat.durable_sequence >= o->durable && stat.durable_sequence <= o->count, "durable to %llu, promised %zu of %zu",
        (unsigned long long)stat.durable_sequence, o->durable, o->count);
  o->durable = (size_t)stat.durable_sequence; /* from now on it is held to that */
  CHECK(o->config.sync_every_events == 0 || o->count - o->durable < o->config.sync_every_events,
        "%zu events wait for a flush that comes every %u", o->count - o->durable, o->config.sync_every_events);
}

static bp_point point_of(const oracle *o, size_t end) {
  bp_point none = {0, 0};
  return end == 0 ? none : (bp_point){o->events[end - 1].wall_ms, end - 1};
}

/* The newest event that readers see; read-only the newest of all. */
static bp_point visible_point(const oracle *o) {
  size_t end = o->published;
  while (o->config.mode != BP_MODE_READ_ONLY && end > 0 && !oracle_is_visible(o, end - 1)) end--;
  return point_of(o, end);
}

static int is_point(bp_point point, bp_point other) {
  return point.wall_ms == other.wall_ms && point.sequence == other.sequence;
}

static void compare_frontier(const oracle *o, const bp_store *store) {
  bp_frontier f = {.struct_size = sizeof f};
  CHECK(bp_store_frontier(store, &f, NULL) == BP_OK, "bp_store_frontier");
  bp_point written = point_of(o, o->count), durable = point_of(o, o->durable), visible = visible_point(o);
  CHECK(is_point(f.accepted, written) && is_point(f.written, written), "written to %llu instead of %llu",
        (unsigned long long)f.written.sequence, (unsigned long long)written.sequence);
  CHECK(is_point(f.durable, durable), "durable to %llu instead of %llu", (unsigned long long)f.durable.sequence,
        (unsigned long long)durable.sequence);
  CHECK(is_point(f.visible, visible) && is_point(f.emitted, visible), "visible to %llu instead of %llu",
        (unsigned long long)f.visible.sequence, (unsigned long long)visible.sequence);
  CHECK(is_point(f.applied, point_of(o, o->opened + 1)), "applied to %llu", (unsigned long long)f.applied.sequence);
  CHECK(f.visible_minus_durable == (int64_t)(visible.sequence - durable.sequence), "%lld events are not durable",
        (long long)f.visible_minus_durable);
  CHECK((f.oldest_pending_ms == UINT64_MAX) == (o->durable == o->count), "pending for %llu ms",
        (unsigned long long)f.oldest_pending_ms);
}

void oracle_compare_wait(const oracle *o, const bp_store *store, uint32_t watermark, const bp_point *point) {
  bp_error error = {.struct_size = sizeof error};
  bp_status expected = BP_OK, status = bp_store_wait(store, watermark, point, 0, &error);
  bp_point stands = point_of(o, watermark == BP_WATERMARK_DURABLE ? o->durable : o->opened + 1);
  if (watermark == BP_WATERMARK_VISIBLE) stands = visible_point(o);
  if (point->wall_ms > stands.wall_ms || point->sequence > stands.sequence) expected = BP_WAIT_TIMEOUT;
  if (o->config.mode == BP_MODE_READ_ONLY) expected = BP_READ_ONLY;
  if (watermark != BP_WATERMARK_DURABLE && watermark != BP_WATERMARK_VISIBLE && watermark != BP_WATERMARK_APPLIED) {
    expected = BP_ARGUMENT;
  }
  CHECK(status == expected, "wait for %llu: %s instead of %s", (unsigned long long)point->sequence,
        bp_status_name(status), bp_status_name(expected));
  CHECK(status != BP_WAIT_TIMEOUT || (error.expected == point->sequence && error.actual == stands.sequence),
        "waited for %llu, stands at %llu", (unsigned long long)error.expected, (unsigned long long)error.actual);
}

void oracle_compare(oracle *o, const bp_store *store) {
  bp_query query;
  CHECK(bp_query_init(&query, sizeof query) == BP_OK, "bp_query_init");
  query.limit = o->count + 1;
  query.max_bytes = SIZE_MAX;
  oracle_compare_query(o, store, &query);
  compare_stat(o, store);
  compare_frontier(o, store);
}

/* --------------------------------------------------------------------------------------------------------- receipts -- */

static size_t compare_each(const oracle *o, const bp_store *store, bp_receipt *receipts) {
  size_t count = 0;
  for (size_t i = 0; i < o->count; i++) {
    bp_error error = {.struct_size = sizeof error};
    int32_t outcome;
    int expected = o->is_signed ? BP_RECEIPT_SIGNED : BP_RECEIPT_UNSIGNED_ACCEPTED;
    if (!o->events[i].has_receipt) continue;
    CHECK(bp_store_verify_receipt(store, &o->events[i].receipt, NULL, &outcome, &error) == BP_OK, "event %zu: %s", i,
          error.text);
    CHECK(outcome == (oracle_is_visible(o, i) ? expected : BP_RECEIPT_MISSING_EVENT), "event %zu: its receipt is judged %s",
          i, bp_receipt_outcome_name(outcome));
    if (oracle_is_visible(o, i)) receipts[count++] = o->events[i].receipt;
  }
  return count;
}

/* Events but the store's own; those with a receipt. */
static uint64_t count_others(const oracle *o, int with_receipt) {
  static const oracle_text own = {(uint8_t *)(uintptr_t)"batpak:store", sizeof "batpak:store" - 1};
  uint64_t count = 0;
  for (size_t i = 0; i < o->count; i++) {
    const oracle_event *event = &o->events[i];
    count += oracle_is_visible(o, i) && (event->has_receipt || !with_receipt) &&
             !is_text(event->entity.data, event->entity.length, &own);
  }
  return count;
}

void oracle_compare_receipts(oracle *o, const bp_store *store) {
  bp_receipt *receipts = calloc(o->count + 1, sizeof *receipts);
  bp_trust trust;
  bp_report *report;
  bp_error error = {.struct_size = sizeof error};
  bp_verdict verdict = {.struct_size = sizeof verdict};
  if (receipts == NULL) abort();
  CHECK(bp_trust_init(&trust, sizeof trust) == BP_OK, "bp_trust_init");
  trust.receipts = receipts;
  trust.receipt_count = compare_each(o, store, receipts);
  CHECK(bp_store_verify(store, &trust, &report, &error) == BP_OK, "bp_store_verify: %s", error.text);
  CHECK(bp_report_verdict(report, &verdict) == BP_OK, "bp_report_verdict");
  size_t findings;
  const bp_finding *finding = bp_report_findings(report, &findings);
  for (size_t i = 0; i < findings; i++) {
    CHECK(finding[i].severity == BP_SEVERITY_NOTE, "verify finds %s: %s", finding[i].code, finding[i].text);
  }
  uint32_t expected = trust.receipt_count > 0 ? BP_VERDICT_ATTESTED : BP_VERDICT_CONSISTENT;
  uint64_t events = count_others(o, 0), attested = count_others(o, 1);
  CHECK(verdict.verdict == expected && verdict.first_unproven == UINT64_MAX && verdict.events == events &&
            verdict.attested == attested,
        "the verdict is %s, %llu of %llu attested instead of %llu of %llu", bp_verdict_name(verdict.verdict),
        (unsigned long long)verdict.attested, (unsigned long long)verdict.events, (unsigned long long)attested,
        (unsigned long long)events);
  bp_report_free(report);
  free(receipts);
  compare_fold(o, store);
}
