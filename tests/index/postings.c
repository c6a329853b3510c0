#include "index/postings.h"
#include "support/memory_fault.h"
#include "support/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static memory_fault fault;
static bpi_postings postings;

static void set_up(void) {
  memset(&fault, 0, sizeof fault);
  bpi_memory memory = memory_fault_table(&fault);
  bpi_postings_init(&postings, &memory);
}
static void tear_down(void) {
  bpi_postings_free(&postings);
  cr_assert_eq(fault.live_blocks, 0);
  cr_assert_eq(fault.wrong_sizes, 0);
}

TestSuite(postings, .init = set_up, .fini = tear_down);

static void add(uint32_t key, uint32_t row) {
  bpi_posting_list *list;
  cr_assert_eq(bpi_postings_reserve(&postings, key, &list), BP_OK);
  uint64_t allocations = fault.allocations;
  bpi_postings_add(&postings, list, key, row);
  cr_assert_eq(fault.allocations, allocations, "what was reserved is there");
}

Test(postings, an_unknown_key_has_none) {
  cr_assert_null(bpi_postings_find(&postings, 0));
  add(5, 1);
  cr_assert_null(bpi_postings_find(&postings, 4));
  cr_assert_null(bpi_postings_find(&postings, 6));
  cr_assert_not_null(bpi_postings_find(&postings, 5));
}

/* A list of rows 10, 20, 30 ...: sought from every number, its rest is right. */
Test(postings, a_list_of_any_length_is_sought_at_every_place) {
  for (uint32_t count = 1; count <= 70; count++) {
    tear_down();
    set_up();
    for (uint32_t i = 1; i <= count; i++) {
      add(3, i * 10);
      add(i + 100, i * 10 + 1); /* others between */
    }
    const bpi_posting_list *list = bpi_postings_find(&postings, 3);
    cr_assert_eq(list->count, count);
    for (uint32_t from = 0; from <= count * 10 + 11; from++) {
      bpi_posting_cursor cursor;
      uint32_t row, expected = from <= 10 ? 10 : (from + 9) / 10 * 10;
      bpi_posting_seek(&postings, list, from, &cursor);
      for (; expected <= count * 10; expected += 10) {
        cr_assert(bpi_posting_next(&cursor, &row));
        cr_assert_eq(row, expected, "%u rows sought from %u", count, from);
      }
      cr_assert_not(bpi_posting_next(&cursor, &row));
      cr_assert_not(bpi_posting_next(&cursor, &row), "the end stays the end");
    }
  }
}

Test(postings, many_keys_keep_their_rows) {
  enum { KEYS = 5000, ROWS = 60000 };
  test_random random = {42};
  uint32_t *key_of = malloc(ROWS * sizeof *key_of), *counts = calloc(KEYS, sizeof *counts);
  for (uint32_t row = 0; row < ROWS; row++) {
    uint32_t key = test_random_below(&random, KEYS);
    if (key % 7 == 0) key = 0; /* one long list */
    key_of[row] = key;
    counts[key]++;
    add(key, row);
  }
  for (uint32_t key = 0; key < KEYS; key++) {
    const bpi_posting_list *list = bpi_postings_find(&postings, key);
    if (counts[key] == 0) {
      cr_assert_null(list);
      continue;
    }
    bpi_posting_cursor cursor;
    uint32_t row, seen = 0, last = 0;
    cr_assert_eq(list->count, counts[key]);
    bpi_posting_seek(&postings, list, 0, &cursor);
    while (bpi_posting_next(&cursor, &row)) {
      cr_assert_eq(key_of[row], key);
      cr_assert(seen == 0 || row > last);
      last = row;
      seen++;
    }
    cr_assert_eq(seen, counts[key]);
  }
  free(key_of);
  free(counts);
}

/* Added and taken back at random, always as a stack; the list is what the stack says. */
Test(postings, undo_takes_the_newest_back_at_every_size) {
  enum { DEPTH = 400, KEYS = 5 };
  for (uint64_t seed = 1; seed <= 20; seed++) {
    test_random random = {seed};
    uint32_t keys[DEPTH], depth = 0;
    tear_down();
    set_up();
    for (int step = 0; step < 4000; step++) {
      if (depth < DEPTH && (depth == 0 || test_random_below(&random, 100) < (step / 500 % 2 ? 35u : 70u))) {
        keys[depth] = test_random_below(&random, KEYS);
        add(keys[depth], depth);
        depth++;
      } else {
        bpi_postings_undo(&postings, keys[--depth]);
      }
      uint32_t key = test_random_below(&random, KEYS), row;
      const bpi_posting_list *list = bpi_postings_find(&postings, key);
      bpi_posting_cursor cursor = {0};
      if (list != NULL) bpi_posting_seek(&postings, list, 0, &cursor);
      uint32_t rows = 0;
      for (uint32_t i = 0; i < depth; i++) {
        if (keys[i] != key) continue;
        cr_assert(list != NULL && bpi_posting_next(&cursor, &row), "seed %llu step %d", (unsigned long long)seed, step);
        cr_assert_eq(row, i);
        rows++;
      }
      cr_assert_eq(list == NULL, rows == 0);
      if (list != NULL) cr_assert_not(bpi_posting_next(&cursor, &row));
    }
  }
}

Test(postings, lack_of_memory_is_said_when_reserving) {
  bpi_posting_list *list;
  memory_fault_arm(&fault, 1, 0);
  cr_assert_eq(bpi_postings_reserve(&postings, 1, &list), BP_NO_MEMORY);
  memory_fault_arm(&fault, 2, 0);
  cr_assert_eq(bpi_postings_reserve(&postings, 1, &list), BP_NO_MEMORY);
  memory_fault_disarm(&fault);
  add(1, 7);
  cr_assert_eq(bpi_postings_find(&postings, 1)->count, 1);
}
