/* worker ROW DIRECTORY EVENTS: does one row of the comparison of languages in C, prints the seconds it took.
 *
 * worker.py and worker.mjs do the same work, line by line.  What is appended is made before the clock starts, and comes
 * round again after RING events, as near to the processor as what a program has just made; in the rows that end in `-cold`
 * each event has memory of its own, which nobody has touched for long.  Every receipt and every event is looked at.  `prepare` leaves the store that `iterate` reads, `prepare-typed` that of
 * `typed-decode`. */
#include "../bench.h"

#include <batpak/ffi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KIND = 0xF001, TYPED_KIND = 0xF002, CALL = 1000, SMALL_CALL = 100, PAGE = 1024, RING = 1000 };

static bp_error failure = {.struct_size = sizeof failure};
static volatile uint64_t sink;

static void must(bp_status status) {
  if (status == BP_OK) return;
  fprintf(stderr, "worker: %s: %s\n", bp_status_name(status), failure.text);
  exit(1);
}

static bp_store *open_store(const char *path, uint32_t durability) {
  bp_config config;
  bp_store *store;
  must(bp_config_init(&config, sizeof config));
  config.durability = durability;
  config.sync_every_events = 0;
  must(bp_store_open(path, &config, &store, &failure));
  return store;
}

static bp_store *open_read_only(const char *path) {
  bp_config config;
  bp_store *store;
  must(bp_config_init(&config, sizeof config));
  config.mode = BP_MODE_READ_ONLY;
  must(bp_store_open(path, &config, &store, &failure));
  return store;
}

/* Not timed, so that every language has its caches warm and its code compiled. */
static size_t warm_up(size_t events) { return events / 4; }

typedef struct {
  char entity[32];
  size_t entity_length;
  uint8_t payload[BENCH_PAYLOAD];
} material;

static material *make_material(size_t count) {
  material *all = calloc(count, sizeof *all);
  if (all == NULL) bench_fail("no memory");
  for (size_t i = 0; i < count; i++) {
    all[i].entity_length = bench_entity(i % bench_entities(count), all[i].entity);
    bench_payload(i, all[i].payload);
  }
  return all;
}

static void fill_draft(bp_draft *draft, const material *m) {
  must(bp_draft_init(draft, sizeof *draft));
  draft->entity = (const uint8_t *)m->entity;
  draft->entity_length = m->entity_length;
  draft->scope = (const uint8_t *)"bench";
  draft->scope_length = 5;
  draft->kind = KIND;
  draft->payload = m->payload;
  draft->payload_length = sizeof m->payload;
}

static void append_some(bp_store *store, const material *ring, size_t length, size_t from, size_t to) {
  bp_receipt receipt;
  bp_draft draft;
  for (size_t i = from; i < to; i++) {
    must(bp_receipt_init(&receipt, sizeof receipt));
    fill_draft(&draft, &ring[i % length]);
    must(bp_store_append(store, &draft, &receipt, &failure));
    sink += receipt.sequence;
  }
}

static double append_each(const char *path, size_t events, size_t length, uint32_t durability) {
  size_t warm = warm_up(events);
  material *ring = make_material(length);
  bp_store *store = open_store(path, durability);
  append_some(store, ring, length, 0, warm);
  double begin = bench_now();
  append_some(store, ring, length, warm, warm + events);
  double seconds = bench_now() - begin;
  must(bp_store_close(store, &failure));
  free(ring);
  return seconds;
}

static double durable(const char *path, size_t events) { return append_each(path, events, RING, BP_DURABLE); }
static double written(const char *path, size_t events) { return append_each(path, events, RING, BP_WRITTEN); }
static double written_cold(const char *path, size_t events) {
  return append_each(path, events, warm_up(events) + events, BP_WRITTEN);
}

static void append_calls(bp_store *store, const bp_draft *ring, size_t length, size_t call, size_t from, size_t to,
                         bp_receipt *receipts) {
  for (size_t i = from; i < to; i += call) {
    size_t accepted, some = to - i < call ? to - i : call;
    must(bp_store_append_many(store, ring + i % length, some, receipts, &accepted, &failure));
    for (size_t k = 0; k < accepted; k++) sink += receipts[k].sequence;
  }
}

