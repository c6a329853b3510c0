#include "sys/file.h"

#include "base/status.h"

#include <errno.h>
#include <limits.h>

bp_status bpi_file_read_all(const bp_system *system, int file, uint64_t offset, void *bytes, size_t length,
                            bp_error *error) {
  size_t done = 0;
  int failed = system->file_read(system->context, file, offset, bytes, length, &done);
  if (failed != 0) return bpi_fail_system(error, failed, "reading a file");
  if (done < length) return bpi_fail(error, BP_SYSTEM, "the file ends %zu bytes before it should", length - done);
  return BP_OK;
}

bp_status bpi_file_write_all(const bp_system *system, int file, uint64_t offset, const void *bytes, size_t length,
                             bp_error *error) {
  const uint8_t *next = (const uint8_t *)bytes;
  while (length > 0) {
    size_t done = 0;
    int failed = system->file_write(system->context, file, offset, next, length, &done);
    if (failed == 0 && done == 0) failed = EIO; /* a system that takes nothing and says nothing, for ever */
    if (failed != 0) return bpi_fail_system(error, failed, "writing a file");
    next += done;
    offset += done;
    length -= done;
  }
  return BP_OK;
}

bp_status bpi_path_join(bpi_buffer *path, const char *directory, const char *name, bp_error *error) {
  path->length = 0;
  path->failed = 0;
  bpi_buffer_append(path, directory, strlen(directory));
  bpi_buffer_append(path, "/", 1);
  bpi_buffer_append(path, name, strlen(name) + 1);
  if (path->failed) return bpi_fail(error, BP_NO_MEMORY, "no memory for a path");
  path->length--; /* the terminator is there, not counted */
  return BP_OK;
}

static bp_status load_open_file(const bp_system *system, int file, size_t limit, bpi_buffer *content,
                                bp_error *error) {
  uint64_t size;
  int failed = system->file_size(system->context, file, &size);
  if (failed == 0 && size > limit) failed = EFBIG;
  if (failed != 0) return bpi_fail_system(error, failed, "loading a file");
  uint8_t *room = bpi_buffer_reserve(content, (size_t)size);
  if (room == NULL) return bpi_fail(error, BP_NO_MEMORY, "no memory for a file of %zu bytes", (size_t)size);
  bp_status status = bpi_file_read_all(system, file, 0, room, (size_t)size, error);
  if (status == BP_OK) content->length = (size_t)size;
  return status;
}

bp_status bpi_file_load(const bp_system *system, const char *path, size_t limit, bpi_buffer *content, int *found,
                        bp_error *error) {
  int file;
  content->length = 0;
  content->failed = 0;
  int failed = system->file_open(system->context, path, BPI_OPEN_READ, &file);
  *found = failed != ENOENT;
  if (failed == ENOENT) return BP_OK;
  if (failed != 0) return bpi_fail_system(error, failed, "opening a file");
  bp_status status = load_open_file(system, file, limit, content, error);
  (void)system->file_close(system->context, file); /* nothing was written: a failure says nothing */
  return status;
}

/* ---------------------------------------------------------------------------------------------- atomic replacement -- */

/* Paths here are built in place, so that replacing a file needs no memory. */
typedef struct path_text {
  char text[PATH_MAX];
} path_text;

static bp_status join(path_text *path, const char *directory, const char *name, bp_error *error) {
  size_t before = strlen(directory), after = strlen(name);
  if (before >= PATH_MAX || after >= PATH_MAX - before - 1) {
    return bpi_fail_system(error, ENAMETOOLONG, "building a path");
  }
  memcpy(path->text, directory, before);
  path->text[before] = '/';
  memcpy(path->text + before + 1, name, after + 1);
  return BP_OK;
}

static bp_status refuse_link(const bp_system *system, const char *path, bp_error *error) {
  int file;
  int failed = system->file_open(system->context, path, BPI_OPEN_READ_NO_LINK, &file);
  if (failed == ENOENT) return BP_OK;
  if (failed != 0) return bpi_fail_system(error, failed, "looking at the file to be replaced");
  (void)system->file_close(system->context, file);
  return BP_OK;
}

