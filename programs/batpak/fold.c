/* fold: the journal brought down to three numbers. */
#include "commands.h"
#include "events.h"
#include "output.h"
#include "query.h"
#include "record.h"
#include "session.h"
#include "signals.h"

#include <stdlib.h>
#include <string.h>

enum { KINDS = 1 << 16 };

typedef struct state {
  const options *asked;
  event_printer printer;  /* for events that cannot be read */
  uint64_t *by_kind;      /* KINDS of them */
  uint64_t count;
  uint64_t last;          /* UINT64_MAX: none */
  uint64_t left;
  uint64_t hidden;
} state;

static int32_t step(void *user, const bp_event *event) {
  state *now = user;
  if (now->left == 0 || signals_stop() || output_lost()) return BP_STOPPED;
  if (query_hides(now->asked, event, &now->hidden)) return 0;
  now->left--;
  if (event->status != BP_OK) {
    events_print(&now->printer, event);
    return 0;
  }
  now->by_kind[event->kind]++;
  now->count++;
  now->last = event->sequence;
  return 0;
}

static void kinds_json(const state *now, text *out) {
  text_string(out, "{");
  for (uint32_t kind = 0, shown = 0; kind < KINDS; kind++) {
    char name[6];
    if (now->by_kind[kind] == 0) continue;
    bp_kind_format((uint16_t)kind, name);
    text_format(out, "%s\"%s\":%llu", shown++ > 0 ? "," : "", name, (unsigned long long)now->by_kind[kind]);
  }
  text_string(out, "}");
}

static void print_json(const state *now) {
  text kinds = {0};
  record out = record_begin(true);
  kinds_json(now, &kinds);
  record_number(&out, "count", now->count);
  record_json(&out, "by_kind", &kinds);
  record_optional(&out, "last", now->last);
  record_print(&out);
  text_free(&kinds);
}

static void print_table(const state *now) {
  static const column columns[] = {{"kind", false, INK_PLAIN, 0}, {"count", true, INK_BOLD, 0}};
  table rows = table_begin(columns, 2, false);
  for (uint32_t kind = 0; kind < KINDS; kind++) {
    char name[6];
    if (now->by_kind[kind] == 0) continue;
    bp_kind_format((uint16_t)kind, name);
    table_format(&rows, "%s", name);
    table_format(&rows, "%llu", (unsigned long long)now->by_kind[kind]);
  }
  table_end(&rows);
  record out = record_begin(false);
  record_number(&out, "count", now->count);
  record_optional(&out, "last", now->last);
  record_print(&out);
}

static int fold_store(const options *asked, bp_store *store, void *user) {
  (void)user;
  bp_error error = error_empty();
  bp_query query = query_from(asked);
  state now = {.asked = asked, .printer = events_begin(asked), .last = UINT64_MAX, .left = asked->limit};
  now.by_kind = memory_get(KINDS * sizeof *now.by_kind);
  memset(now.by_kind, 0, KINDS * sizeof *now.by_kind);
  query.limit = SIZE_MAX;
  bp_status status = bp_store_fold(store, &query, step, &now, &error);
  query_tell_hidden(now.hidden);
  int code = events_end(&now.printer);
  bool reached_limit = status == BP_STOPPED && !signals_stop();
  if (status != BP_OK && !reached_limit) {
    code = failed(asked->arguments[0], &error);
  } else if (asked->json) {
    print_json(&now);
  } else {
    print_table(&now);
  }
  free(now.by_kind);
  return code;
}

int command_fold(const options *asked) { return session_read(asked, fold_store, NULL); }
