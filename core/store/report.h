/* A report: findings, and the verdict that follows from them. */
#ifndef BPI_STORE_REPORT_H
#define BPI_STORE_REPORT_H

#include "journal/findings.h"

struct bp_report {
  bpi_memory memory;
  bpi_findings findings;
  bp_verdict verdict;
};

bp_status bpi_report_new(const bpi_memory *memory, bp_report **report, bp_error *error);
/* Counts the findings and decides: the first of the verdicts that applies. */
void bpi_report_decide(bp_report *report, int receipts_given);

#endif
