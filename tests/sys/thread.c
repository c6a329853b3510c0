/* Waiting with an end to it. */
#include "sys/thread.h"

#include <criterion/criterion.h>

static bpi_mutex mutex;
static bpi_condition condition;
static int said;

static void set_up(void) {
  cr_assert_eq(bpi_mutex_init(&mutex), 0);
  cr_assert_eq(bpi_condition_init(&condition), 0);
  said = 0;
}

static void tear_down(void) {
  bpi_condition_free(&condition);
  bpi_mutex_free(&mutex);
}

TestSuite(thread, .init = set_up, .fini = tear_down, .timeout = 60);

Test(thread, a_wait_ends_at_its_deadline_and_not_before) {
  uint64_t deadline = bpi_deadline_after_ms(20);
  bpi_mutex_lock(&mutex);
  while (!bpi_condition_wait_until(&condition, &mutex, deadline)) {}
  bpi_mutex_unlock(&mutex);
  cr_assert_geq(bpi_deadline_after_ms(0), deadline);
}

Test(thread, a_deadline_that_has_passed_ends_the_wait_at_once) {
  bpi_mutex_lock(&mutex);
  cr_assert_eq(bpi_condition_wait_until(&condition, &mutex, bpi_deadline_after_ms(0)), 1);
  cr_assert_eq(bpi_condition_wait_until(&condition, &mutex, 0), 1, "the beginning of time");
  bpi_mutex_unlock(&mutex);
}

static void *say(void *user) {
  (void)user;
  bpi_mutex_lock(&mutex);
  said = 1;
  bpi_condition_wake_all(&condition);
  bpi_mutex_unlock(&mutex);
  return NULL;
}

static void wait_for_it(uint64_t deadline_ns) {
  pthread_t thread;
  bpi_mutex_lock(&mutex);
  cr_assert_eq(pthread_create(&thread, NULL, say, NULL), 0);
  while (!said) cr_assert_eq(bpi_condition_wait_until(&condition, &mutex, deadline_ns), 0);
  bpi_mutex_unlock(&mutex);
  cr_assert_eq(pthread_join(thread, NULL), 0);
}

Test(thread, who_is_woken_is_told_that_no_time_ran_out) { wait_for_it(bpi_deadline_after_ms(50000)); }

Test(thread, a_wait_without_end_is_woken_too) { wait_for_it(bpi_deadline_after_ms(UINT32_MAX)); }

Test(thread, deadlines_lie_in_the_order_of_their_times) {
  uint64_t soon = bpi_deadline_after_ms(1);
  cr_assert_lt(soon, bpi_deadline_after_ms(BP_WAIT_FOREVER - 1));
  cr_assert_neq(bpi_deadline_after_ms(BP_WAIT_FOREVER - 1), BPI_NEVER_NS);
  cr_assert_eq(bpi_deadline_after_ms(BP_WAIT_FOREVER), BPI_NEVER_NS);
  cr_assert_eq(bpi_deadline_after_ms(UINT32_MAX), BPI_NEVER_NS);
}
