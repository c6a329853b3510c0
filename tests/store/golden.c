/* Every golden store, the reference's and ours, read as it is and continued: nothing that was acknowledged may be missing. */
#include "support/golden.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>

enum { STORES_MAX = 128, EXTENSIONS_MAX = 64 * 1024 };

/* Where a store is not like the others: elsewhere the events are those of expected.jsonl field by field, every receipt of
 * one of them holds, the store is consistent, and it can be continued. */
typedef struct {
  const char *name;
  const char *events;          /* another file than expected.jsonl */
  uint32_t verdict;            /* as it was left */
  uint32_t verdict_continued;
  bp_status continues;         /* what a mutable open answers */
  int moved;                   /* a compaction that was finished moved the events: no receipt of before holds */
  int shifted;                 /* a partial write shifted events: the position in their receipts is wrong */
  int extra;                   /* events behind the listed ones */
} peculiar;

static const peculiar peculiarities[] = {
    {.name = "reference/compaction_killed", .events = "before.jsonl", .continues = BP_COMPACTION_PENDING},
    {.name = "reference/compaction_killed_early", .events = "before.jsonl", .continues = BP_COMPACTION_PENDING},
    {.name = "reference/compaction_marker_only", .events = "before.jsonl", .continues = BP_COMPACTION_PENDING},
    {.name = "reference/full_disk_closed", .verdict = BP_VERDICT_DAMAGED, .shifted = 1, .extra = 1},
    {.name = "reference/full_disk_killed", .verdict = BP_VERDICT_DAMAGED, .shifted = 1},
    {.name = "reference/merged", .moved = 1},
    {.name = "reference/retention",
     .verdict = BP_VERDICT_INCOMPLETE,
     .verdict_continued = BP_VERDICT_INCOMPLETE,
     .moved = 1},
    {.name = "reference/tombstones",
     .verdict = BP_VERDICT_INCOMPLETE,
     .verdict_continued = BP_VERDICT_INCOMPLETE,
     .moved = 1},
    {.name = "reference/torn_continued", .verdict = BP_VERDICT_DAMAGED},
};

static peculiar peculiar_of(const char *name) {
  peculiar p = {.name = name};
  for (size_t i = 0; i < sizeof peculiarities / sizeof *peculiarities; i++) {
    if (strcmp(peculiarities[i].name, name) == 0) p = peculiarities[i];
  }
  if (p.events == NULL) p.events = "expected.jsonl";
  if (p.verdict == 0) p.verdict = BP_VERDICT_CONSISTENT;
  if (p.verdict_continued == 0) p.verdict_continued = BP_VERDICT_CONSISTENT;
  return p;
}

static char parent[TEMPORARY_PATH_MAX];
static void set_up(void) { temporary_create(parent); }
static void tear_down(void) { temporary_remove(parent); }

TestSuite(golden, .init = set_up, .fini = tear_down);

static struct criterion_test_params every_store(void) {
  static golden_name names[STORES_MAX];
  return cr_make_param_array(golden_name, names, golden_names(names, STORES_MAX));
}

/* With the keys that the store was signed with. */
static bp_config config_of(const char *name, uint8_t seeds[64]) {
  bp_config config = fixture_config(BP_MODE_READ_ONLY);
  json_object *about = golden_about(name), *keys;
  if (json_object_object_get_ex(about, "keys", &keys)) {
    for (size_t i = 0; i < 2; i++) {
      fixture_hex(json_object_get_string(json_object_array_get_idx(keys, i)), seeds + 32 * i, 32);
    }
    config.signing_seeds = seeds;
    config.signing_seed_count = 2;
  }
  json_object_put(about);
  return config;
}

/* --- events */

static json_object *line_of_id(const golden_lines *lines, const char *id) {
  for (size_t i = 0; i < lines->count; i++) {
    if (strcmp(golden_text(lines->items[i], "event_id"), id) == 0) return lines->items[i];
  }
  return NULL;
}

