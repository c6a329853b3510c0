#include "journal/footer.h"

#include "base/hash.h"
#include "codec/pack.h"
#include "codec/unpack.h"
#include "journal/frame.h"
#include "journal/scan.h"

static const uint8_t magic[4] = {'S', 'D', 'X', '2'};

/* Byte offsets within a row. */
enum {
  ROW_EVENT_ID = 0,
  ROW_ENTITY = 16,
  ROW_SCOPE = 20,
  ROW_KIND = 24,
  ROW_WALL = 26,
  ROW_CLOCK = 34,
  ROW_LANE = 38,
  ROW_DEPTH = 42,
  ROW_PREV = 46,
  ROW_HASH = 78,
  ROW_OFFSET = 110,
  ROW_LENGTH = 118,
  ROW_SEQUENCE = 122,
  ROW_CORRELATION = 130,
  ROW_CAUSATION = 146
};

/* Ids are big-endian in frames and everywhere in memory, little-endian in footers. */
static void copy_reversed(uint8_t *to, const uint8_t *from) {
  uint64_t front = bpi_load_be64(from);
  bpi_store_le64(to, bpi_load_be64(from + 8));
  bpi_store_le64(to + 8, front);
}

/* Whether an id in memory is the one at `row`. */
static int is_reversed(const uint8_t *id, const uint8_t *row) {
  return bpi_load_be64(id) == bpi_load_le64(row + 8) && bpi_load_be64(id + 8) == bpi_load_le64(row);
}

/* --- reading */

/* In place of a string that breaks the coordinate rules. */
static const bpi_bytes no_text = {NULL, 0};

void bpi_footer_free(bpi_footer *footer) {
  bpi_release(&footer->memory, footer->strings, footer->strings_capacity * sizeof *footer->strings);
  footer->strings = NULL;
}

/* The string table, which begins at frames_end and must end at or before `limit`; *end is where it does. */
static bp_status read_table(bpi_bytes file, size_t limit, bpi_footer *footer, size_t *end) {
  bpi_unpack in = {file.data + footer->frames_end, file.data + limit};
  uint32_t count;
  *end = 0;
  if (bpi_unpack_array(&in, &count) != BP_OK) return BP_OK;
  if (count > 0) {
    footer->strings = bpi_allocate(&footer->memory, bpi_size(count, sizeof *footer->strings, 0));
    if (footer->strings == NULL) return BP_NO_MEMORY;
    footer->strings_capacity = count;
  }
  for (; footer->string_count < count; footer->string_count++) {
    bpi_bytes *text = &footer->strings[footer->string_count];
    if (bpi_unpack_str(&in, text) != BP_OK) return BP_OK;
    /* Here, once, rather than for each row.  The rules are the same for entities and scopes. */
    if (bp_coordinate_check(text->data, text->length, text->data, text->length, NULL) != BP_OK) *text = no_text;
  }
  *end = (size_t)(in.at - file.data);
  return BP_OK;
}

bp_status bpi_footer_parse(bpi_bytes file, size_t first_frame, const bpi_memory *memory, bpi_footer *footer,
                           bpi_footer_state *state) {
  memset(footer, 0, sizeof *footer);
  footer->memory = *memory;
  *state = BPI_FOOTER_NONE;
  footer->frames_end = file.length;
  if (file.length < first_frame + BPI_FOOTER_TRAILER_BYTES) return BP_OK;
  const uint8_t *trailer = file.data + file.length - BPI_FOOTER_TRAILER_BYTES;
  if (memcmp(trailer + 12, magic, sizeof magic) != 0) return BP_OK;

  *state = BPI_FOOTER_BAD;
  uint64_t table_offset = bpi_load_le64(trailer);
  size_t body = file.length - BPI_FOOTER_TRAILER_BYTES;
  if (table_offset < first_frame || table_offset > body) {
    footer->frames_end = 0;
    return BP_OK;
  }
  footer->frames_end = (size_t)table_offset;
  footer->count = bpi_load_le32(trailer + 8);
  if (footer->count > (body - footer->frames_end) / BPI_FOOTER_ROW_BYTES) return BP_OK;
  size_t rows = body - (size_t)footer->count * BPI_FOOTER_ROW_BYTES;
  size_t table_end;
  footer->rows = file.data + rows;
  if (read_table(file, rows, footer, &table_end) != BP_OK) return BP_NO_MEMORY;
  if (table_end == 0) return BP_OK;
  footer->table_is_exact = table_end == rows;
  *state = BPI_FOOTER_READABLE;
  return BP_OK;
}

