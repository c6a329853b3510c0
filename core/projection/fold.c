/* The fold: a function run over events in commit order, fed by pages.  The store is held from the first to the last. */
#include "store/page.h"

#include <string.h>

enum { PAGE_EVENTS = 1024 };

static int32_t step_page(const bp_page *page, bp_step step, void *user, bp_query *query, size_t *left) {
  size_t count;
  const bp_event *events = bp_page_events(page, &count);
  for (size_t i = 0; i < count; i++) {
    int32_t answer = step(user, &events[i]);
    if (answer != 0) return answer;
  }
  if (count > 0) {
    query->flags |= BP_QUERY_AFTER;
    query->after = events[count - 1].sequence;
  }
  *left -= count;
  return BP_OK;
}

static bp_status fold(bp_store *store, bp_query *query, size_t left, bp_step step, void *user, bp_error *error) {
  bp_page *page;
  bp_status status = bp_page_new(&page, error);
  if (status != BP_OK) return status;
  int more = 1;
  while (status == BP_OK && more && left > 0) {
    query->limit = left < PAGE_EVENTS ? left : PAGE_EVENTS;
    status = bpi_store_fill_page(store, query, page, error);
    if (status == BP_OK) {
      more = bp_page_more(page);
      status = step_page(page, step, user, query, &left);
    }
  }
  bp_page_free(page);
  return status;
}

bp_status bp_store_fold(const bp_store *store, const bp_query *query, bp_step step, void *user, bp_error *error) {
  bp_query paged;
  if (step == NULL) return bpi_fail(error, BP_ARGUMENT, "step is NULL");
  (void)bp_query_init(&paged, sizeof paged);
  size_t left = SIZE_MAX;
  if (query != NULL) {
    bp_status status = bpi_check_struct(query, query->struct_size, sizeof *query, sizeof *query, error);
    if (status != BP_OK) return status;
    memcpy(&paged, query, sizeof paged);
    paged.struct_size = sizeof paged;
    left = query->limit;
  }
  bp_status status = bpi_store_enter(store, error);
  if (status != BP_OK) return status;
  status = fold(bpi_store_of(store), &paged, left, step, user, error);
  bpi_store_leave(store);
  return status;
}