/* `call` drafts at a time; `length` is whole calls. */
static double append_many(const char *path, size_t events, size_t length, uint32_t durability, size_t call) {
  size_t warm = warm_up(events) / call * call;
  material *all = make_material(length);
  bp_draft *ring = calloc(length, sizeof *ring);
  bp_receipt *receipts = calloc(call, sizeof *receipts);
  if (ring == NULL || receipts == NULL) bench_fail("no memory");
  for (size_t i = 0; i < length; i++) fill_draft(&ring[i], &all[i]);
  for (size_t i = 0; i < call; i++) must(bp_receipt_init(&receipts[i], sizeof *receipts));
  bp_store *store = open_store(path, durability);
  append_calls(store, ring, length, call, 0, warm, receipts);
  double begin = bench_now();
  append_calls(store, ring, length, call, warm, warm + events, receipts);
  double seconds = bench_now() - begin;
  must(bp_store_close(store, &failure));
  free(receipts);
  free(ring);
  free(all);
  return seconds;
}

static double many(const char *path, size_t events) { return append_many(path, events, RING, BP_DURABLE, CALL); }
static double many_small(const char *path, size_t events) { return append_many(path, events, RING, BP_DURABLE, SMALL_CALL); }
static double many_written(const char *path, size_t events) { return append_many(path, events, RING, BP_WRITTEN, CALL); }
static double many_cold(const char *path, size_t events) {
  return append_many(path, events, (warm_up(events) + events) / CALL * CALL + CALL, BP_WRITTEN, CALL);
}

/* ------------------------------------------------------------------------------------------------- typed events -- */

/* order: integer, symbol: string, price: double, count: integer, open: boolean. */
typedef struct {
  uint64_t order;
  char symbol[16];
  double price;
  uint64_t count;
  int open;
} placed;

typedef struct {
  placed event;
  char entity[32];
  size_t entity_length;
} placing;

enum { FIELDS = 5 };
static const char keys[] = "ordersymbolpricecountopen";
static const uint8_t key_lengths[FIELDS] = {5, 6, 5, 5, 4};

static placed make_placed(size_t number) {
  placed p = {.order = number, .price = (double)number / 8, .count = number % 100, .open = number % 2 == 0};
  snprintf(p.symbol, sizeof p.symbol, "SYM-%05zu", number % 100000);
  return p;
}

static size_t encode(const placed *p, uint8_t *buffer, size_t capacity) {
  uint8_t arena[sizeof keys + sizeof p->symbol];
  bp_token tokens[1 + 2 * FIELDS] = {{BP_TOKEN_MAP, 0, FIELDS, 0}};
  size_t symbol_length = strlen(p->symbol), needed, at = 0;
  uint64_t price;
  memcpy(&price, &p->price, sizeof price);
  memcpy(arena, keys, sizeof keys - 1);
  memcpy(arena + sizeof keys - 1, p->symbol, symbol_length);
  const bp_token values[FIELDS] = {{BP_TOKEN_UINT, 0, p->order, 0},
                                   {BP_TOKEN_STRING, 0, symbol_length, sizeof keys - 1},
                                   {BP_TOKEN_FLOAT64, 0, price, 0},
                                   {BP_TOKEN_UINT, 0, p->count, 0},
                                   {BP_TOKEN_BOOL, 0, (uint64_t)p->open, 0}};
  for (size_t i = 0; i < FIELDS; i++) {
    tokens[1 + 2 * i] = (bp_token){BP_TOKEN_STRING, 0, key_lengths[i], at};
    tokens[2 + 2 * i] = values[i];
    at += key_lengths[i];
  }
  must(bp_payload_encode(tokens, 1 + 2 * FIELDS, arena, sizeof keys - 1 + symbol_length, buffer, capacity, &needed,
                         &failure));
  return needed;
}

static void decode(const bp_event *event, placed *p) {
  bp_token tokens[1 + 2 * FIELDS];
  size_t count, at = 0;
  must(bp_payload_decode(event->payload, event->payload_length, tokens, 1 + 2 * FIELDS, &count, &failure));
  if (count != 1 + 2 * FIELDS || tokens[0].type != BP_TOKEN_MAP) bench_fail("another shape");
  for (size_t i = 0; i < FIELDS; i++) {
    const bp_token *key = &tokens[1 + 2 * i];
    if (key->number != key_lengths[i] || memcmp(event->payload + key->offset, keys + at, key_lengths[i]) != 0) {
      bench_fail("another key");
    }
    at += key_lengths[i];
  }
  p->order = tokens[2].number;
  memcpy(p->symbol, event->payload + tokens[4].offset, tokens[4].number < 15 ? tokens[4].number : 15);
  p->symbol[tokens[4].number < 15 ? tokens[4].number : 15] = 0;
  memcpy(&p->price, &tokens[6].number, sizeof p->price);
  p->count = tokens[8].number;
  p->open = tokens[10].number != 0;
}

