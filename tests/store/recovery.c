/* What an open makes of bytes that a crash, a failing disk or somebody's ill will left, and what it leaves alone. */
#include "journal/hidden.h"
#include "support/segment_builder.h"
#include "support/sim.h"
#include "support/surgery.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char parent[TEMPORARY_PATH_MAX];
static char path[TEMPORARY_PATH_MAX + 8], killed[TEMPORARY_PATH_MAX + 8];
static bp_error error;

static void set_up(void) {
  temporary_create(parent);
  fixture_join(path, sizeof path, parent, "store");
  fixture_join(killed, sizeof killed, parent, "killed");
  error = fixture_error();
}
static void tear_down(void) { temporary_remove(parent); }

TestSuite(recovery, .init = set_up, .fini = tear_down);

/* What is there after a kill: the files as they are. */
static void kill_store(bp_store *store) {
  fixture_copy_directory(path, killed);
  fixture_close(store);
}

static bpi_range one_range(uint64_t start, uint64_t end) { return (bpi_range){start, end}; }

static void hide(const char *directory, bpi_range range) {
  bpi_memory memory = bpi_memory_default();
  bpi_hidden hidden;
  bpi_hidden_init(&hidden, &memory);
  hidden.ranges = &range;
  hidden.count = 1;
  MUST(bpi_hidden_save(bpi_system_real(), directory, &hidden, NULL));
}

/* --- bytes that look like a footer */

enum { TRAILER = 16 };

static void put_trailer(uint8_t trailer[TRAILER], uint64_t table_offset) {
  bpi_store_le64(trailer, table_offset);
  bpi_store_le32(trailer + 8, 0);
  memcpy(trailer + 12, "SDX2", 4);
}

static bp_receipt append_ending_in(bp_store *store, const char *entity, const uint8_t *value, size_t length) {
  const bp_extension extension = {(const uint8_t *)"a.b", 3, value, length};
  bp_draft draft = fixture_draft(entity, "x");
  draft.extensions = &extension;
  draft.extension_count = 1;
  return fixture_append(store, &draft);
}

/* In a frame a byte from 80 on becomes two: only then do the last 16 bytes stand there as they are. */
static int is_plain_offset(uint64_t offset) {
  for (; offset > 0; offset >>= 8) {
    if (offset & 0x80) return 0;
  }
  return 1;
}

/* Its file ends where its last event does, also after a kill. */
static bp_store *open_without_room(void) {
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.preallocate_bytes = 0;
  return fixture_open(path, BP_MODE_CREATE, &config);
}

/* Appends events of one length until one ends in a trailer that names a place `before` its own, with `front` before it. */
static bp_receipt append_lookalike(bp_store *store, const char *front, size_t before) {
  uint8_t value[64];
  size_t front_length = strlen(front);
  memcpy(value, front, front_length);
  for (int i = 0; i < 2000; i++) {
    char entity[16];
    put_trailer(value + front_length, 0);
    snprintf(entity, sizeof entity, "a:%04d", i);
    bp_receipt trial = append_ending_in(store, entity, value, front_length + TRAILER);
    uint64_t own = trial.offset + 2 * (uint64_t)trial.frame_length - TRAILER;
    if (!is_plain_offset(own - before)) continue;
    entity[0] = 'b';
    put_trailer(value + front_length, own - before);
    bp_receipt last = append_ending_in(store, entity, value, front_length + TRAILER);
    cr_assert_eq(last.offset + last.frame_length, own + TRAILER);
    fixture_file file = fixture_read(path, "000001.fbat");
    cr_assert_eq(file.length, own + TRAILER);
    cr_assert_eq(bpi_load_le64(file.bytes + own), own - before, "the file ends in what looks like a trailer");
    free(file.bytes);
    return last;
  }
  fprintf(stderr, "no offset without a byte from 80 on\n");
  abort();
}

