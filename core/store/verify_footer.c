#include "journal/scan.h"
#include "store/verify_internal.h"

#include <string.h>

static int is_out_of_order(const bpi_findings *findings, uint64_t segment_id) {
  for (size_t i = 0; i < findings->count; i++) {
    const bp_finding *finding = &findings->items[i];
    if (finding->segment_id == segment_id && strcmp(finding->code, "sequence_order") == 0) return 1;
  }
  return 0;
}

bp_status bpi_verify_enter_segment(bpi_verifier *v, uint32_t ordinal) {
  bpi_verify_leave_segment(v);
  bpi_segment *segment = bpi_segments_at(&v->store->segments, ordinal);
  uint64_t size = atomic_load(&segment->size);
  bpi_bytes file;
  bpi_prologue prologue;
  bpi_footer_state state;
  v->segment = ordinal;
  v->out_of_order = is_out_of_order(&v->store->open_findings, segment->id);
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

/* The row of the event at `offset`, which is not the next one. */
static int find_row(bpi_verifier *v, uint64_t offset, uint32_t *row) {
  for (uint32_t i = 0; i < v->footer.count; i++) {
    bpi_record record;
    *row = (v->footer_row + i) % v->footer.count;
    if (!bpi_footer_row(&v->footer, *row, &record)) return 0;
    if (record.offset != offset) continue;
    v->footer_row = *row + 1;
    return 1;
  }
  return 0;
}

void bpi_verify_footer_row(bpi_verifier *v, const bpi_exhibit *e) {
  bpi_record from_frame;
  if (!v->has_footer) return;
  bpi_record_of_frame(&e->frame.header, e->row.offset, e->row.frame_length, &from_frame);
  from_frame.sequence = e->row.sequence;
  if (v->footer_row < v->footer.count && bpi_footer_says(&v->footer, v->footer_row, &from_frame)) {
    v->footer_row++;
    return;
  }
  uint32_t row;
  if (find_row(v, e->row.offset, &row) && bpi_footer_says(&v->footer, row, &from_frame)) return;
  bpi_verify_find(v, e, BP_SEVERITY_DAMAGE, "footer_row", "the footer's row does not say what the frame says");
}
