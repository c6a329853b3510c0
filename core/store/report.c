#include "store/report.h"

#include "base/status.h"

bp_status bpi_report_new(const bpi_memory *memory, bp_report **report, bp_error *error) {
  *report = bpi_allocate(memory, sizeof **report);
  if (*report == NULL) return bpi_fail(error, BP_NO_MEMORY, "making a report");
  (*report)->memory = *memory;
  (*report)->verdict.first_unproven = UINT64_MAX;
  bpi_findings_init(&(*report)->findings, memory);
  return BP_OK;
}

void bpi_report_decide(bp_report *report, int receipts_given) {
  uint64_t counts[BP_SEVERITY_UNCHECKED + 1] = {0};
  for (size_t i = 0; i < report->findings.count; i++) counts[report->findings.items[i].severity]++;
  bp_verdict *verdict = &report->verdict;
  verdict->notes = counts[BP_SEVERITY_NOTE];
  verdict->findings = report->findings.count - verdict->notes;
  if (counts[BP_SEVERITY_DAMAGE] > 0) {
    verdict->verdict = BP_VERDICT_DAMAGED;
  } else if (counts[BP_SEVERITY_CONTRADICTION] > 0) {
    verdict->verdict = BP_VERDICT_CONTRADICTED;
  } else if (counts[BP_SEVERITY_UNCHECKED] > 0) {
    verdict->verdict = BP_VERDICT_INCOMPLETE;
  } else {
    verdict->verdict = receipts_given ? BP_VERDICT_ATTESTED : BP_VERDICT_CONSISTENT;
  }
}

const bp_finding *bp_report_findings(const bp_report *report, size_t *count) {
  if (count != NULL) *count = report == NULL ? 0 : report->findings.count;
  return report == NULL ? NULL : report->findings.items;
}

bp_status bp_report_verdict(const bp_report *report, bp_verdict *verdict) {
  if (report == NULL || verdict == NULL) return BP_ARGUMENT;
  uint32_t size = verdict->struct_size;
  if (bpi_check_struct(verdict, size, sizeof *verdict, sizeof *verdict, NULL) != BP_OK) return BP_STRUCT_SIZE;
  *verdict = report->verdict;
  verdict->struct_size = size;
  return BP_OK;
}

void bp_report_free(bp_report *report) {
  if (report == NULL) return;
  bpi_memory memory = report->memory;
  bpi_findings_free(&report->findings);
  bpi_release(&memory, report, sizeof *report);
}

const char *bp_verdict_name(uint32_t verdict) {
  switch (verdict) {
    case BP_VERDICT_DAMAGED: return "DAMAGED";
    case BP_VERDICT_CONTRADICTED: return "CONTRADICTED";
    case BP_VERDICT_INCOMPLETE: return "INCOMPLETE";
    case BP_VERDICT_ATTESTED: return "ATTESTED";
    case BP_VERDICT_CONSISTENT: return "CONSISTENT";
    default: return "UNKNOWN";
  }
}

const char *bp_severity_name(uint32_t severity) {
  switch (severity) {
    case BP_SEVERITY_NOTE: return "note";
    case BP_SEVERITY_DAMAGE: return "damage";
    case BP_SEVERITY_CONTRADICTION: return "contradiction";
    case BP_SEVERITY_UNCHECKED: return "unchecked";
    default: return "unknown";
  }
}