static void assert_nothing_is_lost(const bp_receipt *last) {
  bp_store *store = fixture_open(killed, BP_MODE_READ_ONLY, NULL);
  cr_assert_eq(fixture_count(store, NULL), last->sequence + 1);
  bp_report *report = fixture_verify(store, NULL);
  if (fixture_verdict(report).verdict != BP_VERDICT_CONSISTENT) fixture_print_findings(report);
  cr_assert_eq(fixture_verdict(report).verdict, BP_VERDICT_CONSISTENT);
  cr_assert_not_null(fixture_finding(report, "missing_footer"));
  bp_report_free(report);
  fixture_close(store);
  store = fixture_open(killed, BP_MODE_MUST_EXIST, NULL);
  cr_assert_eq(fixture_append_text(store, "a:0000", "next").sequence, last->sequence + 2);
  fixture_close(store);
  cr_assert_eq(fixture_verdict_of(killed), BP_VERDICT_CONSISTENT);
}

/* V-26: whoever chooses the last bytes of an event does not choose what the segment holds. */
Test(recovery, a_last_event_that_ends_in_a_trailer_hides_nothing) {
  bp_store *store = open_without_room();
  bp_receipt last = append_lookalike(store, "", 0);
  kill_store(store);
  assert_nothing_is_lost(&last);
}

/* The same with an empty table before the trailer: a footer that can be read, of a segment without events. */
Test(recovery, a_last_event_that_ends_in_an_empty_footer_hides_nothing) {
  bp_store *store = open_without_room();
  bp_receipt last = append_lookalike(store, "\x90", 1);
  kill_store(store);
  assert_nothing_is_lost(&last);
}

/* And where an earlier frame is damaged, the others are still there. */
Test(recovery, a_damaged_frame_does_not_help_such_an_event) {
  bp_store *store = open_without_room();
  bp_receipt last = append_lookalike(store, "\x90", 1);
  kill_store(store);
  fixture_flip(killed, "000001.fbat", 57 + 100, 1);
  store = fixture_open(killed, BP_MODE_READ_ONLY, NULL);
  cr_assert_eq(fixture_count(store, NULL), last.sequence, "all but the damaged one");
  fixture_close(store);
}

/* --- damage in the middle */

enum { EVENTS = 5, DAMAGED = 2 };

/* V-21: stepped over, its number left free; and it stays damage after the repair, though the segment has a footer now. */
Test(recovery, a_repair_does_not_hide_damage) {
  bp_receipt receipts[EVENTS];
  bp_store *store = fixture_open(path, BP_MODE_CREATE, NULL);
  for (int i = 0; i < EVENTS; i++) {
    char entity[8];
    snprintf(entity, sizeof entity, "e:%d", i); /* no clock tells that one is missing */
    receipts[i] = fixture_append_text(store, entity, "x");
  }
  kill_store(store);
  fixture_flip(killed, "000001.fbat", (size_t)receipts[DAMAGED].offset + 60, 1);
  for (int session = 0; session < 2; session++) {
    store = fixture_open(killed, BP_MODE_MUST_EXIST, NULL);
    bp_page *page;
    size_t count;
    MUST(bp_page_new(&page, NULL));
    for (int i = 0; i < EVENTS; i++) {
      bp_status status = bp_store_get(store, receipts[i].event_id, page, NULL);
      cr_assert_eq(status, i == DAMAGED ? BP_NOT_FOUND : BP_OK);
      if (status == BP_OK) cr_assert_eq(bp_page_events(page, &count)->sequence, receipts[i].sequence);
    }
    bp_page_free(page);
    fixture_close(store);
  }
  store = fixture_open(killed, BP_MODE_READ_ONLY, NULL);
  bp_report *report = fixture_verify(store, NULL);
  cr_assert_eq(fixture_verdict(report).verdict, BP_VERDICT_DAMAGED);
  const bp_finding *finding = fixture_finding(report, "damaged_frame");
  cr_assert_not_null(finding);
  cr_assert_eq(finding->offset, receipts[DAMAGED].offset);
  cr_assert_not_null(fixture_finding(report, "sequence_gap"));
  bp_report_free(report);
  fixture_close(store);
}

/* --- numbers of two kinds */

