/* What the parts of the addon share.  Everything lives per environment: nothing here is static, so that each worker thread
 * loads an addon of its own.
 *
 * Invariants
 *   A handle is an external value over a bpn_box.  A value is a handle only if its pointer is in the environment's set of
 *   live boxes: the pointer of a foreign external is compared, never followed.
 *   A box counts its users: the external, and every call that runs on another thread.  The last one to go frees what the box
 *   holds, so neither garbage collection nor the end of the environment pulls a store away from under a call.
 *   A helper that answers false or NULL where it should answer something has left an exception pending.  To JavaScript NULL
 *   is undefined, or the exception that is pending.
 *   No JavaScript runs while a C++ or library frame could be skipped by what it throws: callbacks note the exception and
 *   ask the library to stop. */
#ifndef BPN_ADDON_H
#define BPN_ADDON_H

#include <batpak/ffi.h>
#include <node_api.h>
#include <stdbool.h>
#ifndef __cplusplus
#include <stdatomic.h>
#endif

typedef enum { BPN_STORE = 1, BPN_REPORT = 2, BPN_GATES = 3, BPN_PERMIT = 4, BPN_TICKET = 5, BPN_FENCE = 6 } bpn_kind;

typedef struct bpn_state bpn_state;
typedef struct bpn_log bpn_log;
typedef struct bpn_fault bpn_fault;
typedef struct bpn_box bpn_box;

#ifndef __cplusplus
struct bpn_box {
  bpn_kind kind;
  atomic_uint users;
  bpn_state *state;              /* NULL once the environment is gone */
  void *held;                    /* bp_store, bp_report, bp_gates, bp_permit, bp_ticket or bp_fence; NULL once closed or freed */
  bpn_box *store;                /* of a fence: that of its store, which it keeps */
  uint32_t running;              /* calls on other threads that have not answered yet */
  bool gone;                     /* released while calls were running: the last of them frees `held` */
  bool written;                  /* what an append that asks for nothing gets: no flush */
  bool has_clock;
  _Atomic int64_t clock_us;      /* as of the latest call */
  struct bpn_call *call;         /* the innermost call on this thread that may report progress, or ask gates */
  bpn_log *log;                  /* NULL: silence */
  bpn_fault *fault;              /* NULL: no fault points */
  struct bpn_watch *watch;       /* of a ticket that is awaited */
};
#endif

/* A call on the environment's own thread that may call back into JavaScript. */
typedef struct bpn_call {
  napi_env env;
  napi_value function;
  struct bpn_call *outer;
} bpn_call;

