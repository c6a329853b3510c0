/* Pages, as hot calls: a filled page is copied once into memory of JavaScript, events first, then their bytes.
 *
 * The copy: a header of four 32-bit numbers (events, 1 if there are more, where the events begin, 0), the bp_event records,
 * the page's bytes, the arrays of bp_extension.  A pointer has become an offset from the start of the copy, in the lower half
 * of its field.  The upper half of `entity` and of `scope` is the first event of the page with the same bytes, so that a
 * string is made once. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER = 16 };

typedef struct page_copy {
  uint8_t *bytes;
  const uint8_t *arena;
  size_t arena_length;
  size_t arena_at;       /* where the arena's copy begins */
  size_t extensions_at;  /* where the next array of extensions goes */
  const bp_event *events;
  size_t count;
  uint32_t *entities;    /* hash tables: 0 is empty, else event + 1 */
  uint32_t *scopes;
  size_t mask;
} page_copy;

static void put_offset(void *field, size_t offset, uint32_t upper) {
  uint32_t halves[2] = {(uint32_t)offset, upper};
  memcpy(field, halves, sizeof halves);
}

static size_t offset_of(const page_copy *copy, const uint8_t *pointer) {
  return pointer == NULL ? 0 : copy->arena_at + (size_t)(pointer - copy->arena);
}

static size_t hash_of(const uint8_t *text, uint32_t length) {
  uint64_t head = 0, tail = 0;
  if (length >= 8) {
    memcpy(&head, text, 8);
    memcpy(&tail, text + length - 8, 8);
  } else if (length > 0) {
    memcpy(&head, text, length);
  }
  uint64_t mixed = (head ^ (tail * 0x9e3779b97f4a7c15u) ^ length) * 0xd6e8feb86659fd93u;
  return (size_t)(mixed >> 32);
}

static bool same_entity(const bp_event *a, const bp_event *b) {
  return a->entity_length == b->entity_length && memcmp(a->entity, b->entity, a->entity_length) == 0;
}

static bool same_scope(const bp_event *a, const bp_event *b) {
  return a->scope_length == b->scope_length && memcmp(a->scope, b->scope, a->scope_length) == 0;
}

/* The first event of the page with this one's entity or scope: mostly the one before has the same. */
static uint32_t first_like(const page_copy *copy, uint32_t *table, size_t i, size_t hash,
                           bool (*same)(const bp_event *, const bp_event *)) {
  for (size_t slot = hash & copy->mask;; slot = (slot + 1) & copy->mask) {
    if (table[slot] == 0) {
      table[slot] = (uint32_t)i + 1;
      return (uint32_t)i;
    }
    uint32_t first = table[slot] - 1;
    if (same(&copy->events[first], &copy->events[i])) return first;
  }
}

static void copy_extensions(page_copy *copy, const bp_event *from, bp_event *to) {
  put_offset(&to->extensions, copy->extensions_at, 0);
  for (uint32_t i = 0; i < from->extension_count; i++) {
    bp_extension extension = from->extensions[i];
    put_offset(&extension.name, offset_of(copy, from->extensions[i].name), 0);
    put_offset(&extension.value, offset_of(copy, from->extensions[i].value), 0);
    memcpy(copy->bytes + copy->extensions_at, &extension, sizeof extension);
    copy->extensions_at += sizeof extension;
  }
}

static void copy_events(page_copy *copy) {
  bp_event *to = (bp_event *)(void *)(copy->bytes + HEADER);
  for (size_t i = 0; i < copy->count; i++, to++) {
    const bp_event *from = &copy->events[i];
    *to = *from;
    put_offset(&to->entity, offset_of(copy, from->entity),
               first_like(copy, copy->entities, i, hash_of(from->entity, from->entity_length), same_entity));
    put_offset(&to->scope, offset_of(copy, from->scope),
               first_like(copy, copy->scopes, i, hash_of(from->scope, from->scope_length), same_scope));
    put_offset(&to->payload, offset_of(copy, from->payload), 0);
    if (from->extension_count > 0) {
      copy_extensions(copy, from, to);
    } else {
      put_offset(&to->extensions, 0, 0);
    }
  }
}

