#include "support/failing_internal.h"

#include "support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static failing_control *control;

/* -1, and why. */
static int refuse(char *why, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int refuse(char *why, size_t size, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(why, size, format, arguments);
  va_end(arguments);
  return -1;
}

/* ------------------------------------------------------------------------------------------------------- namespace -- */

static int write_line(const char *path, const char *line) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return -1;
  ssize_t written = write(file, line, strlen(line));
  close(file);
  return written == (ssize_t)strlen(line) ? 0 : -1;
}

/* Without rights a user's own namespace gives them, over what is mounted in it alone. */
static int enter_user_namespace(void) {
  char line[64];
  unsigned user = (unsigned)getuid(), group = (unsigned)getgid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return -1;
  (void)write_line("/proc/self/setgroups", "deny");
  snprintf(line, sizeof line, "0 %u 1", user);
  if (write_line("/proc/self/uid_map", line) != 0) return -1;
  snprintf(line, sizeof line, "0 %u 1", group);
  return write_line("/proc/self/gid_map", line);
}

int failing_begin(char *why, size_t size) {
  struct stat about;
  if (stat(FAILING_ROOT, &about) != 0 || !S_ISDIR(about.st_mode)) {
    return refuse(why, size, "there is no " FAILING_ROOT " to mount at");
  }
  if (unshare(CLONE_NEWNS) != 0 && enter_user_namespace() != 0) {
    return refuse(why, size, "no mount namespace may be made here: %s", strerror(errno));
  }
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("batpak", FAILING_ROOT, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755") != 0) {
    return refuse(why, size, "nothing may be mounted here: %s", strerror(errno));
  }
  return 0;
}

static int make_place(const char *path, char *why, size_t size) {
  if (mkdir(path, 0755) == 0 || errno == EEXIST) return 0;
  return refuse(why, size, "no directory to mount at: %s", strerror(errno));
}

int failing_mount_small(const char *path, size_t bytes, char *why, size_t size) {
  char options[64];
  if (make_place(path, why, size) != 0) return -1;
  snprintf(options, sizeof options, "size=%zu,mode=755", bytes);
  if (mount("batpak", path, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0) return 0;
  return refuse(why, size, "no tmpfs may be mounted here: %s", strerror(errno));
}

/* -------------------------------------------------------------------------------------------------- /dev/fuse -- */

/* The server goes into a namespace of its own, so that the one with the mounts ends with this process alone: a server that took
 * part in unmounting what it serves would wait for itself.  The answer is the other end of its line: it says when it is there,
 * and is told when it is mounted. */
static int start_server(int device) {
  int ends[2];
  char ready;
  control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(control != MAP_FAILED, "mmap: %s", strerror(errno));
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair: %s", strerror(errno));
  fflush(NULL);
  pid_t server = fork();
  CHECK(server >= 0, "fork: %s", strerror(errno));
  if (server == 0) {
    close(ends[1]);
    if (unshare(CLONE_NEWNS) == 0 && write(ends[0], "", 1) == 1 && read(ends[0], &ready, 1) == 1) {
      failing_serve(device, control);
    }
    _exit(0);
  }
  close(ends[0]);
  CHECK(read(ends[1], &ready, 1) == 1, "the server does not begin");
  return ends[1];
}

int failing_mount(const char *path, char *why, size_t size) {
  char options[96];
  if (make_place(path, why, size) != 0) return -1;
  int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (device < 0) return refuse(why, size, "/dev/fuse cannot be opened: %s", strerror(errno));
  int line = start_server(device), failed = 0;
  snprintf(options, sizeof options, "fd=%d,rootmode=40755,user_id=0,group_id=0,default_permissions", device);
  if (mount("batpak", path, "fuse", MS_NOSUID | MS_NODEV, options) != 0) failed = errno;
  close(device); /* if the server dies, its calls fail instead of waiting for ever */
  CHECK(failed != 0 || write(line, "", 1) == 1, "the server is gone: %s", strerror(errno));
  close(line);
  return failed == 0 ? 0 : refuse(why, size, "no file system of FUSE may be mounted here: %s", strerror(failed));
}

void failing_arm(const failing_fault *fault) {
  failing_heal();
  control->fault = *fault;
  atomic_store(&control->seen, 0);
  atomic_store(&control->failed, 0);
  atomic_store(&control->calls, fault->calls);
}

void failing_heal(void) { atomic_store(&control->calls, 0); }
uint64_t failing_seen(void) { return atomic_load(&control->seen); }
uint64_t failing_failed(void) { return atomic_load(&control->failed); }

/* -------------------------------------------------------------------------------------------------- loop device -- */

static int run_quietly(const char *const arguments[]) {
  int status;
  fflush(NULL);
  pid_t child = fork();
  CHECK(child >= 0, "fork: %s", strerror(errno));
  if (child == 0) {
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)dup2(nothing, STDOUT_FILENO);
    (void)dup2(nothing, STDERR_FILENO);
    execv(arguments[0], (char **)(uintptr_t)arguments);
    _exit(127);
  }
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

/* Blocks as large as pages: the loop device takes a write of which a part fails for one that succeeded, and FUSE makes two of
 * one that begins inside a page. */
int failing_format(const char *file, uint64_t bytes, char *why, size_t size) {
  static const char *const tools[] = {"/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4"};
  int image = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  CHECK(image >= 0 && ftruncate(image, (off_t)bytes) == 0, "%s: %s", file, strerror(errno));
  close(image);
  for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
    if (access(tools[i], X_OK) != 0) continue;
    const char *const arguments[] = {tools[i], "-q", "-F", "-b", "4096", "-E", "lazy_itable_init=0,nodiscard", file, NULL};
    int answer = run_quietly(arguments);
    return answer == 0 ? 0 : refuse(why, size, "%s failed: %d", tools[i], answer);
  }
  return refuse(why, size, "there is no mkfs.ext4");
}

