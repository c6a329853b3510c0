/* Reading a store in the middle of a compaction of the reference (its marker names the merge and its sources). */
#include "base/status.h"
#include "codec/fields.h"
#include "journal/directory.h"
#include "sys/file.h"

enum { MARKER_MAX = 16 * 1024 * 1024 };

typedef struct {
  uint64_t merged;
  bpi_bytes sources; /* encoded array */
} marker;

static bp_status read_marker(bpi_unpack *in, marker *out) {
  static const char *const names[] = {"merged_id", "source_segment_ids"};
  bpi_fields fields;
  unsigned field;
  bpi_fields_begin(&fields, in, names, 2);
  while (bpi_fields_next(&fields, &field)) {
    const uint8_t *start = in->at;
    if (field == 0) {
      fields.status = bpi_unpack_u64(in, UINT64_MAX, &out->merged);
    } else {
      fields.status = bpi_unpack_skip(in);
      out->sources = bpi_bytes_of(start, (size_t)(in->at - start));
    }
  }
  return bpi_fields_end(&fields, 3);
}

static const bpi_file_name *find(const bpi_name_list *list, uint64_t id) {
  for (size_t i = 0; i < list->count; i++) {
    if (list->items[i].id == id) return &list->items[i];
  }
  return NULL;
}

static void drop(bpi_name_list *list, uint64_t id) {
  for (size_t i = 0; i < list->count; i++) {
    if (list->items[i].id != id) continue;
    memmove(&list->items[i], &list->items[i + 1], (list->count - i - 1) * sizeof *list->items);
    list->count--;
    return;
  }
}

/* The renamed source takes the place of the merge that was never made. */
static bp_status stand_in(bpi_directory *directory, const bpi_file_name *source, bp_error *error) {
  bpi_name_list *segments = &directory->segments;
  if (bpi_grow(&directory->memory, (void **)&segments->items, &segments->capacity, segments->count + 1,
               sizeof *segments->items) != 0) {
    return bpi_fail(error, BP_NO_MEMORY, "reading " BPI_COMPACTION_NAME);
  }
  size_t at = 0;
  while (at < segments->count && segments->items[at].id < source->id) at++;
  memmove(&segments->items[at + 1], &segments->items[at], (segments->count - at) * sizeof *segments->items);
  segments->items[at] = *source;
  segments->count++;
  return BP_OK;
}

/* When the file's prologue was written; 0 when it cannot be read. */
static int64_t created_ns(const bp_system *system, const char *path, const bpi_memory *memory,
                          const bpi_file_name *name) {
  uint8_t start[BPI_SEGMENT_PROLOGUE_MAX];
  bpi_prologue prologue = {0};
  bpi_buffer full;
  size_t done = 0;
  int file;
  bpi_buffer_init(&full, memory);
  if (bpi_path_join(&full, path, name->text, NULL) == BP_OK &&
      system->file_open(system->context, (const char *)full.data, BPI_OPEN_READ, &file) == 0) {
    if (system->file_read(system->context, file, 0, start, sizeof start, &done) == 0) {
      (void)bpi_prologue_parse(bpi_bytes_of(start, done), &prologue);
    }
    system->file_close(system->context, file);
  }
  bpi_buffer_free(&full);
  return prologue.created_ns;
}

typedef struct {
  int merge;          /* a file with the merge's id */
  int merge_is_source; /* its id is one of the sources': the file may be the merge or still the source */
  int others;         /* all sources but that one are there */
  const bpi_file_name *first_other;
} presence;

