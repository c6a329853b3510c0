/* The segment that is being written, over the simulated disk. */
#include "journal/writer.h"
#include "journal/scan.h"
#include "support/memory_fault.h"
#include "support/segment_builder.h"
#include "support/sim.h"

#include <criterion/criterion.h>
#include <errno.h>

static sim_system *sim;
static memory_fault fault;
static bpi_segments segments;
static bpi_writer writer;
static bpi_footer_writer footer;
static bpi_buffer content, frame;
static bp_error error;

static void set_up(void) {
  memset(&fault, 0, sizeof fault);
  bpi_memory memory = memory_fault_table(&fault);
  sim = sim_new();
  const bp_system *system = sim_table(sim);
  cr_assert_eq(system->directory_create(system->context, "d"), 0);
  cr_assert_eq(system->directory_sync(system->context, "."), 0);
  memset(&error, 0, sizeof error);
  cr_assert_eq(bpi_segments_init(&segments, system, &memory, "d", &error), BP_OK);
  bpi_writer_init(&writer, &segments, 1);
  bpi_footer_writer_init(&footer, &memory);
  bpi_buffer_init(&content, &memory);
  bpi_buffer_init(&frame, &memory);
}
static void tear_down(void) {
  bpi_writer_free(&writer);
  bpi_segments_free(&segments);
  bpi_footer_writer_free(&footer);
  bpi_buffer_free(&content);
  bpi_buffer_free(&frame);
  cr_assert_eq(sim_open_files(sim), 0);
  cr_assert_eq(sim_mapped_views(sim), 0);
  cr_assert_eq(sim_misuses(sim), 0);
  cr_assert_eq(fault.live_blocks, 0);
  cr_assert_eq(fault.wrong_sizes, 0);
  sim_free(sim);
}

TestSuite(writer, .init = set_up, .fini = tear_down);

static size_t file_length(const char *path) {
  content.length = 0;
  return sim_get(sim, path, &content) ? content.length : SIZE_MAX;
}

static void begin(uint64_t id) {
  cr_assert_eq(bpi_writer_begin(&writer, id, 1700000000000000000, &error), BP_OK, "%s", error.text);
}

/* One event, with its row. */
static bp_status append(uint64_t number) {
  bpi_header header = builder_header(number);
  frame.length = 0;
  bpi_record record = builder_put_frame(&frame, &header, bpi_bytes_of("x", 1));
  record.offset = writer.offset;
  record.sequence = number;
  bp_status status = bpi_writer_append(&writer, frame.data, frame.length, &error);
  if (status == BP_OK) cr_assert_eq(bpi_footer_add(&footer, &record), BP_OK);
  return status;
}

Test(writer, a_new_segment_is_durable_with_its_name) {
  begin(1);
  sim_crash(sim, &(sim_choice){.kind = SIM_ALL_LOST});
  writer.file = -1;
  cr_assert_eq(file_length("d/000001.fbat"), 57);
  cr_assert_arr_eq(content.data, "FBAT", 4);
  cr_assert_eq(segments.count, 1);
}

Test(writer, an_append_is_one_write_and_a_sync_one_flush) {
  begin(1);
  uint64_t calls = sim_calls(sim, SIM_ANY);
  cr_assert_eq(append(0), BP_OK);
  cr_assert_eq(sim_calls(sim, SIM_ANY) - calls, 1);
  cr_assert_eq(bpi_writer_sync(&writer, &error), BP_OK);
  cr_assert_eq(sim_calls(sim, SIM_ANY) - calls, 2);
  cr_assert_eq(sim_calls(sim, SIM_SYNC) + sim_calls(sim, SIM_WRITE) + 0, 2 + 2);
  cr_assert_eq(bpi_writer_sync(&writer, &error), BP_OK);
  cr_assert_eq(sim_calls(sim, SIM_ANY) - calls, 2, "there is nothing to flush");
  cr_assert_eq(writer.writes, 1);
  cr_assert_eq(writer.syncs, 1);
}

