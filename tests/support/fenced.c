#include "support/fenced.h"

#include <poll.h>
#include <stdlib.h>

fenced_world fenced;

static void expect(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "%s\n", what);
  abort();
}

static void open_store(void) {
  fenced.config.system = sim_table(fenced.sim);
  fenced.store = fixture_open("store", BP_MODE_CREATE, &fenced.config);
}

void fenced_set_up(void) {
  memset(&fenced, 0, sizeof fenced);
  fenced.sim = sim_new();
  fenced.config = fixture_config(BP_MODE_CREATE);
  fenced.config.reallocate = memory_fault_reallocate;
  fenced.config.reallocate_user = &fenced.fault;
  open_store();
}

static void leave(void) {
  fenced_forget();
  bp_store_release(fenced.store);
  fenced.store = NULL;
  fixture_free_pages();
  expect(sim_open_files(fenced.sim) == 0 && sim_misuses(fenced.sim) == 0, "files are left behind");
  expect(fenced.fault.live_blocks == 0 && fenced.fault.wrong_sizes == 0, "memory is left behind");
  sim_free(fenced.sim);
}

void fenced_tear_down(void) { leave(); }

void fenced_anew(void) {
  leave();
  fenced.sim = sim_new();
  open_store();
}

void fenced_reopen(void) {
  fenced_forget();
  fixture_close(fenced.store);
  open_store();
}

/* --- steps */

void fenced_begin(void) { MUST(bp_fence_begin(fenced.store, &fenced.fence, NULL)); }

void fenced_forget(void) {
  bp_fence_free(fenced.fence);
  fenced.fence = NULL;
}

bp_ticket *fenced_submit(const bp_draft *draft) {
  bp_ticket *ticket;
  MUST(bp_fence_submit(fenced.fence, draft, &ticket, NULL));
  return ticket;
}

bp_ticket *fenced_submit_text(const char *entity, const char *payload) {
  bp_draft draft = fixture_draft(entity, payload);
  return fenced_submit(&draft);
}

void fenced_await_written(void) {
  bp_pressure pressure = {.struct_size = sizeof pressure};
  for (;;) {
    MUST(bp_store_pressure(fenced.store, &pressure, NULL));
    if (pressure.queued == 0) return;
    poll(NULL, 0, 1);
  }
}

void fenced_write(const char *entity, const char *payload) {
  bp_ticket_free(fenced_submit_text(entity, payload));
  fenced_await_written();
}

bp_status fenced_redeem(bp_ticket *ticket) {
  bp_status status = bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL);
  bp_ticket_free(ticket);
  return status;
}

/* --- looking */

size_t fenced_seen_in(const bp_store *store, const char *entity) {
  bp_query query = fixture_query();
  query.flags = BP_QUERY_ENTITY;
  query.entity = (const uint8_t *)entity;
  query.entity_length = strlen(entity);
  return fixture_count(store, &query);
}

size_t fenced_seen(const char *entity) { return fenced_seen_in(fenced.store, entity); }

static uint32_t verdict_of(const bp_store *store) {
  bp_report *report = fixture_verify(store, NULL);
  uint32_t verdict = fixture_verdict(report).verdict;
  if (verdict != BP_VERDICT_CONSISTENT) fixture_print_findings(report);
  bp_report_free(report);
  return verdict;
}

uint32_t fenced_verdict(void) { return verdict_of(fenced.store); }

size_t fenced_seen_after(sim_system *after, const char *entity) {
  bp_config other = fixture_config(BP_MODE_READ_ONLY);
  other.system = sim_table(after);
  bp_store *reader = fixture_open("store", BP_MODE_READ_ONLY, &other);
  size_t seen = fenced_seen_in(reader, entity);
  fixture_close(reader);
  bp_store *writer = fixture_open("store", BP_MODE_MUST_EXIST, &other);
  expect(fenced_seen_in(writer, entity) == seen, "a mutable open sees something else");
  bp_receipt receipt = fixture_append_text(writer, "afterwards", "x");
  expect(fenced_seen_in(writer, "afterwards") == 1, "a new event is hidden");
  expect(verdict_of(writer) == BP_VERDICT_CONSISTENT, "verify finds something");
  fixture_close(writer);
  reader = fixture_open("store", BP_MODE_READ_ONLY, &other);
  expect(fenced_seen_in(reader, entity) == seen, "a later open sees something else");
  expect(fixture_get(reader, receipt.event_id)->sequence == receipt.sequence, "the new event has another number");
  fixture_close(reader);
  return seen;
}

size_t fenced_seen_after_kill(const char *entity) {
  sim_system *after = sim_clone(fenced.sim);
  size_t seen = fenced_seen_after(after, entity);
  sim_free(after);
  return seen;
}

size_t fenced_ranges(bpi_range *ranges) {
  bpi_memory memory = bpi_memory_default();
  bpi_hidden hidden;
  bpi_hidden_init(&hidden, &memory);
  MUST(bpi_hidden_load(sim_table(fenced.sim), "store", &hidden, NULL));
  size_t count = hidden.count;
  expect(count <= 8, "more ranges than there is room for");
  if (count > 0) memcpy(ranges, hidden.ranges, count * sizeof *ranges);
  bpi_hidden_free(&hidden);
  return count;
}

int fenced_has_file(void) {
  bpi_memory memory = bpi_memory_default();
  bpi_buffer content;
  bpi_buffer_init(&content, &memory);
  int found = sim_get(fenced.sim, "store/" BPI_HIDDEN_NAME, &content);
  bpi_buffer_free(&content);
  return found;
}
