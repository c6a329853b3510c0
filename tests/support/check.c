#include "support/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static check_describe describe_circumstances;
static void *describe_user;

void check_describe_with(check_describe describe, void *user) {
  describe_circumstances = describe;
  describe_user = user;
}

void check_failed(const char *file, int line, const char *format, ...) {
  va_list arguments;
  fprintf(stderr, "%s:%d: ", file, line);
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  if (describe_circumstances != NULL) describe_circumstances(describe_user);
  fflush(NULL);
  _Exit(1);
}
