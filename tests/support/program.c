#include "support/program.h"

#include "support/check.h"

#include <inttypes.h>
#include <string.h>

enum { MANY = 3 };

void program_init(program *run, sim_system *sim) {
  memset(run, 0, sizeof *run);
  run->sim = sim;
  run->directory = PROGRAM_STORE;
  run->error.struct_size = sizeof run->error;
  model_init(&run->model);
  CHECK(bp_config_init(&run->config, sizeof run->config) == BP_OK, "bp_config_init");
}

void program_free(program *run) {
  program_release(run);
  model_free(&run->model);
}

/* ---------------------------------------------------------------------------------------------------- open, close -- */

static bp_status open_store(program *run, uint32_t mode) {
  run->config.mode = mode;
  if (run->sim != NULL) run->config.system = sim_table(run->sim);
  return bp_store_open(run->directory, &run->config, &run->store, &run->error);
}

/* The fence ended with its store. */
static void forget_fence(program *run) {
  for (size_t i = 0; i < run->ticket_count; i++) {
    CHECK(bp_ticket_wait(run->tickets[i], BP_WAIT_FOREVER, NULL) != BP_OK, "a ticket of a cancelled fence is served");
    bp_ticket_free(run->tickets[i]);
  }
  run->ticket_count = 0;
  bp_fence_free(run->fence);
  run->fence = NULL;
}

static bp_status close_store(program *run) {
  bp_store *store = run->store;
  run->store = NULL;
  bp_status status = bp_store_close(store, &run->error);
  if (status == BP_OK) {
    model_hide(&run->model);
    model_sync(&run->model);
  }
  forget_fence(run);
  return status;
}

void program_release(program *run) {
  bp_store_release(run->store);
  run->store = NULL;
  forget_fence(run);
}

void program_crash(program *run, uint32_t kind) {
  const sim_choice choice = {.kind = kind};
  sim_crash(run->sim, &choice);
  sim_stop_at(run->sim, 1); /* what the dead do must not reach the disk */
  program_release(run);
  sim_clear_faults(run->sim);
}

/* --------------------------------------------------------------------------------------------------------- append -- */

/* Nothing was written, unless the writer could not even say that. */
static void note_failure(program *run, bp_status status, size_t event) {
  CHECK(status != BP_OK, "a failure without a status");
  if (status != BP_SYNC_FAILED) model_refuse(&run->model, event);
}

static bp_status append(program *run, uint32_t entity, uint32_t length, uint8_t durability) {
  bp_draft draft;
  bp_receipt receipt;
  size_t event = model_add(&run->model, entity, length, durability, &draft);
  CHECK(bp_receipt_init(&receipt, sizeof receipt) == BP_OK, "bp_receipt_init");
  bp_status status = bp_store_append(run->store, &draft, &receipt, &run->error);
  if (status == BP_OK) {
    CHECK(durability != BP_DURABLE || receipt.durable, "asked for durable, answered otherwise");
    model_acknowledge(&run->model, event, &receipt);
  } else {
    note_failure(run, status, event);
  }
  return status;
}

static bp_status append_many(program *run, uint8_t durability) {
  static const uint32_t entities[MANY] = {0, 1, 0}, lengths[MANY] = {10, 300, 120};
  bp_draft drafts[MANY];
  bp_receipt receipts[MANY];
  size_t accepted, first = run->model.count;
  for (size_t i = 0; i < MANY; i++) {
    (void)model_add(&run->model, entities[i], lengths[i], durability, &drafts[i]);
    CHECK(bp_receipt_init(&receipts[i], sizeof receipts[i]) == BP_OK, "bp_receipt_init");
  }
  bp_status status = bp_store_append_many(run->store, drafts, MANY, receipts, &accepted, &run->error);
  CHECK((status == BP_OK) == (accepted == MANY), "%zu of %d accepted: %s", accepted, MANY, bp_status_name(status));
  for (size_t i = 0; i < accepted; i++) {
    CHECK(durability != BP_DURABLE || receipts[i].durable, "asked for durable, answered otherwise");
    model_acknowledge(&run->model, first + i, &receipts[i]);
  }
  for (size_t i = accepted; i < MANY; i++) note_failure(run, status, first + i);
  return status;
}