Test(writer, an_existing_segment_is_never_overwritten) {
  sim_put(sim, "d/000001.fbat", "precious", 8);
  cr_assert_eq(bpi_writer_begin(&writer, 1, 0, &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, EEXIST);
  cr_assert_eq(file_length("d/000001.fbat"), 8);
  cr_assert_eq(segments.count, 0);
}

Test(writer, a_segment_that_cannot_be_begun_leaves_no_file) {
  static const int kinds[] = {SIM_OPEN, SIM_WRITE, SIM_SYNC, SIM_DIRECTORY_SYNC};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    sim_add_fault(sim, (sim_fault){.kind = kinds[i], .at = 1, .errno_value = ENOSPC});
    cr_assert_eq(bpi_writer_begin(&writer, 1, 0, &error), BP_DISK_FULL);
    sim_clear_faults(sim);
    cr_assert_eq(file_length("d/000001.fbat"), SIZE_MAX, "%s", sim_call_name(kinds[i]));
    cr_assert_eq(sim_open_files(sim), 0);
    cr_assert_eq(segments.count, 0);
  }
  begin(1);
}

Test(writer, sealing_leaves_a_footer_that_fits) {
  begin(1);
  for (uint64_t i = 0; i < 20; i++) cr_assert_eq(append(i), BP_OK);
  cr_assert_eq(bpi_writer_seal(&writer, &footer, &error), BP_OK);
  cr_assert_eq(writer.file, -1);
  cr_assert_eq(sim_open_files(sim), 0);
  sim_crash(sim, &(sim_choice){.kind = SIM_ALL_LOST});
  (void)file_length("d/000001.fbat");
  bpi_findings findings;
  bpi_scan scan;
  bpi_findings_init(&findings, &writer.memory);
  cr_assert_eq(bpi_scan_segment(bpi_bytes_of(content.data, content.length), 1, 1, &writer.memory, &scan, &findings,
                                &error),
               BP_OK);
  cr_assert_eq(scan.kind, BPI_SCAN_SEALED);
  cr_assert_eq(scan.count, 20);
  cr_assert_eq(scan.records[19].sequence, 19);
  cr_assert_eq(findings.count, 0);
  bpi_scan_free(&scan);
  bpi_findings_free(&findings);
}

/* Whatever a power failure left of the footer, the frames are there and the segment is read.
 * I-014: the trailer is written when rows and frames are on the disk. */
Test(writer, a_seal_that_power_failed_under_costs_no_event) {
  begin(1);
  for (uint64_t i = 0; i < 5; i++) cr_assert_eq(append(i), BP_OK);
  cr_assert_eq(bpi_writer_sync(&writer, &error), BP_OK);
  sim_add_fault(sim, (sim_fault){.kind = SIM_SYNC, .at = 1, .errno_value = EIO, .forever = 1});
  cr_assert_eq(bpi_writer_seal(&writer, &footer, &error), BP_SYNC_FAILED);
  sim_choice choices[200];
  size_t count = sim_choices(sim, choices, 200, 1);
  cr_assert_gt(count, 3);
  for (size_t i = 0; i < count; i++) {
    sim_system *after = sim_crashed(sim, &choices[i]);
    bpi_findings findings;
    bpi_scan scan;
    content.length = 0;
    cr_assert(sim_get(after, "d/000001.fbat", &content));
    bpi_findings_init(&findings, &writer.memory);
    cr_assert_eq(bpi_scan_segment(bpi_bytes_of(content.data, content.length), 1, 1, &writer.memory, &scan, &findings,
                                  &error),
                 BP_OK);
    cr_assert_eq(scan.count, 5, "choice %zu", i);
    bpi_scan_free(&scan);
    bpi_findings_free(&findings);
    sim_free(after);
  }
}

Test(writer, a_failed_write_is_undone) {
  begin(1);
  cr_assert_eq(append(0), BP_OK);
  size_t before = file_length("d/000001.fbat");
  sim_set_write_limit(sim, 100);
  sim_add_fault(sim, (sim_fault){.kind = SIM_WRITE, .at = 3, .errno_value = ENOSPC});
  cr_assert_eq(append(1), BP_DISK_FULL);
  sim_set_write_limit(sim, 0);
  cr_assert_eq(file_length("d/000001.fbat"), before);
  cr_assert_eq(writer.offset, before);
  cr_assert_eq(writer.poisoned, BP_OK);
  cr_assert_eq(append(1), BP_OK);
  cr_assert_eq(bpi_writer_seal(&writer, &footer, &error), BP_OK);
}

