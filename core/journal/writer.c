#include "journal/writer.h"

#include "base/status.h"
#include "sys/file.h"

#include <errno.h>

/* Measured on ext4: room for hundreds of flushes costs each of them next to nothing; more at a time makes the one that
 * brings it wait, and frames that fill an eighth of it gain nothing. */
enum { ROOM_LEAST = 64 << 10, ROOM_USUAL = 256 << 10, ROOM_FLUSHES = 16, ROOM_WORTH = 8, PAGE = 4096 };

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

bp_status bpi_writer_begin(bpi_writer *writer, uint64_t id, int64_t created_ns, bp_error *error) {
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
  writer->offset = writer->synced = writer->room_end = length;
  writer->room_refused = 0;
  return BP_OK;
}

void bpi_writer_take_back(bpi_writer *writer, uint64_t offset) {
  const bp_system *system = writer->system;
  int failed = system->file_truncate(system->context, writer->file, offset);
  if (failed == 0) failed = system->file_sync(system->context, writer->file, writer->sync_data_only);
  if (failed != 0) {
    writer->poisoned = BP_POISONED;
    return;
  }
  writer->offset = writer->synced = writer->room_end = offset;
  atomic_store_explicit(&bpi_segments_at(writer->segments, writer->ordinal)->size, offset, memory_order_release);
}

/* What fails behind the frames is no failure: there is less room then. */
static bp_status write_with_room(bpi_writer *writer, const uint8_t *bytes, size_t length, size_t room, bp_error *error) {
  const bp_system *system = writer->system;
  size_t done = 0;
  while (done < length + room) {
    size_t taken = 0;
    int failed = system->file_write(system->context, writer->file, writer->offset + done, bytes + done,
                                    length + room - done, &taken);
    if (failed == 0 && taken == 0) failed = EIO;
    done += taken;
    if (failed == 0) continue;
    if (done < length) return bpi_fail_system(error, failed, "writing a file");
    writer->room_refused = 1;
    break;
  }
  if (writer->offset + done > writer->room_end) writer->room_end = writer->offset + done;
  return BP_OK;
}

/* The first `length` bytes are frames or a footer, `room` zeros follow. */
static bp_status append(bpi_writer *writer, const uint8_t *bytes, size_t length, size_t room, bp_error *error) {
  writer->writes++;
  bp_status status = write_with_room(writer, bytes, length, room, error);
  if (status == BP_OK) {
    writer->offset += length;
    atomic_store_explicit(&bpi_segments_at(writer->segments, writer->ordinal)->size, writer->offset,
                          memory_order_release);
    return BP_OK;
  }
  bpi_writer_take_back(writer, writer->offset);
  if (writer->poisoned == BP_OK) return status;
  return bpi_fail(error, BP_SYNC_FAILED, "a write failed and could not be taken back");
}

bp_status bpi_writer_append(bpi_writer *writer, const uint8_t *bytes, size_t length, bp_error *error) {
  return append(writer, bytes, length, 0, error);
}

/* Zeros to follow so many bytes: as many as the segment holds, within bounds, and enough for some flushes like this one. */
static size_t room_to_make(const bpi_writer *writer, size_t length) {
  uint64_t end = writer->offset + length, most = writer->room_most;
  if (end <= writer->room_end || writer->room_refused || end >= writer->frames_most || length > most / ROOM_WORTH) return 0;
  uint64_t room = end < ROOM_LEAST ? ROOM_LEAST : end < ROOM_USUAL ? end : ROOM_USUAL;
  if (room < (uint64_t)length * ROOM_FLUSHES) room = (uint64_t)length * ROOM_FLUSHES;
  if (room > most) room = most;
  if (room > writer->frames_most - end) room = writer->frames_most - end;
  uint64_t beyond = (end + room) % PAGE; /* whole pages, where that is possible */
  return (size_t)(beyond < room ? room - beyond : room);
}

bp_status bpi_writer_append_flushed(bpi_writer *writer, bpi_buffer *frames, bp_error *error) {
  size_t room = room_to_make(writer, frames->length);
  uint8_t *zeros = bpi_buffer_reserve(frames, room);
  if (zeros != NULL) {
    memset(zeros, 0, room);
  } else {
    frames->failed = 0;
    room = 0;
  }
  return append(writer, frames->data, frames->length, room, error);
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

/* The trailer alone makes a footer of the rows before it, so it follows when they are on the disk, and the frames too: a
 * footer that a crash left with holes could not be told from a true one. */
static bp_status append_footer(bpi_writer *writer, const bpi_buffer *footer, bp_error *error) {
  size_t rows = footer->length - BPI_FOOTER_TRAILER_BYTES;
  bp_status status = bpi_writer_append(writer, footer->data, rows, error);
  if (status == BP_OK) status = bpi_writer_sync(writer, error);
  if (status == BP_OK) status = bpi_writer_append(writer, footer->data + rows, BPI_FOOTER_TRAILER_BYTES, error);
  return status == BP_OK ? bpi_writer_sync(writer, error) : status;
}

/* The footer's flush takes it to the disk; a crash before leaves zeros behind the frames, or behind a part of the footer. */
static bp_status cut_room(bpi_writer *writer, bp_error *error) {
  if (writer->room_end == writer->offset) return BP_OK;
  int failed = writer->system->file_truncate(writer->system->context, writer->file, writer->offset);
  if (failed != 0) return bpi_fail_system(error, failed, "cutting the room behind the frames");
  writer->room_end = writer->offset;
  return BP_OK;
}

bp_status bpi_writer_seal(bpi_writer *writer, bpi_footer_writer *footer, bp_error *error) {
  bpi_buffer bytes;
  uint64_t frames_end = writer->offset;
  bpi_buffer_init(&bytes, &writer->memory);
  bp_status status = bpi_footer_finish(footer, frames_end, &bytes);
  if (status != BP_OK) (void)bpi_fail(error, status, "writing a footer");
  if (status == BP_OK) status = cut_room(writer, error);
  if (status == BP_OK) status = append_footer(writer, &bytes, error);
  bpi_buffer_free(&bytes);
  if (status == BP_OK) {
    atomic_store(&bpi_segments_at(writer->segments, writer->ordinal)->has_footer, 1);
    bpi_writer_free(writer);
  } else if (writer->offset > frames_end && writer->poisoned == BP_OK) {
    bpi_writer_take_back(writer, frames_end);
  }
  return status;
}