/* With its outcome the receipts, if they are to be had. */
static bp_status wait_for(program *run, bp_ticket *ticket, size_t count, bp_receipt *receipts) {
  size_t answered;
  bp_status status = bp_ticket_wait(ticket, BP_WAIT_FOREVER, &run->error);
  const bp_receipt *given = bp_ticket_receipts(ticket, &answered);
  CHECK(answered == (status == BP_OK ? count : 0), "%zu receipts of %zu: %s", answered, count, bp_status_name(status));
  for (size_t i = 0; i < answered; i++) receipts[i] = given[i];
  bp_ticket_free(ticket);
  return status;
}

static bp_status submit(program *run) {
  bp_draft draft;
  bp_receipt receipt;
  bp_ticket *ticket;
  size_t event = model_add(&run->model, 1, 70, BP_DURABLE, &draft);
  bp_status status = bp_store_submit(run->store, &draft, &ticket, &run->error);
  if (status == BP_OK) status = wait_for(run, ticket, 1, &receipt);
  if (status == BP_OK) {
    CHECK(receipt.durable, "asked for durable, answered otherwise");
    model_acknowledge(&run->model, event, &receipt);
  } else {
    note_failure(run, status, event);
  }
  return status;
}

/* All of it or nothing, and durable. */
static bp_status append_batch(program *run, size_t count, int by_ticket) {
  static const uint32_t entities[MANY] = {2, 3, 2}, lengths[MANY] = {20, 60, 1100};
  bp_draft drafts[MANY];
  bp_receipt receipts[MANY];
  bp_ticket *ticket = NULL;
  size_t first = run->model.count;
  for (size_t i = 0; i < count; i++) {
    (void)model_add(&run->model, entities[i], lengths[i], BP_WRITTEN, &drafts[i]);
    CHECK(bp_receipt_init(&receipts[i], sizeof receipts[i]) == BP_OK, "bp_receipt_init");
  }
  model_bind(&run->model, count);
  bp_status status = by_ticket ? bp_store_submit_batch(run->store, drafts, count, &ticket, &run->error)
                               : bp_store_append_batch(run->store, drafts, count, receipts, &run->error);
  if (ticket != NULL) status = wait_for(run, ticket, count, receipts);
  for (size_t i = 0; i < count; i++) {
    if (status != BP_OK) {
      note_failure(run, status, first + i);
      continue;
    }
    CHECK(receipts[i].durable && receipts[i].sequence == receipts[0].sequence + i, "a batch in pieces");
    model_acknowledge(&run->model, first + i, &receipts[i]);
  }
  return status;
}

/* The events of the last batch that was acknowledged, and that is still there. */
static size_t last_batch(const program *run, size_t *count) {
  *count = 0;
  for (size_t i = run->model.count; i-- > 0;) {
    const model_event *event = &run->model.events[i];
    if (*count > 0 && event->batch != event[1].batch) return i + 1;
    *count += event->batch != 0 && event->answer == MODEL_DURABLE && event->has_receipt;
  }
  return 0;
}

static bp_status replay_batch(program *run) {
  bp_draft drafts[MANY];
  bp_receipt receipts[MANY];
  size_t count, first = last_batch(run, &count);
  if (count == 0) return BP_OK;
  for (size_t i = 0; i < count; i++) {
    model_draft(&run->model, first + i, BP_WRITTEN, &drafts[i]);
    CHECK(bp_receipt_init(&receipts[i], sizeof receipts[i]) == BP_OK, "bp_receipt_init");
  }
  bp_status status = bp_store_append_batch(run->store, drafts, count, receipts, &run->error);
  for (size_t i = 0; i < count && status == BP_OK; i++) {
    const model_event *event = &run->model.events[first + i];
    CHECK(receipts[i].replayed && receipts[i].same && receipts[i].durable && receipts[i].sequence == event->sequence,
          "event %" PRIu64 " is not replayed", event->number);
  }
  return status;
}

