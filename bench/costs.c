/* What a feature costs: the same events written without it and with it, by turns. */
#include "batpak.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

typedef void (*writing)(void *user, size_t first, size_t count);

static double write_as(const bench_task *task, uint32_t durability, writing call) {
  batpak_writer w;
  batpak_writer_begin(&w, task, durability, NULL);
  double rate = bench_calls(task, call, &w);
  batpak_writer_end(&w);
  return rate;
}

/* --- the queue */

static bp_ticket *submit(const batpak_writer *w, size_t number) {
  bp_ticket *ticket;
  batpak_must(bp_store_submit(w->store, &w->drafts[number], &ticket, batpak_failure()));
  return ticket;
}

static void finish(bp_ticket *ticket) {
  size_t count;
  batpak_must(bp_ticket_wait(ticket, BP_WAIT_FOREVER, batpak_failure()));
  if (bp_ticket_receipts(ticket, &count) == NULL || count != 1) bench_fail("a ticket without its receipt");
  bp_ticket_free(ticket);
}

static void submit_and_wait(void *user, size_t first, size_t count) {
  (void)count;
  finish(submit(user, first));
}

static double hop_written(const bench_task *task) { return write_as(task, BP_WRITTEN, submit_and_wait); }
static double hop_durable(const bench_task *task) { return write_as(task, BP_DURABLE, submit_and_wait); }

enum { IN_FLIGHT = 64 };

typedef struct {
  batpak_writer writer;
  bp_ticket *tickets[IN_FLIGHT]; /* a ring: where one is submitted, the oldest is waited for */
} pipeline;

static void finish_all(pipeline *p) {
  for (size_t i = 0; i < IN_FLIGHT; i++) {
    if (p->tickets[i] != NULL) finish(p->tickets[i]);
  }
}

static void submit_ahead(void *user, size_t first, size_t count) {
  pipeline *p = user;
  bp_ticket **place = &p->tickets[first % IN_FLIGHT];
  (void)count;
  if (*place != NULL) finish(*place);
  *place = submit(&p->writer, first);
  if (first + 1 == p->writer.each) finish_all(p);
}

static double write_ahead(const bench_task *task, uint32_t durability) {
  pipeline p = {.tickets = {NULL}};
  batpak_writer_begin(&p.writer, task, durability, NULL);
  double rate = bench_calls(task, submit_ahead, &p);
  batpak_writer_end(&p.writer);
  return rate;
}

static double pipelined_written(const bench_task *task) { return write_ahead(task, BP_WRITTEN); }
static double pipelined_durable(const bench_task *task) { return write_ahead(task, BP_DURABLE); }

/* --- gates and waits */

static void append_gated(const batpak_writer *w, size_t number, uint32_t gate) {
  bp_draft draft = w->drafts[number];
  draft.gate = gate;
  draft.gate_timeout_ms = 60000;
  batpak_must(bp_store_append(w->store, &draft, batpak_receipts(w, number), batpak_failure()));
}

static void append_visible(void *user, size_t first, size_t count) {
  (void)count;
  append_gated(user, first, BP_GATE_VISIBLE);
}

static void append_and_wait(void *user, size_t first, size_t count) {
  const batpak_writer *w = user;
  bp_receipt *receipt = batpak_receipts(w, first);
  (void)count;
  batpak_must(bp_store_append(w->store, &w->drafts[first], receipt, batpak_failure()));
  bp_point point = {0, receipt->sequence};
  batpak_must(bp_store_wait(w->store, BP_WATERMARK_VISIBLE, &point, 60000, batpak_failure()));
}

static void append_durable_gated(void *user, size_t first, size_t count) {
  (void)count;
  append_gated(user, first, BP_GATE_DURABLE);
}

static double gate_visible(const bench_task *task) { return write_as(task, BP_WRITTEN, append_visible); }
static double gate_durable(const bench_task *task) { return write_as(task, BP_DURABLE, append_durable_gated); }
static double wait_reached(const bench_task *task) { return write_as(task, BP_WRITTEN, append_and_wait); }

/* --- gates of the guard, permits */

enum { GATES = 3 };

static bp_status permit(void *user, const uint8_t *context, size_t length, bp_denial_writer *writer) {
  (void)user, (void)writer;
  return length == 1 && context[0] == 1 ? BP_OK : BP_DENIED;
}

typedef struct {
  batpak_writer writer;
  bp_gates *gates;
} guarded;

static void evaluate_and_commit(void *user, size_t first, size_t count) {
  static const uint8_t context[1] = {1};
  const guarded *g = user;
  bp_permit *made;
  (void)count;
  batpak_must(bp_gates_evaluate(g->gates, context, sizeof context, &g->writer.drafts[first], &made, NULL,
                                batpak_failure()));
  batpak_must(bp_store_commit_permit(g->writer.store, made, batpak_receipts(&g->writer, first), batpak_failure()));
  bp_permit_free(made);
}