/* A free loop device over the file, which goes with its last user.  Others may take the one that was just free: then the
 * next one.  No other device is ever touched. */
static int take_loop(int image, char name[32], char *why, size_t size) {
  int all = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  if (all < 0) return refuse(why, size, "/dev/loop-control cannot be opened: %s", strerror(errno));
  for (int tries = 0; tries < 64; tries++) {
    int number = ioctl(all, LOOP_CTL_GET_FREE);
    if (number < 0) break;
    snprintf(name, 32, "/dev/loop%d", number);
    int loop = open(name, O_RDWR | O_CLOEXEC);
    if (loop < 0) break;
    const struct loop_config config = {.fd = (uint32_t)image, .info = {.lo_flags = LO_FLAGS_AUTOCLEAR}};
    if (ioctl(loop, LOOP_CONFIGURE, &config) == 0) {
      close(all);
      return loop;
    }
    int failed = errno;
    close(loop);
    errno = failed;
    if (failed != EBUSY) break;
  }
  int failed = errno;
  close(all);
  return refuse(why, size, "no loop device is to be had: %s", strerror(failed));
}

int failing_mount_blocks(const char *file, const char *path, char *why, size_t size) {
  char name[32];
  if (make_place(path, why, size) != 0) return -1;
  int image = open(file, O_RDWR | O_CLOEXEC);
  CHECK(image >= 0, "%s: %s", file, strerror(errno));
  int loop = take_loop(image, name, why, size), failed = 0;
  close(image);
  if (loop < 0) return -1;
  if (mount(name, path, "ext4", MS_NOSUID | MS_NODEV, "errors=continue") != 0) failed = errno;
  close(loop); /* the mount keeps it */
  return failed == 0 ? 0 : refuse(why, size, "no ext4 may be mounted here: %s", strerror(failed));
}

void failing_unmount(const char *path) { CHECK(umount2(path, 0) == 0, "unmounting %s: %s", path, strerror(errno)); }

int failing_blocks_of(const char *path, uint64_t *from, uint64_t *to) {
  enum { EXTENTS = 32 };
  static _Alignas(8) uint8_t room[sizeof(struct fiemap) + EXTENTS * sizeof(struct fiemap_extent)];
  struct fiemap *map = (void *)room;
  memset(room, 0, sizeof room);
  map->fm_length = FIEMAP_MAX_OFFSET;
  map->fm_extent_count = EXTENTS;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  CHECK(file >= 0, "%s: %s", path, strerror(errno));
  int answer = ioctl(file, FS_IOC_FIEMAP, map);
  close(file);
  CHECK(answer == 0, "FIEMAP of %s: %s", path, strerror(errno));
  *from = UINT64_MAX;
  *to = 0;
  for (uint32_t i = 0; i < map->fm_mapped_extents; i++) {
    const struct fiemap_extent *extent = &map->fm_extents[i];
    if (extent->fe_flags & FIEMAP_EXTENT_UNKNOWN) continue; /* not on the disk yet */
    if (extent->fe_physical < *from) *from = extent->fe_physical;
    if (extent->fe_physical + extent->fe_length > *to) *to = extent->fe_physical + extent->fe_length;
  }
  return *to > 0 ? 0 : -1;
}
