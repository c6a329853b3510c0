/* Every single bit of a store, flipped: a clean store of several segments, a killed one, and one that was killed
 * after it had been closed and opened again.
 *
 * Read-only, for each bit: the store opens; every event that was not touched reads as it did, under its number; the touched
 * one reads as it did or fails with its position, and nothing ever reads otherwise; verify says DAMAGED, or the flip is in
 * bytes that say nothing (the time at which a segment was made, its flags, the room behind the last frame).  Mutable, for
 * some: it opens, keeps what could be read, and takes a new event.
 *
 *   flips [--mutable-every N] */
/* P-017 */
#include "journal/footer.h"
#include "journal/segment.h"
#include "support/check.h"
#include "support/program.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MOST = 16, EVENTS_MOST = 64 };

/* An event as it reads in the sound store. */
typedef struct sound_event {
  uint8_t id[16];
  uint64_t sequence;
  uint64_t segment_id;
  uint64_t offset;
  uint64_t end;
  uint64_t digest;
  int is_readable; /* now */
} sound_event;

typedef struct store_file {
  char path[64];
  size_t size;
  uint64_t segment_id; /* 0: no segment */
  size_t rows;         /* of the footer: where they begin, the file's size where there is none */
} store_file;

typedef struct world {
  const char *name;
  sim_system *sim;
  store_file files[FILES_MOST];
  size_t file_count;
  sound_event events[EVENTS_MOST];
  size_t event_count;
  bp_config config;
  bp_page *page;
  /* the flip */
  const store_file *file;
  uint64_t offset;
  unsigned bit;
  uint64_t flips, damaged, harmless, mutable_opens;
} world;

static void describe(void *user) {
  const world *w = user;
  if (w->file == NULL) return;
  fprintf(stderr, "  %s store, %s, offset %" PRIu64 ", bit %u\n", w->name, w->file->path, w->offset, w->bit);
}

/* ------------------------------------------------------------------------------------------------- the sound store -- */

static uint64_t mix(uint64_t sum, const void *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) sum = (sum ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
  return sum;
}

static uint64_t digest_of(const bp_event *e) {
  uint64_t sum = mix(0xcbf29ce484222325u, e->payload, e->payload_length);
  sum = mix(sum, e->entity, e->entity_length);
  sum = mix(sum, e->scope, e->scope_length);
  sum = mix(sum, e->event_id, 16);
  sum = mix(sum, e->correlation_id, 16);
  sum = mix(sum, e->causation_id, 16);
  sum = mix(sum, e->prev_hash, 32);
  sum = mix(sum, e->event_hash, 32);
  sum = mix(sum, &e->wall_ms, sizeof e->wall_ms);
  sum = mix(sum, &e->timestamp_us, sizeof e->timestamp_us);
  sum = mix(sum, &e->clock, sizeof e->clock);
  sum = mix(sum, &e->kind, sizeof e->kind);
  return mix(sum, &e->flags, sizeof e->flags);
}

static bp_status open_store(world *w, sim_system *sim, uint32_t mode, bp_store **store, bp_error *error) {
  error->struct_size = sizeof *error;
  w->config.mode = mode;
  w->config.system = sim_table(sim);
  return bp_store_open(PROGRAM_STORE, &w->config, store, error);
}

static void note_sound_events(world *w) {
  bp_store *store;
  bp_error error;
  CHECK(open_store(w, w->sim, BP_MODE_READ_ONLY, &store, &error) == BP_OK, "the sound store does not open");
  CHECK(bp_store_page(store, NULL, w->page, NULL) == BP_OK, "bp_store_page");
  const bp_event *events = bp_page_events(w->page, &w->event_count);
  CHECK(w->event_count <= EVENTS_MOST, "too many events");
  for (size_t i = 0; i < w->event_count; i++) {
    const bp_event *e = &events[i];
    CHECK(e->status == BP_OK, "the sound store is not sound");
    w->events[i] = (sound_event){.sequence = e->sequence, .segment_id = e->segment_id, .offset = e->offset,
                                 .end = e->offset + e->frame_length, .digest = digest_of(e)};
    memcpy(w->events[i].id, e->event_id, 16);
  }
  CHECK(bp_store_close(store, NULL) == BP_OK, "bp_store_close");
}

