/* Ids: UUIDv7 in the order of the calls.  Threads: tests/threads/ids.c. */
#include "model/event.h"
#include "support/sim.h"
#include "support/values.h"

#include <criterion/criterion.h>
#include <errno.h>

static uint64_t milliseconds_of(const uint8_t id[16]) { return bpi_load_be64(id) >> 16; }

static void generate(const bp_system *system, int64_t now_us, uint8_t id[16]) {
  cr_assert_eq(bpi_id_generate(system, now_us, id, NULL), BP_OK);
  cr_assert_eq(id[6] >> 4, 7, "version");
  cr_assert_eq(id[8] >> 6, 2, "variant");
}

Test(id, holds_its_time) {
  sim_system *sim = sim_new();
  uint8_t id[16];
  generate(sim_table(sim), -5, id);
  cr_assert_eq(milliseconds_of(id), 0, "before 1970 is 1970");
  generate(sim_table(sim), 1714701368094417, id);
  cr_assert_eq(milliseconds_of(id), 1714701368094);
  generate(sim_table(sim), 1714701368095000, id);
  cr_assert_eq(milliseconds_of(id), 1714701368095);
  sim_free(sim);
}

Test(id, rises_within_a_millisecond_and_when_the_clock_goes_back) {
  sim_system *sim = sim_new();
  chance from = chance_begin("id");
  uint8_t last[16] = {0}, id[16];
  int64_t now = 1700000000000000;
  for (int i = 0; i < 200000; i++) {
    uint64_t step = chance_below(&from, 100);
    if (step == 0) now -= (int64_t)chance_below(&from, 10000000);
    if (step == 1) now += (int64_t)chance_below(&from, 10000);
    generate(sim_table(sim), now, id);
    cr_assert_lt(memcmp(last, id, 16), 0, "%d: %s %s", i, to_hex(last, 16), to_hex(id, 16));
    memcpy(last, id, 16);
  }
  sim_free(sim);
}

Test(id, a_full_counter_borrows_from_the_next_millisecond) {
  sim_system *sim = sim_new();
  uint8_t last[16] = {0}, id[16];
  for (int i = 0; i < 70000; i++) {
    generate(sim_table(sim), 1700000000000000, id);
    cr_assert_lt(memcmp(last, id, 16), 0);
    memcpy(last, id, 16);
  }
  cr_assert_eq(milliseconds_of(id), 1700000000001);
  sim_free(sim);
}

Test(id, the_public_one_has_the_time_of_day) {
  uint8_t first[16], second[16];
  cr_assert_eq(bp_id_new(first, NULL), BP_OK);
  cr_assert_eq(bp_id_new(second, NULL), BP_OK);
  cr_assert_lt(memcmp(first, second, 16), 0);
  const bp_system *system = bpi_system_real();
  uint64_t now = (uint64_t)system->clock_wall_ns(system->context) / 1000000;
  cr_assert(milliseconds_of(second) + 60000 > now && milliseconds_of(second) < now + 60000);
  cr_assert_eq(bp_id_new(NULL, NULL), BP_ARGUMENT);
}

Test(id, needs_chance) {
  sim_system *sim = sim_new();
  sim_fault fault = {.kind = SIM_RANDOM_FILL, .at = 1, .errno_value = EIO};
  sim_add_fault(sim, fault);
  uint8_t id[16] = {9};
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(bpi_id_generate(sim_table(sim), 1700000000000000, id, &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, EIO);
  cr_assert_eq(id[0], 9);
  sim_free(sim);
}
