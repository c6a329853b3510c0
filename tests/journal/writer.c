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

/* --- room behind the frames */

static void allow_room(uint64_t room, uint64_t segment_bytes) {
  writer.room_most = room;
  writer.frames_most = segment_bytes;
}

static bp_status append_flushed(uint64_t number) {
  bpi_header header = builder_header(number);
  frame.length = 0;
  bpi_record record = builder_put_frame(&frame, &header, bpi_bytes_of("x", 1));
  record.offset = writer.offset;
  record.sequence = number;
  size_t length = frame.length;
  bp_status status = bpi_writer_append_flushed(&writer, &frame, &error);
  cr_assert_eq(frame.length, length);
  if (status == BP_OK) cr_assert_eq(bpi_footer_add(&footer, &record), BP_OK);
  return status == BP_OK ? bpi_writer_sync(&writer, &error) : status;
}

/* From here on the file holds zeros, and only these. */
static void assert_room(size_t room) {
  cr_assert_eq(file_length("d/000001.fbat"), writer.offset + room);
  for (size_t i = (size_t)writer.offset; i < content.length; i++) cr_assert_eq(content.data[i], 0);
  cr_assert_eq(writer.room_end, content.length);
  cr_assert_eq(bpi_segments_bytes(&segments), writer.offset, "room does not count");
}

Test(writer, a_flushed_append_brings_room_with_its_one_write) {
  begin(1);
  allow_room(1 << 20, UINT64_MAX);
  uint64_t calls = sim_calls(sim, SIM_ANY);
  cr_assert_eq(append_flushed(0), BP_OK);
  cr_assert_eq(sim_calls(sim, SIM_ANY) - calls, 2, "a write and a flush");
  uint64_t room_end = writer.room_end;
  cr_assert_eq(room_end % 4096, 0);
  cr_assert_gt(room_end, 60 << 10);
  assert_room((size_t)(room_end - writer.offset));
  for (uint64_t i = 1; writer.offset + frame.length <= room_end; i++) {
    cr_assert_eq(append_flushed(i), BP_OK);
    assert_room((size_t)(room_end - writer.offset));
  }
  cr_assert_eq(append_flushed(999), BP_OK);
  cr_assert_gt(writer.room_end, room_end + (60 << 10), "and then there is new room");
  cr_assert_eq(sim_calls(sim, SIM_ANY) - calls, writer.writes + writer.syncs);
}

Test(writer, no_room_is_made_where_nothing_would_come_of_it) {
  begin(1);
  allow_room(1 << 20, UINT64_MAX);
  cr_assert_eq(append(0), BP_OK);
  assert_room(0);
  allow_room(0, UINT64_MAX);
  cr_assert_eq(append_flushed(1), BP_OK);
  assert_room(0);
  allow_room(2000, UINT64_MAX);
  cr_assert_eq(append_flushed(2), BP_OK);
  assert_room(0);
  allow_room(1 << 20, writer.offset + 10);
  cr_assert_eq(append_flushed(3), BP_OK);
  assert_room(0);
  allow_room(1 << 20, writer.offset + frame.length + 100);
  cr_assert_eq(append_flushed(4), BP_OK);
  assert_room(100);
}

Test(writer, sealing_cuts_the_room_off) {
  bpi_buffer without;
  bpi_buffer_init(&without, &writer.memory);
  for (int with_room = 0; with_room < 2; with_room++) {
    if (with_room) {
      tear_down();
      set_up();
    }
    begin(1);
    allow_room(with_room ? 1 << 20 : 0, UINT64_MAX);
    for (uint64_t i = 0; i < 20; i++) cr_assert_eq(append_flushed(i), BP_OK);
    cr_assert_eq(bpi_writer_seal(&writer, &footer, &error), BP_OK);
    sim_crash(sim, &(sim_choice){.kind = SIM_ALL_LOST});
    (void)file_length("d/000001.fbat");
    if (!with_room) {
      without.memory = bpi_memory_default();
      bpi_buffer_append(&without, content.data, content.length);
    }
  }
  cr_assert_eq(content.length, without.length);
  cr_assert_arr_eq(content.data, without.data, content.length);
  bpi_buffer_free(&without);
}