static size_t find_rows(bpi_bytes file) {
  bpi_memory memory = bpi_memory_default();
  bpi_prologue prologue;
  bpi_footer footer;
  bpi_footer_state state;
  if (bpi_prologue_parse(file, &prologue) != BPI_PROLOGUE_GOOD) return file.length;
  CHECK(bpi_footer_parse(file, prologue.length, &memory, &footer, &state) == BP_OK, "bpi_footer_parse");
  size_t rows = state == BPI_FOOTER_READABLE ? (size_t)(footer.rows - file.data) : file.length;
  bpi_footer_free(&footer);
  return rows;
}

static int note_file(void *user, const char *name, size_t length) {
  world *w = user;
  bpi_memory memory = bpi_memory_default();
  bpi_buffer content;
  store_file *file = &w->files[w->file_count];
  CHECK(w->file_count < FILES_MOST, "too many files");
  snprintf(file->path, sizeof file->path, PROGRAM_STORE "/%.*s", (int)length, name);
  bpi_buffer_init(&content, &memory);
  CHECK(sim_get(w->sim, file->path, &content), "no file %s", file->path);
  file->size = content.length;
  file->rows = find_rows(bpi_bytes_of(content.data, content.length));
  bpi_buffer_free(&content);
  if (!bpi_segment_name_parse(name, length, &file->segment_id)) file->segment_id = 0;
  w->file_count++;
  return 0;
}

static void make(world *w, const char *name, const char *steps, uint64_t segment_bytes, uint64_t room, int kill) {
  program run;
  w->name = name;
  w->sim = sim_new();
  w->file_count = w->event_count = 0;
  w->file = NULL;
  program_init(&run, w->sim);
  run.config.segment_max_bytes = segment_bytes;
  run.config.preallocate_bytes = room;
  w->config = run.config;
  for (; *steps != '\0'; steps++) program_must(&run, *steps);
  if (kill) program_crash(&run, SIM_ALL_KEPT);
  program_free(&run);
  const bp_system *system = sim_table(w->sim);
  CHECK(system->directory_list(system->context, PROGRAM_STORE, note_file, w) == 0, "directory_list");
  note_sound_events(w);
}

/* ----------------------------------------------------------------------------------------------- the flipped store -- */

static sound_event *find_event(world *w, const bp_event *found) {
  for (size_t i = 0; i < w->event_count; i++) {
    if (memcmp(w->events[i].id, found->event_id, 16) == 0) return &w->events[i];
  }
  return NULL;
}

/* Its frame, or its row in the footer: a row that names another event cannot be told from one whose frame was exchanged. */
static int is_touched(const world *w, const sound_event *event) {
  size_t row = 0;
  if (event->segment_id != w->file->segment_id) return 0;
  if (w->offset >= event->offset && w->offset < event->end) return 1;
  const sound_event *first = event; /* each segment begins with one that is not hidden */
  while (first > w->events && first[-1].segment_id == event->segment_id) first--;
  row = (size_t)(event->sequence - first->sequence);
  return w->offset >= w->file->rows && (w->offset - w->file->rows) / BPI_FOOTER_ROW_BYTES == row;
}

/* A footer has no checksum.  What the next one says puts a number right that is too high; in the last footer nothing does, and
 * what a kill left behind it is counted from there. */
static int may_move(const world *w, const sound_event *event) {
  for (size_t i = 0; i < w->file_count; i++) {
    const store_file *file = &w->files[i];
    if (file->segment_id > w->file->segment_id && file->rows < file->size) return 0;
  }
  return w->offset >= w->file->rows && event->segment_id >= w->file->segment_id;
}

static void check_event(world *w, const bp_event *found) {
  if (found->status != BP_OK) {
    CHECK(found->status == BP_DAMAGED_FRAME, "sequence %" PRIu64 ": %s", found->sequence, bp_status_name(found->status));
    CHECK(found->segment_id == w->file->segment_id, "damage in segment %" PRIu64, found->segment_id);
    return;
  }
  sound_event *event = find_event(w, found);
  CHECK(event != NULL, "sequence %" PRIu64 " is an event that was not there", found->sequence);
  CHECK(digest_of(found) == event->digest, "sequence %" PRIu64 " reads otherwise", event->sequence);
  CHECK(!event->is_readable, "sequence %" PRIu64 " is there twice", event->sequence);
  CHECK(found->sequence == event->sequence || may_move(w, event), "sequence %" PRIu64 " is numbered %" PRIu64,
        event->sequence, found->sequence);
  event->is_readable = 1;
}