static double permits(const bench_task *task) {
  guarded g;
  char name[] = "gate-0";
  batpak_must(bp_gates_new(&g.gates, batpak_failure()));
  for (size_t i = 0; i < GATES; i++) {
    bp_gate gate;
    batpak_must(bp_gate_init(&gate, sizeof gate));
    name[sizeof name - 2]++;
    gate.name = (const uint8_t *)name;
    gate.name_length = sizeof name - 1;
    gate.evaluate = permit;
    batpak_must(bp_gates_push(g.gates, &gate, batpak_failure()));
  }
  batpak_writer_begin(&g.writer, task, BP_WRITTEN, NULL);
  double rate = bench_calls(task, evaluate_and_commit, &g);
  batpak_writer_end(&g.writer);
  bp_gates_free(g.gates);
  return rate;
}

/* --- the table */

const bench_cost bench_costs[] = {
    {"hop-written", 0.1, {1, 1}, {batpak_written, hop_written},
     "one caller, written: append / submit, wait for the ticket, free it"},
    {"hop-durable", 0.02, {1, 1}, {batpak_durable, hop_durable}, "the same, each event on the disk"},
    {"pipeline-written", 0.5, {1, 1}, {batpak_written, pipelined_written},
     "one caller, written: append / submit with 64 tickets in flight, the oldest waited for"},
    {"pipeline-durable", 0.1, {64, 1}, {batpak_durable, pipelined_durable},
     "on the disk: 64 callers that append / one caller with 64 tickets in flight"},
    {"gate-visible", 0.5, {1, 1}, {batpak_written, gate_visible}, "one caller, written: append / append with the Visible gate"},
    {"gate-durable", 0.02, {1, 1}, {batpak_durable, gate_durable},
     "one caller, on the disk: append / append with the Durable gate"},
    {"wait-reached", 0.5, {1, 1}, {batpak_written, wait_reached},
     "one caller, written: append / append, then a wait for its point, which is reached by then"},
    {"permit", 0.5, {1, 1}, {batpak_written, permits},
     "one caller, written: append / evaluation of three gates that permit, commit of the permit, its end"},
};

const size_t bench_cost_count = sizeof bench_costs / sizeof *bench_costs;

int bench_is_cost(const char *name) {
  for (size_t i = 0; i < bench_cost_count; i++) {
    if (strcmp(bench_costs[i].name, name) == 0) return 1;
  }
  return 0;
}

void bench_costs_print_about(void) {
  for (size_t i = 0; i < bench_cost_count; i++) printf("  %-22s %s\n", bench_costs[i].name, bench_costs[i].about);
}

enum { MEAN, MEDIAN, FIGURES };

/* Microseconds: an event's share of the whole time, and the median of single calls, which a busy machine moves less. */
static void measure(const bench_options *o, const bench_cost *cost, double medians[2][FIGURES]) {
  double values[2][FIGURES][BENCH_ROUNDS_MOST];
  for (size_t round = 0; round < o->rounds; round++) {
    for (size_t side = 0; side < 2; side++) {
      double laps[LAP_COUNT];
      bench_task task = {
          NULL, (size_t)((double)o->events * cost->share), cost->callers[side], 1, laps};
      values[side][MEAN][round] = 1e6 / bench_run_fresh(o, cost->name, cost->work[side], &task);
      values[side][MEDIAN][round] = laps[LAP_P50];
    }
  }
  for (size_t side = 0; side < 2; side++) {
    for (size_t i = 0; i < FIGURES; i++) medians[side][i] = bench_median(values[side][i], o->rounds);
  }
}

static void print_cost(const bench_cost *cost, double medians[2][FIGURES], FILE *save) {
  double without = medians[0][MEAN], with = medians[1][MEAN];
  printf("%-18s %12.3f %12.3f %12.3f %7.2fx %12.3f %12.3f\n", cost->name, without, with, with - without, with / without,
         medians[0][MEDIAN], medians[1][MEDIAN]);
  fflush(stdout);
  if (save != NULL) fprintf(save, "%s\twithout\t%f\n%s\twith\t%f\n", cost->name, without, cost->name, with);
}

void bench_costs_run(const bench_options *o) {
  int begun = 0;
  for (size_t i = 0; i < bench_cost_count; i++) {
    const bench_cost *cost = &bench_costs[i];
    double medians[2][FIGURES];
    if (!bench_is_wanted(o, cost->name)) continue;
    if (!begun) {
      printf("%-18s %12s %12s %12s %8s %12s %12s\n", "cost, us an event", "without", "with", "difference", "ratio",
             "p50 without", "p50 with");
    }
    begun = 1;
    measure(o, cost, medians);
    print_cost(cost, medians, o->save);
  }
}
