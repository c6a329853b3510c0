/* What open does with the bytes it finds. */
#ifndef BPI_STORE_RECOVER_H
#define BPI_STORE_RECOVER_H

#include "journal/directory.h"
#include "journal/scan.h"
#include "store/store_internal.h"

/* Reads every segment of `directory` into the index and the findings; on a mutable open repairs what a crash left. */
bp_status bpi_store_recover(bp_store *store, const bpi_directory *directory, bp_error *error);

/* Makes one scanned segment such that this library and the reference read it whole: cuts what is no event off its end,
 * gives it a footer with the numbers in use. */
bp_status bpi_repair_segment(bp_store *store, uint32_t ordinal, int is_last, bpi_bytes file, const bpi_scan *scan,
                             bp_error *error);

/* Removes what earlier crashes left beside the segments, and the reference's index files: it would believe them, and what
 * they do not know of the segments written here would be lost to it (the extensions). */
bp_status bpi_remove_leftovers(bp_store *store, const bpi_directory *directory, bp_error *error);

#endif
