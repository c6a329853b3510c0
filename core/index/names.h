/* The strings of a store (entities and scopes in one table), each with a dense number, and the last state of each entity.
 * Not thread-safe: the index guards it. */
#ifndef BPI_INDEX_NAMES_H
#define BPI_INDEX_NAMES_H

#include "base/arena.h"
#include "base/bytes.h"

#define BPI_NO_ROW UINT32_MAX
#define BPI_NO_NAME UINT32_MAX

typedef struct bpi_name {
  const uint8_t *text;
  uint32_t length;
  uint32_t last_row;      /* newest event of the entity, hidden or in flight too; BPI_NO_ROW: it has none */
  uint32_t entity_events;
  uint32_t scope_events;
} bpi_name;

typedef struct bpi_names {
  bpi_memory memory;
  bpi_arena texts;
  bpi_name *names;
  size_t count;
  size_t capacity;
  uint32_t *slots; /* number + 1 */
  size_t slot_count;
  uint64_t seed;
} bpi_names;

void bpi_names_init(bpi_names *names, const bpi_memory *memory, uint64_t seed);
void bpi_names_free(bpi_names *names);
size_t bpi_names_bytes(const bpi_names *names);

/* The number of the text, new if need be.  BP_NO_MEMORY. */
bp_status bpi_names_intern(bpi_names *names, bpi_bytes text, uint32_t *number);
/* 1 if the text is known. */
int bpi_names_find(const bpi_names *names, bpi_bytes text, uint32_t *number);

static inline bpi_bytes bpi_names_text(const bpi_names *names, uint32_t number) {
  return bpi_bytes_of(names->names[number].text, names->names[number].length);
}

#endif
