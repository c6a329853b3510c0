/* Gates that do what they are told, for the suites of this room. */
#ifndef TESTS_GUARD_FIXTURE_H
#define TESTS_GUARD_FIXTURE_H

#include "guard/guard.h"

#include <string.h>

#define TEXT(text) (const uint8_t *)(text), sizeof(text) - 1

/* What a gate answers, what it writes before, and what it saw. */
typedef struct told {
  bp_status answer;
  const char *code, *message, *key, *value;
  size_t pairs;
  size_t calls;
  size_t destroyed;
  const uint8_t *context;
  size_t context_length;
} told;

static inline bp_status told_evaluate(void *user, const uint8_t *context, size_t context_length,
                                      bp_denial_writer *writer) {
  told *gate = user;
  gate->calls++;
  gate->context = context;
  gate->context_length = context_length;
  if (gate->message != NULL) {
    (void)bp_denial_writer_set(writer, (const uint8_t *)gate->code, strlen(gate->code), (const uint8_t *)gate->message,
                               strlen(gate->message));
  }
  for (size_t i = 0; i < gate->pairs; i++) {
    (void)bp_denial_writer_add(writer, (const uint8_t *)gate->key, strlen(gate->key), (const uint8_t *)gate->value,
                               strlen(gate->value));
  }
  return gate->answer;
}

static inline void told_destroy(void *user) { ((told *)user)->destroyed++; }

static inline bp_gate told_gate(const char *name, told *user) {
  bp_gate gate = {.struct_size = sizeof gate,
                  .name = (const uint8_t *)name,
                  .name_length = strlen(name),
                  .evaluate = told_evaluate,
                  .user = user,
                  .destroy = told_destroy};
  return gate;
}

static inline int text_is(const uint8_t *data, size_t length, const char *text) {
  return length == strlen(text) && memcmp(data, text, length) == 0;
}

#endif