/* --------------------------------------------------------------------------------------------------------- a fence -- */

/* At once also: what was appended before is flushed. */
static bp_status begin_fence(program *run) {
  bp_fence *fence;
  bp_status status = bp_fence_begin(run->store, &fence, &run->error);
  if (status == BP_OK) {
    run->fence = fence;
    model_sync(&run->model);
  }
  return status;
}

/* A ticket that is refused, since a fence is open: when it is decided, so are those before it that failed by themselves. */
static void wait_for_queue(program *run) {
  bp_draft draft;
  bp_ticket *ticket;
  CHECK(bp_draft_init(&draft, sizeof draft) == BP_OK, "bp_draft_init");
  draft.kind = 0xF001;
  draft.entity = draft.scope = (const uint8_t *)"beside";
  draft.entity_length = draft.scope_length = strlen("beside");
  if (bp_store_submit(run->store, &draft, &ticket, NULL) != BP_OK) return;
  CHECK(bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL) != BP_OK, "an append beside the fence");
  bp_ticket_free(ticket);
}

/* A ticket is decided: its events are there, or they are not. */
static void note_ticket(program *run, size_t ticket, bp_status status) {
  size_t count, first = run->ticket_events[ticket];
  const bp_receipt *receipts = bp_ticket_receipts(run->tickets[ticket], &count);
  for (size_t i = 0; i < count; i++) {
    CHECK(receipts[i].durable, "committed, and not durable");
    model_acknowledge(&run->model, first + i, &receipts[i]);
  }
  if (status != BP_OK) model_refuse(&run->model, first);
  if (status != BP_OK && run->model.events[first].batch != 0) model_refuse(&run->model, first + 1);
  bp_ticket_free(run->tickets[ticket]);
  run->ticket_count--;
  run->tickets[ticket] = run->tickets[run->ticket_count];
  run->ticket_events[ticket] = run->ticket_events[run->ticket_count];
}

static bp_status submit_fenced(program *run, size_t count) {
  bp_draft drafts[2];
  bp_ticket *ticket;
  size_t first = run->model.count;
  if (run->fence == NULL || run->ticket_count == PROGRAM_TICKETS) return BP_OK;
  for (size_t i = 0; i < count; i++) {
    (void)model_add(&run->model, MODEL_FENCED_ENTITY, 50 + 400 * (uint32_t)i, BP_WRITTEN, &drafts[i]);
    run->model.events[first + i].answer = MODEL_FENCED;
  }
  if (count > 1) model_bind(&run->model, count);
  bp_status status = count == 1 ? bp_fence_submit(run->fence, drafts, &ticket, &run->error)
                                : bp_fence_submit_batch(run->fence, drafts, count, &ticket, &run->error);
  if (status != BP_OK) {
    for (size_t i = 0; i < count; i++) model_refuse(&run->model, first + i);
    return status;
  }
  run->ticket_events[run->ticket_count] = first;
  run->tickets[run->ticket_count++] = ticket;
  wait_for_queue(run);
  status = bp_ticket_wait(ticket, 0, &run->error);
  if (status == BP_WAIT_TIMEOUT) return BP_OK;
  CHECK(status != BP_OK, "a fenced ticket is served before its fence");
  note_ticket(run, run->ticket_count - 1, status);
  return status;
}

static bp_status commit_fence(program *run) {
  if (run->fence == NULL) return BP_OK;
  model_reveal(&run->model);
  bp_status status = bp_fence_commit(run->fence, &run->error);
  if (status != BP_OK) return status;
  while (run->ticket_count > 0) {
    note_ticket(run, run->ticket_count - 1, bp_ticket_wait(run->tickets[run->ticket_count - 1], BP_WAIT_FOREVER, NULL));
  }
  model_sync(&run->model);
  forget_fence(run);
  return BP_OK;
}

