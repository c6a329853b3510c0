#include "support/store_fixture.h"

#include "base/hash.h"
#include "codec/text.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void fail(const char *what, const char *detail) {
  fprintf(stderr, "%s: %s\n", what, detail);
  abort();
}

void fixture_must(bp_status status, const char *what, const char *file, int line) {
  if (status == BP_OK) return;
  fprintf(stderr, "%s:%d: %s: %s\n", file, line, what, bp_status_name(status));
  abort();
}

bp_error fixture_error(void) {
  bp_error error;
  memset(&error, 0, sizeof error);
  error.struct_size = sizeof error;
  return error;
}

bp_config fixture_config(uint32_t mode) {
  bp_config config;
  MUST(bp_config_init(&config, sizeof config));
  config.mode = mode;
  return config;
}

bp_draft fixture_draft(const char *entity, const char *payload) {
  bp_draft draft;
  MUST(bp_draft_init(&draft, sizeof draft));
  draft.kind = FIXTURE_KIND;
  draft.entity = (const uint8_t *)entity;
  draft.entity_length = strlen(entity);
  draft.scope = (const uint8_t *)"scope";
  draft.scope_length = 5;
  draft.payload = (const uint8_t *)payload;
  draft.payload_length = strlen(payload);
  return draft;
}

bp_receipt fixture_receipt(void) {
  bp_receipt receipt;
  MUST(bp_receipt_init(&receipt, sizeof receipt));
  return receipt;
}

bp_query fixture_query(void) {
  bp_query query;
  MUST(bp_query_init(&query, sizeof query));
  query.limit = 100000;
  query.max_bytes = (size_t)1 << 30;
  return query;
}

void fixture_id(uint8_t id[16], uint64_t number) {
  memset(id, 0, 16);
  bpi_store_be64(id + 8, number);
}

void fixture_give_key(bp_draft *draft, uint64_t number) {
  draft->given |= BP_GIVEN_KEY;
  fixture_id(draft->key, number);
}

/* --- stores */

bp_status fixture_try_open(const char *path, uint32_t mode, const bp_config *config, bp_error *error) {
  bp_config with_mode = config != NULL ? *config : fixture_config(mode);
  bp_store *store;
  with_mode.mode = mode;
  bp_status status = bp_store_open(path, &with_mode, &store, error);
  if (status != BP_OK && store != NULL) fail("opening", "a failed open left a handle");
  bp_store_release(store);
  return status;
}

bp_store *fixture_open(const char *path, uint32_t mode, const bp_config *config) {
  bp_config with_mode = config != NULL ? *config : fixture_config(mode);
  bp_error error = fixture_error();
  bp_store *store;
  with_mode.mode = mode;
  if (bp_store_open(path, &with_mode, &store, &error) != BP_OK) fail(bp_status_name(error.code), error.text);
  return store;
}

void fixture_close(bp_store *store) {
  bp_error error = fixture_error();
  if (bp_store_close(store, &error) != BP_OK) fail(bp_status_name(error.code), error.text);
}

bp_receipt fixture_append(bp_store *store, const bp_draft *draft) {
  bp_receipt receipt = fixture_receipt();
  bp_error error = fixture_error();
  if (bp_store_append(store, draft, &receipt, &error) != BP_OK) fail(bp_status_name(error.code), error.text);
  return receipt;
}

bp_receipt fixture_append_text(bp_store *store, const char *entity, const char *payload) {
  bp_draft draft = fixture_draft(entity, payload);
  return fixture_append(store, &draft);
}

bp_stat fixture_stat(const bp_store *store) {
  bp_stat stat = {.struct_size = sizeof stat};
  MUST(bp_store_stat(store, &stat, NULL));
  return stat;
}

bp_page *fixture_page(const bp_store *store, const bp_query *query, const bp_event **events, size_t *count) {
  bp_query all = fixture_query();
  bp_page *page;
  MUST(bp_page_new(&page, NULL));
  MUST(bp_store_page(store, query != NULL ? query : &all, page, NULL));
  *events = bp_page_events(page, count);
  return page;
}

static bp_page **kept;
static size_t kept_count;

static void keep(bp_page *page) {
  kept = realloc(kept, (kept_count + 1) * sizeof *kept);
  if (kept == NULL) abort();
  kept[kept_count++] = page;
}

void fixture_free_pages(void) {
  while (kept_count > 0) bp_page_free(kept[--kept_count]);
  free(kept);
  kept = NULL;
}

const bp_event *fixture_get(const bp_store *store, const uint8_t id[16]) {
  bp_page *page;
  size_t count;
  MUST(bp_page_new(&page, NULL));
  keep(page);
  MUST(bp_store_get(store, id, page, NULL));
  const bp_event *events = bp_page_events(page, &count);
  if (count != 1) fail("bp_store_get", "not one event");
  return events;
}

const bp_event *fixture_event_at(const bp_store *store, size_t n) {
  const bp_event *events;
  size_t count;
  keep(fixture_page(store, NULL, &events, &count));
  if (n >= count) fail("an event that is not there", "");
  return &events[n];
}

size_t fixture_count(const bp_store *store, const bp_query *query) {
  const bp_event *events;
  size_t count;
  bp_page_free(fixture_page(store, query, &events, &count));
  return count;
}

int fixture_text_is(const uint8_t *bytes, size_t length, const char *text) {
  return length == strlen(text) && memcmp(bytes, text, length) == 0;
}