#ifdef __cplusplus
extern "C" {
#endif

/* state.c */
bpn_state *bpn_state_new(napi_env env);
void bpn_state_free(bpn_state *state);
napi_env bpn_env(const bpn_state *state);
/* Makes the hand-written functions properties of `exports`. */
bool bpn_register(bpn_state *state, napi_value exports);

/* The arguments of a function by hand, those not given undefined, and the state, which is in the callback's data. */
bpn_state *bpn_enter(napi_env env, napi_callback_info info, size_t count, napi_value *arguments);

/* open.c */
typedef struct bpn_opening {
  bpn_box *box;
  bp_config config;
  char *path;
  uint8_t *seeds;
  uint8_t *keys;
} bpn_opening;
bool bpn_opening_begin(bpn_state *state, napi_value path, napi_value config, bpn_opening *opening);
/* Frees all but the box, and wipes the seeds. */
void bpn_opening_end(bpn_opening *opening);
/* A terminated copy of a path, to free; NULL where it is none. */
char *bpn_path(napi_env env, napi_value value);
napi_value bpn_store_open(napi_env env, napi_callback_info info);
napi_value bpn_store_close(napi_env env, napi_callback_info info);
napi_value bpn_store_release(napi_env env, napi_callback_info info);

/* log.c */
/* A line of any thread; `user` is the box. */
void bpn_log_sink(void *user, const char *text, size_t length);
/* Gives the box a log that calls `function`, which somebody else keeps. */
bool bpn_log_begin(napi_env env, napi_value function, bpn_box *box);
/* Any thread; nothing where there is no log. */
void bpn_box_log_end(bpn_box *box);

/* fault.c */
/* A point that any thread reached; `user` is the box. */
int32_t bpn_fault_reached(void *user, uint32_t point, uint64_t batch, uint32_t item, uint32_t items);
/* Gives the box a function to ask, which somebody else keeps. */
bool bpn_fault_begin(bpn_state *state, napi_value function, bpn_box *box);
/* Any thread; nothing where there is none. */
void bpn_box_fault_end(bpn_box *box);

/* append.c */
enum { BPN_SCRATCH_HEADER = 16 };  /* the clock's microseconds, and 8 bytes unused */
typedef struct bpn_arena {
  const uint8_t *bytes;
  size_t length;
} bpn_arena;
/* A draft as JavaScript writes it into an arena.  All but numbers are offsets. */
typedef struct bpn_draft {
  uint32_t next;            /* the next draft of the arena */
  uint32_t kind;
  uint32_t entity;          /* a text: its length in 4 bytes, then its bytes */
  uint32_t scope;
  uint32_t rest;            /* a bp_draft with all that is optional, of which extensions are offsets too; 0: nothing is said */
  uint32_t payload_length;  /* the payload lies behind this struct */
} bpn_draft;
/* An offset into the arena becomes a pointer; false where it leads out. */
bool bpn_point(const bpn_arena *arena, const uint8_t **field, size_t length);
/* Reads the draft at *at into an initialised one, and moves on to the next; false where it leads out.  Sets *more where more
 * than kind, texts and payload is said; all else stays as it is.  On success its extensions are to be freed. */
bool bpn_draft_read(const bpn_arena *arena, size_t *at, bp_draft *draft, bool *more);
void bpn_draft_free(bp_draft *draft);
/* Bytes of the canonical map of a draft's own extensions. */
size_t bpn_extensions_need(const bp_draft *draft);
/* The receipt's extensions are to be freed where its frame_length is not 0: on success, and where a gate was not passed. */
bp_status bpn_append(bp_store *store, const bp_draft *draft, bp_receipt *receipt, bp_error *error);
napi_value bpn_scratch(napi_env env, napi_callback_info info);
napi_value bpn_store_append(napi_env env, napi_callback_info info);

/* receipt.c */
/* A receipt as JavaScript keeps it: most are of nobody who signs, and these are half as long. */
typedef struct bpn_receipt {
  uint64_t sequence;
  uint64_t segment_id;
  uint64_t offset;
  uint32_t frame_length;
  uint32_t flags;
  uint32_t extensions;         /* where their map begins among the bytes beside */
  uint32_t extensions_length;
  uint8_t event_id[16];
  uint8_t content_hash[32];
} bpn_receipt;
typedef struct bpn_signed_receipt {
  bpn_receipt plain;
  uint8_t key_id[32];
  uint8_t signature[64];
} bpn_signed_receipt;
/* The flags.  The first says that it is a bpn_signed_receipt. */
enum { BPN_LONG = 1, BPN_HAS_SIGNATURE = 2, BPN_DURABLE = 4, BPN_REPLAYED = 8, BPN_SAME = 16 };
/* Writes a bpn_signed_receipt if somebody signed, else a bpn_receipt. */
void bpn_receipt_pack(const bp_receipt *receipt, uint32_t extensions, void *to);
/* Packed receipts, all long, and the bytes of their extensions, copied into one block to free. */
bp_receipt *bpn_receipts_of(bpn_state *state, napi_value records, napi_value extensions, size_t *count);

/* batch.c: drafts that are appended together, atomic or not.  It begins as zeros, and keeps its arrays from one use to the next.  Drafts and receipts that are not in use are as
 * their init leaves them, but for what each use writes anew. */
typedef struct bpn_batch {
  bp_draft *drafts;
  bp_receipt *receipts;
  size_t capacity;       /* of both */
  size_t count;
  bool more;             /* some draft says more than kind, texts and payload */
  bool is_atomic;        /* all of them or none */
  size_t accepted;
  bool is_signed;        /* at least one receipt is */
  uint8_t *extensions;   /* those of the receipts */
  size_t extensions_length;
} bpn_batch;
/* Adds `count` drafts of an arena that outlives their use.  False: they point out of it, or want of memory. */
bool bpn_batch_add(bpn_batch *batch, const bpn_arena *arena, size_t count);
/* Ends a use. */
void bpn_batch_clear(bpn_batch *batch);
/* Frees everything. */
void bpn_batch_end(bpn_batch *batch);
/* Any thread.  `written`: drafts that ask for nothing are not flushed. */
bp_status bpn_batch_append(bpn_batch *batch, bp_store *store, bool written, bp_error *error);
napi_value bpn_batch_answer(napi_env env, const bpn_batch *batch);
napi_value bpn_batch_failure(napi_env env, const bpn_batch *batch, bp_status status, const bp_error *error);
napi_value bpn_store_append_many(napi_env env, napi_callback_info info);
napi_value bpn_store_append_batch(napi_env env, napi_callback_info info);

#ifndef __cplusplus
struct bpn_state {
  napi_env env;
  bpn_box **boxes;      /* open addressing; the set of live boxes */
  size_t box_count;
  size_t box_capacity;  /* a power of two, or 0 */
  uint8_t *scratch;     /* arguments of hot calls, written by JavaScript; kept by `scratch_ref`, never handed on */
  size_t scratch_length;
  napi_ref scratch_ref;
  bp_page *page;        /* of calls on this thread, as the batch */
  bpn_batch batch;
  struct bpn_job *jobs; /* calls on other threads */
  uint32_t last_job;
  napi_threadsafe_function errands; /* NULL until the first is expected */
  uint32_t expected;                /* errands that have not run yet */
  struct bpn_watch *watches;        /* tickets that are awaited */
};
#endif

/* job.c */
/* Within a job: passes the progress on, and says in *answer whether to stop.  False: this thread runs no job. */
bool bpn_job_progress(uint32_t stage, uint64_t done, uint64_t total, int32_t *answer);
napi_value bpn_store_open_async(napi_env env, napi_callback_info info);
napi_value bpn_store_close_async(napi_env env, napi_callback_info info);
napi_value bpn_store_append_many_async(napi_env env, napi_callback_info info);
napi_value bpn_store_append_batch_async(napi_env env, napi_callback_info info);
napi_value bpn_store_sync_async(napi_env env, napi_callback_info info);
napi_value bpn_fence_begin_async(napi_env env, napi_callback_info info);
napi_value bpn_fence_commit_async(napi_env env, napi_callback_info info);
napi_value bpn_fence_cancel_async(napi_env env, napi_callback_info info);
napi_value bpn_store_page_async(napi_env env, napi_callback_info info);
napi_value bpn_store_verify_async(napi_env env, napi_callback_info info);
napi_value bpn_last_job(napi_env env, napi_callback_info info);
napi_value bpn_cancel(napi_env env, napi_callback_info info);

/* loop.c: from other threads to the environment's own. */
typedef struct bpn_errand {
  void (*run)(napi_env env, struct bpn_errand *errand);
} bpn_errand;
/* Something will be told: the loop goes on until as many errands have run.  False with an exception pending. */
bool bpn_loop_expect(bpn_state *state);
/* It will not be told after all. */
void bpn_loop_forget(bpn_state *state);
/* Any thread, for what was expected.  At the end of the environment it is not run. */
void bpn_loop_tell(bpn_state *state, bpn_errand *errand);

/* wait.c */
napi_value bpn_store_wait(napi_env env, napi_callback_info info);
napi_value bpn_store_await(napi_env env, napi_callback_info info);

/* ticket.c */
typedef struct bpn_submission {
  void *held;              /* what it goes to */
  const bpn_batch *batch;
  bool is_batch;           /* else its one draft */
  bp_ticket *ticket;
  bp_outcome outcome;      /* of a try, where there is no ticket */
  bp_error error;
} bpn_submission;
/* Submits drafts, given as arena, count and whether they are a batch, by `call`.  Answers the ticket,
 * or the row of a try's outcome. */
napi_value bpn_submit(bpn_state *state, bpn_box *box, const napi_value drafts[3], bp_status (*call)(bpn_submission *submission));
napi_value bpn_store_submit(napi_env env, napi_callback_info info);
napi_value bpn_store_try_submit(napi_env env, napi_callback_info info);
napi_value bpn_ticket_wait(napi_env env, napi_callback_info info);
napi_value bpn_ticket_done(napi_env env, napi_callback_info info);

/* fence.c */
/* The handle of a fence, which it takes over. */
napi_value bpn_fence_value(bpn_state *state, bpn_box *store, bp_fence *fence);
/* The box behind a handle, ready for a call. */
bpn_box *bpn_fence_of(bpn_state *state, napi_value value);
napi_value bpn_fence_begin(napi_env env, napi_callback_info info);
napi_value bpn_fence_token(napi_env env, napi_callback_info info);
napi_value bpn_fence_submit(napi_env env, napi_callback_info info);
napi_value bpn_fence_commit(napi_env env, napi_callback_info info);
napi_value bpn_fence_cancel(napi_env env, napi_callback_info info);

/* outcome.c */
/* One that holds no others. */
napi_value bpn_outcome_value(napi_env env, const bp_outcome *outcome);
napi_value bpn_outcome_encode(napi_env env, napi_callback_info info);
napi_value bpn_outcome_decode(napi_env env, napi_callback_info info);

/* watch.c */
napi_value bpn_ticket_decided(napi_env env, napi_callback_info info);
napi_value bpn_ticket_free(napi_env env, napi_callback_info info);
void bpn_watches_stop(bpn_state *state);

/* page.c */
napi_value bpn_page_copy(napi_env env, const bp_page *page);
/* The query behind the header of the scratch buffer, or of a copy. */
bool bpn_take_query(napi_env env, const bpn_arena *arena, bp_query *query);
napi_value bpn_store_page(napi_env env, napi_callback_info info);
napi_value bpn_store_get(napi_env env, napi_callback_info info);
napi_value bpn_store_walk(napi_env env, napi_callback_info info);

/* verify.c */
napi_value bpn_store_verify(napi_env env, napi_callback_info info);

/* claim.c */
napi_value bpn_claim_export(napi_env env, napi_callback_info info);
napi_value bpn_claim_read(napi_env env, napi_callback_info info);
napi_value bpn_claim_write(napi_env env, napi_callback_info info);
napi_value bpn_claim_check(napi_env env, napi_callback_info info);
napi_value bpn_key_file_read(napi_env env, napi_callback_info info);
napi_value bpn_key_file_write(napi_env env, napi_callback_info info);

/* gates.c */
napi_value bpn_texts_value(napi_env env, const bp_text *texts, size_t count);
/* A list of bytes, which stay JavaScript's; the array is to be freed, and one longer than it says. */
bool bpn_texts_take(napi_env env, napi_value array, bp_text **texts, size_t *count);
napi_value bpn_gates_new(napi_env env, napi_callback_info info);
napi_value bpn_gates_names(napi_env env, napi_callback_info info);
napi_value bpn_gates_descriptions(napi_env env, napi_callback_info info);
napi_value bpn_gates_evaluate(napi_env env, napi_callback_info info);
napi_value bpn_gates_evaluate_all(napi_env env, napi_callback_info info);

/* guard.c */
/* The draft in the scratch buffer; its extensions are to be freed. */
bool bpn_draft_take(bpn_state *state, bp_draft *draft);
napi_value bpn_permit_bypass(napi_env env, napi_callback_info info);
napi_value bpn_permit_draft(napi_env env, napi_callback_info info);
napi_value bpn_permit_gates(napi_env env, napi_callback_info info);
napi_value bpn_permit_audit(napi_env env, napi_callback_info info);
napi_value bpn_store_commit_permit(napi_env env, napi_callback_info info);
napi_value bpn_store_append_denial(napi_env env, napi_callback_info info);
napi_value bpn_store_apply_transition(napi_env env, napi_callback_info info);

/* codec.c */
napi_value bpn_payload_encode(napi_env env, napi_callback_info info);
napi_value bpn_payload_decode(napi_env env, napi_callback_info info);
napi_value bpn_payload_from_json(napi_env env, napi_callback_info info);
napi_value bpn_payload_to_json(napi_env env, napi_callback_info info);
napi_value bpn_extensions_encode(napi_env env, napi_callback_info info);
napi_value bpn_extensions_decode(napi_env env, napi_callback_info info);

/* handle.c: each answers with an exception pending where it fails. */
/* A box in two steps: a store's callbacks need its address before there is a store.  NULL for want of memory, no exception. */
bpn_box *bpn_box_make(bpn_state *state, bpn_kind kind);
/* Its handle; frees the box where that fails. */
napi_value bpn_box_value(bpn_state *state, bpn_box *box);
/* The box behind a handle that is still open. */
bpn_box *bpn_box_of(bpn_state *state, napi_value value, bpn_kind kind);
/* The same, open or not. */
bpn_box *bpn_box_any(bpn_state *state, napi_value value, bpn_kind kind);
void bpn_box_keep(bpn_box *box);
/* Any thread. */
void bpn_box_drop(bpn_box *box);
void bpn_box_set_free(bpn_state *state);
/* What the handle holds, open; for SWIG's wrappers. */
void *bpn_held(bpn_state *state, napi_value value, bpn_kind kind);
napi_value bpn_handle_of(bpn_state *state, bpn_kind kind, void *held);
/* Frees what the handle holds, now or when the last call on it returns; nothing where that was done before. */
bool bpn_free_held(bpn_state *state, napi_value value, bpn_kind kind);
/* Frees what the box holds, and so that a finalizer finds nothing. */
void bpn_box_let_go(bpn_box *box);
/* Throws BP_BUSY with the number of calls that run.  Always NULL. */
napi_value bpn_busy(napi_env env, const bpn_box *box);
/* Takes over what the TypeScript layer last read from the clock of this store. */
void bpn_clock_read(bpn_state *state, bpn_box *box);
/* Around a call on the environment's own thread that may report progress to `function`, or ask gates by it. */
void bpn_call_begin(bpn_call *call, napi_env env, bpn_box *box, napi_value function);
void bpn_call_end(bpn_box *box, bpn_call *call);

/* trust.c: { publicKeys, receipts, extensions } as bp_trust; the arrays are the caller's to free by bpn_trust_end. */
bool bpn_trust_begin(bpn_state *state, napi_value value, bp_trust *trust);
void bpn_trust_end(bp_trust *trust);

/* error.c */
/* Ready for a call. */
void bpn_error_clear(bp_error *error);
napi_value bpn_error_value(napi_env env, bp_status status, const bp_error *error);
/* Throws the data of an error.  Always NULL. */
napi_value bpn_throw(napi_env env, bp_status status, const bp_error *error);
bool bpn_is_error(napi_env env, napi_value value);
napi_value bpn_refuse(napi_env env, bp_status status, const char *text);

/* values.c */
/* A Uint8Array as pointer and length; `undefined` and `null` are no bytes. */
bool bpn_bytes(napi_env env, napi_value value, const uint8_t **data, size_t *length);
bool bpn_fixed_bytes(napi_env env, napi_value value, size_t length, const uint8_t **data);
napi_value bpn_new_bytes(napi_env env, size_t length, const uint8_t **data);
napi_value bpn_copy_bytes(napi_env env, const void *data, size_t length);
bool bpn_uint64(napi_env env, napi_value value, uint64_t *number);
bool bpn_uint32(napi_env env, napi_value value, uint32_t *number);
bool bpn_int32(napi_env env, napi_value value, int32_t *number);
bool bpn_set(napi_env env, napi_value object, const char *name, napi_value value);
napi_value bpn_text(napi_env env, const char *text);
/* The named property; *value is NULL where it is undefined or null. */
bool bpn_get(napi_env env, napi_value object, const char *name, napi_value *value);
/* `segment_id` as `segmentId`. */
void bpn_camel(const char *name, char out[64]);

/* record.c: structs of ffi.h as objects, and their layouts. */
typedef struct bpn_field {
  const char *name;
  char form;  /* u: unsigned number, by size; i: signed; b: bytes; s: pointer to static text; p: pointer, in layouts only */
  uint16_t offset;
  uint16_t size;
} bpn_field;
extern const bpn_field bpn_error_fields[], bpn_finding_fields[], bpn_verdict_fields[], bpn_stat_fields[],
    bpn_claim_fields[], bpn_frontier_fields[], bpn_pressure_fields[];
napi_value bpn_record_value(napi_env env, const bpn_field *fields, const void *record);
/* { draft: { size, entity: offset, ... }, ... }: what the TypeScript layer's table of offsets is held against. */
napi_value bpn_layouts(napi_env env);

#ifdef __cplusplus
}
#endif

#endif
