/* Pages, single events, ancestors. */
#include "support/store_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static char path[TEMPORARY_PATH_MAX];
static bp_store *store;
static bp_page *page;
static bp_query query;
static bp_error error;

static void set_up(void) {
  temporary_create(path);
  store = fixture_open(path, BP_MODE_CREATE, NULL);
  query = fixture_query();
  error = fixture_error();
  MUST(bp_page_new(&page, NULL));
}
static void tear_down(void) {
  bp_page_free(page);
  if (store != NULL) fixture_close(store);
  temporary_remove(path);
}

TestSuite(read, .init = set_up, .fini = tear_down);

static const bp_event *ask(size_t *count) {
  MUST(bp_store_page(store, &query, page, NULL));
  return bp_page_events(page, count);
}

/* The sequences of the answer as text: "1 4 9". */
static const char *asked(void) {
  static char text[4096];
  size_t count, length = 0;
  const bp_event *events = ask(&count);
  text[0] = 0;
  for (size_t i = 0; i < count; i++) {
    length += (size_t)snprintf(text + length, sizeof text - length, i == 0 ? "%llu" : " %llu",
                               (unsigned long long)events[i].sequence);
  }
  return text;
}

static void set_entity(const char *entity, uint32_t flag) {
  query.flags = (query.flags & ~(uint32_t)(BP_QUERY_ENTITY | BP_QUERY_UNDER)) | flag;
  query.entity = (const uint8_t *)entity;
  query.entity_length = strlen(entity);
}

static void append_as(const char *entity, const char *scope, uint16_t kind) {
  bp_draft draft = fixture_draft(entity, "x");
  draft.scope = (const uint8_t *)scope;
  draft.scope_length = strlen(scope);
  draft.kind = kind;
  draft.durability = BP_WRITTEN;
  fixture_append(store, &draft);
}

/* --- pages */

/* P-024 */
Test(read, a_page_is_in_commit_order_and_resumes_behind_its_last_event) {
  for (int i = 0; i < 9; i++) append_as(i % 2 ? "a" : "b", "s", FIXTURE_KIND);
  cr_assert_str_eq(asked(), "0 1 2 3 4 5 6 7 8 9");
  cr_assert_eq(bp_page_more(page), 0);
  query.limit = 4;
  cr_assert_str_eq(asked(), "0 1 2 3");
  cr_assert_eq(bp_page_more(page), 1);
  query.flags = BP_QUERY_AFTER;
  query.after = 3;
  cr_assert_str_eq(asked(), "4 5 6 7");
  query.after = 7;
  cr_assert_str_eq(asked(), "8 9");
  cr_assert_eq(bp_page_more(page), 0);
  query.after = 9;
  cr_assert_str_eq(asked(), "");
  query.after = UINT64_MAX;
  cr_assert_str_eq(asked(), "");
  query.after = UINT64_MAX - 1;
  cr_assert_str_eq(asked(), "");
}

Test(read, resuming_is_exclusive_even_at_zero) {
  append_as("a", "s", FIXTURE_KIND);
  query.flags = BP_QUERY_AFTER;
  query.after = 0;
  cr_assert_str_eq(asked(), "1");
  query.flags = 0; /* `after` does not count then */
  cr_assert_str_eq(asked(), "0 1");
}

Test(read, a_limit_of_none_is_an_empty_page) {
  query.limit = 0;
  cr_assert_str_eq(asked(), "");
}

Test(read, a_page_has_one_event_at_least_whatever_its_bytes) {
  for (int i = 0; i < 5; i++) append_as("a", "s", FIXTURE_KIND);
  query.max_bytes = 0;
  size_t seen = 0, count;
  do {
    const bp_event *events = ask(&count);
    cr_assert_eq(count, 1);
    query.flags = BP_QUERY_AFTER;
    query.after = events[0].sequence;
    seen++;
  } while (bp_page_more(page));
  cr_assert_eq(seen, 6);
}

Test(read, bytes_cut_a_page) {
  for (int i = 0; i < 20; i++) append_as("a", "s", FIXTURE_KIND);
  size_t count, seen = 0;
  query.max_bytes = 2000;
  query.flags = BP_QUERY_ENTITY;
  query.entity = (const uint8_t *)"a";
  query.entity_length = 1;
  int more;
  do {
    size_t bytes = 0;
    const bp_event *events = ask(&count);
    cr_assert_gt(count, 0);
    for (size_t i = 0; i < count; i++) {
      bytes += events[i].frame_length;
      cr_assert_eq(events[i].clock, seen++);
    }
    cr_assert_leq(bytes, 2000);
    query.flags |= BP_QUERY_AFTER;
    query.after = events[count - 1].sequence;
    more = bp_page_more(page);
    if (more) cr_assert_gt(count, 2);
  } while (more);
  cr_assert_eq(seen, 20);
}

