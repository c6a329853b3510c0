#include "support/temporary.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

void temporary_create(char path[TEMPORARY_PATH_MAX]) {
  const char *parent = getenv("TMPDIR");
  int length = snprintf(path, TEMPORARY_PATH_MAX, "%s/batpak-XXXXXX", parent != NULL ? parent : "/tmp");
  if (length >= TEMPORARY_PATH_MAX || mkdtemp(path) == NULL) {
    perror("no temporary directory");
    abort();
  }
}

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *place) {
  (void)about;
  (void)kind;
  (void)place;
  return remove(path);
}

void temporary_remove(const char *path) {
  if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0) perror("a temporary directory stays behind");
}
