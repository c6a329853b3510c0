/* One event at a time: what is written, what the receipt says, what is refused with nothing written. */
#include "base/status.h"
#include "codec/pack.h"
#include "crypto/crypto.h"
#include "support/golden.h"
#include "support/segment_builder.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/stat.h>

static char path[TEMPORARY_PATH_MAX];
static bp_store *store;
static bp_error error;
static int64_t fake_now_us;

static int64_t fake_clock(void *user) {
  (void)user;
  return fake_now_us;
}

static bp_config append_config(void) {
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.clock = fake_clock;
  config.durability = BP_WRITTEN;
  return config;
}

static void set_up(void) {
  temporary_create(path);
  fake_now_us = 1700000000123456;
  bp_config config = append_config();
  store = fixture_open(path, BP_MODE_CREATE, &config);
  error = fixture_error();
}
static void tear_down(void) {
  fixture_free_pages();
  if (store != NULL) fixture_close(store);
  temporary_remove(path);
}

TestSuite(append, .init = set_up, .fini = tear_down);

static const uint8_t zeros[64];

static const bp_event *get(const uint8_t id[16]) { return fixture_get(store, id); }

static bp_status refused(const bp_draft *draft) {
  bp_stat before = fixture_stat(store);
  bp_receipt receipt = fixture_receipt(), untouched = receipt;
  error = fixture_error();
  bp_status status = bp_store_append(store, draft, &receipt, &error);
  cr_assert_neq(status, BP_OK);
  cr_assert_eq(error.code, status);
  cr_assert_neq(error.text[0], 0);
  bp_stat after = fixture_stat(store);
  cr_assert_eq(after.events, before.events);
  cr_assert_eq(after.bytes, before.bytes, "something was written");
  cr_assert_eq(after.writes, before.writes);
  cr_assert_eq(memcmp(&receipt, &untouched, sizeof receipt), 0);
  return status;
}

Test(append, the_least_draft_gets_the_defaults) {
  bp_draft draft = fixture_draft("e:1", "payload");
  bp_receipt receipt = fixture_append(store, &draft);
  uint8_t hash[32];
  bpi_blake3("payload", 7, hash);
  cr_assert_eq(receipt.sequence, 1, "the open event has sequence 0");
  cr_assert_eq(receipt.segment_id, 1);
  cr_assert_arr_eq(receipt.content_hash, hash, 32);
  cr_assert_eq(receipt.has_signature, 0);
  cr_assert_arr_eq(receipt.key_id, zeros, 32);
  cr_assert_eq(receipt.replayed, 0);
  cr_assert_eq(receipt.extensions_length, 0);
  const bp_event *event = get(receipt.event_id);
  cr_assert_eq(event->sequence, 1);
  cr_assert_eq(event->clock, 0);
  cr_assert_eq(event->kind, FIXTURE_KIND);
  cr_assert_eq(event->timestamp_us, fake_now_us);
  cr_assert_eq(event->wall_ms, (uint64_t)fake_now_us / 1000);
  cr_assert_eq(event->lane, 0);
  cr_assert_eq(event->depth, 0);
  cr_assert_eq(event->flags, 0);
  cr_assert_eq(event->payload_form, 0);
  cr_assert_eq(event->segment_id, receipt.segment_id);
  cr_assert_eq(event->offset, receipt.offset);
  cr_assert_eq(event->frame_length, receipt.frame_length);
  cr_assert_arr_eq(event->correlation_id, receipt.event_id, 16, "its own id");
  cr_assert_arr_eq(event->causation_id, zeros, 16);
  cr_assert_arr_eq(event->prev_hash, zeros, 32);
  cr_assert_arr_eq(event->event_hash, hash, 32);
  cr_assert(fixture_text_is(event->entity, event->entity_length, "e:1"));
  cr_assert(fixture_text_is(event->scope, event->scope_length, "scope"));
  cr_assert(fixture_text_is(event->payload, event->payload_length, "payload"));
  cr_assert_eq(event->extension_count, 0);
  cr_assert_eq(event->event_id[6] >> 4, 7, "a UUID of version 7");
  cr_assert_eq(event->event_id[8] >> 6, 2);
}

