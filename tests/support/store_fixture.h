/* Stores for tests: drafts, opening, files behind a store's back, findings.  What these helpers do not expect to fail
 * aborts with a line that says what failed. */
#ifndef SUPPORT_STORE_FIXTURE_H
#define SUPPORT_STORE_FIXTURE_H

#include "base/bytes.h"
#include "support/temporary.h"

#include <stdio.h>

enum { FIXTURE_KIND = 0x2005 };

/* Aborts when the status is not BP_OK. */
#define MUST(call) fixture_must((call), #call, __FILE__, __LINE__)
void fixture_must(bp_status status, const char *what, const char *file, int line);

bp_error fixture_error(void);
bp_config fixture_config(uint32_t mode);
/* The strings and the payload must live as long as the draft. */
bp_draft fixture_draft(const char *entity, const char *payload);
bp_receipt fixture_receipt(void);
bp_query fixture_query(void);
void fixture_give_key(bp_draft *draft, uint64_t number);
/* An id with this number in its last eight bytes. */
void fixture_id(uint8_t id[16], uint64_t number);

/* config NULL: the defaults; mode counts. */
bp_store *fixture_open(const char *path, uint32_t mode, const bp_config *config);
/* The status of an open that may fail; a store that comes of it is released again. */
bp_status fixture_try_open(const char *path, uint32_t mode, const bp_config *config, bp_error *error);
void fixture_close(bp_store *store);
bp_receipt fixture_append(bp_store *store, const bp_draft *draft);
bp_receipt fixture_append_text(bp_store *store, const char *entity, const char *payload);
bp_stat fixture_stat(const bp_store *store);

/* A filled page; bp_page_free frees it. */
bp_page *fixture_page(const bp_store *store, const bp_query *query, const bp_event **events, size_t *count);
/* The event with this id, in a page that lives until fixture_free_pages; aborts when it cannot be read. */
const bp_event *fixture_get(const bp_store *store, const uint8_t id[16]);
/* The n-th of all events, likewise. */
const bp_event *fixture_event_at(const bp_store *store, size_t n);
void fixture_free_pages(void);
size_t fixture_count(const bp_store *store, const bp_query *query);
int fixture_text_is(const uint8_t *bytes, size_t length, const char *text);

/* --- findings */

/* The first with this code, or NULL. */
const bp_finding *fixture_finding(const bp_report *report, const char *code);
bp_report *fixture_verify(const bp_store *store, const bp_trust *trust);
bp_verdict fixture_verdict(const bp_report *report);
/* Opens read-only, verifies, closes: the verdict. */
uint32_t fixture_verdict_of(const char *path);
void fixture_print_findings(const bp_report *report);

/* --- files */

typedef struct fixture_file {
  uint8_t *bytes; /* free() */
  size_t length;
} fixture_file;

void fixture_join(char *path, size_t capacity, const char *directory, const char *name);
int fixture_exists(const char *directory, const char *name);
fixture_file fixture_read(const char *directory, const char *name);
void fixture_write(const char *directory, const char *name, const void *bytes, size_t length);
void fixture_remove(const char *directory, const char *name);
void fixture_flip(const char *directory, const char *name, size_t offset, uint8_t bits);
/* Files only, one level, as a new directory. */
void fixture_copy_directory(const char *from, const char *to);
/* A number for names, sizes, contents and times of change of everything in the directory. */
uint64_t fixture_digest(const char *directory);
size_t fixture_entries(const char *directory);
void fixture_hex(const char *hex, uint8_t *bytes, size_t length);

#endif
