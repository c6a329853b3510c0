/* Defaults and limits of the public structs. */
#include "support/store_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static char parent[TEMPORARY_PATH_MAX];
static char path[TEMPORARY_PATH_MAX + 8];

static void set_up(void) {
  temporary_create(parent);
  fixture_join(path, sizeof path, parent, "store");
}
static void tear_down(void) { temporary_remove(parent); }

TestSuite(options, .init = set_up, .fini = tear_down);

Test(options, the_defaults_are_those_of_the_header) {
  bp_config config;
  memset(&config, 0xff, sizeof config);
  MUST(bp_config_init(&config, sizeof config));
  cr_assert_eq(config.struct_size, sizeof config);
  cr_assert_eq(config.mode, BP_MODE_CREATE);
  cr_assert_eq(config.durability, BP_DURABLE);
  cr_assert_eq(config.sync_mode, BP_SYNC_DATA);
  cr_assert_eq(config.segment_max_bytes, 268435456);
  cr_assert_eq(config.single_append_max_bytes, 16777216);
  cr_assert_eq(config.sync_every_events, 1000);
  cr_assert_eq(config.group_max_events, 1024);
  cr_assert_eq(config.flags, 0);
  cr_assert_null(config.signing_seeds);
  cr_assert_null(config.verify_keys);
  cr_assert(config.clock == NULL && config.progress == NULL && config.log == NULL && config.reallocate == NULL);
  cr_assert_null(config.system);
  bp_query query;
  MUST(bp_query_init(&query, sizeof query));
  cr_assert_eq(query.limit, 256);
  cr_assert_eq(query.max_bytes, 4 << 20);
  cr_assert_eq(query.flags, 0);
  cr_assert_eq(query.kind_filter, BP_KIND_ANY);
}

/* Every init function: its size, a larger one with zeros behind, none smaller. */
static void assert_init(bp_status (*init)(void *, size_t), size_t size) {
  uint8_t *bytes = malloc(size + 64);
  uint32_t struct_size;
  memset(bytes, 0xee, size + 64);
  cr_assert_eq(init(bytes, size), BP_OK);
  memcpy(&struct_size, bytes, sizeof struct_size);
  cr_assert_eq(struct_size, size);
  cr_assert_eq(bytes[size], 0xee, "nothing is written behind the struct");
  cr_assert_eq(init(bytes, size + 32), BP_OK);
  memcpy(&struct_size, bytes, sizeof struct_size);
  cr_assert_eq(struct_size, size + 32);
  for (size_t i = size; i < size + 32; i++) cr_assert_eq(bytes[i], 0);
  cr_assert_eq(bytes[size + 32], 0xee);
  memset(bytes, 0xee, size);
  cr_assert_eq(init(bytes, size - 1), BP_STRUCT_SIZE);
  cr_assert_eq(init(bytes, 0), BP_STRUCT_SIZE);
  cr_assert_eq(init(bytes, (size_t)UINT32_MAX + 1), BP_STRUCT_SIZE);
  cr_assert_eq(bytes[0], 0xee);
  cr_assert_eq(init(NULL, size), BP_ARGUMENT);
  free(bytes);
}

static bp_status init_config(void *at, size_t size) { return bp_config_init((bp_config *)at, size); }
static bp_status init_draft(void *at, size_t size) { return bp_draft_init((bp_draft *)at, size); }
static bp_status init_receipt(void *at, size_t size) { return bp_receipt_init((bp_receipt *)at, size); }
static bp_status init_query(void *at, size_t size) { return bp_query_init((bp_query *)at, size); }
static bp_status init_trust(void *at, size_t size) { return bp_trust_init((bp_trust *)at, size); }

Test(options, init_functions_keep_to_the_size_given) {
  assert_init(init_config, sizeof(bp_config));
  assert_init(init_draft, sizeof(bp_draft));
  assert_init(init_receipt, sizeof(bp_receipt));
  assert_init(init_query, sizeof(bp_query));
  assert_init(init_trust, sizeof(bp_trust));
}

