/* The commit of one group, by whoever leads (queue.c): its requests are judged against the last assigned state and get
 * their sequences, their frames are written with one call and flushed once if anybody asked for it, then they are
 * published.
 *
 *   - Rows enter the index before their frames are written, unpublished: validation sees them, readers do not.
 *   - A unit is what goes into one segment with one write.  A unit that cannot be written is taken back whole, and with it
 *     everything behind it in the group.
 *   - After a failed flush nothing more is written: the events of the group are taken back from the index, and whether
 *     their bytes survive is for the next open to see. */
#include "crypto/crypto.h"
#include "store/store_internal.h"

#include <string.h>

enum { UNIT_BYTES_MAX = 8 << 20 };

/* What the leader carries through one group. */
typedef struct {
  bp_store *store;
  bpi_request *first;        /* the requests of the group, linked; */
  bpi_request *last;         /* its `next` is not the leader's to read: others queue behind it */
  int64_t now_us;            /* the last good time where the clock is wrong */
  bp_status clock;           /* BP_OK, or why nothing that wants the time can be appended */
  bp_error clock_error;
  int durable;               /* somebody needs the flush */
  uint32_t unit_row;         /* first row of the unit that is being gathered */
  uint64_t unit_sequence;
  bpi_point unit_frontier;
  bp_status failure;         /* BP_OK, or why all that is not yet written fails */
  bp_error error;
} group;

bp_status bpi_store_now(bp_store *store, int64_t *now_us, bp_error *error) {
  int64_t now = store->config.clock != NULL
                    ? store->config.clock(store->config.clock_user)
                    : store->system->clock_wall_ns(store->system->context) / 1000;
  if (now < 0) return bpi_fail(error, BP_CLOCK_INVALID, "the clock answered %lld", (long long)now);
  if (now > store->clock_us) store->clock_us = now;
  *now_us = store->clock_us;
  return BP_OK;
}

/* --- units */

static void begin_unit(group *g) {
  g->unit_row = g->store->index.count;
  g->unit_sequence = g->store->next_sequence;
  g->unit_frontier = g->store->frontier;
  g->store->group.length = 0;
}

static void take_back(group *g, uint32_t row) {
  bp_store *store = g->store;
  bpi_rwlock_write(&store->index_lock);
  bpi_index_undo(&store->index, row);
  bpi_rwlock_unlock(&store->index_lock);
}

/* What stays of the group: without a failed flush all but this unit; with one only what was durable before it. */
static uint32_t rows_to_keep(const group *g) {
  const bp_store *store = g->store;
  if (store->writer.poisoned == BP_OK) return g->unit_row;
  uint64_t durable = atomic_load(&store->durable_rows);
  return durable > store->index.published ? (uint32_t)durable : store->index.published;
}

static void fail_group(group *g, bp_status status) {
  g->failure = status;
  take_back(g, rows_to_keep(g));
  g->store->next_sequence = g->unit_sequence;
  g->store->frontier = g->unit_frontier;
  g->store->group.length = 0;
  if (g->store->writer.poisoned != BP_OK) atomic_store(&g->store->poisoned, 1);
}

static void write_unit(group *g, int flushed) {
  bp_store *store = g->store;
  if (g->failure != BP_OK || store->group.length == 0) return;
  bp_status status = flushed ? bpi_writer_append_flushed(&store->writer, &store->group, &g->error)
                             : bpi_writer_append(&store->writer, store->group.data, store->group.length, &g->error);
  if (status != BP_OK) {
    fail_group(g, status);
    return;
  }
  store->unsynced += store->index.count - g->unit_row;
  begin_unit(g);
}

static void note_durable(bp_store *store) {
  store->unsynced = 0;
  atomic_store(&store->durable_rows, store->index.count);
}

/* Seals the full segment and begins the next.  Sealing flushes, so all before it is durable. */
static void rotate(group *g) {
  bp_store *store = g->store;
  write_unit(g, 0);
  if (g->failure != BP_OK) return;
  bp_status status = BP_OK;
  if (store->writer.file >= 0) {
    status = bpi_store_seal(store, &g->error);
    if (status == BP_OK) note_durable(store);
  }
  if (status == BP_OK) {
    status = bpi_writer_begin(&store->writer, store->next_segment,
                              store->system->clock_wall_ns(store->system->context), &g->error);
  }
  if (status == BP_OK) {
    store->next_segment++;
    store->segment_row = store->index.count;
  } else {
    fail_group(g, status);
  }
}

/* --- judging one item against the last assigned state */

