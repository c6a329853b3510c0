/* What the C driver can do: one function for each instruction. */
#ifndef DRIVER_OPERATIONS_H
#define DRIVER_OPERATIONS_H

#include "wire.h"

/* What the clock shows until a program sets it. */
#define DRIVER_CLOCK_START INT64_C(1700000000000000)

/* One store at a time, and the clock that the program holds: it stands still between two `clock` instructions. */
typedef struct driver_session {
  bp_store *store;
  bp_page *page;
  int64_t clock_us;
} driver_session;

/* Answers a status; a value goes to *value, which is NULL before the call. */
typedef bp_status (*operation)(driver_session *session, const json *step, json **value, bp_error *error);

typedef struct operation_row {
  const char *name;
  operation run;
  bool needs_store;
} operation_row;

/* Ended by a row without a name. */
extern const operation_row library_operations[];
extern const operation_row value_operations[];
extern const operation_row token_operations[];
extern const operation_row store_operations[];
extern const operation_row read_operations[];
extern const operation_row judge_operations[];
extern const operation_row frontier_operations[];
extern const operation_row claim_operations[];
extern const operation_row outcome_operations[];
extern const operation_row guard_operations[];

json *event_json(const bp_event *event);
/* The gate of a draft; false where it is malformed. */
bool draft_gate(const json *step, bp_draft *draft);

/* A receipt and the map that its extensions lead to, which is the caller's to free whatever comes of it. */
typedef struct owned_receipt {
  bp_receipt receipt;
  bytes map;
} owned_receipt;

bp_status receipt_from(const json *object, owned_receipt *owned, bp_error *error);

/* A draft and what its pointers lead to. */
typedef struct owned_draft {
  bp_draft draft;
  bytes entity;
  bytes scope;
  bytes payload;
  extension_list extensions;
} owned_draft;

/* False for a malformed one; what was made is freed by draft_free. */
bool draft_from(const json *step, owned_draft *owned);
/* All but the payload and the gate: the `gate` of a denial is another. */
bool draft_options_from(const json *step, owned_draft *owned);
void draft_free(owned_draft *owned);
/* With room for extensions, which is free()d. */
void receipt_prepare(bp_receipt *receipt);
json *receipt_json(const bp_receipt *receipt);

#endif
