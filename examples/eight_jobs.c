/* The eight jobs of a journal: open, append, page, get, walk, verify, fold, close.
 *
 *   cc eight_jobs.c $(pkg-config --cflags --libs batpak) && ./a.out game */
#include <batpak/ffi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bp_error error = {.struct_size = sizeof error};

/* Every call answers a status; here the first that is not BP_OK ends the program. */
static void must(bp_status status) {
  if (status == BP_OK) return;
  fprintf(stderr, "%s: %s\n%s\n", bp_status_name(status), error.text, bp_status_advice(status));
  exit(EXIT_FAILURE);
}

static bp_receipt append(bp_store *store, const char *entity, const char *json) {
  uint8_t payload[256];
  bp_draft draft;
  bp_receipt receipt;
  bp_draft_init(&draft, sizeof draft);
  bp_receipt_init(&receipt, sizeof receipt);
  must(bp_payload_from_json((const uint8_t *)json, strlen(json), payload, sizeof payload, &draft.payload_length,
                            &error));
  must(bp_kind_make(0xF, 0x001, &draft.kind, &error));
  draft.payload = payload;
  draft.entity = (const uint8_t *)entity;
  draft.entity_length = strlen(entity);
  draft.scope = (const uint8_t *)"room:dungeon";
  draft.scope_length = strlen("room:dungeon");
  must(bp_store_append(store, &draft, &receipt, &error));
  return receipt;
}

static void print(const char *job, const bp_page *page) {
  size_t count;
  const bp_event *events = bp_page_events(page, &count);
  for (size_t i = 0; i < count; i++) {
    printf("%-5s event %llu of %.*s\n", job, (unsigned long long)events[i].sequence, (int)events[i].entity_length,
           (const char *)events[i].entity);
  }
}

static int32_t add_bytes(void *user, const bp_event *event) {
  *(uint64_t *)user += event->payload_length;
  return 0;
}

int main(int count, char **words) {
  bp_store *store;
  bp_page *page;
  bp_query alice;
  int32_t outcome;
  uint64_t bytes = 0;

  must(bp_store_open(count > 1 ? words[1] : "game", NULL, &store, &error));   /* 1: open */
  append(store, "player:alice", "{\"x\":10,\"y\":20}");                       /* 2: append, durable */
  append(store, "player:bob", "{\"x\":3}");
  bp_receipt receipt = append(store, "player:alice", "{\"x\":11,\"y\":20}");

  must(bp_page_new(&page, &error));
  bp_query_init(&alice, sizeof alice);
  alice.flags = BP_QUERY_ENTITY;
  alice.entity = (const uint8_t *)"player:alice";
  alice.entity_length = strlen("player:alice");
  must(bp_store_page(store, &alice, page, &error));                           /* 3: page in commit order */
  print("page", page);
  must(bp_store_get(store, receipt.event_id, page, &error));                  /* 4: one event by its id */
  print("get", page);
  must(bp_store_walk(store, receipt.event_id, 10, page, &error));             /* 5: it and its ancestors */
  print("walk", page);

  must(bp_store_verify_receipt(store, &receipt, NULL, &outcome, &error));     /* 6: does the store agree? */
  printf("receipt of event %llu: %s\n", (unsigned long long)receipt.sequence, bp_receipt_outcome_name(outcome));
  must(bp_store_fold(store, &alice, add_bytes, &bytes, &error));              /* 7: fold into a state */
  printf("%llu bytes in all\n", (unsigned long long)bytes);

  bp_page_free(page);
  must(bp_store_close(store, &error));                                        /* 8: close */
  return outcome == BP_RECEIPT_UNSIGNED_ACCEPTED ? EXIT_SUCCESS : EXIT_FAILURE;
}
