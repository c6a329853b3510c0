/* A frame: one event on disk.  All knowledge of the layout of version 1 is in this file's implementation.
 *
 *   body length, u32 big-endian | CRC-32 of the body, u32 big-endian | body
 *
 * The body is a MessagePack map: event {header {...9}, payload, hash_chain}, entity, scope, receipt_extensions.  Bytes are
 * arrays of integers there, ids are bin 16.  Reading takes any key order, unknown keys and the positional form, as the
 * reference does; writing is canonical. */
#ifndef BPI_JOURNAL_FRAME_H
#define BPI_JOURNAL_FRAME_H

#include "model/event.h"

enum {
  BPI_FRAME_HEADER_BYTES = 8,
  BPI_FRAME_BODY_MAX = 268435456, /* 256 MiB, the most a reader accepts */
  /* The largest front of a frame: everything before the key "content_hash". */
  BPI_FRAME_FRONT_MAX = 320,
  BPI_HASH_OCTETS_MAX = 3 + 64,   /* a hash as an array of integers */
  BPI_FRAME_MARKER_MAX = 400      /* the largest BEGIN or COMMIT */
};

/* --- reading */

typedef enum bpi_payload_shape {
  BPI_PAYLOAD_OCTETS, /* array of integers 0..255: `payload_elements` */
  BPI_PAYLOAD_BIN,    /* `payload_elements` are the bytes */
  BPI_PAYLOAD_VALUE   /* any other value, left by the reference's retention: `payload_raw` is its encoding */
} bpi_payload_shape;

typedef struct bpi_frame {
  bpi_header header;
  bpi_payload_shape shape;
  size_t payload_length;      /* decoded bytes of the octets or bin */
  bpi_bytes payload_elements;
  bpi_bytes payload_raw;      /* the whole encoded value, whatever its shape */
  const uint8_t *decoded;     /* the octets or bin, by bpi_frame_read; else NULL */
} bpi_frame;

/* The frame at `offset` of `file` (whose frames end at file.length): its whole length if header and CRC hold, else 0. */
size_t bpi_frame_check(bpi_bytes file, size_t offset);

/* Only the declared length, bounds checked, CRC not: 0 when it does not fit. */
size_t bpi_frame_length(bpi_bytes file, size_t offset);

/* Decodes a whole frame (8 header bytes included) whose CRC holds.  Views point into it.  The coordinate is checked.
 * BP_DAMAGED_FRAME when the body is not a frame's. */
bp_status bpi_frame_decode(bpi_bytes frame, bpi_frame *out);

/* The same, and the payload's bytes decoded in passing into `room`, which has as many bytes as the frame. */
bp_status bpi_frame_read(bpi_bytes frame, uint8_t *room, bpi_frame *out);

/* The payload as the caller once gave it.  `buffer` has room for frame->payload_length bytes and may be NULL after
 * bpi_frame_read; the answer points to it or to that room, or, for the value form, into the frame.  *form as
 * bp_event.payload_form. */
bpi_bytes bpi_frame_payload(const bpi_frame *frame, uint8_t *buffer, uint8_t *form);

/* --- writing */

/* Length bound of a frame; 0 when it would exceed BPI_FRAME_BODY_MAX. */
size_t bpi_frame_size_max(size_t payload_length, size_t entity_length, size_t scope_length, size_t extensions_length);

/* Writes the frame to `out`, where there is room for its length bound; answers its length.  All of `header` counts but
 * has_chain; its extensions are an encoded map, of length 0 for none. */
size_t bpi_frame_write(const bpi_header *header, bpi_bytes payload, uint8_t *out);

/* Writes the BEGIN of a batch of `items`, or its COMMIT (`items` 0), to `out` of BPI_FRAME_MARKER_MAX bytes; answers its
 * length.  The batch is named by the sequence of its first item. */
size_t bpi_frame_marker(uint16_t kind, uint64_t first_sequence, uint32_t items, int64_t timestamp_us, uint8_t *out);

#endif
