/* What the oracle must know of bytes, from the specification alone: the hash of a payload, and how long things are on disk. */
#ifndef SUPPORT_ORACLE_BYTES_H
#define SUPPORT_ORACLE_BYTES_H

#include "support/oracle.h"

/* BLAKE3 with 32 bytes of output. */
void oracle_hash(const uint8_t *bytes, size_t length, uint8_t hash[32]);

/* Bytes of a segment before its first frame. */
uint64_t oracle_prologue_length(uint64_t segment_id);
/* Bytes of the frame of an event, header included. */
uint32_t oracle_frame_length(const oracle_event *event);
/* Of a batch marker: BEGIN where `items` is not 0, else COMMIT. */
uint32_t oracle_marker_length(int64_t timestamp_us, uint64_t items);

/* The canonical map of extensions: sorted by name, of equal names the last.  NULL `to`: the length only.  No items: 0. */
size_t oracle_extensions_encode(const bp_extension *items, size_t count, uint8_t *to);
/* The payload of the event that closes a store. */
size_t oracle_close_payload(uint64_t wall_ms, uint64_t sequence, uint8_t payload[48]);

#endif
