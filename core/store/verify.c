/* Reading everything and saying what agrees. */
#include "crypto/crypto.h"
#include "store/verify_internal.h"

#include <string.h>

enum { EXHIBITS = 64, AHEAD = 4 };

/* A handful of events at a time: read, hashed side by side, examined. */
typedef struct {
  bpi_exhibit items[EXHIBITS];
  bpi_bytes payloads[EXHIBITS];
  uint8_t hashes[EXHIBITS][32];
  size_t count;
  bpi_buffer bytes;
} batch;

/* Copies rows and what precedes them in their entities, under the lock. */
static void load_rows(bpi_verifier *v, uint32_t first, batch *b) {
  bp_store *store = v->store;
  b->count = v->rows - first < EXHIBITS ? v->rows - first : EXHIBITS;
  bpi_rwlock_read(&store->index_lock);
  for (size_t i = 0; i < b->count; i++) {
    bpi_exhibit *e = &b->items[i];
    e->number = first + (uint32_t)i;
    e->row = *bpi_index_row(&store->index, e->number);
    e->visible = bpi_index_is_visible(&store->index, e->number);
    e->first_with_id = bpi_index_find(&store->index, e->row.event_id) == e->number;
    e->has_previous = e->row.previous != BPI_NO_ROW;
    if (e->has_previous) {
      const bpi_row *previous = bpi_index_row(&store->index, e->row.previous);
      memcpy(e->previous_hash, previous->event_hash, 32);
      e->previous_clock = previous->clock;
    }
  }
  bpi_rwlock_unlock(&store->index_lock);
}

/* Fewer events where they are large. */
static size_t bound_room(const bpi_verifier *v, batch *b) {
  enum { ROOM_MOST = 16 << 20 };
  size_t room = 0;
  for (size_t i = 0; i < b->count; i++) {
    size_t length = bpi_store_frame_room(v->store, &b->items[i].row);
    if (i > 0 && room + length > ROOM_MOST) b->count = i;
    if (i < b->count) room += length;
  }
  return room;
}

static bp_status read_frames(bpi_verifier *v, batch *b) {
  b->bytes.length = 0;
  uint8_t *at = bpi_buffer_reserve(&b->bytes, bound_room(v, b));
  if (at == NULL) return BP_NO_MEMORY;
  for (size_t i = 0; i < b->count; i++) {
    bpi_exhibit *e = &b->items[i];
    if (i + AHEAD < b->count) bpi_store_ask_for(v->store, &b->items[i + AHEAD].row);
    bp_error error = {.struct_size = sizeof error};
    e->readable = bpi_store_read_frame(v->store, &e->row, at, &e->frame, &error) == BP_OK;
    if (e->readable) {
      e->payload = bpi_frame_payload(&e->frame, NULL, &e->payload_form);
      at += e->frame.payload_length;
    } else {
      uint32_t severity = error.code == BP_DAMAGED_FRAME ? BP_SEVERITY_DAMAGE : BP_SEVERITY_UNCHECKED;
      bpi_verify_find(v, e, severity, severity == BP_SEVERITY_DAMAGE ? "damaged_frame" : "unreadable", error.text);
    }
  }
  return BP_OK;
}

static void check_hashes(bpi_verifier *v, batch *b) {
  size_t order[EXHIBITS], count = 0;
  for (size_t i = 0; i < b->count; i++) {
    if (!b->items[i].readable) continue;
    order[count] = i;
    b->payloads[count++] = b->items[i].payload;
  }
  bpi_blake3_many(b->payloads, count, b->hashes);
  for (size_t k = 0; k < count; k++) {
    const bpi_exhibit *e = &b->items[order[k]];
    if (memcmp(b->hashes[k], e->frame.header.event_hash, 32) == 0) continue;
    if (e->payload_form != 0) {
      bpi_verify_find(v, e, BP_SEVERITY_UNCHECKED, "value_form",
                      "a retention run of the reference rewrote the payload; its bytes cannot be checked");
    } else {
      bpi_verify_find(v, e, BP_SEVERITY_DAMAGE, "payload_hash", "the payload does not have the hash of the event");
    }
  }
}

