/* Copies of drafts: everything in one room, nothing shared with the original. */
#include "model/draft.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static int is_inside(const void *bytes, size_t length, const uint8_t *room, size_t size) {
  const uint8_t *at = bytes;
  return at >= room && length <= size && at + length <= room + size;
}

Test(draft, a_copy_shares_nothing_with_the_original) {
  char entity[] = "e:1", scope[] = "s", payload[] = "payload", name[] = "a.b", value[] = "value";
  bp_extension extension = {(uint8_t *)name, 3, (uint8_t *)value, 5};
  bp_draft draft, copy;
  cr_assert_eq(bp_draft_init(&draft, sizeof draft), BP_OK);
  draft.entity = (uint8_t *)entity;
  draft.entity_length = 3;
  draft.scope = (uint8_t *)scope;
  draft.scope_length = 1;
  draft.payload = (uint8_t *)payload;
  draft.payload_length = 7;
  draft.extensions = &extension;
  draft.extension_count = 1;
  draft.lane = 9;
  size_t size = bpi_draft_room(&draft);
  uint8_t *room = malloc(size);
  bpi_draft_copy(&draft, room, &copy);
  memset(entity, 'x', 3);
  memset(scope, 'x', 1);
  memset(payload, 'x', 7);
  memset(name, 'x', 3);
  memset(value, 'x', 5);
  memset(&extension, 0, sizeof extension);
  cr_assert(copy.lane == 9 && copy.entity_length == 3 && memcmp(copy.entity, "e:1", 3) == 0);
  cr_assert(copy.scope_length == 1 && copy.scope[0] == 's');
  cr_assert(copy.payload_length == 7 && memcmp(copy.payload, "payload", 7) == 0);
  cr_assert(copy.extension_count == 1 && memcmp(copy.extensions[0].name, "a.b", 3) == 0);
  cr_assert(memcmp(copy.extensions[0].value, "value", 5) == 0);
  cr_assert(is_inside(copy.extensions[0].value, 5, room, size) && is_inside(copy.payload, 7, room, size));
  free(room);
}

Test(draft, nothing_to_copy_needs_next_to_nothing) {
  bp_draft draft, copy;
  uint8_t room[1];
  cr_assert_eq(bp_draft_init(&draft, sizeof draft), BP_OK);
  cr_assert_eq(bpi_draft_room(&draft), sizeof room);
  bpi_draft_copy(&draft, room, &copy);
  cr_assert_eq(copy.payload_length, 0);
}

Test(draft, lengths_that_no_memory_holds_are_refused) {
  bp_draft draft;
  cr_assert_eq(bp_draft_init(&draft, sizeof draft), BP_OK);
  draft.payload_length = SIZE_MAX;
  cr_assert_eq(bpi_draft_room(&draft), 0);
  draft.payload_length = 0;
  draft.extension_count = SIZE_MAX / 8;
  cr_assert_eq(bpi_draft_room(&draft), 0);
}
