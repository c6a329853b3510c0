/* A real file system, mounted through /dev/fuse, that fails what it is told to fail.  Its files lie in the memory of a
 * process of their own: nothing on the machine's disks is touched.  It may also hold a file that a loop device is made
 * of, so that a file system of the kernel's own stands on failing blocks.
 *
 * All mounts are made in a mount namespace that this process alone is in.  They go with it, however it dies, and with them the
 * server and the loop device. */
#ifndef SUPPORT_FAILING_H
#define SUPPORT_FAILING_H

#include <stddef.h>
#include <stdint.h>

/* Where everything is mounted. */
#define FAILING_ROOT "/mnt"

enum {
  FAILING_WRITE = 1, /* write: of these blocks, where a range is given */
  FAILING_SYNC = 2,  /* fsync and fdatasync, of files and directories */
  FAILING_CHANGE = 4 /* create, remove, rename, truncate, a directory */
};

typedef struct failing_fault {
  uint32_t calls;      /* FAILING_*, one or several */
  uint64_t at;         /* the first that fails, from 1 */
  uint64_t times;      /* so many in a row; UINT64_MAX: all from there on */
  int errno_value;
  uint64_t from, to;   /* of writes: only those that touch these bytes of the file; 0, 0: all */
} failing_fault;

/* A namespace with an empty place to mount at: 0, or -1 and in `why` one line that says what the machine does not allow.  To be
 * called once, before there are threads. */
int failing_begin(char *why, size_t size);
/* A directory below FAILING_ROOT, and on it a file system of so many bytes in memory, which is full when it is full. */
int failing_mount_small(const char *path, size_t bytes, char *why, size_t size);
/* The file system that fails; at most one. */
int failing_mount(const char *path, char *why, size_t size);

/* From now on; what was seen before is forgotten. */
void failing_arm(const failing_fault *fault);
void failing_heal(void);
/* Since it was armed: calls of the kinds of the fault, and those that failed. */
uint64_t failing_seen(void);
uint64_t failing_failed(void);

/* The loop device: the file, formatted as ext4, is mounted at the path.  The file must lie on a file system that stays until the
 * unmount.  Blocks are written as late as the kernel likes, and read again after a new mount. */
int failing_format(const char *file, uint64_t bytes, char *why, size_t size);
int failing_mount_blocks(const char *file, const char *path, char *why, size_t size);
/* What is dirty is written, or lost where that fails. */
void failing_unmount(const char *path);
/* The blocks that hold a file of a mounted device, from the first to behind the last: 0, or -1 where it has none. */
int failing_blocks_of(const char *path, uint64_t *from, uint64_t *to);

#endif