static bp_status cancel_fence(program *run) {
  if (run->fence == NULL) return BP_OK;
  bp_status status = bp_fence_cancel(run->fence, &run->error);
  if (status != BP_OK) return status;
  model_hide(&run->model);
  forget_fence(run);
  return BP_OK;
}

static bp_status sync_store(program *run) {
  bp_status status = bp_store_sync(run->store, &run->error);
  if (status == BP_OK) model_sync(&run->model);
  return status;
}

/* ----------------------------------------------------------------------------------------------------------- read -- */

static const model_event *acknowledged(const program *run, int last) {
  const model_event *found = NULL;
  for (size_t i = 0; i < run->model.count && (found == NULL || last); i++) {
    if (run->model.events[i].has_receipt) found = &run->model.events[i];
  }
  return found;
}

static bp_status read_events(program *run, char step) {
  bp_page *page;
  size_t count;
  bp_status status;
  const model_event *event = acknowledged(run, step == 'k');
  if (event == NULL && step != 'p') return BP_OK;
  CHECK(bp_page_new(&page, NULL) == BP_OK, "bp_page_new");
  switch (step) {
    case 'p': status = bp_store_page(run->store, NULL, page, &run->error); break;
    case 'g': status = bp_store_get(run->store, event->id, page, &run->error); break;
    default: status = bp_store_walk(run->store, event->id, 8, page, &run->error); break;
  }
  const bp_event *events = bp_page_events(page, &count);
  for (size_t i = 0; status == BP_OK && i < count; i++) {
    const bp_event *found = &events[i];
    if (found->status == BP_OK) model_compare_one(&run->model, found);
    if (found->status != BP_OK) status = run->error.code = found->status;
  }
  bp_page_free(page);
  return status;
}

static int32_t fold_step(void *user, const bp_event *event) {
  program *run = user;
  if (event->status == BP_OK) model_compare_one(&run->model, event);
  run->error.code = event->status;
  return event->status;
}

static bp_status fold(program *run) {
  bp_query query;
  CHECK(bp_query_init(&query, sizeof query) == BP_OK, "bp_query_init");
  query.limit = SIZE_MAX;
  return bp_store_fold(run->store, &query, fold_step, run, &run->error);
}

static bp_status verify(program *run) {
  bp_report *report;
  bp_verdict verdict = {.struct_size = sizeof verdict};
  bp_status status = bp_store_verify(run->store, NULL, &report, &run->error);
  if (status != BP_OK) return status;
  CHECK(bp_report_verdict(report, &verdict) == BP_OK, "bp_report_verdict");
  CHECK(verdict.verdict != BP_VERDICT_DAMAGED && verdict.verdict != BP_VERDICT_CONTRADICTED, "the verdict is %s",
        bp_verdict_name(verdict.verdict));
  bp_report_free(report);
  return BP_OK;
}

static bp_status hold_receipts(program *run) {
  for (size_t i = 0; i < run->model.count; i++) {
    const model_event *event = &run->model.events[i];
    int32_t outcome;
    if (!event->has_receipt) continue;
    bp_status status = bp_store_verify_receipt(run->store, &event->receipt, NULL, &outcome, &run->error);
    if (status != BP_OK) return status;
    CHECK(outcome == BP_RECEIPT_SIGNED || outcome == BP_RECEIPT_UNSIGNED_ACCEPTED || outcome == BP_RECEIPT_UNREADABLE,
          "event %" PRIu64 ": its receipt is judged %s", event->number, bp_receipt_outcome_name(outcome));
  }
  return BP_OK;
}

static bp_status look_at_open(program *run) {
  bp_report *report;
  bp_status status = bp_store_open_report(run->store, &report, &run->error);
  if (status == BP_OK) bp_report_free(report);
  return status;
}

/* ---------------------------------------------------------------------------------------------------------- steps -- */