/* P-066, P-069 */
Test(append, every_field_is_kept) {
  bp_draft draft = fixture_draft("e:1", "");
  const bp_extension extensions[] = {{(const uint8_t *)"b.x", 3, (const uint8_t *)"\xff\x00", 2},
                                     {(const uint8_t *)"a.y", 3, NULL, 0},
                                     {(const uint8_t *)"b.x", 3, (const uint8_t *)"last", 4}};
  draft.kind = 0xF123;
  draft.flags = 0xF5;
  draft.lane = UINT32_MAX;
  draft.depth = 77;
  draft.given = BP_GIVEN_CORRELATION | BP_GIVEN_CAUSATION;
  fixture_id(draft.correlation_id, 11);
  fixture_id(draft.causation_id, 12);
  draft.extensions = extensions;
  draft.extension_count = 3;
  bp_receipt receipt = fixture_append(store, &draft);
  const bp_event *event = get(receipt.event_id);
  cr_assert_eq(event->kind, 0xF123);
  cr_assert_eq(event->flags, 0xF5);
  cr_assert_eq(event->lane, UINT32_MAX);
  cr_assert_eq(event->depth, 77);
  cr_assert_arr_eq(event->correlation_id, draft.correlation_id, 16);
  cr_assert_arr_eq(event->causation_id, draft.causation_id, 16);
  cr_assert_eq(event->payload_length, 0);
  cr_assert_eq(event->extension_count, 2, "of equal names the last counts");
  cr_assert(fixture_text_is(event->extensions[0].name, event->extensions[0].name_length, "a.y"));
  cr_assert_eq(event->extensions[0].value_length, 0);
  cr_assert(fixture_text_is(event->extensions[1].value, event->extensions[1].value_length, "last"));
}

/* P-066 */
Test(append, ids_that_are_not_given_do_not_count) {
  bp_draft draft = fixture_draft("e:1", "x");
  fixture_id(draft.key, 1);
  fixture_id(draft.correlation_id, 2);
  fixture_id(draft.causation_id, 3);
  bp_receipt receipt = fixture_append(store, &draft);
  cr_assert_neq(memcmp(receipt.event_id, draft.key, 16), 0);
  const bp_event *event = get(receipt.event_id);
  cr_assert_arr_eq(event->correlation_id, receipt.event_id, 16);
  cr_assert_arr_eq(event->causation_id, zeros, 16);
}

Test(append, a_given_correlation_of_zeros_is_stored_and_a_cause_of_zeros_is_none) {
  bp_draft draft = fixture_draft("e:1", "x");
  draft.given = BP_GIVEN_CORRELATION | BP_GIVEN_CAUSATION;
  const bp_event *event = get(fixture_append(store, &draft).event_id);
  cr_assert_arr_eq(event->correlation_id, zeros, 16);
  cr_assert_arr_eq(event->causation_id, zeros, 16);
}

Test(append, each_entity_has_its_own_chain) {
  static const char *const entities[] = {"a", "b", "a", "a", "b"};
  static const uint32_t clocks[] = {0, 0, 1, 2, 1};
  uint8_t last[2][32] = {{0}};
  for (size_t i = 0; i < 5; i++) {
    char payload[2] = {(char)('0' + i), 0};
    bp_receipt receipt = fixture_append_text(store, entities[i], payload);
    const bp_event *event = get(receipt.event_id);
    int which = entities[i][0] - 'a';
    cr_assert_eq(receipt.sequence, i + 1);
    cr_assert_eq(event->clock, clocks[i]);
    cr_assert_arr_eq(event->prev_hash, last[which], 32);
    memcpy(last[which], event->event_hash, 32);
  }
}

/* --- refusals */

