#include "journal/directory_fixture.h"
#include "journal/hidden.h"

#include <errno.h>
#include <stdio.h>

TestSuite(directory, .init = set_up, .fini = tear_down);

static void put(const char *name) {
  char path[300];
  snprintf(path, sizeof path, "d/%s", name);
  sim_put(sim, path, "", 0);
}

static bp_status read_it(void) {
  bpi_directory_free(&directory);
  return bpi_directory_read(sim_table(sim), &memory, "d", &directory, &error);
}

Test(directory, an_empty_one_has_nothing) {
  cr_assert_eq(read_it(), BP_OK);
  cr_assert_eq(directory.segments.count + directory.spare.count + directory.temporary.count + directory.sources.count, 0);
  cr_assert_eq(directory.foreign, 0);
  cr_assert_not(directory.has_compaction);
  cr_assert_not(directory.has_other_store_files);
}

Test(directory, segments_are_in_order_of_their_numbers) {
  static const char *const names[] = {"000010.fbat", "9.fbat", "1000000.fbat", "+8.fbat", "000000.fbat",
                                      "18446744073709551615.fbat"};
  static const uint64_t ids[] = {0, 8, 9, 10, 1000000, UINT64_MAX};
  for (size_t i = 0; i < 6; i++) put(names[i]);
  cr_assert_eq(read_it(), BP_OK);
  cr_assert_eq(directory.segments.count, 6);
  for (size_t i = 0; i < 6; i++) cr_assert_eq(directory.segments.items[i].id, ids[i]);
  cr_assert_str_eq(directory.segments.items[1].text, "+8.fbat");
  cr_assert_eq(directory.foreign, 0);
}

Test(directory, of_several_names_the_canonical_one_counts) {
  put("1.fbat");
  put("+1.fbat");
  put("000001.fbat");
  put("0000001.fbat");
  put("2.fbat");
  put("02.fbat");
  cr_assert_eq(read_it(), BP_OK);
  cr_assert_eq(directory.segments.count, 2);
  cr_assert_str_eq(directory.segments.items[0].text, "000001.fbat");
  cr_assert_eq(directory.segments.items[1].id, 2);
  cr_assert_eq(directory.spare.count, 4);
}

Test(directory, every_other_name_has_its_class) {
  static const char *const foreign[] = {"x.fbat",     "-1.fbat",      "1.fbat.bak", "1.FBAT",      "fbat",
                                        ".fbat",      "letter.txt",   ".tmp",       ".tmpabcde",   ".tmpabcdefg",
                                        ".tmpab-def", "tmpabcdef",    "visibility_ranges.fbv2", "index.ckpt.old",
                                        "x.fbat.compact-src", ".batpak.lock2", "18446744073709551616.fbat"};
  for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) put(foreign[i]);
  cr_assert_eq(read_it(), BP_OK);
  cr_assert_eq(directory.foreign, sizeof foreign / sizeof *foreign);
  cr_assert_eq(directory.segments.count, 0);
  cr_assert_eq(directory.temporary.count, 0);
  put(BPI_LOCK_NAME);
  cr_assert_eq(read_it(), BP_OK);
  cr_assert_eq(directory.foreign, sizeof foreign / sizeof *foreign, "the lock is ours");
  cr_assert_not(directory.has_other_store_files);
}

Test(directory, the_store_s_other_files_are_known) {
  static const char *const names[] = {BPI_HIDDEN_NAME, "cursors"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    tear_down();
    set_up();
    put(names[i]);
    cr_assert_eq(read_it(), BP_OK);
    cr_assert(directory.has_other_store_files, "%s", names[i]);
    cr_assert_eq(directory.foreign, 0);
  }
  put("index.ckpt");
  put("index.fbati");
  cr_assert_eq(read_it(), BP_OK);
  cr_assert_eq(directory.caches.count, 2);
  cr_assert_eq(directory.foreign, 0);
  put(BPI_COMPACTION_NAME);
  cr_assert_eq(read_it(), BP_OK);
  cr_assert(directory.has_compaction);
}

Test(directory, leftovers_and_sources_are_listed) {
  put(".tmpabCD09");
  put(".tmp000000");
  put("000003.fbat.compact-src");
  put("4.fbat.compact-src");
  cr_assert_eq(read_it(), BP_OK);
  cr_assert_eq(directory.temporary.count, 2);
  cr_assert_eq(directory.sources.count, 2);
  cr_assert_eq(directory.sources.items[0].id + directory.sources.items[1].id, 7);
  cr_assert_eq(directory.foreign, 0);
}

Test(directory, a_name_of_the_greatest_length_is_foreign) {
  char name[256];
  memset(name, '0', 255);
  memcpy(name + 250, ".fbat", 6);
  put(name);
  cr_assert_eq(read_it(), BP_OK);
  cr_assert_eq(directory.segments.count + directory.foreign, 1);
  if (directory.segments.count == 1) cr_assert_eq(directory.segments.items[0].id, 0);
}

Test(directory, what_is_no_directory_is_told_apart) {
  const bp_system *system = sim_table(sim);
  cr_assert_eq(bpi_directory_read(system, &memory, "nowhere", &directory, &error), BP_NO_STORE);
  put("file");
  cr_assert_eq(bpi_directory_read(system, &memory, "d/file", &directory, &error), BP_NOT_A_STORE);
  sim_add_fault(sim, (sim_fault){.kind = SIM_DIRECTORY_LIST, .at = 1, .errno_value = EIO});
  cr_assert_eq(bpi_directory_read(system, &memory, "d", &directory, &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, EIO);
}

Test(directory, lack_of_memory_is_said) {
  put("1.fbat");
  put("01.fbat");
  put(".tmpabCD09");
  for (uint64_t n = 1; n <= 3; n++) {
    memory_fault_arm(&fault, n, 0);
    cr_assert_eq(read_it(), BP_NO_MEMORY, "allocation %llu", (unsigned long long)n);
    memory_fault_disarm(&fault);
  }
  cr_assert_eq(read_it(), BP_OK);
}
