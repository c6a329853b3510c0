/* The numbers of a footer, held against those of the next. */
#include "journal/scan.h"
#include "support/memory_fault.h"
#include "support/segment_builder.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { ROW_SEQUENCE = 122, SEGMENT = 3 };

static memory_fault fault;
static bpi_memory memory;
static bpi_findings findings;
static segment_builder builder;
static bpi_record records[8];
static bpi_scan scan;

static void set_up(void) {
  memset(&fault, 0, sizeof fault);
  memory = memory_fault_table(&fault);
  bpi_findings_init(&findings, &memory);
  segment_builder_init(&builder, SEGMENT);
}
static void tear_down(void) {
  bpi_findings_free(&findings);
  segment_builder_free(&builder);
  cr_assert_eq(fault.live_blocks, 0);
}

TestSuite(scan_footer, .init = set_up, .fini = tear_down);

/* --- which of two footers is wrong */

/* `numbers` ends with UINT64_MAX. */
static void hold_against(const uint64_t *numbers, uint64_t from, uint64_t taken) {
  findings.count = 0;
  scan = (bpi_scan){.records = records, .kind = BPI_SCAN_SEALED};
  for (; numbers[scan.count] != UINT64_MAX; scan.count++) records[scan.count].sequence = numbers[scan.count];
  bpi_scan_count_taken(&scan, from, taken, SEGMENT, &findings);
}

static void assert_counted_from(const uint64_t *numbers, size_t first) {
  cr_assert_eq(scan.kind, BPI_SCAN_MISFIT);
  cr_assert_eq(findings.count, 1);
  cr_assert_str_eq(findings.items[0].code, "footer_sequence");
  cr_assert_eq(findings.items[0].severity, BP_SEVERITY_DAMAGE);
  cr_assert_eq(findings.items[0].segment_id, SEGMENT);
  for (size_t i = 0; i < scan.count; i++) {
    cr_assert_eq(records[i].sequence, i < first ? numbers[i] : BPI_UNNUMBERED, "record %zu", i);
  }
}

static void assert_left(const uint64_t *numbers) {
  cr_assert_eq(scan.kind, BPI_SCAN_SEALED);
  cr_assert_eq(findings.count, 0);
  for (size_t i = 0; i < scan.count; i++) cr_assert_eq(records[i].sequence, numbers[i], "record %zu", i);
}

Test(scan_footer, a_last_number_that_the_next_segment_has_is_counted) {
  for (unsigned bit = 3; bit < 64; bit++) {
    const uint64_t three[] = {5, 6, 7 + (UINT64_C(1) << bit), UINT64_MAX};
    hold_against(three, 5, 8);
    assert_counted_from(three, 2);
    const uint64_t one[] = {UINT64_C(1) << bit, UINT64_MAX};
    hold_against(one, 0, 1);
    assert_counted_from(one, 0);
    const uint64_t behind_a_gap[] = {2, 5, 6 + (UINT64_C(1) << bit), UINT64_MAX};
    hold_against(behind_a_gap, 2, 7);
    assert_counted_from(behind_a_gap, 2);
  }
}

Test(scan_footer, numbers_are_left_where_the_next_segment_may_be_the_wrong_one) {
  const uint64_t whole[] = {5, 6, 7, UINT64_MAX};
  for (uint64_t taken = 0; taken <= 9; taken++) {
    hold_against(whole, 5, taken);
    assert_left(whole);
  }
  const uint64_t gap[] = {5, 9, UINT64_MAX};
  for (uint64_t taken = 0; taken <= 10; taken++) {
    if (taken == 7) continue; /* just one place */
    hold_against(gap, 5, taken);
    assert_left(gap);
  }
  const uint64_t too_much_room[] = {40, UINT64_MAX};
  hold_against(too_much_room, 5, 8);
  assert_left(too_much_room);
  hold_against(whole, 6, 7); /* its first number is taken itself */
  assert_left(whole);
}

/* --- the next one's first number */

static uint64_t first_of(bpi_bytes file, uint64_t most) {
  uint64_t number;
  uint8_t *copy = builder_exact_copy(file);
  cr_assert_eq(bpi_scan_first_number(bpi_bytes_of(copy, file.length), most, &memory, &number), BP_OK);
  free(copy);
  return number;
}

static void make_segment(size_t events) {
  for (size_t i = 0; i < events; i++) segment_builder_event(&builder, "e:1");
  segment_builder_seal(&builder, 20);
}

static uint8_t *row(size_t number) {
  bpi_bytes file = segment_builder_file(&builder);
  size_t rows = builder.count - number;
  return builder.bytes.data + file.length - BPI_FOOTER_TRAILER_BYTES - rows * BPI_FOOTER_ROW_BYTES;
}

Test(scan_footer, the_first_number_is_that_of_the_first_row) {
  make_segment(3);
  cr_assert_eq(first_of(segment_builder_file(&builder), 20), 20);
  cr_assert_eq(first_of(segment_builder_file(&builder), UINT64_MAX), 20);
  cr_assert_eq(first_of(segment_builder_file(&builder), 19), UINT64_MAX);
}

Test(scan_footer, one_row_is_enough) {
  make_segment(1);
  cr_assert_eq(first_of(segment_builder_file(&builder), 20), 20);
}

Test(scan_footer, a_number_that_the_second_row_does_not_follow_is_not_believed) {
  make_segment(3);
  bpi_store_le64(row(0) + ROW_SEQUENCE, 16);
  cr_assert_eq(first_of(segment_builder_file(&builder), 20), UINT64_MAX);
}

Test(scan_footer, a_footer_that_does_not_fit_is_not_believed) {
  make_segment(3);
  bpi_store_le64(row(2) + ROW_SEQUENCE, 7);
  cr_assert_eq(first_of(segment_builder_file(&builder), 20), UINT64_MAX);
}

Test(scan_footer, numbers_that_do_not_rise_are_counted) {
  make_segment(3);
  for (uint64_t second = 19; second <= 20; second++) {
    bpi_store_le64(row(1) + ROW_SEQUENCE, second);
    findings.count = 0;
    cr_assert_eq(bpi_scan_segment(segment_builder_file(&builder), SEGMENT, 1, &memory, &scan, &findings, NULL), BP_OK);
    cr_assert_eq(scan.kind, BPI_SCAN_MISFIT);
    cr_assert_eq(findings.count, 1);
    cr_assert_str_eq(findings.items[0].code, "sequence_order");
    cr_assert_eq(scan.count, 3);
    for (size_t i = 0; i < 3; i++) cr_assert_eq(scan.records[i].sequence, BPI_UNNUMBERED, "record %zu", i);
    bpi_scan_free(&scan);
  }
}

Test(scan_footer, what_is_no_segment_with_a_footer_has_no_number) {
  cr_assert_eq(first_of(bpi_bytes_of((const uint8_t *)"", 0), UINT64_MAX - 1), UINT64_MAX);
  make_segment(2);
  bpi_bytes file = segment_builder_file(&builder);
  for (size_t length = 0; length < file.length; length++) {
    cr_assert_eq(first_of(bpi_bytes_of(file.data, length), UINT64_MAX - 1), UINT64_MAX, "of %zu bytes", length);
  }
  builder.bytes.data[0] ^= 1;
  cr_assert_eq(first_of(file, UINT64_MAX - 1), UINT64_MAX);
}

Test(scan_footer, no_memory_is_said) {
  uint64_t number;
  make_segment(2);
  memory_fault_arm(&fault, 1, 0);
  cr_assert_eq(bpi_scan_first_number(segment_builder_file(&builder), 20, &memory, &number), BP_NO_MEMORY);
}
