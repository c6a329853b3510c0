#include "query.h"

#include "output.h"

#include <string.h>

static const char SYSTEM_ENTITY[] = "batpak:store";
static const char SYSTEM_SCOPE[] = "batpak:lifecycle";

bp_query query_from(const options *asked) {
  bp_query query;
  const char *entity = asked->entity != NULL ? asked->entity : asked->under;
  bp_query_init(&query, sizeof query);
  if (asked->has_after) query.flags |= BP_QUERY_AFTER;
  query.after = asked->after;
  if (entity != NULL) {
    query.flags |= asked->entity != NULL ? BP_QUERY_ENTITY : BP_QUERY_UNDER;
    query.entity = (const uint8_t *)entity;
    query.entity_length = strlen(entity);
  }
  if (asked->scope != NULL) {
    query.flags |= BP_QUERY_SCOPE;
    query.scope = (const uint8_t *)asked->scope;
    query.scope_length = strlen(asked->scope);
  }
  if (asked->has_kind) {
    query.kind_filter = BP_KIND_EXACT;
    query.kind = asked->kind;
  }
  return query;
}

static bool is(const uint8_t *bytes, size_t length, const char *string) {
  return length == strlen(string) && memcmp(bytes, string, length) == 0;
}

bool query_hides(const options *asked, const bp_event *event, uint64_t *hidden) {
  bool hides = !asked->system && is(event->entity, event->entity_length, SYSTEM_ENTITY) &&
               is(event->scope, event->scope_length, SYSTEM_SCOPE);
  *hidden += hides;
  return hides;
}

void query_tell_hidden(uint64_t hidden) {
  text said = {0};
  if (hidden == 0 || output_lost()) return;
  text_counted(&said, hidden, "system event");
  message("%.*s not shown (--system)", (int)said.length, said.data);
  text_free(&said);
}
