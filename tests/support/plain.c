#include "support/plain.h"

#include <stdio.h>
#include <string.h>

bp_store *plain_open(const char *path, uint32_t mode, uint64_t segment_max_bytes) {
  bp_config config;
  CHECK(bp_config_init(&config, sizeof config) == BP_OK, "bp_config_init");
  config.mode = mode;
  config.segment_max_bytes = segment_max_bytes;
  return plain_open_with(path, &config);
}

bp_store *plain_open_with(const char *path, const bp_config *config) {
  bp_store *store;
  bp_error error = {.struct_size = sizeof error};
  bp_status status = bp_store_open(path, config, &store, &error);
  CHECK(status == BP_OK, "the store does not open: %s: %s", bp_status_name(status), error.text);
  return store;
}

void plain_close(bp_store *store) {
  bp_error error = {.struct_size = sizeof error};
  bp_status status = bp_store_close(store, &error);
  CHECK(status == BP_OK, "the store does not close: %s: %s", bp_status_name(status), error.text);
}

bp_stat plain_stat(const bp_store *store) {
  bp_stat stat = {.struct_size = sizeof stat};
  CHECK(bp_store_stat(store, &stat, NULL) == BP_OK, "bp_store_stat");
  return stat;
}

void plain_draft_of(plain_draft *plain, uint32_t entity, uint64_t number, uint8_t durability) {
  CHECK(bp_draft_init(&plain->draft, sizeof plain->draft) == BP_OK, "bp_draft_init");
  snprintf(plain->entity, sizeof plain->entity, "unit:%u", entity);
  plain->number = number;
  plain->draft.kind = PLAIN_KIND;
  plain->draft.durability = durability;
  plain->draft.entity = (const uint8_t *)plain->entity;
  plain->draft.entity_length = strlen(plain->entity);
  plain->draft.scope = (const uint8_t *)"test";
  plain->draft.scope_length = strlen("test");
  plain->draft.payload = (const uint8_t *)&plain->number;
  plain->draft.payload_length = sizeof plain->number;
}

bp_receipt plain_append(bp_store *store, uint32_t entity, uint64_t number, uint8_t durability) {
  plain_draft plain;
  bp_receipt receipt;
  bp_error error = {.struct_size = sizeof error};
  plain_draft_of(&plain, entity, number, durability);
  CHECK(bp_receipt_init(&receipt, sizeof receipt) == BP_OK, "bp_receipt_init");
  bp_status status = bp_store_append(store, &plain.draft, &receipt, &error);
  CHECK(status == BP_OK, "append: %s: %s", bp_status_name(status), error.text);
  CHECK(durability != BP_DURABLE || receipt.durable, "asked for durable, answered otherwise");
  return receipt;
}

uint64_t plain_number(const bp_event *event) {
  uint64_t number;
  CHECK(event->status == BP_OK && event->payload_length == sizeof number, "an event cannot be read: %s",
        bp_status_name(event->status));
  memcpy(&number, event->payload, sizeof number);
  return number;
}

void plain_start(pthread_t *threads, size_t count, void *(*run)(void *user), void *users, size_t width) {
  for (size_t i = 0; i < count; i++) {
    CHECK(pthread_create(&threads[i], NULL, run, (char *)users + i * width) == 0, "no thread");
  }
}

void plain_join(pthread_t *threads, size_t count) {
  for (size_t i = 0; i < count; i++) CHECK(pthread_join(threads[i], NULL) == 0, "pthread_join");
}

void plain_run(size_t count, void *(*run)(void *user), void *users, size_t width) {
  enum { MOST = 64 };
  pthread_t threads[MOST];
  CHECK(count <= MOST, "at most %d threads", MOST);
  plain_start(threads, count, run, users, width);
  plain_join(threads, count);
}
