#include "journal/writer.h"

#include "base/status.h"
#include "journal/scan.h"
#include "journal/frame.h"
#include "sys/file.h"

void bpi_writer_init(bpi_writer *writer, bpi_segments *segments, int sync_data_only) {
  memset(writer, 0, sizeof *writer);
  writer->system = segments->system;
  writer->memory = segments->memory;
  writer->segments = segments;
  writer->file = -1;
  writer->sync_data_only = sync_data_only;
}

void bpi_writer_free(bpi_writer *writer) {
  if (writer->file >= 0) writer->system->file_close(writer->system->context, writer->file);
  writer->file = -1;
}

/* Removes a segment that could not be begun; what fails here is found by the next open. */
static void abandon_file(bpi_writer *writer, const char *path) {
  bpi_writer_free(writer);
  (void)writer->system->path_remove(writer->system->context, path);
}

bp_status bpi_writer_begin(bpi_writer *writer, uint64_t id, uint64_t first_sequence, int64_t created_ns,
                           bp_error *error) {
  const bp_system *system = writer->system;
  uint8_t prologue[BPI_SEGMENT_PROLOGUE_MAX];
  size_t length = bpi_prologue_encode(id, created_ns, prologue);
  char name[BPI_SEGMENT_NAME_MAX];
  bpi_segment_name(id, name);
  bpi_buffer path;
  bpi_buffer_init(&path, &writer->memory);
  bp_status status = bpi_path_join(&path, writer->segments->directory, name, error);
  if (status == BP_OK) {
    int failed = system->file_open(system->context, (const char *)path.data, BPI_OPEN_CREATE_NEW, &writer->file);
    if (failed != 0) status = bpi_fail_system(error, failed, "creating a segment");
  }
  if (status == BP_OK) {
    status = bpi_file_write_all(system, writer->file, 0, prologue, length, error);
    if (status == BP_OK) {
      int failed = system->file_sync(system->context, writer->file, 0);
      if (failed == 0) failed = system->directory_sync(system->context, writer->segments->directory);
      if (failed != 0) status = bpi_fail_system(error, failed, "flushing a new segment");
    }
    if (status == BP_OK) status = bpi_segments_add(writer->segments, id, name, length, error);
    if (status != BP_OK) abandon_file(writer, (const char *)path.data);
  }
  bpi_buffer_free(&path);
  if (status != BP_OK) return status;
  writer->ordinal = writer->segments->count - 1;
  writer->id = id;
  writer->first_frame = writer->offset = writer->synced = length;
  writer->first_sequence = first_sequence;
  return BP_OK;
}

bp_status bpi_writer_append(bpi_writer *writer, const uint8_t *bytes, size_t length, bp_error *error) {
  const bp_system *system = writer->system;
  writer->writes++;
  bp_status status = bpi_file_write_all(system, writer->file, writer->offset, bytes, length, error);
  if (status == BP_OK) {
    writer->offset += length;
    atomic_store_explicit(&bpi_segments_at(writer->segments, writer->ordinal)->size, writer->offset,
                          memory_order_release);
    return BP_OK;
  }
  if (system->file_truncate(system->context, writer->file, writer->offset) != 0) writer->poisoned = BP_POISONED;
  return status;
}

bp_status bpi_writer_sync(bpi_writer *writer, bp_error *error) {
  if (writer->synced == writer->offset) return BP_OK;
  writer->syncs++;
  int failed = writer->system->file_sync(writer->system->context, writer->file, writer->sync_data_only);
  if (failed == 0) {
    writer->synced = writer->offset;
    return BP_OK;
  }
  writer->poisoned = BP_POISONED;
  (void)bpi_fail_system(error, failed, "flushing the segment");
  if (error != NULL) error->code = BP_SYNC_FAILED;
  return BP_SYNC_FAILED;
}

/* Every frame of the segment is an event, in commit order. */
static bp_status add_rows(bpi_writer *writer, bpi_footer_writer *footer, bp_error *error) {
  uint64_t sequence = writer->first_sequence;
  bpi_bytes file;
  bp_status status = bpi_segments_view(writer->segments, writer->ordinal, 0, (size_t)writer->offset, &file, error);
  for (size_t at = (size_t)writer->first_frame; status == BP_OK && at < file.length;) {
    bpi_frame frame;
    bpi_record record;
    size_t length = bpi_frame_length(file, at);
    if (length == 0 || bpi_frame_decode(bpi_bytes_of(file.data + at, length), &frame) != BP_OK) {
      return bpi_fail_at(error, BP_DAMAGED_FRAME, writer->id, at, "the segment changed under the store");
    }
    bpi_record_of_frame(&frame.header, at, (uint32_t)length, &record);
    record.sequence = sequence++;
    if (bpi_footer_add(footer, &record) != BP_OK) return bpi_fail(error, BP_NO_MEMORY, "writing a footer");
    at += length;
  }
  return status;
}

static bp_status append_footer(bpi_writer *writer, bp_error *error) {
  bpi_footer_writer footer;
  bpi_buffer bytes;
  bpi_footer_writer_init(&footer, &writer->memory);
  bpi_buffer_init(&bytes, &writer->memory);
  bp_status status = add_rows(writer, &footer, error);
  if (status == BP_OK && bpi_footer_finish(&footer, writer->offset, &bytes) != BP_OK) {
    status = bpi_fail(error, BP_NO_MEMORY, "writing a footer");
  }
  if (status == BP_OK) status = bpi_writer_append(writer, bytes.data, bytes.length, error);
  bpi_buffer_free(&bytes);
  bpi_footer_writer_free(&footer);
  return status;
}

bp_status bpi_writer_seal(bpi_writer *writer, bp_error *error) {
  bp_status status = append_footer(writer, error);
  if (status == BP_OK) status = bpi_writer_sync(writer, error);
  if (status == BP_OK) bpi_writer_free(writer);
  return status;
}
