/* Crashes of a store on the simulated disk: the moments at which the power may fail, the disks that may be left, and what
 * every one of them must still hold.
 *
 *   explorer_record(x, sim, model);   from here on each change of the disk and each answer is a moment
 *   ... the program goes on ...
 *   explorer_explore(x, rules);       every moment, every choice: opened, compared, crashed again while it is repaired */
#ifndef SUPPORT_EXPLORER_H
#define SUPPORT_EXPLORER_H

#include "support/model.h"
#include "support/seen.h"
#include "support/sim.h"

#define EXPLORER_STORE "store"

/* The power may fail now. */
typedef struct crash_moment {
  sim_system *sim;  /* a clone, with all that is pending */
  model_state model;
  uint64_t call;    /* calls so far */
} crash_moment;

typedef struct moment_list {
  crash_moment *items;
  size_t count;
  size_t capacity;
  sim_system *watched;
  const model_state *watched_model;
  uint64_t changes;  /* of the watched disk, at the last moment */
  uint64_t answers;
} moment_list;

/* Where a crash happened, for the message of a failure. */
typedef struct crash_site {
  size_t moment;
  uint64_t call;
  sim_choice choice;
} crash_site;

/* Shared by those that explore together. */
typedef struct explorer_counts {
  _Atomic uint64_t crashes;        /* choices made */
  _Atomic uint64_t states;         /* distinct disks */
  _Atomic uint64_t repair_states;  /* of these, left by a crash during the repair of another */
  _Atomic uint64_t holes;          /* of these, with sectors lost in the middle */
} explorer_counts;

typedef struct explorer {
  const bp_config *config;     /* of the store; `system` and `mode` are set here */
  uint64_t seed;               /* of the random choices */
  size_t choices;              /* for each moment, at most */
  size_t repair_choices;       /* the same while a state is being repaired */
  uint64_t repair_every;       /* one state of so many is crashed while it is repaired; its digest says which */
  moment_list moments;
  crash_site site, repair_site;
  int repairing;
  seen_set *seen;              /* digests of the states so far */
  explorer_counts *counts;
} explorer;

/* `states`: as many are told apart before all are forgotten. */
void explorer_init(explorer *x, const bp_config *config, uint64_t seed, size_t states);
void explorer_free(explorer *x);

/* Notes this moment's disk as known and watches `sim` from here on.  Both must live until explorer_explore. */
void explorer_record(explorer *x, sim_system *sim, const model_state *model);
/* Notes the last moment, ends the watch, explores all moments and forgets them. */
void explorer_explore(explorer *x, unsigned rules);
/* Prints the choice of each level, so that it can be made again. */
void explorer_describe(const explorer *x);

/* Opens the store on `sim`; fails the process where that fails. */
bp_store *explorer_open(const explorer *x, sim_system *sim, uint32_t mode);

#endif
