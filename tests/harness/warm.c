/* warm [EVENTS]: opens a store, appends so many events of 256 bytes with the flush left out, reads each back, closes.
 * On its own it only has to succeed; instructions.py counts what an event costs, by the difference of two runs. */
#include "support/store_fixture.h"

#include <stdlib.h>
#include <string.h>

enum { PAYLOAD = 256, ENTITIES = 50 };

int main(int count, char **arguments) {
  size_t events = count > 1 ? strtoull(arguments[1], NULL, 10) : 1000;
  char path[TEMPORARY_PATH_MAX], entity[32];
  uint8_t payload[PAYLOAD];
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.durability = BP_WRITTEN;
  config.sync_every_events = 0;
  temporary_create(path);
  bp_store *store = fixture_open(path, BP_MODE_CREATE, &config);
  bp_page *page;
  MUST(bp_page_new(&page, NULL));
  for (size_t i = 0; i < events; i++) {
    for (size_t k = 0; k < PAYLOAD; k++) payload[k] = (uint8_t)(i * 31 + k * 7);
    snprintf(entity, sizeof entity, "entity:%zu", i % ENTITIES);
    bp_draft draft = fixture_draft(entity, "");
    draft.payload = payload;
    draft.payload_length = sizeof payload;
    bp_receipt receipt = fixture_append(store, &draft);
    MUST(bp_store_get(store, receipt.event_id, page, NULL));
  }
  bp_page_free(page);
  fixture_close(store);
  temporary_remove(path);
  return 0;
}
