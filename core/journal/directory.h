/* What lies in a store's directory, by name alone. */
#ifndef BPI_JOURNAL_DIRECTORY_H
#define BPI_JOURNAL_DIRECTORY_H

#include "journal/findings.h"
#include "journal/segment.h"
#include "sys/system.h"

#define BPI_LOCK_NAME ".batpak.lock"
#define BPI_COMPACTION_NAME "compaction.pending.json"

enum { BPI_FILE_NAME_MAX = 256 };

typedef struct bpi_file_name {
  uint64_t id;                    /* of a segment */
  char text[BPI_FILE_NAME_MAX];
} bpi_file_name;

typedef struct bpi_name_list {
  bpi_file_name *items;
  size_t count;
  size_t capacity;
} bpi_name_list;

typedef struct bpi_directory {
  bpi_memory memory;
  bpi_name_list segments;   /* ascending by id, one name per id */
  bpi_name_list spare;      /* further names of an id that is already there: ignored */
  bpi_name_list temporary;  /* ".tmpXXXXXX", left by a crash */
  bpi_name_list sources;    /* "N.fbat.compact-src", set aside by a compaction */
  int has_compaction;
  bpi_name_list caches;     /* the reference's index files: good for nothing once the store was written by another */
  int has_other_store_files; /* hidden ranges, cursors */
  size_t foreign;           /* entries that are none of ours */
} bpi_directory;

/* BP_NO_STORE when there is no directory; BP_SYSTEM and its kin. */
bp_status bpi_directory_read(const bp_system *system, const bpi_memory *memory, const char *path,
                             bpi_directory *directory, bp_error *error);
void bpi_directory_free(bpi_directory *directory);

/* A compaction of the reference was interrupted: leaves in `segments` those files that together are the store, a renamed
 * source standing in for the merge that is not there.  BP_COMPACTION_PENDING when the marker cannot be read or a source
 * is missing. */
bp_status bpi_directory_resolve_compaction(const bp_system *system, const char *path, bpi_directory *directory,
                                           bp_error *error);

#endif