/* ".tmp" and six characters: the names that a mutable open knows as leftovers. */
static bp_status create_temporary(const bp_system *system, const char *directory, path_text *path, int *file,
                                  bp_error *error) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  int failed = EEXIST;
  for (int attempt = 0; attempt < 16 && failed == EEXIST; attempt++) {
    char name[] = ".tmp......";
    uint8_t chance[6];
    failed = system->random_fill(system->context, chance, sizeof chance);
    if (failed != 0) return bpi_fail_system(error, failed, "drawing a random name");
    for (size_t i = 0; i < sizeof chance; i++) name[4 + i] = letters[chance[i] % (sizeof letters - 1)];
    bp_status status = join(path, directory, name, error);
    if (status != BP_OK) return status;
    failed = system->file_open(system->context, path->text, BPI_OPEN_CREATE_PRIVATE, file);
  }
  return failed == 0 ? BP_OK : bpi_fail_system(error, failed, "creating a temporary file");
}

static bp_status fill(const bp_system *system, int file, const void *bytes, size_t length, bp_error *error) {
  bp_status status = bpi_file_write_all(system, file, 0, bytes, length, error);
  if (status == BP_OK) {
    int failed = system->file_sync(system->context, file, 0);
    if (failed != 0) status = bpi_fail_system(error, failed, "flushing a file");
  }
  int failed = system->file_close(system->context, file);
  if (status == BP_OK && failed != 0) status = bpi_fail_system(error, failed, "closing a file");
  return status;
}

bp_status bpi_file_replace(const bp_system *system, const char *directory, const char *name, const void *bytes,
                           size_t length, bp_error *error) {
  path_text temporary, final;
  int file;
  bp_status status = join(&final, directory, name, error);
  if (status == BP_OK) status = refuse_link(system, final.text, error);
  if (status == BP_OK) status = create_temporary(system, directory, &temporary, &file, error);
  if (status != BP_OK) return status;
  status = fill(system, file, bytes, length, error);
  if (status == BP_OK) {
    int failed = system->path_rename(system->context, temporary.text, final.text);
    if (failed != 0) status = bpi_fail_system(error, failed, "renaming a file");
  }
  if (status != BP_OK) {
    (void)system->path_remove(system->context, temporary.text);
    return status;
  }
  int failed = system->directory_sync(system->context, directory);
  return failed == 0 ? BP_OK : bpi_fail_system(error, failed, "flushing a directory");
}

/* ------------------------------------------------------------------------------------------------------ directories -- */

/* One level that may be there already: made by somebody else a moment ago, too. */
static int create_level(const bp_system *system, const char *path, const char *parent) {
  int kind;
  int failed = system->path_kind(system->context, path, &kind);
  if (failed != 0) return failed;
  if (kind == BPI_PATH_NONE) {
    failed = system->directory_create(system->context, path);
    if (failed == 0) return system->directory_sync(system->context, parent);
    if (failed != EEXIST) return failed;
    failed = system->path_kind(system->context, path, &kind);
    if (failed != 0) return failed;
  }
  return kind == BPI_PATH_DIRECTORY ? 0 : ENOTDIR;
}

bp_status bpi_directory_create_all(const bp_system *system, const char *path, bp_error *error) {
  path_text level, parent = {"."};
  size_t length = strlen(path);
  int failed = length == 0 ? ENOENT : length >= PATH_MAX ? ENAMETOOLONG : 0;
  if (path[0] == '/') memcpy(parent.text, "/", 2);
  for (size_t end = 0; failed == 0;) {
    end += strspn(path + end, "/");
    if (path[end] == '\0') break;
    end += strcspn(path + end, "/");
    memcpy(level.text, path, end);
    level.text[end] = '\0';
    failed = create_level(system, level.text, parent.text);
    parent = level;
  }
  return failed == 0 ? BP_OK : bpi_fail_system(error, failed, "creating a directory");
}
