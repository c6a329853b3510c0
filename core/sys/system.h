/* The seam to the operating system: every file, directory, clock and random call of the library goes through this
 * table.  Two implementations of equal rank: the real one (system_real.c) and the simulated one (tests/support).
 *
 * Calls answer 0 or an errno value; an interrupted one is made again, so that none answers EINTR, but for file_sync and
 * directory_sync, whose failures are final.  None is a point of cancellation.  Files are small integers that mean something only to their system.  Offsets
 * are bytes; writes and reads name theirs, there is no file position. */
#ifndef BPI_SYS_SYSTEM_H
#define BPI_SYS_SYSTEM_H

#include <batpak/ffi.h>

/* Regular files only: EISDIR for a directory, EINVAL for a pipe, a socket or a device. */
enum {
  BPI_OPEN_READ = 1,           /* must exist */
  BPI_OPEN_WRITE = 2,          /* read and write, must exist */
  BPI_OPEN_CREATE_NEW = 3,     /* read and write, must not exist (EEXIST); the process's umask decides who may read */
  BPI_OPEN_LOCK = 4,           /* read and write, created if missing, symbolic links refused (ELOOP) */
  BPI_OPEN_READ_NO_LINK = 5,   /* must exist, symbolic links refused (ELOOP): the lock of a reader */
  BPI_OPEN_CREATE_PRIVATE = 6  /* as CREATE_NEW, for the owner alone (mode 0600) */
};

/* What a path leads to, symbolic links followed. */
enum { BPI_PATH_NONE = 0, BPI_PATH_FILE = 1, BPI_PATH_DIRECTORY = 2, BPI_PATH_OTHER = 3 };

/* One entry of a directory, "." and ".." left out.  A non-zero answer stops the listing and is what it returns. */
typedef int (*bpi_list_step)(void *user, const char *name, size_t name_length);

struct bp_system {
  void *context;

  int (*file_open)(void *context, const char *path, int how, int *file);
  int (*file_close)(void *context, int file);
  int (*file_size)(void *context, int file, uint64_t *size);
  /* Who may do what with it: the nine bits of chmod, and the three above them. */
  int (*file_mode)(void *context, int file, uint32_t *mode);
  /* *done < length only at the end of the file. */
  int (*file_read)(void *context, int file, uint64_t offset, void *bytes, size_t length, size_t *done);
  /* May be short: *done says how much was taken; 0 of errno with *done < length means: call again. */
  int (*file_write)(void *context, int file, uint64_t offset, const void *bytes, size_t length, size_t *done);
  int (*file_truncate)(void *context, int file, uint64_t size);
  int (*file_sync)(void *context, int file, int data_only);
  /* Whole-file advisory lock (flock), never waiting: EWOULDBLOCK when another holds it.  Closing the file releases it. */
  int (*file_lock)(void *context, int file, int exclusive);
  /* A read-only view of [0, length), length above 0, that stays valid, at one address, until file_unmap, whatever is appended or
   * truncated.  It may reach past the end of the file; bytes there must not be touched until they are written. */
  int (*file_map)(void *context, int file, size_t length, const uint8_t **bytes);
  void (*file_unmap)(void *context, const uint8_t *bytes, size_t length);

  int (*path_kind)(void *context, const char *path, int *kind);
  int (*path_rename)(void *context, const char *from, const char *to);
  int (*path_remove)(void *context, const char *path);
  int (*directory_create)(void *context, const char *path); /* one level; EEXIST when there */
  int (*directory_list)(void *context, const char *path, bpi_list_step step, void *user);
  int (*directory_sync)(void *context, const char *path);

  int64_t (*clock_wall_ns)(void *context);  /* since 1970, may jump */
  uint64_t (*clock_mono_ns)(void *context); /* never backwards */
  int (*random_fill)(void *context, void *bytes, size_t length);
  uint64_t (*process_id)(void *context);

  /* A descriptor that poll and its kin find readable from the signal on: a real one on every system. */
  int (*event_open)(void *context, int *event);
  void (*event_signal)(void *context, int event);
  void (*event_close)(void *context, int event);
};

/* The real system.  Static, immutable, shared by all. */
const bp_system *bpi_system_real(void);

#endif
