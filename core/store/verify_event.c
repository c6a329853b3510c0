#include "codec/fields.h"
#include "store/verify_internal.h"

#include <string.h>

static const uint8_t zero_hash[32];

/* The open may have said it already. */
static int found_at_open(const bpi_verifier *v, const char *code, uint64_t segment_id, uint64_t offset) {
  const bpi_findings *open = &v->store->open_findings;
  for (size_t i = 0; i < open->count; i++) {
    const bp_finding *finding = &open->items[i];
    if (finding->segment_id == segment_id && finding->offset == offset && strcmp(finding->code, code) == 0) return 1;
  }
  return 0;
}

void bpi_verify_find(bpi_verifier *v, const bpi_exhibit *exhibit, uint32_t severity, const char *code,
                     const char *text) {
  uint64_t segment_id = bpi_segments_at(&v->store->segments, exhibit->row.segment)->id;
  if (found_at_open(v, code, segment_id, exhibit->row.offset)) return;
  bp_finding *finding =
      bpi_find(&v->report->findings, severity, code, segment_id, exhibit->row.offset, "%s", text);
  finding->sequence = exhibit->row.sequence;
  memcpy(finding->event_id, exhibit->row.event_id, sizeof finding->event_id);
}

/* The frame against what the index was told (by the footer, or by the frame itself). */
static void check_row(bpi_verifier *v, const bpi_exhibit *e) {
  const bpi_header *header = &e->frame.header;
  if (memcmp(header->event_hash, e->row.event_hash, 32) != 0 || header->clock != e->row.clock ||
      header->kind != e->row.kind || header->wall_ms != e->row.wall_ms) {
    bpi_verify_find(v, e, BP_SEVERITY_DAMAGE, "row_disagrees", "the footer and the frame tell different things");
  }
  if (header->content_hash_differs) {
    bpi_verify_find(v, e, BP_SEVERITY_DAMAGE, "content_hash", "the frame holds two different hashes of its payload");
  }
}

/* Clock and link continue the entity's last event.  A restart (clock 0, no link) is what the reference does after hidden
 * events; a gap is what its compaction leaves. */
static void check_chain(bpi_verifier *v, const bpi_exhibit *e) {
  const bpi_header *header = &e->frame.header;
  uint32_t clock = e->has_previous ? e->previous_clock + 1 : 0;
  const uint8_t *previous = e->has_previous ? e->previous_hash : zero_hash;
  if (header->clock == clock && memcmp(header->prev_hash, previous, 32) == 0) return;
  if (header->clock == 0 && memcmp(header->prev_hash, zero_hash, 32) == 0) {
    bpi_verify_find(v, e, BP_SEVERITY_NOTE, "chain_restart", "the entity's chain begins anew");
  } else if (header->clock != clock) {
    bpi_verify_find(v, e, v->ours ? BP_SEVERITY_DAMAGE : BP_SEVERITY_NOTE, "clock_gap",
                    "the entity's clock does not follow its last event");
  } else {
    bpi_verify_find(v, e, BP_SEVERITY_DAMAGE, "chain_break", "prev_hash is not the hash of the entity's last event");
  }
}

/* The map was only stepped over; a read would stumble over what is in it. */
static void check_extensions(bpi_verifier *v, const bpi_exhibit *e) {
  bpi_bytes map = e->frame.header.extensions;
  size_t count, values;
  if (map.length == 0) return;
  bp_status status = bp_extensions_decode(map.data, map.length, NULL, 0, &count, NULL, 0, &values, NULL);
  if (status == BP_OK || status == BP_TOO_SMALL) return;
  bpi_verify_find(v, e, BP_SEVERITY_DAMAGE, "damaged_extensions", "the extensions of the frame cannot be read");
}

static int has_extension(const bpi_header *header, const char *wanted) {
  if (header->extensions.length == 0) return 0;
  bpi_unpack in = {header->extensions.data, header->extensions.data + header->extensions.length};
  uint32_t count;
  bpi_bytes name;
  if (bpi_unpack_map(&in, &count) != BP_OK) return 0;
  for (; count > 0; count--) {
    if (bpi_unpack_str(&in, &name) != BP_OK || bpi_unpack_skip(&in) != BP_OK) return 0;
    if (bpi_bytes_equal(name, bpi_bytes_of(wanted, strlen(wanted)))) return 1;
  }
  return 0;
}

