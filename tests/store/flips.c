/* One bit flipped, anywhere in the segments of a closed store: verify finds it or it is harmless, all other events stay
 * readable, and no event is ever shown with other bytes. */
#include "support/sim.h"
#include "support/store_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { EVENTS = 6, MOST = EVENTS + 8 };

static sim_system *sim;
static bp_config config;
static bpi_buffer content;
static bp_page *original_page;
static const bp_event *originals;
static size_t original_count;
static char file[64];

static void make_store(uint64_t segment_max_bytes) {
  bpi_memory memory = bpi_memory_default();
  bpi_buffer_init(&content, &memory);
  sim = sim_new();
  config = fixture_config(BP_MODE_CREATE);
  config.system = sim_table(sim);
  config.segment_max_bytes = segment_max_bytes;
  bp_store *store = fixture_open("store", BP_MODE_CREATE, &config);
  const bp_extension extension = {(const uint8_t *)"a.b", 3, (const uint8_t *)"\x7f\x80", 2};
  for (int i = 0; i < EVENTS; i++) {
    char payload[16];
    snprintf(payload, sizeof payload, "payload %d", i);
    bp_draft draft = fixture_draft(i % 2 ? "a" : "b:1", payload);
    draft.extensions = &extension;
    draft.extension_count = (size_t)(i % 2);
    fixture_append(store, &draft);
  }
  fixture_close(store);
  store = fixture_open("store", BP_MODE_READ_ONLY, &config);
  original_page = fixture_page(store, NULL, &originals, &original_count);
  cr_assert_leq(original_count, MOST);
  fixture_close(store);
}

static void forget_store(void) {
  bp_page_free(original_page);
  bpi_buffer_free(&content);
  sim_free(sim);
}

static int same(const bp_event *a, const bp_event *b) {
  return a->kind == b->kind && a->clock == b->clock && a->wall_ms == b->wall_ms &&
         a->timestamp_us == b->timestamp_us && a->flags == b->flags && a->lane == b->lane && a->depth == b->depth &&
         memcmp(a->event_id, b->event_id, 16) == 0 && memcmp(a->correlation_id, b->correlation_id, 16) == 0 &&
         memcmp(a->causation_id, b->causation_id, 16) == 0 && memcmp(a->prev_hash, b->prev_hash, 32) == 0 &&
         memcmp(a->event_hash, b->event_hash, 32) == 0 && a->entity_length == b->entity_length &&
         memcmp(a->entity, b->entity, a->entity_length) == 0 && a->payload_length == b->payload_length &&
         memcmp(a->payload, b->payload, a->payload_length) == 0 && a->extension_count == b->extension_count;
}

/* How many of the originals are there, whole; an event that is none of them must say why it cannot be read.  Numbers are
 * in footers alone: with `numbers` they must be the same. */
static size_t count_whole(const bp_store *store, uint64_t at, int numbers) {
  const bp_event *events;
  size_t count, whole = 0;
  bp_page *page = fixture_page(store, NULL, &events, &count);
  for (size_t i = 0; i < count; i++) {
    size_t k = 0;
    while (k < original_count && !same(&originals[k], &events[i])) k++;
    if (k < original_count && (!numbers || originals[k].sequence == events[i].sequence)) whole++;
    if (k == original_count && events[i].status == BP_OK) {
      cr_assert_fail("%s byte %llu: sequence %llu is another event", file, (unsigned long long)at,
                     (unsigned long long)events[i].sequence);
    }
  }
  bp_page_free(page);
  return whole;
}

static void judge(uint64_t at) {
  bp_error error = fixture_error();
  bp_config reading = config;
  bp_store *store;
  reading.mode = BP_MODE_READ_ONLY;
  bp_status status = bp_store_open("store", &reading, &store, &error);
  cr_assert(status == BP_OK || status == BP_NEWER_VERSION, "%s byte %llu: %s", file, (unsigned long long)at, error.text);
  if (status != BP_OK) return;
  bp_report *report = fixture_verify(store, NULL);
  uint32_t verdict = fixture_verdict(report).verdict;
  size_t whole = count_whole(store, at, verdict == BP_VERDICT_CONSISTENT);
  if (verdict == BP_VERDICT_CONSISTENT && whole < original_count) fixture_print_findings(report);
  if (verdict == BP_VERDICT_CONSISTENT) {
    cr_assert_eq(whole, original_count, "%s byte %llu: called consistent", file, (unsigned long long)at);
  }
  cr_assert_geq(whole + 1, original_count, "%s byte %llu: more than one event is gone", file, (unsigned long long)at);
  bp_report_free(report);
  fixture_close(store);
}

static void flip_all(void) {
  for (unsigned id = 1; id < 20; id++) {
    snprintf(file, sizeof file, "store/%06u.fbat", id);
    content.length = 0;
    if (!sim_get(sim, file, &content)) break;
    for (uint64_t at = 0; at < content.length; at++) {
      uint8_t bit = (uint8_t)(1u << (at * 5 + id) % 8);
      sim_flip(sim, file, at, bit);
      judge(at);
      sim_flip(sim, file, at, bit);
    }
    cr_assert_lt(id, 19);
  }
}

/* P-017 */
Test(flips, one_segment) {
  make_store(1 << 20);
  flip_all();
  forget_store();
}

/* P-017 */
Test(flips, several_segments) {
  make_store(1700);
  flip_all();
  forget_store();
}

/* A killed store has no footer to compare with. */
/* P-017 */
Test(flips, no_footer) {
  make_store(1 << 20);
  content.length = 0;
  cr_assert(sim_get(sim, "store/000001.fbat", &content));
  uint64_t frames_end = bpi_load_le64(content.data + content.length - 16);
  sim_put(sim, "store/000001.fbat", content.data, (size_t)frames_end);
  flip_all();
  forget_store();
}
