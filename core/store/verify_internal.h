/* Verification, in steps that each look at one thing. */
#ifndef BPI_STORE_VERIFY_INTERNAL_H
#define BPI_STORE_VERIFY_INTERNAL_H

#include "journal/footer.h"
#include "store/report.h"
#include "store/store_internal.h"

/* One event under examination: its row, its frame, and the event of the entity before it. */
typedef struct bpi_exhibit {
  bpi_row row;
  uint32_t number;
  bpi_frame frame;
  int has_previous;
  uint8_t previous_hash[32];
  uint32_t previous_clock;
  int visible;
  int first_with_id;       /* no earlier event has this id */
  bpi_bytes payload;
  uint8_t payload_form;
  int readable;
} bpi_exhibit;

/* Events from this one on were written by sessions that signed, or by sessions that did not. */
typedef struct bpi_stretch {
  uint32_t first;
  int signs;
} bpi_stretch;

typedef struct bpi_verifier {
  bp_store *store;
  bp_report *report;
  uint32_t rows;             /* as many as were published when it began */
  /* the session that is being read */
  int ours;                  /* written by this library: its sequences have no gaps */
  uint64_t next_sequence;
  bp_point frontier;
  /* the segment that is being read */
  uint32_t segment;          /* UINT32_MAX: none yet */
  int out_of_order;          /* the open counted its events, since its footer's numbers do not rise; not yet judged */
  int has_footer;
  bpi_footer footer;
  uint32_t footer_row;
  uint64_t bytes_done;
  bpi_stretch *stretches;    /* in order, signing and not in turns; before the first: not */
  size_t stretch_count;
  size_t stretch_capacity;
} bpi_verifier;

/* A finding about one event, unless the open found the same. */
void bpi_verify_find(bpi_verifier *v, const bpi_exhibit *exhibit, uint32_t severity, const char *code, const char *text);

/* verify_event.c: what can be said of one readable event. */
void bpi_verify_event(bpi_verifier *v, const bpi_exhibit *exhibit);
/* verify_footer.c: does the footer say the same as the frame? */
bp_status bpi_verify_enter_segment(bpi_verifier *v, uint32_t segment);
void bpi_verify_leave_segment(bpi_verifier *v);
void bpi_verify_footer_row(bpi_verifier *v, const bpi_exhibit *exhibit);
/* verify_receipts.c: the receipts that were given. */
bp_status bpi_verify_receipts(bpi_verifier *v, const bp_trust *trust, const bpi_keyring *keyring, bp_error *error);

#endif
