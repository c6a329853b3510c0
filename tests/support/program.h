/* Programs over a store, on the simulated system or on a real one, a letter for each step, with a model of what they were
 * told. */
#ifndef SUPPORT_PROGRAM_H
#define SUPPORT_PROGRAM_H

#include "support/model.h"
#include "support/sim.h"

#define PROGRAM_STORE "store"
enum { PROGRAM_TICKETS = 32 };

typedef struct program {
  bp_config config;    /* `mode` and `system` are set by the steps */
  sim_system *sim;         /* NULL: the real one */
  const char *directory;   /* the store's */
  bp_store *store;     /* NULL: not open */
  bp_fence *fence;
  bp_ticket *tickets[PROGRAM_TICKETS]; /* of the fence, not decided yet, */
  size_t ticket_events[PROGRAM_TICKETS]; /* each with the number of its first event */
  size_t ticket_count;
  model_state model;
  bp_error error;      /* of the last step that failed */
} program;

/* In PROGRAM_STORE; where `sim` is NULL, name another. */
void program_init(program *run, sim_system *sim);
/* Releases the store; the sim is the caller's. */
void program_free(program *run);

/* The store goes, with its fence; the model learns nothing. */
void program_release(program *run);
/* The machine dies, and with it the store's process. */
void program_crash(program *run, uint32_t kind);

/* o open, O open read-only, C close;
 * d append durable, w append written, W a large one written, m three written, M three durable, s sync;
 * b a batch of two, B one of three with a large event, R the last batch again, which is replayed;
 * u one by a ticket, U a batch of two by a ticket;
 * F begin a fence, e submit one to it, E a batch of two, L commit it, X cancel it: nothing is done where there is no fence, and
 * what is asked beside one is refused;
 * p page, g get, k walk, f fold, v verify, r hold the receipts against the store, t stat, q what the open found.
 * What a reading step is given must be right, but for events that say why they could not be read; steps that need an open
 * store do nothing where there is none. */
bp_status program_step(program *run, char step);
/* The same; ends the process where the step fails. */
void program_must(program *run, char step);
/* The same; ends the process where it answers anything else. */
void program_expect(program *run, char step, bp_status expected);
/* Of the open store. */
bp_stat program_stat(const program *run);

#endif
