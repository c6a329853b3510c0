#include "index/index.h"
#include "support/memory_fault.h"
#include "support/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static memory_fault fault;
static bpi_index index_;

static void set_up(void) {
  memset(&fault, 0, sizeof fault);
  bpi_memory memory = memory_fault_table(&fault);
  bpi_index_init(&index_, &memory, 99);
}
static void tear_down(void) {
  bpi_index_free(&index_);
  cr_assert_eq(fault.live_blocks, 0);
  cr_assert_eq(fault.wrong_sizes, 0);
}

TestSuite(index, .init = set_up, .fini = tear_down);

static void fill_id(uint8_t id[16], uint64_t number) {
  test_random random = {number};
  bpi_store_be64(id, test_random_next(&random));
  bpi_store_be64(id + 8, number);
}

static bp_status try_add(uint64_t sequence, const char *entity, uint8_t hash) {
  bpi_row row = {.sequence = sequence, .kind = 0x2005, .entity = BPI_NO_NAME};
  fill_id(row.event_id, sequence);
  memset(row.event_hash, hash, 32);
  return bpi_index_add(&index_, &row, bpi_bytes_of(entity, strlen(entity)), bpi_bytes_of("scope", 5));
}

static void add(uint64_t sequence, const char *entity, uint8_t hash) {
  cr_assert_eq(try_add(sequence, entity, hash), BP_OK);
}

static uint32_t last_of(const char *entity) {
  return bpi_index_last_of_entity(&index_, bpi_bytes_of(entity, strlen(entity)));
}

Test(index, rows_are_numbered_in_order_and_found_by_id) {
  for (uint64_t i = 0; i < 100; i++) add(i * 2, i % 2 ? "odd" : "even", 0);
  cr_assert_eq(index_.count, 100);
  cr_assert_eq(index_.entities, 2);
  cr_assert_eq(index_.scopes, 1);
  for (uint32_t i = 0; i < 100; i++) {
    uint8_t id[16];
    fill_id(id, i * 2);
    cr_assert_eq(bpi_index_find(&index_, id), i);
    cr_assert_eq(bpi_index_row(&index_, i)->sequence, i * 2);
    cr_assert_eq(bpi_index_seek(&index_, i * 2), i);
    cr_assert_eq(bpi_index_seek(&index_, i * 2 + 1), i + 1);
  }
  uint8_t unknown[16] = {1};
  cr_assert_eq(bpi_index_find(&index_, unknown), BPI_NO_ROW);
  cr_assert_eq(bpi_index_seek(&index_, UINT64_MAX), 100);
}

Test(index, rows_are_seen_when_they_are_published) {
  add(0, "a", 0);
  add(1, "a", 0);
  cr_assert_not(bpi_index_is_visible(&index_, 0));
  cr_assert_eq(bpi_index_visible_count(&index_), 0);
  index_.published = 1;
  cr_assert(bpi_index_is_visible(&index_, 0));
  cr_assert_not(bpi_index_is_visible(&index_, 1));
  cr_assert_eq(bpi_index_visible_count(&index_), 1);
  uint8_t id[16];
  fill_id(id, 1);
  cr_assert_eq(bpi_index_find(&index_, id), 1, "keys in flight are found");
  cr_assert_eq(last_of("a"), 1, "chains follow what is in flight");
}

Test(index, hidden_ranges_hide_and_are_counted) {
  static const bpi_range ranges[] = {{2, 4}, {7, 8}, {9, 100}};
  for (uint64_t i = 0; i < 12; i++) add(i, "a", 0);
  index_.published = 11;
  cr_assert_eq(bpi_index_set_hidden(&index_, ranges, 3), BP_OK);
  for (uint64_t i = 0; i < 12; i++) {
    int hidden = i == 2 || i == 3 || i == 7 || i >= 9;
    cr_assert_eq(bpi_index_is_hidden(&index_, i), hidden, "%llu", (unsigned long long)i);
    cr_assert_eq(bpi_index_is_visible(&index_, (uint32_t)i), !hidden);
  }
  cr_assert_not(bpi_index_is_hidden(&index_, 100));
  cr_assert_eq(bpi_index_visible_count(&index_), 6);
  cr_assert_eq(last_of("a"), 11, "hidden ones too");
  cr_assert_eq(bpi_index_set_hidden(&index_, NULL, 0), BP_OK);
  cr_assert_eq(bpi_index_visible_count(&index_), 11);
}

Test(index, the_newest_visible_row_lies_before_hidden_ones) {
  static const bpi_range ranges[] = {{2, 4}, {7, 8}, {8, 12}};
  cr_assert_eq(bpi_index_visible_end(&index_), 0, "none");
  for (uint64_t i = 0; i < 12; i++) add(i, "a", 0);
  cr_assert_eq(bpi_index_visible_end(&index_), 0, "none that is published");
  for (uint32_t published = 0; published <= 12; published++) {
    index_.published = published;
    cr_assert_eq(bpi_index_set_hidden(&index_, NULL, 0), BP_OK);
    cr_assert_eq(bpi_index_visible_end(&index_), published);
    cr_assert_eq(bpi_index_set_hidden(&index_, ranges, 3), BP_OK);
    uint32_t end = published <= 2 ? published : published <= 4 ? 2 : published <= 7 ? published : 7;
    cr_assert_eq(bpi_index_visible_end(&index_), end, "of %u", published);
  }
  cr_assert_eq(bpi_index_set_hidden(&index_, &(bpi_range){0, UINT64_MAX}, 1), BP_OK);
  cr_assert_eq(bpi_index_visible_end(&index_), 0, "all are hidden");
}