/* P-075 */
Test(append, coordinates_outside_the_rules_are_refused) {
  static const struct {
    const char *text;
    size_t length;
    bp_status entity;
    bp_status scope;
  } cases[] = {{"", 0, BP_ENTITY_EMPTY, BP_SCOPE_EMPTY},
               {"a\0b", 3, BP_COORDINATE_NUL, BP_COORDINATE_NUL},
               {"a\nb", 3, BP_COORDINATE_CONTROL, BP_COORDINATE_CONTROL},
               {"a\x7f", 2, BP_COORDINATE_CONTROL, BP_COORDINATE_CONTROL},
               {"a/b", 3, BP_COORDINATE_TRAVERSAL, BP_COORDINATE_TRAVERSAL},
               {"..", 2, BP_COORDINATE_TRAVERSAL, BP_COORDINATE_TRAVERSAL},
               {"a|b", 3, BP_COORDINATE_SEPARATOR, BP_COORDINATE_SEPARATOR},
               {"a=b", 3, BP_COORDINATE_SEPARATOR, BP_COORDINATE_SEPARATOR},
               {"\xc3", 1, BP_COORDINATE_UTF8, BP_COORDINATE_UTF8},
               {"\xed\xa0\x80", 3, BP_COORDINATE_UTF8, BP_COORDINATE_UTF8}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bp_draft draft = fixture_draft("e:1", "x");
    draft.entity = (const uint8_t *)cases[i].text;
    draft.entity_length = cases[i].length;
    cr_assert_eq(refused(&draft), cases[i].entity, "entity %zu", i);
    draft = fixture_draft("e:1", "x");
    draft.scope = (const uint8_t *)cases[i].text;
    draft.scope_length = cases[i].length;
    cr_assert_eq(refused(&draft), cases[i].scope, "scope %zu", i);
  }
  char longest[1025];
  memset(longest, 'x', sizeof longest);
  bp_draft draft = fixture_draft("e:1", "x");
  draft.entity = draft.scope = (const uint8_t *)longest;
  draft.entity_length = draft.scope_length = 1024;
  const bp_event *event = get(fixture_append(store, &draft).event_id);
  cr_assert_eq(event->entity_length, 1024);
  draft.entity_length = 1025;
  cr_assert_eq(refused(&draft), BP_ENTITY_TOO_LONG);
  draft.entity_length = 1024;
  draft.scope_length = 1025;
  cr_assert_eq(refused(&draft), BP_SCOPE_TOO_LONG);
}

Test(append, reserved_kinds_need_leave_and_markers_get_none) {
  static const struct {
    uint16_t kind;
    uint32_t allow;
    bp_status status;
  } cases[] = {{0x0001, 0, BP_KIND_RESERVED}, {0x0FFF, 0, BP_KIND_RESERVED}, {0xD001, 0, BP_KIND_RESERVED},
               {0xDFFF, 0, BP_KIND_RESERVED}, {0x0006, 0, BP_KIND_MARKER},   {0x0007, 0, BP_KIND_MARKER},
               {0x0006, 1, BP_KIND_MARKER},   {0x0007, 1, BP_KIND_MARKER},   {0x0001, 1, BP_OK},
               {0xD001, 1, BP_OK},            {0x0000, 1, BP_OK},            {0x1000, 0, BP_OK},
               {0xC000, 0, BP_OK},            {0xE000, 0, BP_OK},            {0xFFFF, 0, BP_OK}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bp_draft draft = fixture_draft("e:1", "x");
    draft.kind = cases[i].kind;
    draft.allow_reserved = cases[i].allow;
    if (cases[i].status != BP_OK) {
      cr_assert_eq(refused(&draft), cases[i].status, "kind %04x", cases[i].kind);
    } else {
      cr_assert_eq(get(fixture_append(store, &draft).event_id)->kind, cases[i].kind);
    }
  }
}