static void make_numbers_fall(const bpi_record *records) {
  enum { ROW_SEQUENCE = 122 };
  surgery patient;
  surgery_begin(&patient, path, "000001.fbat");
  for (size_t i = 0; i < 2; i++) {
    bpi_store_le64(surgery_row(&patient, (size_t)records[i].offset) + ROW_SEQUENCE, 70 + i);
  }
  surgery_end(&patient);
}

static void assert_counted(uint32_t mode, const bpi_record *records, size_t count, uint32_t verdict) {
  size_t found;
  bp_page *page;
  bp_store *store = fixture_open(path, mode, NULL);
  bp_report *report = fixture_verify(store, NULL);
  const bp_finding *finding = fixture_finding(report, "sequence_order");
  cr_assert_not_null(finding);
  cr_assert_eq(finding->severity, BP_SEVERITY_NOTE);
  cr_assert_eq(fixture_verdict(report).verdict, verdict);
  bp_report_free(report);
  MUST(bp_page_new(&page, NULL));
  for (size_t i = 0; i < count; i++) {
    MUST(bp_store_get(store, records[i].event_id, page, NULL));
    cr_assert_eq(bp_page_events(page, &found)->sequence, records[i].sequence);
  }
  bp_page_free(page);
  fixture_close(store);
}

static void assert_put_right(void) {
  bp_store *store = fixture_open(path, BP_MODE_READ_ONLY, NULL);
  bp_report *report = fixture_verify(store, NULL);
  cr_assert_null(fixture_finding(report, "sequence_order"));
  cr_assert_eq(fixture_verdict(report).verdict, BP_VERDICT_CONSISTENT);
  bp_report_free(report);
  fixture_close(store);
}

/* V-40: the footer's numbers fall in the middle, as the reference's compaction leaves them; counting gives the new ones. */
Test(recovery, numbers_of_a_footer_that_fall_are_counted) {
  segment_builder builder;
  segment_builder_init(&builder, 1);
  for (int i = 0; i < EVENTS; i++) segment_builder_event(&builder, "e:1");
  segment_builder_seal(&builder, 0);
  cr_assert_eq(mkdir(path, 0777), 0);
  fixture_write(path, "000001.fbat", builder.bytes.data, builder.bytes.length);
  make_numbers_fall(builder.records);
  assert_counted(BP_MODE_READ_ONLY, builder.records, EVENTS, BP_VERDICT_CONSISTENT);
  assert_counted(BP_MODE_MUST_EXIST, builder.records, EVENTS, BP_VERDICT_CONSISTENT);
  assert_put_right();
  segment_builder_free(&builder);
}

/* This library never writes such a footer: in a session of ours it is damage. */
Test(recovery, numbers_that_fall_in_a_session_of_ours_are_damage) {
  bpi_record records[EVENTS];
  bp_store *store = fixture_open(path, BP_MODE_CREATE, NULL);
  for (int i = 0; i < EVENTS; i++) {
    bp_receipt receipt = fixture_append_text(store, "e:1", "x");
    records[i] = (bpi_record){.sequence = receipt.sequence, .offset = receipt.offset};
    memcpy(records[i].event_id, receipt.event_id, 16);
  }
  fixture_close(store);
  make_numbers_fall(records);
  assert_counted(BP_MODE_READ_ONLY, records, EVENTS, BP_VERDICT_DAMAGED);
  assert_counted(BP_MODE_MUST_EXIST, records, EVENTS, BP_VERDICT_DAMAGED);
  assert_put_right();
}

/* Which of them have another number than their receipts say, and whether the footer was found out. */
static size_t count_moved(uint32_t mode, const bp_receipt *receipts, const char *code, uint32_t verdict) {
  size_t found, moved = 0;
  bp_page *page;
  bp_store *store = fixture_open(path, mode, NULL);
  bp_report *report = fixture_verify(store, NULL);
  cr_assert_eq(fixture_verdict(report).verdict, verdict);
  cr_assert_eq(fixture_finding(report, code) != NULL, verdict == BP_VERDICT_DAMAGED, "%s", code);
  bp_report_free(report);
  MUST(bp_page_new(&page, NULL));
  for (int i = 0; i < EVENTS; i++) {
    MUST(bp_store_get(store, receipts[i].event_id, page, NULL));
    moved += bp_page_events(page, &found)->sequence != receipts[i].sequence;
  }
  bp_page_free(page);
  fixture_close(store);
  return moved;
}

