/* The footer of the segment that is being written, from the index: most rows say all that it wants to know. */
#include "journal/scan.h"
#include "store/store_internal.h"

#include <string.h>

static void record_of_plain_row(const bp_store *store, const bpi_row *row, bpi_record *record) {
  memset(record, 0, sizeof *record);
  memcpy(record->event_id, row->event_id, 16);
  memcpy(record->correlation_id, row->event_id, 16);
  memcpy(record->event_hash, row->event_hash, 32);
  if (row->previous != BPI_NO_ROW) {
    memcpy(record->prev_hash, bpi_index_row(&store->index, row->previous)->event_hash, 32);
  }
  record->wall_ms = row->wall_ms;
  record->offset = row->offset;
  record->frame_length = row->frame_length;
  record->clock = row->clock;
  record->kind = row->kind;
  record->entity = bpi_names_text(&store->index.names, row->entity);
  record->scope = bpi_names_text(&store->index.names, row->scope);
}

static bp_status add_row(bp_store *store, const bpi_row *row, bpi_footer_writer *footer, bp_error *error) {
  bpi_record record;
  if (row->flags & BPI_ROW_PLAIN) {
    record_of_plain_row(store, row, &record);
  } else {
    bpi_frame frame;
    bp_status status = bpi_store_read_frame(store, row, NULL, &frame, error);
    if (status != BP_OK) return status;
    bpi_record_of_frame(&frame.header, row->offset, row->frame_length, &record);
  }
  record.sequence = row->sequence;
  return bpi_footer_add(footer, &record) == BP_OK ? BP_OK : bpi_fail(error, BP_NO_MEMORY, "writing a footer");
}

/* Behind the last event stands the COMMIT of its batch, if it was one.  Its row makes the rows reach to the end of the frames,
 * which the reference asks for before it believes them. */
static bp_status add_final_commit(bp_store *store, bpi_footer_writer *footer, bp_error *error) {
  if (store->segment_row == store->index.count) return BP_OK;
  const bpi_row *last = bpi_index_row(&store->index, store->index.count - 1);
  uint64_t end = last->offset + last->frame_length;
  if (end == store->writer.offset) return BP_OK;
  bpi_bytes bytes;
  bp_status status = bpi_segments_view(&store->segments, store->writer.ordinal, end, (size_t)(store->writer.offset - end),
                                       &bytes, error);
  if (status != BP_OK) return status;
  bpi_frame frame;
  bpi_record record;
  if (bpi_frame_decode(bytes, &frame) != BP_OK) {
    return bpi_fail_at(error, BP_DAMAGED_FRAME, store->writer.id, end, "what was written cannot be read back");
  }
  bpi_record_of_frame(&frame.header, end, (uint32_t)bytes.length, &record);
  record.sequence = store->next_sequence;
  return bpi_footer_add(footer, &record) == BP_OK ? BP_OK : bpi_fail(error, BP_NO_MEMORY, "writing a footer");
}

/* By the leader, or when nobody else is in the store: the index does not change meanwhile. */
bp_status bpi_store_seal(bp_store *store, bp_error *error) {
  bpi_footer_writer footer;
  bp_status status = BP_OK;
  bpi_footer_writer_init(&footer, &store->memory);
  for (uint32_t i = store->segment_row; i < store->index.count && status == BP_OK; i++) {
    status = add_row(store, bpi_index_row(&store->index, i), &footer, error);
  }
  if (status == BP_OK) status = add_final_commit(store, &footer, error);
  if (status == BP_OK) status = bpi_writer_seal(&store->writer, &footer, error);
  bpi_footer_writer_free(&footer);
  return status;
}
