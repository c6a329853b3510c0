#include "support/segment_builder.h"

#include "codec/pack.h"
#include "crypto/crypto.h"
#include "journal/scan.h"

#include <stdlib.h>

bpi_record builder_put_frame(bpi_buffer *file, const bpi_header *header, bpi_bytes payload) {
  bpi_header full = *header;
  bpi_record record;
  bpi_blake3(payload.data, payload.length, full.event_hash);
  full.payload_size = (uint32_t)payload.length;
  full.has_chain = 1;
  uint8_t *out = bpi_buffer_reserve(file, bpi_frame_size_max(payload.length, full.entity.length, full.scope.length,
                                                             full.extensions.length));
  if (out == NULL) abort();
  size_t length = bpi_frame_write(&full, payload, out);
  bpi_record_of_frame(&full, file->length, (uint32_t)length, &record);
  file->length += length;
  return record;
}

size_t builder_put_body(bpi_buffer *file, bpi_bytes body) {
  uint8_t front[BPI_FRAME_HEADER_BYTES];
  bpi_store_be32(front, (uint32_t)body.length);
  bpi_store_be32(front + 4, bpi_crc32(0, body.data, body.length));
  bpi_buffer_append(file, front, sizeof front);
  bpi_buffer_append(file, body.data, body.length);
  if (file->failed) abort();
  return sizeof front + body.length;
}

static void put_number(bpi_buffer *out, const char *name, uint64_t value) {
  bpi_pack_text(out, name);
  bpi_pack_u64(out, value);
}

static void put_batch_id(bpi_buffer *out, const char *name, uint64_t batch_id) {
  uint8_t id[16] = {0};
  bpi_store_be64(id + 8, batch_id);
  bpi_pack_text(out, name);
  bpi_pack_bin(out, id, sizeof id);
}

bpi_record builder_put_marker(bpi_buffer *file, uint16_t kind, uint64_t batch_id, uint32_t items, int64_t timestamp_us) {
  static const uint8_t zero_hash[32];
  bpi_memory memory = bpi_memory_default();
  bpi_buffer body;
  bpi_buffer_init(&body, &memory);
  bpi_pack_map(&body, 4);
  bpi_pack_text(&body, "event");
  bpi_pack_map(&body, 3);
  bpi_pack_text(&body, "header");
  bpi_pack_map(&body, 9);
  put_batch_id(&body, "event_id", batch_id);
  put_batch_id(&body, "correlation_id", batch_id);
  bpi_pack_text(&body, "causation_id");
  bpi_pack_nil(&body);
  bpi_pack_text(&body, "timestamp_us");
  bpi_pack_i64(&body, timestamp_us);
  bpi_pack_text(&body, "position");
  bpi_pack_map(&body, 5);
  put_number(&body, "wall_ms", (uint64_t)timestamp_us / 1000);
  put_number(&body, "counter", 0);
  put_number(&body, "depth", 0);
  put_number(&body, "lane", 0);
  put_number(&body, "sequence", 0);
  put_number(&body, "payload_size", items);
  put_number(&body, "event_kind", kind);
  put_number(&body, "flags", 0);
  bpi_pack_text(&body, "content_hash");
  bpi_pack_octets(&body, zero_hash, sizeof zero_hash);
  bpi_pack_text(&body, "payload");
  bpi_pack_array(&body, 0);
  bpi_pack_text(&body, "hash_chain");
  bpi_pack_nil(&body);
  bpi_pack_text(&body, "entity");
  bpi_pack_text(&body, "_batch");
  bpi_pack_text(&body, "scope");
  bpi_pack_text(&body, "_system");
  bpi_pack_text(&body, "receipt_extensions");
  bpi_pack_map(&body, 0);
  bpi_record record = {.offset = file->length, .sequence = BPI_UNNUMBERED, .kind = kind};
  record.frame_length = (uint32_t)builder_put_body(file, bpi_bytes_of(body.data, body.length));
  record.wall_ms = (uint64_t)timestamp_us / 1000;
  bpi_store_be64(record.event_id + 8, batch_id);
  memcpy(record.correlation_id, record.event_id, 16);
  record.entity = bpi_bytes_of("_batch", 6);
  record.scope = bpi_bytes_of("_system", 7);
  bpi_buffer_free(&body);
  return record;
}

