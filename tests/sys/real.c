/* What only the real system can show: links, pipes, permissions, forks. */
#include "support/temporary.h"
#include "sys/system.h"
#include "sys/file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[TEMPORARY_PATH_MAX];

static void set_up(void) { temporary_create(root); }
static void tear_down(void) { temporary_remove(root); }

TestSuite(real, .init = set_up, .fini = tear_down);

static const char *at(const char *name) {
  static char paths[4][TEMPORARY_PATH_MAX + 64];
  static size_t turn;
  char *path = paths[turn++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", root, name);
  return path;
}

static int open_by(const char *name, int how, int *file) {
  return bpi_system_real()->file_open(NULL, at(name), how, file);
}

static mode_t mode_of(const char *name) {
  struct stat about;
  cr_assert_eq(stat(at(name), &about), 0);
  return about.st_mode & 0777;
}

Test(real, symbolic_links_are_followed_but_for_locks) {
  int file = -1;
  cr_assert_eq(open_by("file", BPI_OPEN_CREATE_NEW, &file), 0);
  close(file);
  cr_assert_eq(symlink("file", at("link")), 0);
  cr_assert_eq(symlink("none", at("dangling")), 0);
  cr_assert_eq(open_by("link", BPI_OPEN_READ, &file), 0);
  close(file);
  cr_assert_eq(open_by("link", BPI_OPEN_READ_NO_LINK, &file), ELOOP);
  cr_assert_eq(open_by("link", BPI_OPEN_LOCK, &file), ELOOP);
  cr_assert_eq(open_by("dangling", BPI_OPEN_LOCK, &file), ELOOP);
  cr_assert_eq(open_by("dangling", BPI_OPEN_CREATE_NEW, &file), EEXIST);
  cr_assert_eq(access(at("none"), F_OK), -1, "nothing was made through the link");
  int kind = -1;
  cr_assert_eq(bpi_system_real()->path_kind(NULL, at("link"), &kind), 0);
  cr_assert_eq(kind, BPI_PATH_FILE);
  cr_assert_eq(bpi_system_real()->path_kind(NULL, at("dangling"), &kind), 0);
  cr_assert_eq(kind, BPI_PATH_NONE);
}

Test(real, a_pipe_is_refused_at_once, .timeout = 120) {
  static const int ways[] = {BPI_OPEN_READ, BPI_OPEN_WRITE, BPI_OPEN_LOCK, BPI_OPEN_READ_NO_LINK};
  int file = -1, kind = -1;
  cr_assert_eq(mkfifo(at("pipe"), 0600), 0);
  for (size_t i = 0; i < 4; i++) cr_assert_eq(open_by("pipe", ways[i], &file), EINVAL);
  cr_assert_eq(bpi_system_real()->path_kind(NULL, at("pipe"), &kind), 0);
  cr_assert_eq(kind, BPI_PATH_OTHER);
  cr_assert_eq(bpi_system_real()->file_open(NULL, "/dev/null", BPI_OPEN_READ, &file), EINVAL);
}

Test(real, the_umask_rules_but_for_private_files) {
  int file;
  umask(022);
  cr_assert_eq(open_by("segment", BPI_OPEN_CREATE_NEW, &file), 0);
  close(file);
  cr_assert_eq(open_by("lock", BPI_OPEN_LOCK, &file), 0);
  close(file);
  cr_assert_eq(open_by("private", BPI_OPEN_CREATE_PRIVATE, &file), 0);
  close(file);
  cr_assert_eq(bpi_system_real()->directory_create(NULL, at("directory")), 0);
  cr_assert_eq(mode_of("segment"), 0644);
  cr_assert_eq(mode_of("lock"), 0644);
  cr_assert_eq(mode_of("private"), 0600);
  cr_assert_eq(mode_of("directory"), 0755);
}

Test(real, a_replaced_file_is_private_and_no_link) {
  umask(0);
  cr_assert_eq(bpi_file_replace(bpi_system_real(), root, "file", "abc", 3, NULL), BP_OK);
  cr_assert_eq(mode_of("file"), 0600);
  cr_assert_eq(symlink("file", at("link")), 0);
  bp_error error = {0};
  cr_assert_eq(bpi_file_replace(bpi_system_real(), root, "link", "xyz", 3, &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, ELOOP);
  struct stat about;
  cr_assert_eq(lstat(at("link"), &about), 0);
  cr_assert(S_ISLNK(about.st_mode));
  cr_assert_eq(stat(at("file"), &about), 0);
  cr_assert_eq(about.st_size, 3);
}

Test(real, descriptors_do_not_leak_into_programs) {
  int file;
  cr_assert_eq(open_by("file", BPI_OPEN_CREATE_NEW, &file), 0);
  cr_assert(fcntl(file, F_GETFD) & FD_CLOEXEC);
  close(file);
  cr_assert_eq(open_by("file", BPI_OPEN_LOCK, &file), 0);
  cr_assert(fcntl(file, F_GETFD) & FD_CLOEXEC);
  close(file);
}

Test(real, a_refused_open_leaves_no_descriptor) {
  int before = dup(0), file = -1;
  close(before);
  cr_assert_eq(mkfifo(at("pipe"), 0600), 0);
  for (int i = 0; i < 10; i++) cr_assert_eq(open_by("pipe", BPI_OPEN_READ, &file), EINVAL);
  for (int i = 0; i < 10; i++) cr_assert_eq(bpi_system_real()->directory_sync(NULL, at("none")), ENOENT);
  int after = dup(0);
  close(after);
  cr_assert_eq(after, before);
}

Test(real, closed_files_are_errors) {
  uint64_t size;
  char byte = 0;
  size_t done;
  int file = -1;
  const uint8_t *view;
  const bp_system *system = bpi_system_real();
  cr_assert_eq(open_by("file", BPI_OPEN_CREATE_NEW, &file), 0);
  cr_assert_eq(system->file_close(NULL, file), 0);
  cr_assert_eq(system->file_close(NULL, file), EBADF);
  cr_assert_eq(system->file_size(NULL, file, &size), EBADF);
  cr_assert_eq(system->file_read(NULL, file, 0, &byte, 1, &done), EBADF);
  cr_assert_eq(system->file_write(NULL, file, 0, &byte, 1, &done), EBADF);
  cr_assert_eq(system->file_truncate(NULL, file, 0), EBADF);
  cr_assert_eq(system->file_sync(NULL, file, 1), EBADF);
  cr_assert_eq(system->file_lock(NULL, file, 1), EBADF);
  cr_assert_eq(system->file_map(NULL, file, 1, &view), EBADF);
}

Test(real, a_full_disk_says_so) {
  int file = open("/dev/full", O_RDWR);
  size_t done = 99;
  if (file < 0) cr_skip_test("no /dev/full");
  cr_assert_eq(bpi_system_real()->file_write(NULL, file, 0, "x", 1, &done), ENOSPC);
  cr_assert_eq(done, 0);
  bp_error error = {0};
  cr_assert_eq(bpi_file_write_all(bpi_system_real(), file, 0, "x", 1, &error), BP_DISK_FULL);
  cr_assert_eq(error.os_error, ENOSPC);
  close(file);
}

Test(real, paths_too_long_and_loops_are_told) {
  int kind, file;
  char name[400];
  memset(name, 'n', sizeof name);
  name[sizeof name - 1] = '\0';
  const bp_system *system = bpi_system_real();
  cr_assert_eq(system->path_kind(NULL, name, &kind), ENAMETOOLONG);
  cr_assert_eq(system->file_open(NULL, name, BPI_OPEN_CREATE_NEW, &file), ENAMETOOLONG);
  cr_assert_eq(symlink("loop", at("loop")), 0);
  cr_assert_eq(system->path_kind(NULL, at("loop"), &kind), ELOOP);
}

/* A child learns its own id, and its random bytes are not its parent's, however many were in store. */
Test(real, a_forked_child_is_another_process) {
  const bp_system *system = bpi_system_real();
  struct {
    uint64_t id;
    uint8_t bytes[2][16];
  } *child = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  uint8_t mine[2][16];
  cr_assert_neq(child, MAP_FAILED);
  cr_assert_eq(system->process_id(NULL), (uint64_t)getpid());
  cr_assert_eq(system->random_fill(NULL, mine[0], 16), 0);
  pid_t pid = fork();
  if (pid == 0) {
    child->id = system->process_id(NULL);
    system->random_fill(NULL, child->bytes[0], 16);
    system->random_fill(NULL, child->bytes[1], 16);
    _exit(child->id == (uint64_t)getpid() ? 0 : 1);
  }
  cr_assert_eq(system->random_fill(NULL, mine[0], 16), 0);
  cr_assert_eq(system->random_fill(NULL, mine[1], 16), 0);
  int status = -1;
  cr_assert_eq(waitpid(pid, &status, 0), pid);
  cr_assert_eq(status, 0);
  cr_assert_eq(child->id, (uint64_t)pid);
  for (size_t i = 0; i < 4; i++) cr_assert_arr_neq(mine[i / 2], child->bytes[i % 2], 16);
  cr_assert_eq(system->process_id(NULL), (uint64_t)getpid());
  munmap(child, 4096);
}

Test(real, a_child_keeps_the_lock_of_its_parent_alive) {
  const bp_system *system = bpi_system_real();
  int first, second, done[2];
  char byte = 0;
  cr_assert_eq(pipe(done), 0);
  cr_assert_eq(open_by("lock", BPI_OPEN_LOCK, &first), 0);
  cr_assert_eq(open_by("lock", BPI_OPEN_LOCK, &second), 0);
  cr_assert_eq(system->file_lock(NULL, first, 1), 0);
  pid_t pid = fork();
  if (pid == 0) _exit(read(done[0], &byte, 1) == 1 ? 0 : 1);
  cr_assert_eq(system->file_close(NULL, first), 0);
  cr_assert_eq(system->file_lock(NULL, second, 1), EWOULDBLOCK);
  cr_assert_eq(write(done[1], &byte, 1), 1);
  cr_assert_eq(waitpid(pid, NULL, 0), pid);
  cr_assert_eq(system->file_lock(NULL, second, 1), 0);
  close(second);
}