bp_status bpi_footer_parse_at(bpi_bytes file, size_t table_offset, const bpi_memory *memory, bpi_footer *footer,
                              bpi_footer_state *state) {
  memset(footer, 0, sizeof *footer);
  footer->memory = *memory;
  footer->frames_end = table_offset;
  *state = BPI_FOOTER_NONE;
  if (table_offset > file.length || file.length - table_offset <= BPI_FOOTER_TRAILER_BYTES) return BP_OK;
  size_t body = file.length - BPI_FOOTER_TRAILER_BYTES, table_end;
  if (read_table(file, body, footer, &table_end) != BP_OK) return BP_NO_MEMORY;
  if (table_end == 0 || (body - table_end) % BPI_FOOTER_ROW_BYTES != 0) return BP_OK;
  if ((body - table_end) / BPI_FOOTER_ROW_BYTES > UINT32_MAX) return BP_OK;
  footer->count = (uint32_t)((body - table_end) / BPI_FOOTER_ROW_BYTES);
  footer->rows = file.data + table_end;
  footer->table_is_exact = 1;
  *state = BPI_FOOTER_READABLE;
  return BP_OK;
}

/* The row and the strings it names; NULL where one of these cannot be. */
static const uint8_t *find_row(const bpi_footer *footer, uint32_t index, bpi_bytes *entity, bpi_bytes *scope) {
  const uint8_t *row = footer->rows + (size_t)index * BPI_FOOTER_ROW_BYTES;
  uint32_t entity_number = bpi_load_le32(row + ROW_ENTITY), scope_number = bpi_load_le32(row + ROW_SCOPE);
  if (entity_number >= footer->string_count || scope_number >= footer->string_count) return NULL;
  *entity = footer->strings[entity_number];
  *scope = footer->strings[scope_number];
  return entity->data != NULL && scope->data != NULL ? row : NULL;
}

uint64_t bpi_footer_sequence(const uint8_t *row) { return bpi_load_le64(row + ROW_SEQUENCE); }

int bpi_footer_row(const bpi_footer *footer, uint32_t index, bpi_record *record) {
  const uint8_t *row = find_row(footer, index, &record->entity, &record->scope);
  if (row == NULL) return 0;
  copy_reversed(record->event_id, row + ROW_EVENT_ID);
  copy_reversed(record->correlation_id, row + ROW_CORRELATION);
  copy_reversed(record->causation_id, row + ROW_CAUSATION);
  memcpy(record->prev_hash, row + ROW_PREV, 32);
  memcpy(record->event_hash, row + ROW_HASH, 32);
  record->kind = bpi_load_le16(row + ROW_KIND);
  record->wall_ms = bpi_load_le64(row + ROW_WALL);
  record->clock = bpi_load_le32(row + ROW_CLOCK);
  record->lane = bpi_load_le32(row + ROW_LANE);
  record->depth = bpi_load_le32(row + ROW_DEPTH);
  record->offset = bpi_load_le64(row + ROW_OFFSET);
  record->frame_length = bpi_load_le32(row + ROW_LENGTH);
  record->sequence = bpi_footer_sequence(row);
  return 1;
}

int bpi_footer_says(const bpi_footer *footer, uint32_t index, const bpi_record *record) {
  bpi_bytes entity, scope;
  const uint8_t *row = find_row(footer, index, &entity, &scope);
  return row != NULL && is_reversed(record->event_id, row + ROW_EVENT_ID) &&
         is_reversed(record->correlation_id, row + ROW_CORRELATION) &&
         is_reversed(record->causation_id, row + ROW_CAUSATION) && memcmp(record->prev_hash, row + ROW_PREV, 32) == 0 &&
         memcmp(record->event_hash, row + ROW_HASH, 32) == 0 && record->kind == bpi_load_le16(row + ROW_KIND) &&
         record->wall_ms == bpi_load_le64(row + ROW_WALL) && record->clock == bpi_load_le32(row + ROW_CLOCK) &&
         record->lane == bpi_load_le32(row + ROW_LANE) && record->depth == bpi_load_le32(row + ROW_DEPTH) &&
         record->offset == bpi_load_le64(row + ROW_OFFSET) && record->frame_length == bpi_load_le32(row + ROW_LENGTH) &&
         record->sequence == bpi_footer_sequence(row) && bpi_bytes_equal(record->entity, entity) &&
         bpi_bytes_equal(record->scope, scope);
}

