#include "index/names.h"
#include "support/memory_fault.h"

#include <criterion/criterion.h>
#include <stdio.h>

static memory_fault fault;
static bpi_names names;

static void set_up(void) {
  memset(&fault, 0, sizeof fault);
  bpi_memory memory = memory_fault_table(&fault);
  bpi_names_init(&names, &memory, 12345);
}
static void tear_down(void) {
  bpi_names_free(&names);
  cr_assert_eq(fault.live_blocks, 0);
  cr_assert_eq(fault.wrong_sizes, 0);
}

TestSuite(names, .init = set_up, .fini = tear_down);

static bpi_bytes text_of(uint32_t i, char room[32]) { return bpi_bytes_of(room, (size_t)snprintf(room, 32, "name:%u", i)); }

Test(names, an_empty_table_knows_nothing) {
  uint32_t number = 7;
  cr_assert_not(bpi_names_find(&names, bpi_bytes_of("a", 1), &number));
  cr_assert_eq(number, 7);
  cr_assert_eq(bpi_names_bytes(&names), 0);
}

Test(names, numbers_are_dense_and_stay) {
  enum { COUNT = 20000 };
  char room[32];
  uint32_t number;
  for (uint32_t round = 0; round < 2; round++) {
    for (uint32_t i = 0; i < COUNT; i++) {
      cr_assert_eq(bpi_names_intern(&names, text_of(i, room), &number), BP_OK);
      cr_assert_eq(number, i);
    }
  }
  cr_assert_eq(names.count, COUNT);
  for (uint32_t i = 0; i < COUNT; i++) {
    cr_assert(bpi_names_find(&names, text_of(i, room), &number));
    cr_assert_eq(number, i);
    cr_assert(bpi_bytes_equal(bpi_names_text(&names, i), text_of(i, room)), "the table keeps a copy");
  }
  cr_assert_not(bpi_names_find(&names, text_of(COUNT, room), &number));
}

Test(names, texts_are_told_apart_by_every_byte_and_by_length) {
  uint32_t numbers[5];
  static const struct {
    const char *text;
    size_t length;
  } texts[] = {{"abcdefgh", 8}, {"abcdefg", 7}, {"abcdefgi", 8}, {"abcdefgh\0", 9}, {"", 0}};
  for (size_t i = 0; i < 5; i++) {
    cr_assert_eq(bpi_names_intern(&names, bpi_bytes_of(texts[i].text, texts[i].length), &numbers[i]), BP_OK);
    cr_assert_eq(numbers[i], i);
  }
}

Test(names, a_new_name_has_no_events) {
  uint32_t number;
  cr_assert_eq(bpi_names_intern(&names, bpi_bytes_of("a", 1), &number), BP_OK);
  cr_assert_eq(names.names[number].last_row, BPI_NO_ROW);
  cr_assert_eq(names.names[number].entity_events, 0);
  cr_assert_eq(names.names[number].scope_events, 0);
}

Test(names, lack_of_memory_leaves_the_table_whole) {
  char room[32];
  uint32_t number, next = 0;
  for (uint64_t n = 1; n < 400; n++) {
    memory_fault_arm(&fault, 1 + n % 4, 0);
    bp_status status = bpi_names_intern(&names, text_of(next, room), &number);
    memory_fault_disarm(&fault);
    if (status == BP_OK) {
      cr_assert_eq(number, next);
      next++;
    } else {
      cr_assert_eq(status, BP_NO_MEMORY);
      cr_assert_not(bpi_names_find(&names, text_of(next, room), &number));
      cr_assert_eq(names.count, next);
    }
    for (uint32_t i = 0; i < next; i += 17) cr_assert(bpi_names_find(&names, text_of(i, room), &number) && number == i);
  }
  cr_assert_gt(next, 300);
}
