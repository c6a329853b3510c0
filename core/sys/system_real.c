/* Linux.  Every call is the plain one of the system; a file is its descriptor. */
#include "sys/process.h"
#include "sys/system.h"
#include "sys/thread.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The answer of a call that answers -1 and errno. */
static int outcome(int answer) { return answer < 0 ? errno : 0; }

static int range_fits(uint64_t offset, size_t length) {
  return offset <= INT64_MAX && length <= (uint64_t)INT64_MAX - offset;
}

/* ---------------------------------------------------------------------------------------------------------- files -- */

static int refuse_special(int file) {
  struct stat about;
  if (fstat(file, &about) != 0) return errno;
  if (S_ISREG(about.st_mode)) return 0;
  return S_ISDIR(about.st_mode) ? EISDIR : EINVAL;
}

static int open_file(const char *path, int how, int *file) {
  /* Without O_NONBLOCK a pipe that lies where a segment is looked for would hold the open up for ever. */
  int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  switch (how) {
    case BPI_OPEN_READ: flags |= O_RDONLY; break;
    case BPI_OPEN_READ_NO_LINK: flags |= O_RDONLY | O_NOFOLLOW; break;
    case BPI_OPEN_WRITE: flags |= O_RDWR; break;
    case BPI_OPEN_CREATE_NEW:
    case BPI_OPEN_CREATE_PRIVATE: flags |= O_RDWR | O_CREAT | O_EXCL; break;
    case BPI_OPEN_LOCK: flags |= O_RDWR | O_CREAT | O_NOFOLLOW; break;
    default: return EINVAL;
  }
  int opened;
  do {
    opened = open(path, flags, how == BPI_OPEN_CREATE_PRIVATE ? 0600 : 0666);
  } while (opened < 0 && errno == EINTR);
  if (opened < 0) return errno;
  int refused = refuse_special(opened);
  if (refused != 0) {
    close(opened);
    return refused;
  }
  *file = opened;
  return 0;
}

static int real_file_open(void *context, const char *path, int how, int *file) {
  (void)context;
  int before = bpi_cancel_hold();
  int failed = open_file(path, how, file);
  bpi_cancel_release(before);
  return failed;
}

static int real_file_close(void *context, int file) {
  (void)context;
  int before = bpi_cancel_hold();
  int failed = outcome(close(file));
  bpi_cancel_release(before);
  /* Linux has closed the descriptor by then; a second try could hit another thread's file. */
  return failed == EINTR ? 0 : failed;
}

static int real_file_size(void *context, int file, uint64_t *size) {
  struct stat about;
  (void)context;
  if (fstat(file, &about) != 0) return errno;
  *size = (uint64_t)about.st_size;
  return 0;
}

static int real_file_mode(void *context, int file, uint32_t *mode) {
  struct stat about;
  (void)context;
  if (fstat(file, &about) != 0) return errno;
  *mode = (uint32_t)about.st_mode & 07777;
  return 0;
}

static int read_file(int file, uint64_t offset, void *bytes, size_t length, size_t *done) {
  *done = 0;
  if (!range_fits(offset, length)) return EINVAL;
  while (*done < length) {
    ssize_t count = pread(file, (char *)bytes + *done, length - *done, (off_t)(offset + *done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) return 0;
    *done += (size_t)count;
  }
  return 0;
}

static int real_file_read(void *context, int file, uint64_t offset, void *bytes, size_t length, size_t *done) {
  (void)context;
  int before = bpi_cancel_hold();
  int failed = read_file(file, offset, bytes, length, done);
  bpi_cancel_release(before);
  return failed;
}

static int real_file_write(void *context, int file, uint64_t offset, const void *bytes, size_t length, size_t *done) {
  (void)context;
  *done = 0;
  if (!range_fits(offset, length)) return EFBIG;
  int before = bpi_cancel_hold();
  ssize_t count;
  do {
    count = pwrite(file, bytes, length, (off_t)offset);
  } while (count < 0 && errno == EINTR);
  int failed = count < 0 ? errno : 0;
  bpi_cancel_release(before);
  if (failed == 0) *done = (size_t)count;
  return failed;
}

static int real_file_truncate(void *context, int file, uint64_t size) {
  (void)context;
  if (!range_fits(size, 0)) return EFBIG;
  int failed;
  do {
    failed = outcome(ftruncate(file, (off_t)size));
  } while (failed == EINTR);
  return failed;
}

/* A failed flush is told once: the kernel may have dropped the pages, and a second try would succeed without them. */
static int real_file_sync(void *context, int file, int data_only) {
  (void)context;
  int before = bpi_cancel_hold();
  int failed = outcome(data_only ? fdatasync(file) : fsync(file));
  bpi_cancel_release(before);
  return failed;
}

static int real_file_lock(void *context, int file, int exclusive) {
  (void)context;
  int failed;
  do {
    failed = outcome(flock(file, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB));
  } while (failed == EINTR);
  return failed;
}

static int real_file_map(void *context, int file, size_t length, const uint8_t **bytes) {
  (void)context;
  void *view = mmap(NULL, length, PROT_READ, MAP_SHARED | MAP_NORESERVE, file, 0);
  if (view == MAP_FAILED) return errno;
  *bytes = (const uint8_t *)view;
  return 0;
}

static void real_file_unmap(void *context, const uint8_t *bytes, size_t length) {
  (void)context;
  munmap((void *)(uintptr_t)bytes, length);
}

/* -------------------------------------------------------------------------------------------- paths and directories -- */

static int real_path_kind(void *context, const char *path, int *kind) {
  struct stat about;
  (void)context;
  if (stat(path, &about) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) return errno;
    *kind = BPI_PATH_NONE;
  } else if (S_ISREG(about.st_mode)) {
    *kind = BPI_PATH_FILE;
  } else {
    *kind = S_ISDIR(about.st_mode) ? BPI_PATH_DIRECTORY : BPI_PATH_OTHER;
  }
  return 0;
}

