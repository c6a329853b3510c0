#include "support/oracle_draw.h"

#include "support/check.h"

#include <stdlib.h>
#include <string.h>

typedef struct name {
  const char *bytes;
  size_t length;
} name;

#define NAME(text) {text, sizeof text - 1}

static const name entities[] = {NAME("ship"), NAME("ship:aurora"), NAME("ship:aurora:deck"), NAME("ships"), NAME("port:Łódź"),
                                NAME("a.b")};
static const name scopes[] = {NAME("fleet"), NAME("harbour"), NAME("ship")};
static const name bad_names[] = {NAME(""),    NAME("a\0b"),  NAME("a\x1f"),   NAME("\x7f"), NAME("a/b"),
                                 NAME("a..b"), NAME("a|b"), NAME("a=b"), NAME("/..|\1")};
static const name bad_extensions[] = {NAME(""),   NAME("a.\x80"), NAME("ab"),  NAME(".b"),
                                      NAME("a."), NAME("a.b.c"),  NAME("batpak.x")};

enum { LONG_NAME = 1024 };

static int chance(test_random *random, uint32_t of) { return test_random_below(random, of) == 0; }

static size_t draw_name(test_random *random, const name *names, size_t count, uint8_t *to) {
  if (chance(random, 60)) { /* the longest, and one that is longer */
    memset(to, 'n', LONG_NAME + 1);
    return LONG_NAME + (size_t)chance(random, 2);
  }
  const name *chosen = chance(random, 60) ? &bad_names[test_random_below(random, sizeof bad_names / sizeof *bad_names)]
                                          : &names[test_random_below(random, (uint32_t)count)];
  memcpy(to, chosen->bytes, chosen->length);
  return chosen->length;
}

/* Often one of two bytes, so that payloads are equal and chains meet hashes that they know. */
static void draw_payload(test_random *random, const oracle *o, drawn_draft *drawn) {
  size_t most = test_random_below(random, 4) == 0 ? DRAW_PAYLOAD_MAX : 90;
  size_t length = test_random_below(random, (uint32_t)most);
  if (chance(random, 3)) length = test_random_below(random, 2);
  if (chance(random, 12) && o->config.single_append_max_bytes < DRAW_PAYLOAD_MAX) {
    length = o->config.single_append_max_bytes - 1 + test_random_below(random, 3);
  }
  uint8_t base = (uint8_t)test_random_below(random, 2);
  for (size_t i = 0; i < length; i++) drawn->payload[i] = length < 2 ? base : (uint8_t)test_random_next(random);
  drawn->draft.payload = drawn->payload;
  drawn->draft.payload_length = length;
}

static void draw_kind(test_random *random, bp_draft *draft) {
  static const uint16_t kinds[] = {0xF001, 0xF002, 0x1001, 0x1FFF, 0xE000, 0xFFFF};
  static const uint16_t reserved[] = {0x0000, 0x0006, 0x0007, 0x0001, 0x0008, 0xD001, 0xDFFF};
  draft->kind = kinds[test_random_below(random, sizeof kinds / sizeof *kinds)];
  if (!chance(random, 20)) return;
  draft->kind = reserved[test_random_below(random, sizeof reserved / sizeof *reserved)];
  /* A caller's own lifecycle events are for other tests. */
  draft->allow_reserved = draft->kind != 0x0008 && chance(random, 2);
}

static void draw_extensions(test_random *random, drawn_draft *drawn) {
  static const name names[] = {NAME("trace.id"), NAME("a.b"), NAME("trace.i")};
  if (!chance(random, 4)) return;
  drawn->draft.extensions = drawn->extensions;
  drawn->draft.extension_count = 1 + test_random_below(random, DRAW_EXTENSIONS);
  for (size_t i = 0; i < drawn->draft.extension_count; i++) {
    const name *chosen = &names[test_random_below(random, 3)];
    size_t length = test_random_below(random, 40);
    for (size_t k = 0; k < length; k++) drawn->extension_value[i][k] = (uint8_t)test_random_next(random);
    drawn->extensions[i] =
        (bp_extension){(const uint8_t *)chosen->bytes, chosen->length, drawn->extension_value[i], length};
  }
  bp_extension *first = &drawn->extensions[0];
  if (chance(random, 10)) {
    const name *bad = &bad_extensions[test_random_below(random, sizeof bad_extensions / sizeof *bad_extensions)];
    first->name = (const uint8_t *)bad->bytes;
    first->name_length = bad->length;
  } else if (chance(random, 10)) {
    memset(drawn->extension_name, 'x', sizeof drawn->extension_name);
    drawn->extension_name[1] = '.';
    first->name = drawn->extension_name;
    first->name_length = 256 + (size_t)chance(random, 2);
  }
}

static void fresh_id(test_random *random, uint8_t id[16]) {
  for (size_t i = 0; i < 16; i++) id[i] = (uint8_t)test_random_next(random);
}

void draw_id(test_random *random, const oracle *o, uint8_t id[16]) {
  fresh_id(random, id);
  if (o->count == 0 || chance(random, 8)) return;
  const oracle_event *event = &o->events[test_random_below(random, (uint32_t)o->count)];
  if (event->is_learned) memcpy(id, event->id, 16);
}

static const oracle_event *last_of(const oracle *o, const bp_draft *draft) {
  for (size_t i = o->count; i-- > 0;) {
    const oracle_text *entity = &o->events[i].entity;
    if (entity->length == draft->entity_length && memcmp(entity->data, draft->entity, entity->length) == 0) {
      return &o->events[i];
    }
  }
  return NULL;
}

