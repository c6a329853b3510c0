/* A whole store.  An input that begins with a number below 8 is a list of files: a byte for the name, four for the length
 * (little-endian), the bytes; any other is the file 000001.fbat.
 *
 * Whatever lies there: opening it read-only changes nothing; what can be read then can be read, with the same bytes, after
 * a mutable open, which takes a new event; nothing crashes. */
#include "base/bytes.h"
#include "support/fuzz.h"
#include "support/reseal.h"
#include "support/sim.h"

enum { NAMES = 8, FILES_MOST = 8, EVENTS_MOST = 4096 };

static const char *const names[NAMES] = {
    "store/000001.fbat",          "store/000002.fbat", "store/000003.fbat", "store/visibility_ranges.fbv",
    "store/000001.fbat.compact-src", "store/compaction.pending.json", "store/index.ckpt", "store/0000001.fbat"};

static void put_files(sim_system *sim, uint8_t *data, size_t size, int reseal) {
  if (size == 0 || data[0] >= NAMES) {
    if (reseal) reseal_segment(data, size);
    sim_put(sim, names[0], data, size);
    return;
  }
  for (size_t at = 0, files = 0; size - at >= 5 && data[at] < NAMES && files < FILES_MOST; files++) {
    uint8_t name = data[at];
    size_t length = bpi_load_le32(data + at + 1);
    at += 5;
    if (length > size - at) length = size - at;
    if (reseal && name == 3) reseal_hidden(data + at, length);
    if (reseal && name != 3 && name != 5) reseal_segment(data + at, length);
    sim_put(sim, names[name], data + at, length);
    at += length;
  }
}

/* What was read of one event. */
typedef struct seen {
  uint8_t id[16];
  uint64_t sequence;
  uint64_t digest;
} seen;

typedef struct seen_list {
  seen items[EVENTS_MOST];
  size_t count;
} seen_list;

static uint64_t digest_of(const bp_event *event) {
  uint64_t sum = event->kind * 31u + event->clock;
  for (size_t i = 0; i < event->payload_length; i++) sum = sum * 131 + event->payload[i];
  for (size_t i = 0; i < event->entity_length; i++) sum = sum * 131 + event->entity[i];
  for (size_t i = 0; i < event->extension_count; i++) {
    const bp_extension *extension = &event->extensions[i];
    for (size_t k = 0; k < extension->name_length; k++) sum = sum * 131 + extension->name[k];
    for (size_t k = 0; k < extension->value_length; k++) sum = sum * 131 + extension->value[k];
  }
  return sum;
}

static void note_event(seen_list *list, const bp_event *event) {
  if (event->status != BP_OK || list->count == EVENTS_MOST) return;
  seen *item = &list->items[list->count++];
  memcpy(item->id, event->event_id, sizeof item->id);
  item->sequence = event->sequence;
  item->digest = digest_of(event);
}

static void read_all(const bp_store *store, seen_list *list) {
  bp_page *page;
  bp_query query;
  size_t count;
  uint64_t next = 0;
  list->count = 0;
  MUST(bp_page_new(&page, NULL) == BP_OK && bp_query_init(&query, sizeof query) == BP_OK);
  do {
    MUST(bp_store_page(store, &query, page, NULL) == BP_OK);
    const bp_event *events = bp_page_events(page, &count);
    for (size_t i = 0; i < count; i++) {
      MUST(events[i].sequence >= next);
      next = events[i].sequence + 1;
      note_event(list, &events[i]);
    }
    query.flags = BP_QUERY_AFTER;
    query.after = next - 1;
  } while (bp_page_more(page));
  for (size_t i = 0; i < list->count && i < 64; i++) {
    MUST(bp_store_get(store, list->items[i].id, page, NULL) != BP_NOT_FOUND);
    MUST(bp_store_walk(store, list->items[i].id, 16, page, NULL) == BP_OK);
  }
  bp_page_free(page);
}

static void verify(const bp_store *store) {
  bp_report *report;
  MUST(bp_store_verify(store, NULL, &report, NULL) == BP_OK);
  bp_report_free(report);
}

static bp_status open_store(sim_system *sim, uint32_t mode, bp_store **store) {
  bp_config config;
  bp_error error = {.struct_size = sizeof error};
  MUST(bp_config_init(&config, sizeof config) == BP_OK);
  config.mode = mode;
  config.system = sim_table(sim);
  bp_status status = bp_store_open("store", &config, store, &error);
  MUST(status == error.code || status == BP_OK);
  MUST(status == BP_OK || status == BP_NO_STORE || status == BP_NOT_A_STORE || status == BP_NEWER_VERSION ||
       status == BP_COMPACTION_PENDING || status == BP_HIDDEN_RANGES || status == BP_UNSUPPORTED);
  return status;
}

static bp_status append(bp_store *store, uint8_t id[16]) {
  bp_draft draft;
  bp_receipt receipt;
  MUST(bp_draft_init(&draft, sizeof draft) == BP_OK && bp_receipt_init(&receipt, sizeof receipt) == BP_OK);
  draft.kind = 0xF001;
  draft.entity = draft.scope = (const uint8_t *)"fuzz";
  draft.entity_length = draft.scope_length = 4;
  bp_status status = bp_store_append(store, &draft, &receipt, NULL);
  if (status == BP_OK) memcpy(id, receipt.event_id, 16);
  return status;
}

static int holds(const seen_list *list, const seen *item) {
  for (size_t i = 0; i < list->count; i++) {
    if (list->items[i].digest == item->digest && memcmp(list->items[i].id, item->id, sizeof item->id) == 0) return 1;
  }
  return 0;
}

static seen_list before, after;

static void write_and_compare(sim_system *sim, int was_readable) {
  bp_store *store;
  uint8_t id[16];
  if (open_store(sim, BP_MODE_MUST_EXIST, &store) != BP_OK) return;
  MUST(was_readable);
  read_all(store, &after);
  for (size_t i = 0; i < before.count; i++) MUST(after.count == EVENTS_MOST || holds(&after, &before.items[i]));
  verify(store);
  bp_status status = append(store, id);
  MUST(status == BP_OK || status == BP_CLOCK_OVERFLOW);
  MUST(bp_store_close(store, NULL) == BP_OK || status == BP_CLOCK_OVERFLOW);
  MUST(open_store(sim, BP_MODE_READ_ONLY, &store) == BP_OK);
  read_all(store, &after);
  for (size_t i = 0; i < before.count; i++) MUST(after.count == EVENTS_MOST || holds(&after, &before.items[i]));
  MUST(bp_store_close(store, NULL) == BP_OK);
}

static void run(const uint8_t *data, size_t size, int reseal) {
  bp_store *store;
  sim_system *sim = sim_new();
  uint8_t *copy = fuzz_copy(data, size);
  put_files(sim, copy, size, reseal);
  free(copy);
  uint64_t digest = sim_digest(sim);
  before.count = 0;
  int readable = open_store(sim, BP_MODE_READ_ONLY, &store) == BP_OK;
  if (readable) {
    read_all(store, &before);
    verify(store);
    MUST(bp_store_close(store, NULL) == BP_OK);
  }
  MUST(sim_digest(sim) == digest);
  write_and_compare(sim, readable);
  MUST(sim_open_files(sim) == 0 && sim_mapped_views(sim) == 0 && sim_misuses(sim) == 0);
  sim_free(sim);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  run(data, size, 0);
  run(data, size, 1);
  return 0;
}
