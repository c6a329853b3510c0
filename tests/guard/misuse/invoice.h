/* Typestate in C: each state is a type of its own, handed over by value, and a step takes the one and gives the other. */
#ifndef MISUSE_INVOICE_H
#define MISUSE_INVOICE_H

#include <batpak/ffi.h>

enum { INVOICE_DRAFT, INVOICE_SENT, INVOICE_PAID };

static const bp_transition invoice_steps[] = {{INVOICE_DRAFT, INVOICE_SENT, 0x1001, 0},
                                              {INVOICE_SENT, INVOICE_PAID, 0x1002, 0}};

typedef struct invoice_draft {
  uint8_t last_event[16];
} invoice_draft;
typedef struct invoice_sent {
  uint8_t last_event[16];
} invoice_sent;
typedef struct invoice_paid {
  uint8_t last_event[16];
} invoice_paid;

bp_status invoice_send(bp_store *store, invoice_draft from, invoice_sent *to);
bp_status invoice_pay(bp_store *store, invoice_sent from, invoice_paid *to);

#endif