static bp_status examine(bpi_verifier *v, const batch *b) {
  for (size_t i = 0; i < b->count; i++) {
    const bpi_exhibit *e = &b->items[i];
    if (e->row.segment != v->segment && bpi_verify_enter_segment(v, e->row.segment) != BP_OK) return BP_NO_MEMORY;
    bpi_verify_event(v, e);
    if (e->readable) bpi_verify_footer_row(v, e);
    int own = e->readable && bpi_bytes_equal(e->frame.header.entity,
                                             bpi_bytes_of(BPI_STORE_ENTITY, strlen(BPI_STORE_ENTITY)));
    if (e->visible && !own) v->report->verdict.events++;
    v->bytes_done += e->row.frame_length;
  }
  return BP_OK;
}

static bp_status report_progress(const bpi_verifier *v, bp_error *error) {
  const bp_config *config = &v->store->config;
  if (config->progress == NULL) return BP_OK;
  uint64_t total = bpi_segments_bytes(&v->store->segments);
  if (config->progress(config->progress_user, BP_STAGE_VERIFY, v->bytes_done, total) == 0) return BP_OK;
  return bpi_fail(error, BP_STOPPED, "verification was stopped");
}

static bp_status verify_events(bpi_verifier *v, bp_error *error) {
  batch *b = bpi_allocate(&v->store->memory, sizeof *b);
  if (b == NULL) return bpi_fail(error, BP_NO_MEMORY, "verifying");
  bpi_buffer_init(&b->bytes, &v->store->memory);
  bp_status status = BP_OK;
  uint32_t batches = 0;
  for (uint32_t first = 0; first < v->rows && status == BP_OK; first += (uint32_t)b->count) {
    load_rows(v, first, b);
    status = read_frames(v, b);
    if (status == BP_OK) {
      check_hashes(v, b);
      status = examine(v, b);
    }
    if (status != BP_OK) (void)bpi_fail(error, status, "verifying");
    if (status == BP_OK && batches++ % 64 == 0) status = report_progress(v, error);
  }
  bpi_verify_leave_segment(v);
  bpi_buffer_free(&b->bytes);
  bpi_release(&v->store->memory, b, sizeof *b);
  return status;
}

/* What holds at this moment; later appends are not looked at. */
static void begin(bpi_verifier *v) {
  bp_store *store = v->store;
  v->rows = store->index.published;
  v->segment = UINT32_MAX;
  bpi_findings_copy(&v->report->findings, &store->open_findings);
  v->report->verdict.first_unproven = store->first_unproven;
}

static bp_status verify(bpi_verifier *v, const bp_trust *trust, const bpi_keyring *keyring, bp_error *error) {
  begin(v);
  bp_status status = verify_events(v, error);
  int receipts_given = trust != NULL && trust->receipt_count > 0;
  if (status == BP_OK && receipts_given) status = bpi_verify_receipts(v, trust, keyring, error);
  if (status == BP_OK && v->report->findings.failed) status = bpi_fail(error, BP_NO_MEMORY, "verifying");
  if (status == BP_OK) bpi_report_decide(v->report, receipts_given);
  return status;
}

bp_status bp_store_verify(const bp_store *store, const bp_trust *trust, bp_report **report, bp_error *error) {
  if (report == NULL) return bpi_fail(error, BP_ARGUMENT, "report is NULL");
  *report = NULL;
  bp_status status = bpi_store_enter(store, error);
  if (status != BP_OK) return status;
  bpi_keyring keyring;
  status = bpi_trust_keyring(store, trust, &keyring, error);
  if (status == BP_OK) {
    bpi_verifier v = {.store = bpi_store_of(store)};
    status = bpi_report_new(&store->memory, &v.report, error);
    if (status == BP_OK) status = verify(&v, trust, &keyring, error);
    bpi_release(&store->memory, v.stretches, v.stretch_capacity * sizeof *v.stretches);
    if (status == BP_OK) {
      *report = v.report;
    } else {
      bp_report_free(v.report);
    }
    bpi_keyring_free(&keyring);
  }
  bpi_store_leave(store);
  return status;
}