/* P-078 */
Test(append, extension_names_outside_the_rules_are_refused) {
  char longest[257];
  memset(longest, 'x', sizeof longest);
  longest[1] = '.';
  const struct {
    const char *name;
    size_t length;
    bp_status status;
  } cases[] = {{"", 0, BP_EXTENSION_EMPTY},           {"a.\xc3\xa4", 4, BP_EXTENSION_NON_ASCII},
               {longest, 257, BP_EXTENSION_TOO_LONG}, {"plain", 5, BP_EXTENSION_NAMESPACE},
               {".a", 2, BP_EXTENSION_NAMESPACE},     {"a.", 2, BP_EXTENSION_NAMESPACE},
               {"a.b.c", 5, BP_EXTENSION_NAMESPACE},  {"batpak.x", 8, BP_EXTENSION_RESERVED}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bp_extension extensions[] = {{(const uint8_t *)"good.one", 8, NULL, 0},
                                 {(const uint8_t *)cases[i].name, cases[i].length, (const uint8_t *)"v", 1}};
    bp_draft draft = fixture_draft("e:1", "x");
    draft.extensions = extensions;
    draft.extension_count = 2;
    cr_assert_eq(refused(&draft), cases[i].status, "name %zu", i);
  }
  bp_extension good = {(const uint8_t *)longest, 256, (const uint8_t *)"v", 1};
  bp_draft draft = fixture_draft("e:1", "x");
  draft.extensions = &good;
  draft.extension_count = 1;
  fixture_append(store, &draft);
}

/* P-075, P-078 */
Test(append, payload_and_extensions_together_have_a_limit) {
  fixture_close(store);
  bp_config config = append_config();
  config.single_append_max_bytes = 100;
  store = fixture_open(path, BP_MODE_MUST_EXIST, &config);
  char payload[102];
  memset(payload, 'x', sizeof payload - 1);
  payload[101] = 0;
  bp_draft draft = fixture_draft("e:1", payload);
  cr_assert_eq(refused(&draft), BP_PAYLOAD_TOO_LARGE);
  cr_assert_eq(error.actual, 101);
  cr_assert_eq(error.expected, 100);
  draft.payload_length = 100;
  fixture_append(store, &draft);
  const bp_extension extension = {(const uint8_t *)"a.b", 3, (const uint8_t *)"\xff", 1}; /* 1 + 4 + 3 bytes encoded */
  draft.extensions = &extension;
  draft.extension_count = 1;
  draft.payload_length = 93;
  cr_assert_eq(refused(&draft), BP_PAYLOAD_TOO_LARGE);
  cr_assert_eq(error.actual, 101);
  draft.payload_length = 92;
  fixture_append(store, &draft);
}

Test(append, calls_that_make_no_sense_are_refused) {
  bp_draft draft = fixture_draft("e:1", "x");
  bp_receipt receipt = fixture_receipt();
  cr_assert_eq(bp_store_append(store, NULL, &receipt, &error), BP_ARGUMENT);
  cr_assert_eq(bp_store_append(NULL, &draft, &receipt, &error), BP_ARGUMENT);
  draft.payload = NULL;
  cr_assert_eq(refused(&draft), BP_ARGUMENT);
  draft = fixture_draft("e:1", "x");
  draft.entity = NULL;
  cr_assert_eq(refused(&draft), BP_ARGUMENT);
  draft = fixture_draft("e:1", "x");
  draft.extension_count = 1;
  cr_assert_eq(refused(&draft), BP_ARGUMENT);
  draft = fixture_draft("e:1", "x");
  draft.given = BP_GIVEN_MASK + 1;
  cr_assert_eq(refused(&draft), BP_ARGUMENT);
  draft = fixture_draft("e:1", "x");
  draft.expect = BP_EXPECT_EVENT + 1;
  cr_assert_eq(refused(&draft), BP_ARGUMENT);
  draft = fixture_draft("e:1", "x");
  draft.durability = BP_WRITTEN + 1;
  cr_assert_eq(refused(&draft), BP_ARGUMENT);
  draft = fixture_draft("e:1", "x");
  draft.allow_reserved = 2;
  cr_assert_eq(refused(&draft), BP_ARGUMENT);
  draft = fixture_draft("e:1", "x");
  draft.struct_size = sizeof draft - 1;
  cr_assert_eq(refused(&draft), BP_STRUCT_SIZE);
  draft = fixture_draft("e:1", "x");
  receipt.struct_size = 0;
  cr_assert_eq(bp_store_append(store, &draft, &receipt, &error), BP_STRUCT_SIZE);
  cr_assert_eq(fixture_stat(store).events, 1);
  cr_assert_eq(bp_store_append(store, &draft, NULL, NULL), BP_OK, "nobody needs to want the receipt");
}

