/* Segments made for tests: frames in any form, batch markers, footers, and what should be found in them. */
#ifndef SUPPORT_SEGMENT_BUILDER_H
#define SUPPORT_SEGMENT_BUILDER_H

#include "journal/footer.h"
#include "journal/frame.h"
#include "journal/segment.h"

enum { BUILDER_EVENTS_MAX = 64, BUILDER_FRAME_TIME_US = 1700000000 };

/* Appends a canonical frame, as the library writes it, and answers its record (unnumbered).  Of `header` all counts but
 * event_hash, payload_size and has_chain, which follow from the payload. */
bpi_record builder_put_frame(bpi_buffer *file, const bpi_header *header, bpi_bytes payload);
/* Appends any body with its length and its right checksum, answers the length of the frame. */
size_t builder_put_body(bpi_buffer *file, bpi_bytes body);
/* A BEGIN of `items`, or a COMMIT, as the reference writes them. */
bpi_record builder_put_marker(bpi_buffer *file, uint16_t kind, uint64_t batch_id, uint32_t items, int64_t timestamp_us);

/* A header with an id made of `number`, entity "e:1", scope "s", kind 0x2005. */
bpi_header builder_header(uint64_t number);

/* A whole segment, grown event by event; each entity's clock and link continue. */
typedef struct segment_builder {
  bpi_buffer bytes;
  size_t first_frame;
  uint64_t next_number;               /* of the next event's id */
  int64_t time_us;                    /* of the next frame; events advance it, markers and items do not */
  int64_t time_step_us;
  bpi_record records[BUILDER_EVENTS_MAX]; /* events in order, markers left out */
  const char *entities[BUILDER_EVENTS_MAX];
  uint8_t payloads[BUILDER_EVENTS_MAX];   /* each payload is one byte */
  size_t count;
} segment_builder;

void segment_builder_init(segment_builder *builder, uint64_t segment_id);
void segment_builder_free(segment_builder *builder);
/* `entity` must live as long as the builder. */
bpi_record *segment_builder_event(segment_builder *builder, const char *entity);
bpi_record *segment_builder_event_of_kind(segment_builder *builder, const char *entity, uint16_t kind);
void segment_builder_begin(segment_builder *builder, uint32_t items);
void segment_builder_commit(segment_builder *builder);
void segment_builder_bytes(segment_builder *builder, const void *bytes, size_t length);
/* Numbers the events from `first_sequence` on and appends their footer. */
void segment_builder_seal(segment_builder *builder, uint64_t first_sequence);
bpi_bytes segment_builder_file(const segment_builder *builder);

/* A copy on the heap of exactly this length, so that reading past the end is noticed; free() frees it. */
uint8_t *builder_exact_copy(bpi_bytes bytes);

#endif
