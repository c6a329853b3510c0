/* A compaction of the reference, interrupted at each of its steps: which files together are the store. */
#include "journal/directory_fixture.h"

#include <stdio.h>

TestSuite(compaction, .init = set_up, .fini = tear_down);

/* A segment whose prologue was written at this time. */
static void put(const char *name, uint64_t id, int64_t created) {
  char path[64];
  uint8_t prologue[BPI_SEGMENT_PROLOGUE_MAX];
  snprintf(path, sizeof path, "d/%s", name);
  sim_put(sim, path, prologue, bpi_prologue_encode(id, created, prologue));
}

static void put_all(uint64_t first, uint64_t last) {
  for (uint64_t id = first; id <= last; id++) {
    char name[BPI_SEGMENT_NAME_MAX];
    bpi_segment_name(id, name);
    put(name, id, (int64_t)id * 1000);
  }
}

static void mark(const char *json) { sim_put(sim, "d/" BPI_COMPACTION_NAME, json, strlen(json)); }

static bp_status resolve(void) {
  bpi_directory_free(&directory);
  cr_assert_eq(bpi_directory_read(sim_table(sim), &memory, "d", &directory, &error), BP_OK);
  return bpi_directory_resolve_compaction(sim_table(sim), "d", &directory, &error);
}

/* The names that make up the store, with blanks between. */
static const char *resolved(void) {
  static char text[256];
  size_t length = 0;
  cr_assert_eq(resolve(), BP_OK, "%s", error.text);
  text[0] = 0;
  for (size_t i = 0; i < directory.segments.count; i++) {
    length += (size_t)snprintf(text + length, sizeof text - length, i == 0 ? "%s" : " %s",
                               directory.segments.items[i].text);
  }
  return text;
}

static const char marker[] = "{\"merged_id\":1,\"source_segment_ids\":[1,2,3]}";

Test(compaction, without_a_marker_all_files_count) {
  put_all(1, 4);
  put("000001.fbat.compact-src", 1, 1000);
  cr_assert_str_eq(resolved(), "000001.fbat 000002.fbat 000003.fbat 000004.fbat");
}

Test(compaction, behind_the_marker_nothing_has_happened_yet) {
  put_all(1, 4);
  mark(marker);
  cr_assert_str_eq(resolved(), "000001.fbat 000002.fbat 000003.fbat 000004.fbat");
}

Test(compaction, behind_the_rename_the_source_stands_in_for_the_merge) {
  put("000001.fbat.compact-src", 1, 1000);
  put_all(2, 4);
  mark(marker);
  cr_assert_str_eq(resolved(), "000001.fbat.compact-src 000002.fbat 000003.fbat 000004.fbat");
}

Test(compaction, a_merge_that_is_being_made_does_not_count) {
  put("000001.fbat.compact-src", 1, 1000);
  put("000001.fbat", 1, 9000);
  put_all(2, 4);
  mark(marker);
  cr_assert_str_eq(resolved(), "000001.fbat.compact-src 000002.fbat 000003.fbat 000004.fbat");
}

Test(compaction, once_the_renamed_source_is_gone_the_merge_counts) {
  put("000001.fbat", 1, 9000); /* newer than what it was made of */
  put_all(2, 4);
  mark(marker);
  cr_assert_str_eq(resolved(), "000001.fbat 000004.fbat");
}

Test(compaction, while_sources_are_being_removed_the_merge_counts) {
  put("000001.fbat", 1, 9000);
  put_all(3, 4);
  mark(marker);
  cr_assert_str_eq(resolved(), "000001.fbat 000004.fbat");
}

Test(compaction, when_all_sources_are_gone_the_merge_counts) {
  put("000001.fbat", 1, 9000);
  put_all(4, 4);
  mark(marker);
  cr_assert_str_eq(resolved(), "000001.fbat 000004.fbat");
}