/* --- expectations */

/* P-067 */
Test(append, the_clock_may_be_expected) {
  bp_draft draft = fixture_draft("e:1", "x");
  draft.expect = BP_EXPECT_CLOCK;
  draft.expect_clock = 1;
  cr_assert_eq(refused(&draft), BP_EXPECTED_CLOCK);
  cr_assert_eq(error.expected, 1);
  cr_assert_eq(error.actual, 0);
  draft.expect_clock = 0;
  fixture_append(store, &draft); /* 0 holds for an empty entity */
  fixture_append(store, &draft); /* and for one event: the reference's rule */
  cr_assert_eq(refused(&draft), BP_EXPECTED_CLOCK);
  cr_assert_eq(error.expected, 0);
  cr_assert_eq(error.actual, 1);
  draft.expect_clock = 1;
  cr_assert_eq(get(fixture_append(store, &draft).event_id)->clock, 2);
}

/* P-067 */
Test(append, an_empty_entity_may_be_expected) {
  bp_draft draft = fixture_draft("e:1", "x");
  draft.expect = BP_EXPECT_EMPTY;
  fixture_append(store, &draft);
  cr_assert_eq(refused(&draft), BP_EXPECTED_EMPTY);
  cr_assert_eq(error.actual, 0);
  fixture_append_text(store, "e:1", "y");
  cr_assert_eq(refused(&draft), BP_EXPECTED_EMPTY);
  cr_assert_eq(error.actual, 1);
  draft = fixture_draft("e:2", "x");
  draft.expect = BP_EXPECT_EMPTY;
  fixture_append(store, &draft);
}

/* P-067 */
Test(append, the_last_event_may_be_expected) {
  bp_draft draft = fixture_draft("e:1", "x");
  draft.expect = BP_EXPECT_EVENT;
  cr_assert_eq(refused(&draft), BP_EXPECTED_EVENT);
  cr_assert_arr_eq(error.event_id, zeros, 16);
  bp_receipt first = fixture_append_text(store, "e:1", "a"), second = fixture_append_text(store, "e:1", "b");
  memcpy(draft.expect_event_id, first.event_id, 16);
  cr_assert_eq(refused(&draft), BP_EXPECTED_EVENT);
  cr_assert_arr_eq(error.event_id, second.event_id, 16);
  memcpy(draft.expect_event_id, second.event_id, 16);
  fixture_append(store, &draft);
}

/* --- keys */

/* P-068 */
Test(append, a_key_is_the_event_id_and_answers_the_first_event) {
  bp_draft draft = fixture_draft("e:1", "first");
  fixture_give_key(&draft, 42);
  bp_receipt first = fixture_append(store, &draft);
  cr_assert_arr_eq(first.event_id, draft.key, 16);
  bp_stat before = fixture_stat(store);
  bp_receipt again = fixture_append(store, &draft);
  cr_assert_eq(again.replayed, 1);
  cr_assert_eq(again.same, 1);
  cr_assert_eq(again.sequence, first.sequence);
  cr_assert_eq(again.offset, first.offset);
  cr_assert_eq(again.frame_length, first.frame_length);
  cr_assert_arr_eq(again.content_hash, first.content_hash, 32);
  cr_assert_eq(fixture_stat(store).bytes, before.bytes);

  bp_draft other = fixture_draft("e:1", "other");
  fixture_give_key(&other, 42);
  again = fixture_append(store, &other);
  cr_assert_eq(again.replayed, 1);
  cr_assert_eq(again.same, 0);
  cr_assert_arr_eq(again.content_hash, first.content_hash, 32, "of what is there");
  other = fixture_draft("e:2", "first");
  fixture_give_key(&other, 42);
  cr_assert_eq(fixture_append(store, &other).same, 0, "another entity");
  other = draft;
  other.kind++;
  cr_assert_eq(fixture_append(store, &other).same, 0, "another kind");
  other = draft;
  other.scope = (const uint8_t *)"elsewhere";
  other.scope_length = 9;
  cr_assert_eq(fixture_append(store, &other).same, 0, "another scope");
  other = draft;
  other.flags = 1;
  cr_assert_eq(fixture_append(store, &other).same, 1, "flags are not compared");
  cr_assert_eq(fixture_stat(store).events, before.events);
}

