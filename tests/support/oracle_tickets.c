/* Tickets and the fence. */
#include "support/oracle_machine.h"

#include "support/check.h"

#include <inttypes.h>
#include <string.h>

/* --------------------------------------------------------------------------------------------------------- tickets -- */

/* 0: nothing was submitted, since a fence is open, or what is queued is not yet committed. */
static int try_one(machine *m, submission *s) {
  bp_outcome outcome;
  CHECK(bp_outcome_init(&outcome, sizeof outcome) == BP_OK, "bp_outcome_init");
  s->status = s->is_batch ? bp_store_try_submit_batch(m->store, s->drafts, s->count, &s->ticket, &outcome, &s->error)
                          : bp_store_try_submit(m->store, &s->drafts[0], &s->ticket, &outcome, &s->error);
  if (s->status != BP_OK) return 1;
  machine_tell(m, "    a try: %u\n", outcome.type);
  CHECK((outcome.type == BP_OUTCOME_CANCELLED) == (m->fence != NULL), "outcome %u of a try", outcome.type);
  CHECK(outcome.type != BP_OUTCOME_RETRY || m->submitted > 1, "pressed by nobody");
  CHECK((outcome.type == BP_OUTCOME_OK) == (s->ticket != NULL), "outcome %u, and a ticket or none", outcome.type);
  return outcome.type == BP_OUTCOME_OK;
}

/* Through the fence, where there is one. */
static void submit_one(machine *m, test_random *random, submission *s, bp_fence *fence) {
  s->is_batch = test_random_below(random, 3) == 0;
  s->count = s->is_batch ? 1 + test_random_below(random, MANY) : 1;
  s->error.struct_size = sizeof s->error;
  if (s->is_batch) {
    draw_batch(random, &m->oracle, s->drawn, s->count);
  } else {
    draw_draft(random, &m->oracle, &s->drawn[0]);
  }
  for (size_t i = 0; i < s->count; i++) {
    s->drafts[i] = s->drawn[i].draft;
    machine_tell_draft(m, &s->drafts[i]);
  }
  if (fence != NULL) {
    s->status = s->is_batch ? bp_fence_submit_batch(fence, s->drafts, s->count, &s->ticket, &s->error)
                            : bp_fence_submit(fence, &s->drafts[0], &s->ticket, &s->error);
  } else if (test_random_below(random, 4) > 0 || !try_one(m, s)) {
    s->status = s->is_batch ? bp_store_submit_batch(m->store, s->drafts, s->count, &s->ticket, &s->error)
                            : bp_store_submit(m->store, &s->drafts[0], &s->ticket, &s->error);
  }
  machine_tell(m, "    %s: %s\n", s->is_batch ? "as a batch" : "alone", bp_status_name(s->status));
  CHECK((s->status == BP_OK) == (s->ticket != NULL), "%s, and a ticket or none", bp_status_name(s->status));
  /* The ticket has its own copy of everything. */
  if (s->ticket != NULL && test_random_below(random, 4) == 0) (void)bp_ticket_wait(s->ticket, 0, NULL);
}

void machine_submit_some(machine *m, test_random *random) {
  size_t count = 1 + test_random_below(random, SUBMISSIONS);
  while (m->submitted < count) submit_one(m, random, &m->submissions[m->submitted++], NULL);
}

/* Only its look at other events can fail a ticket. */
static int is_of_ticket(bp_status status) {
  return status == BP_EXPECTED_CLOCK || status == BP_EXPECTED_EMPTY || status == BP_EXPECTED_EVENT ||
         status == BP_KEY_CANCELLED || status == BP_CLOCK_INVALID;
}

static void judge(machine *m, submission *s) {
  if (s->is_batch) {
    oracle_batch(&m->oracle, s->drafts, s->count, s->answers);
  } else {
    s->answers[0] = oracle_append(&m->oracle, &s->drafts[0]);
  }
}

static void hold(machine *m, submission *s) {
  const oracle_answer *answers = s->answers;
  bp_status status = s->status;
  size_t count = 0;
  CHECK(status == BP_OK || !is_of_ticket(status), "refused at the submission: %s", bp_status_name(status));
  if (s->ticket != NULL) status = bp_ticket_wait(s->ticket, BP_WAIT_FOREVER, &s->error);
  machine_tell(m, "    ticket: %s\n", bp_status_name(status));
  const bp_receipt *receipts = s->ticket == NULL ? NULL : bp_ticket_receipts(s->ticket, &count);
  CHECK(count == (status == BP_OK ? s->count : 0), "%zu receipts for %zu drafts", count, s->count);
  oracle_hold(&m->oracle, &answers[0], status, &s->error, receipts);
  for (size_t i = 1; i < count; i++) oracle_hold(&m->oracle, &answers[i], BP_OK, NULL, &receipts[i]);
  bp_ticket_free(s->ticket);
  memset(s, 0, sizeof *s);
}

/* All are decided before the first is judged: the oracle knows only then when the clock was read. */
void machine_judge_submissions(machine *m) {
  for (size_t i = 0; i < m->submitted; i++) {
    bp_ticket *ticket = m->submissions[i].ticket;
    if (ticket != NULL) CHECK(bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL) != BP_WAIT_TIMEOUT, "waits for ever");
  }
  for (size_t i = 0; i < m->submitted; i++) {
    judge(m, &m->submissions[i]);
    hold(m, &m->submissions[i]);
  }
  m->submitted = 0;
}

