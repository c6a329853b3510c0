#include "output.h"

#include "progress.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BUFFER_BYTES = 64 * 1024 };

static struct {
  text pending;
  size_t columns;
  bool coloured;
  bool utf8;
  int failure;  /* errno of the write that failed */
} output;

static size_t terminal_columns(void) {
  struct winsize size;
  if (!isatty(STDOUT_FILENO)) return 0;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

void output_begin(void) {
  const char *no_color = getenv("NO_COLOR");
  setlocale(LC_CTYPE, "");
  signal(SIGPIPE, SIG_IGN);
  output.columns = terminal_columns();
  output.coloured = output.columns > 0 && (no_color == NULL || no_color[0] == '\0');
  output.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void output_flush(void) {
  const char *at = output.pending.data;
  size_t left = output.pending.length;
  while (left > 0 && output.failure == 0) {
    ssize_t written = write(STDOUT_FILENO, at, left);
    if (written >= 0) {
      at += written;
      left -= (size_t)written;
    } else if (errno != EINTR) {
      output.failure = errno;
    }
  }
  output.pending.length = 0;
}

void output_text(const text *result) {
  if (output.failure != 0 || result->length == 0) return;
  if (output.columns > 0) progress_clear();
  text_bytes(&output.pending, result->data, result->length);
  if (output.pending.length >= BUFFER_BYTES) output_flush();
}

bool output_lost(void) { return output.failure != 0; }

int output_end(int code) {
  progress_clear();
  output_flush();
  text_free(&output.pending);
  if (output.failure == 0) return code;
  if (output.failure == EPIPE) return EXIT_FINE;
  message("standard output: %s", strerror(output.failure));
  return EXIT_TROUBLE;
}

size_t output_columns(void) { return output.columns; }

bool output_is_utf8(void) { return output.utf8; }

void output_ink(text *out, ink colour) {
  static const char *const codes[] = {"\033[0m", "\033[2m", "\033[1m", "\033[1;32m", "\033[1;33m", "\033[1;31m"};
  if (output.coloured) text_string(out, codes[colour]);
}

void message(const char *format, ...) {
  va_list arguments;
  progress_clear();
  output_flush();
  fputs("batpak: ", stderr);
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
}

void message_more(const char *string) { fprintf(stderr, "        %s\n", string); }
