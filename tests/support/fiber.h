/* Stacks that take turns on one thread of the system, known to the sanitizers.
 *
 * Under the thread sanitizer a switch orders nothing: what two fibers do to the same bytes without a lock of theirs in
 * between is a race, though they never ran at the same time. */
#ifndef SUPPORT_FIBER_H
#define SUPPORT_FIBER_H

#include <stddef.h>
#include <ucontext.h>

typedef struct fiber {
  ucontext_t context;
  void *stack;      /* NULL: the stack of the thread that adopted it */
  size_t stack_size;
  void *fake_stack; /* the address sanitizer's */
  void *shadow;     /* the thread sanitizer's */
} fiber;

/* The calling thread becomes a fiber. */
void fiber_adopt(fiber *self);
/* `run` never returns; its first call is fiber_entered. */
void fiber_make(fiber *made, void (*run)(void));
void fiber_switch(fiber *from, fiber *to);
void fiber_entered(void);

/* For locks made of fibers: what came before a release is seen after an acquire of the same address. */
void fiber_release(void *address);
void fiber_acquire(void *address);
/* In between the thread sanitizer looks away. */
void fiber_unwatch(void);
void fiber_watch(void);

#endif
