/* A store on the simulated disk, with an allocator that counts, and what must be left when it is gone: of the suites that
 * look at both. */
#ifndef STORE_SIM_FIXTURE_H
#define STORE_SIM_FIXTURE_H

#include "support/memory_fault.h"
#include "support/sim.h"
#include "support/store_fixture.h"

#include <criterion/criterion.h>

static sim_system *sim;
static bp_store *store;
static bp_config config;
static memory_fault fault;

static inline void open_on_sim(uint8_t durability) {
  memset(&fault, 0, sizeof fault);
  sim = sim_new();
  config = fixture_config(BP_MODE_CREATE);
  config.system = sim_table(sim);
  config.durability = durability;
  config.reallocate = memory_fault_reallocate;
  config.reallocate_user = &fault;
  store = fixture_open("store", BP_MODE_CREATE, &config);
}

static inline void set_up(void) { open_on_sim(BP_DURABLE); }

static inline void tear_down(void) {
  bp_store_release(store);
  fixture_free_pages();
  cr_assert_eq(sim_open_files(sim), 0);
  cr_assert_eq(sim_open_events(sim), 0);
  cr_assert_eq(sim_misuses(sim), 0);
  cr_assert_eq(fault.live_blocks, 0);
  cr_assert_eq(fault.wrong_sizes, 0);
  sim_free(sim);
}

#endif
