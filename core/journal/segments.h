/* The segments of an open store, by ordinal (their place in order of id), and views into their bytes.
 *
 *   - Ordinals are stable: segments are only added, at the end.
 *   - A view stays valid until bpi_segments_free: maps are made on first need, grown by making another, never unmapped.
 *   - Views may be taken from any thread; segments are added by one. */
#ifndef BPI_JOURNAL_SEGMENTS_H
#define BPI_JOURNAL_SEGMENTS_H

#include "journal/segment.h"
#include "sys/system.h"
#include "sys/thread.h"

#include <stdatomic.h>

typedef struct bpi_map bpi_map;

typedef struct bpi_segment {
  uint64_t id;
  char name[BPI_SEGMENT_NAME_MAX + 16];
  _Atomic uint64_t size;      /* bytes that may be viewed */
  _Atomic int has_footer;     /* one that fits; whether the last bytes look like one does not matter */
  _Atomic(bpi_map *) map;     /* the newest; older ones behind it */
} bpi_segment;

enum { BPI_SEGMENTS_BLOCK = 256, BPI_SEGMENTS_BLOCKS = 4096 };

typedef struct bpi_segments {
  const bp_system *system;
  bpi_memory memory;
  const char *directory;      /* lives as long as this does */
  bpi_mutex lock;             /* guards the making of maps */
  bpi_segment *blocks[BPI_SEGMENTS_BLOCKS];
  _Atomic uint32_t count;
} bpi_segments;

bp_status bpi_segments_init(bpi_segments *segments, const bp_system *system, const bpi_memory *memory,
                            const char *directory, bp_error *error);
void bpi_segments_free(bpi_segments *segments);

/* `name` is the file's; its size is taken as it is now. */
bp_status bpi_segments_add(bpi_segments *segments, uint64_t id, const char *name, uint64_t size, bp_error *error);
/* Another file of this size stands under the segment's name: views into the old one end here. */
void bpi_segments_note_replaced(bpi_segments *segments, uint32_t ordinal, uint64_t size);
/* Takes the newest back: its file is gone, nobody has a view of it. */
void bpi_segments_drop_last(bpi_segments *segments);
bpi_segment *bpi_segments_at(const bpi_segments *segments, uint32_t ordinal);

/* [offset, offset + length) of a segment.  BP_DAMAGED_FRAME when the file is not that long; BP_SYSTEM and its kin. */
bp_status bpi_segments_view(bpi_segments *segments, uint32_t ordinal, uint64_t offset, size_t length, bpi_bytes *view,
                            bp_error *error);
/* The same bytes will be viewed soon.  Nothing happens where there is no map of them yet. */
void bpi_segments_prefetch(const bpi_segments *segments, uint32_t ordinal, uint64_t offset, size_t length);
/* Bytes of all files. */
uint64_t bpi_segments_bytes(const bpi_segments *segments);

#endif