/* What the reference could not read, and a value where bytes had been, is as it was before the compaction. */
static int is_as_before(const peculiar *p, const golden_lines *before, json_object *line, const bp_event *event) {
  if (p->shifted && golden_has(line, "error")) {
    return event->status == BP_OK && golden_number(line, "sequence") == event->sequence &&
           golden_number(line, "frame_length") == event->frame_length;
  }
  json_object *old = line_of_id(before, golden_text(line, "event_id"));
  if (old == NULL || event->status != BP_OK) return 0;
  if (golden_has(line, "error")) return 1;
  const char *hex = golden_text(old, "payload_hex");
  uint8_t *bytes = malloc(strlen(hex) / 2 + 1);
  fixture_hex(hex, bytes, strlen(hex) / 2);
  int same = event->payload_length == strlen(hex) / 2 && memcmp(bytes, event->payload, event->payload_length) == 0;
  free(bytes);
  return same;
}

static void assert_event(const peculiar *p, const golden_lines *before, json_object *line, const bp_event *event) {
  const char *difference = golden_difference(line, event);
  if (difference[0] == 0 || is_as_before(p, before, line, event)) return;
  cr_assert_fail("%s: sequence %llu differs in %s", p->name, (unsigned long long)event->sequence, difference);
}

/* Of several events with one id the first is found. */
static void assert_found_by_id(const bp_store *store, const bp_event *events, size_t number) {
  bp_page *page;
  size_t count, first = 0;
  while (memcmp(events[first].event_id, events[number].event_id, 16) != 0) first++;
  MUST(bp_page_new(&page, NULL));
  MUST(bp_store_get(store, events[number].event_id, page, NULL));
  cr_assert_eq(bp_page_events(page, &count)->sequence, events[first].sequence);
  cr_assert_eq(count, 1);
  bp_page_free(page);
}

/* The listed events come first; `more` others follow. */
static void assert_events(const peculiar *p, const bp_store *store, size_t more) {
  golden_lines lines = golden_read(p->name, p->events), before = golden_read(p->name, "before.jsonl");
  const bp_event *events;
  size_t count;
  bp_page *page = fixture_page(store, NULL, &events, &count);
  cr_assert_eq(count, lines.count + (size_t)p->extra + more, "%s: %zu events, %zu are listed", p->name, count,
               lines.count);
  for (size_t i = 0; i < lines.count; i++) {
    assert_event(p, &before, lines.items[i], &events[i]);
    assert_found_by_id(store, events, i);
  }
  bp_page_free(page);
  golden_free(&lines);
  golden_free(&before);
}

/* --- receipts */

static size_t times_listed(const golden_lines *lines, const char *id) {
  size_t times = 0;
  for (size_t i = 0; i < lines->count; i++) times += strcmp(golden_text(lines->items[i], "event_id"), id) == 0;
  return times;
}

static void assert_receipts(const peculiar *p, const bp_store *store, int is_signed) {
  golden_lines lines = golden_read(p->name, p->events), receipts = golden_read(p->name, "receipts.jsonl");
  static uint8_t room[EXTENSIONS_MAX];
  for (size_t i = 0; i < receipts.count && !p->moved; i++) {
    if (times_listed(&lines, golden_text(receipts.items[i], "event_id")) != 1) continue;
    bp_receipt receipt = golden_receipt(receipts.items[i], room, sizeof room);
    int32_t outcome = -1;
    MUST(bp_store_verify_receipt(store, &receipt, NULL, &outcome, NULL));
    if (p->shifted && outcome == BP_RECEIPT_POSITION) {
      receipt.segment_id = receipt.offset = receipt.frame_length = 0;
      MUST(bp_store_verify_receipt(store, &receipt, NULL, &outcome, NULL));
    }
    cr_assert_eq(outcome, is_signed ? BP_RECEIPT_SIGNED : BP_RECEIPT_UNSIGNED_ACCEPTED, "%s: sequence %llu: %s", p->name,
                 (unsigned long long)receipt.sequence, bp_receipt_outcome_name(outcome));
  }
  golden_free(&lines);
  golden_free(&receipts);
}