static bp_status open_with(const bp_config *config, bp_error *error) {
  bp_store *store = NULL;
  *error = fixture_error();
  bp_status status = bp_store_open(path, config, &store, error);
  bp_store_release(store);
  return status;
}

static void assert_refused(const bp_config *config, const char *named) {
  bp_error error;
  cr_assert_eq(open_with(config, &error), BP_CONFIGURATION, "%s", named);
  cr_assert_not_null(strstr(error.text, named), "the text names the option: %s", error.text);
  cr_assert_not(fixture_exists(parent, "store"), "%s: nothing may be created", named);
}

/* P-083 */
Test(options, every_limit_is_accepted_and_refused_one_past_it) {
  bp_config config = fixture_config(BP_MODE_CREATE);
  bp_error error;
  config.mode = BP_MODE_READ_ONLY + 1;
  assert_refused(&config, "mode");
  config = fixture_config(BP_MODE_CREATE);
  config.durability = BP_WRITTEN + 1;
  assert_refused(&config, "durability");
  config = fixture_config(BP_MODE_CREATE);
  config.sync_mode = BP_SYNC_ALL + 1;
  assert_refused(&config, "sync_mode");
  config = fixture_config(BP_MODE_CREATE);
  config.segment_max_bytes = 0;
  assert_refused(&config, "segment_max_bytes");
  config = fixture_config(BP_MODE_CREATE);
  config.single_append_max_bytes = 0;
  assert_refused(&config, "single_append_max_bytes");
  config.single_append_max_bytes = 67108864 + 1;
  assert_refused(&config, "single_append_max_bytes");
  config = fixture_config(BP_MODE_CREATE);
  config.group_max_events = 0;
  assert_refused(&config, "group_max_events");
  config.group_max_events = 4097;
  assert_refused(&config, "group_max_events");
  config = fixture_config(BP_MODE_CREATE);
  config.preallocate_bytes = 16777216 + 1;
  assert_refused(&config, "preallocate_bytes");
  config = fixture_config(BP_MODE_CREATE);
  config.flags = 1;
  assert_refused(&config, "flags");
  static const uint8_t keys[32] = {1};
  config = fixture_config(BP_MODE_CREATE);
  config.signing_seeds = keys;
  config.signing_seed_count = 1025;
  assert_refused(&config, "signing_seed_count");
  config = fixture_config(BP_MODE_CREATE);
  config.verify_keys = keys;
  config.verify_key_count = 1025;
  assert_refused(&config, "verify_key_count");

  config = fixture_config(BP_MODE_CREATE);
  config.durability = BP_WRITTEN;
  config.sync_mode = BP_SYNC_ALL;
  config.segment_max_bytes = UINT64_MAX;
  config.single_append_max_bytes = 67108864;
  config.sync_every_events = UINT32_MAX;
  config.group_max_events = 4096;
  config.preallocate_bytes = 16777216;
  cr_assert_eq(open_with(&config, &error), BP_OK);
  config.segment_max_bytes = 1;
  config.single_append_max_bytes = 1;
  config.sync_every_events = 0;
  config.group_max_events = 1;
  config.preallocate_bytes = 0;
  config.durability = BP_DURABILITY_DEFAULT;
  cr_assert_eq(open_with(&config, &error), BP_OK);
}