static void draw_expectation(test_random *random, const oracle *o, bp_draft *draft) {
  if (!chance(random, 4)) return;
  const oracle_event *last = last_of(o, draft);
  draft->expect = 1 + test_random_below(random, 3);
  draft->expect_clock = last == NULL ? 0 : last->clock;
  if (chance(random, 4)) draft->expect_clock += test_random_below(random, 3) - 1;
  draw_id(random, o, draft->expect_event_id);
  if (last != NULL && last->is_learned && !chance(random, 4)) memcpy(draft->expect_event_id, last->id, 16);
}

void draw_draft(test_random *random, const oracle *o, drawn_draft *drawn) {
  bp_draft *draft = &drawn->draft;
  CHECK(bp_draft_init(draft, sizeof *draft) == BP_OK, "bp_draft_init");
  draft->entity = drawn->entity;
  draft->entity_length = draw_name(random, entities, sizeof entities / sizeof *entities, drawn->entity);
  draft->scope = drawn->scope;
  draft->scope_length = draw_name(random, scopes, sizeof scopes / sizeof *scopes, drawn->scope);
  draw_payload(random, o, drawn);
  draw_kind(random, draft);
  draw_extensions(random, drawn);
  draw_expectation(random, o, draft);
  draft->flags = chance(random, 3) ? (uint8_t)test_random_next(random) : 0;
  draft->durability = (uint8_t)test_random_below(random, 3);
  if (chance(random, 4)) {
    draft->lane = (uint32_t)test_random_next(random) >> test_random_below(random, 32);
    draft->depth = (uint32_t)test_random_next(random) >> test_random_below(random, 32);
  }
  if (chance(random, 2)) {
    draft->given |= BP_GIVEN_KEY;
    fresh_id(random, draft->key);
    if (chance(random, 4)) draw_id(random, o, draft->key);
  }
  if (chance(random, 4)) {
    draft->given |= BP_GIVEN_CORRELATION;
    fresh_id(random, draft->correlation_id);
  }
  if (chance(random, 4)) {
    draft->given |= BP_GIVEN_CAUSATION;
    if (!chance(random, 4)) draw_id(random, o, draft->causation_id);
  }
}

static void known_keys(const oracle *o, size_t first, drawn_draft *drawn, size_t count) {
  for (size_t i = 0; i < count && first + i < o->count; i++) {
    if (o->events[first + i].is_learned) memcpy(drawn[i].draft.key, o->events[first + i].id, 16);
  }
}

void draw_batch(test_random *random, const oracle *o, drawn_draft *drawn, size_t count) {
  uint32_t keyed = test_random_below(random, 2) * BP_GIVEN_KEY;
  for (size_t i = 0; i < count; i++) {
    bp_draft *draft = &drawn[i].draft;
    draw_draft(random, o, &drawn[i]);
    if (!chance(random, 40)) draft->expect = BP_EXPECT_ANY;
    if (!chance(random, 40)) draft->given = (draft->given & ~(uint32_t)BP_GIVEN_KEY) | keyed;
    if (!chance(random, 10)) fresh_id(random, draft->key);
    if (chance(random, 3) && i > 0) {
      draft->given |= BP_GIVEN_CAUSE_ITEM;
      draft->cause_item = test_random_below(random, (uint32_t)i + (uint32_t)chance(random, 10));
    }
    if (i > 0 && chance(random, 40)) memcpy(draft->key, drawn[test_random_below(random, (uint32_t)i)].draft.key, 16);
  }
  if (chance(random, 4) && o->count > 0) known_keys(o, test_random_below(random, (uint32_t)o->count), drawn, count);
}

void draw_query(test_random *random, const oracle *o, bp_query *query) {
  const name *entity = &entities[test_random_below(random, sizeof entities / sizeof *entities)];
  const name *scope = &scopes[test_random_below(random, sizeof scopes / sizeof *scopes)];
  static const uint32_t kinds[] = {0xF001, 0x1001, 0x0008, 0xFFFF, 0xABCD}, categories[] = {0xF, 1, 0, 0xD, 3};
  CHECK(bp_query_init(query, sizeof *query) == BP_OK, "bp_query_init");
  query->flags = test_random_below(random, BP_QUERY_MASK + 1);
  if (query->flags & BP_QUERY_ENTITY) query->flags &= ~(uint32_t)BP_QUERY_UNDER;
  if (chance(random, 2)) query->flags &= BP_QUERY_AFTER | BP_QUERY_ENTITY | BP_QUERY_UNDER;
  query->after = chance(random, 8) ? UINT64_MAX : test_random_below(random, (uint32_t)o->count + 2);
  query->entity = (const uint8_t *)entity->bytes;
  query->entity_length = entity->length;
  query->scope = (const uint8_t *)scope->bytes;
  query->scope_length = scope->length;
  query->limit = chance(random, 2) ? test_random_below(random, 6) : 1000;
  query->max_bytes = chance(random, 3) ? test_random_below(random, 3000) : SIZE_MAX;
  query->kind_filter = chance(random, 2) ? BP_KIND_ANY : test_random_below(random, 3);
  query->kind = query->kind_filter == BP_KIND_CATEGORY ? categories[test_random_below(random, 5)]
                                                       : kinds[test_random_below(random, 5)];
  query->clock_min = test_random_below(random, 4);
  query->clock_max = test_random_below(random, 10);
}
