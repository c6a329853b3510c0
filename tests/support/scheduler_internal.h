/* What the scheduler and its locks share. */
#ifndef SUPPORT_SCHEDULER_INTERNAL_H
#define SUPPORT_SCHEDULER_INTERNAL_H

#include "support/fiber.h"
#include "support/scheduler.h"

enum { SCHEDULER_NOBODY = -1 };

/* A mutex, or a lock for many readers or one writer. */
typedef struct scheduler_lock {
  int owner;        /* who holds it alone */
  uint32_t readers; /* a bit for each thread that shares it */
  char read_order;  /* its address orders the readers before the next writer */
  int orders_nothing;
} scheduler_lock;

typedef struct scheduler_condition {
  char order;
} scheduler_condition;

enum { THREAD_FREE, THREAD_READY, THREAD_BLOCKED, THREAD_WAITING, THREAD_JOINING, THREAD_ENDED };

typedef struct scheduler_thread {
  fiber fiber;
  int made; /* it has a stack; those are used again */
  int state;
  scheduler_lock *wants;      /* blocked: the lock; waiting: the mutex that it takes afterwards */
  int shares;                 /* blocked: it wants to read */
  scheduler_condition *waits;
  int is_timed;
  int timed_out;
  uint64_t deadline;
  int64_t priority;
  int joins;                  /* joining: the thread whose end it waits for */
  void (*run)(void *user);
  void *user;
} scheduler_thread;

scheduler_thread *scheduler_self(void);
scheduler_thread *scheduler_thread_at(int number);
/* The caller has said in its state why it cannot go on; this returns when it can, with its lock held. */
void scheduler_wait(void);
/* Which of the threads waiting for the condition is woken; SCHEDULER_NOBODY when there is none. */
int scheduler_choose_waiter(const scheduler_condition *condition);
void scheduler_count_lock(int made);
/* Goes on when a wait ends by its time, and not otherwise. */
uint64_t scheduler_now_ns(void);

#endif
