/* The reference: a program of ours on the published crates, asked for one row at a time. */
#include "bench.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* It spreads an append over several threads; for one caller it is faster on one core. */
static void stay_on_one_core(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(0, &set);
  (void)sched_setaffinity(0, sizeof set, &set);
}

/* Its program answers the result, and where it measures single calls their four figures in microseconds. */
static double ask(const bench_task *task, const char *row, int one_core) {
  const char *program = getenv("BATPAK_BENCH_REFERENCE");
  char events[32], callers[32], batch[32], answer[256] = "";
  int ends[2];
  if (program == NULL || access(program, X_OK) != 0) return -1;
  snprintf(events, sizeof events, "%zu", task->events);
  snprintf(callers, sizeof callers, "%zu", task->callers);
  snprintf(batch, sizeof batch, "%zu", task->batch);
  if (pipe(ends) != 0) bench_fail("no pipe");
  pid_t child = fork();
  if (child == 0) {
    if (one_core) stay_on_one_core();
    dup2(ends[1], STDOUT_FILENO);
    execl(program, program, row, task->directory, events, callers, batch, (char *)NULL);
    _exit(127);
  }
  close(ends[1]);
  ssize_t length = read(ends[0], answer, sizeof answer - 1);
  close(ends[0]);
  int status;
  double result = -1, laps[LAP_COUNT];
  waitpid(child, &status, 0);
  int found = status != 0 || length <= 0 ? 0
                                         : sscanf(answer, "%lf %lf %lf %lf %lf", &result, &laps[LAP_P50],
                                                  &laps[LAP_P99], &laps[LAP_P999], &laps[LAP_MAX]);
  if (found == 1 + LAP_COUNT) memcpy(task->laps, laps, sizeof laps);
  return found > 0 ? result : -1;
}

static double durable(const bench_task *task) { return ask(task, "durable", 0); }
static double batch(const bench_task *task) { return ask(task, "batch", 0); }
static double written(const bench_task *task) { return ask(task, "written", 1); }
static double signed_written(const bench_task *task) { return ask(task, "signed", 1); }
static double prepare(const bench_task *task) { return ask(task, "prepare", 1); }
static double get(const bench_task *task) { return ask(task, "get", 0); }
static double scan(const bench_task *task) { return ask(task, "scan", 0); }
static double replay(const bench_task *task) { return ask(task, "replay", 0); }
static double open_killed(const bench_task *task) {
  return ask(task, "kill", 1) < 0 ? -1 : ask(task, "open", 0);
}

const bench_peer bench_reference = {"reference",
                                    prepare,
                                    {[JOB_DURABLE] = durable,
                                     [JOB_BATCH] = batch,
                                     [JOB_WRITTEN] = written,
                                     [JOB_SIGNED] = signed_written,
                                     [JOB_GET] = get,
                                     [JOB_SCAN] = scan,
                                     [JOB_REPLAY] = replay,
                                     [JOB_OPEN_KILLED] = open_killed}};