/* A disk that takes the frames and not the room: the frames count, and it is not asked again. */
Test(writer, room_that_the_disk_refuses_is_done_without) {
  begin(1);
  allow_room(1 << 20, UINT64_MAX);
  sim_set_capacity(sim, sim_used_bytes(sim) + 20000);
  cr_assert_eq(append_flushed(0), BP_OK);
  assert_room(20000 - frame.length);
  while (writer.offset + frame.length <= writer.room_end) cr_assert_eq(append_flushed(1), BP_OK);
  cr_assert_eq(append_flushed(2), BP_DISK_FULL);
  cr_assert_eq(writer.poisoned, BP_OK);
  assert_room(0);
  sim_set_capacity(sim, UINT64_MAX);
  cr_assert_eq(append_flushed(3), BP_OK);
  assert_room(0);
  cr_assert_eq(bpi_writer_seal(&writer, &footer, &error), BP_OK);
  begin(2);
  cr_assert_eq(append_flushed(4), BP_OK);
  cr_assert_gt(writer.room_end, writer.offset, "another segment, another try");
}

/* J13, D3: what a write that failed left in the room does not stay there. */
Test(writer, a_failed_write_into_the_room_is_undone_with_the_room) {
  begin(1);
  allow_room(1 << 20, UINT64_MAX);
  cr_assert_eq(append_flushed(0), BP_OK);
  sim_set_write_limit(sim, 100);
  sim_add_fault(sim, (sim_fault){.kind = SIM_WRITE, .at = 2, .errno_value = EIO});
  cr_assert_eq(append_flushed(1), BP_SYSTEM);
  sim_set_write_limit(sim, 0);
  assert_room(0);
  cr_assert_eq(append_flushed(1), BP_OK);
  cr_assert_gt(writer.room_end, writer.offset);
}

Test(writer, without_memory_there_is_no_room) {
  begin(1);
  allow_room(1 << 20, UINT64_MAX);
  cr_assert_eq(append(0), BP_OK);
  bpi_header header = builder_header(1);
  frame.length = 0;
  (void)builder_put_frame(&frame, &header, bpi_bytes_of("x", 1));
  memory_fault_arm(&fault, 1, 0);
  cr_assert_eq(bpi_writer_append_flushed(&writer, &frame, &error), BP_OK);
  memory_fault_disarm(&fault);
  cr_assert_eq(frame.failed, 0);
  assert_room(0);
}

/* I-014: wherever the power fails while a segment with room is sealed, its events are there. */
Test(writer, a_seal_of_a_segment_with_room_costs_no_event) {
  for (uint64_t n = 1; n <= 3; n++) {
    tear_down();
    set_up();
    begin(1);
    allow_room(8 << 10, UINT64_MAX);
    for (uint64_t i = 0; i < 5; i++) cr_assert_eq(append_flushed(i), BP_OK);
    cr_assert_gt(writer.room_end, writer.offset);
    sim_add_fault(sim, (sim_fault){.kind = n < 3 ? SIM_SYNC : SIM_TRUNCATE, .at = n < 3 ? n : 1, .errno_value = EIO,
                                   .forever = 1});
    cr_assert_neq(bpi_writer_seal(&writer, &footer, &error), BP_OK);
    sim_choice choices[200];
    size_t count = sim_choices(sim, choices, 200, n);
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
      for (size_t k = 0; k < findings.count; k++) cr_assert_eq(findings.items[k].severity, BP_SEVERITY_NOTE);
      bpi_scan_free(&scan);
      bpi_findings_free(&findings);
      sim_free(after);
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