static int real_path_rename(void *context, const char *from, const char *to) {
  (void)context;
  return outcome(rename(from, to));
}

static int real_path_remove(void *context, const char *path) {
  (void)context;
  return outcome(unlink(path));
}

static int real_directory_create(void *context, const char *path) {
  (void)context;
  return outcome(mkdir(path, 0777));
}

static int list_entries(DIR *directory, bpi_list_step step, void *user) {
  for (;;) {
    errno = 0;
    const struct dirent *entry = readdir(directory);
    if (entry == NULL) return errno;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    int answer = step(user, entry->d_name, strlen(entry->d_name));
    if (answer != 0) return answer;
  }
}

static int list_directory(const char *path, bpi_list_step step, void *user) {
  DIR *directory = opendir(path);
  if (directory == NULL) return errno;
  int answer = list_entries(directory, step, user);
  closedir(directory);
  return answer;
}

static int real_directory_list(void *context, const char *path, bpi_list_step step, void *user) {
  (void)context;
  int before = bpi_cancel_hold();
  int answer = list_directory(path, step, user);
  bpi_cancel_release(before);
  return answer;
}

static int sync_directory(const char *path) {
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return errno;
  int failed = outcome(fsync(directory));
  close(directory);
  return failed;
}

static int real_directory_sync(void *context, const char *path) {
  (void)context;
  int before = bpi_cancel_hold();
  int failed = sync_directory(path);
  bpi_cancel_release(before);
  return failed;
}

/* -------------------------------------------------------------------------------------------- time, chance, process -- */

static uint64_t nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int64_t real_clock_wall_ns(void *context) {
  (void)context;
  return (int64_t)nanoseconds(CLOCK_REALTIME);
}

static uint64_t real_clock_mono_ns(void *context) {
  (void)context;
  return nanoseconds(CLOCK_MONOTONIC);
}

static int real_random_fill(void *context, void *bytes, size_t length) {
  (void)context;
  return bpi_process_random(bytes, length);
}

static uint64_t real_process_id(void *context) {
  (void)context;
  return bpi_process_id();
}

/* --------------------------------------------------------------------------------------------------------- events -- */

static int real_event_open(void *context, int *event) {
  (void)context;
  int opened = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (opened < 0) return errno;
  *event = opened;
  return 0;
}

/* Fails only where it has been signalled more often than 64 bits can count. */
static void real_event_signal(void *context, int event) {
  (void)context;
  int before = bpi_cancel_hold();
  (void)eventfd_write(event, 1);
  bpi_cancel_release(before);
}

static void real_event_close(void *context, int event) {
  (void)context;
  int before = bpi_cancel_hold();
  close(event);
  bpi_cancel_release(before);
}

const bp_system *bpi_system_real(void) {
  static const bp_system real = {
      .context = NULL,
      .file_open = real_file_open,
      .file_close = real_file_close,
      .file_size = real_file_size,
      .file_mode = real_file_mode,
      .file_read = real_file_read,
      .file_write = real_file_write,
      .file_truncate = real_file_truncate,
      .file_sync = real_file_sync,
      .file_lock = real_file_lock,
      .file_map = real_file_map,
      .file_unmap = real_file_unmap,
      .path_kind = real_path_kind,
      .path_rename = real_path_rename,
      .path_remove = real_path_remove,
      .directory_create = real_directory_create,
      .directory_list = real_directory_list,
      .directory_sync = real_directory_sync,
      .clock_wall_ns = real_clock_wall_ns,
      .clock_mono_ns = real_clock_mono_ns,
      .random_fill = real_random_fill,
      .process_id = real_process_id,
      .event_open = real_event_open,
      .event_signal = real_event_signal,
      .event_close = real_event_close,
  };
  return &real;
}