bpi_header builder_header(uint64_t number) {
  bpi_header header = {.timestamp_us = BUILDER_FRAME_TIME_US * (int64_t)1000000, .kind = 0x2005};
  header.wall_ms = (uint64_t)header.timestamp_us / 1000;
  bpi_store_be64(header.event_id + 8, number);
  memcpy(header.correlation_id, header.event_id, 16);
  header.entity = bpi_bytes_of("e:1", 3);
  header.scope = bpi_bytes_of("s", 1);
  return header;
}

/* --- whole segments */

void segment_builder_init(segment_builder *builder, uint64_t segment_id) {
  memset(builder, 0, sizeof *builder);
  bpi_memory memory = bpi_memory_default();
  bpi_buffer_init(&builder->bytes, &memory);
  uint8_t *out = bpi_buffer_reserve(&builder->bytes, BPI_SEGMENT_PROLOGUE_MAX);
  if (out == NULL) abort();
  builder->bytes.length = bpi_prologue_encode(segment_id, BUILDER_FRAME_TIME_US * (int64_t)1000000000, out);
  builder->first_frame = builder->bytes.length;
  builder->next_number = segment_id * 1000;
  builder->time_us = BUILDER_FRAME_TIME_US * (int64_t)1000000;
  builder->time_step_us = 1000;
}

void segment_builder_free(segment_builder *builder) { bpi_buffer_free(&builder->bytes); }

bpi_record *segment_builder_event_of_kind(segment_builder *builder, const char *entity, uint16_t kind) {
  if (builder->count == BUILDER_EVENTS_MAX) abort();
  bpi_header header = builder_header(builder->next_number++);
  header.kind = kind;
  header.timestamp_us = builder->time_us;
  header.wall_ms = (uint64_t)builder->time_us / 1000;
  header.entity = bpi_bytes_of(entity, strlen(entity));
  for (size_t i = builder->count; i-- > 0;) {
    if (strcmp(builder->entities[i], entity) != 0) continue;
    header.clock = builder->records[i].clock + 1;
    memcpy(header.prev_hash, builder->records[i].event_hash, 32);
    break;
  }
  uint8_t payload = (uint8_t)(builder->count & 0x7f);
  size_t at = builder->count++;
  builder->entities[at] = entity;
  builder->payloads[at] = payload;
  builder->records[at] = builder_put_frame(&builder->bytes, &header, bpi_bytes_of(&payload, 1));
  builder->time_us += builder->time_step_us;
  return &builder->records[at];
}

bpi_record *segment_builder_event(segment_builder *builder, const char *entity) {
  return segment_builder_event_of_kind(builder, entity, 0x2005);
}

void segment_builder_begin(segment_builder *builder, uint32_t items) {
  (void)builder_put_marker(&builder->bytes, BPI_KIND_BATCH_BEGIN, builder->next_number, items, builder->time_us);
}

void segment_builder_commit(segment_builder *builder) {
  (void)builder_put_marker(&builder->bytes, BPI_KIND_BATCH_COMMIT, builder->next_number, 0, builder->time_us);
}

void segment_builder_bytes(segment_builder *builder, const void *bytes, size_t length) {
  bpi_buffer_append(&builder->bytes, bytes, length);
  if (builder->bytes.failed) abort();
}

void segment_builder_seal(segment_builder *builder, uint64_t first_sequence) {
  bpi_memory memory = bpi_memory_default();
  bpi_footer_writer footer;
  bpi_footer_writer_init(&footer, &memory);
  for (size_t i = 0; i < builder->count; i++) {
    builder->records[i].sequence = first_sequence + i;
    if (bpi_footer_add(&footer, &builder->records[i]) != BP_OK) abort();
  }
  if (bpi_footer_finish(&footer, builder->bytes.length, &builder->bytes) != BP_OK) abort();
  bpi_footer_writer_free(&footer);
}

bpi_bytes segment_builder_file(const segment_builder *builder) {
  return bpi_bytes_of(builder->bytes.data, builder->bytes.length);
}

uint8_t *builder_exact_copy(bpi_bytes bytes) {
  uint8_t *copy = malloc(bytes.length == 0 ? 1 : bytes.length);
  if (copy == NULL) abort();
  if (bytes.length > 0) memcpy(copy, bytes.data, bytes.length);
  return copy;
}
