#include "index/names.h"

#include "base/hash.h"

void bpi_names_init(bpi_names *names, const bpi_memory *memory, uint64_t seed) {
  memset(names, 0, sizeof *names);
  names->memory = *memory;
  names->seed = seed;
  bpi_arena_init(&names->texts, memory);
}

void bpi_names_free(bpi_names *names) {
  bpi_arena_free(&names->texts);
  bpi_release(&names->memory, names->names, names->capacity * sizeof *names->names);
  bpi_release(&names->memory, names->slots, names->slot_count * sizeof *names->slots);
}

size_t bpi_names_bytes(const bpi_names *names) {
  return names->texts.total + names->capacity * sizeof *names->names + names->slot_count * sizeof *names->slots;
}

static size_t find_slot(const bpi_names *names, bpi_bytes text) {
  size_t mask = names->slot_count - 1;
  size_t slot = (size_t)bpi_hash(text.data, text.length, names->seed) & mask;
  while (names->slots[slot] != 0 && !bpi_bytes_equal(bpi_names_text(names, names->slots[slot] - 1), text)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

int bpi_names_find(const bpi_names *names, bpi_bytes text, uint32_t *number) {
  if (names->slot_count == 0) return 0;
  size_t slot = find_slot(names, text);
  if (names->slots[slot] == 0) return 0;
  *number = names->slots[slot] - 1;
  return 1;
}

static bp_status grow_slots(bpi_names *names) {
  if (names->count * 2 < names->slot_count) return BP_OK;
  size_t old_count = names->slot_count;
  size_t count = old_count == 0 ? 64 : old_count * 2;
  uint32_t *old = names->slots;
  uint32_t *slots = bpi_allocate(&names->memory, count * sizeof *slots);
  if (slots == NULL) return BP_NO_MEMORY;
  names->slots = slots;
  names->slot_count = count;
  for (uint32_t i = 0; i < names->count; i++) slots[find_slot(names, bpi_names_text(names, i))] = i + 1;
  bpi_release(&names->memory, old, old_count * sizeof *old);
  return BP_OK;
}

bp_status bpi_names_intern(bpi_names *names, bpi_bytes text, uint32_t *number) {
  if (bpi_names_find(names, text, number)) return BP_OK;
  if (grow_slots(names) != BP_OK || bpi_grow(&names->memory, (void **)&names->names, &names->capacity,
                                             names->count + 1, sizeof *names->names) != 0) {
    return BP_NO_MEMORY;
  }
  uint8_t *copy = bpi_arena_take(&names->texts, text.length);
  if (copy == NULL) return BP_NO_MEMORY;
  memcpy(copy, text.data, text.length);
  *number = (uint32_t)names->count++;
  names->names[*number] =
      (bpi_name){.text = copy, .length = (uint32_t)text.length, .last_row = BPI_NO_ROW};
  names->slots[find_slot(names, text)] = *number + 1;
  return BP_OK;
}