static bp_status look(const bpi_directory *directory, const marker *compaction, presence *there) {
  bpi_unpack in = {compaction->sources.data, compaction->sources.data + compaction->sources.length};
  uint32_t count;
  uint64_t id;
  *there = (presence){.others = 1, .merge = find(&directory->segments, compaction->merged) != NULL};
  bp_status status = bpi_unpack_array(&in, &count);
  for (uint32_t i = 0; status == BP_OK && i < count; i++) {
    status = bpi_unpack_u64(&in, UINT64_MAX, &id);
    if (status != BP_OK) break;
    const bpi_file_name *source = find(&directory->segments, id);
    if (id == compaction->merged) {
      there->merge_is_source = 1;
    } else if (source == NULL) {
      there->others = 0;
    } else if (there->first_other == NULL) {
      there->first_other = source;
    }
  }
  return status;
}

static void drop_sources(bpi_directory *directory, const marker *compaction) {
  bpi_unpack in = {compaction->sources.data, compaction->sources.data + compaction->sources.length};
  uint32_t count = 0;
  uint64_t id;
  (void)bpi_unpack_array(&in, &count);
  for (; count > 0 && bpi_unpack_u64(&in, UINT64_MAX, &id) == BP_OK; count--) {
    if (id != compaction->merged) drop(&directory->segments, id);
  }
}

/* As long as every source is there they are the store, for the merge may be half done; the reference renames the source
 * whose id the merge takes, and removes that one first.  Where it is gone, the age of the file tells which of the two it
 * is.  Once other sources are missing the merge was whole. */
static bp_status resolve(const bp_system *system, const char *path, bpi_directory *directory, const marker *compaction,
                         bp_error *error) {
  presence there;
  if (look(directory, compaction, &there) != BP_OK) {
    return bpi_fail(error, BP_COMPACTION_PENDING, "the sources of the compaction are no list of numbers");
  }
  const bpi_file_name *aside = find(&directory->sources, compaction->merged);
  if (there.merge_is_source && aside != NULL && there.others) {
    drop(&directory->segments, compaction->merged);
    return stand_in(directory, aside, error);
  }
  if (!there.merge) {
    return there.others && !there.merge_is_source
               ? BP_OK
               : bpi_fail(error, BP_COMPACTION_PENDING, "a source of the compaction is missing");
  }
  if (there.merge_is_source && there.others && there.first_other != NULL) {
    const bpi_file_name *merge = find(&directory->segments, compaction->merged);
    if (created_ns(system, path, &directory->memory, merge) <=
        created_ns(system, path, &directory->memory, there.first_other)) {
      return BP_OK;
    }
  }
  drop_sources(directory, compaction);
  return BP_OK;
}

bp_status bpi_directory_resolve_compaction(const bp_system *system, const char *path, bpi_directory *directory,
                                           bp_error *error) {
  bpi_buffer name, json, packed;
  marker compaction = {0};
  int found = 0;
  size_t needed = 0;
  bpi_buffer_init(&name, &directory->memory);
  bpi_buffer_init(&json, &directory->memory);
  bpi_buffer_init(&packed, &directory->memory);
  bp_status status = bpi_path_join(&name, path, BPI_COMPACTION_NAME, error);
  if (status == BP_OK) status = bpi_file_load(system, (const char *)name.data, MARKER_MAX, &json, &found, error);
  if (status == BP_OK && found) {
    /* MessagePack of a JSON text is never more than twice its length. */
    uint8_t *room = bpi_buffer_reserve(&packed, 2 * json.length + 16);
    status = room == NULL ? bpi_fail(error, BP_NO_MEMORY, "reading " BPI_COMPACTION_NAME)
                          : bp_payload_from_json(json.data, json.length, room, packed.capacity, &needed, NULL);
    bpi_unpack in = {room, room == NULL ? NULL : room + needed};
    if (room != NULL && (status != BP_OK || read_marker(&in, &compaction) != BP_OK)) {
      status = bpi_fail(error, BP_COMPACTION_PENDING, BPI_COMPACTION_NAME " cannot be read");
    }
    if (status == BP_OK) status = resolve(system, path, directory, &compaction, error);
  }
  bpi_buffer_free(&packed);
  bpi_buffer_free(&json);
  bpi_buffer_free(&name);
  return status;
}
