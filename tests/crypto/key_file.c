/* Key files: what is written, what is read, what is refused; on the simulated system and on the real one. */
#include "crypto/key_file.h"

#include "support/sim.h"
#include "support/temporary.h"
#include "support/values.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define FILE_TEXT "# batpak ed25519 seed\n" DIGITS "\n"

static sim_system *sim;
static uint8_t seed[32], found[32];
static bp_error error;

static void set_up(void) {
  sim = sim_new();
  error = (bp_error){.struct_size = sizeof error};
  for (size_t i = 0; i < sizeof seed; i++) seed[i] = (uint8_t)i;
  memset(found, 0xEE, sizeof found);
}
static void tear_down(void) {
  cr_assert_eq(sim_open_files(sim), 0);
  cr_assert_eq(sim_misuses(sim), 0);
  sim_free(sim);
}

TestSuite(key_file, .init = set_up, .fini = tear_down);

static bp_status read_back(void) { return bpi_key_file_read(sim_table(sim), "key", found, &error); }

static void put(const char *text, uint32_t mode) {
  sim_put(sim, "key", text, strlen(text));
  sim_set_mode(sim, "key", mode);
}

static int is_there(void) {
  int kind = BPI_PATH_OTHER;
  const bp_system *system = sim_table(sim);
  cr_assert_eq(system->path_kind(system->context, "key", &kind), 0);
  return kind != BPI_PATH_NONE;
}

Test(key_file, what_is_written_is_read) {
  bpi_memory memory = bpi_memory_default();
  bpi_buffer content;
  bpi_buffer_init(&content, &memory);
  cr_assert_eq(bpi_key_file_write(sim_table(sim), "key", seed, &error), BP_OK);
  cr_assert(sim_get(sim, "key", &content));
  cr_assert_eq(content.length, sizeof FILE_TEXT - 1);
  cr_assert_arr_eq(content.data, FILE_TEXT, sizeof FILE_TEXT - 1);
  bpi_buffer_free(&content);
  cr_assert_eq(read_back(), BP_OK);
  cr_assert_arr_eq(found, seed, 32);
}

Test(key_file, it_is_never_overwritten) {
  cr_assert_eq(bpi_key_file_write(sim_table(sim), "key", seed, &error), BP_OK);
  seed[0] = 9;
  cr_assert_eq(bpi_key_file_write(sim_table(sim), "key", seed, &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, EEXIST);
  cr_assert_eq(read_back(), BP_OK);
  cr_assert_eq(found[0], 0);
}

Test(key_file, the_forms_that_are_read) {
  static const char *const forms[] = {
      FILE_TEXT,
      DIGITS "\n",
      DIGITS,
      ("# a key of mine\n" DIGITS),
      "#\n000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\n",
  };
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    put(forms[i], 0400);
    memset(found, 0, sizeof found);
    cr_assert_eq(read_back(), BP_OK, "%zu: %s", i, error.text);
    cr_assert_arr_eq(found, seed, 32);
  }
}

Test(key_file, what_holds_no_key_is_refused) {
  static const char *const others[] = {
      "",
      "\n",
      "#",
      "# batpak ed25519 seed",
      "# batpak ed25519 seed\n",
      "# one\n# two\n" DIGITS "\n",
      DIGITS "\n\n",
      DIGITS " ",
      " " DIGITS "\n",
      DIGITS "00\n",
      "00\n" DIGITS "\n",
      "0001020304050607\n",
      "g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
      DIGITS "\r\n",
  };
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    put(others[i], 0600);
    cr_assert_eq(read_back(), BP_KEY_FILE, "%zu", i);
  }
  static char large[4096];
  memset(large, '#', sizeof large - 1);
  put(large, 0600);
  cr_assert_eq(read_back(), BP_KEY_FILE);
  cr_assert_eq(found[0], 0xEE, "nothing is written on failure");
}

Test(key_file, a_seed_of_zeros_is_neither_read_nor_written) {
  static const uint8_t zeros[32];
  put("0000000000000000000000000000000000000000000000000000000000000000\n", 0600);
  cr_assert_eq(read_back(), BP_SEED_ZERO);
  cr_assert_eq(bpi_key_file_write(sim_table(sim), "other", zeros, &error), BP_SEED_ZERO);
}

