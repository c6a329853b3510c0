#include "store/recover.h"

#include "sys/file.h"

#include <errno.h>
#include <string.h>

static bp_status encode_footer(bp_store *store, const bpi_scan *scan, bpi_buffer *out, bp_error *error) {
  bpi_footer_writer footer;
  bp_status status = BP_OK;
  bpi_footer_writer_init(&footer, &store->memory);
  for (size_t i = 0; i < scan->count && status == BP_OK; i++) {
    if (i + BPI_SCAN_AHEAD < scan->count) bpi_record_prefetch(&scan->records[i + BPI_SCAN_AHEAD]);
    status = bpi_footer_add(&footer, &scan->records[i]);
  }
  if (status == BP_OK && scan->has_final_commit) {
    /* Its row makes the rows reach to the end of the frames, which the reference asks for before it believes them. */
    bpi_record marker = scan->final_commit;
    marker.sequence = store->next_sequence;
    status = bpi_footer_add(&footer, &marker);
  }
  if (status == BP_OK) status = bpi_footer_finish(&footer, scan->frames_end, out);
  bpi_footer_writer_free(&footer);
  return status == BP_OK ? BP_OK : bpi_fail(error, BP_NO_MEMORY, "writing a footer");
}

/* The rows, and when they and the frames are on the disk the trailer, which alone makes a footer of them. */
static bp_status write_footer(const bp_system *system, int file, uint64_t offset, const bpi_buffer *footer,
                              bp_error *error) {
  size_t rows = footer->length - BPI_FOOTER_TRAILER_BYTES, written = 0;
  for (size_t end = rows; written < footer->length; end = footer->length) {
    bp_status status =
        bpi_file_write_all(system, file, offset + written, footer->data + written, end - written, error);
    if (status != BP_OK) return status;
    int failed = system->file_sync(system->context, file, 0);
    if (failed != 0) return bpi_fail_system(error, failed, "flushing a repaired segment");
    written = end;
  }
  return BP_OK;
}

/* Cuts, then appends: after a crash in between the segment is one without a footer again. */
static bp_status seal_in_place(bp_store *store, const char *path, uint64_t size, const bpi_scan *scan,
                               const bpi_buffer *footer, bp_error *error) {
  const bp_system *system = store->system;
  int file;
  int failed = system->file_open(system->context, path, BPI_OPEN_WRITE, &file);
  if (failed != 0) return bpi_fail_system(error, failed, "opening a segment for repair");
  bp_status status = BP_OK;
  if (size > scan->frames_end) {
    failed = system->file_truncate(system->context, file, scan->frames_end);
    if (failed == 0) failed = system->file_sync(system->context, file, 0);
    if (failed != 0) status = bpi_fail_system(error, failed, "cutting a torn tail");
  }
  if (status == BP_OK) status = write_footer(system, file, scan->frames_end, footer, error);
  system->file_close(system->context, file);
  return status;
}

/* A wrong footer cannot be replaced in place: without it the frames of failed writes would come to life. */
static bp_status seal_aside(bp_store *store, const char *name, bpi_bytes file, const bpi_scan *scan,
                            const bpi_buffer *footer, bp_error *error) {
  bpi_buffer whole;
  bpi_buffer_init(&whole, &store->memory);
  bpi_buffer_append(&whole, file.data, (size_t)scan->frames_end);
  bpi_buffer_append(&whole, footer->data, footer->length);
  bp_status status = whole.failed ? bpi_fail(error, BP_NO_MEMORY, "repairing a segment")
                                  : bpi_file_replace(store->system, (const char *)store->directory.data, name,
                                                     whole.data, whole.length, error);
  bpi_buffer_free(&whole);
  return status;
}

/* A last file that ends inside its prologue, or is all zeros, never held an event.  Others may, though none is found. */
static int may_be_removed(bpi_bytes file, int is_last) {
  bpi_prologue prologue;
  return is_last && bpi_prologue_parse(file, &prologue) == BPI_PROLOGUE_SHORT;
}

/* The last segment, so that its number is free again. */
static bp_status remove_headless(bp_store *store, const char *path, bp_error *error) {
  const bp_system *system = store->system;
  int failed = system->path_remove(system->context, path);
  if (failed == 0) failed = system->directory_sync(system->context, (const char *)store->directory.data);
  if (failed != 0) return bpi_fail_system(error, failed, "removing a segment without a prologue");
  bpi_segments_drop_last(&store->segments);
  return BP_OK;
}

bp_status bpi_repair_segment(bp_store *store, uint32_t ordinal, int is_last, bpi_bytes file, const bpi_scan *scan,
                             bp_error *error) {
  bpi_segment *segment = bpi_segments_at(&store->segments, ordinal);
  if (scan->kind == BPI_SCAN_SEALED) return BP_OK;
  if (scan->kind == BPI_SCAN_HEADLESS && !may_be_removed(file, is_last)) return BP_OK;
  bpi_buffer path, footer;
  bpi_buffer_init(&path, &store->memory);
  bpi_buffer_init(&footer, &store->memory);
  bp_status status = bpi_path_join(&path, (const char *)store->directory.data, segment->name, error);
  if (status == BP_OK && scan->kind == BPI_SCAN_HEADLESS) {
    status = remove_headless(store, (const char *)path.data, error);
  } else if (status == BP_OK) {
    status = encode_footer(store, scan, &footer, error);
    uint64_t size = scan->frames_end + footer.length;
    if (status == BP_OK && scan->kind == BPI_SCAN_MISFIT) {
      status = seal_aside(store, segment->name, file, scan, &footer, error);
      if (status == BP_OK) bpi_segments_note_replaced(&store->segments, ordinal, size);
    } else if (status == BP_OK) {
      status = seal_in_place(store, (const char *)path.data, file.length, scan, &footer, error);
      if (status == BP_OK) atomic_store(&segment->size, size);
    }
  }
  bpi_buffer_free(&footer);
  bpi_buffer_free(&path);
  return status;
}

static bp_status remove_listed(bp_store *store, const bpi_name_list *list, bp_error *error) {
  const bp_system *system = store->system;
  bpi_buffer path;
  bp_status status = BP_OK;
  bpi_buffer_init(&path, &store->memory);
  for (size_t i = 0; i < list->count && status == BP_OK; i++) {
    status = bpi_path_join(&path, (const char *)store->directory.data, list->items[i].text, error);
    if (status != BP_OK) break;
    int failed = system->path_remove(system->context, (const char *)path.data);
    if (failed != 0 && failed != ENOENT) status = bpi_fail_system(error, failed, "removing a file of an earlier session");
  }
  bpi_buffer_free(&path);
  return status;
}

bp_status bpi_remove_leftovers(bp_store *store, const bpi_directory *directory, bp_error *error) {
  bp_status status = remove_listed(store, &directory->temporary, error);
  if (status != BP_OK || directory->caches.count == 0) return status;
  status = remove_listed(store, &directory->caches, error);
  int failed = status == BP_OK ? store->system->directory_sync(store->system->context, (const char *)store->directory.data) : 0;
  return failed == 0 ? status : bpi_fail_system(error, failed, "removing a file of an earlier session");
}