/* A session begins: whose is it, and did it sign? */
static void enter_session(bpi_verifier *v, const bpi_exhibit *e) {
  v->ours = has_extension(&e->frame.header, BPI_WRITER_EXTENSION);
  int signs = has_extension(&e->frame.header, BPI_SIGNER_EXTENSION);
  if (signs == (v->stretch_count > 0 && v->stretches[v->stretch_count - 1].signs)) return;
  void *items = v->stretches;
  if (bpi_grow(&v->store->memory, &items, &v->stretch_capacity, v->stretch_count + 1, sizeof(bpi_stretch)) != 0) {
    v->report->findings.failed = 1;
    return;
  }
  v->stretches = (bpi_stretch *)items;
  v->stretches[v->stretch_count++] = (bpi_stretch){e->number, signs};
}

/* A store of ours leaves no number out; the reference does, where a write failed. */
static void check_sequence(bpi_verifier *v, const bpi_exhibit *e) {
  if (e->frame.header.kind == BPI_KIND_OPEN_COMPLETED) enter_session(v, e);
  if (e->row.sequence != v->next_sequence) {
    bpi_verify_find(v, e, v->ours ? BP_SEVERITY_DAMAGE : BP_SEVERITY_NOTE, "sequence_gap",
                    "sequences before this event belong to nothing");
  }
  if (v->ours && v->out_of_order) {
    bpi_verify_find(v, e, BP_SEVERITY_DAMAGE, "footer_row", "the footer's numbers do not rise");
    v->out_of_order = 0;
  }
}

static bp_status read_close(bpi_bytes payload, bp_point *point) {
  static const char *const names[] = {"wall_ms", "global_sequence"};
  if (payload.length == 0) return BP_MESSAGEPACK;
  bpi_unpack in = {payload.data, payload.data + payload.length};
  bpi_fields fields;
  unsigned field;
  bpi_fields_begin(&fields, &in, names, 2);
  while (bpi_fields_next(&fields, &field)) {
    fields.status = bpi_unpack_u64(&in, UINT64_MAX, field == 0 ? &point->wall_ms : &point->sequence);
  }
  return bpi_fields_end(&fields, 3);
}

/* A close event names the newest point before it. */
static void check_lifecycle(bpi_verifier *v, const bpi_exhibit *e) {
  bp_point said;
  if (e->frame.header.kind == BPI_KIND_CLOSE_COMPLETED &&
      bpi_bytes_equal(e->frame.header.entity, bpi_bytes_of(BPI_STORE_ENTITY, strlen(BPI_STORE_ENTITY)))) {
    if (read_close(e->payload, &said) != BP_OK || said.wall_ms != v->frontier.wall_ms ||
        said.sequence != v->frontier.sequence) {
      bpi_verify_find(v, e, v->ours ? BP_SEVERITY_DAMAGE : BP_SEVERITY_NOTE, "close_point",
                      "the close event names another last event");
    }
  }
}

/* What comes after a close event's own check: the newest point so far, by what the index knows. */
static void advance(bpi_verifier *v, const bpi_exhibit *e) {
  bp_point here = {e->row.wall_ms, e->row.sequence};
  if (e->visible && bpi_point_after(here, v->frontier)) v->frontier = here;
  v->next_sequence = e->row.sequence + 1;
}

void bpi_verify_event(bpi_verifier *v, const bpi_exhibit *e) {
  if (!e->first_with_id) {
    bpi_verify_find(v, e, BP_SEVERITY_NOTE, "duplicate_id", "an earlier event has the same id");
  }
  if (e->readable) {
    check_row(v, e);
    check_sequence(v, e);
    check_chain(v, e);
    check_extensions(v, e);
    check_lifecycle(v, e);
  }
  advance(v, e);
}
