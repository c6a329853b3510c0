/* Programs over a store on the simulated system, a letter for each step, with a model of what they were told. */
#ifndef SUPPORT_PROGRAM_H
#define SUPPORT_PROGRAM_H

#include "support/model.h"
#include "support/sim.h"

#define PROGRAM_STORE "store"

typedef struct program {
  bp_config config;    /* `mode` and `system` are set by the steps */
  sim_system *sim;
  bp_store *store;     /* NULL: not open */
  model_state model;
  bp_error error;      /* of the last step that failed */
} program;

void program_init(program *run, sim_system *sim);
/* Releases the store; the sim is the caller's. */
void program_free(program *run);

/* o open, O open read-only, C close;
 * d append durable, w append written, W a large one written, m three written, M three durable, s sync;
 * b a batch of two, B one of three with a large event, R the last batch again, which is replayed;
 * u one by a ticket, U a batch of two by a ticket;
 * p page, g get, k walk, f fold, v verify, r hold the receipts against the store, t stat, q what the open found.
 * What a reading step is given must be right, but for events that say why they could not be read; steps that need an open
 * store do nothing where there is none. */
bp_status program_step(program *run, char step);
/* The same; ends the process where the step fails. */
void program_must(program *run, char step);

#endif