Test(key_file, any_bit_for_others_refuses_it) {
  for (uint32_t bit = 01; bit <= 040; bit <<= 1) {
    put(FILE_TEXT, 0600 | bit);
    cr_assert_eq(read_back(), BP_KEY_FILE, "%o", (unsigned)bit);
  }
  put(FILE_TEXT, 0644);
  cr_assert_eq(read_back(), BP_KEY_FILE);
  put(FILE_TEXT, 04700);
  cr_assert_eq(read_back(), BP_OK);
}

Test(key_file, every_call_that_fails_is_told_and_leaves_nothing) {
  for (uint64_t n = 1;; n++) {
    sim_free(sim);
    sim = sim_new();
    sim_add_fault(sim, (sim_fault){.kind = SIM_ANY, .at = n, .errno_value = EIO});
    bp_status status = bpi_key_file_write(sim_table(sim), "key", seed, &error);
    if (status == BP_OK) {
      cr_assert_gt(n, 4, "open, write, sync, close and the directory's sync can fail");
      break;
    }
    cr_assert_eq(status, BP_SYSTEM);
    cr_assert_not(is_there(), "call %llu", (unsigned long long)n);
  }
  for (uint64_t n = 1;; n++) {
    sim_clear_faults(sim);
    sim_add_fault(sim, (sim_fault){.kind = SIM_ANY, .at = n, .errno_value = EIO});
    bp_status status = read_back();
    if (status == BP_OK && n > 4) break; /* the fourth is the close: nothing was written, and it says nothing */
    cr_assert_eq(status, n == 5 ? BP_OK : BP_SYSTEM, "call %llu", (unsigned long long)n);
    memset(found, 0xEE, sizeof found);
  }
}

Test(key_file, a_full_disk_leaves_no_half_file) {
  sim_set_capacity(sim, 40);
  cr_assert_eq(bpi_key_file_write(sim_table(sim), "key", seed, &error), BP_DISK_FULL);
  cr_assert_not(is_there());
}

Test(key_file, arguments_are_checked) {
  cr_assert_eq(bp_key_file_read(NULL, found, &error), BP_ARGUMENT);
  cr_assert_eq(bp_key_file_read("", found, &error), BP_ARGUMENT);
  cr_assert_eq(bp_key_file_read("x", NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_key_file_write("x", NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_key_file_write(NULL, seed, NULL), BP_ARGUMENT);
}

/* Links, pipes and the mode of a new file, as only the real system has them. */
Test(key_file, on_the_real_system) {
  char directory[TEMPORARY_PATH_MAX], key[TEMPORARY_PATH_MAX + 8], other[TEMPORARY_PATH_MAX + 8];
  struct stat about;
  temporary_create(directory);
  snprintf(key, sizeof key, "%s/key", directory);
  snprintf(other, sizeof other, "%s/other", directory);
  cr_assert_eq(bp_key_file_read(key, found, &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, ENOENT);
  mode_t before = umask(0);
  cr_assert_eq(bp_key_file_write(key, seed, &error), BP_OK, "%s", error.text);
  umask(before);
  cr_assert_eq(stat(key, &about), 0);
  cr_assert_eq(about.st_mode & 07777, 0600, "whatever the umask is");
  cr_assert_eq(bp_key_file_read(key, found, &error), BP_OK, "%s", error.text);
  cr_assert_arr_eq(found, seed, 32);
  cr_assert_eq(symlink("key", other), 0);
  cr_assert_eq(bp_key_file_read(other, found, &error), BP_KEY_FILE);
  cr_assert_eq(bp_key_file_write(other, seed, &error), BP_SYSTEM);
  cr_assert_eq(chmod(key, 0640), 0);
  cr_assert_eq(bp_key_file_read(key, found, &error), BP_KEY_FILE);
  cr_assert_eq(unlink(other), 0);
  cr_assert_eq(mkfifo(other, 0600), 0);
  cr_assert_eq(bp_key_file_read(other, found, &error), BP_KEY_FILE);
  cr_assert_eq(bp_key_file_read(directory, found, &error), BP_KEY_FILE);
  cr_assert_null(strstr(error.text, directory), "no path of the machine");
  temporary_remove(directory);
}