Test(append, a_key_of_zeros_is_a_key) {
  bp_draft draft = fixture_draft("e:1", "x");
  draft.given = BP_GIVEN_KEY;
  cr_assert_eq(fixture_append(store, &draft).replayed, 0);
  cr_assert_eq(fixture_append(store, &draft).replayed, 1);
}

Test(append, a_key_that_is_an_unkeyed_event_s_id_answers_it) {
  bp_receipt first = fixture_append_text(store, "e:1", "x");
  bp_draft draft = fixture_draft("e:1", "x");
  draft.given = BP_GIVEN_KEY;
  memcpy(draft.key, first.event_id, 16);
  cr_assert_eq(fixture_append(store, &draft).sequence, first.sequence);
}

Test(append, a_key_is_looked_up_before_the_expectation) {
  bp_draft draft = fixture_draft("e:1", "x");
  fixture_give_key(&draft, 1);
  draft.expect = BP_EXPECT_EMPTY;
  fixture_append(store, &draft);
  cr_assert_eq(fixture_append(store, &draft).replayed, 1);
  fixture_give_key(&draft, 2);
  cr_assert_eq(refused(&draft), BP_EXPECTED_EMPTY);
}

Test(append, a_key_survives_a_new_session) {
  bp_draft draft = fixture_draft("e:1", "x");
  const bp_extension extension = {(const uint8_t *)"a.b", 3, (const uint8_t *)"\x01", 1};
  draft.extensions = &extension;
  draft.extension_count = 1;
  fixture_give_key(&draft, 9);
  bp_receipt first = fixture_append(store, &draft);
  fixture_close(store);
  bp_config config = append_config();
  store = fixture_open(path, BP_MODE_MUST_EXIST, &config);
  uint8_t room[16];
  bp_receipt again = fixture_receipt();
  again.extensions = room;
  again.extensions_capacity = sizeof room;
  draft.extension_count = 0;
  MUST(bp_store_append(store, &draft, &again, NULL));
  cr_assert_eq(again.replayed, 1);
  cr_assert_eq(again.sequence, first.sequence);
  cr_assert_eq(again.extensions_length, 7, "those of the event that is there");
  cr_assert_arr_eq(room, "\x81\xa3" "a.b" "\x91\x01", 7);
}

/* V-06 */
Test(append, a_key_of_a_cancelled_event_is_refused) {
  char copy[512];
  bp_store *mine = store;
  bp_page *page;
  golden_copy("reference/fence_cancelled", path, copy, sizeof copy);
  store = fixture_open(copy, BP_MODE_MUST_EXIST, NULL);
  bp_draft draft = fixture_draft("e:1", "x");
  draft.given = BP_GIVEN_KEY;
  fixture_hex("0000000000c0ffee0000000000000008", draft.key, 16);
  cr_assert_eq(refused(&draft), BP_KEY_CANCELLED);
  MUST(bp_page_new(&page, NULL));
  cr_assert_eq(bp_store_get(store, draft.key, page, NULL), BP_NOT_FOUND);
  draft.key[15] = 0x0a;
  cr_assert_eq(fixture_append(store, &draft).replayed, 1, "the next one was not cancelled");
  bp_page_free(page);
  fixture_close(store);
  store = mine;
}

/* --- time */

Test(append, wall_time_never_goes_back) {
  bp_receipt first = fixture_append_text(store, "e:1", "a");
  uint64_t wall = get(first.event_id)->wall_ms;
  fake_now_us -= 3600 * (int64_t)1000000;
  bp_receipt second = fixture_append_text(store, "e:2", "b");
  cr_assert_eq(get(second.event_id)->wall_ms, wall);
  cr_assert_geq(get(second.event_id)->timestamp_us, get(first.event_id)->timestamp_us);
  fake_now_us += 7200 * (int64_t)1000000;
  bp_receipt third = fixture_append_text(store, "e:2", "c");
  cr_assert_gt(get(third.event_id)->wall_ms, wall);
}

