/* What a draft must obey before anybody asks what the store holds. */
#include "support/oracle.h"
#include "support/oracle_bytes.h"

#include <string.h>

enum { COMPONENT_MAX = 1024, EXTENSION_NAME_MAX = 256 };

static bp_status component_check(const uint8_t *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (text[i] == 0) return BP_COORDINATE_NUL;
    if (text[i] < 0x20 || text[i] == 0x7f) return BP_COORDINATE_CONTROL;
  }
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '/' || (i > 0 && text[i] == '.' && text[i - 1] == '.')) return BP_COORDINATE_TRAVERSAL;
  }
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '|' || text[i] == '=') return BP_COORDINATE_SEPARATOR;
  }
  return BP_OK;
}

static bp_status coordinate_check(const bp_draft *draft) {
  if (draft->entity_length == 0) return BP_ENTITY_EMPTY;
  if (draft->scope_length == 0) return BP_SCOPE_EMPTY;
  if (draft->entity_length > COMPONENT_MAX) return BP_ENTITY_TOO_LONG;
  if (draft->scope_length > COMPONENT_MAX) return BP_SCOPE_TOO_LONG;
  bp_status status = component_check(draft->entity, draft->entity_length);
  return status != BP_OK ? status : component_check(draft->scope, draft->scope_length);
}

static bp_status kind_check(const bp_draft *draft) {
  unsigned category = draft->kind >> 12;
  if (draft->kind == 6 || draft->kind == 7) return BP_KIND_MARKER;
  return (category == 0 || category == 0xD) && !draft->allow_reserved ? BP_KIND_RESERVED : BP_OK;
}

static bp_status extension_check(const bp_extension *item) {
  size_t dots = 0, dot = 0;
  if (item->name_length == 0) return BP_EXTENSION_EMPTY;
  for (size_t i = 0; i < item->name_length; i++) {
    if (item->name[i] >= 0x80) return BP_EXTENSION_NON_ASCII;
    if (item->name[i] == '.') {
      dots++;
      dot = i;
    }
  }
  if (item->name_length > EXTENSION_NAME_MAX) return BP_EXTENSION_TOO_LONG;
  if (dots != 1 || dot == 0 || dot + 1 == item->name_length) return BP_EXTENSION_NAMESPACE;
  return dot == 6 && memcmp(item->name, "batpak", 6) == 0 ? BP_EXTENSION_RESERVED : BP_OK;
}

bp_status oracle_draft_check(const oracle *o, const bp_draft *draft, oracle_answer *answer) {
  bp_status status = coordinate_check(draft);
  if (status == BP_OK) status = kind_check(draft);
  for (size_t i = 0; i < draft->extension_count && status == BP_OK; i++) {
    status = extension_check(&draft->extensions[i]);
  }
  if (status != BP_OK) return status;
  size_t size = draft->payload_length + oracle_extensions_encode(draft->extensions, draft->extension_count, NULL);
  if (size <= o->config.single_append_max_bytes) return BP_OK;
  answer->expected = o->config.single_append_max_bytes;
  answer->actual = size;
  return BP_PAYLOAD_TOO_LARGE;
}