void machine_submit(machine *m, test_random *random) {
  bp_pressure pressure = {.struct_size = sizeof pressure};
  machine_submit_some(m, random);
  bp_status synced = test_random_below(random, 3) == 0 ? bp_store_sync(m->store, NULL) : BP_READ_ONLY;
  machine_judge_submissions(m);
  if (synced == BP_OK) oracle_synced(&m->oracle);
  if (m->config.mode == BP_MODE_READ_ONLY) return;
  CHECK(bp_store_pressure(m->store, &pressure, &m->error) == BP_OK, "bp_store_pressure: %s", m->error.text);
  CHECK(pressure.queued == 0 && pressure.capacity == m->config.queue_capacity &&
            pressure.threshold == ((uint64_t)m->config.queue_capacity * m->config.pressure_percent + 99) / 100,
        "%" PRIu64 " queued, threshold %" PRIu64 " of %" PRIu64, pressure.queued, pressure.threshold, pressure.capacity);
}

/* --------------------------------------------------------------------------------------------------------- a fence -- */

void machine_begin_fence(machine *m) {
  bp_fence *fence;
  bp_status status = bp_fence_begin(m->store, &fence, &m->error), expected = oracle_fence_begin(&m->oracle);
  CHECK(status == expected, "a fence: %s instead of %s", bp_status_name(status), bp_status_name(expected));
  CHECK((status == BP_OK) == (fence != NULL), "%s, and a handle or none", bp_status_name(status));
  if (fence == NULL) return;
  CHECK(bp_fence_token(fence) == m->oracle.fences, "token %" PRIu64, bp_fence_token(fence));
  m->fence = fence;
}

/* Everything before it is done when it answers: that a fence is open. */
static void wait_for_queue(machine *m) {
  bp_draft draft;
  CHECK(bp_draft_init(&draft, sizeof draft) == BP_OK, "bp_draft_init");
  draft.kind = 0xF001;
  draft.entity = draft.scope = (const uint8_t *)"behind";
  draft.entity_length = draft.scope_length = strlen("behind");
  CHECK(bp_store_append(m->store, &draft, NULL, NULL) == BP_FENCE_ACTIVE, "an append beside the fence");
}

/* What fails by itself is decided at once, all else when the fence ends; a replay too. */
void machine_submit_fenced(machine *m, test_random *random) {
  submission *s = &m->fenced[m->fenced_count];
  if (m->fence == NULL || m->fenced_count == FENCED_MOST) return;
  submit_one(m, random, s, m->fence);
  wait_for_queue(m);
  m->oracle.through_fence = 1;
  judge(m, s);
  m->oracle.through_fence = 0;
  if (s->answers[0].status != BP_OK) {
    hold(m, s);
    return;
  }
  bp_status status = s->ticket == NULL ? s->status : bp_ticket_wait(s->ticket, 0, NULL);
  CHECK(status == BP_WAIT_TIMEOUT, "a fenced ticket: %s", bp_status_name(status));
  for (size_t i = 0; i < s->count; i++) s->is_behind_fence |= s->answers[i].event >= m->oracle.fence_first;
  m->fenced_count++;
}

void machine_forget_fence(machine *m, int died) {
  for (size_t i = 0; i < m->fenced_count; i++) {
    submission *s = &m->fenced[i];
    if (!s->is_behind_fence && !died) {
      hold(m, s);
      continue;
    }
    bp_status status = bp_ticket_wait(s->ticket, BP_WAIT_FOREVER, NULL);
    CHECK(status == BP_FENCE_CANCELLED || (died && (status != BP_OK || !s->is_behind_fence)), "a ticket of a cancelled fence: %s", bp_status_name(status));
    bp_ticket_free(s->ticket);
    memset(s, 0, sizeof *s);
  }
  m->fenced_count = 0;
  if (m->fence != NULL) CHECK(bp_fence_commit(m->fence, NULL) == BP_FENCE_NOT_ACTIVE, "it ended, and is committed");
  bp_fence_free(m->fence);
  m->fence = NULL;
}

void machine_end_fence(machine *m, test_random *random) {
  uint32_t way = test_random_below(random, 4);
  if (m->fence == NULL) return;
  machine_tell(m, "    %s, %zu tickets\n", way < 2 ? "commit" : way == 2 ? "cancel" : "drop", m->fenced_count);
  if (way < 2) {
    CHECK(bp_fence_commit(m->fence, &m->error) == BP_OK, "the fence is not committed: %s", m->error.text);
    oracle_fence_committed(&m->oracle);
    for (size_t i = 0; i < m->fenced_count; i++) hold(m, &m->fenced[i]);
    m->fenced_count = 0;
  } else if (way == 2) {
    CHECK(bp_fence_cancel(m->fence, &m->error) == BP_OK, "the fence is not cancelled: %s", m->error.text);
    oracle_fence_cancelled(&m->oracle);
  } else {
    bp_fence_free(m->fence);
    m->fence = NULL;
    CHECK(bp_store_sync(m->store, NULL) == BP_OK, "bp_store_sync"); /* behind it */
    oracle_fence_cancelled(&m->oracle);
    oracle_synced(&m->oracle);
  }
  machine_forget_fence(m, 0);
}
