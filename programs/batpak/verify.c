#include "commands.h"
#include "output.h"
#include "receipts.h"
#include "record.h"
#include "session.h"
#include "table.h"

#include <string.h>

/* What a verdict leaves open, said with it every time. */
static const char *not_proven(uint32_t verdict) {
  switch (verdict) {
    case BP_VERDICT_DAMAGED:
      return "Bytes are not what was written.  What can still be read: batpak log.";
    case BP_VERDICT_CONTRADICTED:
      return "Store and receipts cannot both be what they were; which of them changed is not said here.";
    case BP_VERDICT_INCOMPLETE:
      return "Nothing is said about what could not be checked.";
    case BP_VERDICT_ATTESTED:
      return "A receipt attests its own event, not its neighbours, its times or what came after it.";
    default:
      return "Nothing outside the store vouches for it: whoever can write the directory can alter events or cut the "
             "tail and leave it consistent; receipts kept elsewhere would tell (--receipts FILE).";
  }
}

static bool is_zero(const uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] != 0) return false;
  }
  return true;
}

static void print_finding(const bp_finding *finding) {
  const char *severity = bp_severity_name(finding->severity);
  record out = record_begin(true);
  record_string(&out, "severity", severity, strlen(severity));
  record_string(&out, "code", finding->code, strlen(finding->code));
  record_optional(&out, "segment_id", finding->segment_id);
  record_optional(&out, "offset", finding->offset);
  record_optional(&out, "sequence", finding->sequence);
  record_hex_or_null(&out, "event_id", finding->event_id, sizeof finding->event_id);
  record_string(&out, "text", finding->text, strlen(finding->text));
  record_print(&out);
}

static void add_optional(table *rows, uint64_t value) {
  if (value == UINT64_MAX) {
    table_format(rows, "-");
  } else {
    table_format(rows, "%llu", (unsigned long long)value);
  }
}

static void print_findings_table(const bp_finding *findings, size_t count) {
  static const column columns[] = {
      {"severity", false, INK_BOLD, 0}, {"code", false, INK_PLAIN, 0},    {"segment_id", true, INK_PLAIN, 0},
      {"offset", true, INK_PLAIN, 0},   {"sequence", true, INK_PLAIN, 0}, {"event_id", false, INK_DIM, 1},
      {"text", false, INK_PLAIN, 0},
  };
  table rows = table_begin(columns, sizeof columns / sizeof columns[0], false);
  for (size_t i = 0; i < count; i++) {
    const bp_finding *finding = &findings[i];
    table_format(&rows, "%s", bp_severity_name(finding->severity));
    table_format(&rows, "%s", finding->code);
    add_optional(&rows, finding->segment_id);
    add_optional(&rows, finding->offset);
    add_optional(&rows, finding->sequence);
    if (is_zero(finding->event_id, sizeof finding->event_id)) {
      table_format(&rows, "-");
    } else {
      table_hex(&rows, finding->event_id, sizeof finding->event_id);
    }
    table_add(&rows, finding->text, strlen(finding->text));
  }
  table_end(&rows);
}

static void print_verdict_json(const bp_verdict *verdict) {
  const char *name = bp_verdict_name(verdict->verdict);
  record out = record_begin(true);
  record_string(&out, "verdict", name, strlen(name));
  record_number(&out, "events", verdict->events);
  record_number(&out, "attested", verdict->attested);
  record_number(&out, "findings", verdict->findings);
  record_number(&out, "notes", verdict->notes);
  record_optional(&out, "first_unproven", verdict->first_unproven);
  record_print(&out);
}

static ink verdict_ink(uint32_t verdict) {
  switch (verdict) {
    case BP_VERDICT_ATTESTED:
    case BP_VERDICT_CONSISTENT: return INK_GOOD;
    case BP_VERDICT_INCOMPLETE: return INK_WARN;
    default: return INK_BAD;
  }
}

static void print_verdict_people(const bp_verdict *verdict) {
  text out = {0};
  output_ink(&out, verdict_ink(verdict->verdict));
  text_string(&out, bp_verdict_name(verdict->verdict));
  text_string(&out, " ");
  if (verdict->verdict == BP_VERDICT_ATTESTED) {
    text_count(&out, verdict->attested);
    text_string(&out, " of ");
  }
  text_counted(&out, verdict->events, "event");
  output_ink(&out, INK_PLAIN);
  text_string(&out, ", ");
  text_counted(&out, verdict->findings, "finding");
  text_string(&out, ", ");
  text_counted(&out, verdict->notes, "note");
  text_string(&out, "\n");
  if (verdict->first_unproven != UINT64_MAX) {
    text_format(&out, "From sequence %llu on the numbers rest on counting alone.\n",
                (unsigned long long)verdict->first_unproven);
  }
  text_format(&out, "%s\n", not_proven(verdict->verdict));
  output_text(&out);
  text_free(&out);
}

static void print_report(const options *asked, const bp_report *report, const bp_verdict *verdict) {
  size_t count;
  const bp_finding *findings = bp_report_findings(report, &count);
  if (!asked->json) {
    print_findings_table(findings, count);
    print_verdict_people(verdict);
    return;
  }
  for (size_t i = 0; i < count; i++) print_finding(&findings[i]);
  print_verdict_json(verdict);
  message("%s", not_proven(verdict->verdict));
}

static int verdict_exit(const options *asked, const bp_verdict *verdict) {
  bool attested = verdict->verdict == BP_VERDICT_ATTESTED;
  if (!asked->require_attested) return attested || verdict->verdict == BP_VERDICT_CONSISTENT ? EXIT_FINE : EXIT_JUDGED;
  if (attested && verdict->attested == verdict->events) return EXIT_FINE;
  message("%s: %llu of %llu events are attested", asked->arguments[0], (unsigned long long)verdict->attested,
          (unsigned long long)verdict->events);
  return EXIT_JUDGED;
}

static int verify_store(const options *asked, bp_store *store, void *user) {
  bp_error error = error_empty();
  bp_report *report;
  bp_trust trust;
  bp_trust_init(&trust, sizeof trust);
  trust.receipts = receipts_of(user, &trust.receipt_count);
  bp_status status = bp_store_verify(store, &trust, &report, &error);
  if (status != BP_OK) return failed(asked->arguments[0], &error);
  bp_verdict verdict = {.struct_size = sizeof verdict};
  bp_report_verdict(report, &verdict);
  print_report(asked, report, &verdict);
  bp_report_free(report);
  return verdict_exit(asked, &verdict);
}

int command_verify(const options *asked) {
  receipt_list receipts = {0};
  int code = asked->receipts != NULL ? receipts_load(asked->receipts, &receipts) : EXIT_FINE;
  if (code == EXIT_FINE) code = session_verify(asked, verify_store, &receipts);
  receipts_free(&receipts);
  return code;
}
