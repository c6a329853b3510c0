/* Selection against a model that looks at every row. */
#include "index/index.h"
#include "support/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { ENTITIES = 12, SCOPES = 4 };

static const char *const entities[ENTITIES] = {"order",  "order:1", "order:1:a", "order:2", "order2",   "order-1",
                                               ":order", "orde",    "ordër",     "ordër:1", "shipment", "s"};
static const char *const scopes[SCOPES] = {"x", "y", "order", "s"};
static const uint16_t kinds[] = {0x1001, 0x1002, 0x2001, 0x0008, 0xF001};

static bpi_index index_;

static void set_up(void) {
  bpi_memory memory = bpi_memory_default();
  bpi_index_init(&index_, &memory, 5);
}
static void tear_down(void) { bpi_index_free(&index_); }

TestSuite(select, .init = set_up, .fini = tear_down);

static bpi_bytes bytes_of(const char *text) { return bpi_bytes_of(text, strlen(text)); }

static void add_random(test_random *random, size_t count) {
  uint64_t sequence = 0;
  uint32_t clocks[ENTITIES] = {0};
  for (size_t i = 0; i < count; i++) {
    uint32_t entity = test_random_below(random, 3) == 0 ? 0 : test_random_below(random, ENTITIES);
    bpi_row row = {.sequence = sequence, .kind = kinds[test_random_below(random, 5)], .clock = clocks[entity]++, .entity = BPI_NO_NAME};
    bpi_store_be64(row.event_id, test_random_next(random));
    bpi_store_be64(row.event_id + 8, i);
    cr_assert_eq(bpi_index_add(&index_, &row, bytes_of(entities[entity]),
                               bytes_of(scopes[test_random_below(random, SCOPES)])),
                 BP_OK);
    sequence += 1 + test_random_below(random, 3);
  }
}

static int text_equal(uint32_t name, bpi_bytes text) { return bpi_bytes_equal(bpi_names_text(&index_.names, name), text); }

static int model_under(uint32_t name, bpi_bytes prefix) {
  bpi_bytes text = bpi_names_text(&index_.names, name);
  if (text.length < prefix.length || (prefix.length > 0 && memcmp(text.data, prefix.data, prefix.length) != 0)) return 0;
  return text.length == prefix.length || text.data[prefix.length] == ':';
}

static int model_matches(const bpi_filter *filter, uint32_t number) {
  const bpi_row *row = bpi_index_row(&index_, number);
  if (number >= index_.published) return 0;
  for (size_t i = 0; i < index_.hidden_count; i++) {
    if (row->sequence >= index_.hidden[i].start && row->sequence < index_.hidden[i].end) return 0;
  }
  if ((row->kind & filter->kind_mask) != filter->kind_value) return 0;
  if ((filter->flags & BPI_FILTER_ENTITY) && !text_equal(row->entity, filter->entity)) return 0;
  if ((filter->flags & BPI_FILTER_SCOPE) && !text_equal(row->scope, filter->scope)) return 0;
  if ((filter->flags & BPI_FILTER_UNDER) && !model_under(row->entity, filter->entity)) return 0;
  if ((filter->flags & BPI_FILTER_CLOCK) && (row->clock < filter->clock_min || row->clock > filter->clock_max)) return 0;
  return 1;
}

/* All matches from `start` on, asked for `limit` at a time: those of the model, in order. */
static void assert_selection(const bpi_filter *filter, uint32_t start, size_t limit, uint64_t seed) {
  static bpi_row rows[512];
  uint32_t next = start, number = start;
  for (;;) {
    size_t got = bpi_index_select(&index_, filter, &next, limit, rows);
    cr_assert_leq(got, limit);
    for (size_t i = 0; i < got; i++) {
      while (number < index_.count && !model_matches(filter, number)) number++;
      cr_assert_lt(number, index_.count, "seed %llu: one too many", (unsigned long long)seed);
      cr_assert_eq(rows[i].sequence, bpi_index_row(&index_, number)->sequence, "seed %llu flags %u",
                   (unsigned long long)seed, filter->flags);
      number++;
    }
    if (got < limit) break;
  }
  while (number < index_.count && !model_matches(filter, number)) number++;
  cr_assert_geq(number, index_.count, "seed %llu: one too few", (unsigned long long)seed);
}

static bpi_filter random_filter(test_random *random, uint32_t flags, uint32_t kind_form) {
  bpi_filter filter = {.flags = flags};
  uint32_t entity = test_random_below(random, ENTITIES + 2);
  filter.entity = bytes_of(entity < ENTITIES ? entities[entity] : entity == ENTITIES ? "" : "nobody");
  uint32_t scope = test_random_below(random, SCOPES + 1);
  filter.scope = bytes_of(scope < SCOPES ? scopes[scope] : "nowhere");
  filter.clock_min = test_random_below(random, 30);
  filter.clock_max = filter.clock_min + test_random_below(random, 40);
  if (test_random_below(random, 10) == 0) filter.clock_max = filter.clock_min - 1;
  uint16_t kind = test_random_below(random, 6) == 0 ? 0x3003 : kinds[test_random_below(random, 5)];
  if (kind_form == 1) filter.kind_mask = UINT16_MAX, filter.kind_value = kind;
  if (kind_form == 2) filter.kind_mask = 0xf000, filter.kind_value = (uint16_t)(kind & 0xf000);
  return filter;
}