Test(index, ranges_that_are_taken_over_replace_those_before) {
  for (uint64_t i = 0; i < 6; i++) add(i, "a", 0);
  index_.published = 6;
  for (size_t count = 1; count <= 3; count++) {
    bpi_range *ranges = (bpi_range *)bpi_allocate(&index_.memory, count * sizeof *ranges);
    for (size_t i = 0; i < count; i++) ranges[i] = (bpi_range){2 * i, 2 * i + 1};
    bpi_index_take_hidden(&index_, ranges, count);
    cr_assert_eq(index_.hidden, ranges, "not copied");
    cr_assert_eq(bpi_index_visible_count(&index_), 6 - count);
    for (uint64_t i = 0; i < 6; i++) cr_assert_eq(bpi_index_is_hidden(&index_, i), i % 2 == 0 && i < 2 * count);
  }
}

/* A fence that hides numbers nobody has must not be counted. */
Test(index, hidden_ranges_over_gaps_count_only_rows) {
  static const bpi_range ranges[] = {{1, 10}, {15, 18}};
  for (uint64_t i = 0; i < 10; i++) add(i * 5, "a", 0);
  index_.published = 10;
  cr_assert_eq(bpi_index_set_hidden(&index_, ranges, 2), BP_OK);
  cr_assert_eq(bpi_index_visible_count(&index_), 8); /* 5 and 15 are hidden */
}

Test(index, undo_restores_everything_at_every_size) {
  add(0, "a", 0);
  add(1, "b", 0);
  for (uint32_t depth = 1; depth < 300; depth += 37) {
    char entity[32];
    for (uint32_t i = 0; i < depth; i++) {
      snprintf(entity, sizeof entity, "new:%u", i % 50);
      add(2 + i, i % 3 == 0 ? "a" : entity, 0);
    }
    bpi_index_undo(&index_, 2);
    cr_assert_eq(index_.count, 2);
    cr_assert_eq(index_.entities, 2);
    cr_assert_eq(last_of("a"), 0);
    cr_assert_eq(last_of("b"), 1);
    for (uint32_t i = 0; i < depth; i++) {
      uint8_t id[16];
      fill_id(id, 2 + i);
      cr_assert_eq(bpi_index_find(&index_, id), BPI_NO_ROW);
    }
    cr_assert_eq(last_of("new:1"), BPI_NO_ROW);
  }
  bpi_index_undo(&index_, 0);
  cr_assert_eq(index_.entities, 0);
  cr_assert_eq(index_.scopes, 0);
  add(0, "a", 0);
  cr_assert_eq(index_.entities, 1);
}

/* Not grown step by step, which would move its rows and hash their ids again and again. */
Test(index, a_run_behind_a_full_one_has_its_room_at_once) {
  for (uint64_t i = 0; i < BPI_RUN_ROWS + 1; i++) add(i, "x", 0);
  cr_assert_eq(index_.run_count, 2);
  cr_assert_eq(index_.runs[1]->capacity, BPI_RUN_ROWS);
}

Test(index, undo_goes_back_over_the_border_of_two_runs) {
  add(0, "first", 0);
  for (uint64_t i = 1; i < BPI_RUN_ROWS + 10; i++) add(i, i % 2 ? "x" : "y", 0);
  cr_assert_eq(index_.run_count, 2);
  cr_assert_eq(last_of("x"), BPI_RUN_ROWS + 9);
  bpi_index_undo(&index_, BPI_RUN_ROWS - 5);
  cr_assert_eq(last_of("x"), BPI_RUN_ROWS - 7);
  cr_assert_eq(last_of("y"), BPI_RUN_ROWS - 6);
  cr_assert_eq(last_of("first"), 0);
  for (uint64_t i = BPI_RUN_ROWS - 5; i < BPI_RUN_ROWS + 20; i++) add(i, "z", 0);
  cr_assert_eq(last_of("z"), BPI_RUN_ROWS + 19);
  cr_assert_eq(bpi_index_seek(&index_, BPI_RUN_ROWS + 3), BPI_RUN_ROWS + 3);
  bpi_index_undo(&index_, 1);
  cr_assert_eq(last_of("first"), 0);
  cr_assert_eq(last_of("x"), BPI_NO_ROW);
}

