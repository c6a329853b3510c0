/* Included before everything else when the library is compiled for the scheduler: each atomic operation is then a step.
 * Operators on atomic objects (++) and operations that are not listed here stay as they are. */
#ifndef SUPPORT_SCHEDULED_ATOMICS_H
#define SUPPORT_SCHEDULED_ATOMICS_H

#include <stdatomic.h>

void scheduler_point(void);

#ifdef __clang__
#define SCHEDULED_LOAD(p, order) __c11_atomic_load(p, order)
#define SCHEDULED_STORE(p, v, order) __c11_atomic_store(p, v, order)
#define SCHEDULED_EXCHANGE(p, v, order) __c11_atomic_exchange(p, v, order)
#define SCHEDULED_COMPARE(p, e, v, good, bad) __c11_atomic_compare_exchange_strong(p, e, v, good, bad)
#define SCHEDULED_ADD(p, v) __c11_atomic_fetch_add(p, v, __ATOMIC_SEQ_CST)
#define SCHEDULED_SUB(p, v) __c11_atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST)
#define SCHEDULED_OR(p, v) __c11_atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)
#define SCHEDULED_AND(p, v) __c11_atomic_fetch_and(p, v, __ATOMIC_SEQ_CST)
#else
#define SCHEDULED_LOAD(p, order) __atomic_load_n(p, order)
#define SCHEDULED_STORE(p, v, order) __atomic_store_n(p, v, order)
#define SCHEDULED_EXCHANGE(p, v, order) __atomic_exchange_n(p, v, order)
#define SCHEDULED_COMPARE(p, e, v, good, bad) __atomic_compare_exchange_n(p, e, v, 0, good, bad)
#define SCHEDULED_ADD(p, v) __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST)
#define SCHEDULED_SUB(p, v) __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST)
#define SCHEDULED_OR(p, v) __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)
#define SCHEDULED_AND(p, v) __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST)
#endif

#undef atomic_load
#undef atomic_load_explicit
#undef atomic_store
#undef atomic_store_explicit
#undef atomic_exchange
#undef atomic_exchange_explicit
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_weak
#undef atomic_compare_exchange_weak_explicit
#undef atomic_fetch_add
#undef atomic_fetch_sub
#undef atomic_fetch_or
#undef atomic_fetch_and

#define atomic_load(p) (scheduler_point(), SCHEDULED_LOAD(p, __ATOMIC_SEQ_CST))
#define atomic_load_explicit(p, order) (scheduler_point(), SCHEDULED_LOAD(p, order))
#define atomic_store(p, v) (scheduler_point(), SCHEDULED_STORE(p, v, __ATOMIC_SEQ_CST))
#define atomic_store_explicit(p, v, order) (scheduler_point(), SCHEDULED_STORE(p, v, order))
#define atomic_exchange(p, v) (scheduler_point(), SCHEDULED_EXCHANGE(p, v, __ATOMIC_SEQ_CST))
#define atomic_exchange_explicit(p, v, order) (scheduler_point(), SCHEDULED_EXCHANGE(p, v, order))
#define atomic_compare_exchange_strong(p, e, v) \
  (scheduler_point(), SCHEDULED_COMPARE(p, e, v, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
#define atomic_compare_exchange_weak(p, e, v) atomic_compare_exchange_strong(p, e, v)
#define atomic_compare_exchange_weak_explicit(p, e, v, good, bad) \
  (scheduler_point(), SCHEDULED_COMPARE(p, e, v, good, bad))
#define atomic_fetch_add(p, v) (scheduler_point(), SCHEDULED_ADD(p, v))
#define atomic_fetch_sub(p, v) (scheduler_point(), SCHEDULED_SUB(p, v))
#define atomic_fetch_or(p, v) (scheduler_point(), SCHEDULED_OR(p, v))
#define atomic_fetch_and(p, v) (scheduler_point(), SCHEDULED_AND(p, v))

#endif
