/* Key files: a line of comment and 64 hexadecimal digits, for their owner alone.  Files of digits without the comment, which
 * version 0.1 wrote, are read too.  Whatever held the digits is wiped. */
#include "crypto/key_file.h"

#include "base/status.h"
#include "codec/text.h"
#include "sys/file.h"

#include <errno.h>
#include <limits.h>

enum { DIGITS = 2 * BPI_SEED_BYTES, LINE_MAX_BYTES = 128, FILE_MAX_BYTES = LINE_MAX_BYTES + DIGITS + 1 };

static const char comment[] = "# batpak ed25519 seed\n";

/* ---------------------------------------------------------------------------------------------------------- reading -- */

/* One line that begins with `#`, or none; 64 digits; one newline, or none. */
static int parse(const char *text, size_t length, uint8_t seed[BPI_SEED_BYTES]) {
  if (length > 0 && text[0] == '#') {
    const char *newline = (const char *)memchr(text, '\n', length);
    if (newline == NULL) return 0;
    length -= (size_t)(newline + 1 - text);
    text = newline + 1;
  }
  if (length == DIGITS + 1 && text[DIGITS] == '\n') length = DIGITS;
  return length == DIGITS && bpi_hex_decode(text, length, seed, BPI_SEED_BYTES) == 0;
}

static bp_status read_text(const bp_system *system, int file, size_t size, uint8_t seed[BPI_SEED_BYTES],
                           bp_error *error) {
  char text[FILE_MAX_BYTES];
  uint8_t found[BPI_SEED_BYTES];
  bp_status status = bpi_file_read_all(system, file, 0, text, size, error);
  if (status == BP_OK && !parse(text, size, found)) {
    status = bpi_fail(error, BP_KEY_FILE, "the file holds no seed of %d hexadecimal digits", DIGITS);
  }
  if (status == BP_OK && bpi_is_zero(found, sizeof found)) status = bpi_fail(error, BP_SEED_ZERO, "the seed is all zeros");
  if (status == BP_OK) memcpy(seed, found, sizeof found);
  bpi_wipe(text, sizeof text);
  bpi_wipe(found, sizeof found);
  return status;
}

static bp_status read_file(const bp_system *system, int file, uint8_t seed[BPI_SEED_BYTES], bp_error *error) {
  enum { OTHERS = 077 };
  uint32_t mode;
  uint64_t size;
  /* The open file is asked, not its path: what is looked at is what is read. */
  int failed = system->file_mode(system->context, file, &mode);
  if (failed == 0) failed = system->file_size(system->context, file, &size);
  if (failed != 0) return bpi_fail_system(error, failed, "looking at the key file");
  if ((mode & OTHERS) != 0) {
    return bpi_fail(error, BP_KEY_FILE, "others than its owner may use the key file (mode %04o)", (unsigned)mode);
  }
  if (size > FILE_MAX_BYTES) {
    return bpi_fail(error, BP_KEY_FILE, "the file is longer than a key file can be");
  }
  return read_text(system, file, (size_t)size, seed, error);
}

bp_status bpi_key_file_read(const bp_system *system, const char *path, uint8_t seed[BPI_SEED_BYTES], bp_error *error) {
  int file;
  int failed = system->file_open(system->context, path, BPI_OPEN_READ_NO_LINK, &file);
  if (failed == ELOOP) return bpi_fail(error, BP_KEY_FILE, "the key file is a symbolic link");
  if (failed == EISDIR || failed == EINVAL || failed == ENXIO) {
    return bpi_fail(error, BP_KEY_FILE, "the key file is no regular file");
  }
  if (failed != 0) return bpi_fail_system(error, failed, "opening the key file");
  bp_status status = read_file(system, file, seed, error);
  (void)system->file_close(system->context, file); /* nothing was written: a failure says nothing */
  return status;
}

/* ---------------------------------------------------------------------------------------------------------- writing -- */

static bp_status sync_directory_of(const bp_system *system, const char *path, bp_error *error) {
  char directory[PATH_MAX] = ".";
  const char *slash = strrchr(path, '/');
  size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1; /* with the slash: that of the root is its name */
  if (length >= sizeof directory) return bpi_fail_system(error, ENAMETOOLONG, "flushing the key file's directory");
  if (length > 0) {
    memcpy(directory, path, length);
    directory[length] = '\0';
  }
  int failed = system->directory_sync(system->context, directory);
  return failed == 0 ? BP_OK : bpi_fail_system(error, failed, "flushing the key file's directory");
}

static bp_status fill_file(const bp_system *system, int file, const uint8_t seed[BPI_SEED_BYTES], bp_error *error) {
  enum { COMMENT = sizeof comment - 1 };
  char text[COMMENT + DIGITS + 1];
  memcpy(text, comment, COMMENT);
  bpi_hex_encode(seed, BPI_SEED_BYTES, text + COMMENT);
  text[sizeof text - 1] = '\n';
  bp_status status = bpi_file_write_all(system, file, 0, text, sizeof text, error);
  bpi_wipe(text, sizeof text);
  int failed = status == BP_OK ? system->file_sync(system->context, file, 0) : 0;
  if (failed != 0) status = bpi_fail_system(error, failed, "flushing the key file");
  failed = system->file_close(system->context, file);
  return status == BP_OK && failed != 0 ? bpi_fail_system(error, failed, "closing the key file") : status;
}

bp_status bpi_key_file_write(const bp_system *system, const char *path, const uint8_t seed[BPI_SEED_BYTES],
                             bp_error *error) {
  if (bpi_is_zero(seed, BPI_SEED_BYTES)) return bpi_fail(error, BP_SEED_ZERO, "the seed is all zeros");
  int file;
  int failed = system->file_open(system->context, path, BPI_OPEN_CREATE_PRIVATE, &file);
  if (failed != 0) return bpi_fail_system(error, failed, "making the key file");
  bp_status status = fill_file(system, file, seed, error);
  if (status == BP_OK) status = sync_directory_of(system, path, error);
  if (status != BP_OK) (void)system->path_remove(system->context, path);
  return status;
}

/* ------------------------------------------------------------------------------------------------------- for callers -- */

static bp_status check_arguments(const char *path, const uint8_t *seed, bp_error *error) {
  if (path == NULL || path[0] == '\0' || seed == NULL) {
    return bpi_fail(error, BP_ARGUMENT, "a path and a seed are required");
  }
  return BP_OK;
}

bp_status bp_key_file_read(const char *path, uint8_t seed[32], bp_error *error) {
  bp_status status = check_arguments(path, seed, error);
  return status == BP_OK ? bpi_key_file_read(bpi_system_real(), path, seed, error) : status;
}

bp_status bp_key_file_write(const char *path, const uint8_t seed[32], bp_error *error) {
  bp_status status = check_arguments(path, seed, error);
  return status == BP_OK ? bpi_key_file_write(bpi_system_real(), path, seed, error) : status;
}