/* --- findings */

const bp_finding *fixture_finding(const bp_report *report, const char *code) {
  size_t count;
  const bp_finding *findings = bp_report_findings(report, &count);
  for (size_t i = 0; i < count; i++) {
    if (strcmp(findings[i].code, code) == 0) return &findings[i];
  }
  return NULL;
}

bp_report *fixture_verify(const bp_store *store, const bp_trust *trust) {
  bp_report *report;
  MUST(bp_store_verify(store, trust, &report, NULL));
  return report;
}

bp_verdict fixture_verdict(const bp_report *report) {
  bp_verdict verdict = {.struct_size = sizeof verdict};
  MUST(bp_report_verdict(report, &verdict));
  return verdict;
}

uint32_t fixture_verdict_of(const char *path) {
  bp_store *store = fixture_open(path, BP_MODE_READ_ONLY, NULL);
  bp_report *report = fixture_verify(store, NULL);
  uint32_t verdict = fixture_verdict(report).verdict;
  bp_report_free(report);
  fixture_close(store);
  return verdict;
}

void fixture_print_findings(const bp_report *report) {
  size_t count;
  const bp_finding *findings = bp_report_findings(report, &count);
  for (size_t i = 0; i < count; i++) {
    fprintf(stderr, "  %s %s segment %lld offset %lld sequence %lld: %s\n", bp_severity_name(findings[i].severity),
            findings[i].code, (long long)findings[i].segment_id, (long long)findings[i].offset,
            (long long)findings[i].sequence, findings[i].text);
  }
}

/* --- files */

void fixture_join(char *path, size_t capacity, const char *directory, const char *name) {
  int length = snprintf(path, capacity, "%s/%s", directory, name);
  if (length < 0 || (size_t)length >= capacity) fail("a path that is too long", name);
}

int fixture_exists(const char *directory, const char *name) {
  char path[1024];
  struct stat about;
  fixture_join(path, sizeof path, directory, name);
  return lstat(path, &about) == 0;
}

fixture_file fixture_read(const char *directory, const char *name) {
  char path[1024];
  struct stat about;
  fixture_file file = {NULL, 0};
  fixture_join(path, sizeof path, directory, name);
  FILE *in = fopen(path, "rb");
  if (in == NULL || fstat(fileno(in), &about) != 0) fail("reading", path);
  file.length = (size_t)about.st_size;
  file.bytes = malloc(file.length + 1);
  if (file.bytes == NULL || fread(file.bytes, 1, file.length, in) != file.length) fail("reading", path);
  file.bytes[file.length] = 0;
  fclose(in);
  return file;
}

void fixture_write(const char *directory, const char *name, const void *bytes, size_t length) {
  char path[1024];
  fixture_join(path, sizeof path, directory, name);
  FILE *out = fopen(path, "wb");
  if (out == NULL || (length > 0 && fwrite(bytes, 1, length, out) != length) || fclose(out) != 0) fail("writing", path);
}

void fixture_remove(const char *directory, const char *name) {
  char path[1024];
  fixture_join(path, sizeof path, directory, name);
  if (unlink(path) != 0) fail("removing", path);
}

void fixture_flip(const char *directory, const char *name, size_t offset, uint8_t bits) {
  fixture_file file = fixture_read(directory, name);
  if (offset >= file.length) fail("flipping a byte that is not there", name);
  file.bytes[offset] = (uint8_t)(file.bytes[offset] ^ bits);
  fixture_write(directory, name, file.bytes, file.length);
  free(file.bytes);
}

static int is_dot(const char *name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

void fixture_copy_directory(const char *from, const char *to) {
  DIR *directory = opendir(from);
  if (directory == NULL || mkdir(to, 0777) != 0) fail("copying", from);
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (is_dot(entry->d_name)) continue;
    fixture_file file = fixture_read(from, entry->d_name);
    fixture_write(to, entry->d_name, file.bytes, file.length);
    free(file.bytes);
  }
  closedir(directory);
}

static uint64_t digest_entry(const char *directory, const char *name) {
  char path[1024];
  struct stat about;
  fixture_join(path, sizeof path, directory, name);
  if (lstat(path, &about) != 0) fail("looking at", path);
  uint64_t digest = bpi_hash(name, strlen(name), (uint64_t)about.st_mode);
  digest = bpi_hash(&about.st_mtim, sizeof about.st_mtim, digest);
  if (!S_ISREG(about.st_mode)) return digest;
  fixture_file file = fixture_read(directory, name);
  digest = bpi_hash(file.bytes, file.length, digest);
  free(file.bytes);
  return digest;
}

/* The order of a listing is nobody's promise: the entries' numbers are added up. */
uint64_t fixture_digest(const char *path) {
  uint64_t digest = 0;
  DIR *directory = opendir(path);
  if (directory == NULL) fail("listing", path);
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (!is_dot(entry->d_name)) digest += digest_entry(path, entry->d_name);
  }
  closedir(directory);
  return digest;
}

size_t fixture_entries(const char *path) {
  size_t count = 0;
  DIR *directory = opendir(path);
  if (directory == NULL) fail("listing", path);
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) count += !is_dot(entry->d_name);
  closedir(directory);
  return count;
}

void fixture_hex(const char *hex, uint8_t *bytes, size_t length) {
  if (bpi_hex_decode(hex, strlen(hex), bytes, length) != 0) fail("not hexadecimal", hex);
}
