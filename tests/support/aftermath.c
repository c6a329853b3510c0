#include "support/aftermath.h"

#include "support/check.h"

#include <string.h>

static void check_status(const program *run, char step, bp_status status, int memory) {
  if (status == BP_OK) return;
  int system = status == BP_SYSTEM || status == BP_DISK_FULL || status == BP_SYNC_FAILED || status == BP_POISONED;
  if (run->sim == NULL && status == BP_PERMISSION) system = 1; /* a file system whose disk fails turns read-only */
  CHECK(memory ? status == BP_NO_MEMORY || status == BP_POISONED : system, "step %c: %s: %s", step,
        bp_status_name(status), run->error.text);
  CHECK(run->error.code == status, "step %c answers %s, its error says %s", step, bp_status_name(status),
        bp_status_name(run->error.code));
}

void aftermath_run(program *run, const char *steps, int memory) {
  for (const char *step = steps; *step != '\0'; step++) {
    int was_poisoned = 0;
    bp_stat stat = {.struct_size = sizeof stat};
    if (run->store != NULL && bp_store_stat(run->store, &stat, NULL) == BP_OK) was_poisoned = (int)stat.poisoned;
    bp_status status = program_step(run, *step);
    check_status(run, *step, status, memory);
    CHECK(!was_poisoned || status != BP_OK || strchr("dwWmMbBuUsC", *step) == NULL, "step %c succeeds on a poisoned store",
          *step);
  }
  program_release(run);
}

uint64_t aftermath_full(program *run, const char *steps) {
  uint64_t refused = 0;
  for (const char *step = steps; *step != '\0'; step++) {
    bp_status status = program_step(run, *step);
    CHECK(status == BP_OK || status == BP_DISK_FULL, "step %c: %s: %s", *step, bp_status_name(status), run->error.text);
    model_compare(&run->model, run->store, 0);
    refused += status != BP_OK;
  }
  return refused;
}

void aftermath_reopen(const program *like, const model_state *promised, uint32_t mode) {
  program run;
  program_init(&run, like->sim);
  run.directory = like->directory;
  run.config = like->config;
  model_copy(&run.model, promised);
  bp_status status = program_step(&run, mode == BP_MODE_READ_ONLY ? 'O' : 'o');
  if (status == BP_NO_STORE && mode == BP_MODE_READ_ONLY) {
    CHECK(!model_promises(promised), "there is no store");
  } else {
    CHECK(status == BP_OK, "does not open again: %s: %s", bp_status_name(status), run.error.text);
    model_compare(&run.model, run.store, MODEL_VERIFY);
    if (mode != BP_MODE_READ_ONLY) {
      model_settle(&run.model);
      program_must(&run, 'd');
      model_compare(&run.model, run.store, 0);
    }
    program_must(&run, 'C');
  }
  program_free(&run);
}