static void assert_verdict(const char *name, const bp_store *store, uint32_t wanted) {
  bp_report *report = fixture_verify(store, NULL);
  uint32_t verdict = fixture_verdict(report).verdict;
  if (verdict != wanted) fixture_print_findings(report);
  cr_assert_eq(verdict, wanted, "%s: %s", name, bp_verdict_name(verdict));
  bp_report_free(report);
}

/* --- the tests */

ParameterizedTestParameters(golden, is_read_as_it_was_left) { return every_store(); }
ParameterizedTest(golden_name *store_name, golden, is_read_as_it_was_left) {
  const char *name = store_name->text;
  peculiar p = peculiar_of(name);
  char path[512];
  uint8_t seeds[64];
  bp_config config = config_of(name, seeds);
  golden_copy(name, parent, path, sizeof path);
  uint64_t before = fixture_digest(path);
  bp_store *store = fixture_open(path, BP_MODE_READ_ONLY, &config);
  assert_events(&p, store, 0);
  assert_receipts(&p, store, config.signing_seed_count > 0);
  assert_verdict(name, store, p.verdict);
  fixture_close(store);
  cr_assert_eq(fixture_digest(path), before, "%s: a read-only open changed something", name);
}

ParameterizedTestParameters(golden, is_continued_without_loss) { return every_store(); }
ParameterizedTest(golden_name *store_name, golden, is_continued_without_loss) {
  const char *name = store_name->text;
  peculiar p = peculiar_of(name);
  char path[512];
  uint8_t seeds[64];
  bp_config config = config_of(name, seeds);
  golden_copy(name, parent, path, sizeof path);
  if (p.continues != BP_OK) {
    bp_error error = fixture_error();
    uint64_t before = fixture_digest(path);
    cr_assert_eq(fixture_try_open(path, BP_MODE_MUST_EXIST, &config, &error), p.continues);
    cr_assert_eq(fixture_digest(path), before, "%s: a refused open changed something", name);
    return;
  }
  for (size_t session = 1; session <= 2; session++) {
    bp_store *store = fixture_open(path, BP_MODE_MUST_EXIST, &config);
    bp_receipt receipt = fixture_append_text(store, "golden:later", name);
    assert_events(&p, store, 3 * session - 1);
    assert_receipts(&p, store, config.signing_seed_count > 0);
    fixture_close(store);
    store = fixture_open(path, BP_MODE_READ_ONLY, &config);
    assert_events(&p, store, 3 * session);
    assert_receipts(&p, store, config.signing_seed_count > 0);
    int32_t outcome;
    MUST(bp_store_verify_receipt(store, &receipt, NULL, &outcome, NULL));
    cr_assert_leq(outcome, BP_RECEIPT_UNSIGNED_ACCEPTED);
    assert_verdict(name, store, p.verdict_continued);
    cr_assert_eq(fixture_stat(store).clean_close, 1);
    fixture_close(store);
  }
}

/* Whatever a crash of the reference left, one session later no trace of it is reported. */
Test(golden, a_repaired_store_has_nothing_left_to_repair) {
  static const char *const names[] = {"reference/killed",         "reference/torn",      "reference/torn_continued",
                                      "reference/half_batch",     "reference/zero_tail", "reference/half_batch_continued",
                                      "reference/headless_last",  "0.1.0/killed",        "reference/small_segments_killed",
                                      "reference/batches_killed", "0.1.0/torn"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[512];
    golden_copy(names[i], parent, path, sizeof path);
    fixture_close(fixture_open(path, BP_MODE_MUST_EXIST, NULL));
    bp_store *store = fixture_open(path, BP_MODE_READ_ONLY, NULL);
    bp_report *report;
    size_t count;
    MUST(bp_store_open_report(store, &report, NULL));
    bp_report_findings(report, &count);
    if (count > 0) fixture_print_findings(report);
    cr_assert_eq(count, 0, "%s", names[i]);
    bp_report_free(report);
    fixture_close(store);
  }
}
