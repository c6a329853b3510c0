/* The end of a failed harness: where, what, and the circumstances that its program registered. */
#ifndef SUPPORT_CHECK_H
#define SUPPORT_CHECK_H

#include <stddef.h>

/* Prints one line of what was going on; called when a check fails. */
typedef void (*check_describe)(void *user);
void check_describe_with(check_describe describe, void *user);

_Noreturn void check_failed(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define CHECK(condition, ...)                                         \
  do {                                                                \
    if (!(condition)) check_failed(__FILE__, __LINE__, __VA_ARGS__); \
  } while (0)

#endif
