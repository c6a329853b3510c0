/* A ticket: an owned copy of what was submitted, its request in the queue, and in the end what became of it.
 *
 *   - One allocation holds all of it: the ticket, its items, drafts, receipts, then their bytes.
 *   - Two own it: the caller, until bp_ticket_free, and the store, until it is decided.  The last one frees it, so that it
 *     outlives its store, and dropping it cancels nothing.
 *   - `request` belongs to the queue until the ticket is decided.  From then on nothing of the ticket changes but `event`.
 *   - `told` is called under `lock`, which whoever takes it back must have: once he has it, it is not being called. */
#ifndef BPI_STORE_TICKET_H
#define BPI_STORE_TICKET_H

#include "store/store_internal.h"

struct bp_ticket {
  uint32_t magic;
  _Atomic uint32_t owners;
  bpi_memory memory;
  size_t size;               /* bytes of the allocation */
  const bp_system *system;
  uint64_t process;
  bpi_request request;
  bp_error error;            /* the request's */
  bp_receipt *receipts;      /* request.count of them */
  bpi_mutex lock;            /* guards `event` and `told`; with `changed` */
  bpi_condition changed;
  _Atomic int decided;
  int event;                 /* readable once the ticket is decided; -1: nobody asked */
  bp_told told;              /* NULL: nobody is to be told, or he was */
  void *user;
  int was_notified;          /* somebody asked to be told; changed by callers alone */
  /* of a point (await.c) */
  uint32_t watermark;        /* 0: this is no such ticket */
  bp_point point;
  bp_store *awaits;          /* under `lock`: its store, until it is decided */
  bp_ticket *next;           /* these under the store's commit_lock */
  bp_ticket *previous;
  int is_in_line;
};

/* A ticket for drafts that were checked and need `room` bytes to be prepared; owned by the caller and by the store.
 * BP_NO_MEMORY. */
bp_status bpi_ticket_new(const bp_store *store, const bp_draft *drafts, size_t count, size_t room, bp_ticket **ticket,
                         bp_error *error);
/* By the worker: signs the receipts of a request that succeeded, if anybody wants them. */
void bpi_ticket_fill(bp_store *store, bp_ticket *ticket);
/* Tells everybody; ends the store's ownership. */
void bpi_ticket_decide(bp_ticket *ticket);
/* Ends one owner's. */
void bpi_ticket_let_go(bp_ticket *ticket);
/* The ticket of a point is dropped: it leaves the line that it stands in, and with it the store's ownership ends. */
void bpi_await_drop(bp_ticket *ticket);

/* --- places in the queue (queue.c).  One is had before the ticket is made, so that who waits for it holds no copy; then the
 * ticket's request is put (bpi_queue_put). */

void bpi_queue_pressure(bp_store *store, bp_pressure *pressure);
/* Waits while the queue is full.  BP_SYSTEM and its kin: the worker could not be started. */
bp_status bpi_queue_reserve(bp_store *store, bp_error *error);
/* Waits for nobody: not while a fence is open, nor from the threshold on.  *pressure is what was found. */
enum { BPI_QUEUE_RESERVED = 1, BPI_QUEUE_FENCED, BPI_QUEUE_PRESSED };
bp_status bpi_queue_try_reserve(bp_store *store, bp_pressure *pressure, int *answer, bp_error *error);
/* A place that was not used. */
void bpi_queue_give_back(bp_store *store);

static inline bp_ticket *bpi_ticket_of(bpi_request *request) {
  return (bp_ticket *)(void *)((uint8_t *)request - offsetof(bp_ticket, request));
}

#endif
