#include "file.h"

#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 64 * 1024 };

int file_failed(const char *path) {
  message("%s: %s", path, strerror(errno));
  return EXIT_TROUBLE;
}

int file_write_synced(const char *path, int file, const text *bytes) {
  for (size_t done = 0; done < bytes->length;) {
    ssize_t written = write(file, bytes->data + done, bytes->length - done);
    if (written >= 0) {
      done += (size_t)written;
    } else if (errno != EINTR) {
      return file_failed(path);
    }
  }
  return fsync(file) == 0 ? EXIT_FINE : file_failed(path);
}

int file_sync_directory(const char *path) {
  text parent = {0};
  const char *slash = strrchr(path, '/');
  if (slash == NULL) {
    text_bytes(&parent, ".", sizeof ".");
  } else {
    text_bytes(&parent, path, (size_t)(slash - path) + 1);
    text_bytes(&parent, "", 1);
  }
  int directory = open(parent.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int code = directory >= 0 && fsync(directory) == 0 ? EXIT_FINE : file_failed(parent.data);
  if (directory >= 0) close(directory);
  text_free(&parent);
  return code;
}

int file_read_all(const char *path, int file, size_t limit, text *content) {
  ssize_t got;
  while ((got = read(file, text_reserve(content, CHUNK_BYTES), CHUNK_BYTES)) != 0) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_failed(path);
    content->length += (size_t)got;
    if (content->length > limit) {
      message("%s: is longer than %zu bytes", path, limit);
      return EXIT_USAGE;
    }
  }
  return EXIT_FINE;
}