Test(writer, what_cannot_be_undone_poisons) {
  begin(1);
  cr_assert_eq(append(0), BP_OK);
  sim_set_write_limit(sim, 100);
  sim_add_fault(sim, (sim_fault){.kind = SIM_WRITE, .at = 2, .errno_value = EIO});
  sim_add_fault(sim, (sim_fault){.kind = SIM_TRUNCATE, .at = 1, .errno_value = EIO});
  cr_assert_neq(append(1), BP_OK);
  cr_assert_eq(writer.poisoned, BP_POISONED);
}

Test(writer, a_failed_flush_poisons_and_is_not_tried_again) {
  begin(1);
  cr_assert_eq(append(0), BP_OK);
  sim_add_fault(sim, (sim_fault){.kind = SIM_SYNC, .at = 1, .errno_value = EIO});
  cr_assert_eq(bpi_writer_sync(&writer, &error), BP_SYNC_FAILED);
  cr_assert_eq(error.code, BP_SYNC_FAILED);
  cr_assert_eq(error.os_error, EIO);
  cr_assert_eq(writer.poisoned, BP_POISONED);
}

Test(writer, a_seal_that_fails_leaves_the_segment_as_it_was_or_poisons) {
  for (uint64_t n = 1;; n++) {
    tear_down();
    set_up();
    begin(1);
    for (uint64_t i = 0; i < 3; i++) cr_assert_eq(append(i), BP_OK);
    size_t before = file_length("d/000001.fbat");
    uint64_t calls = sim_calls(sim, SIM_ANY);
    sim_add_fault(sim, (sim_fault){.kind = SIM_ANY, .at = n, .errno_value = EIO});
    bp_status status = bpi_writer_seal(&writer, &footer, &error);
    sim_clear_faults(sim);
    if (status == BP_OK) {
      cr_assert_geq(n, sim_calls(sim, SIM_ANY) - calls, "the failure was swallowed");
      break;
    }
    if (writer.poisoned == BP_OK) {
      cr_assert_eq(file_length("d/000001.fbat"), before, "call %llu", (unsigned long long)n);
      cr_assert_eq(writer.offset, before);
      cr_assert_eq(append(3), BP_OK);
      cr_assert_eq(bpi_writer_seal(&writer, &footer, &error), BP_OK, "a second try");
    }
  }
}

Test(writer, segments_follow_each_other_and_views_of_both_stay) {
  bpi_bytes first, second;
  begin(1);
  cr_assert_eq(append(0), BP_OK);
  uint64_t offset = writer.offset - frame.length;
  cr_assert_eq(bpi_segments_view(&segments, 0, offset, frame.length, &first, &error), BP_OK);
  cr_assert_eq(bpi_writer_seal(&writer, &footer, &error), BP_OK);
  begin(2);
  cr_assert_eq(writer.ordinal, 1);
  cr_assert_eq(append(1), BP_OK);
  cr_assert_eq(bpi_segments_view(&segments, 1, writer.offset - frame.length, frame.length, &second, &error), BP_OK);
  cr_assert_eq(bpi_frame_check(first, 0), first.length);
  cr_assert_eq(bpi_frame_check(second, 0), second.length);
  cr_assert_eq(bpi_segments_view(&segments, 1, writer.offset, 1, &second, &error), BP_DAMAGED_FRAME);
  cr_assert_eq(bpi_segments_view(&segments, 1, UINT64_MAX, SIZE_MAX, &second, &error), BP_DAMAGED_FRAME);
  cr_assert_eq(bpi_segments_at(&segments, 0)->id, 1);
  cr_assert_eq(bpi_segments_at(&segments, 1)->id, 2);
}

Test(writer, views_stay_where_they_are_while_the_segment_grows) {
  static uint8_t block[1 << 20];
  bpi_bytes views[6];
  begin(1);
  for (size_t i = 0; i < 6; i++) {
    memset(block, (int)i, sizeof block);
    uint64_t offset = writer.offset;
    cr_assert_eq(bpi_writer_append(&writer, block, sizeof block, &error), BP_OK);
    cr_assert_eq(bpi_segments_view(&segments, 0, offset, sizeof block, &views[i], &error), BP_OK);
  }
  for (size_t i = 0; i < 6; i++) {
    cr_assert_eq(views[i].data[0], i);
    cr_assert_eq(views[i].data[sizeof block - 1], i);
  }
  cr_assert_leq(sim_mapped_views(sim), 4, "maps reach ahead, so few are needed");
}