static int has_no_hash(const bpi_record *record) {
  static const uint8_t no_hash[32];
  return memcmp(record->event_hash, no_hash, sizeof no_hash) == 0;
}

int bpi_record_is_marker(const bpi_record *record) { return bpi_kind_is_marker(record->kind) && has_no_hash(record); }

/* The batch marker that lies where the row says. */
static int marker_at(bpi_bytes frames, const bpi_record *row, bpi_record *marker) {
  bpi_frame frame;
  if (row->offset > frames.length) return 0;
  size_t length = bpi_frame_check(frames, (size_t)row->offset);
  if (length == 0 || bpi_frame_decode(bpi_bytes_of(frames.data + row->offset, length), &frame) != BP_OK) return 0;
  bpi_record_of_frame(&frame.header, row->offset, (uint32_t)length, marker);
  return !frame.header.has_chain;
}

int bpi_footer_says_marker(const bpi_footer *footer, uint32_t index, bpi_bytes frames, uint64_t next_sequence) {
  bpi_record row, marker;
  if (!bpi_footer_row(footer, index, &row) || !marker_at(frames, &row, &marker)) return 0;
  marker.sequence = next_sequence;
  return bpi_footer_says(footer, index, &marker);
}

/* Is the row a marker's, or does it look like one though it is an event's?  -1: it cannot be told, something is damaged. */
static int judge_marker_row(const bpi_footer *footer, uint32_t index, const bpi_record *row, bpi_bytes frames,
                            uint64_t next_sequence) {
  bpi_record marker;
  if (!bpi_kind_is_marker(row->kind) && !has_no_hash(row)) return 0;
  if (marker_at(frames, row, &marker)) return bpi_footer_says_marker(footer, index, frames, next_sequence) ? 1 : -1;
  return has_no_hash(row) || bpi_frame_check(frames, (size_t)row->offset) == 0 ? -1 : 0;
}

/* Batch markers have no row but the last: steps from `at` over such frames up to `to`.  Only frames without a chain, which are small,
 * are decoded. */
static int skip_markers(bpi_bytes frames, size_t at, size_t to) {
  while (at < to) {
    bpi_frame frame;
    size_t length = bpi_frame_check(frames, at);
    if (length == 0 || bpi_frame_decode(bpi_bytes_of(frames.data + at, length), &frame) != BP_OK) return 0;
    if (frame.header.has_chain) return 0;
    at += length;
  }
  return at == to;
}

int bpi_footer_fits(const bpi_footer *footer, bpi_bytes file, size_t first_frame) {
  if (!footer->table_is_exact) return 0;
  bpi_bytes frames = bpi_bytes_of(file.data, footer->frames_end);
  size_t at = first_frame;
  uint64_t next_sequence = 0;
  for (uint32_t i = 0; i < footer->count; i++) {
    bpi_record record;
    if (!bpi_footer_row(footer, i, &record)) return 0;
    if (record.offset < at || record.offset > frames.length) return 0;
    if (record.offset > at && !skip_markers(frames, at, (size_t)record.offset)) return 0;
    if (bpi_frame_length(frames, (size_t)record.offset) != record.frame_length) return 0;
    at = (size_t)record.offset + record.frame_length;
    int is_marker = judge_marker_row(footer, i, &record, frames, next_sequence);
    if (is_marker < 0) return 0;
    if (is_marker) continue;
    if (record.sequence < next_sequence || record.sequence == UINT64_MAX) return 0;
    next_sequence = record.sequence + 1;
  }
  return at == frames.length || skip_markers(frames, at, frames.length);
}

/* --- writing */

void bpi_footer_writer_init(bpi_footer_writer *writer, const bpi_memory *memory) {
  memset(writer, 0, sizeof *writer);
  writer->memory = *memory;
  bpi_buffer_init(&writer->rows, memory);
  bpi_buffer_init(&writer->table, memory);
}

void bpi_footer_writer_free(bpi_footer_writer *writer) {
  bpi_buffer_free(&writer->rows);
  bpi_buffer_free(&writer->table);
  bpi_release(&writer->memory, writer->slots, writer->slot_count * sizeof *writer->slots);
  bpi_release(&writer->memory, writer->starts, writer->starts_capacity * sizeof *writer->starts);
}

static bpi_bytes table_string(const bpi_footer_writer *writer, uint32_t number) {
  bpi_unpack in = {writer->table.data + writer->starts[number], writer->table.data + writer->table.length};
  bpi_token token = {0};
  (void)bpi_unpack_next(&in, &token);
  return token.bytes;
}