/* P-080 */
Test(append, a_clock_before_1970_is_refused) {
  bp_draft draft = fixture_draft("e:1", "x");
  fake_now_us = -1;
  cr_assert_eq(refused(&draft), BP_CLOCK_INVALID);
  fake_now_us = INT64_MIN;
  cr_assert_eq(refused(&draft), BP_CLOCK_INVALID);
  fake_now_us = 1800000000000000;
  fixture_append(store, &draft);
}

/* Nobody appends 2^32 events; a segment made by hand says that somebody did. */
Test(append, an_entity_s_clock_has_an_end) {
  char made[TEMPORARY_PATH_MAX + 8];
  segment_builder builder;
  bpi_header header = builder_header(1);
  segment_builder_init(&builder, 1);
  header.clock = UINT32_MAX;
  builder_put_frame(&builder.bytes, &header, bpi_bytes_of("x", 1));
  fixture_join(made, sizeof made, path, "made");
  cr_assert_eq(mkdir(made, 0777), 0);
  fixture_write(made, "000001.fbat", builder.bytes.data, builder.bytes.length);
  segment_builder_free(&builder);
  bp_store *mine = store;
  store = fixture_open(made, BP_MODE_MUST_EXIST, NULL);
  bp_draft draft = fixture_draft("e:1", "one too many");
  cr_assert_eq(refused(&draft), BP_CLOCK_OVERFLOW);
  draft = fixture_draft("e:2", "another entity");
  fixture_append(store, &draft);
  fixture_close(store);
  store = mine;
}

Test(append, ids_rise_within_a_millisecond) {
  uint8_t last[16] = {0};
  for (int i = 0; i < 1000; i++) {
    bp_receipt receipt = fixture_append_text(store, "e:1", "x");
    cr_assert_gt(memcmp(receipt.event_id, last, 16), 0);
    memcpy(last, receipt.event_id, 16);
  }
}

/* --- the receipt's extensions */

Test(append, the_receipt_says_how_much_room_the_extensions_need) {
  bp_draft draft = fixture_draft("e:1", "x");
  const bp_extension extension = {(const uint8_t *)"a.b", 3, (const uint8_t *)"\xff\x01", 2};
  draft.extensions = &extension;
  draft.extension_count = 1;
  uint8_t room[9] = {0};
  bp_receipt receipt = fixture_receipt();
  MUST(bp_store_append(store, &draft, &receipt, NULL));
  cr_assert_eq(receipt.extensions_length, 9, "nobody gave a buffer");
  receipt.extensions = room;
  receipt.extensions_capacity = 8;
  MUST(bp_store_append(store, &draft, &receipt, NULL));
  cr_assert_eq(receipt.extensions_length, 9);
  cr_assert_arr_eq(room, zeros, 9, "too small: untouched");
  receipt.extensions_capacity = 9;
  MUST(bp_store_append(store, &draft, &receipt, NULL));
  cr_assert_arr_eq(room, "\x81\xa3" "a.b" "\x92\xcc\xff\x01", 9);
  cr_assert_eq(receipt.extensions, room);
}

/* P-072 */
Test(append, large_events_come_back_as_they_were) {
  static const size_t sizes[] = {1, 1900, 2048, 70000, 1 << 20, 16 << 20};
  uint8_t *payload = malloc(16 << 20);
  for (size_t i = 0; i < 16 << 20; i++) payload[i] = (uint8_t)(i * 31 >> 3);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    bp_draft draft = fixture_draft("e:large", "");
    draft.payload = payload;
    draft.payload_length = sizes[i];
    const bp_event *event = get(fixture_append(store, &draft).event_id);
    cr_assert_eq(event->payload_length, sizes[i]);
    cr_assert_eq(memcmp(event->payload, payload, sizes[i]), 0);
  }
  free(payload);
}