Test(compaction, a_merge_under_a_number_of_its_own_counts_as_soon_as_it_is_there) {
  put_all(1, 3);
  put_all(5, 5);
  mark("{\"merged_id\":4,\"source_segment_ids\":[1,2,3]}");
  cr_assert_str_eq(resolved(), "000001.fbat 000002.fbat 000003.fbat 000005.fbat");
  put("000004.fbat", 4, 9000);
  cr_assert_str_eq(resolved(), "000004.fbat 000005.fbat");
}

Test(compaction, a_lone_source_is_itself) {
  put_all(1, 2);
  mark("{\"merged_id\":1,\"source_segment_ids\":[1]}");
  cr_assert_str_eq(resolved(), "000001.fbat 000002.fbat");
  put("000001.fbat.compact-src", 1, 1000);
  cr_assert_str_eq(resolved(), "000001.fbat.compact-src 000002.fbat");
}

Test(compaction, the_marker_is_read_in_any_order_and_with_other_members) {
  put("000001.fbat", 1, 9000);
  put_all(2, 4);
  mark(" { \"later\" : {\"a\":[]}, \"source_segment_ids\" : [ 3, 1, 2 ] ,\"merged_id\":1 } ");
  cr_assert_str_eq(resolved(), "000001.fbat 000004.fbat");
}

Test(compaction, a_missing_source_without_a_merge_is_said) {
  put_all(3, 4);
  put("000001.fbat.compact-src", 1, 1000);
  mark(marker);
  cr_assert_eq(resolve(), BP_COMPACTION_PENDING);
  tear_down();
  set_up();
  put_all(2, 4);
  mark(marker);
  cr_assert_eq(resolve(), BP_COMPACTION_PENDING, "neither the merge nor what it replaces");
  tear_down();
  set_up();
  put_all(1, 2);
  mark("{\"merged_id\":9,\"source_segment_ids\":[1,2,3]}");
  cr_assert_eq(resolve(), BP_COMPACTION_PENDING);
}

Test(compaction, an_unreadable_marker_is_said) {
  static const char *const markers[] = {"",
                                        "{",
                                        "[]",
                                        "1",
                                        "{}",
                                        "{\"merged_id\":1}",
                                        "{\"source_segment_ids\":[1]}",
                                        "{\"merged_id\":\"1\",\"source_segment_ids\":[1]}",
                                        "{\"merged_id\":-1,\"source_segment_ids\":[1]}",
                                        "{\"merged_id\":1,\"source_segment_ids\":1}",
                                        "{\"merged_id\":1,\"source_segment_ids\":[1,\"2\"]}",
                                        "{\"merged_id\":1,\"source_segment_ids\":[1.5]}"};
  put_all(1, 4);
  for (size_t i = 0; i < sizeof markers / sizeof *markers; i++) {
    mark(markers[i]);
    cr_assert_eq(resolve(), BP_COMPACTION_PENDING, "%s", markers[i]);
  }
}

Test(compaction, a_marker_that_cannot_be_read_is_the_system_s_failure) {
  put_all(1, 4);
  mark(marker);
  cr_assert_eq(bpi_directory_read(sim_table(sim), &memory, "d", &directory, &error), BP_OK);
  sim_add_fault(sim, (sim_fault){.kind = SIM_READ, .at = 1, .errno_value = 5});
  cr_assert_eq(bpi_directory_resolve_compaction(sim_table(sim), "d", &directory, &error), BP_SYSTEM);
}

Test(compaction, lack_of_memory_is_said) {
  put("000001.fbat.compact-src", 1, 1000);
  put_all(2, 4);
  mark(marker);
  for (uint64_t n = 1;; n++) {
    bpi_directory_free(&directory);
    cr_assert_eq(bpi_directory_read(sim_table(sim), &memory, "d", &directory, &error), BP_OK);
    uint64_t failures = fault.failures;
    memory_fault_arm(&fault, n, 0);
    bp_status status = bpi_directory_resolve_compaction(sim_table(sim), "d", &directory, &error);
    memory_fault_disarm(&fault);
    if (fault.failures == failures) break;
    cr_assert_eq(status, BP_NO_MEMORY, "allocation %llu", (unsigned long long)n);
    cr_assert_lt(n, 100);
  }
}
