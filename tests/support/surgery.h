/* Changing the segments of a closed store behind its back, checksums repaired: what somebody who may write the directory
 * can do. */
#ifndef SUPPORT_SURGERY_H
#define SUPPORT_SURGERY_H

#include "journal/footer.h"
#include "journal/frame.h"
#include "support/store_fixture.h"

typedef struct surgery {
  char directory[512];
  char name[32];
  fixture_file file;
  size_t frames_end; /* where the footer begins, or the file ends */
} surgery;

void surgery_begin(surgery *patient, const char *directory, const char *name);
/* Writes the file back. */
void surgery_end(surgery *patient);

/* Cuts the footer off: the store was killed. */
void surgery_remove_footer(surgery *patient);
/* Bytes at an offset, replaced, the checksum of the frame that begins at `frame` put right. */
void surgery_replace(surgery *patient, size_t frame, size_t offset, const void *bytes, size_t length);
/* Where the value of the first key of this name lies in the frame. */
size_t surgery_find(const surgery *patient, size_t frame, const char *key);
/* Takes [from, to) out of the frames; only without a footer. */
void surgery_cut(surgery *patient, size_t from, size_t to);
/* Writes the event at `frame` anew with another payload and all that follows from it, the footer's row too.  0 where the
 * frame would have another length: half of all hashes' octets take two bytes, so try another payload. */
int surgery_forge_payload(surgery *patient, size_t frame, bpi_bytes payload);
/* The row of the footer for the frame at this offset. */
uint8_t *surgery_row(surgery *patient, size_t frame);

#endif
