/* The store as its specification tells it, in memory: what each call must answer, and what must be there after it.
 *
 *   status = bp_store_append(store, &draft, &receipt, &error);
 *   oracle_answer answer = oracle_append(o, &draft);        when the store has read the clock
 *   oracle_hold(o, &answer, status, &error, &receipt);      ends the process where they differ
 *   oracle_compare(o, store);                               everything that can be read, by value
 *
 * It knows nothing of the library but ffi.h.  What it cannot know is learned from the first answer and held from then on:
 * the ids that the store makes, the times in the payload of an open event, how much survived a crash that was allowed to
 * take some. */
#ifndef SUPPORT_ORACLE_H
#define SUPPORT_ORACLE_H

#include <batpak/ffi.h>

typedef struct oracle_text {
  uint8_t *data;
  size_t length;
} oracle_text;

/* An event as written; its sequence is its place in the list. */
typedef struct oracle_event {
  uint8_t id[16], correlation[16], causation[16];
  uint8_t hash[32], prev_hash[32];
  oracle_text entity, scope, payload, extensions; /* `extensions` is the canonical map, empty for none */
  int64_t timestamp_us;
  uint64_t wall_ms;
  uint64_t segment, offset;
  uint32_t frame_length, clock, lane, depth;
  uint16_t kind;
  uint8_t flags;
  int hidden;      /* of a fence that was cancelled */
  int is_learned;  /* the id was made by the store, and is known by now */
  int has_cause;   /* `cause` is the event that caused it, of the same batch, whose id may be to be learned */
  size_t cause;
  int has_receipt;
  bp_receipt receipt;
} oracle_event;

typedef struct oracle {
  bp_config config;       /* of the handle that is open */
  int is_open, is_signed;
  uint8_t key_id[32];     /* of the key that signs */
  oracle_event *events;
  size_t count, capacity;
  size_t published;       /* events below it are visible, unless hidden */
  size_t opened;          /* the event of this open; read-only the newest */
  size_t durable;         /* events below it are promised to be on the disk */
  uint64_t segment;       /* the one that is written; 0: none yet */
  uint64_t segment_bytes; /* written to it so far */
  uint64_t segments;
  uint64_t frontier_ms;
  uint8_t last_id[16];    /* the greatest that the store made */
  int clean;              /* the last open found a closed store */
  int is_fenced;          /* a fence is open: */
  size_t fence_first;     /* its events are those from here on */
  int through_fence;      /* what is asked next comes through it */
  uint64_t fences;        /* begun in this handle, or tried to */
  /* The clock, which is the program's: the store's readings are noted. */
  int64_t clock_us;
  int64_t read_us;        /* the greatest time that this handle was told */
} oracle;

/* What a call must answer. */
typedef struct oracle_answer {
  bp_status status;
  uint64_t expected, actual;
  size_t event;   /* with BP_OK: its number; with BP_EXPECTED_EVENT: the entity's last, SIZE_MAX for none */
  int is_batch;
  size_t item;    /* of a batch that is refused: the item that is to blame; SIZE_MAX: none is */
  int durable;    /* the receipt must say so */
  int replayed, same;
  uint32_t gate;  /* that is waited at, once the event is in the store */
} oracle_answer;

/* `seed` NULL: nothing is signed. */
void oracle_init(oracle *o, const uint8_t *seed);
void oracle_free(oracle *o);

/* For bp_config.clock, with the oracle as its user. */
int64_t oracle_clock(void *user);

/* Before and after bp_store_open. */
void oracle_opening(oracle *o, const bp_config *config);
void oracle_opened(oracle *o, const bp_store *store);
/* A close that succeeded; the death of the process, the machine going on; the death of the machine. */
void oracle_closed(oracle *o);
void oracle_killed(oracle *o);
void oracle_crashed(oracle *o);

oracle_answer oracle_append(oracle *o, const bp_draft *draft);
/* As many as are accepted; the answer behind them says why the next one is not. */
size_t oracle_append_many(oracle *o, const bp_draft *drafts, size_t count, oracle_answer *answers);
/* `answers` is as long as the drafts; of a batch that is refused the first one counts. */
void oracle_batch(oracle *o, const bp_draft *drafts, size_t count, oracle_answer *answers);
/* Why a draft is refused before anybody asks what the store holds; BP_OK: it is not. */
bp_status oracle_draft_check(const oracle *o, const bp_draft *draft, oracle_answer *answer);
void oracle_synced(oracle *o);
/* The fence: what each step must answer, and what it does. */
bp_status oracle_fence_begin(oracle *o);
void oracle_fence_committed(oracle *o);
void oracle_fence_cancelled(oracle *o);
/* Of several that were accepted only the last one's gate is waited at: `status` is BP_OK for the others. */
void oracle_hold(oracle *o, const oracle_answer *answer, bp_status status, const bp_error *error,
                 const bp_receipt *receipt);

/* The id that the store made for an event; where it was known before, it is left to the comparison. */
void oracle_learn_id(oracle *o, size_t event, const uint8_t id[16], int rises);

int oracle_is_visible(const oracle *o, size_t event);
int oracle_matches(const oracle *o, size_t event, const bp_query *query);
/* The event that answers a lookup by id; `count` where none is visible. */
size_t oracle_find(const oracle *o, const uint8_t id[16]);
/* The next of a walk; `count` at its end. */
size_t oracle_parent(const oracle *o, size_t event);

/* oracle_compare.c */
void oracle_compare_event(oracle *o, size_t event, const bp_event *found);
void oracle_compare(oracle *o, const bp_store *store);
void oracle_compare_query(oracle *o, const bp_store *store, const bp_query *query);
void oracle_compare_get(oracle *o, const bp_store *store, const uint8_t id[16]);
void oracle_compare_walk(oracle *o, const bp_store *store, const uint8_t id[16], size_t limit);
/* A wait that looks once. */
void oracle_compare_wait(const oracle *o, const bp_store *store, uint32_t watermark, const bp_point *point);
/* Every receipt that was given, and the verdict. */
void oracle_compare_receipts(oracle *o, const bp_store *store);

#endif