/* Each event in a segment of its own. */
static void make_segments(bp_receipt *receipts) {
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.segment_max_bytes = 1;
  bp_store *store = fixture_open(path, BP_MODE_CREATE, &config);
  for (int i = 0; i < EVENTS; i++) receipts[i] = fixture_append_text(store, "e:1", "x");
  fixture_close(store);
}

static void change_number(const bp_receipt *receipt, uint64_t bits) {
  enum { ROW_SEQUENCE = 122 };
  char name[BPI_SEGMENT_NAME_MAX];
  surgery patient;
  bpi_segment_name(receipt->segment_id, name);
  surgery_begin(&patient, path, name);
  uint8_t *number = surgery_row(&patient, (size_t)receipt->offset) + ROW_SEQUENCE;
  bpi_store_le64(number, bpi_load_le64(number) ^ bits);
  surgery_end(&patient);
}

/* V-26: a footer has no checksum, and a number that is too high there would move all behind it, were it not that the next footer begins
 * with one that is lower. */
Test(recovery, a_number_of_a_footer_that_is_too_high_moves_no_event) {
  bp_receipt receipts[EVENTS];
  make_segments(receipts);
  for (unsigned bit = 4; bit < 64; bit += 7) {
    change_number(&receipts[1], UINT64_C(1) << bit);
    cr_assert_eq(count_moved(BP_MODE_READ_ONLY, receipts, "footer_sequence", BP_VERDICT_DAMAGED), 0, "bit %u", bit);
    cr_assert_eq(count_moved(BP_MODE_MUST_EXIST, receipts, "footer_sequence", BP_VERDICT_DAMAGED), 0, "bit %u", bit);
    cr_assert_eq(count_moved(BP_MODE_READ_ONLY, receipts, "footer_sequence", BP_VERDICT_CONSISTENT), 0, "bit %u", bit);
  }
}

/* A number that is too low is taken: its own segment is the one that is counted. */
Test(recovery, a_number_of_a_footer_that_is_too_low_moves_no_event) {
  bp_receipt receipts[EVENTS];
  make_segments(receipts);
  change_number(&receipts[EVENTS - 1], receipts[EVENTS - 1].sequence);
  cr_assert_eq(count_moved(BP_MODE_READ_ONLY, receipts, "sequence_conflict", BP_VERDICT_DAMAGED), 0);
}

/* Bytes that make a footer a wrong one: the trailer's last byte; in a row, where the event lies; how long it is. */
static const struct {
  const char *what;
  size_t from_end; /* 0: of the row */
  size_t in_row;
} changed[] = {{"the trailer", 1, 0}, {"a place", 0, 110}, {"a length", 0, 118}};

static void change_footer(const char *name, const bp_receipt *receipt, size_t at) {
  surgery patient;
  surgery_begin(&patient, path, name);
  uint8_t *byte = changed[at].from_end > 0 ? patient.file.bytes + patient.file.length - changed[at].from_end
                                           : surgery_row(&patient, (size_t)receipt->offset) + changed[at].in_row;
  *byte ^= 0x10;
  surgery_end(&patient);
}

/* The row and the frame of a batch's end stay too: the reference does not believe the rows without the one, and without the
 * other the batch would not be whole, were the rows lost as well. */
