#include "journal/directory.h"

#include "base/status.h"
#include "journal/hidden.h"

#include <errno.h>
#include <stdlib.h>

static bp_status push(bpi_directory *directory, bpi_name_list *list, uint64_t id, const char *name, size_t length) {
  if (bpi_grow(&directory->memory, (void **)&list->items, &list->capacity, list->count + 1, sizeof *list->items) != 0) {
    return BP_NO_MEMORY;
  }
  bpi_file_name *item = &list->items[list->count++];
  item->id = id;
  memcpy(item->text, name, length);
  item->text[length] = 0;
  return BP_OK;
}

static int name_is(const char *name, size_t length, const char *wanted) {
  return length == strlen(wanted) && memcmp(name, wanted, length) == 0;
}

static int is_temporary(const char *name, size_t length) {
  static const char prefix[] = ".tmp";
  if (length != sizeof prefix - 1 + 6 || memcmp(name, prefix, sizeof prefix - 1) != 0) return 0;
  for (size_t i = sizeof prefix - 1; i < length; i++) {
    char c = name[i];
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) return 0;
  }
  return 1;
}

/* "N.fbat.compact-src" */
static int is_source(const char *name, size_t length, uint64_t *id) {
  static const char extension[] = ".compact-src";
  size_t tail = sizeof extension - 1;
  return length > tail && memcmp(name + length - tail, extension, tail) == 0 &&
         bpi_segment_name_parse(name, length - tail, id);
}

static bp_status classify(bpi_directory *directory, const char *name, size_t length) {
  static const char *const store_files[] = {BPI_HIDDEN_NAME, "cursors"};
  uint64_t id;
  if (length < BPI_FILE_NAME_MAX) {
    if (bpi_segment_name_parse(name, length, &id)) return push(directory, &directory->segments, id, name, length);
    if (is_source(name, length, &id)) return push(directory, &directory->sources, id, name, length);
    if (is_temporary(name, length)) return push(directory, &directory->temporary, 0, name, length);
  }
  if (name_is(name, length, BPI_LOCK_NAME)) return BP_OK;
  if (name_is(name, length, "index.ckpt") || name_is(name, length, "index.fbati")) {
    return push(directory, &directory->caches, 0, name, length);
  }
  if (name_is(name, length, BPI_COMPACTION_NAME)) {
    directory->has_compaction = 1;
    return BP_OK;
  }
  for (size_t i = 0; i < sizeof store_files / sizeof *store_files; i++) {
    if (name_is(name, length, store_files[i])) {
      directory->has_other_store_files = 1;
      return BP_OK;
    }
  }
  directory->foreign++;
  return BP_OK;
}

static int list_step(void *user, const char *name, size_t length) {
  return classify(user, name, length) == BP_OK ? 0 : ENOMEM;
}

static int is_canonical(const bpi_file_name *name) {
  char canonical[BPI_SEGMENT_NAME_MAX];
  bpi_segment_name(name->id, canonical);
  return strcmp(name->text, canonical) == 0;
}

static int by_id(const void *a, const void *b) {
  const bpi_file_name *left = a, *right = b;
  if (left->id != right->id) return left->id < right->id ? -1 : 1;
  if (is_canonical(left) != is_canonical(right)) return is_canonical(left) ? -1 : 1;
  return strcmp(left->text, right->text);
}

/* Of several names for one id the canonical one counts. */
static bp_status order_segments(bpi_directory *directory) {
  bpi_name_list *segments = &directory->segments;
  if (segments->count == 0) return BP_OK;
  qsort(segments->items, segments->count, sizeof *segments->items, by_id);
  size_t kept = 1;
  for (size_t i = 1; i < segments->count; i++) {
    const bpi_file_name *item = &segments->items[i];
    if (item->id != segments->items[kept - 1].id) {
      segments->items[kept++] = *item;
    } else if (push(directory, &directory->spare, item->id, item->text, strlen(item->text)) != BP_OK) {
      return BP_NO_MEMORY;
    }
  }
  segments->count = kept;
  return BP_OK;
}

bp_status bpi_directory_read(const bp_system *system, const bpi_memory *memory, const char *path,
                             bpi_directory *directory, bp_error *error) {
  memset(directory, 0, sizeof *directory);
  directory->memory = *memory;
  int failed = system->directory_list(system->context, path, list_step, directory);
  if (failed == ENOENT) return bpi_fail(error, BP_NO_STORE, "there is no such directory");
  if (failed == ENOTDIR) return bpi_fail(error, BP_NOT_A_STORE, "the path is not a directory");
  if (failed != 0) return bpi_fail_system(error, failed, "listing the directory");
  if (order_segments(directory) != BP_OK) return bpi_fail(error, BP_NO_MEMORY, "listing the directory");
  return BP_OK;
}

static void free_list(const bpi_memory *memory, bpi_name_list *list) {
  bpi_release(memory, list->items, list->capacity * sizeof *list->items);
}

void bpi_directory_free(bpi_directory *directory) {
  free_list(&directory->memory, &directory->segments);
  free_list(&directory->memory, &directory->spare);
  free_list(&directory->memory, &directory->temporary);
  free_list(&directory->memory, &directory->sources);
  free_list(&directory->memory, &directory->caches);
}
