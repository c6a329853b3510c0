/* A segment file: its name, its prologue, where its frames end.
 *
 *   "FBAT" | header length, u32 big-endian | header, MessagePack map of 4 | frames ... | footer (optional)
 */
#ifndef BPI_JOURNAL_SEGMENT_H
#define BPI_JOURNAL_SEGMENT_H

#include "base/bytes.h"

enum {
  BPI_SEGMENT_VERSION = 1,
  BPI_SEGMENT_FIXED_BYTES = 8,          /* magic and header length */
  BPI_SEGMENT_HEADER_MAX = 64 * 1024,   /* ours are 49 bytes; nobody's need more */
  BPI_SEGMENT_PROLOGUE_MAX = 96,        /* what we write */
  BPI_SEGMENT_NAME_MAX = 32
};

/* "000001.fbat": at least six digits. */
void bpi_segment_name(uint64_t id, char name[BPI_SEGMENT_NAME_MAX]);

/* 1 and the id if the name ends in ".fbat" and its stem is a number (any zero padding, one leading plus). */
int bpi_segment_name_parse(const char *name, size_t length, uint64_t *id);

typedef struct bpi_prologue {
  uint64_t segment_id;
  int64_t created_ns;
  uint64_t version;
  size_t length;      /* offset of the first frame */
  size_t map_end;     /* less than that where bytes follow the map, as the reference allows, or the length is wrong */
} bpi_prologue;

typedef enum bpi_prologue_state {
  BPI_PROLOGUE_GOOD,
  BPI_PROLOGUE_SHORT,    /* the file ends inside it, or is nothing but zeros: it never reached the disk */
  BPI_PROLOGUE_DAMAGED,  /* other magic, absurd length, undecodable header; `length` may still be right */
  BPI_PROLOGUE_NEWER     /* a version this code does not know */
} bpi_prologue_state;

bpi_prologue_state bpi_prologue_parse(bpi_bytes file, bpi_prologue *prologue);

/* Answers the number of bytes written into `out`. */
size_t bpi_prologue_encode(uint64_t segment_id, int64_t created_ns, uint8_t out[BPI_SEGMENT_PROLOGUE_MAX]);

#endif