Test(recovery, a_footer_that_is_written_again_is_the_same) {
  enum { ITEMS = 2 };
  bp_config config = fixture_config(BP_MODE_CREATE);
  bp_draft drafts[ITEMS] = {fixture_draft("e:1", "x"), fixture_draft("e:2", "y")};
  bp_receipt receipts[ITEMS] = {fixture_receipt(), fixture_receipt()};
  config.segment_max_bytes = 1;
  bp_store *store = fixture_open(path, BP_MODE_CREATE, &config);
  MUST(bp_store_append_batch(store, drafts, ITEMS, receipts, NULL));
  fixture_close(store);
  char name[BPI_SEGMENT_NAME_MAX];
  bpi_segment_name(receipts[0].segment_id, name);
  fixture_file sound = fixture_read(path, name);
  for (size_t at = 0; at < sizeof changed / sizeof changed[0]; at++) {
    change_footer(name, &receipts[0], at);
    fixture_close(fixture_open(path, BP_MODE_MUST_EXIST, NULL));
    fixture_file again = fixture_read(path, name);
    cr_assert_eq(again.length, sound.length, "%s", changed[at].what);
    cr_assert_arr_eq(again.bytes, sound.bytes, sound.length, "%s", changed[at].what);
    free(again.bytes);
  }
  free(sound.bytes);
}

/* A file whose footer is wrong is replaced, never written into: cut off and not yet written again, after a crash, it would be a
 * segment without a footer, and frames that no footer named, those of writes that failed, would be events. */
Test(recovery, a_wrong_footer_is_replaced_with_its_file) {
  bp_receipt receipt = fixture_receipt();
  bp_store *store = fixture_open(path, BP_MODE_CREATE, NULL);
  bp_draft draft = fixture_draft("e:1", "x");
  MUST(bp_store_append(store, &draft, &receipt, NULL));
  fixture_close(store);
  char name[BPI_SEGMENT_NAME_MAX], wrong[TEMPORARY_PATH_MAX + 64], linked[TEMPORARY_PATH_MAX + 8];
  bpi_segment_name(receipt.segment_id, name);
  change_footer(name, &receipt, 0);
  snprintf(wrong, sizeof wrong, "%s/%s", path, name);
  snprintf(linked, sizeof linked, "%s/linked", parent);
  cr_assert_eq(link(wrong, linked), 0);
  fixture_file before = fixture_read(parent, "linked");
  fixture_close(fixture_open(path, BP_MODE_MUST_EXIST, NULL));
  fixture_file after = fixture_read(parent, "linked");
  cr_assert_eq(after.length, before.length);
  cr_assert_arr_eq(after.bytes, before.bytes, before.length);
  free(before.bytes);
  free(after.bytes);
}

/* --- refused before anything is repaired.  I-012 */

static void assert_refused(bp_status wanted) {
  for (uint32_t mode = BP_MODE_CREATE; mode <= BP_MODE_READ_ONLY; mode++) {
    uint64_t before = fixture_digest(killed);
    cr_assert_eq(fixture_try_open(killed, mode, NULL, &error), wanted, "mode %u: %s", mode, error.text);
    cr_assert_eq(fixture_digest(killed), before, "mode %u changed the directory", mode);
  }
}

static void make_killed_store(void) {
  bp_store *store = fixture_open(path, BP_MODE_CREATE, NULL);
  fixture_append_text(store, "e:1", "x");
  kill_store(store);
  fixture_write(killed, ".tmpaaaaaa", "x", 1);
  fixture_write(killed, "index.ckpt", "x", 1);
}

Test(recovery, unreadable_hidden_ranges_refuse_before_the_repair) {
  make_killed_store();
  hide(killed, one_range(1, 2));
  fixture_flip(killed, BPI_HIDDEN_NAME, 20, 1);
  assert_refused(BP_HIDDEN_RANGES);
}

Test(recovery, a_newer_segment_refuses_before_the_repair) {
  make_killed_store();
  fixture_file file = fixture_read(killed, "000001.fbat");
  file.bytes[17] = 2; /* the version, as the worked example has it */
  fixture_write(killed, "000002.fbat", file.bytes, 57);
  free(file.bytes);
  assert_refused(BP_NEWER_VERSION);
}

/* --- what hidden events leave behind */

