/* The reusable page: rows chosen from the index, then events read into one arena. */
#ifndef BPI_STORE_PAGE_H
#define BPI_STORE_PAGE_H

#include "store/store_internal.h"

struct bp_page {
  bpi_memory memory;
  bp_event *events;
  size_t count;
  size_t capacity;
  bpi_row *rows;           /* chosen, not yet read */
  size_t row_count;
  size_t row_capacity;
  uint8_t *bytes;          /* what the events' pointers point into */
  size_t length;
  size_t bytes_capacity;
  bpi_arena extensions;    /* arrays of bp_extension */
  int more;
};

/* bp_store_page within a call that has entered the store already. */
bp_status bpi_store_fill_page(bp_store *store, const bp_query *query, bp_page *page, bp_error *error);

void bpi_page_clear(bp_page *page);
/* Room for one more chosen row. */
bpi_row *bpi_page_add_row(bp_page *page);
/* Reads the chosen rows.  Events that cannot be read get their status.  BP_NO_MEMORY empties the page. */
bp_status bpi_page_read(bp_page *page, bp_store *store, bp_error *error);
/* Reads one row behind the events that are there; its frame must fit what bpi_page_reserve made room for. */
void bpi_page_read_row(bp_page *page, bp_store *store, const bpi_row *row, bp_event *event);
/* Room for events and bytes; earlier events move, their pointers are put right. */
bp_status bpi_page_reserve(bp_page *page, size_t events, size_t bytes);

#endif
