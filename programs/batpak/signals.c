#include "signals.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t caught;

static void remember(int number) { caught = number; }

void signals_begin(void) {
  struct sigaction action = {.sa_handler = remember, .sa_flags = (int)SA_RESETHAND};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

bool signals_stop(void) { return caught != 0; }

int signals_exit(int code) { return caught != 0 ? 128 + caught : code; }

/* The signals are let in by ppoll alone, so that none slips between the question and the wait. */
bool signals_readable(int descriptor, bool patient) {
  struct pollfd question = {.fd = descriptor, .events = POLLIN};
  const struct timespec at_once = {0};
  sigset_t held, before;
  sigemptyset(&held);
  sigaddset(&held, SIGINT);
  sigaddset(&held, SIGTERM);
  sigprocmask(SIG_BLOCK, &held, &before);
  bool readable = caught == 0 && ppoll(&question, 1, patient ? NULL : &at_once, &before) > 0;
  sigprocmask(SIG_SETMASK, &before, NULL);
  return readable;
}