Test(select, every_combination_of_filters_agrees_with_the_model) {
  static const size_t limits[] = {1, 2, 7, 256, 512};
  for (uint64_t seed = 1; seed <= 12; seed++) {
    test_random random = {seed};
    tear_down();
    set_up();
    add_random(&random, 600);
    index_.published = (uint32_t)(600 - test_random_below(&random, 50));
    bpi_range hidden[] = {{100, 120}, {300, 301}, {500, 700}};
    cr_assert_eq(bpi_index_set_hidden(&index_, hidden, test_random_below(&random, 4)), BP_OK);
    for (uint32_t flags = 0; flags < 16; flags++) {
      if ((flags & BPI_FILTER_ENTITY) && (flags & BPI_FILTER_UNDER)) continue;
      for (uint32_t kind_form = 0; kind_form < 3; kind_form++) {
        for (int i = 0; i < 4; i++) {
          bpi_filter filter = random_filter(&random, flags, kind_form);
          uint32_t start = i == 0 ? 0 : test_random_below(&random, 620);
          assert_selection(&filter, start, limits[test_random_below(&random, 5)], seed);
        }
      }
    }
  }
}

Test(select, agrees_over_the_border_of_runs) {
  test_random random = {2024};
  add_random(&random, 2 * BPI_RUN_ROWS + 1000);
  index_.published = index_.count - 10;
  bpi_range hidden[] = {{BPI_RUN_ROWS, 3 * BPI_RUN_ROWS}};
  cr_assert_eq(bpi_index_set_hidden(&index_, hidden, 1), BP_OK);
  static const uint32_t starts[] = {0, 1, BPI_RUN_ROWS - 3, BPI_RUN_ROWS, 2 * BPI_RUN_ROWS - 1, 2 * BPI_RUN_ROWS + 900};
  for (uint32_t flags = 0; flags < 16; flags++) {
    if ((flags & BPI_FILTER_ENTITY) && (flags & BPI_FILTER_UNDER)) continue;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
      bpi_filter filter = random_filter(&random, flags, flags % 3);
      assert_selection(&filter, starts[i], 512, 2024);
    }
  }
}

/* The names of the region `prefix`, each once, in the order of their events. */
static const char *region(const char *prefix) {
  static char text[256];
  bpi_row rows[64];
  uint32_t next = 0;
  size_t length = 0;
  bpi_filter filter = {.flags = BPI_FILTER_UNDER, .entity = bytes_of(prefix)};
  size_t got = bpi_index_select(&index_, &filter, &next, 64, rows);
  text[0] = 0;
  for (size_t i = 0; i < got; i++) {
    bpi_bytes name = bpi_names_text(&index_.names, rows[i].entity);
    length += (size_t)snprintf(text + length, sizeof text - length, "%s%.*s", i == 0 ? "" : " ", (int)name.length,
                               (const char *)name.data);
  }
  return text;
}

Test(select, a_region_is_a_name_and_what_stands_behind_its_colon) {
  for (uint64_t i = 0; i < ENTITIES; i++) {
    bpi_row row = {.sequence = i, .entity = BPI_NO_NAME};
    bpi_store_be64(row.event_id, i);
    cr_assert_eq(bpi_index_add(&index_, &row, bytes_of(entities[i]), bytes_of("x")), BP_OK);
  }
  index_.published = index_.count;
  cr_assert_str_eq(region("order"), "order order:1 order:1:a order:2");
  cr_assert_str_eq(region("order:1"), "order:1 order:1:a");
  cr_assert_str_eq(region("order:"), "");
  cr_assert_str_eq(region("order:*"), "");
  cr_assert_str_eq(region("*"), "");
  cr_assert_str_eq(region(""), ":order");
  cr_assert_str_eq(region("ord"), "");
  cr_assert_str_eq(region("ordër"), "ordër ordër:1");
  cr_assert_str_eq(region("ord\xc3"), "", "half a character is another byte");
  cr_assert_str_eq(region("s"), "s");
  cr_assert_str_eq(region("ORDER"), "");
}

Test(select, a_limit_of_none_moves_nothing) {
  test_random random = {3};
  add_random(&random, 10);
  index_.published = 10;
  uint32_t next = 4;
  bpi_filter all = {0};
  cr_assert_eq(bpi_index_select(&index_, &all, &next, 0, NULL), 0);
  cr_assert_eq(next, 4);
}

Test(select, an_empty_index_answers_nothing) {
  uint32_t next = 0;
  bpi_row row;
  bpi_filter all = {0}, one = {.flags = BPI_FILTER_ENTITY, .entity = {(const uint8_t *)"a", 1}};
  cr_assert_eq(bpi_index_select(&index_, &all, &next, 1, &row), 0);
  cr_assert_eq(bpi_index_select(&index_, &one, &next, 1, &row), 0);
}