/* V-16: clock and link follow the last event that was written, hidden or not. */
Test(recovery, a_chain_goes_on_behind_hidden_events) {
  bp_store *store = fixture_open(path, BP_MODE_CREATE, NULL);
  fixture_append_text(store, "e:1", "shown");
  bp_receipt last = fixture_append_text(store, "e:1", "hidden");
  kill_store(store); /* a close event would name the hidden one */
  hide(killed, one_range(last.sequence, last.sequence + 1));
  store = fixture_open(killed, BP_MODE_MUST_EXIST, NULL);
  bp_receipt next = fixture_append_text(store, "e:1", "shown again");
  bp_page *page;
  size_t count;
  MUST(bp_page_new(&page, NULL));
  cr_assert_eq(bp_store_get(store, last.event_id, page, NULL), BP_NOT_FOUND);
  MUST(bp_store_get(store, next.event_id, page, NULL));
  const bp_event *event = bp_page_events(page, &count);
  cr_assert_eq(event->clock, 2);
  cr_assert_arr_eq(event->prev_hash, last.content_hash, 32);
  bp_page_free(page);
  fixture_close(store);
  cr_assert_eq(fixture_verdict_of(killed), BP_VERDICT_CONSISTENT);
}

/* --- flushes on the way */

static sim_system *sim;
static bp_config simulated(void) {
  bp_config config = fixture_config(BP_MODE_CREATE);
  sim = sim_new();
  config.system = sim_table(sim);
  config.segment_max_bytes = 1; /* a segment for each event */
  return config;
}

/* V-15: a file whose name is not flushed may vanish, however often it is flushed itself. */
Test(recovery, a_new_segment_has_its_name_on_the_disk_before_its_first_event) {
  bp_config config = simulated();
  bp_store *store = fixture_open("store", BP_MODE_CREATE, &config);
  for (uint64_t i = 1; i < 6; i++) {
    fixture_append_text(store, "e:1", "x");
    sim_system *after = sim_crashed(sim, &(sim_choice){.kind = SIM_ALL_LOST});
    bp_config reading = config;
    reading.system = sim_table(after);
    bp_store *survivor = fixture_open("store", BP_MODE_READ_ONLY, &reading);
    cr_assert_eq(fixture_count(survivor, NULL), i + 1);
    cr_assert_eq(fixture_stat(survivor).segments, i + 2);
    fixture_close(survivor);
    sim_free(after);
  }
  fixture_close(store);
  sim_free(sim);
}

/* I-013: what a group had made durable before a flush of it failed is acknowledged, the rest is not. */
Test(recovery, a_poisoned_group_keeps_what_was_durable) {
  enum { DRAFTS = 3 };
  bp_config config = simulated();
  bp_store *store = fixture_open("store", BP_MODE_CREATE, &config);
  bp_draft drafts[DRAFTS];
  bp_receipt receipts[DRAFTS];
  size_t accepted;
  for (int i = 0; i < DRAFTS; i++) {
    drafts[i] = fixture_draft("e:1", "x");
    receipts[i] = fixture_receipt();
  }
  /* Segment 1 is full with its prologue, the open event has segment 2, the last draft segment 5: flushed when it is
   * made, then for the group. */
  sim_add_fault(sim, (sim_fault){.kind = SIM_SYNC, .at = 2, .errno_value = EIO, .path_end = "000005.fbat"});
  cr_assert_eq(bp_store_append_many(store, drafts, DRAFTS, receipts, &accepted, &error), BP_SYNC_FAILED);
  cr_assert_eq(accepted, DRAFTS - 1);
  for (size_t i = 0; i < accepted; i++) cr_assert_eq(receipts[i].durable, 1);
  cr_assert_eq(fixture_count(store, NULL), DRAFTS, "the open event and those that were accepted");
  cr_assert_eq(bp_store_append(store, drafts, NULL, &error), BP_POISONED);
  sim_system *after = sim_crashed(sim, &(sim_choice){.kind = SIM_ALL_LOST});
  config.system = sim_table(after);
  bp_store *survivor = fixture_open("store", BP_MODE_MUST_EXIST, &config);
  bp_page *page;
  MUST(bp_page_new(&page, NULL));
  for (size_t i = 0; i < accepted; i++) MUST(bp_store_get(survivor, receipts[i].event_id, page, NULL));
  bp_page_free(page);
  fixture_close(survivor);
  sim_free(after);
  bp_store_release(store);
  sim_free(sim);
}
