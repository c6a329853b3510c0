#include "journal/batches.h"

void bpi_batches_init(bpi_batches *batches, const bpi_memory *memory, uint64_t first_frame) {
  memset(batches, 0, sizeof *batches);
  batches->memory = *memory;
  batches->good_end = first_frame;
}

static void commit(bpi_batches *batches) {
  batches->count += batches->staged;
  batches->staged = 0;
  batches->open = 0;
}

/* Drops the items, keeps what came after them by the time stamped on it. */
static void abandon(bpi_batches *batches) {
  size_t kept = batches->staged - batches->same_time;
  if (kept > 0) {
    bpi_record *staged = batches->records + batches->count;
    memmove(staged, staged + batches->same_time, kept * sizeof *staged);
    batches->good_end = staged[kept - 1].offset + staged[kept - 1].frame_length;
  }
  batches->dropped += batches->same_time;
  batches->count += kept;
  batches->staged = 0;
  batches->open = 0;
}

static bp_status push(bpi_batches *batches, const bpi_record *record) {
  size_t total = batches->count + batches->staged;
  if (bpi_grow(&batches->memory, (void **)&batches->records, &batches->capacity, total + 1,
               sizeof *batches->records) != 0) {
    return BP_NO_MEMORY;
  }
  batches->records[total] = *record;
  return BP_OK;
}

static bp_status event(bpi_batches *batches, const bpi_record *record) {
  bp_status status = push(batches, record);
  if (status == BP_OK) batches->count++;
  batches->good_end = record->offset + record->frame_length;
  return status;
}

static bp_status item(bpi_batches *batches, const bpi_record *record, int64_t timestamp_us) {
  bp_status status = push(batches, record);
  if (status != BP_OK) return status;
  if (batches->staged == 0) batches->time = timestamp_us;
  if (batches->same_time == batches->staged && timestamp_us == batches->time) batches->same_time++;
  batches->staged++;
  return BP_OK;
}

static void begin(bpi_batches *batches, uint32_t items) {
  if (batches->open) abandon(batches);
  batches->open = items >= 1 && items <= BPI_BATCH_ITEMS_MAX;
  batches->declared = items;
  batches->same_time = 0;
  batches->damaged = 0;
}

bp_status bpi_batches_frame(bpi_batches *batches, const bpi_record *record, const bpi_header *header) {
  int is_marker = !header->has_chain;
  if (is_marker && header->kind == BPI_KIND_BATCH_BEGIN) {
    begin(batches, header->payload_size);
    return BP_OK;
  }
  if (is_marker) {
    int whole = batches->open && (batches->staged == batches->declared || batches->damaged);
    if (whole) {
      commit(batches);
      batches->good_end = record->offset + record->frame_length;
    } else if (batches->open) {
      abandon(batches);
    }
    return BP_OK;
  }
  if (header->kind == BPI_KIND_OPEN_COMPLETED && batches->open) abandon(batches);
  if (batches->open && batches->staged == batches->declared) {
    /* One frame too many.  The reference drops it with the batch. */
    bp_status status = item(batches, record, header->timestamp_us);
    abandon(batches);
    return status;
  }
  return batches->open ? item(batches, record, header->timestamp_us) : event(batches, record);
}

void bpi_batches_skipped(bpi_batches *batches, int whole) {
  if (!batches->open) return;
  batches->damaged = 1;
  if (!whole || batches->staged != batches->declared) return;
  const bpi_record *last = &batches->records[batches->count + batches->staged - 1];
  batches->good_end = last->offset + last->frame_length;
  commit(batches);
}

void bpi_batches_end(bpi_batches *batches) {
  if (batches->open) abandon(batches);
}