/* The slot that holds the text, or the empty one where it belongs. */
static size_t find_slot(const bpi_footer_writer *writer, bpi_bytes text) {
  size_t mask = writer->slot_count - 1;
  size_t slot = (size_t)bpi_hash(text.data, text.length, 0) & mask;
  while (writer->slots[slot] != 0 && !bpi_bytes_equal(table_string(writer, writer->slots[slot] - 1), text)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

static bp_status grow_slots(bpi_footer_writer *writer) {
  if (writer->strings * 2 < writer->slot_count) return BP_OK;
  size_t old_count = writer->slot_count;
  size_t count = old_count == 0 ? 64 : old_count * 2;
  uint32_t *old = writer->slots;
  uint32_t *slots = bpi_allocate(&writer->memory, count * sizeof *slots);
  if (slots == NULL) return BP_NO_MEMORY;
  writer->slots = slots;
  writer->slot_count = count;
  for (uint32_t i = 0; i < writer->strings; i++) slots[find_slot(writer, table_string(writer, i))] = i + 1;
  bpi_release(&writer->memory, old, old_count * sizeof *old);
  return BP_OK;
}

static bp_status intern(bpi_footer_writer *writer, bpi_bytes text, uint32_t *number) {
  bp_status status = grow_slots(writer);
  if (status != BP_OK) return status;
  size_t slot = find_slot(writer, text);
  if (writer->slots[slot] == 0) {
    if (bpi_grow(&writer->memory, (void **)&writer->starts, &writer->starts_capacity, (size_t)writer->strings + 1,
                 sizeof *writer->starts) != 0) {
      return BP_NO_MEMORY;
    }
    writer->starts[writer->strings] = writer->table.length;
    bpi_pack_str(&writer->table, text.data, text.length);
    if (writer->table.failed) return BP_NO_MEMORY;
    writer->slots[slot] = ++writer->strings;
  }
  *number = writer->slots[slot] - 1;
  return BP_OK;
}

bp_status bpi_footer_add(bpi_footer_writer *writer, const bpi_record *record) {
  uint32_t entity, scope;
  bp_status status = intern(writer, record->entity, &entity);
  if (status == BP_OK) status = intern(writer, record->scope, &scope);
  if (status != BP_OK) return status;
  uint8_t *row = bpi_buffer_reserve(&writer->rows, BPI_FOOTER_ROW_BYTES);
  if (row == NULL) return BP_NO_MEMORY;
  copy_reversed(row + ROW_EVENT_ID, record->event_id);
  bpi_store_le32(row + ROW_ENTITY, entity);
  bpi_store_le32(row + ROW_SCOPE, scope);
  bpi_store_le16(row + ROW_KIND, record->kind);
  bpi_store_le64(row + ROW_WALL, record->wall_ms);
  bpi_store_le32(row + ROW_CLOCK, record->clock);
  bpi_store_le32(row + ROW_LANE, record->lane);
  bpi_store_le32(row + ROW_DEPTH, record->depth);
  memcpy(row + ROW_PREV, record->prev_hash, 32);
  memcpy(row + ROW_HASH, record->event_hash, 32);
  bpi_store_le64(row + ROW_OFFSET, record->offset);
  bpi_store_le32(row + ROW_LENGTH, record->frame_length);
  bpi_store_le64(row + ROW_SEQUENCE, record->sequence);
  copy_reversed(row + ROW_CORRELATION, record->correlation_id);
  copy_reversed(row + ROW_CAUSATION, record->causation_id);
  writer->rows.length += BPI_FOOTER_ROW_BYTES;
  writer->count++;
  return BP_OK;
}

bp_status bpi_footer_finish(bpi_footer_writer *writer, uint64_t frames_end, bpi_buffer *out) {
  uint8_t trailer[BPI_FOOTER_TRAILER_BYTES];
  bpi_store_le64(trailer, frames_end);
  bpi_store_le32(trailer + 8, writer->count);
  memcpy(trailer + 12, magic, sizeof magic);
  bpi_pack_array(out, writer->strings);
  bpi_buffer_append(out, writer->table.data, writer->table.length);
  bpi_buffer_append(out, writer->rows.data, writer->rows.length);
  bpi_buffer_append(out, trailer, sizeof trailer);
  return out->failed ? BP_NO_MEMORY : BP_OK;
}
