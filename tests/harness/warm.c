/* What a warm write costs, counted: a group of one caller is one write and one flush, and nothing is allocated but the
 * ticket of a submission.
 *
 * warm              all kinds, durable, with all that is counted; the flush itself is left out
 * warm KIND COUNT   so many calls of one kind (append: each read back; batch: of 100; submit: each waited for), written;
 *                   instructions.py counts what an event costs, by the difference of two runs */
#include "support/check.h"
#include "support/store_fixture.h"
#include "sys/system.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { PAYLOAD = 256, ENTITIES = 50, BATCH = 100 };

/* --- counting */

static _Atomic uint64_t writes, flushes, allocations;

static int count_write(void *context, int file, uint64_t offset, const void *bytes, size_t length, size_t *done) {
  writes++;
  return bpi_system_real()->file_write(context, file, offset, bytes, length, done);
}

static int count_flush(void *context, int file, int data_only) {
  (void)context, (void)file, (void)data_only;
  flushes++;
  return 0;
}

static void *count_allocation(void *user, void *block, size_t old_size, size_t new_size) {
  (void)user, (void)old_size;
  if (new_size == 0) {
    free(block);
    return NULL;
  }
  allocations++;
  return realloc(block, new_size);
}

/* --- the kinds of calls */

static bp_store *store;
static bp_page *page;
static bp_draft drafts[BATCH];
static bp_receipt receipts[BATCH];
static uint8_t payloads[BATCH][PAYLOAD];
static char entities[BATCH][32];

/* Draft `place` becomes that of event `number`. */
static const bp_draft *make_draft(size_t place, size_t number) {
  for (size_t k = 0; k < PAYLOAD; k++) payloads[place][k] = (uint8_t)(number * 31 + k * 7);
  snprintf(entities[place], sizeof entities[place], "entity:%zu", number % ENTITIES);
  drafts[place] = fixture_draft(entities[place], "");
  drafts[place].payload = payloads[place];
  drafts[place].payload_length = PAYLOAD;
  return &drafts[place];
}

static void append(size_t number) {
  MUST(bp_store_append(store, make_draft(0, number), &receipts[0], NULL));
  MUST(bp_store_get(store, receipts[0].event_id, page, NULL));
}

static void append_batch(size_t number) {
  for (size_t i = 0; i < BATCH; i++) make_draft(i, number * BATCH + i);
  MUST(bp_store_append_batch(store, drafts, BATCH, receipts, NULL));
}

static void submit(size_t number) {
  bp_ticket *ticket;
  MUST(bp_store_submit(store, make_draft(0, number), &ticket, NULL));
  MUST(bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL));
  bp_ticket_free(ticket);
}

typedef struct kind {
  const char *name;
  void (*call)(size_t number);
  size_t events;                /* a call */
  uint64_t allocations;         /* a call */
} kind;

static const kind kinds[] = {{"append", append, 1, 0}, {"batch", append_batch, BATCH, 0}, {"submit", submit, 1, 1}};

enum { KINDS = sizeof kinds / sizeof *kinds };

static void begin(const char *path, bp_config *config) {
  config->sync_every_events = 0;
  store = fixture_open(path, BP_MODE_CREATE, config);
  MUST(bp_page_new(&page, NULL));
  for (size_t i = 0; i < BATCH; i++) receipts[i] = fixture_receipt();
}

static void end(const char *path) {
  bp_page_free(page);
  fixture_close(store);
  temporary_remove(path);
}

/* --- both modes */

/* Indexes double, and a table of them grows now and then: between two growths there is not one allocation more. */
static void count_calls(const kind *k) {
  enum { WARM_UP = 200, ROUNDS = 20, CALLS = 20, GROWTHS_MOST = 40 };
  char path[TEMPORARY_PATH_MAX];
  bp_system system = *bpi_system_real();
  system.file_write = count_write;
  system.file_sync = count_flush;
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.durability = BP_DURABLE;
  config.system = &system;
  config.reallocate = count_allocation;
  temporary_create(path);
  begin(path, &config);
  size_t number = 0;
  uint64_t least = UINT64_MAX, all = 0;
  while (number < WARM_UP) k->call(number++);
  for (int round = 0; round < ROUNDS; round++) {
    uint64_t writes_before = writes, flushes_before = flushes, before = allocations;
    for (int i = 0; i < CALLS; i++) k->call(number++);
    CHECK(writes - writes_before == CALLS, "%s: %d groups and not one write each", k->name, CALLS);
    CHECK(flushes - flushes_before == CALLS, "%s: %d groups and not one flush each", k->name, CALLS);
    uint64_t made = allocations - before;
    all += made;
    if (made < least) least = made;
  }
  printf("%s: one write and one flush a group, %u allocations in %u calls warm, %u in %u calls\n", k->name,
         (unsigned)least, CALLS, (unsigned)all, ROUNDS * CALLS);
  CHECK(least == k->allocations * CALLS, "%s: a warm call allocates", k->name);
  CHECK(all <= k->allocations * ROUNDS * CALLS + GROWTHS_MOST, "%s: more allocations than growths", k->name);
  end(path);
}

static void make_calls(const kind *k, size_t count) {
  char path[TEMPORARY_PATH_MAX];
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.durability = BP_WRITTEN;
  if (k->call == append_batch) {
    /* A batch is flushed whatever is asked for: instructions are the same without the disk's time. */
    static bp_system system;
    system = *bpi_system_real();
    system.file_sync = count_flush;
    config.system = &system;
  }
  temporary_create(path);
  begin(path, &config);
  for (size_t i = 0; i < count; i++) k->call(i);
  end(path);
}

int main(int count, char **arguments) {
  for (size_t i = 0; i < KINDS; i++) {
    if (count < 3) {
      count_calls(&kinds[i]);
    } else if (strcmp(kinds[i].name, arguments[1]) == 0) {
      make_calls(&kinds[i], strtoull(arguments[2], NULL, 10));
      return 0;
    }
  }
  return count < 3 ? 0 : 2;
}
