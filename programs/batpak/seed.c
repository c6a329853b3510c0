#include "seed.h"

#include "file.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIGITS = 2 * SEED_BYTES };

static int read_digits(const char *path, int file, uint8_t seed[SEED_BYTES]) {
  char digits[DIGITS + 2];
  size_t length = 0;
  ssize_t got = 1;
  while (length < sizeof digits && (got = read(file, digits + length, sizeof digits - length)) > 0) {
    length += (size_t)got;
  }
  int code = EXIT_FINE;
  if (got < 0) {
    code = file_failed(path);
  } else {
    if (length == DIGITS + 1 && digits[DIGITS] == '\n') length = DIGITS;
    if (!hex_read(digits, length, seed, SEED_BYTES)) {
      message("%s: holds no seed of %d hexadecimal digits", path, DIGITS);
      code = EXIT_USAGE;
    }
  }
  explicit_bzero(digits, sizeof digits);
  return code;
}

int seed_load(const char *path, uint8_t seed[SEED_BYTES]) {
  struct stat about;
  int code;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return file_failed(path);
  if (fstat(file, &about) != 0) {
    code = file_failed(path);
  } else if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    message("%s: others than its owner may use this seed; chmod 600 first, or draw a new one", path);
    code = EXIT_USAGE;
  } else {
    code = read_digits(path, file, seed);
  }
  close(file);
  return code;
}

int seed_save(const char *path, const uint8_t seed[SEED_BYTES]) {
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return file_failed(path);
  text line = {0};
  text_reserve(&line, DIGITS + 1);
  text_hex(&line, seed, SEED_BYTES);
  text_bytes(&line, "\n", 1);
  int code = file_write_synced(path, file, &line);
  explicit_bzero(line.data, line.length);
  text_free(&line);
  if (close(file) != 0 && code == EXIT_FINE) code = file_failed(path);
  if (code == EXIT_FINE) code = file_sync_directory(path);
  if (code != EXIT_FINE) unlink(path);
  return code;
}