Test(options, keys_are_checked_before_anything_is_created) {
  static const uint8_t zero_seed[64] = {1};
  static const uint8_t no_point[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  bp_error error;
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.signing_seeds = zero_seed;
  config.signing_seed_count = 2; /* the second is all zeros */
  cr_assert_eq(open_with(&config, &error), BP_SEED_ZERO);
  config = fixture_config(BP_MODE_CREATE);
  config.verify_keys = no_point;
  config.verify_key_count = 1;
  cr_assert_eq(open_with(&config, &error), BP_KEY_INVALID);
  config.verify_keys = NULL;
  cr_assert_eq(open_with(&config, &error), BP_ARGUMENT);
  config = fixture_config(BP_MODE_CREATE);
  config.signing_seed_count = 1;
  cr_assert_eq(open_with(&config, &error), BP_ARGUMENT);
  config.signing_seed_count = (size_t)1 << 60;
  cr_assert_eq(open_with(&config, &error), BP_CONFIGURATION);
  cr_assert_not(fixture_exists(parent, "store"));
}

Test(options, a_config_of_another_size_is_refused_and_a_larger_one_of_zeros_is_taken) {
  struct {
    bp_config config;
    uint8_t later[16];
  } wide;
  bp_error error;
  memset(&wide, 0, sizeof wide);
  wide.config = fixture_config(BP_MODE_CREATE);
  wide.config.struct_size = sizeof wide.config - 8;
  cr_assert_eq(open_with(&wide.config, &error), BP_STRUCT_SIZE);
  wide.config.struct_size = 0;
  cr_assert_eq(open_with(&wide.config, &error), BP_STRUCT_SIZE);
  wide.config.struct_size = UINT32_MAX;
  cr_assert_eq(open_with(&wide.config, &error), BP_STRUCT_SIZE);
  wide.config.struct_size = sizeof wide;
  wide.later[15] = 1;
  cr_assert_eq(open_with(&wide.config, &error), BP_STRUCT_SIZE);
  cr_assert_not(fixture_exists(parent, "store"));
  wide.later[15] = 0;
  cr_assert_eq(open_with(&wide.config, &error), BP_OK);
}

Test(options, no_config_is_the_defaults) {
  bp_store *store = NULL;
  MUST(bp_store_open(path, NULL, &store, NULL));
  cr_assert_eq(fixture_append_text(store, "e:1", "x").durable, 1);
  fixture_close(store);
}

Test(options, queries_of_unknown_values_are_refused) {
  bp_store *store = fixture_open(path, BP_MODE_CREATE, NULL);
  bp_page *page;
  MUST(bp_page_new(&page, NULL));
  bp_query query = fixture_query();
  query.flags = BP_QUERY_MASK + 1;
  cr_assert_eq(bp_store_page(store, &query, page, NULL), BP_ARGUMENT);
  query.flags = BP_QUERY_ENTITY | BP_QUERY_UNDER;
  cr_assert_eq(bp_store_page(store, &query, page, NULL), BP_ARGUMENT);
  query = fixture_query();
  query.kind_filter = BP_KIND_CATEGORY + 1;
  cr_assert_eq(bp_store_page(store, &query, page, NULL), BP_ARGUMENT);
  query = fixture_query();
  query.scope_length = 1;
  cr_assert_eq(bp_store_page(store, &query, page, NULL), BP_ARGUMENT);
  query = fixture_query();
  query.kind_filter = BP_KIND_CATEGORY;
  query.kind = 16;
  cr_assert_eq(bp_store_page(store, &query, page, NULL), BP_KIND_RANGE);
  query.kind_filter = BP_KIND_EXACT;
  query.kind = 65536;
  cr_assert_eq(bp_store_page(store, &query, page, NULL), BP_KIND_RANGE);
  query = fixture_query();
  query.struct_size--;
  cr_assert_eq(bp_store_page(store, &query, page, NULL), BP_STRUCT_SIZE);
  cr_assert_eq(bp_store_page(store, NULL, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_store_page(NULL, NULL, page, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_page_new(NULL, NULL), BP_ARGUMENT);
  bp_stat stat = {.struct_size = 4};
  cr_assert_eq(bp_store_stat(store, &stat, NULL), BP_STRUCT_SIZE);
  cr_assert_eq(bp_store_stat(store, NULL, NULL), BP_ARGUMENT);
  bp_page_free(page);
  bp_page_free(NULL);
  fixture_close(store);
}
