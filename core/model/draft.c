#include "model/draft.h"

#include "base/status.h"

#include <string.h>

bp_status bpi_draft_check_lengths(const bp_draft *draft, bp_error *error) {
  int lacks = (draft->entity == NULL && draft->entity_length > 0) || (draft->scope == NULL && draft->scope_length > 0) ||
              (draft->payload == NULL && draft->payload_length > 0) ||
              (draft->extensions == NULL && draft->extension_count > 0);
  for (size_t i = 0; i < draft->extension_count && !lacks; i++) {
    const bp_extension *extension = &draft->extensions[i];
    lacks = (extension->name == NULL && extension->name_length > 0) ||
            (extension->value == NULL && extension->value_length > 0);
  }
  return lacks ? bpi_fail(error, BP_ARGUMENT, "a length without bytes") : BP_OK;
}

static int add(size_t *total, size_t more) { return __builtin_add_overflow(*total, more, total); }

size_t bpi_draft_room(const bp_draft *draft) {
  size_t total = bpi_size(draft->extension_count, sizeof(bp_extension), 1);
  if (total == 0) return 0;
  if (add(&total, draft->entity_length) || add(&total, draft->scope_length) || add(&total, draft->payload_length)) return 0;
  for (size_t i = 0; i < draft->extension_count; i++) {
    const bp_extension *extension = &draft->extensions[i];
    if (add(&total, extension->name_length) || add(&total, extension->value_length)) return 0;
  }
  return total;
}

static const uint8_t *put(uint8_t **at, const uint8_t *bytes, size_t length) {
  uint8_t *start = *at;
  if (length > 0) memcpy(start, bytes, length);
  *at += length;
  return start;
}

void bpi_draft_copy(const bp_draft *draft, uint8_t *room, bp_draft *copy) {
  bp_extension *extensions = (bp_extension *)(void *)room;
  uint8_t *at = room + draft->extension_count * sizeof *extensions;
  *copy = *draft;
  copy->struct_size = sizeof *copy;
  copy->entity = put(&at, draft->entity, draft->entity_length);
  copy->scope = put(&at, draft->scope, draft->scope_length);
  copy->payload = put(&at, draft->payload, draft->payload_length);
  for (size_t i = 0; i < draft->extension_count; i++) {
    const bp_extension *from = &draft->extensions[i];
    extensions[i] = (bp_extension){put(&at, from->name, from->name_length), from->name_length,
                                   put(&at, from->value, from->value_length), from->value_length};
  }
  copy->extensions = extensions;
}
