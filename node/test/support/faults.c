/* Makes system calls of the library fail: preloaded before it, it looks into the file that BATPAK_FAULTS names whenever one of
 * the calls below is made. "pwrite 28" there lets every pwrite fail with errno 28; an empty file lets all succeed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int failure_of(const char *call) {
  const char *path = getenv("BATPAK_FAULTS");
  char text[64], name[32];
  int number = 0;
  int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  text[length < 0 ? 0 : length] = '\0';
  return sscanf(text, "%31s %d", name, &number) == 2 && strcmp(name, call) == 0 ? number : 0;
}

static int fails(const char *call) {
  int number = failure_of(call);
  if (number != 0) errno = number;
  return number != 0;
}

#define REAL(name, type) ((type)dlsym(RTLD_NEXT, name))

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) {
  if (fails("pwrite")) return -1;
  return REAL("pwrite", ssize_t (*)(int, const void *, size_t, off_t))(file, bytes, length, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
  if (fails("pwrite")) return -1;
  return REAL("pwrite64", ssize_t (*)(int, const void *, size_t, off64_t))(file, bytes, length, offset);
}

int fdatasync(int file) { return fails("fdatasync") ? -1 : REAL("fdatasync", int (*)(int))(file); }

int fsync(int file) { return fails("fsync") ? -1 : REAL("fsync", int (*)(int))(file); }

int flock(int file, int how) { return fails("flock") ? -1 : REAL("flock", int (*)(int, int))(file, how); }