Test(index, of_equal_ids_in_two_runs_the_first_is_found) {
  for (uint64_t i = 0; i < BPI_RUN_ROWS + 5; i++) {
    bpi_row row = {.sequence = i, .entity = BPI_NO_NAME};
    fill_id(row.event_id, i == BPI_RUN_ROWS + 3 ? 17 : i);
    cr_assert_eq(bpi_index_add(&index_, &row, bpi_bytes_of("e", 1), bpi_bytes_of("s", 1)), BP_OK);
  }
  uint8_t id[16];
  fill_id(id, 17);
  cr_assert_eq(bpi_index_find(&index_, id), 17);
}

/* --- ancestry */

static uint32_t parent(uint32_t row, uint8_t hash) {
  uint8_t wanted[32];
  memset(wanted, hash, 32);
  return bpi_index_parent(&index_, row, wanted);
}

Test(index, a_parent_is_the_nearest_earlier_row_of_the_entity_with_the_hash) {
  static const uint8_t hashes[] = {1, 2, 1, 1, 3};
  for (uint64_t i = 0; i < 5; i++) {
    add(2 * i, "walked", hashes[i]);
    add(2 * i + 1, "other", 1);
  }
  index_.published = index_.count;
  cr_assert_eq(parent(8, 1), 6, "not the oldest, not another entity's");
  cr_assert_eq(parent(6, 1), 4, "not itself");
  cr_assert_eq(parent(4, 2), 2);
  cr_assert_eq(parent(2, 3), BPI_NO_ROW, "not a later one");
  cr_assert_eq(parent(0, 1), BPI_NO_ROW);
  cr_assert_eq(parent(9, 3), BPI_NO_ROW);
}

Test(index, hidden_rows_are_nobody_s_parents) {
  static const bpi_range hidden = {1, 2};
  for (uint64_t i = 0; i < 3; i++) add(i, "walked", 1);
  index_.published = 3;
  cr_assert_eq(bpi_index_set_hidden(&index_, &hidden, 1), BP_OK);
  cr_assert_eq(parent(2, 1), 0);
}

Test(index, parents_are_found_over_several_runs) {
  enum { ROWS = 2 * BPI_RUN_ROWS + 100 };
  for (uint64_t i = 0; i < ROWS; i++) add(i, i % 30000 == 7 ? "rare" : "common", (uint8_t)(i / 30000));
  index_.published = index_.count;
  for (uint32_t k = 4; k-- > 0;) cr_assert_eq(parent(k * 30000 + 30007, (uint8_t)k), k * 30000 + 7);
  cr_assert_eq(parent(7, 0), BPI_NO_ROW);
  cr_assert_eq(parent(120007, 0), 7, "links are followed over others");
}

Test(index, links_are_right_after_an_undo) {
  add(0, "a", 1);
  add(1, "b", 1);
  add(2, "a", 2);
  bpi_index_undo(&index_, 1);
  add(1, "b", 3);
  add(2, "a", 4);
  index_.published = 3;
  cr_assert_eq(parent(2, 1), 0);
  cr_assert_eq(parent(2, 2), BPI_NO_ROW, "what was taken back is no parent");
}

/* --- memory */

Test(index, lack_of_memory_leaves_the_rows_as_they_were) {
  uint64_t sequence = 0;
  for (uint64_t n = 1; n < 600; n++) {
    char entity[32];
    snprintf(entity, sizeof entity, "e:%llu", (unsigned long long)sequence % 40);
    memory_fault_arm(&fault, 1 + n % 9, 1);
    bp_status status = try_add(sequence, entity, 0);
    memory_fault_disarm(&fault);
    if (status == BP_OK) sequence++;
    cr_assert(status == BP_OK || status == BP_NO_MEMORY);
    cr_assert_eq(index_.count, sequence);
  }
  cr_assert_gt(sequence, 300);
  for (uint64_t i = 0; i < sequence; i++) {
    uint8_t id[16];
    fill_id(id, i);
    cr_assert_eq(bpi_index_find(&index_, id), i);
  }
  cr_assert_eq(index_.entities, 40);
}

Test(index, a_million_events_of_ten_thousand_entities_take_160_bytes_each) {
  enum { EVENTS = 1000000, ENTITIES = 10000 };
  test_random random = {7};
  char entity[32];
  for (uint64_t i = 0; i < EVENTS; i++) {
    snprintf(entity, sizeof entity, "account:%06u", test_random_below(&random, ENTITIES));
    bpi_row row = {.sequence = i, .kind = (uint16_t)(0x1000 + i % 20), .entity = BPI_NO_NAME};
    bpi_store_be64(row.event_id, test_random_next(&random));
    bpi_store_be64(row.event_id + 8, i);
    cr_assert_eq(bpi_index_add(&index_, &row, bpi_bytes_of(entity, 14), bpi_bytes_of(i % 2 ? "x" : "y", 1)), BP_OK);
  }
  cr_assert_eq(index_.entities, ENTITIES);
  double each = (double)bpi_index_bytes(&index_) / EVENTS, held = (double)fault.live_bytes / EVENTS;
  cr_assert_leq(each, 160.0, "%.1f bytes an event", each);
  cr_assert_leq(held, 160.0, "%.1f bytes an event were asked for", held);
  cr_assert_lt(held - each, 1.0, "all of it is counted: %.1f against %.1f", held, each);
}
