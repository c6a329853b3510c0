/* The state machine of batches, row by row, and what our own rules add to it. */
#include "journal/batches.h"
#include "support/memory_fault.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { FRAME = 100, START = 57 };

static memory_fault fault;
static bpi_batches batches;
static uint64_t at;
static int64_t now;

static void set_up(void) {
  memset(&fault, 0, sizeof fault);
  bpi_memory memory = memory_fault_table(&fault);
  bpi_batches_init(&batches, &memory, START);
  at = START;
  now = 1000;
}
static void tear_down(void) {
  bpi_release(&batches.memory, batches.records, batches.capacity * sizeof *batches.records);
  cr_assert_eq(fault.live_blocks, 0);
}

TestSuite(batches, .init = set_up, .fini = tear_down);

static void feed(uint16_t kind, uint32_t size, int has_chain, uint8_t id) {
  bpi_record record = {.offset = at, .frame_length = FRAME, .kind = kind};
  bpi_header header = {.kind = kind, .payload_size = size, .has_chain = (uint8_t)has_chain, .timestamp_us = now};
  record.event_id[0] = id;
  if (has_chain) record.event_hash[0] = 1;
  at += FRAME;
  cr_assert_eq(bpi_batches_frame(&batches, &record, &header), BP_OK);
}

static uint64_t position(unsigned frames) { return START + (uint64_t)frames * FRAME; }

/* A walk as text: `B2` begins a batch of two, `C` commits, a letter is an event, `+` lets time pass, `O` is the open event
 * of a session, `~` is skipped bytes, `!` a frame that was damaged, `.` the end.  The answer: the letters of the events that count. */
static const char *walk(const char *frames) {
  static char found[64];
  for (const char *c = frames; *c != 0; c++) {
    switch (*c) {
      case 'B': feed(BPI_KIND_BATCH_BEGIN, (uint32_t)strtoul(c + 1, NULL, 10), 0, 'B'); break;
      case 'C': feed(BPI_KIND_BATCH_COMMIT, 0, 0, 'C'); break;
      case 'O': feed(BPI_KIND_OPEN_COMPLETED, 5, 1, 'O'); break;
      case '+': now++; break;
      case '~':
      case '!':
        bpi_batches_skipped(&batches, *c == '!');
        at += 50;
        break;
      case '.': bpi_batches_end(&batches); break;
      default:
        if (*c >= 'a' && *c <= 'z') feed(0x2005, 5, 1, (uint8_t)*c);
    }
  }
  size_t i = 0;
  for (; i < batches.count; i++) found[i] = (char)batches.records[i].event_id[0];
  found[i] = 0;
  return found;
}

Test(batches, idle_an_event_is_an_event) {
  cr_assert_str_eq(walk("a+b+c."), "abc");
  cr_assert_eq(batches.good_end, position(3));
  cr_assert_eq(batches.dropped, 0);
}

Test(batches, nothing_is_nothing) {
  cr_assert_str_eq(walk("."), "");
  cr_assert_eq(batches.good_end, START);
}

Test(batches, idle_a_commit_is_skipped) {
  cr_assert_str_eq(walk("aC+b."), "ab");
  cr_assert_eq(batches.good_end, position(3));
}

Test(batches, a_lone_commit_at_the_end_is_not_good) {
  cr_assert_str_eq(walk("aC."), "a");
  cr_assert_eq(batches.good_end, position(1));
}

Test(batches, a_whole_batch_counts_in_its_order) {
  cr_assert_str_eq(walk("a+B2bcC+d."), "abcd");
  cr_assert_eq(batches.good_end, position(6));
  cr_assert_eq(batches.dropped, 0);
}

Test(batches, a_batch_counts_when_it_is_committed_and_not_before) {
  cr_assert_str_eq(walk("B2ab"), "");
  cr_assert_eq(batches.good_end, START);
  cr_assert_str_eq(walk("C"), "ab");
  cr_assert_eq(batches.good_end, position(4));
}

Test(batches, a_begin_of_none_or_of_too_many_begins_nothing) {
  cr_assert_str_eq(walk("B0a+"), "a");
  cr_assert_str_eq(walk("B1000001b+C"), "ab");
  cr_assert_str_eq(walk("B1000000c"), "ab", "that many are allowed");
}

Test(batches, a_frame_too_many_drops_the_batch_and_itself_if_it_has_the_batch_s_time) {
  cr_assert_str_eq(walk("B2abc+d."), "d");
  cr_assert_eq(batches.dropped, 3);
}

Test(batches, a_frame_too_many_of_another_time_is_an_event) {
  cr_assert_str_eq(walk("B2ab+c+d."), "cd");
  cr_assert_eq(batches.dropped, 2);
  cr_assert_eq(batches.good_end, position(5));
}

