/* One item of a group: judged against the last assigned state, given its sequence, its clock and its place, indexed, and
 * framed behind the others. */
#include "crypto/crypto.h"
#include "store/fault_points.h"
#include "store/group.h"

#include <string.h>

enum { UNIT_BYTES_MAX = 8 << 20 };

static bp_status judge_expectation(const bp_draft *draft, const bpi_row *last, bp_error *error) {
  if (draft->expect == BP_EXPECT_ANY) return BP_OK;
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

bp_status bpi_look_up_key(bpi_group *g, bpi_item *item, bp_error *error) {
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

static bp_status fill_header(bpi_group *g, const bpi_item *item, const bpi_row *last, bpi_header *header, bp_error *error) {
  bp_store *store = g->store;
  const bp_draft *draft = item->draft;
  if (item->forced_us == BPI_NOW && g->clock != BP_OK) return bpi_error_copy(error, &g->clock_error);
  memset(header, 0, sizeof *header);
  if (draft->given & BP_GIVEN_KEY) {
    memcpy(header->event_id, draft->key, 16);
  } else {
    bp_status status = bpi_id_generate(store->system, g->now_us, header->event_id, error);
    if (status != BP_OK) return status;
  }
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
  header->entity = bpi_bytes_of(draft->entity, draft->entity_length);
  header->scope = bpi_bytes_of(draft->scope, draft->scope_length);
  header->extensions = item->extensions;
  memcpy(header->event_hash, item->event_hash, 32);
  if (last != NULL) memcpy(header->prev_hash, last->event_hash, 32);
  memcpy(header->correlation_id, draft->given & BP_GIVEN_CORRELATION ? draft->correlation_id : header->event_id, 16);
  if (item->cause != NULL) {
    memcpy(header->causation_id, item->cause, 16);
  } else if (draft->given & BP_GIVEN_CAUSATION) {
    memcpy(header->causation_id, draft->causation_id, 16);
  }
  return BP_OK;
}

static int is_plain(const bpi_header *header) {
  static const uint8_t none[16];
  return header->lane == 0 && header->depth == 0 && memcmp(header->causation_id, none, 16) == 0 &&
         memcmp(header->correlation_id, header->event_id, 16) == 0;
}

/* The row goes into the index, the frame to the end of the unit: both or neither. */
static bp_status put_frame(bpi_group *g, bpi_item *item, uint32_t entity, const bpi_header *header, bp_error *error) {
  bp_store *store = g->store;
  const bp_draft *draft = item->draft;
  uint8_t *out = bpi_buffer_reserve(&store->group, bpi_frame_size_max(draft->payload_length, draft->entity_length,
                                                                     draft->scope_length, item->extensions.length));
  if (out == NULL) {
    store->group.failed = 0;
    return bpi_fail(error, BP_NO_MEMORY, "encoding a frame");
  }
  bpi_index_prefetch(&store->index, entity, header->event_id);
  bpi_row row = {.sequence = store->next_sequence,
                 .wall_ms = header->wall_ms,
                 .offset = store->writer.offset + store->group.length,
                 .segment = store->writer.ordinal,
                 .frame_length = (uint32_t)bpi_frame_write(
                     header, bpi_bytes_of(draft->payload, draft->payload_length), out),
                 .clock = header->clock,
                 .kind = header->kind,
                 .flags = is_plain(header) ? BPI_ROW_PLAIN : 0};
  memcpy(row.event_id, header->event_id, 16);
  memcpy(row.event_hash, item->event_hash, 32);
  memcpy(item->prev_hash, header->prev_hash, 32);
  int is_held = g->holds_index;
  bpi_group_hold_index(g);
  bp_status status = bpi_index_add_known(&store->index, &row, entity, header->entity, header->scope);
  if (!is_held) bpi_group_let_go_of_index(g);
  if (status != BP_OK) return bpi_fail(error, status, "adding to the index");
  item->number = store->index.count - 1;
  item->row = row;
  store->group.length += row.frame_length;
  bp_point point = {header->wall_ms, store->next_sequence++};
  if (bpi_point_after(point, store->frontier)) store->frontier = point;
  return BP_OK;
}

bp_status bpi_make_room(bpi_group *g, bp_error *error) {
  bp_store *store = g->store;
  if (store->writer.file < 0 || store->writer.offset + store->group.length >= store->config.segment_max_bytes) {
    bpi_group_rotate(g);
  } else if (store->group.length >= UNIT_BYTES_MAX) {
    bpi_group_write(g);
  }
  return g->failure == BP_OK ? BP_OK : bpi_error_copy(error, &g->error);
}

static const bpi_row *last_of(const bpi_index *index, uint32_t entity) {
  uint32_t number = bpi_index_last_of_known(index, entity);
  if (number == BPI_NO_ROW) return NULL;
  const bpi_row *row = bpi_index_row(index, number);
  bpi_prefetch(row, sizeof *row);
  return row;
}

bp_status bpi_place(bpi_group *g, bpi_item *item, bp_error *error) {
  const bpi_index *index = &g->store->index;
  uint32_t entity = bpi_index_entity(index, bpi_bytes_of(item->draft->entity, item->draft->entity_length));
  bpi_header header;
  bp_status status = fill_header(g, item, last_of(index, entity), &header, error);
  return status == BP_OK ? put_frame(g, item, entity, &header, error) : status;
}

bp_status bpi_assign(bpi_group *g, bpi_item *item, bp_error *error) {
  const bpi_index *index = &g->store->index;
  bp_status status = bpi_look_up_key(g, item, error);
  if (status != BP_OK || item->replayed) return status;
  uint32_t entity = bpi_index_entity(index, bpi_bytes_of(item->draft->entity, item->draft->entity_length));
  const bpi_row *last = last_of(index, entity);
  status = judge_expectation(item->draft, last, error);
  if (status != BP_OK) return status;
  bpi_header header;
  status = fill_header(g, item, last, &header, error);
  if (status == BP_OK) status = bpi_fault_single(g, item, error);
  if (status == BP_OK) status = bpi_make_room(g, error);
  return status == BP_OK ? put_frame(g, item, entity, &header, error) : status;
}
