#include "index/run.h"
#include "support/memory_fault.h"
#include "support/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static memory_fault fault;
static bpi_run run;

static int find(const uint8_t event_id[16], uint32_t *row) {
  return bpi_run_find(&run, event_id, bpi_run_hash(run.seed, event_id), 0, row);
}

static void set_up(void) {
  memset(&fault, 0, sizeof fault);
  bpi_memory memory = memory_fault_table(&fault);
  bpi_run_init(&run, &memory, 7, 256);
}
static void tear_down(void) {
  bpi_run_free(&run);
  cr_assert_eq(fault.live_blocks, 0);
  cr_assert_eq(fault.wrong_sizes, 0);
}

TestSuite(run, .init = set_up, .fini = tear_down);

static bpi_row row_of(uint32_t number) {
  bpi_row row = {.sequence = 10 + 3 * (uint64_t)number,
                 .entity = number % 1000,
                 .scope = number % 3,
                 .kind = (uint16_t)(number % 50),
                 .clock = number};
  test_random random = {number};
  bpi_store_be64(row.event_id, test_random_next(&random));
  bpi_store_be64(row.event_id + 8, number);
  return row;
}

static void add(uint32_t number) {
  bpi_row row = row_of(number);
  cr_assert_eq(bpi_run_add(&run, &row), BP_OK);
}

static void assert_found(uint32_t number) {
  uint32_t found;
  bpi_row row = row_of(number);
  cr_assert(find(row.event_id, &found), "%u", number);
  cr_assert_eq(found, number);
}

Test(run, an_empty_one_finds_nothing) {
  uint32_t found;
  bpi_row row = row_of(1);
  cr_assert_not(find(row.event_id, &found));
  cr_assert_eq(bpi_run_seek(&run, 0), 0);
  cr_assert_eq(bpi_run_bytes(&run), 0);
}

Test(run, a_full_one_finds_every_row) {
  for (uint32_t i = 0; i < BPI_RUN_ROWS; i++) add(i);
  cr_assert_eq(run.count, BPI_RUN_ROWS);
  for (uint32_t i = 0; i < BPI_RUN_ROWS; i++) {
    assert_found(i);
    cr_assert_eq(run.rows[i].clock, i);
  }
  uint32_t found;
  bpi_row other = row_of(BPI_RUN_ROWS);
  cr_assert_not(find(other.event_id, &found));
  for (uint32_t entity = 0; entity < 1000; entity++) {
    const bpi_posting_list *list = bpi_postings_find(&run.entities, entity);
    cr_assert_eq(list->count, entity < BPI_RUN_ROWS % 1000 ? BPI_RUN_ROWS / 1000 + 1 : BPI_RUN_ROWS / 1000);
  }
  cr_assert_null(bpi_postings_find(&run.entities, 1000));
}

Test(run, sequences_are_sought_between_and_outside) {
  for (uint32_t i = 0; i < 1000; i++) add(i); /* sequences 10, 13, 16 ... */
  for (uint64_t sequence = 0; sequence < 3020; sequence++) {
    uint32_t expected = sequence <= 10 ? 0 : (uint32_t)((sequence - 10 + 2) / 3);
    if (expected > 1000) expected = 1000;
    cr_assert_eq(bpi_run_seek(&run, sequence), expected, "sequence %llu", (unsigned long long)sequence);
  }
  cr_assert_eq(bpi_run_seek(&run, UINT64_MAX), 1000);
}

Test(run, of_equal_ids_the_first_is_found) {
  for (uint32_t i = 0; i < 5000; i++) {
    bpi_row row = row_of(i);
    if (i % 10 == 5) memcpy(row.event_id, row_of(i / 100).event_id, 16);
    cr_assert_eq(bpi_run_add(&run, &row), BP_OK);
  }
  for (uint32_t i = 0; i < 50; i++) {
    if (i % 10 != 5) assert_found(i);
  }
}

Test(run, equal_ids_are_found_one_after_the_other) {
  static const uint32_t places[] = {3, 40, 41, 900};
  for (uint32_t i = 0; i < 1000; i++) {
    bpi_row row = row_of(i);
    if (i == 40 || i == 41 || i == 900) memcpy(row.event_id, row_of(3).event_id, 16);
    cr_assert_eq(bpi_run_add(&run, &row), BP_OK);
  }
  bpi_row wanted = row_of(3);
  uint64_t hash = bpi_run_hash(run.seed, wanted.event_id);
  uint32_t from = 0, found;
  for (size_t i = 0; i < 4; i++, from = found + 1) {
    cr_assert(bpi_run_find(&run, wanted.event_id, hash, from, &found));
    cr_assert_eq(found, places[i]);
  }
  cr_assert_not(bpi_run_find(&run, wanted.event_id, hash, from, &found));
}

Test(run, ids_that_differ_in_one_bit_are_told_apart) {
  for (uint32_t bit = 0; bit < 128; bit++) {
    bpi_row row = row_of(7);
    row.event_id[bit / 8] = (uint8_t)(row.event_id[bit / 8] ^ (1u << bit % 8));
    cr_assert_eq(bpi_run_add(&run, &row), BP_OK);
  }
  uint32_t found;
  bpi_row original = row_of(7);
  cr_assert_not(find(original.event_id, &found));
  for (uint32_t bit = 0; bit < 128; bit++) {
    bpi_row row = row_of(7);
    row.event_id[bit / 8] = (uint8_t)(row.event_id[bit / 8] ^ (1u << bit % 8));
    cr_assert(find(row.event_id, &found) && found == bit);
  }
}

Test(run, undo_restores_what_was) {
  uint32_t found;
  for (uint32_t i = 0; i < 3000; i++) add(i);
  for (uint32_t round = 0; round < 3; round++) {
    for (uint32_t i = 3000; i < 6000; i++) add(i);
    for (uint32_t i = 6000; i-- > 3000;) {
      bpi_run_undo(&run);
      bpi_row gone = row_of(i);
      cr_assert_not(find(gone.event_id, &found), "%u", i);
    }
    cr_assert_eq(run.count, 3000);
    for (uint32_t i = 0; i < 3000; i++) assert_found(i);
    for (uint32_t entity = 0; entity < 1000; entity++) {
      cr_assert_eq(bpi_postings_find(&run.entities, entity)->count, 3);
    }
    cr_assert_eq(bpi_run_seek(&run, UINT64_MAX), 3000);
  }
}

Test(run, undo_of_a_duplicate_leaves_the_first) {
  add(1);
  bpi_row again = row_of(1);
  again.entity = 2;
  cr_assert_eq(bpi_run_add(&run, &again), BP_OK);
  bpi_run_undo(&run);
  uint32_t found;
  cr_assert(find(again.event_id, &found));
  cr_assert_eq(found, 0);
  cr_assert_null(bpi_postings_find(&run.entities, 2));
}

Test(run, lack_of_memory_leaves_the_run_as_it_was) {
  uint32_t next = 0, found;
  for (uint64_t n = 1; n < 3000; n++) {
    bpi_row row = row_of(next);
    memory_fault_arm(&fault, 1 + n % 7, 1);
    bp_status status = bpi_run_add(&run, &row);
    memory_fault_disarm(&fault);
    if (status == BP_OK) {
      next++;
    } else {
      cr_assert_eq(status, BP_NO_MEMORY);
      cr_assert_not(find(row.event_id, &found));
    }
    cr_assert_eq(run.count, next);
  }
  cr_assert_gt(next, 1000);
  for (uint32_t i = 0; i < next; i++) assert_found(i);
}
