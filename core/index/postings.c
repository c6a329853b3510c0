#include "index/postings.h"

enum { NEXT, USED, ROOM, ROWS, FIRST_ROOM = 1, ROOM_MAX = 4096 };

void bpi_postings_init(bpi_postings *postings, const bpi_memory *memory) {
  memset(postings, 0, sizeof *postings);
  postings->memory = *memory;
}

void bpi_postings_free(bpi_postings *postings) {
  bpi_release(&postings->memory, postings->lists, postings->list_slots * sizeof *postings->lists);
  bpi_release(&postings->memory, postings->words, postings->word_capacity * sizeof *postings->words);
}

size_t bpi_postings_bytes(const bpi_postings *postings) {
  return postings->list_slots * sizeof *postings->lists + postings->word_capacity * sizeof *postings->words;
}

/* Where the search for a key begins. */
static size_t first_slot(const bpi_postings *postings, uint32_t key) {
  return (size_t)((key * 0x9e3779b97f4a7c15u) >> 32) & (postings->list_slots - 1);
}

void bpi_postings_prefetch(const bpi_postings *postings, uint32_t key) {
  if (postings->list_slots > 0) bpi_prefetch(&postings->lists[first_slot(postings, key)], 1);
}

static bpi_posting_list *find_slot(const bpi_postings *postings, uint32_t key) {
  size_t mask = postings->list_slots - 1, slot = first_slot(postings, key);
  while (postings->lists[slot].key_plus_one != 0 && postings->lists[slot].key_plus_one != key + 1) {
    slot = (slot + 1) & mask;
  }
  return &postings->lists[slot];
}

const bpi_posting_list *bpi_postings_find(const bpi_postings *postings, uint32_t key) {
  if (postings->list_slots == 0) return NULL;
  const bpi_posting_list *list = find_slot(postings, key);
  return list->key_plus_one != 0 && list->count > 0 ? list : NULL;
}

static bp_status grow_slots(bpi_postings *postings) {
  if (postings->keys * 3 < postings->list_slots * 2) return BP_OK;
  size_t old_slots = postings->list_slots;
  size_t slots = old_slots == 0 ? 16 : old_slots * 2;
  bpi_posting_list *old = postings->lists;
  bpi_posting_list *lists = bpi_allocate(&postings->memory, slots * sizeof *lists);
  if (lists == NULL) return BP_NO_MEMORY;
  postings->lists = lists;
  postings->list_slots = slots;
  for (size_t i = 0; i < old_slots; i++) {
    if (old[i].key_plus_one != 0) *find_slot(postings, old[i].key_plus_one - 1) = old[i];
  }
  bpi_release(&postings->memory, old, old_slots * sizeof *old);
  return BP_OK;
}

bp_status bpi_postings_reserve(bpi_postings *postings, uint32_t key, bpi_posting_list **found) {
  if (grow_slots(postings) != BP_OK) return BP_NO_MEMORY;
  bpi_posting_list *list = find_slot(postings, key);
  uint32_t room = FIRST_ROOM;
  *found = list;
  if (list->key_plus_one != 0) {
    const uint32_t *piece = postings->words + list->last;
    if (piece[USED] < piece[ROOM]) return BP_OK;
    room = piece[ROOM] * 2;
  }
  /* Word 0 is never used, so that 0 can mean "none". */
  size_t needed = (postings->word_count == 0) + postings->word_count + ROWS + room;
  if (needed > UINT32_MAX) return BP_NO_MEMORY;
  return bpi_grow(&postings->memory, (void **)&postings->words, &postings->word_capacity, needed,
                  sizeof *postings->words) == 0
             ? BP_OK
             : BP_NO_MEMORY;
}

static uint32_t new_piece(bpi_postings *postings, uint32_t room) {
  if (postings->word_count == 0) postings->word_count = 1;
  uint32_t at = (uint32_t)postings->word_count;
  uint32_t *piece = postings->words + at;
  piece[NEXT] = 0;
  piece[USED] = 0;
  piece[ROOM] = room;
  postings->word_count += ROWS + room;
  return at;
}

void bpi_postings_add(bpi_postings *postings, bpi_posting_list *list, uint32_t key, uint32_t row) {
  if (list->key_plus_one == 0) {
    *list = (bpi_posting_list){.key_plus_one = key + 1};
    list->first = list->last = new_piece(postings, FIRST_ROOM);
    postings->keys++;
  } else if (postings->words[list->last + USED] == postings->words[list->last + ROOM]) {
    uint32_t room = postings->words[list->last + ROOM] * 2;
    uint32_t piece = new_piece(postings, room > ROOM_MAX ? ROOM_MAX : room);
    postings->words[list->last + NEXT] = piece;
    list->last = piece;
  }
  uint32_t *piece = postings->words + list->last;
  piece[ROWS + piece[USED]++] = row;
  list->count++;
}

/* An emptied last piece stays where it is, to be filled again. */
void bpi_postings_undo(bpi_postings *postings, uint32_t key) {
  bpi_posting_list *list = find_slot(postings, key);
  if (postings->words[list->last + USED] == 0) {
    uint32_t piece = list->first;
    while (postings->words[piece + NEXT] != list->last) piece = postings->words[piece + NEXT];
    list->last = piece;
  }
  postings->words[list->last + USED]--;
  list->count--;
}

void bpi_posting_seek(const bpi_postings *postings, const bpi_posting_list *list, uint32_t from,
                      bpi_posting_cursor *cursor) {
  const uint32_t *words = postings->words;
  uint32_t at = list->first;
  for (; at != 0; at = words[at + NEXT]) {
    uint32_t used = words[at + USED];
    if (used > 0 && words[at + ROWS + used - 1] >= from) break;
  }
  uint32_t low = 0, high = at == 0 ? 0 : words[at + USED];
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (words[at + ROWS + middle] < from) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  *cursor = (bpi_posting_cursor){.words = words, .piece = at, .index = low};
}

int bpi_posting_next(bpi_posting_cursor *cursor, uint32_t *row) {
  const uint32_t *words = cursor->words;
  while (cursor->piece != 0 && cursor->index == words[cursor->piece + USED]) {
    cursor->piece = words[cursor->piece + NEXT];
    cursor->index = 0;
  }
  if (cursor->piece == 0) return 0;
  *row = words[cursor->piece + ROWS + cursor->index++];
  return 1;
}
