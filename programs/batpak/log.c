/* log, get and walk: three ways to read one page after the other. */
#include "commands.h"
#include "events.h"
#include "output.h"
#include "query.h"
#include "session.h"
#include "signals.h"

#include <string.h>

enum { WALK_EVENTS = 1024 };  /* ancestors asked for at once */

/* Where reading stands: a page, and how many more events may be shown. */
typedef struct reading {
  bp_page *page;
  event_printer printer;
  uint64_t left;
  uint64_t hidden;
} reading;

static bool reading_goes_on(const reading *now) {
  return bp_page_more(now->page) && now->left > 0 && !signals_stop() && !output_lost();
}

static void show_page(const options *asked, reading *now) {
  size_t count;
  const bp_event *events = bp_page_events(now->page, &count);
  for (size_t i = 0; i < count && now->left > 0; i++) {
    if (query_hides(asked, &events[i], &now->hidden)) continue;
    events_print(&now->printer, &events[i]);
    now->left--;
  }
  events_flush(&now->printer);
}

static bp_status log_pages(const options *asked, bp_store *store, reading *now, bp_error *error) {
  bp_query query = query_from(asked);
  bp_status status;
  while ((status = bp_store_page(store, &query, now->page, error)) == BP_OK) {
    show_page(asked, now);
    if (!reading_goes_on(now)) break;
    size_t count;
    const bp_event *events = bp_page_events(now->page, &count);
    query.after = events[count - 1].sequence;
    query.flags |= BP_QUERY_AFTER;
  }
  return status;
}

static bp_status walk_pages(const options *asked, bp_store *store, reading *now, bp_error *error) {
  uint8_t id[ID_BYTES];
  size_t behind = 0;  /* events of this page that the last one showed */
  bp_status status;
  hex_read(asked->arguments[1], strlen(asked->arguments[1]), id, sizeof id);
  while ((status = bp_store_walk(store, id, WALK_EVENTS, now->page, error)) == BP_OK) {
    size_t count;
    const bp_event *events = bp_page_events(now->page, &count);
    for (size_t i = behind; i < count && now->left > 0; i++, now->left--) events_print(&now->printer, &events[i]);
    events_flush(&now->printer);
    if (!reading_goes_on(now)) break;
    memcpy(id, events[count - 1].event_id, sizeof id);
    behind = 1;
  }
  return status;
}

static bp_status get_one(const options *asked, bp_store *store, reading *now, bp_error *error) {
  uint8_t id[ID_BYTES];
  size_t count;
  hex_read(asked->arguments[1], strlen(asked->arguments[1]), id, sizeof id);
  bp_status status = bp_store_get(store, id, now->page, error);
  if (status == BP_OK) event_print_alone(asked, bp_page_events(now->page, &count));
  return status;
}

typedef struct reading_way {
  bp_status (*read)(const options *asked, bp_store *store, reading *now, bp_error *error);
} reading_way;

static int read_pages(const options *asked, bp_store *store, void *user) {
  const reading_way *way = user;
  bp_error error = error_empty();
  reading now = {.left = asked->limit};
  bp_status status = bp_page_new(&now.page, &error);
  if (status != BP_OK) return failed(asked->arguments[0], &error);
  now.printer = events_begin(asked);
  if (now.left > 0) status = way->read(asked, store, &now, &error);
  bp_page_free(now.page);
  query_tell_hidden(now.hidden);
  int code = events_end(&now.printer);
  return status == BP_OK ? code : failed(asked->arguments[0], &error);
}

/* The id is judged before the store is touched. */
static int read_at_id(const options *asked, reading_way way) {
  uint8_t id[ID_BYTES];
  const char *digits = asked->arguments[1];
  if (hex_read(digits, strlen(digits), id, sizeof id)) return session_read(asked, read_pages, &way);
  message("%s is no event id of %d hexadecimal digits", digits, 2 * ID_BYTES);
  return EXIT_USAGE;
}

int command_log(const options *asked) { return session_read(asked, read_pages, &(reading_way){log_pages}); }

int command_get(const options *asked) { return read_at_id(asked, (reading_way){get_one}); }

int command_walk(const options *asked) { return read_at_id(asked, (reading_way){walk_pages}); }
