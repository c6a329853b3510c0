/* The queue of the tickets on the simulated disk, with a clock that holds whoever leads. */
#ifndef STORE_QUEUE_FIXTURE_H
#define STORE_QUEUE_FIXTURE_H

#include "store/sim_fixture.h"
#include "support/held.h"

static inline void open_with_clock(uint32_t capacity, uint32_t percent) {
  fixture_close(store);
  config.clock = held_clock;
  config.queue_capacity = capacity;
  config.pressure_percent = percent;
  store = fixture_open("store", BP_MODE_MUST_EXIST, &config);
}

static inline bp_pressure pressure_now(void) {
  bp_pressure pressure = {.struct_size = sizeof pressure};
  MUST(bp_store_pressure(store, &pressure, NULL));
  return pressure;
}

static inline bp_ticket *submit(const bp_draft *draft) {
  bp_ticket *ticket;
  bp_error error = fixture_error();
  bp_status status = bp_store_submit(store, draft, &ticket, &error);
  cr_assert_eq(status, BP_OK, "%s: %s", bp_status_name(status), error.text);
  return ticket;
}

static inline bp_ticket *submit_text(const char *entity, const char *payload) {
  bp_draft draft = fixture_draft(entity, payload);
  return submit(&draft);
}

#endif