Test(batches, a_commit_that_comes_too_early_drops_the_items) {
  cr_assert_str_eq(walk("B3abC+d."), "d");
  cr_assert_eq(batches.dropped, 2);
}

Test(batches, a_begin_inside_a_batch_drops_the_items_and_begins_anew) {
  cr_assert_str_eq(walk("B3ab+B1cC."), "c");
  cr_assert_eq(batches.dropped, 2);
}

Test(batches, a_damaged_frame_where_the_commit_belongs_was_the_commit) {
  cr_assert_str_eq(walk("a+B2bc!"), "abc");
  cr_assert_eq(batches.good_end, position(4));
  cr_assert_str_eq(walk("d+B1e!."), "abcde", "behind it the walk goes on, in the same time too");
  cr_assert_eq(batches.dropped, 0);
}

Test(batches, a_damaged_frame_elsewhere_in_a_batch_was_an_item) {
  cr_assert_str_eq(walk("B3a!."), "");
  cr_assert_str_eq(walk("B3b!cC."), "bc");
}

Test(batches, a_torn_commit_is_none) {
  cr_assert_str_eq(walk("a+B2bc~."), "a");
}

Test(batches, the_end_drops_an_open_batch) {
  cr_assert_str_eq(walk("a+B3bc."), "a");
  cr_assert_eq(batches.dropped, 2);
  cr_assert_eq(batches.good_end, position(1), "all behind it may be cut off");
}

Test(batches, the_end_right_behind_a_begin_drops_nothing) {
  cr_assert_str_eq(walk("a+B3."), "a");
  cr_assert_eq(batches.dropped, 0);
  cr_assert_eq(batches.good_end, position(1));
}

/* Appends that were acknowledged after a batch failed stand where its items should be. */
Test(batches, events_of_another_time_in_a_broken_batch_are_kept) {
  cr_assert_str_eq(walk("B5ab+c+d."), "cd");
  cr_assert_eq(batches.dropped, 2);
  cr_assert_eq(batches.good_end, position(5));
  cr_assert_str_eq(walk("B5ef+g+h."), "cdgh", "behind others too");
  cr_assert_eq(batches.good_end, position(10));
}

Test(batches, events_of_another_time_before_an_early_commit_are_kept) {
  cr_assert_str_eq(walk("B5ab+cC."), "c");
}

Test(batches, a_batch_in_the_place_of_items_is_told_apart) {
  cr_assert_str_eq(walk("B5ab+c+B2deC+f."), "cdef");
  cr_assert_eq(batches.dropped, 2);
}

Test(batches, whole_batches_count_whatever_the_times_of_their_items) {
  cr_assert_str_eq(walk("B3a+b+cC."), "abc");
}

Test(batches, a_session_s_open_event_ends_a_batch) {
  cr_assert_str_eq(walk("a+B5bc+O+d."), "aOd");
  cr_assert_eq(batches.dropped, 2);
}

Test(batches, an_open_event_of_the_items_time_is_no_item) {
  cr_assert_str_eq(walk("B3abO."), "O");
  cr_assert_eq(batches.dropped, 2);
}

/* Damage may have taken items of a batch that was whole: its COMMIT says that it was. */
Test(batches, a_commit_behind_skipped_bytes_is_believed) {
  cr_assert_str_eq(walk("B3a~cC."), "ac");
  cr_assert_eq(batches.dropped, 0);
}

Test(batches, without_a_commit_skipped_bytes_change_nothing) {
  cr_assert_str_eq(walk("B3a~c."), "");
  cr_assert_eq(batches.dropped, 2);
}

Test(batches, damage_in_one_batch_is_forgotten_in_the_next) {
  cr_assert_str_eq(walk("B2a~bC+B3cC."), "ab");
  cr_assert_eq(batches.dropped, 1);
}

Test(batches, an_event_of_a_marker_s_kind_is_an_event) {
  feed(BPI_KIND_BATCH_COMMIT, 4, 1, 'x');
  feed(BPI_KIND_BATCH_BEGIN, 2, 1, 'y');
  cr_assert_str_eq(walk("+a."), "xya");
  cr_assert_eq(batches.good_end, position(3));
}

Test(batches, it_may_be_an_item_too) {
  (void)walk("B2a");
  feed(BPI_KIND_BATCH_COMMIT, 4, 1, 'x');
  cr_assert_str_eq(walk("C."), "ax");
}

Test(batches, lack_of_memory_is_said) {
  bpi_record record = {.offset = START, .frame_length = FRAME};
  bpi_header header = {.kind = 0x2005, .has_chain = 1};
  memory_fault_arm(&fault, 1, 0);
  cr_assert_eq(bpi_batches_frame(&batches, &record, &header), BP_NO_MEMORY);
  cr_assert_eq(batches.count, 0);
}