/* Sizes the copy and makes its tables.  The arrays of extensions want alignment of 8. */
static size_t plan(page_copy *copy, const bp_page *page) {
  copy->events = bp_page_events(page, &copy->count);
  copy->arena = bp_page_arena(page, &copy->arena_length);
  copy->arena_at = HEADER + copy->count * sizeof(bp_event);
  copy->extensions_at = (copy->arena_at + copy->arena_length + 7) & ~(size_t)7;
  size_t extensions = 0;
  for (size_t i = 0; i < copy->count; i++) extensions += copy->events[i].extension_count;
  size_t slots = 16;
  while (slots < copy->count * 2) slots *= 2;
  copy->mask = slots - 1;
  return copy->extensions_at + extensions * sizeof(bp_extension);
}

napi_value bpn_page_copy(napi_env env, const bp_page *page) {
  page_copy copy;
  size_t size = plan(&copy, page);
  napi_value buffer;
  void *bytes;
  uint32_t *tables = calloc((copy.mask + 1) * 2, sizeof *tables);
  if (tables == NULL || size > UINT32_MAX || napi_create_arraybuffer(env, size, &bytes, &buffer) != napi_ok) {
    free(tables);
    return bpn_refuse(env, BP_NO_MEMORY, "copying a page");
  }
  copy.bytes = bytes;
  copy.entities = tables;
  copy.scopes = tables + copy.mask + 1;
  uint32_t header[4] = {(uint32_t)copy.count, (uint32_t)bp_page_more(page), HEADER, 0};
  memcpy(bytes, header, sizeof header);
  if (copy.arena_length > 0) memcpy(copy.bytes + copy.arena_at, copy.arena, copy.arena_length);
  copy_events(&copy);
  free(tables);
  return buffer;
}

static bool page_ready(bpn_state *state) {
  bp_error error;
  bpn_error_clear(&error);
  if (state->page != NULL) return true;
  bp_status status = bp_page_new(&state->page, &error);
  if (status == BP_OK) return true;
  bpn_throw(state->env, status, &error);
  return false;
}

bool bpn_take_query(napi_env env, const bpn_arena *arena, bp_query *query) {
  if (arena->length < BPN_SCRATCH_HEADER + sizeof *query) {
    bpn_refuse(env, BP_ARGUMENT, "there is no query");
    return false;
  }
  memcpy(query, arena->bytes + BPN_SCRATCH_HEADER, sizeof *query);
  query->struct_size = sizeof *query;
  if (bpn_point(arena, &query->entity, query->entity_length) && bpn_point(arena, &query->scope, query->scope_length)) return true;
  bpn_refuse(env, BP_ARGUMENT, "a query that points outside of its bytes");
  return false;
}

static napi_value answer(bpn_state *state, bp_status status, const bp_error *error) {
  return status == BP_OK ? bpn_page_copy(state->env, state->page) : bpn_throw(state->env, status, error);
}

/* page(store): the query lies in the scratch buffer.  Answers the copy. */
napi_value bpn_store_page(napi_env env, napi_callback_info info) {
  napi_value handle;
  bpn_state *state = bpn_enter(env, info, 1, &handle);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, handle, BPN_STORE);
  if (box == NULL) return NULL;
  bp_query query;
  bpn_arena arena = {state->scratch, state->scratch_length};
  if (!bpn_take_query(env, &arena, &query) || !page_ready(state)) return NULL;
  bp_error error;
  bpn_error_clear(&error);
  return answer(state, bp_store_page(box->held, &query, state->page, &error), &error);
}

napi_value bpn_store_get(napi_env env, napi_callback_info info) {
  napi_value arguments[2];  /* store, event_id */
  bpn_state *state = bpn_enter(env, info, 2, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  const uint8_t *id;
  if (box == NULL || !bpn_fixed_bytes(env, arguments[1], 16, &id) || !page_ready(state)) return NULL;
  bp_error error;
  bpn_error_clear(&error);
  return answer(state, bp_store_get(box->held, id, state->page, &error), &error);
}

napi_value bpn_store_walk(napi_env env, napi_callback_info info) {
  napi_value arguments[3];  /* store, event_id, limit */
  bpn_state *state = bpn_enter(env, info, 3, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  const uint8_t *id;
  uint64_t limit;
  if (box == NULL || !bpn_fixed_bytes(env, arguments[1], 16, &id) || !bpn_uint64(env, arguments[2], &limit) || !page_ready(state)) {
    return NULL;
  }
  bp_error error;
  bpn_error_clear(&error);
  return answer(state, bp_store_walk(box->held, id, (size_t)limit, state->page, &error), &error);
}