Test(read, views_point_into_the_page_and_last_until_it_is_refilled) {
  bp_draft draft = fixture_draft("entity", "payload");
  const bp_extension extension = {(const uint8_t *)"a.b", 3, (const uint8_t *)"value", 5};
  draft.extensions = &extension;
  draft.extension_count = 1;
  for (int i = 0; i < 300; i++) fixture_append(store, &draft);
  size_t count, length;
  const bp_event *events = ask(&count);
  const uint8_t *arena = bp_page_arena(page, &length);
  for (int i = 0; i < 300; i++) fixture_append(store, &draft); /* the store goes on */
  for (size_t i = 1; i < count; i++) {
    const bp_event *event = &events[i];
    cr_assert(event->entity >= arena && event->entity + event->entity_length <= arena + length);
    cr_assert(event->scope >= arena && event->scope + event->scope_length <= arena + length);
    cr_assert(event->payload >= arena && event->payload + event->payload_length <= arena + length);
    const bp_extension *kept = &event->extensions[0];
    cr_assert(kept->value >= arena && kept->value + kept->value_length <= arena + length);
    cr_assert(fixture_text_is(kept->name, kept->name_length, "a.b"));
    cr_assert(fixture_text_is(kept->value, kept->value_length, "value"));
    cr_assert(fixture_text_is(event->payload, event->payload_length, "payload"));
  }
  fixture_close(store); /* a page belongs to no store */
  store = NULL;
  cr_assert(fixture_text_is(events[1].payload, events[1].payload_length, "payload"));
}

Test(read, no_page_has_no_events) {
  size_t count = 7, length = 7;
  cr_assert_null(bp_page_events(NULL, &count));
  cr_assert_eq(count, 0);
  cr_assert_null(bp_page_arena(NULL, &length));
  cr_assert_eq(length, 0);
  cr_assert_eq(bp_page_more(NULL), 0);
}

/* --- filters */

static void append_regions(void) {
  static const char *const entities[] = {"order", "order:1", "order:1:item", "order2", "order-1", "orde",
                                         ":order", "\xc3\xb6rder:1", "order:", "ORDER:1"};
  for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) append_as(entities[i], "s", FIXTURE_KIND);
}

Test(read, an_entity_is_exactly_it) {
  append_regions();
  set_entity("order", BP_QUERY_ENTITY);
  cr_assert_str_eq(asked(), "1");
  set_entity("order:1", BP_QUERY_ENTITY);
  cr_assert_str_eq(asked(), "2");
  set_entity("", BP_QUERY_ENTITY);
  cr_assert_str_eq(asked(), "");
  set_entity("nobody", BP_QUERY_ENTITY);
  cr_assert_str_eq(asked(), "");
}

Test(read, a_region_is_an_entity_and_what_a_colon_puts_below_it) {
  append_regions();
  set_entity("order", BP_QUERY_UNDER);
  cr_assert_str_eq(asked(), "1 2 3 9");
  set_entity("order:1", BP_QUERY_UNDER);
  cr_assert_str_eq(asked(), "2 3");
  set_entity("order:", BP_QUERY_UNDER); /* a colon at the end means nothing of its own */
  cr_assert_str_eq(asked(), "9");
  set_entity("order:*", BP_QUERY_UNDER);
  cr_assert_str_eq(asked(), "");
  set_entity("", BP_QUERY_UNDER); /* only what begins with a colon */
  cr_assert_str_eq(asked(), "7");
  set_entity("\xc3\xb6rder", BP_QUERY_UNDER);
  cr_assert_str_eq(asked(), "8");
  set_entity("\xc3", BP_QUERY_UNDER);
  cr_assert_str_eq(asked(), "");
}

Test(read, conditions_hold_together) {
  append_as("a", "x", 0x1001);
  append_as("a", "y", 0x1002);
  append_as("b", "x", 0x1001);
  append_as("a", "x", 0x2001);
  append_as("a:1", "x", 0x1001);
  query.flags = BP_QUERY_SCOPE;
  query.scope = (const uint8_t *)"x";
  query.scope_length = 1;
  cr_assert_str_eq(asked(), "1 3 4 5");
  set_entity("a", BP_QUERY_ENTITY);
  cr_assert_str_eq(asked(), "1 4");
  set_entity("a", BP_QUERY_UNDER);
  cr_assert_str_eq(asked(), "1 4 5");
  query.kind_filter = BP_KIND_CATEGORY;
  query.kind = 1;
  cr_assert_str_eq(asked(), "1 5");
  query.kind_filter = BP_KIND_EXACT;
  query.kind = 0x2001;
  cr_assert_str_eq(asked(), "4");
  query.kind_filter = BP_KIND_ANY;
  query.flags |= BP_QUERY_CLOCK;
  query.clock_min = 0;
  query.clock_max = 0;
  cr_assert_str_eq(asked(), "1 5");
  query.clock_min = 1;
  query.clock_max = 2;
  cr_assert_str_eq(asked(), "4");
  query.clock_min = 3;
  cr_assert_str_eq(asked(), "");
  query.flags |= BP_QUERY_AFTER;
  query.clock_min = 0;
  query.after = 1;
  cr_assert_str_eq(asked(), "4 5");
}

