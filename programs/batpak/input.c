#include "input.h"

#include "file.h"
#include "output.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_BYTES = 256 * 1024 };

int input_open(input *in, const char *path) {
  struct stat about;
  bool standard = path == NULL || strcmp(path, "-") == 0;
  *in = (input){.name = standard ? "standard input" : path, .file = STDIN_FILENO};
  if (!standard) in->file = open(path, O_RDONLY | O_CLOEXEC);
  if (in->file < 0 || fstat(in->file, &about) != 0) return file_failed(in->name);
  if (S_ISREG(about.st_mode)) in->bytes_total = (uint64_t)about.st_size;
  return EXIT_FINE;
}

void input_close(input *in) {
  if (in->file > STDIN_FILENO) close(in->file);
  text_free(&in->buffer);
}

/* Moves what is left to the front and reads behind it. */
static input_state read_more(input *in) {
  text *buffer = &in->buffer;
  if (in->begin > 0) {
    memmove(buffer->data, buffer->data + in->begin, buffer->length - in->begin);
    buffer->length -= in->begin;
    in->searched -= in->begin;
    in->begin = 0;
  }
  ssize_t got = read(in->file, text_reserve(buffer, CHUNK_BYTES), CHUNK_BYTES);
  if (got < 0) return errno == EINTR ? INPUT_SIGNAL : INPUT_FAILED;
  in->ended = got == 0;
  buffer->length += (size_t)got;
  in->bytes_read += (uint64_t)got;
  return INPUT_LINE;
}

/* The line in the buffer that ends before `end`, and the next one begins at `next`. */
static input_state take_line(input *in, size_t end, size_t next, const char **line, size_t *length) {
  input_state state = in->passing_over || end - in->begin > INPUT_LINE_MAX ? INPUT_TOO_LONG : INPUT_LINE;
  *line = in->buffer.data + in->begin;
  *length = end - in->begin;
  in->begin = in->searched = next;
  in->passing_over = false;
  in->line_number++;
  return state;
}

static bool take_complete(input *in, const char **line, size_t *length, input_state *state) {
  text *buffer = &in->buffer;
  const char *newline = NULL;
  if (in->searched < buffer->length) {
    newline = memchr(buffer->data + in->searched, '\n', buffer->length - in->searched);
  }
  if (newline != NULL) {
    size_t end = (size_t)(newline - buffer->data);
    *state = take_line(in, end, end + 1, line, length);
    return true;
  }
  in->searched = buffer->length;
  if (buffer->length - in->begin > INPUT_LINE_MAX) {
    in->passing_over = true;
    in->begin = buffer->length;
  }
  return false;
}

input_state input_next(input *in, const char **line, size_t *length) {
  input_state state;
  for (;;) {
    if (signals_stop()) return INPUT_SIGNAL;
    if (take_complete(in, line, length, &state)) return state;
    if (in->ended) break;
    if (!signals_readable(in->file, false)) return signals_stop() ? INPUT_SIGNAL : INPUT_WAITING;
    state = read_more(in);
    if (state == INPUT_FAILED || (state == INPUT_SIGNAL && signals_stop())) return state;
  }
  if (in->begin == in->buffer.length && !in->passing_over) return INPUT_END;
  return take_line(in, in->buffer.length, in->buffer.length, line, length);
}

int input_bad_line(const input *in, uint64_t line_number, const text *why) {
  message("%s: line %llu: %.*s", in->name, (unsigned long long)line_number, (int)why->length, why->data);
  return EXIT_USAGE;
}

int input_long_line(const input *in) {
  text why = {0};
  text_format(&why, "longer than %d bytes", INPUT_LINE_MAX);
  int code = input_bad_line(in, in->line_number, &why);
  text_free(&why);
  return code;
}

void input_wait(const input *in) { signals_readable(in->file, true); }