static placing *make_placings(size_t count) {
  placing *all = calloc(count, sizeof *all);
  if (all == NULL) bench_fail("no memory");
  for (size_t i = 0; i < count; i++) {
    all[i].event = make_placed(i);
    all[i].entity_length = bench_entity(i % bench_entities(count), all[i].entity);
  }
  return all;
}

static void append_typed(bp_store *store, const placing *all, size_t from, size_t to) {
  uint8_t payload[256];
  bp_draft draft;
  bp_receipt receipt;
  for (size_t i = from; i < to; i++) {
    must(bp_receipt_init(&receipt, sizeof receipt));
    must(bp_draft_init(&draft, sizeof draft));
    draft.entity = (const uint8_t *)all[i].entity;
    draft.entity_length = all[i].entity_length;
    draft.scope = (const uint8_t *)"bench";
    draft.scope_length = 5;
    draft.kind = TYPED_KIND;
    draft.payload = payload;
    draft.payload_length = encode(&all[i].event, payload, sizeof payload);
    must(bp_store_append(store, &draft, &receipt, &failure));
    sink += receipt.sequence;
  }
}

static double typed_append(const char *path, size_t events) {
  size_t warm = warm_up(events);
  placing *all = make_placings(warm + events);
  bp_store *store = open_store(path, BP_WRITTEN);
  append_typed(store, all, 0, warm);
  double begin = bench_now();
  append_typed(store, all, warm, warm + events);
  double seconds = bench_now() - begin;
  must(bp_store_close(store, &failure));
  free(all);
  return seconds;
}

/* ----------------------------------------------------------------------------------------------------- reading -- */

static void look(const bp_event *event) {
  sink += event->sequence + event->event_id[0] + event->entity[0] + event->payload[0];
}

static void look_typed(const bp_event *event) {
  placed p;
  decode(event, &p);
  sink += p.order + p.count;
}

static double read_all(const char *path, size_t events, uint32_t kind, void (*use)(const bp_event *event)) {
  bp_store *store = open_read_only(path);
  bp_page *page;
  bp_query query;
  size_t total = 0, count;
  must(bp_page_new(&page, &failure));
  must(bp_query_init(&query, sizeof query));
  query.limit = PAGE;
  query.kind_filter = BP_KIND_EXACT;
  query.kind = kind;
  double begin = bench_now();
  do {
    must(bp_store_page(store, &query, page, &failure));
    const bp_event *found = bp_page_events(page, &count);
    for (size_t i = 0; i < count; i++) {
      must(found[i].status);
      use(&found[i]);
    }
    if (count > 0) {
      query.flags |= BP_QUERY_AFTER;
      query.after = found[count - 1].sequence;
    }
    total += count;
  } while (bp_page_more(page));
  double seconds = bench_now() - begin;
  if (total != events) bench_fail("not all events were read");
  bp_page_free(page);
  must(bp_store_close(store, &failure));
  return seconds;
}

static double iterate(const char *path, size_t events) { return read_all(path, events, KIND, look); }
static double typed_decode(const char *path, size_t events) { return read_all(path, events, TYPED_KIND, look_typed); }

static double prepare(const char *path, size_t events) {
  material *all = make_material(events);
  bp_store *store = open_store(path, BP_WRITTEN);
  append_some(store, all, events, 0, events);
  must(bp_store_close(store, &failure));
  free(all);
  return 0;
}

static double prepare_typed(const char *path, size_t events) {
  placing *all = make_placings(events);
  bp_store *store = open_store(path, BP_WRITTEN);
  append_typed(store, all, 0, events);
  must(bp_store_close(store, &failure));
  free(all);
  return 0;
}

int main(int count, char **words) {
  static const struct {
    const char *name;
    double (*work)(const char *path, size_t events);
  } rows[] = {{"durable", durable}, {"written", written}, {"many", many}, {"many-100", many_small}, {"many-written", many_written},
              {"written-cold", written_cold}, {"many-cold", many_cold}, {"iterate", iterate}, {"columns", iterate}, {"typed-append", typed_append},
              {"typed-decode", typed_decode}, {"prepare", prepare}, {"prepare-typed", prepare_typed}};
  if (count != 4) bench_fail("worker ROW DIRECTORY EVENTS");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (strcmp(rows[i].name, words[1]) == 0) {
      printf("%.9f\n", rows[i].work(words[2], strtoull(words[3], NULL, 10)));
      return 0;
    }
  }
  bench_fail("no row has this name");
}
