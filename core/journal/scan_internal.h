/* Between the files that scan a segment. */
#ifndef BPI_JOURNAL_SCAN_INTERNAL_H
#define BPI_JOURNAL_SCAN_INTERNAL_H

#include "journal/scan.h"

/* 1 if the footer decided what the segment holds: its table is exact and every row can be read. */
int bpi_scan_by_footer(bpi_scan *scan, const bpi_footer *footer, bpi_bytes file, int fits, uint64_t segment_id,
                       bpi_findings *findings, bp_status *status);

/* Do the bytes check as one frame, were it not for the length they declare?  A write that was cut off does not.  They may
 * end in a few zeros of those behind them. */
int bpi_scan_has_wrong_length(bpi_bytes file, size_t offset, size_t bytes);

#endif