static bp_status take_step(program *run, char step) {
  bp_stat stat = {.struct_size = sizeof stat};
  if (step == 'o' || step == 'O') return open_store(run, step == 'o' ? BP_MODE_CREATE : BP_MODE_READ_ONLY);
  if (run->store == NULL) return BP_OK;
  switch (step) {
    case 'C': return close_store(run);
    case 'd': return append(run, 0, 40, BP_DURABLE);
    case 'w': return append(run, 1, 33, BP_WRITTEN);
    case 'W': return append(run, 0, 900, BP_WRITTEN);
    case 'm': return append_many(run, BP_WRITTEN);
    case 'M': return append_many(run, BP_DURABLE);
    case 'b': return append_batch(run, 2, 0);
    case 'B': return append_batch(run, MANY, 0);
    case 'u': return submit(run);
    case 'U': return append_batch(run, 2, 1);
    case 'R': return replay_batch(run);
    case 'F': return begin_fence(run);
    case 'e': return submit_fenced(run, 1);
    case 'E': return submit_fenced(run, 2);
    case 'L': return commit_fence(run);
    case 'X': return cancel_fence(run);
    case 's': return sync_store(run);
    case 'p':
    case 'g':
    case 'k': return read_events(run, step);
    case 'f': return fold(run);
    case 'v': return verify(run);
    case 'r': return hold_receipts(run);
    case 't': return bp_store_stat(run->store, &stat, &run->error);
    case 'q': return look_at_open(run);
    default: check_failed(__FILE__, __LINE__, "there is no step %c", step);
  }
}

static int is_below(bp_point a, bp_point b) {
  return a.wall_ms != b.wall_ms ? a.wall_ms < b.wall_ms : a.sequence < b.sequence;
}

/* Whatever has failed, the points stand in their order, and none says less than a receipt did. */
static void check_frontier(const program *run) {
  bp_frontier f = {.struct_size = sizeof f};
  bp_stat stat = {.struct_size = sizeof stat};
  CHECK(bp_store_frontier(run->store, &f, NULL) == BP_OK && bp_store_stat(run->store, &stat, NULL) == BP_OK, "the frontier");
  CHECK(!is_below(f.accepted, f.written) && !is_below(f.written, f.durable) && !is_below(f.accepted, f.visible) &&
            !is_below(f.emitted, f.visible) && !is_below(f.visible, f.applied),
        "the points are out of order");
  /* Read-only all points are the newest event's, and that may be hidden. */
  CHECK(stat.events == 0 || stat.poisoned || run->config.mode == BP_MODE_READ_ONLY ||
            f.visible.sequence == stat.last_sequence,
        "visible is not the last event");
  CHECK(f.durable.sequence + 1 >= stat.durable_sequence, "durable is behind what was flushed");
  for (size_t i = 0; i < run->model.count; i++) {
    const model_event *event = &run->model.events[i];
    CHECK(event->answer != MODEL_DURABLE || !event->has_receipt || event->receipt.sequence <= f.durable.sequence,
          "event %" PRIu64 " was acknowledged as durable, and the frontier does not know", event->number);
  }
}

static bp_status make_step(program *run, char step) {
  bp_status status = take_step(run, step);
  if (run->store != NULL) check_frontier(run);
  return status;
}

bp_status program_step(program *run, char step) {
  int is_fenced = run->fence != NULL, is_write = strchr("dwWmMbBuUF", step) != NULL;
  bp_status status = make_step(run, step);
  CHECK(!is_fenced || !is_write || status != BP_OK, "step %c beside a fence", step);
  return is_fenced && status == BP_FENCE_ACTIVE ? BP_OK : status;
}

void program_must(program *run, char step) {
  bp_status status = program_step(run, step);
  CHECK(status == BP_OK, "step %c: %s: %s", step, bp_status_name(status), run->error.text);
}

void program_expect(program *run, char step, bp_status expected) {
  bp_status status = program_step(run, step);
  CHECK(status == expected, "step %c: %s instead of %s", step, bp_status_name(status), bp_status_name(expected));
}

bp_stat program_stat(const program *run) {
  bp_stat stat = {.struct_size = sizeof stat};
  CHECK(bp_store_stat(run->store, &stat, NULL) == BP_OK, "bp_store_stat");
  return stat;
}
