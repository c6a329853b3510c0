/* A directory `d` on the simulated disk, what was read of it, and an allocator that counts: of the suites that read
 * directories. */
#ifndef JOURNAL_DIRECTORY_FIXTURE_H
#define JOURNAL_DIRECTORY_FIXTURE_H

#include "journal/directory.h"
#include "support/memory_fault.h"
#include "support/sim.h"

#include <criterion/criterion.h>

static sim_system *sim;
static memory_fault fault;
static bpi_memory memory;
static bpi_directory directory;
static bp_error error;

static void set_up(void) {
  memset(&fault, 0, sizeof fault);
  memory = memory_fault_table(&fault);
  sim = sim_new();
  const bp_system *system = sim_table(sim);
  cr_assert_eq(system->directory_create(system->context, "d"), 0);
  memset(&directory, 0, sizeof directory);
  directory.memory = memory;
  memset(&error, 0, sizeof error);
}
static void tear_down(void) {
  bpi_directory_free(&directory);
  sim_free(sim);
  cr_assert_eq(fault.live_blocks, 0);
  cr_assert_eq(fault.wrong_sizes, 0);
}

#endif
