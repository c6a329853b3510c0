#include "events.h"

#include "extensions.h"
#include "payload.h"
#include "record.h"

#include <string.h>
#include <time.h>

static const column log_columns[] = {
    {"sequence", true, INK_PLAIN, 0}, {"time", false, INK_DIM, 1},    {"kind", false, INK_PLAIN, 0},
    {"entity", false, INK_BOLD, 0},   {"scope", false, INK_PLAIN, 2}, {"event_id", false, INK_DIM, 0},
    {"payload", false, INK_PLAIN, 0},
};
enum { LOG_COLUMNS = sizeof log_columns / sizeof log_columns[0] };

static void print_members(bool json, const bp_event *event, text *scratch) {
  record out = record_begin(json);
  record_number(&out, "sequence", event->sequence);
  record_hex(&out, "event_id", event->event_id, sizeof event->event_id);
  record_string(&out, "entity", event->entity, event->entity_length);
  record_string(&out, "scope", event->scope, event->scope_length);
  record_kind(&out, "kind", event->kind);
  record_number(&out, "clock", event->clock);
  record_number(&out, "wall_ms", event->wall_ms);
  record_signed(&out, "timestamp_us", event->timestamp_us);
  record_hex(&out, "prev_hash", event->prev_hash, sizeof event->prev_hash);
  record_hex(&out, "event_hash", event->event_hash, sizeof event->event_hash);
  record_hex(&out, "correlation_id", event->correlation_id, sizeof event->correlation_id);
  record_hex_or_null(&out, "causation_id", event->causation_id, sizeof event->causation_id);
  record_number(&out, "lane", event->lane);
  record_number(&out, "depth", event->depth);
  record_number(&out, "flags", event->flags);
  record_number(&out, "segment_id", event->segment_id);
  record_number(&out, "offset", event->offset);
  record_number(&out, "frame_length", event->frame_length);
  scratch->length = 0;
  extensions_json(event->extensions, event->extension_count, scratch);
  record_json(&out, "extensions", scratch);
  payload_json(event, scratch);
  record_json(&out, "payload", scratch);
  record_hex(&out, "payload_hex", event->payload, event->payload_length);
  record_print(&out);
}

static void print_error(const bp_event *event) {
  const char *error = bp_status_name(event->status);
  record out = record_begin(true);
  record_number(&out, "sequence", event->sequence);
  record_hex(&out, "event_id", event->event_id, sizeof event->event_id);
  record_string(&out, "error", error, strlen(error));
  record_print(&out);
}

static void add_time(table *rows, int64_t timestamp_us) {
  time_t seconds = (time_t)(timestamp_us / 1000000);
  struct tm parts;
  char when[32] = "";
  if (gmtime_r(&seconds, &parts) != NULL) strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &parts);
  table_format(rows, "%s.%03dZ", when, (int)(timestamp_us / 1000 % 1000));
}

static void add_row(event_printer *printer, const bp_event *event) {
  table *rows = &printer->rows;
  char kind[6];
  bp_kind_format(event->kind, kind);
  table_format(rows, "%llu", (unsigned long long)event->sequence);
  if (event->status == BP_OK) {
    add_time(rows, event->timestamp_us);
    payload_json(event, &printer->scratch);
  } else {
    table_format(rows, "-");
    printer->scratch.length = 0;
    text_string(&printer->scratch, bp_status_name(event->status));
  }
  table_format(rows, "%s", kind);
  table_add(rows, event->entity, event->entity_length);
  table_add(rows, event->scope, event->scope_length);
  table_hex(rows, event->event_id, sizeof event->event_id);
  table_add(rows, printer->scratch.data, printer->scratch.length);
}

static void tell_unreadable(event_printer *printer, const bp_event *event) {
  printer->unreadable++;
  message("%s: event %llu cannot be read: %s in segment %llu at offset %llu", printer->path,
          (unsigned long long)event->sequence, bp_status_name(event->status), (unsigned long long)event->segment_id,
          (unsigned long long)event->offset);
}

event_printer events_begin(const options *asked) {
  return (event_printer){
      .path = asked->arguments[0], .json = asked->json, .rows = table_begin(log_columns, LOG_COLUMNS, true)};
}

void events_print(event_printer *printer, const bp_event *event) {
  if (event->status != BP_OK) tell_unreadable(printer, event);
  if (!printer->json) {
    add_row(printer, event);
  } else if (event->status != BP_OK) {
    print_error(event);
  } else {
    print_members(true, event, &printer->scratch);
  }
}

void events_flush(event_printer *printer) { table_flush(&printer->rows); }

int events_end(event_printer *printer) {
  table_end(&printer->rows);
  text_free(&printer->scratch);
  return printer->unreadable > 0 ? EXIT_JUDGED : EXIT_FINE;
}

void event_print_alone(const options *asked, const bp_event *event) {
  text scratch = {0};
  print_members(asked->json, event, &scratch);
  text_free(&scratch);
}