static bp_status judge_expectation(const bp_draft *draft, const bpi_row *last, bp_error *error) {
  uint32_t clock = last == NULL ? 0 : last->clock;
  if (draft->expect == BP_EXPECT_CLOCK && clock != draft->expect_clock) {
    return bpi_fail_values(error, BP_EXPECTED_CLOCK, draft->expect_clock, clock, "the entity's clock is another");
  }
  if (draft->expect == BP_EXPECT_EMPTY && last != NULL) {
    return bpi_fail_values(error, BP_EXPECTED_EMPTY, 0, clock, "the entity has events");
  }
  if (draft->expect == BP_EXPECT_EVENT &&
      (last == NULL || memcmp(last->event_id, draft->expect_event_id, sizeof last->event_id) != 0)) {
    bp_error full = {.code = BP_EXPECTED_EVENT, .actual = clock};
    static const char text[] = "the entity's last event is another";
    memcpy(full.text, text, sizeof text);
    if (last != NULL) memcpy(full.event_id, last->event_id, sizeof full.event_id);
    return bpi_error_copy(error, &full);
  }
  return BP_OK;
}

/* BP_OK with item->replayed set when the key is known. */
static bp_status look_up_key(group *g, bpi_item *item, bp_error *error) {
  bp_store *store = g->store;
  if (!(item->draft->given & BP_GIVEN_KEY)) return BP_OK;
  uint32_t row = bpi_index_find(&store->index, item->draft->key);
  if (row == BPI_NO_ROW) return BP_OK;
  if (bpi_index_is_hidden(&store->index, bpi_index_row(&store->index, row)->sequence)) {
    return bpi_fail(error, BP_KEY_CANCELLED, "the key belongs to an event that was cancelled");
  }
  item->number = row;
  item->row = *bpi_index_row(&store->index, row);
  item->replayed = 1;
  return BP_OK;
}

/* --- assigning */

static bp_status fill_header(group *g, const bpi_item *item, const bpi_row *last, bpi_header *header, bp_error *error) {
  bp_store *store = g->store;
  const bp_draft *draft = item->draft;
  if (item->forced_us == BPI_NOW && g->clock != BP_OK) return bpi_error_copy(error, &g->clock_error);
  memset(header, 0, sizeof *header);
  header->timestamp_us = item->forced_us == BPI_NOW ? g->now_us : item->forced_us;
  header->wall_ms = (uint64_t)header->timestamp_us / 1000;
  if (header->wall_ms < store->frontier.wall_ms) header->wall_ms = store->frontier.wall_ms;
  if (last != NULL && last->clock == UINT32_MAX) return bpi_fail(error, BP_CLOCK_OVERFLOW, "the entity is full");
  header->clock = last == NULL ? 0 : last->clock + 1;
  header->lane = draft->lane;
  header->depth = draft->depth;
  header->kind = draft->kind;
  header->flags = draft->flags;
  header->payload_size = (uint32_t)draft->payload_length;
  if (last != NULL) memcpy(header->prev_hash, last->event_hash, 32);
  if (draft->given & BP_GIVEN_KEY) {
    memcpy(header->event_id, draft->key, 16);
  } else {
    bp_status status = bpi_id_generate(store->system, g->now_us, header->event_id, error);
    if (status != BP_OK) return status;
  }
  memcpy(header->correlation_id, draft->given & BP_GIVEN_CORRELATION ? draft->correlation_id : header->event_id, 16);
  if (draft->given & BP_GIVEN_CAUSATION) memcpy(header->causation_id, draft->causation_id, 16);
  return BP_OK;
}

static int is_plain(const bpi_header *header) {
  static const uint8_t none[16];
  return header->lane == 0 && header->depth == 0 && memcmp(header->causation_id, none, 16) == 0 &&
         memcmp(header->correlation_id, header->event_id, 16) == 0;
}

/* The row goes into the index, the frame to the end of the unit: both or neither. */
static bp_status place(group *g, bpi_item *item, uint32_t entity, const bpi_header *header, bp_error *error) {
  bp_store *store = g->store;
  const bp_draft *draft = item->draft;
  uint8_t *out = bpi_buffer_reserve(&store->group, bpi_frame_size_max(&item->parts));
  if (out == NULL) {
    store->group.failed = 0;
    return bpi_fail(error, BP_NO_MEMORY, "encoding a frame");
  }
  bpi_row row = {.sequence = store->next_sequence,
                 .wall_ms = header->wall_ms,
                 .offset = store->writer.offset + store->group.length,
                 .segment = store->writer.ordinal,
                 .frame_length = (uint32_t)bpi_frame_finish(header, &item->parts, out),
                 .clock = header->clock,
                 .kind = header->kind,
                 .flags = is_plain(header) ? BPI_ROW_PLAIN : 0};
  memcpy(row.event_id, header->event_id, 16);
  memcpy(row.event_hash, item->event_hash, 32);
  memcpy(item->prev_hash, header->prev_hash, 32);
  bpi_rwlock_write(&store->index_lock);
  bp_status status = bpi_index_add_known(&store->index, &row, entity, bpi_bytes_of(draft->entity, draft->entity_length),
                                         bpi_bytes_of(draft->scope, draft->scope_length));
  bpi_rwlock_unlock(&store->index_lock);
  if (status != BP_OK) return bpi_fail(error, status, "adding to the index");
  item->number = store->index.count - 1;
  item->row = row;
  store->group.length += row.frame_length;
  bpi_point point = {header->wall_ms, store->next_sequence++};
  if (bpi_point_after(point, store->frontier)) store->frontier = point;
  return BP_OK;
}

