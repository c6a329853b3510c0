/* What the C driver can do: one function for each instruction. */
#ifndef DRIVER_OPERATIONS_H
#define DRIVER_OPERATIONS_H

#include "wire.h"

/* What the clock shows until a program sets it. */
#define DRIVER_CLOCK_START INT64_C(1700000000000000)

typedef struct held_ticket {
  bp_ticket *ticket; /* NULL when it was freed */
  bool is_batch;
  bool is_fenced;
} held_ticket;

/* One store at a time, and the clock that the program holds: it stands still between two `clock` instructions. */
typedef struct driver_session {
  bp_store *store;
  bp_page *page;
  _Atomic int64_t clock_us; /* read by the store's thread too */
  held_ticket *tickets;     /* by number */
  size_t ticket_count;
  size_t settled_count; /* of these, in order, it is known that they are written */
  bp_fence *fence;      /* the last that was begun and not dropped */
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
extern const operation_row ticket_operations[];
/* What these hand over goes on while the next one is read; everything else finds it settled. */
extern const operation_row submit_operations[];

/* Waits until what was submitted is decided, or is written behind a fence. */
void session_settle(driver_session *session);
/* Lets go of the store and its fence without closing it, as a program does that forgets it. */
void session_leave(driver_session *session);
/* The session as it was in the beginning. */
void session_forget(driver_session *session);

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
json *receipts_json(const bp_receipt *receipts, size_t count);

/* The draft of an instruction or those of its `items`, with room for their receipts. */
typedef struct draft_list {
  owned_draft *owned;
  bp_draft *drafts;
  bp_receipt *receipts;
  size_t count;
} draft_list;

/* False for malformed ones, and nothing to be freed. */
bool drafts_from(const json *step, draft_list *list);
void drafts_free(draft_list *list);

#endif
