#include "support/store_fixture.h"

#include <criterion/criterion.h>

static char path[TEMPORARY_PATH_MAX];
static bp_store *store;
static bp_error error;

static void set_up(void) {
  temporary_create(path);
  store = fixture_open(path, BP_MODE_CREATE, NULL);
  error = fixture_error();
}
static void tear_down(void) {
  if (store != NULL) fixture_close(store);
  temporary_remove(path);
}

TestSuite(fold, .init = set_up, .fini = tear_down);

static void append_many(size_t count) {
  bp_draft draft = fixture_draft("a", "x");
  draft.durability = BP_WRITTEN;
  for (size_t i = 0; i < count; i++) {
    draft.entity = (const uint8_t *)(i % 3 == 0 ? "b" : "a");
    fixture_append(store, &draft);
  }
}

typedef struct {
  size_t count;
  uint64_t last;
  size_t stop_at;
  int32_t answer;
  int read_inside;
  int failed;
} state;

static int32_t step(void *user, const bp_event *event) {
  state *s = user;
  if (s->count > 0 && event->sequence <= s->last) s->failed = 1;
  if (event->status != BP_OK) s->failed = 1;
  s->last = event->sequence;
  s->count++;
  if (s->read_inside) {
    bp_page *page;
    size_t found;
    uint8_t id[16];
    memcpy(id, event->event_id, 16);
    MUST(bp_page_new(&page, NULL));
    MUST(bp_store_get(store, id, page, NULL));
    if (bp_page_events(page, &found)->sequence != event->sequence || found != 1) s->failed = 1;
    bp_page_free(page);
    if (memcmp(event->event_id, id, 16) != 0) s->failed = 1;
  }
  return s->count == s->stop_at ? s->answer : 0;
}

static bp_query all(void) {
  bp_query query = fixture_query();
  query.limit = SIZE_MAX;
  return query;
}

Test(fold, passes_every_event_in_commit_order) {
  append_many(3000); /* more than one page of its own */
  state s = {0};
  bp_query query = all();
  MUST(bp_store_fold(store, &query, step, &s, NULL));
  cr_assert_eq(s.count, 3001);
  cr_assert_eq(s.last, 3000);
  cr_assert_not(s.failed);
  s = (state){0};
  MUST(bp_store_fold(store, NULL, step, &s, NULL));
  cr_assert_eq(s.count, 3001, "no query is everything");
}

Test(fold, keeps_to_its_query) {
  append_many(300);
  state s = {0};
  bp_query query = all();
  query.flags = BP_QUERY_ENTITY | BP_QUERY_AFTER;
  query.entity = (const uint8_t *)"b";
  query.entity_length = 1;
  query.after = 100;
  MUST(bp_store_fold(store, &query, step, &s, NULL));
  cr_assert_eq(s.count, 66); /* of 1, 4, 7 ... 298 those above 100 */
  cr_assert_not(s.failed);
}

Test(fold, a_limit_counts_over_the_whole_fold) {
  append_many(3000);
  static const size_t limits[] = {0, 1, 1023, 1024, 1025, 2500, 3001, 9999};
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    state s = {0};
    bp_query query = all();
    query.limit = limits[i];
    MUST(bp_store_fold(store, &query, step, &s, NULL));
    cr_assert_eq(s.count, limits[i] < 3001 ? limits[i] : 3001, "limit %zu", limits[i]);
  }
  state s = {0};
  bp_query query;
  MUST(bp_query_init(&query, sizeof query));
  MUST(bp_store_fold(store, &query, step, &s, NULL));
  cr_assert_eq(s.count, 256, "what init sets counts here too");
}

Test(fold, pages_cut_by_bytes_are_no_end) {
  append_many(50);
  state s = {0};
  bp_query query = all();
  query.max_bytes = 1;
  MUST(bp_store_fold(store, &query, step, &s, NULL));
  cr_assert_eq(s.count, 51);
  cr_assert_not(s.failed);
}

Test(fold, ends_with_the_step_s_answer) {
  append_many(10);
  static const int32_t answers[] = {1, -1, 12345, BP_STOPPED, INT32_MIN};
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    state s = {.stop_at = 4, .answer = answers[i]};
    bp_query query = all();
    cr_assert_eq(bp_store_fold(store, &query, step, &s, NULL), answers[i]);
    cr_assert_eq(s.count, 4);
  }
}

Test(fold, a_step_may_read_from_the_store) {
  append_many(100);
  state s = {.read_inside = 1};
  bp_query query = all();
  MUST(bp_store_fold(store, &query, step, &s, NULL));
  cr_assert_eq(s.count, 101);
  cr_assert_not(s.failed);
}

static int32_t appending_step(void *user, const bp_event *event) {
  size_t *count = user;
  (void)event;
  if (++*count <= 5) fixture_append_text(store, "c", "made by the fold");
  return 0;
}

Test(fold, a_step_may_append_and_the_fold_still_ends) {
  append_many(10);
  size_t count = 0;
  bp_query query = all();
  MUST(bp_store_fold(store, &query, appending_step, &count, NULL));
  cr_assert_geq(count, 11);
  cr_assert_leq(count, 16);
  cr_assert_eq(fixture_count(store, NULL), 16);
}

static int32_t damage_step(void *user, const bp_event *event) {
  size_t *damaged = user;
  if (event->status == BP_DAMAGED_FRAME) ++*damaged;
  return 0;
}

Test(fold, shows_an_event_that_cannot_be_read) {
  append_many(10);
  bp_receipt receipt = fixture_append_text(store, "a", "damaged");
  fixture_close(store);
  fixture_flip(path, "000001.fbat", (size_t)receipt.offset + 20, 1);
  store = fixture_open(path, BP_MODE_READ_ONLY, NULL);
  size_t damaged = 0;
  bp_query query = all();
  MUST(bp_store_fold(store, &query, damage_step, &damaged, NULL));
  cr_assert_eq(damaged, 1);
}

Test(fold, calls_that_make_no_sense_are_refused) {
  bp_query query = all();
  state s = {0};
  cr_assert_eq(bp_store_fold(store, &query, NULL, &s, &error), BP_ARGUMENT);
  cr_assert_eq(bp_store_fold(NULL, &query, step, &s, &error), BP_ARGUMENT);
  query.struct_size = 3;
  cr_assert_eq(bp_store_fold(store, &query, step, &s, &error), BP_STRUCT_SIZE);
  query = all();
  query.flags = 1024;
  cr_assert_eq(bp_store_fold(store, &query, step, &s, &error), BP_ARGUMENT);
  cr_assert_eq(s.count, 0);
}