static bp_status assign(group *g, bpi_item *item, bp_error *error) {
  bp_store *store = g->store;
  bp_status status = look_up_key(g, item, error);
  if (status != BP_OK || item->replayed) return status;
  uint32_t entity = bpi_index_entity(&store->index, bpi_bytes_of(item->draft->entity, item->draft->entity_length));
  uint32_t last_row = bpi_index_last_of_known(&store->index, entity);
  const bpi_row *last = last_row == BPI_NO_ROW ? NULL : bpi_index_row(&store->index, last_row);
  status = judge_expectation(item->draft, last, error);
  if (status != BP_OK) return status;
  bpi_header header;
  status = fill_header(g, item, last, &header, error);
  if (status != BP_OK) return status;
  if (store->writer.file < 0 || store->writer.offset + store->group.length >= store->config.segment_max_bytes) {
    rotate(g);
  } else if (store->group.length >= UNIT_BYTES_MAX) {
    write_unit(g, 0);
  }
  if (g->failure != BP_OK) return bpi_error_copy(error, &g->error);
  return place(g, item, entity, &header, error);
}

/* --- the group */

static bpi_request *next_in_group(const group *g, const bpi_request *request) {
  return request == g->last ? NULL : request->next;
}

/* Does somebody wait for the flush, or is it due, with the unit that is being gathered? */
static int is_flushed(const group *g) {
  const bp_store *store = g->store;
  uint64_t unsynced = store->unsynced + (store->index.count - g->unit_row);
  return g->durable || (store->config.sync_every_events > 0 && unsynced >= store->config.sync_every_events);
}

static void assign_all(group *g) {
  for (bpi_request *request = g->first; request != NULL; request = next_in_group(g, request)) {
    request->status = BP_OK;
    request->accepted = 0;
    while (request->accepted < request->count && request->status == BP_OK) {
      request->status = g->failure != BP_OK ? bpi_error_copy(request->error, &g->error)
                                            : assign(g, &request->items[request->accepted], request->error);
      if (request->status == BP_OK) request->accepted++;
    }
    if (request->durable) g->durable = 1;
  }
  write_unit(g, is_flushed(g));
}

static void flush_group(group *g) {
  bp_store *store = g->store;
  if (is_flushed(g) && store->writer.file >= 0 && !atomic_load(&store->poisoned)) {
    bp_status status = bpi_writer_sync(&store->writer, &g->error);
    if (status == BP_OK) {
      note_durable(store);
    } else {
      fail_group(g, status);
    }
  }
}

/* What was accepted but is not in the index any more has failed. */
static void settle(group *g) {
  bp_store *store = g->store;
  uint64_t durable_rows = atomic_load(&store->durable_rows);
  for (bpi_request *request = g->first; request != NULL; request = next_in_group(g, request)) {
    size_t kept = 0;
    request->is_durable = 1;
    while (kept < request->accepted && request->items[kept].number < store->index.count) {
      if (request->items[kept].number >= durable_rows) request->is_durable = 0;
      kept++;
    }
    if (kept < request->accepted || (request->count == 0 && atomic_load(&store->poisoned))) {
      request->accepted = kept;
      request->status = bpi_error_copy(request->error, &g->error);
    }
  }
}

void bpi_store_run_group(bp_store *store, bpi_request *first, bpi_request *last) {
  group g = {.store = store, .first = first, .last = last, .now_us = store->clock_us};
  if (atomic_load(&store->poisoned)) {
    g.failure = bpi_fail(&g.error, BP_POISONED, "an earlier write or flush failed; open the store anew");
  }
  g.clock = bpi_store_now(store, &g.now_us, &g.clock_error);
  begin_unit(&g);
  assign_all(&g);
  flush_group(&g);
  atomic_store_explicit(&store->index.published, store->index.count, memory_order_release);
  settle(&g);
}
