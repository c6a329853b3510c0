/* An arena: allocations of any size that are dropped together, whose memory is kept for the next round.
 * Unlike a bpi_buffer its blocks never move. */
#ifndef BPI_BASE_ARENA_H
#define BPI_BASE_ARENA_H

#include "base/memory.h"

typedef struct bpi_arena_block bpi_arena_block;

typedef struct bpi_arena {
  bpi_memory memory;
  bpi_arena_block *first;    /* blocks in use, newest first */
  size_t used;               /* bytes of the newest block */
  size_t total;              /* bytes held */
} bpi_arena;

void bpi_arena_init(bpi_arena *arena, const bpi_memory *memory);
/* 8-byte aligned, not zeroed; NULL without memory. */
void *bpi_arena_take(bpi_arena *arena, size_t size);
/* Forgets all allocations, keeps the largest block. */
void bpi_arena_reset(bpi_arena *arena);
void bpi_arena_free(bpi_arena *arena);

#endif
