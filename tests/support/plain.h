/* A store in a real, temporary directory, for programs with threads. */
#ifndef SUPPORT_PLAIN_H
#define SUPPORT_PLAIN_H

#include "support/check.h"
#include "support/temporary.h"

#include <batpak/ffi.h>

#include <pthread.h>

enum { PLAIN_KIND = 0xF001 };

/* Opens `path`; ends the process where that fails. */
bp_store *plain_open(const char *path, uint32_t mode, uint64_t segment_max_bytes);
bp_store *plain_open_with(const char *path, const bp_config *config);
void plain_close(bp_store *store);
bp_stat plain_stat(const bp_store *store);

/* A draft for "unit:<entity>" whose payload is `number` in eight bytes. */
typedef struct plain_draft {
  bp_draft draft;
  char entity[32];
  uint64_t number;
} plain_draft;

void plain_draft_of(plain_draft *plain, uint32_t entity, uint64_t number, uint8_t durability);
/* Ends the process where it fails. */
bp_receipt plain_append(bp_store *store, uint32_t entity, uint64_t number, uint8_t durability);
/* The number in an event's payload. */
uint64_t plain_number(const bp_event *event);

/* Starts `count` threads of `run`, each with its own place in `users` (of `width` bytes), and waits for their ends. */
void plain_run(size_t count, void *(*run)(void *user), void *users, size_t width);
void plain_start(pthread_t *threads, size_t count, void *(*run)(void *user), void *users, size_t width);
void plain_join(pthread_t *threads, size_t count);

#endif
