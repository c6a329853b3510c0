#include "journal/scan.h"
#include "store/verify_internal.h"

#include <string.h>

bp_status bpi_verify_enter_segment(bpi_verifier *v, uint32_t ordinal) {
  bpi_verify_leave_segment(v);
  bpi_segment *segment = bpi_segments_at(&v->store->segments, ordinal);
  uint64_t size = atomic_load(&segment->size);
  bpi_bytes file;
  bpi_prologue prologue;
  bpi_footer_state state;
  v->segment = ordinal;
  if (!atomic_load(&segment->has_footer)) return BP_OK;
  if (bpi_segments_view(&v->store->segments, ordinal, 0, (size_t)size, &file, NULL) != BP_OK) return BP_OK;
  if (bpi_prologue_parse(file, &prologue) != BPI_PROLOGUE_GOOD) return BP_OK;
  bp_status status = bpi_footer_parse(file, prologue.length, &v->store->memory, &v->footer, &state);
  v->has_footer = status == BP_OK && state == BPI_FOOTER_READABLE && v->footer.table_is_exact;
  if (!v->has_footer) bpi_footer_free(&v->footer);
  return status;
}

void bpi_verify_leave_segment(bpi_verifier *v) {
  if (v->has_footer) bpi_footer_free(&v->footer);
  v->has_footer = 0;
  v->footer_row = 0;
}

static int same_record(const bpi_record *a, const bpi_record *b) {
  return memcmp(a->event_id, b->event_id, 16) == 0 && memcmp(a->correlation_id, b->correlation_id, 16) == 0 &&
         memcmp(a->causation_id, b->causation_id, 16) == 0 && memcmp(a->prev_hash, b->prev_hash, 32) == 0 &&
         memcmp(a->event_hash, b->event_hash, 32) == 0 && a->wall_ms == b->wall_ms && a->clock == b->clock &&
         a->lane == b->lane && a->depth == b->depth && a->kind == b->kind && a->offset == b->offset &&
         a->frame_length == b->frame_length && a->sequence == b->sequence && bpi_bytes_equal(a->entity, b->entity) &&
         bpi_bytes_equal(a->scope, b->scope);
}

/* The row of the event at `offset`: mostly the next one. */
static int find_row(bpi_verifier *v, uint64_t offset, bpi_record *record) {
  for (uint32_t i = 0; i < v->footer.count; i++) {
    uint32_t row = (v->footer_row + i) % v->footer.count;
    if (!bpi_footer_row(&v->footer, row, record)) return 0;
    if (record->offset != offset) continue;
    v->footer_row = row + 1;
    return 1;
  }
  return 0;
}

void bpi_verify_footer_row(bpi_verifier *v, const bpi_exhibit *e) {
  bpi_record from_frame, from_footer;
  if (!v->has_footer) return;
  bpi_record_of_frame(&e->frame.header, e->row.offset, e->row.frame_length, &from_frame);
  from_frame.sequence = e->row.sequence;
  if (find_row(v, e->row.offset, &from_footer) && same_record(&from_frame, &from_footer)) return;
  bpi_verify_find(v, e, BP_SEVERITY_DAMAGE, "footer_row", "the footer's row does not say what the frame says");
}
