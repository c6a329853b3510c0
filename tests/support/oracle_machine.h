/* A store on the simulated system with the oracle beside it, and the steps that both take; each step ends the process where
 * they differ. */
#ifndef SUPPORT_ORACLE_MACHINE_H
#define SUPPORT_ORACLE_MACHINE_H

#include "support/oracle.h"
#include "support/oracle_draw.h"
#include "support/sim.h"

enum { MANY = 5, SUBMISSIONS = 4, FENCED_MOST = 12 };

/* What was submitted and is not yet judged: in the order in which it was. */
typedef struct submission {
  drawn_draft drawn[MANY];
  bp_draft drafts[MANY];
  size_t count;
  int is_batch;
  oracle_answer answers[MANY]; /* of a fenced one, which is judged when it is written */
  int is_behind_fence;         /* something of it is: not all of it a replay of what was visible before */
  bp_ticket *ticket;
  bp_status status;  /* of the submission */
  bp_error error;
} submission;

typedef struct machine {
  submission *submissions;
  size_t submitted;
  submission *fenced;
  size_t fenced_count;
  bp_fence *fence;
  sim_system *sim;
  bp_store *store;
  oracle oracle;
  bp_config config;
  bp_error error;
  int is_told; /* each step and its answer */
} machine;

/* Where each step and its answer are to be told, to the standard error. */
void machine_tell(const machine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
void machine_tell_draft(const machine *m, const bp_draft *draft);

/* What may change from one open to the next. */
void machine_draw_config(test_random *random, bp_config *config);
void machine_open(machine *m, uint32_t mode);
/* What was submitted before is committed before, and an open fence is cancelled. */
void machine_close(machine *m);
/* SIM_ALL_KEPT: the process dies and the machine lives; SIM_ALL_LOST: the machine dies too. */
void machine_die(machine *m, uint32_t kind);

void machine_append(machine *m, test_random *random);
void machine_append_many(machine *m, test_random *random);
void machine_append_batch(machine *m, test_random *random);
void machine_sync(machine *m);
void machine_wait_once(machine *m, test_random *random);
enum { MACHINE_QUERY, MACHINE_GET, MACHINE_WALK };
void machine_read_some(machine *m, int how, test_random *random);
void machine_set_clock(machine *m, test_random *random);

/* oracle_tickets.c */
void machine_submit(machine *m, test_random *random);
/* Left to be judged later. */
void machine_submit_some(machine *m, test_random *random);
void machine_judge_submissions(machine *m);
void machine_begin_fence(machine *m);
void machine_submit_fenced(machine *m, test_random *random);
void machine_end_fence(machine *m, test_random *random);
/* The fence ended with its store; `died`: whatever its tickets were told. */
void machine_forget_fence(machine *m, int died);

#endif