/* --- get */

Test(read, an_event_is_found_by_its_id_or_not_at_all) {
  bp_receipt receipt = fixture_append_text(store, "e:1", "x");
  uint8_t id[16];
  memcpy(id, receipt.event_id, 16);
  MUST(bp_store_get(store, id, page, NULL));
  size_t count;
  cr_assert_eq(bp_page_events(page, &count)->sequence, 1);
  cr_assert_eq(count, 1);
  id[0] = (uint8_t)~id[0];
  cr_assert_eq(bp_store_get(store, id, page, &error), BP_NOT_FOUND);
  cr_assert_arr_eq(error.event_id, id, 16);
  bp_page_events(page, &count);
  cr_assert_eq(count, 0, "the page is empty after a failure");
  cr_assert_eq(bp_store_walk(store, id, 5, page, &error), BP_NOT_FOUND);
  cr_assert_eq(bp_store_get(store, NULL, page, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_store_get(store, id, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_store_walk(store, NULL, 1, page, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_store_walk(store, id, 1, NULL, NULL), BP_ARGUMENT);
}

/* --- walk */

static bp_receipt append_all(const char *const *payloads, size_t count) {
  bp_receipt receipt = fixture_receipt();
  for (size_t i = 0; i < count; i++) {
    receipt = fixture_append_text(store, "walked", payloads[i]);
    fixture_append_text(store, "other", payloads[i]);
  }
  return receipt;
}

static void assert_walk(const bp_receipt *from, size_t limit, const uint32_t *clocks, size_t count, int more) {
  size_t found;
  MUST(bp_store_walk(store, from->event_id, limit, page, NULL));
  const bp_event *events = bp_page_events(page, &found);
  cr_assert_eq(found, count);
  cr_assert_eq(bp_page_more(page), more);
  for (size_t i = 0; i < count; i++) {
    cr_assert_eq(events[i].clock, clocks[i], "step %zu", i);
    cr_assert(fixture_text_is(events[i].entity, events[i].entity_length, "walked"));
    if (i > 0) cr_assert_arr_eq(events[i].event_hash, events[i - 1].prev_hash, 32);
  }
}

Test(read, a_walk_goes_to_the_nearest_earlier_event_with_the_hash) {
  bp_receipt last = append_all((const char *const[]){"A", "B", "A", "C"}, 4);
  assert_walk(&last, 100, (uint32_t[]){3, 2, 1, 0}, 4, 0);
}

Test(read, a_walk_over_equal_payloads_passes_each_once) {
  bp_receipt last = append_all((const char *const[]){"p", "p", "p"}, 3);
  assert_walk(&last, 100, (uint32_t[]){2, 1, 0}, 3, 0);
}

Test(read, a_limit_cuts_a_walk_and_says_so) {
  bp_receipt last = append_all((const char *const[]){"A", "B", "C"}, 3);
  assert_walk(&last, 3, (uint32_t[]){2, 1, 0}, 3, 0);
  assert_walk(&last, 2, (uint32_t[]){2, 1}, 2, 1);
  assert_walk(&last, 1, (uint32_t[]){2}, 1, 1);
  assert_walk(&last, 0, NULL, 0, 1);
  assert_walk(&last, SIZE_MAX, (uint32_t[]){2, 1, 0}, 3, 0);
}

Test(read, a_walk_of_a_first_event_is_itself) {
  bp_receipt first = append_all((const char *const[]){"A"}, 1);
  assert_walk(&first, 10, (uint32_t[]){0}, 1, 0);
}

Test(read, a_long_walk_reaches_the_beginning) {
  bp_receipt receipt = fixture_receipt();
  bp_draft draft = fixture_draft("walked", "");
  draft.durability = BP_WRITTEN;
  char payload[32];
  draft.payload = (const uint8_t *)payload;
  for (int i = 0; i < 1500; i++) {
    draft.payload_length = (size_t)snprintf(payload, sizeof payload, "%d", i / 3);
    receipt = fixture_append(store, &draft);
  }
  size_t count;
  MUST(bp_store_walk(store, receipt.event_id, SIZE_MAX, page, NULL));
  const bp_event *events = bp_page_events(page, &count);
  cr_assert_eq(count, 1500);
  for (size_t i = 0; i < count; i++) {
    cr_assert_eq(events[i].clock, 1499 - i);
    size_t length = (size_t)snprintf(payload, sizeof payload, "%zu", (1499 - i) / 3);
    cr_assert(events[i].payload_length == length && memcmp(events[i].payload, payload, length) == 0);
  }
}

/* --- damage */

static bp_receipt receipts[5];

/* Five events of one entity, the middle one damaged on the disk, opened read-only. */
static void damage_the_middle(void) {
  for (int i = 0; i < 5; i++) {
    char payload[2] = {(char)('A' + i), 0};
    receipts[i] = fixture_append_text(store, "walked", payload);
  }
  fixture_close(store);
  fixture_flip(path, "000001.fbat", (size_t)receipts[2].offset + receipts[2].frame_length - 3, 0x10);
  store = fixture_open(path, BP_MODE_READ_ONLY, NULL);
}

/* V-36 */
Test(read, a_damaged_event_stands_in_its_place_with_what_the_index_knows) {
  damage_the_middle();
  size_t count;
  const bp_event *events = ask(&count);
  cr_assert_eq(count, 7);
  for (size_t i = 0; i < count; i++) {
    cr_assert_eq(events[i].sequence, i);
    cr_assert_eq(events[i].status, i == 3 ? BP_DAMAGED_FRAME : BP_OK);
  }
  const bp_event *damaged = &events[3];
  cr_assert_arr_eq(damaged->event_id, receipts[2].event_id, 16);
  cr_assert_eq(damaged->segment_id, receipts[2].segment_id);
  cr_assert_eq(damaged->offset, receipts[2].offset);
  cr_assert_eq(damaged->frame_length, receipts[2].frame_length);
  cr_assert_eq(damaged->kind, FIXTURE_KIND);
  cr_assert_eq(damaged->clock, 2);
  cr_assert(fixture_text_is(damaged->entity, damaged->entity_length, "walked"));
  cr_assert(fixture_text_is(damaged->scope, damaged->scope_length, "scope"));
  cr_assert_null(damaged->payload);
  cr_assert_eq(damaged->payload_length, 0);
  cr_assert_eq(damaged->extension_count, 0);
  cr_assert_eq(damaged->timestamp_us, 0);
  cr_assert(fixture_text_is(events[4].payload, events[4].payload_length, "D"), "the next one is whole");
}

Test(read, a_damaged_event_fails_with_its_position) {
  damage_the_middle();
  cr_assert_eq(bp_store_get(store, receipts[2].event_id, page, &error), BP_DAMAGED_FRAME);
  cr_assert_eq(error.segment_id, 1);
  cr_assert_eq(error.offset, receipts[2].offset);
  size_t count;
  bp_page_events(page, &count);
  cr_assert_eq(count, 0);
  MUST(bp_store_get(store, receipts[3].event_id, page, NULL));
}

Test(read, a_walk_ends_at_a_damaged_event) {
  damage_the_middle();
  size_t count;
  MUST(bp_store_walk(store, receipts[4].event_id, 100, page, NULL));
  const bp_event *events = bp_page_events(page, &count);
  cr_assert_eq(count, 3);
  cr_assert_eq(events[1].status, BP_OK);
  cr_assert_eq(events[2].status, BP_DAMAGED_FRAME);
  cr_assert_eq(bp_page_more(page), 0);
}

/* --- stat */

Test(read, stat_counts_what_is_there) {
  bp_stat stat = fixture_stat(store);
  cr_assert_eq(stat.events, 1);
  cr_assert_eq(stat.entities, 1);
  cr_assert_eq(stat.scopes, 1);
  cr_assert_eq(stat.segments, 1);
  cr_assert_eq(stat.first_sequence, 0);
  cr_assert_eq(stat.last_sequence, 0);
  cr_assert_eq(stat.clean_close, 0);
  append_as("a", "x", FIXTURE_KIND);
  append_as("b", "x", FIXTURE_KIND);
  append_as("a", "a", FIXTURE_KIND);
  MUST(bp_store_sync(store, NULL));
  stat = fixture_stat(store);
  cr_assert_eq(stat.events, 4);
  cr_assert_eq(stat.entities, 3);
  cr_assert_eq(stat.scopes, 3);
  cr_assert_eq(stat.last_sequence, 3);
  cr_assert_eq(stat.durable_sequence, 4);
  fixture_file file = fixture_read(path, "000001.fbat");
  cr_assert_geq(file.length, stat.bytes, "the room behind the events does not count");
  for (size_t i = (size_t)stat.bytes; i < file.length; i++) cr_assert_eq(file.bytes[i], 0);
  cr_assert_neq(file.bytes[stat.bytes - 1], 0);
  cr_assert_gt(stat.index_bytes, 4 * 96);
  free(file.bytes);
}
