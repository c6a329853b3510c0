/* The footer of a sealed segment: an event table of fixed rows, little-endian.
 *
 *   string table, MessagePack array of str | rows of 162 bytes | table offset u64 | rows u32 | "SDX2"
 */
#ifndef BPI_JOURNAL_FOOTER_H
#define BPI_JOURNAL_FOOTER_H

#include "model/event.h"

enum { BPI_FOOTER_ROW_BYTES = 162, BPI_FOOTER_TRAILER_BYTES = 16 };

/* What the journal knows of an event without reading its payload.  Of a batch marker the hashes are zeros. */
typedef struct bpi_record {
  uint8_t event_id[16];
  uint8_t correlation_id[16];
  uint8_t causation_id[16]; /* zeros: none */
  uint8_t prev_hash[32];
  uint8_t event_hash[32];
  uint64_t sequence;
  uint64_t wall_ms;
  uint64_t offset;
  uint32_t frame_length;
  uint32_t clock;
  uint32_t lane;
  uint32_t depth;
  uint16_t kind;
  bpi_bytes entity;
  bpi_bytes scope;
} bpi_record;

/* The record's strings, which may lie in a file, will be read soon. */
static inline void bpi_record_prefetch(const bpi_record *record) {
  bpi_prefetch(record->entity.data, 1);
  bpi_prefetch(record->scope.data, 1);
}

/* A kind alone does not make a marker: the reference lets callers append events of the markers' kinds. */
int bpi_record_is_marker(const bpi_record *record);

typedef struct bpi_footer {
  size_t frames_end;      /* the string table's offset; the frames end here */
  uint32_t count;
  const uint8_t *rows;    /* view into the file */
  bpi_bytes *strings;     /* views into the file; without data where one breaks the coordinate rules */
  size_t string_count;
  size_t strings_capacity;
  int table_is_exact;     /* the table ends where the rows begin, so the number of rows can be believed */
  bpi_memory memory;
} bpi_footer;

typedef enum bpi_footer_state {
  BPI_FOOTER_NONE,     /* no trailer: the frames end with the file */
  BPI_FOOTER_BAD,      /* a trailer whose layout or table is wrong; frames_end is right if it is not 0 */
  BPI_FOOTER_READABLE  /* rows can be read; whether they fit the frames is bpi_footer_fits */
} bpi_footer_state;

/* Parses the end of a file whose frames begin at `first_frame`.  BP_NO_MEMORY is the only failure.  The caller frees. */
bp_status bpi_footer_parse(bpi_bytes file, size_t first_frame, const bpi_memory *memory, bpi_footer *footer,
                           bpi_footer_state *state);
/* The same where the trailer cannot be believed: the table begins at `table_offset` (the end of the last good frame), the
 * number of rows follows from the size of the file.  *state is BPI_FOOTER_READABLE or BPI_FOOTER_NONE. */
bp_status bpi_footer_parse_at(bpi_bytes file, size_t table_offset, const bpi_memory *memory, bpi_footer *footer,
                              bpi_footer_state *state);
void bpi_footer_free(bpi_footer *footer);

/* Row `index`; 0 when its strings are not in the table or break the coordinate rules. */
int bpi_footer_row(const bpi_footer *footer, uint32_t index, bpi_record *record);
/* The sequence of a row, given where it begins. */
uint64_t bpi_footer_sequence(const uint8_t *row);
/* Does row `index` say just what the record says? */
int bpi_footer_says(const bpi_footer *footer, uint32_t index, const bpi_record *record);
/* Does row `index` say just what the batch marker says that lies where the row says?  Its sequence is the next event's. */
int bpi_footer_says_marker(const bpi_footer *footer, uint32_t index, bpi_bytes frames, uint64_t next_sequence);

/* Do the rows describe this file: first frame at the start, each following the last (batch markers between them allowed),
 * lengths as the frames declare, sequences rising, nothing left over but a final COMMIT marker? */
int bpi_footer_fits(const bpi_footer *footer, bpi_bytes file, size_t first_frame);

/* Builds a footer: one bpi_footer_add per event in commit order, then bpi_footer_finish. */
typedef struct bpi_footer_writer {
  bpi_buffer rows;
  bpi_buffer table;     /* the encoded strings, without the array's header */
  uint32_t count;
  uint32_t strings;
  uint32_t *slots;      /* hash table of string numbers + 1 */
  size_t slot_count;
  size_t *starts;       /* of each encoded string in `table` */
  size_t starts_capacity;
  bpi_memory memory;
} bpi_footer_writer;

void bpi_footer_writer_init(bpi_footer_writer *writer, const bpi_memory *memory);
void bpi_footer_writer_free(bpi_footer_writer *writer);
bp_status bpi_footer_add(bpi_footer_writer *writer, const bpi_record *record);
/* The whole footer, for a file whose frames end at `frames_end`. */
bp_status bpi_footer_finish(bpi_footer_writer *writer, uint64_t frames_end, bpi_buffer *out);

#endif