/* What can be read; events that the flip did not touch must be. */
static void read_events(world *w, const bp_store *store) {
  size_t count;
  for (size_t i = 0; i < w->event_count; i++) w->events[i].is_readable = 0;
  CHECK(bp_store_page(store, NULL, w->page, NULL) == BP_OK, "bp_store_page");
  const bp_event *events = bp_page_events(w->page, &count);
  for (size_t i = 0; i < count; i++) check_event(w, &events[i]);
  for (size_t i = 0; i < w->event_count; i++) {
    CHECK(w->events[i].is_readable || is_touched(w, &w->events[i]), "sequence %" PRIu64 " was not touched and is lost",
          w->events[i].sequence);
  }
}

/* Zeros behind the last frame of a segment that was not sealed. */
static int is_room(const world *w) {
  bpi_memory memory = bpi_memory_default();
  bpi_buffer content;
  if (w->file->rows != w->file->size) return 0;
  bpi_buffer_init(&content, &memory);
  (void)sim_get(w->sim, w->file->path, &content);
  content.data[w->offset] ^= (uint8_t)(1u << w->bit);
  size_t at = (size_t)w->offset;
  while (at < content.length && content.data[at] == 0) at++;
  int room = at == content.length;
  bpi_buffer_free(&content);
  return room;
}

/* Bytes of the prologue that say nothing about any event: the values of `flags` and `created_ns`. */
static int says_nothing(const world *w) {
  static const char flags[] = "flags", created[] = "created_ns", last[] = "segment_id";
  bpi_memory memory = bpi_memory_default();
  bpi_buffer content;
  bpi_prologue prologue;
  bpi_buffer_init(&content, &memory);
  (void)sim_get(w->sim, w->file->path, &content);
  content.data[w->offset] ^= (uint8_t)(1u << w->bit);
  int is_prologue = bpi_prologue_parse(bpi_bytes_of(content.data, content.length), &prologue) == BPI_PROLOGUE_GOOD;
  const uint8_t *from = is_prologue ? memmem(content.data, prologue.length, flags, sizeof flags - 1) : NULL;
  const uint8_t *time = is_prologue ? memmem(content.data, prologue.length, created, sizeof created - 1) : NULL;
  const uint8_t *to = is_prologue ? memmem(content.data, prologue.length, last, sizeof last - 1) : NULL;
  const uint8_t *at = content.data + w->offset;
  int nothing = from != NULL && time != NULL && to != NULL &&
                ((at >= from + sizeof flags - 1 && at < time - 1) || (at >= time + sizeof created - 1 && at < to - 1));
  bpi_buffer_free(&content);
  return nothing;
}

static void check_verdict(world *w, const bp_store *store) {
  bp_report *report;
  bp_verdict verdict = {.struct_size = sizeof verdict};
  size_t readable = 0;
  CHECK(bp_store_verify(store, NULL, &report, NULL) == BP_OK, "bp_store_verify");
  CHECK(bp_report_verdict(report, &verdict) == BP_OK, "bp_report_verdict");
  for (size_t i = 0; i < w->event_count; i++) readable += (size_t)w->events[i].is_readable;
  if (verdict.verdict == BP_VERDICT_DAMAGED) {
    w->damaged++;
  } else {
    CHECK(is_room(w) || says_nothing(w), "the verdict is %s", bp_verdict_name(verdict.verdict));
    CHECK(readable == w->event_count, "events are missing, and the verdict is %s", bp_verdict_name(verdict.verdict));
    w->harmless++;
  }
  bp_report_free(report);
}

/* Without the ranges hidden events would come to light. */
static int is_ranges(const world *w) { return strstr(w->file->path, "visibility_ranges") != NULL; }

static void read_flipped(world *w) {
  bp_store *store;
  bp_error error;
  bp_status status = open_store(w, w->sim, BP_MODE_READ_ONLY, &store, &error);
  if (is_ranges(w)) {
    CHECK(status == BP_HIDDEN_RANGES, "the ranges are damaged: %s", bp_status_name(status));
    w->damaged++;
    return;
  }
  CHECK(status == BP_OK, "does not open: %s: %s", bp_status_name(status), error.text);
  read_events(w, store);
  check_verdict(w, store);
  CHECK(bp_store_close(store, NULL) == BP_OK, "bp_store_close");
}

/* ------------------------------------------------------------------------------------------------- the mutable open -- */

