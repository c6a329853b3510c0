/* Locks, conditions and threads.  Failure of a lock operation is a broken program: these abort, they answer nothing.  None is
 * a point of cancellation. */
#ifndef BPI_SYS_THREAD_H
#define BPI_SYS_THREAD_H

#include <batpak/ffi.h>

#include <pthread.h>

typedef pthread_mutex_t bpi_mutex;
typedef pthread_cond_t bpi_condition;
typedef pthread_rwlock_t bpi_rwlock;
typedef pthread_t bpi_thread;

/* 0, or an errno value (no memory). */
int bpi_mutex_init(bpi_mutex *mutex);
void bpi_mutex_free(bpi_mutex *mutex);
void bpi_mutex_lock(bpi_mutex *mutex);
void bpi_mutex_unlock(bpi_mutex *mutex);

int bpi_condition_init(bpi_condition *condition);
void bpi_condition_free(bpi_condition *condition);
void bpi_condition_wait(bpi_condition *condition, bpi_mutex *mutex);
/* The same, but no longer than until `deadline_ns`: 1 once that has come, 0 when woken, which may be for nothing. */
int bpi_condition_wait_until(bpi_condition *condition, bpi_mutex *mutex, uint64_t deadline_ns);
void bpi_condition_wake_one(bpi_condition *condition);
void bpi_condition_wake_all(bpi_condition *condition);

/* Deadlines count on the machine's monotonic clock, not on that of bp_system: a thread sleeps in the machine's time. */
#define BPI_NEVER_NS UINT64_MAX
/* So many milliseconds from now; BP_WAIT_FOREVER and more: BPI_NEVER_NS. */
uint64_t bpi_deadline_after_ms(uint32_t timeout_ms);

/* Between these two the calling thread is not cancelled: it would leave locks, files and a lead behind.  What is said of it
 * to pthread_cancel comes true afterwards.  `before` is what the first one answered. */
int bpi_cancel_hold(void);
void bpi_cancel_release(int before);
/* Calls run(user).  If the thread ends in there, left(user) is called on its way out. */
void bpi_run_guarded(void (*run)(void *user), void (*left)(void *user), void *user);

/* Writers are preferred: a stream of readers cannot keep one out.  Not recursive. */
int bpi_rwlock_init(bpi_rwlock *lock);
void bpi_rwlock_free(bpi_rwlock *lock);
void bpi_rwlock_read(bpi_rwlock *lock);
void bpi_rwlock_write(bpi_rwlock *lock);
void bpi_rwlock_unlock(bpi_rwlock *lock);

/* Starts a thread of the library's own: the system shows it as `name` (at most 15 bytes), and no signal is handled on it but
 * those that its own instructions raise.  0, or an errno value. */
int bpi_thread_start(bpi_thread *thread, const char *name, void *(*run)(void *user), void *user);
/* Nobody will join it. */
void bpi_thread_let_go(bpi_thread thread);
/* Waits for its end. */
void bpi_thread_join(bpi_thread thread);

#endif
