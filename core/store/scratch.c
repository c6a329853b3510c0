/* Buffers that callers borrow for the length of a call, kept warm: an append of usual size allocates nothing. */
#include "store/store_internal.h"

enum { KEEP_BYTES_MAX = 8 << 20 };

bpi_buffer bpi_store_borrow(bp_store *store) {
  bpi_buffer buffer;
  bpi_buffer_init(&buffer, &store->memory);
  bpi_mutex_lock(&store->scratch_lock);
  if (store->scratch_count > 0) buffer = store->scratch[--store->scratch_count];
  bpi_mutex_unlock(&store->scratch_lock);
  return buffer;
}

void bpi_store_give_back(bp_store *store, bpi_buffer *buffer) {
  buffer->length = 0;
  buffer->failed = 0;
  int kept = 0;
  if (buffer->capacity <= KEEP_BYTES_MAX) {
    bpi_mutex_lock(&store->scratch_lock);
    kept = store->scratch_count < sizeof store->scratch / sizeof *store->scratch;
    if (kept) store->scratch[store->scratch_count++] = *buffer;
    bpi_mutex_unlock(&store->scratch_lock);
  }
  if (!kept) bpi_buffer_free(buffer);
}