static void check_kept(world *w, const bp_store *store) {
  size_t count;
  for (size_t i = 0; i < w->event_count; i++) {
    if (!w->events[i].is_readable) continue;
    bp_status status = bp_store_get(store, w->events[i].id, w->page, NULL);
    const bp_event *event = bp_page_events(w->page, &count);
    CHECK(status == BP_OK && count == 1 && digest_of(event) == w->events[i].digest,
          "sequence %" PRIu64 " could be read before the repair: %s", w->events[i].sequence, bp_status_name(status));
  }
}

static void repair_flipped(world *w) {
  sim_system *sim = sim_clone(w->sim);
  bp_store *store;
  bp_error error;
  bp_draft draft;
  bp_receipt receipt;
  bp_status status = open_store(w, sim, BP_MODE_CREATE, &store, &error);
  if (is_ranges(w)) {
    CHECK(status == BP_HIDDEN_RANGES, "the ranges are damaged: %s", bp_status_name(status));
    sim_free(sim);
    return;
  }
  CHECK(status == BP_OK, "does not open for writing: %s: %s", bp_status_name(status), error.text);
  check_kept(w, store);
  CHECK(bp_draft_init(&draft, sizeof draft) == BP_OK && bp_receipt_init(&receipt, sizeof receipt) == BP_OK, "init");
  draft.kind = 0xF001;
  draft.entity = draft.scope = (const uint8_t *)"after";
  draft.entity_length = draft.scope_length = strlen("after");
  CHECK(bp_store_append(store, &draft, &receipt, &error) == BP_OK, "the repaired store takes nothing: %s", error.text);
  CHECK(bp_store_close(store, &error) == BP_OK, "the repaired store does not close: %s", error.text);
  CHECK(open_store(w, sim, BP_MODE_READ_ONLY, &store, &error) == BP_OK, "does not open after the repair: %s", error.text);
  check_kept(w, store);
  CHECK(bp_store_get(store, receipt.event_id, w->page, NULL) == BP_OK, "the new event is lost");
  CHECK(bp_store_close(store, NULL) == BP_OK, "bp_store_close");
  CHECK(sim_misuses(sim) == 0 && sim_open_files(sim) == 0 && sim_mapped_views(sim) == 0, "something is left behind");
  sim_free(sim);
  w->mutable_opens++;
}

/* ------------------------------------------------------------------------------------------------------------ runs -- */

static void flip(world *w, const store_file *file, uint64_t offset, unsigned bit, int repair) {
  w->file = file;
  w->offset = offset;
  w->bit = bit;
  sim_flip(w->sim, file->path, offset, (uint8_t)(1u << bit));
  read_flipped(w);
  if (repair) repair_flipped(w);
  sim_flip(w->sim, file->path, offset, (uint8_t)(1u << bit));
  w->flips++;
}

static void flip_all(world *w, uint64_t mutable_every) {
  for (size_t i = 0; i < w->file_count; i++) {
    for (uint64_t offset = 0; offset < w->files[i].size; offset++) {
      for (unsigned bit = 0; bit < 8; bit++) flip(w, &w->files[i], offset, bit, (w->flips + 1) % mutable_every == 0);
    }
  }
  sim_free(w->sim);
}

int main(int argc, char **argv) {
  static world w;
  uint64_t every = argc > 2 && strcmp(argv[1], "--mutable-every") == 0 ? strtoull(argv[2], NULL, 0) : 7;
  check_describe_with(describe, &w);
  CHECK(bp_page_new(&w.page, NULL) == BP_OK, "bp_page_new");
  make(&w, "clean", "odwMC", 1500, 8192, 0);
  flip_all(&w, every);
  make(&w, "killed", "odwdM", 1 << 20, 0, 1);
  flip_all(&w, every);
  make(&w, "killed with room", "odwd", 3500, 8192, 1);
  flip_all(&w, every);
  make(&w, "killed and continued", "odwCodw", 1 << 20, 0, 1);
  flip_all(&w, every);
  make(&w, "batches", "obdbC", 1500, 0, 0);
  flip_all(&w, every);
  make(&w, "killed with batches", "obdb", 1 << 20, 0, 1);
  flip_all(&w, every);
  make(&w, "hidden events", "odFeEXdC", 1 << 20, 0, 0);
  flip_all(&w, every);
  make(&w, "killed with a fence", "odFeE", 1 << 20, 0, 1);
  flip_all(&w, every);
  bp_page_free(w.page);
  printf("%" PRIu64 " bits flipped, %" PRIu64 " found, %" PRIu64 " harmless, %" PRIu64 " repairs\n", w.flips, w.damaged,
         w.harmless, w.mutable_opens);
  return 0;
}
