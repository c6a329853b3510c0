/* batpak: an embedded, append-only event journal.  The public C interface, version 0.1 of ABI 1.
 *
 * The shape of it in eight calls:
 *
 *   bp_store_open            a directory becomes a store
 *   bp_store_append          a draft becomes an event; the answer is a receipt
 *   bp_store_page            events in commit order, a page at a time
 *   bp_store_get             one event by its id
 *   bp_store_walk            an event and its ancestors, newest first
 *   bp_store_verify_receipt  does this store still hold what a receipt says?
 *   bp_store_fold            run a function over events in commit order
 *   bp_store_close           everything on the disk, the last event says so
 *
 * Rules that hold for every function unless its comment says otherwise.
 *
 *   Errors      A function that can fail returns a bp_status.  `error` may be NULL; where it is given it is written only
 *               on failure.  There is no global and no thread-local error.  Out-parameters are untouched on failure,
 *               except that a handle is set to NULL, and that an append whose gate was not passed (BP_WAIT_TIMEOUT,
 *               BP_POISONED, BP_CLOSED) has filled its receipts: its events are in the store.
 *   Ownership   Everything passed in is borrowed for the length of the call and copied where it must outlive it.
 *               Nobody changes it meanwhile: a payload is hashed when the call begins and written when its turn has come.
 *               A handle belongs to the caller from the call that makes it until the call that frees it.
 *   Bytes       Pointer and length; NULL only with length 0.  Strings are UTF-8 without a terminator, paths excepted.
 *               Bytes come out in a caller's buffer with the needed length, or as a view whose life is stated.
 *   Structs     Those that begin with `struct_size` are filled by their init function, then edited.  A struct of another
 *               size than this library knows is refused when its unknown tail is not zero.  Reserved fields are zero.
 *   Threads     A bp_store may be used by any number of threads at once.  A bp_page or a bp_report by one at a time.
 *               No function is a point of cancellation: a call that has begun ends as it would, and what pthread_cancel
 *               said comes true afterwards (deferred cancellation; there is no defence against the asynchronous one).
 *               A callback returns: it neither jumps out nor ends its thread.  Where a clock ends its thread all the
 *               same, its own call did nothing, and the next caller takes over; a ticket answers BP_STOPPED.
 *   Fork        A handle belongs to the process that opened it.  In a forked child every call answers BP_FORKED, and
 *               bp_store_release closes descriptors and does nothing else.  A child keeps the lock of its parent alive.
 *   Numbers     Status numbers, enum values and names are never reused.  Structs only grow at their end.
 */
#ifndef BATPAK_FFI_H
#define BATPAK_FFI_H

#include <stddef.h>
#include <stdint.h>

#ifndef BP_API
#define BP_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------- status and error -- */

/* 0 is success.  The groups: 1 how the call was made, 100 what was to be written, 200 the store as a whole,
 * 300 damaged bytes, 400 the system.  bp_status_name gives the constant's name, bp_status_advice what to do next. */
typedef int32_t bp_status;

enum {
  BP_OK = 0,

  BP_ARGUMENT = 1,         /* a NULL, a value outside its enum, an unknown flag bit, a reserved field not zero */
  BP_STRUCT_SIZE = 2,      /* a struct_size that no version of this library has */
  BP_CONFIGURATION = 3,    /* an option outside its range; `text` names it */
  BP_NO_MEMORY = 4,
  BP_TOO_SMALL = 5,        /* the caller's buffer; the needed length was written */
  BP_BUSY = 6,             /* close: calls of other threads are under way, `actual` of them */
  BP_CLOSED = 7,           /* the store was closed or released while the call waited */
  BP_FORKED = 8,           /* the handle belongs to the parent process */
  BP_READ_ONLY = 9,        /* a write through a store opened read-only */
  BP_NOT_FOUND = 10,       /* no visible event has this id */
  BP_STOPPED = 11,         /* a callback asked to stop */
  BP_WAIT_TIMEOUT = 12,    /* a wait ended by its time: `expected` is the sequence waited for, `actual` where the watermark
                              stands */

  BP_ENTITY_EMPTY = 100,   /* the coordinate rules, in the order in which they are checked */
  BP_SCOPE_EMPTY = 101,
  BP_ENTITY_TOO_LONG = 102,
  BP_SCOPE_TOO_LONG = 103,
  BP_COORDINATE_NUL = 104,
  BP_COORDINATE_CONTROL = 105,
  BP_COORDINATE_TRAVERSAL = 106,
  BP_COORDINATE_SEPARATOR = 107,
  BP_COORDINATE_UTF8 = 108,
  BP_KIND_RANGE = 110,     /* category above 15 or type id above 0xFFF */
  BP_KIND_RESERVED = 111,  /* categories 0x0 and 0xD, unless the draft allows them */
  BP_KIND_MARKER = 112,    /* 0x0006 and 0x0007 mark batches on disk; no caller may write them */
  BP_EXTENSION_EMPTY = 120,
  BP_EXTENSION_NON_ASCII = 121,
  BP_EXTENSION_TOO_LONG = 122,
  BP_EXTENSION_NAMESPACE = 123,
  BP_EXTENSION_RESERVED = 124,
  BP_PAYLOAD_TOO_LARGE = 130,  /* payload and extensions above single_append_max_bytes: `actual` against `expected` */
  BP_CLOCK_INVALID = 131,      /* the clock answered a time before 1970 */
  BP_CLOCK_OVERFLOW = 132,     /* the entity has 2^32 events */
  BP_EXPECTED_CLOCK = 140,     /* BP_EXPECT_CLOCK not met: `expected`, `actual` */
  BP_EXPECTED_EMPTY = 141,     /* BP_EXPECT_EMPTY not met: `actual` is the clock of the last event */
  BP_EXPECTED_EVENT = 142,     /* BP_EXPECT_EVENT not met: `event_id` is the last event's, zeros where there is none */
  BP_KEY_CANCELLED = 143,      /* the key is held by an event that was cancelled and stays hidden */
  BP_MESSAGEPACK = 150,        /* not a MessagePack value, or cut short; `offset` says where */
  BP_DEPTH = 151,              /* nested deeper than 1,023 containers */
  BP_UTF8 = 152,               /* a string that is not UTF-8 */
  BP_JSON = 153,               /* not a JSON text; `offset` says where */
  BP_NOT_JSON = 154,           /* MessagePack that JSON cannot say: bin, ext, a key that is no string */
  BP_VALUE = 155,              /* a value without canonical form: a key twice in one map; in other languages also a type
                                  or a number that cannot be said; `offset` is the token */
  BP_CLAIM = 156,              /* bytes that are no claim: `offset` says where; or a receipt that can become none: `actual`
                                  is its outcome (BP_RECEIPT_*) */
  BP_SEED_ZERO = 160,          /* an all-zero signing seed */
  BP_KEY_INVALID = 161,        /* 32 bytes that are no Ed25519 public key */
  BP_KEY_FILE = 162,           /* a key file that others than its owner may use, that is a link or no regular file, or that
                                  holds no key */

  BP_BATCH_COUNT = 170,        /* more events than batch_max_events: `actual` against `expected` */
  BP_BATCH_BYTES = 171,        /* payloads and extensions above batch_max_bytes: `actual` against `expected` */
  BP_BATCH_EXPECTATION = 172,  /* an item of a batch with an expectation; of all but BP_BATCH_COUNT `offset` is the item */
  BP_BATCH_KEYS = 173,         /* keys on some items and not on others, or some known and others not */
  BP_BATCH_DUPLICATE_KEY = 174,
  BP_BATCH_CAUSE = 175,        /* cause_item names no earlier item: `actual` against `expected` */
  BP_FENCE_ACTIVE = 180,       /* a fence is open: appends and another fence are refused until it ends */
  BP_FENCE_NOT_ACTIVE = 181,   /* the fence was committed or cancelled, or its store was closed */
  BP_FENCE_CANCELLED = 182,    /* of a ticket: the fence was cancelled; the event stays hidden for ever */

  BP_DENIED = 190,             /* a gate refused; `text` is its name in brackets and its message, cut to fit */
  BP_PERMIT_USED = 191,        /* the permit was committed, or another thread is committing it */
  BP_TRANSITION = 192,         /* the machine has no such transition: `expected` the state from, `actual` the state to */

  BP_NO_STORE = 200,           /* must_exist or read_only, and there is no store at the path */
  BP_NOT_A_STORE = 201,        /* the directory holds something else, or a segment that begins with other bytes */
  BP_NEWER_VERSION = 202,      /* a segment or a claim of a format version that this library does not know */
  BP_LOCKED = 203,             /* another handle holds the store; `text` says which access was asked for */
  BP_COMPACTION_PENDING = 204, /* an interrupted compaction must be finished before this store can be written */
  BP_HIDDEN_RANGES = 205,      /* visibility_ranges.fbv is unreadable; without it hidden events would come to light */
  BP_POISONED = 206,           /* an earlier write or flush failed for good: reads go on, writes need a new open */

  BP_DAMAGED_FRAME = 300,  /* checksum or structure of a frame: `segment_id`, `offset` */

  BP_SYSTEM = 400,             /* a system call failed: `os_error` is its errno */
  BP_DISK_FULL = 401,          /* ENOSPC or EDQUOT; nothing of the failed write remains */
  BP_SYNC_FAILED = 402,        /* the system could not promise the disk; the writer is poisoned */
  BP_PERMISSION = 403,
  BP_UNSUPPORTED = 404,        /* the system, its file system or this build of the library lacks something that is needed */
  BP_FAULT = 405               /* a fault point of a test build said so: `expected` is the point, `actual` what the function
                                  answered */
};

/* What went wrong, in full.  Caller-owned; set struct_size = sizeof, or 0 for the size of version 1. */
typedef struct bp_error {
  uint32_t struct_size;
  bp_status code;
  int32_t os_error;       /* errno, 0 where no system call was involved */
  uint32_t reserved;
  uint64_t segment_id;    /* with `offset`: where, 0 where that says nothing */
  uint64_t offset;        /* bytes from the start of the segment, or of the input */
  uint64_t expected;
  uint64_t actual;
  uint8_t event_id[16];
  char text[192];         /* one line, terminated, no path of the machine; for people, not for programs */
} bp_error;

/* The constant's name ("BP_LOCKED"), "BP_UNKNOWN" for a number this version lacks.  Static text.  Since 0.1. */
BP_API const char *bp_status_name(bp_status status);

/* One sentence: what to do next.  Static text.  Since 0.1. */
BP_API const char *bp_status_advice(bp_status status);

/* Versions of the library ("0.1.0"), of this interface, and of the segment format it writes.  Since 0.1. */
BP_API const char *bp_version(void);
BP_API uint32_t bp_abi_version(void);
BP_API uint32_t bp_format_version(void);

/* ------------------------------------------------------------------------------------------------- open and close -- */

typedef struct bp_store bp_store;
typedef struct bp_page bp_page;
typedef struct bp_report bp_report;
typedef struct bp_outcome bp_outcome;
typedef struct bp_system bp_system;  /* the seam under the library; NULL is the real system */

enum { /* bp_config.mode */
  BP_MODE_CREATE = 0,      /* read and write; make the store where there is none (a directory that holds other files only
                              is refused) */
  BP_MODE_MUST_EXIST = 1,  /* read and write; BP_NO_STORE where there is none */
  BP_MODE_READ_ONLY = 2    /* change nothing, not even the directory; readers stand beside each other */
};

enum { /* bp_config.durability, bp_draft.durability */
  BP_DURABILITY_DEFAULT = 0,
  BP_DURABLE = 1,  /* the receipt comes after the system reported the flush complete */
  BP_WRITTEN = 2   /* the receipt comes after the write: survives the death of the process, not of the machine */
};

enum { /* bp_config.sync_mode */
  BP_SYNC_DATA = 0,  /* fdatasync for segment data */
  BP_SYNC_ALL = 1    /* fsync */
};

enum { /* bp_progress.stage */
  BP_STAGE_OPEN = 1,
  BP_STAGE_VERIFY = 2
};

/* Microseconds since 1970.  Called under the commit lock: it must not call the store.  May go backwards; times in the
 * journal do not. */
typedef int64_t (*bp_clock_now)(void *user);
/* Bytes done of bytes in all, now and then, on the calling thread.  Any other answer than 0 stops the call with
 * BP_STOPPED. */
typedef int32_t (*bp_progress)(void *user, uint32_t stage, uint64_t done, uint64_t total);
/* One line of text for people, any thread.  It must not call the store. */
typedef void (*bp_log_sink)(void *user, const char *text, size_t length);
enum { /* where a bp_fault_point is asked, and what another answer than 0 does there (docs/faults.md) */
  BP_FAULT_SINGLE_START = 1,         /* an append is about to be placed: it alone fails, nothing happened */
  BP_FAULT_SINGLE_WRITTEN = 2,       /* it was written: the whole write is taken back, with the appends that shared it */
  BP_FAULT_SINGLE_PUBLISHED = 3,     /* readers see it: it stays, the caller gets an error */
  BP_FAULT_BATCH_START = 4,          /* a batch is about to be placed: from here to ITEMS_COMPLETE it alone fails, nothing
                                        happened */
  BP_FAULT_BATCH_BEGIN_WRITTEN = 5,  /* its BEGIN is placed */
  BP_FAULT_BATCH_ITEM_WRITTEN = 6,   /* its item `item` is placed */
  BP_FAULT_BATCH_ITEMS_COMPLETE = 7, /* its last item is placed */
  BP_FAULT_BATCH_COMMIT_WRITTEN = 8, /* all of it was written, with one write: as SINGLE_WRITTEN */
  BP_FAULT_BATCH_FSYNC = 9,          /* it is about to be flushed: as a flush that failed, the writer is poisoned */
  BP_FAULT_BATCH_PRE_PUBLISH = 10    /* it was flushed: the handle never shows it, the next open does; the writer is poisoned */
};
/* Asked by a test build of the library at the points above.  0 goes on, anything else ends what is under way with BP_FAULT.
 * `batch` is the first sequence of the batch, of an append its own; `item` counts from 0 and is 0 but at ITEM_WRITTEN;
 * `items` is how many the batch has, of an append 1.  Called by the thread that commits, which may be that of another caller
 * or the store's own, one call at a time.  It may end the process; it may read the store, and must not append, submit, wait
 * for or close anything. */
typedef int32_t (*bp_fault_point)(void *user, uint32_t point, uint64_t batch, uint32_t item, uint32_t items);
/* realloc with the old size: size 0 frees and answers NULL.  Any thread. */
typedef void *(*bp_reallocate)(void *user, void *block, size_t old_size, size_t new_size);

typedef struct bp_config {
  uint32_t struct_size;
  uint32_t mode;                     /* BP_MODE_CREATE */
  uint32_t durability;               /* BP_DURABLE; what a draft gets that asks for nothing */
  uint32_t sync_mode;                /* BP_SYNC_DATA */
  uint64_t segment_max_bytes;        /* 268,435,456; at least 1: a new segment begins once this many are written */
  uint32_t single_append_max_bytes;  /* 16,777,216; 1..67,108,864: payload and extensions of one event */
  uint32_t sync_every_events;        /* 1,000; written events between two flushes, 0: only when asked */
  uint32_t group_max_events;         /* 1,024; 1..4,096: appends that may share one write and one flush */
  uint32_t flags;                    /* 0 */
  const uint8_t *signing_seeds;      /* Ed25519 seeds of 32 bytes, back to back: all verify, the last signs */
  size_t signing_seed_count;
  const uint8_t *verify_keys;        /* Ed25519 public keys of 32 bytes that verify only */
  size_t verify_key_count;
  bp_clock_now clock;                /* NULL: the system's */
  void *clock_user;
  bp_progress progress;              /* NULL: none */
  void *progress_user;
  bp_log_sink log;                   /* NULL: silence */
  void *log_user;
  bp_reallocate reallocate;          /* NULL: the C library's */
  void *reallocate_user;
  const bp_system *system;           /* NULL: the real one */
  uint32_t batch_max_events;         /* 256; 1..4,096: events of one batch */
  uint32_t batch_max_bytes;          /* 1,048,576; 1..16,777,216: payloads and extensions of one batch */
  uint32_t queue_capacity;           /* 4,096; at least 1: submitted drafts and batches that wait to be committed */
  uint32_t pressure_percent;         /* 75; 1..100: of the queue's capacity, from where on a try is told to come again */
  uint32_t drain_limit;              /* 1,024; accepted for the reference's sake: a close commits all that was submitted */
  uint32_t restart_max;              /* 1; accepted for the reference's sake: there is no thread to be started again */
  uint64_t restart_within_ms;        /* 0: whatever the time */
  uint64_t preallocate_bytes;        /* 1,048,576; 0..16,777,216: at most so many zeros are written behind events that are
                                        flushed, as room for those to come; a close cuts them off */
  bp_fault_point fault;              /* NULL: none.  A build without -DBATPAK_FAULT_POINTS=ON refuses any: BP_UNSUPPORTED */
  void *fault_user;
} bp_config;

/* Fills `config` with the defaults above; `size` is sizeof(bp_config) as the caller compiled it.  Since 0.1. */
BP_API bp_status bp_config_init(bp_config *config, size_t size);

/* Opens the store in the directory `path` (terminated; relative to the working directory).  config NULL: defaults.
 *
 * A mutable open takes the lock, repairs what a crash left (a torn tail, a half batch, a missing footer), begins a new
 * segment and appends the event SYSTEM_OPEN_COMPLETED; its cost after a kill is one pass over the segments without
 * footer.  A read-only open does the same in memory and writes nothing.  What was repaired stands in
 * bp_store_open_report.
 *
 * The caller owns *store: bp_store_close or bp_store_release frees it.
 * Errors: BP_NO_STORE, BP_NOT_A_STORE, BP_NEWER_VERSION, BP_LOCKED, BP_CONFIGURATION, BP_SEED_ZERO, BP_KEY_INVALID,
 * BP_COMPACTION_PENDING, BP_HIDDEN_RANGES, BP_STOPPED, BP_SYSTEM and its kin.  Since 0.1. */
BP_API bp_status bp_store_open(const char *path, const bp_config *config, bp_store **store, bp_error *error);

/* Strict close: flushes, appends SYSTEM_CLOSE_COMPLETED, writes the footer, frees the handle.  BP_BUSY (with their number
 * in `actual`) while calls of other threads are under way: nothing happened, the handle lives.  On any other failure the
 * handle is gone and the error says what is not on the disk.  NULL is BP_OK.  Since 0.1. */
BP_API bp_status bp_store_close(bp_store *store, bp_error *error);

/* Deferred close, for finalizers: as bp_store_close, but at once if the store is idle, else when the last call returns.
 * New calls get BP_CLOSED.  Failures go to the log.  NULL does nothing.  Since 0.1. */
BP_API void bp_store_release(bp_store *store);

/* ----------------------------------------------------------------------------------------------------------- append -- */

/* A named value that travels with an event: stored, signed, never interpreted.  The name is `prefix.field`: ASCII, at
 * most 256 bytes, exactly one dot, prefix not `batpak`. */
typedef struct bp_extension {
  const uint8_t *name;
  size_t name_length;
  const uint8_t *value;
  size_t value_length;
} bp_extension;

enum { /* bp_draft.given: which of the optional ids count */
  BP_GIVEN_KEY = 1,
  BP_GIVEN_CORRELATION = 2,
  BP_GIVEN_CAUSATION = 4,
  BP_GIVEN_CAUSE_ITEM = 8,  /* in a batch: caused by its earlier item cause_item */
  BP_GIVEN_MASK = 15
};

enum { /* bp_draft.expect: what must hold of the entity's last event, or nothing is written */
  BP_EXPECT_ANY = 0,
  BP_EXPECT_CLOCK = 1,  /* its clock is expect_clock; 0 holds for an empty entity and for one event, as in the reference */
  BP_EXPECT_EMPTY = 2,  /* there is none */
  BP_EXPECT_EVENT = 3   /* its id is expect_event_id */
};

enum { /* bp_draft.gate: which watermark must reach the event before the call answers; of many drafts the last one's counts
          for all, and no other may have one */
  BP_GATE_NONE = 0,
  BP_GATE_DURABLE = 1,
  BP_GATE_APPLIED = 2,
  BP_GATE_VISIBLE = 3
};

enum { /* bp_draft.flags: stored, without behaviour; other bits pass through */
  BP_EVENT_REQUIRES_ACK = 0x01,
  BP_EVENT_TRANSACTIONAL = 0x02,
  BP_EVENT_REPLAY = 0x08
};

/* What is to be appended. */
typedef struct bp_draft {
  uint32_t struct_size;
  uint16_t kind;              /* category << 12 | type id; bp_kind_make */
  uint8_t flags;
  uint8_t durability;         /* BP_DURABILITY_DEFAULT */
  const uint8_t *entity;      /* 1..1,024 bytes of UTF-8: no control byte, no `/`, `..`, `|`, `=` */
  size_t entity_length;
  const uint8_t *scope;       /* the same rules */
  size_t scope_length;
  const uint8_t *payload;     /* any bytes; by convention one canonical MessagePack value */
  size_t payload_length;
  const bp_extension *extensions;
  size_t extension_count;     /* of equal names the last counts */
  uint32_t given;             /* BP_GIVEN_* */
  uint32_t expect;            /* BP_EXPECT_* */
  uint32_t expect_clock;
  uint32_t lane;              /* position hints, stored as they are */
  uint32_t depth;
  uint32_t allow_reserved;    /* 1: categories 0x0 and 0xD may be written (never 0x0006, 0x0007) */
  uint8_t expect_event_id[16];
  uint8_t key[16];            /* idempotency key: becomes the event id; a second append of it answers the first */
  uint8_t correlation_id[16]; /* not given: the event's own id */
  uint8_t causation_id[16];   /* zeros: none */
  uint32_t cause_item;
  uint32_t gate;              /* BP_GATE_NONE */
  uint32_t gate_timeout_ms;   /* BP_WAIT_FOREVER waits without end, 0 looks once */
  uint32_t reserved;
} bp_draft;

/* What the store answers.  It attests this one event, never its neighbours. */
typedef struct bp_receipt {
  uint32_t struct_size;
  uint32_t frame_length;      /* bytes of the whole frame */
  uint64_t sequence;          /* place in commit order over the whole store */
  uint64_t segment_id;
  uint64_t offset;
  uint8_t *extensions;        /* the caller's buffer for the canonical map of the extensions, or NULL */
  size_t extensions_capacity;
  size_t extensions_length;   /* needed length; 0: there are none.  Longer than the capacity: not written */
  uint8_t event_id[16];
  uint8_t content_hash[32];   /* BLAKE3 of the payload */
  uint8_t key_id[32];         /* BLAKE3 of the public key; zeros: unsigned */
  uint8_t signature[64];      /* Ed25519; meaningful where has_signature is 1 */
  uint8_t has_signature;
  uint8_t durable;            /* 1: the event was on the disk when this was answered, as far as the system says */
  uint8_t replayed;           /* 1: the key was known, nothing was written, this is the event it named */
  uint8_t same;               /* replayed: 1 if content, kind and coordinate are those of the draft */
  uint32_t reserved;
} bp_receipt;

BP_API bp_status bp_draft_init(bp_draft *draft, size_t size);
BP_API bp_status bp_receipt_init(bp_receipt *receipt, size_t size);

/* Appends one event and answers its receipt, after the flush if it is to be durable.  Callers in several threads share
 * one write and one flush.  A key is looked up before the expectation is judged.
 * receipt may be NULL.  Its extensions buffer is the caller's and is used if set.
 *
 * A gate waits behind the commit for the event's own point, as bp_store_wait, for a replayed event too.  It flushes nothing:
 * a written event passes BP_GATE_DURABLE when somebody else's flush covers it.  If it is not passed, the event stays in the
 * store, the receipt is filled and the error says why.  An initialised receipt whose frame_length is not 0 afterwards
 * tells this from an append that was refused.
 * Errors: the 100s with nothing written; BP_READ_ONLY; BP_POISONED; BP_DISK_FULL, BP_SYSTEM: undone, the store goes on;
 * BP_SYNC_FAILED: the event may or may not survive, the writer is poisoned; of a gate BP_WAIT_TIMEOUT, BP_POISONED,
 * BP_CLOSED.  Since 0.1; gates since 0.2. */
BP_API bp_status bp_store_append(bp_store *store, const bp_draft *draft, bp_receipt *receipt, bp_error *error);

/* Appends `count` independent events in order, with one write and one flush where they fit one group.  Not atomic: the
 * first failure ends it, and *accepted of them, a prefix, are in the store with their receipts.  `receipts` NULL or
 * `count` of them, initialised; drafts and receipts are arrays whose stride is the first element's struct_size.
 * The last draft's gate is waited at when all are in the store: if it is not passed, *accepted is `count`.
 * Errors: as bp_store_append, of the first that failed; BP_ARGUMENT for a gate of any but the last.  *accepted is written
 * always.  Since 0.1. */
BP_API bp_status bp_store_append_many(bp_store *store, const bp_draft *drafts, size_t count, bp_receipt *receipts,
                                      size_t *accepted, bp_error *error);

/* Appends `count` events as one batch: all of them or none, with consecutive sequences, seen by readers all at once, on the
 * disk before the call answers whatever their durability.  An item may be caused by an earlier one (BP_GIVEN_CAUSE_ITEM).
 * Keys stand on all items or on none: all known answers the receipts of the events that they named and writes nothing.
 * A gate in the last draft is that of the batch: if it is not passed, the batch is in the store all the same, and its
 * receipts are filled.  `receipts` NULL or `count` of them; the arrays as in
 * bp_store_append_many.  An empty batch is BP_OK.
 * Errors: BP_BATCH_COUNT, BP_BATCH_BYTES, BP_BATCH_EXPECTATION, BP_BATCH_KEYS, BP_BATCH_DUPLICATE_KEY, BP_BATCH_CAUSE, and
 * those of bp_store_append, with the item's index in `offset`.  Nothing of a failed batch stays.  Since 0.2. */
BP_API bp_status bp_store_append_batch(bp_store *store, const bp_draft *drafts, size_t count, bp_receipt *receipts,
                                       bp_error *error);

/* A batch that is being gathered: an array of drafts that owns all its bytes.  One thread at a time.  Dropping it appends
 * nothing. */
typedef struct bp_batch bp_batch;

/* The caller owns *batch; bp_batch_free frees it, NULL does nothing.  Since 0.2. */
BP_API bp_status bp_batch_new(bp_batch **batch, bp_error *error);
BP_API void bp_batch_free(bp_batch *batch);
/* Copies a draft behind the others; it is checked when it is appended.  Errors: BP_STRUCT_SIZE, BP_ARGUMENT (a length
 * without bytes, more than 4,096 drafts), BP_NO_MEMORY.  Since 0.2. */
BP_API bp_status bp_batch_add(bp_batch *batch, const bp_draft *draft, bp_error *error);
/* Makes all drafts gathered so far the reaction to an event: they get this correlation, and this causation (zeros: none)
 * where they name none of their own.  Since 0.2. */
BP_API bp_status bp_batch_react(bp_batch *batch, const uint8_t correlation_id[16], const uint8_t causation_id[16],
                                bp_error *error);
/* The drafts as an array for bp_store_append_batch.  View until the batch is changed.  Since 0.2. */
BP_API const bp_draft *bp_batch_drafts(const bp_batch *batch, size_t *count);
/* Forgets the drafts, keeps the memory.  Since 0.2. */
BP_API void bp_batch_clear(bp_batch *batch);

/* Flushes what was written; BP_OK means everything acknowledged so far is durable.
 * Errors: BP_READ_ONLY, BP_POISONED, BP_SYNC_FAILED.  Since 0.1. */
BP_API bp_status bp_store_sync(bp_store *store, bp_error *error);

/* --------------------------------------------------------------------------------------------------------- frontier -- */

/* Where an event stands: its time, then its number.  Along what this library writes both rise. */
typedef struct bp_point {
  uint64_t wall_ms;
  uint64_t sequence;
} bp_point;

enum { /* the watermarks: how far the store has come */
  BP_WATERMARK_ACCEPTED = 1,  /* numbered; told of when it is written, too */
  BP_WATERMARK_WRITTEN = 2,   /* handed to the system */
  BP_WATERMARK_DURABLE = 3,   /* the system reported the flush complete */
  BP_WATERMARK_VISIBLE = 4,   /* readers see it */
  BP_WATERMARK_EMITTED = 5,   /* subscribers were told; there are none yet, so it is visible */
  BP_WATERMARK_APPLIED = 6    /* projections hold it; there are none yet, so it stays at the event of the open */
};

enum { /* timeouts in milliseconds */
  BP_WAIT_FOREVER = 0x7FFFFFFF  /* from here on, 24 days, a timeout never ends; so UINT32_MAX does not either */
};

/* Each point is that of the newest event that has come so far.  accepted >= written >= durable, accepted >= visible and
 * emitted >= visible; visible and durable may lead one another. */
typedef struct bp_frontier {
  uint32_t struct_size;
  uint32_t reserved;
  bp_point accepted;
  bp_point written;
  bp_point durable;
  bp_point visible;
  bp_point emitted;
  bp_point applied;
  int64_t visible_minus_durable;  /* of the sequences: events that readers see and a power cut could take */
  uint64_t oldest_pending_ms;     /* since accepted ran ahead of durable; UINT64_MAX: it does not */
} bp_frontier;

/* All points of one moment.  After open they are equal: the point of the open event, above everything recovered, which
 * counts as durable; in a store opened read-only the newest event's.  While a group is being flushed accepted and written
 * are ahead.  Once the writer is poisoned accepted, written and visible are the newest event that stays readable, durable
 * is the last that a flush covered, and nothing moves any more.
 * Set frontier->struct_size = sizeof(bp_frontier).  Errors: BP_STRUCT_SIZE.  Since 0.2. */
BP_API bp_status bp_store_frontier(const bp_store *store, bp_frontier *frontier, bp_error *error);

/* Waits until a watermark (durable, visible or applied) has reached `point` in both time and sequence; a point with time 0
 * and a receipt's sequence waits for that event.  A timeout of 0 looks once.  Waiting flushes nothing: that something is
 * flushed is the matter of bp_store_sync, of a durable append, of sync_every_events.  The call counts as under way: a
 * strict close answers BP_BUSY.  Any number of threads may wait.
 * Errors: BP_ARGUMENT (another watermark), BP_READ_ONLY; when the point is not reached: BP_POISONED at once and whoever
 * waits by then, BP_CLOSED when the store is released meanwhile, BP_WAIT_TIMEOUT.  Since 0.2. */
BP_API bp_status bp_store_wait(const bp_store *store, uint32_t watermark, const bp_point *point, uint32_t timeout_ms,
                               bp_error *error);

/* ---------------------------------------------------------------------------------------------------------- tickets -- */

/* A ticket stands for what was submitted: the caller goes on, a thread of the store commits it, in one order and in one
 * group with the appends of others, and the ticket tells what became of it.  It holds its own copy of all that was given.
 * It outlives its store (the allocator and the system of the configuration must do so too), and whoever holds it frees it. */
typedef struct bp_ticket bp_ticket;

/* How full the queue of the tickets is. */
typedef struct bp_pressure {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t queued;            /* submitted, and not yet committed */
  uint64_t capacity;          /* queue_capacity */
  uint64_t threshold;         /* pressure_percent of it, rounded up: where bp_store_try_submit says Retry */
} bp_pressure;

/* Queues one draft (or a batch, all or none) and answers a ticket.  What can be refused by its look is refused here, as by
 * bp_store_append (bp_store_append_batch); keys, expectations and all that may fail later are the ticket's.  Waits for room
 * while queue_capacity of them are queued.  The first submission starts the store's thread, which ends with the close: that
 * commits all that was submitted.  Drafts have no gate.  The caller owns *ticket.
 * Errors: those of bp_store_append that need no look at other events; BP_ARGUMENT for a gate; BP_SYSTEM and its kin (the
 * thread cannot be started); BP_NO_MEMORY.  Since 0.2. */
BP_API bp_status bp_store_submit(bp_store *store, const bp_draft *draft, bp_ticket **ticket, bp_error *error);
BP_API bp_status bp_store_submit_batch(bp_store *store, const bp_draft *drafts, size_t count, bp_ticket **ticket,
                                       bp_error *error);

/* The same without ever waiting.  BP_OK says nothing yet: *outcome, initialised by the caller, is Ok, and then *ticket is
 * there; or Cancelled while a fence is open; or Retry (after 10 ms, attempt 1 of 1) when the queue holds its threshold, and
 * then *ticket is NULL and nothing was queued.  Errors: those of bp_store_submit; BP_STRUCT_SIZE.  Since 0.2. */
BP_API bp_status bp_store_try_submit(bp_store *store, const bp_draft *draft, bp_ticket **ticket, bp_outcome *outcome,
                                     bp_error *error);
BP_API bp_status bp_store_try_submit_batch(bp_store *store, const bp_draft *drafts, size_t count, bp_ticket **ticket,
                                           bp_outcome *outcome, bp_error *error);

/* What bp_store_append would have answered, any number of times, from any number of threads; a poll with a timeout of 0
 * milliseconds, BP_WAIT_FOREVER has no end.
 * Errors: those of bp_store_append (bp_store_append_batch) in full; BP_WAIT_TIMEOUT; BP_FORKED.  Since 0.2. */
BP_API bp_status bp_ticket_wait(bp_ticket *ticket, uint32_t timeout_ms, bp_error *error);

/* The receipts, one for each draft in order, once bp_ticket_wait has answered BP_OK; NULL with *count 0 before, after a
 * failure, and for an empty batch.  View until the ticket is freed.  Since 0.2. */
BP_API const bp_receipt *bp_ticket_receipts(const bp_ticket *ticket, size_t *count);

/* A file descriptor that poll and its kin find readable once the ticket is decided, which bp_ticket_wait may say a moment
 * before.  It is the ticket's, the same with each call, and closed with it: do not read, write or close it.  Errors: BP_SYSTEM and its kin; BP_FORKED.
 * Since 0.2. */
BP_API bp_status bp_ticket_descriptor(bp_ticket *ticket, int32_t *descriptor, bp_error *error);

/* Somebody is told.  It keeps the thread that commits for others from going on: it neither blocks nor works, and calls nothing
 * of this library. */
typedef void (*bp_told)(void *user);

/* Calls told(user) once, when the ticket is decided: before this returns, on the calling thread, where that is the case
 * already; otherwise on the store's thread, or on the one that closes the store.  A NULL `told` takes back the one before:
 * once that call has returned it is not being called and never will be.  One at a time: another is refused until the first
 * was called or taken back.  In a forked child nobody is told.
 * Errors: BP_BUSY (another is to be told); BP_FORKED.  Since 0.2. */
BP_API bp_status bp_ticket_notify(bp_ticket *ticket, bp_told told, void *user, bp_error *error);

/* As bp_store_wait, without a thread that waits: a ticket without receipts, decided when the watermark has reached the point;
 * at once where it has.  Starts the store's thread as bp_store_submit does.  Keeps no close from closing: that decides it too,
 * behind its own last flush.  A ticket that is freed is waited for no more.  The caller owns *ticket.
 * Errors: BP_ARGUMENT, BP_READ_ONLY, BP_SYSTEM and its kin, BP_NO_MEMORY; of the ticket: BP_POISONED, and BP_CLOSED where the
 * store was closed or released before the point was reached.  Since 0.2. */
BP_API bp_status bp_store_await(bp_store *store, uint32_t watermark, const bp_point *point, bp_ticket **ticket,
                                bp_error *error);

/* Frees the ticket, not while another thread uses it.  Cancels nothing: what was submitted is committed all the same.  Whom
 * bp_ticket_notify was to tell is not told any more.  In a forked child it closes the descriptor and does nothing else.  NULL
 * does nothing.  Since 0.2. */
BP_API void bp_ticket_free(bp_ticket *ticket);

/* Set pressure->struct_size = sizeof(bp_pressure).  Errors: BP_STRUCT_SIZE, BP_READ_ONLY.  Since 0.2. */
BP_API bp_status bp_store_pressure(const bp_store *store, bp_pressure *pressure, bp_error *error);

/* ----------------------------------------------------------------------------------------------------------- fences -- */

/* A fence holds events back: what is submitted to it is written at once and seen by nobody, until its commit shows all of it
 * in one step, or its cancellation hides it for ever.  A store has at most one.  While it is open everybody else's appends
 * and submissions answer BP_FENCE_ACTIVE, and bp_store_sync works.  A close, a release and the death of the process cancel.
 * The ticket of a fenced draft is decided when the fence ends: who waits for it on the thread that is to commit the fence
 * waits for himself.  One that only replays what was visible before the fence has its receipt however that ends. */
typedef struct bp_fence bp_fence;

/* Opens the fence.  What was appended before stays visible, and is flushed.  The caller owns *fence; bp_fence_free frees it.
 * Errors: BP_FENCE_ACTIVE, BP_READ_ONLY, BP_POISONED, BP_SYNC_FAILED, BP_SYSTEM and its kin, BP_NO_MEMORY.  Since 0.2. */
BP_API bp_status bp_fence_begin(bp_store *store, bp_fence **fence, bp_error *error);

/* The number of the fence in this open store: 1 for the first attempt to begin one, and so on.  Since 0.2. */
BP_API uint64_t bp_fence_token(const bp_fence *fence);

/* As bp_store_submit and bp_store_submit_batch, behind the fence.  Keys are looked up among its events too.  A draft that
 * fails by itself (an expectation, a full disk) has its ticket decided at once, and leaves the fence open.
 * Errors: theirs, and BP_FENCE_NOT_ACTIVE.  Since 0.2. */
BP_API bp_status bp_fence_submit(bp_fence *fence, const bp_draft *draft, bp_ticket **ticket, bp_error *error);
BP_API bp_status bp_fence_submit_batch(bp_fence *fence, const bp_draft *drafts, size_t count, bp_ticket **ticket,
                                       bp_error *error);

/* Flushes, then shows all events of the fence at once; their tickets are decided, their receipts durable.
 * Errors: BP_FENCE_NOT_ACTIVE; BP_DISK_FULL, BP_SYSTEM, BP_SYNC_FAILED, BP_POISONED: nothing is shown and the fence stays
 * open, to be committed again (not in a poisoned store) or cancelled.  Since 0.2. */
BP_API bp_status bp_fence_commit(bp_fence *fence, bp_error *error);

/* Hides the events of the fence for ever; their tickets are decided with BP_FENCE_CANCELLED.  The events stay on the disk, keep
 * their sequences and their place in their entities' chains, and hold their keys (BP_KEY_CANCELLED).
 * Errors: as bp_fence_commit, and the fence stays open; a poisoned store cancels too.  Since 0.2. */
BP_API bp_status bp_fence_cancel(bp_fence *fence, bp_error *error);

/* Frees the fence; an open one is cancelled, and not waited for: what fails goes to the log and is tried again before the
 * next write.  May outlive the store.  In a forked child it does nothing.  NULL does nothing.  Since 0.2. */
BP_API void bp_fence_free(bp_fence *fence);

/* ------------------------------------------------------------------------------------------------------------- read -- */

/* An event as read.  Pointers go into the page's arena and die with the page or its next filling. */
typedef struct bp_event {
  uint64_t sequence;
  uint64_t wall_ms;           /* hybrid clock, never backwards */
  int64_t timestamp_us;       /* as stamped */
  uint64_t segment_id;
  uint64_t offset;
  const uint8_t *entity;
  const uint8_t *scope;
  const uint8_t *payload;
  const bp_extension *extensions;
  uint32_t entity_length;
  uint32_t scope_length;
  uint32_t payload_length;
  uint32_t extension_count;
  uint32_t frame_length;
  uint32_t clock;             /* place in the entity's chain, from 0 */
  uint32_t lane;
  uint32_t depth;
  bp_status status;           /* BP_OK, or why this event could not be read; then only sequence, event_id, kind, clock,
                                 segment_id, offset, frame_length, entity and scope are filled, from the index */
  uint16_t kind;
  uint8_t flags;
  uint8_t payload_form;       /* 0: bytes as written; 1: taken from the value form that the reference's retention leaves */
  uint8_t event_id[16];
  uint8_t correlation_id[16];
  uint8_t causation_id[16];   /* zeros: none */
  uint8_t prev_hash[32];      /* event_hash of the entity's previous event, zeros for the first */
  uint8_t event_hash[32];     /* BLAKE3 of the payload, as stored */
} bp_event;

enum { /* bp_query.kind_filter */
  BP_KIND_ANY = 0,
  BP_KIND_EXACT = 1,
  BP_KIND_CATEGORY = 2
};

enum { /* bp_query.flags */
  BP_QUERY_AFTER = 1,       /* `after` counts: sequences strictly above it */
  BP_QUERY_ENTITY = 2,      /* exactly this entity */
  BP_QUERY_UNDER = 4,       /* this entity and everything below it: `E` and `E:...` */
  BP_QUERY_SCOPE = 8,
  BP_QUERY_CLOCK = 16,      /* clock_min..clock_max, inclusive */
  BP_QUERY_MASK = 31
};

/* Which events; all conditions must hold.  ENTITY and UNDER exclude each other and share `entity`. */
typedef struct bp_query {
  uint32_t struct_size;
  uint32_t flags;             /* BP_QUERY_* */
  uint64_t after;
  const uint8_t *entity;
  size_t entity_length;
  const uint8_t *scope;
  size_t scope_length;
  size_t limit;               /* events a page; init sets 256; 0: an empty page */
  size_t max_bytes;           /* arena of a page, at least one event; init sets 4 MiB */
  uint32_t kind_filter;       /* BP_KIND_* */
  uint32_t kind;              /* the kind, or the category */
  uint32_t clock_min;
  uint32_t clock_max;
} bp_query;

BP_API bp_status bp_query_init(bp_query *query, size_t size);

/* A page is a reusable container: it keeps its memory from one filling to the next.  It belongs to no store.
 * bp_page_free frees it and all views into it; NULL does nothing.  Since 0.1. */
BP_API bp_status bp_page_new(bp_page **page, bp_error *error);
BP_API void bp_page_free(bp_page *page);

/* The events of the last filling, in its order.  View until the page is refilled or freed.  Since 0.1. */
BP_API const bp_event *bp_page_events(const bp_page *page, size_t *count);

/* 1 if the query stopped at `limit` or `max_bytes`; ask again with `after` = the last event's sequence.  Since 0.1. */
BP_API int32_t bp_page_more(const bp_page *page);

/* The bytes that the views point into, for bindings that copy a page at once.  Same life.  Since 0.1. */
BP_API const uint8_t *bp_page_arena(const bp_page *page, size_t *length);

/* Visible events that match, in commit order.  query NULL: all, from the start.  An event that cannot be read stands in
 * its place with its status.  Errors: BP_ARGUMENT, BP_STRUCT_SIZE, BP_NO_MEMORY.  Since 0.1. */
BP_API bp_status bp_store_page(const bp_store *store, const bp_query *query, bp_page *page, bp_error *error);

/* One event.  Errors: BP_NOT_FOUND; BP_DAMAGED_FRAME with its position.  Since 0.1. */
BP_API bp_status bp_store_get(const bp_store *store, const uint8_t event_id[16], bp_page *page, bp_error *error);

/* The event and its ancestors, newest first, at most `limit`: each next one is the nearest earlier event of the entity
 * whose hash is the prev_hash of the one before.  Ends at the entity's first event, at a link that leads nowhere, or at
 * an event that cannot be read (which is the last in the page, with its status).  bp_page_more tells that `limit` cut it.
 * Errors: BP_NOT_FOUND.  Since 0.1. */
BP_API bp_status bp_store_walk(const bp_store *store, const uint8_t event_id[16], size_t limit, bp_page *page,
                               bp_error *error);

/* One step of a fold.  The event lives for the call.  0 goes on; any other value ends the fold and is what it returns.
 * It may read from the store, not close it. */
typedef int32_t (*bp_step)(void *user, const bp_event *event);

/* Calls `step` for each event that matches, in commit order, on the calling thread; `limit` counts over the whole fold
 * (init's value 256 too; SIZE_MAX: all).  Events appended meanwhile may or may not be seen.  Since 0.1. */
BP_API bp_status bp_store_fold(const bp_store *store, const bp_query *query, bp_step step, void *user, bp_error *error);

/* ----------------------------------------------------------------------------------------------------------- verify -- */

enum { /* what became of a receipt: steps in the order in which they are judged */
  BP_RECEIPT_SIGNED = 0,               /* valid: everything agrees and the signature holds */
  BP_RECEIPT_UNSIGNED_ACCEPTED = 1,    /* valid: everything agrees, nobody signed, no keys are known */
  BP_RECEIPT_MISSING_EVENT = 10,
  BP_RECEIPT_SEQUENCE = 11,
  BP_RECEIPT_POSITION = 12,
  BP_RECEIPT_CONTENT_HASH = 13,
  BP_RECEIPT_EXTENSIONS = 14,
  BP_RECEIPT_UNSIGNED_REJECTED = 15,   /* keys are known, the receipt has no signature */
  BP_RECEIPT_MISSING_SIGNATURE = 16,   /* a key id without a signature */
  BP_RECEIPT_ZERO_KEY = 17,            /* a signature without a key id */
  BP_RECEIPT_UNKNOWN_KEY = 18,
  BP_RECEIPT_INVALID_SIGNATURE = 19,
  BP_RECEIPT_UNREADABLE = 20,          /* the event's frame is damaged: nothing can be said */
  BP_RECEIPT_UNVOUCHED = 21,           /* a claim that nobody signed, held against nothing: not valid, nothing vouches for
                                          it */
  BP_RECEIPT_DENIAL_KIND = 22          /* bp_store_verify_denial: the event is no denial; judged second */
};

/* Where trust comes from: keys and receipts kept outside the store. */
typedef struct bp_trust {
  uint32_t struct_size;
  uint32_t flags;                /* 0 */
  const uint8_t *public_keys;    /* 32 bytes each; beside those of the configuration */
  size_t public_key_count;
  const bp_receipt *receipts;    /* bp_store_verify: to be held against the store; stride is the first's struct_size */
  size_t receipt_count;
} bp_trust;

BP_API bp_status bp_trust_init(bp_trust *trust, size_t size);

/* "signed", "sequence_mismatch": the reference's word for an outcome.  Static text.  Since 0.1. */
BP_API const char *bp_receipt_outcome_name(int32_t outcome);

/* Holds one receipt against the store.  A judgement is BP_OK with *outcome set.  segment_id, offset and frame_length all
 * zero: the position is not compared.  trust may be NULL.  Errors: BP_ARGUMENT, BP_STRUCT_SIZE, BP_MESSAGEPACK (the
 * receipt's extensions).  Since 0.1. */
BP_API bp_status bp_store_verify_receipt(const bp_store *store, const bp_receipt *receipt, const bp_trust *trust,
                                         int32_t *outcome, bp_error *error);

enum { /* bp_verdict.verdict: the first that applies */
  BP_VERDICT_DAMAGED = 1,       /* bytes that cannot be what was written */
  BP_VERDICT_CONTRADICTED = 2,  /* disagrees with a receipt given */
  BP_VERDICT_INCOMPLETE = 3,    /* something could not be checked */
  BP_VERDICT_ATTESTED = 4,      /* receipts were given and hold */
  BP_VERDICT_CONSISTENT = 5     /* agrees with itself; nothing outside vouches for it */
};

enum { /* bp_finding.severity */
  BP_SEVERITY_NOTE = 1,
  BP_SEVERITY_DAMAGE = 2,
  BP_SEVERITY_CONTRADICTION = 3,
  BP_SEVERITY_UNCHECKED = 4
};

typedef struct bp_finding {
  uint64_t segment_id;        /* with `offset`: where; UINT64_MAX where that says nothing */
  uint64_t offset;
  uint64_t sequence;          /* UINT64_MAX: none */
  const char *code;           /* stable, lower case with underscores; static text */
  const char *text;           /* one line for people; view until the report is freed */
  uint32_t severity;
  uint32_t reserved;
  uint8_t event_id[16];       /* zeros: none */
} bp_finding;

typedef struct bp_verdict {
  uint32_t struct_size;
  uint32_t verdict;
  uint64_t events;            /* events but the store's own */
  uint64_t attested;          /* of these, how many have a receipt that holds */
  uint64_t findings;          /* all but notes */
  uint64_t notes;
  uint64_t first_unproven;    /* the first sequence whose number rests on counting alone; UINT64_MAX: none */
} bp_verdict;

/* Reads everything and says what agrees: checksums, content hashes, chains, sequences, footers, lifecycle events, and the
 * receipts in `trust` (may be NULL).  Findings go into the report; the caller frees it.  What it cannot prove: anything
 * against someone who can write the directory, unless receipts or keys kept elsewhere speak.
 * Errors: BP_ARGUMENT, BP_NO_MEMORY, BP_STOPPED.  A damaged store is a verdict, not an error.  Since 0.1. */
BP_API bp_status bp_store_verify(const bp_store *store, const bp_trust *trust, bp_report **report, bp_error *error);

/* What the open found and repaired (or, read-only, would repair).  The caller frees the report.  Since 0.1. */
BP_API bp_status bp_store_open_report(const bp_store *store, bp_report **report, bp_error *error);

/* View until the report is freed.  Since 0.1. */
BP_API const bp_finding *bp_report_findings(const bp_report *report, size_t *count);
/* Since 0.1.  Errors: BP_STRUCT_SIZE. */
BP_API bp_status bp_report_verdict(const bp_report *report, bp_verdict *verdict);
BP_API void bp_report_free(bp_report *report);
/* "DAMAGED", "CONSISTENT"; "note", "damage".  Static text.  Since 0.1. */
BP_API const char *bp_verdict_name(uint32_t verdict);
BP_API const char *bp_severity_name(uint32_t severity);

/* ----------------------------------------------------------------------------------------------------------- claims -- */

/* A claim is a receipt with all that its signature covers, in bytes of its own: whoever has it and the public key can
 * check the signature with no store at all.  docs/format.md says how the bytes are laid out; of one receipt they are always
 * the same.  What a claim proves, and what not: docs/claims.md. */
typedef struct bp_claim {
  uint32_t struct_size;
  uint32_t version;             /* of the format; 1 */
  uint64_t sequence;
  const uint8_t *entity;        /* UTF-8; these three are views into the bytes that were read */
  size_t entity_length;
  const uint8_t *scope;
  size_t scope_length;
  const uint8_t *extensions;    /* the canonical map; length 0 where there are none */
  size_t extensions_length;
  uint8_t event_id[16];
  uint8_t prev_hash[32];        /* event_hash of the entity's previous event, zeros for the first */
  uint8_t content_hash[32];     /* BLAKE3 of the payload */
  uint8_t key_id[32];           /* zeros: none */
  uint8_t signature[64];        /* where has_signature is 1 */
  uint16_t kind;
  uint8_t has_signature;
  uint8_t reserved[5];
} bp_claim;

/* Makes the claim of a receipt: the receipt is held against the store as bp_store_verify_receipt does, with the keys of the
 * configuration, and what it lacks (coordinate, kind, link) is taken from the event.  *needed is written on success and with
 * BP_TOO_SMALL.  Errors: BP_CLAIM where the receipt does not hold, its outcome in `actual`; BP_ARGUMENT, BP_STRUCT_SIZE,
 * BP_MESSAGEPACK (the receipt's extensions), BP_TOO_SMALL, BP_NO_MEMORY, BP_SYSTEM and its kin.  Since 0.2. */
BP_API bp_status bp_claim_export(const bp_store *store, const bp_receipt *receipt, uint8_t *buffer, size_t capacity,
                                 size_t *needed, bp_error *error);

/* Reads the bytes of a claim; set claim->struct_size.  receipt NULL, or initialised, with the caller's buffer for the
 * extensions: what it then holds can be given to bp_store_verify_receipt.  Nothing is said about whether it is true.
 * Members that this version does not know are stepped over.
 * Errors: BP_CLAIM; BP_NEWER_VERSION; BP_ARGUMENT, BP_STRUCT_SIZE.  Since 0.2. */
BP_API bp_status bp_claim_read(const uint8_t *bytes, size_t length, bp_claim *claim, bp_receipt *receipt, bp_error *error);

/* Writes the bytes of a claim from its parts, the other way round, and judges nothing.  *needed is written on success and
 * with BP_TOO_SMALL.  Errors: BP_CLAIM where a part cannot stand in a claim; BP_NEWER_VERSION; BP_ARGUMENT, BP_STRUCT_SIZE,
 * BP_TOO_SMALL, BP_NO_MEMORY.  Since 0.2. */
BP_API bp_status bp_claim_write(const bp_claim *claim, uint8_t *buffer, size_t capacity, size_t *needed, bp_error *error);

/* Checks a claim with no store.  trust gives the public keys; its receipts are not looked at, and it may be NULL.  payload
 * NULL: none is at hand; otherwise it must have the hash that the claim names.  A judgement is BP_OK with *outcome set:
 * BP_RECEIPT_CONTENT_HASH (the payload is another one) first, then what bp_store_verify_receipt says of the signature.
 * BP_RECEIPT_SIGNED alone is valid: the holder of that key signed exactly this.  A claim without key id and signature is
 * BP_RECEIPT_UNVOUCHED, or, where keys are given, BP_RECEIPT_UNSIGNED_REJECTED.
 * Errors: as bp_claim_read; BP_KEY_INVALID.  Since 0.2. */
BP_API bp_status bp_claim_check(const uint8_t *bytes, size_t length, const bp_trust *trust, const uint8_t *payload,
                                size_t payload_length, int32_t *outcome, bp_error *error);

/* ------------------------------------------------------------------------------------------------------------ state -- */

typedef struct bp_stat {
  uint32_t struct_size;
  uint32_t poisoned;          /* 1: writes are refused */
  uint64_t events;            /* visible, lifecycle events included */
  uint64_t entities;
  uint64_t scopes;
  uint64_t segments;
  uint64_t bytes;             /* of the segment files */
  uint64_t first_sequence;    /* of the first visible event; UINT64_MAX: none */
  uint64_t last_sequence;
  uint64_t durable_sequence;  /* everything below is on the disk as far as the system says */
  uint64_t index_bytes;       /* memory of the index */
  uint64_t writes;            /* system calls since open: writes of segment data */
  uint64_t syncs;             /* and flushes of it */
  uint32_t clean_close;       /* 1: the last event before this open was a close, or this read-only store ends with one */
  uint32_t reserved;
} bp_stat;

/* Set stat->struct_size = sizeof(bp_stat).  Errors: BP_STRUCT_SIZE.  Since 0.1. */
BP_API bp_status bp_store_stat(const bp_store *store, bp_stat *stat, bp_error *error);

/* ---------------------------------------------------------------------------------------------------------- outcome -- */

/* An outcome is what an attempt came to: a value, an error, or word that it is not over.  Ok, Err and Cancelled are the
 * last word; Retry asks to come again, Pending waits for something, Batch holds outcomes of several attempts, batches among
 * them.  The store itself answers Ok, Retry and Cancelled (bp_store_try_submit); the rest is for programs that hand
 * outcomes on, byte for byte as the reference writes them. */

enum { /* bp_outcome.type */
  BP_OUTCOME_OK = 1,
  BP_OUTCOME_ERR = 2,
  BP_OUTCOME_RETRY = 3,
  BP_OUTCOME_PENDING = 4,
  BP_OUTCOME_CANCELLED = 5,
  BP_OUTCOME_BATCH = 6
};

enum { /* bp_outcome.error_kind */
  BP_ERROR_KIND_NONE = 0,
  BP_ERROR_KIND_NOT_FOUND = 1,
  BP_ERROR_KIND_CONFLICT = 2,
  BP_ERROR_KIND_VALIDATION = 3,
  BP_ERROR_KIND_POLICY_REJECTION = 4,
  BP_ERROR_KIND_CANCELLED = 5,
  BP_ERROR_KIND_STORAGE_ERROR = 6,
  BP_ERROR_KIND_TIMEOUT = 7,
  BP_ERROR_KIND_PENDING = 8,
  BP_ERROR_KIND_SERIALIZATION = 9,
  BP_ERROR_KIND_INTERNAL = 10,
  BP_ERROR_KIND_BATCH_COLLAPSE = 11,
  BP_ERROR_KIND_CUSTOM = 12  /* with a number of the caller's in error_custom */
};

enum { /* bp_compensation.type: what would undo what was done before an error */
  BP_COMPENSATION_ROLLBACK = 1,  /* `ids` are events */
  BP_COMPENSATION_NOTIFY = 2,    /* `target_id`, `text` */
  BP_COMPENSATION_RELEASE = 3,   /* `ids` are resources */
  BP_COMPENSATION_CUSTOM = 4     /* `text` is the action's type, `data` whatever it needs */
};

enum { /* bp_wait_condition.type: what a pending outcome waits for */
  BP_WAIT_FOR_TIME = 1,    /* `resume_at_ms` */
  BP_WAIT_FOR_EVENT = 2,   /* `event_id` */
  BP_WAIT_FOR_ALL = 3,     /* of `items` */
  BP_WAIT_FOR_ANY = 4,
  BP_WAIT_FOR_CUSTOM = 5   /* `tag`, `data` */
};

typedef struct bp_compensation {
  uint32_t type;               /* BP_COMPENSATION_* */
  uint32_t reserved;
  const uint8_t *ids;          /* 16 bytes each */
  size_t id_count;
  const uint8_t *text;
  size_t text_length;
  const uint8_t *data;
  size_t data_length;
  uint8_t target_id[16];
} bp_compensation;

typedef struct bp_wait_condition bp_wait_condition;
struct bp_wait_condition {
  uint32_t type;               /* BP_WAIT_FOR_* */
  uint32_t tag;                /* 16 bits */
  uint64_t resume_at_ms;
  const uint8_t *data;
  size_t data_length;
  const bp_wait_condition *items;
  size_t item_count;
  uint8_t event_id[16];
};

/* What an attempt came to: a value, whose parts belong to whoever made it.  It may be built on the stack, element by
 * element; what functions of this chapter give back lives in a bp_outcomes. */
struct bp_outcome {
  uint32_t struct_size;
  uint32_t type;               /* BP_OUTCOME_* */
  uint32_t error_kind;         /* ERR: BP_ERROR_KIND_*, else NONE */
  uint32_t error_custom;       /* 16 bits */
  uint64_t after_ms;           /* RETRY: when to try again */
  uint32_t attempt;            /* RETRY: which attempt this was, */
  uint32_t max_attempts;       /* and how many there may be */
  const uint8_t *value;        /* OK: one MessagePack value */
  size_t value_length;
  const uint8_t *message;      /* ERR: its message; RETRY, CANCELLED: the reason.  UTF-8; NULL: the bytes stand in `text` */
  size_t message_length;
  const bp_compensation *compensation;  /* ERR: NULL where there is none */
  const bp_wait_condition *condition;   /* PENDING */
  const bp_outcome *items;     /* BATCH: an array whose stride is the first one's struct_size */
  size_t item_count;
  uint8_t resume_token[16];    /* PENDING: the caller's */
  char text[96];
};

/* An Ok whose value is nil.  Errors: BP_ARGUMENT, BP_STRUCT_SIZE.  Since 0.2. */
BP_API bp_status bp_outcome_init(bp_outcome *outcome, size_t size);

/* 1 for Ok, Err and Cancelled; 0 for what is not over, and for NULL.  Any thread.  Since 0.2. */
BP_API int32_t bp_outcome_is_terminal(const bp_outcome *outcome);

enum { /* bp_error_kind_class */
  BP_ERROR_CLASS_NONE = 0,        /* the caller's own kinds */
  BP_ERROR_CLASS_DOMAIN = 1,      /* what was asked is refused */
  BP_ERROR_CLASS_OPERATIONAL = 2  /* the machinery failed */
};

/* Which class a BP_ERROR_KIND_* belongs to; 1 if the same may succeed later (STORAGE_ERROR, TIMEOUT); the reference's word
 * ("NotFound"), "Unknown" for a number without one.  Static text.  Any thread.  Since 0.2. */
BP_API uint32_t bp_error_kind_class(uint32_t error_kind);
BP_API int32_t bp_error_kind_is_retryable(uint32_t error_kind);
BP_API const char *bp_error_kind_name(uint32_t error_kind);

/* Memory for outcomes: what decoding and combining make lives in it until it is cleared or freed; clearing keeps the memory
 * for the next round.  It belongs to the caller, and to one thread at a time.  NULL does nothing in clear and free.
 * Errors: BP_NO_MEMORY.  Since 0.2. */
typedef struct bp_outcomes bp_outcomes;
BP_API bp_status bp_outcomes_new(bp_outcomes **outcomes, bp_error *error);
BP_API void bp_outcomes_clear(bp_outcomes *outcomes);
BP_API void bp_outcomes_free(bp_outcomes *outcomes);

/* One outcome to canonical MessagePack.  *needed is written on success and with BP_TOO_SMALL; a buffer that is too small is
 * untouched.  Any thread.  Errors: BP_ARGUMENT (a type or kind outside its enum, a number above 16 bits, a length without
 * bytes), BP_STRUCT_SIZE, BP_MESSAGEPACK (`value` is not exactly one value), BP_UTF8, BP_DEPTH (more than 1,023 containers
 * in one another), BP_NO_MEMORY.  Since 0.2. */
BP_API bp_status bp_outcome_encode(const bp_outcome *outcome, uint8_t *buffer, size_t capacity, size_t *needed,
                                   bp_error *error);

/* And back.  Nothing in *outcome points into `bytes`.  Bytes behind the outcome are ignored, as the reference does.
 * Errors: BP_MESSAGEPACK and BP_UTF8 with `offset`, BP_DEPTH, BP_NO_MEMORY.  Since 0.2. */
BP_API bp_status bp_outcome_decode(const uint8_t *bytes, size_t length, bp_outcomes *outcomes, bp_outcome *outcome,
                                   bp_error *error);

/* What comes of an outcome.  `given` and its parts live for the call; *next is an Ok of nil at first, and may point into
 * `outcomes`, into `given` and into what outlives it.  Any answer but BP_OK ends the walk, and is what it answers. */
typedef bp_status (*bp_outcome_step)(void *user, const bp_outcome *given, bp_outcomes *outcomes, bp_outcome *next);

/* Puts what `step` makes of it in the place of each Ok (and_then) or each Err (or_else), in a batch of each element, however
 * deep; everything else stays.  A step that answers an outcome of its own kind maps; one that sets *next = *given looks.
 * In this and the following, *result points into `outcomes` and into what was given, and may be what was given.
 * The steps run on the calling thread.  Errors: BP_ARGUMENT, BP_STRUCT_SIZE, BP_DEPTH, BP_NO_MEMORY.  Since 0.2. */
BP_API bp_status bp_outcome_and_then(const bp_outcome *outcome, bp_outcome_step step, void *user, bp_outcomes *outcomes,
                                     bp_outcome *result, bp_error *error);
BP_API bp_status bp_outcome_or_else(const bp_outcome *outcome, bp_outcome_step step, void *user, bp_outcomes *outcomes,
                                    bp_outcome *result, bp_error *error);

/* Two Oks become the Ok of an array of both values.  Else the first of Err, Cancelled, Retry, Pending in this order, that of
 * `a` before that of `b`; two batches of one length pair by pair (Err of kind INTERNAL for different lengths), a batch and
 * an Ok element by element.  Errors: as bp_outcome_and_then.  Since 0.2. */
BP_API bp_status bp_outcome_zip(const bp_outcome *a, const bp_outcome *b, bp_outcomes *outcomes, bp_outcome *result,
                                bp_error *error);

/* All Oks, batches opened: the Ok of an array of their values; else the first that is none.  `items` as in a batch.
 * Errors: as bp_outcome_and_then.  Since 0.2. */
BP_API bp_status bp_outcome_join_all(const bp_outcome *items, size_t count, bp_outcomes *outcomes, bp_outcome *result,
                                     bp_error *error);

/* The first Ok, batches opened.  Retry, Pending or Cancelled before it is the answer; where there are Errs alone, the last
 * of them; of nothing, and for an empty batch, an Err of kind INTERNAL.  Errors: as bp_outcome_and_then.  Since 0.2. */
BP_API bp_status bp_outcome_join_any(const bp_outcome *items, size_t count, bp_outcomes *outcomes, bp_outcome *result,
                                     bp_error *error);

/* The last word there is now: an Ok or an Err as it is; Cancelled as an Err of kind CANCELLED, Retry of kind TIMEOUT,
 * Pending of kind PENDING, Batch of kind BATCH_COLLAPSE.  result->error_kind is NONE exactly for an Ok.  Points into what
 * was given alone.  Errors: BP_ARGUMENT, BP_STRUCT_SIZE.  Since 0.2. */
BP_API bp_status bp_outcome_into_result(const bp_outcome *outcome, bp_outcome *result, bp_error *error);

/* ------------------------------------------------------------------------------------------------------------ guard -- */

/* Gates stand between a proposal and the log.  Evaluating them makes a permit, and a permit is what is committed: it holds
 * its own copy of the draft, so what was judged is what is written, and it is spent by the commit.  A denial can be written
 * to the log itself.  Gates see the caller's context, never the draft: that the context describes the draft is the
 * caller's duty. */

typedef struct bp_gates bp_gates;
typedef struct bp_permit bp_permit;
typedef struct bp_denials bp_denials;
typedef struct bp_denial_writer bp_denial_writer;  /* where a gate writes why; lives for the evaluation of that gate */

typedef struct bp_text {
  const uint8_t *data;
  size_t length;
} bp_text;

typedef struct bp_pair {
  const uint8_t *key;
  size_t key_length;
  const uint8_t *value;
  size_t value_length;
} bp_pair;

/* Why a gate refused.  Evaluation makes them; a caller may fill one by hand. */
typedef struct bp_denial {
  uint32_t struct_size;
  uint32_t position;          /* of the gate in its set, from 1; 0: that of the first gate of this name */
  const uint8_t *gate;        /* the gate's name */
  size_t gate_length;
  const uint8_t *code;        /* for programs; "GATE_DEFECT" where the gate answered what is no answer */
  size_t code_length;
  const uint8_t *message;     /* for people */
  size_t message_length;
  const bp_pair *context;     /* in the order in which the gate gave it */
  size_t context_count;
} bp_denial;

/* Zeroes and the size.  Errors: BP_ARGUMENT, BP_STRUCT_SIZE.  Since 0.2. */
BP_API bp_status bp_denial_init(bp_denial *denial, size_t size);

/* A gate's answer: BP_OK permits, BP_DENIED denies with what was written to `writer`.  Any other value is a defect: a denial
 * with the code GATE_DEFECT, and with the message if one was written.  `context` is what the evaluation was given.  On the
 * evaluating thread, several at once where several evaluate.  No lock of a store is held: a gate may read and append, but
 * not change or free its own set.  No exception may pass through it. */
typedef bp_status (*bp_gate_evaluate)(void *user, const uint8_t *context, size_t context_length, bp_denial_writer *writer);
typedef void (*bp_destroy)(void *user);

typedef struct bp_gate {
  uint32_t struct_size;
  uint32_t reserved;
  const uint8_t *name;        /* UTF-8; gates should have different ones, of ASCII */
  size_t name_length;
  const uint8_t *description; /* UTF-8, for people */
  size_t description_length;
  bp_gate_evaluate evaluate;
  void *user;                 /* the set's, once the gate was pushed */
  bp_destroy destroy;         /* called with `user` when the set is freed; NULL: nothing */
} bp_gate;

/* Zeroes and the size.  Errors: BP_ARGUMENT, BP_STRUCT_SIZE.  Since 0.2. */
BP_API bp_status bp_gate_init(bp_gate *gate, size_t size);

/* An empty set; the caller owns it.  A set is changed by one thread while nobody evaluates it, and evaluated by any number
 * of threads at once.  bp_gates_free calls the gates' `destroy`; during an evaluation it does so when that ends.  NULL does
 * nothing.  Errors: BP_NO_MEMORY.  Since 0.2. */
BP_API bp_status bp_gates_new(bp_gates **gates, bp_error *error);
BP_API void bp_gates_free(bp_gates *gates);

/* Puts a gate behind the others; its name and description are copied.  On failure `user` stays the caller's.
 * Errors: BP_ARGUMENT (no `evaluate`), BP_STRUCT_SIZE, BP_UTF8, BP_BUSY (the set is being evaluated), BP_NO_MEMORY.
 * Since 0.2. */
BP_API bp_status bp_gates_push(bp_gates *gates, const bp_gate *gate, bp_error *error);

/* Names and descriptions in order.  Views until the set is changed or freed; NULL with *count 0 for no set.  Since 0.2. */
BP_API const bp_text *bp_gates_names(const bp_gates *gates, size_t *count);
BP_API const bp_text *bp_gates_descriptions(const bp_gates *gates, size_t *count);

/* What a gate says when it denies: code and message, the last call counts; and pairs, in order, each call one.  Copied.
 * Errors: BP_ARGUMENT, BP_UTF8 (nothing was written), BP_NO_MEMORY (the evaluation then answers it).  Since 0.2. */
BP_API bp_status bp_denial_writer_set(bp_denial_writer *writer, const uint8_t *code, size_t code_length,
                                      const uint8_t *message, size_t message_length);
BP_API bp_status bp_denial_writer_add(bp_denial_writer *writer, const uint8_t *key, size_t key_length,
                                      const uint8_t *value, size_t value_length);

/* Asks the gates in order; the first that denies ends it.  When none does (an empty set never does) *permit is the caller's,
 * to be committed and freed; it holds a copy of the draft and the names of all gates.  BP_DENIED: *denials (NULL: not
 * wanted) is the caller's, and holds the one denial.  The draft is checked when the permit is committed.
 * Errors: BP_DENIED, BP_ARGUMENT, BP_STRUCT_SIZE, BP_NO_MEMORY.  Since 0.2. */
BP_API bp_status bp_gates_evaluate(const bp_gates *gates, const uint8_t *context, size_t context_length,
                                   const bp_draft *draft, bp_permit **permit, bp_denials **denials, bp_error *error);

/* Asks every gate, and gathers all denials in order.  BP_OK: there are none, and *denials is NULL; no permit is made.
 * Errors: BP_DENIED (*denials is the caller's), BP_ARGUMENT, BP_NO_MEMORY.  Since 0.2. */
BP_API bp_status bp_gates_evaluate_all(const bp_gates *gates, const uint8_t *context, size_t context_length,
                                       bp_denials **denials, bp_error *error);

/* The denials, in order of the gates.  View until they are freed.  NULL does nothing in free.  Any thread.  Since 0.2. */
BP_API const bp_denial *bp_denials_items(const bp_denials *denials, size_t *count);
BP_API void bp_denials_free(bp_denials *denials);

/* Why somebody went past the gates.  UTF-8 throughout. */
typedef struct bp_bypass {
  uint32_t struct_size;
  uint32_t reserved;
  const uint8_t *reason;        /* a word for programs */
  size_t reason_length;
  const uint8_t *justification; /* a sentence for people */
  size_t justification_length;
  const uint8_t *approved_by;   /* NULL: nobody is named */
  size_t approved_by_length;
} bp_bypass;

/* Zeroes and the size.  Errors: BP_ARGUMENT, BP_STRUCT_SIZE.  Since 0.2. */
BP_API bp_status bp_bypass_init(bp_bypass *bypass, size_t size);

/* A permit that no gate was asked for.  It carries a copy of `bypass` as its audit, which nothing writes to the log: who
 * wants it there appends it.  *permit is the caller's.
 * Errors: BP_ARGUMENT, BP_STRUCT_SIZE, BP_UTF8, BP_NO_MEMORY.  Since 0.2. */
BP_API bp_status bp_permit_bypass(const bp_draft *draft, const bp_bypass *bypass, bp_permit **permit, bp_error *error);

/* What is permitted; the gates that were asked (none for a bypass); the audit of a bypass, else NULL.  Views until the
 * permit is freed, committed or not.  Any thread.  NULL for no permit.  Since 0.2. */
BP_API const bp_draft *bp_permit_draft(const bp_permit *permit);
BP_API const bp_text *bp_permit_gates(const bp_permit *permit, size_t *count);
BP_API const bp_bypass *bp_permit_audit(const bp_permit *permit);

/* NULL does nothing.  Not while another thread commits it.  Since 0.2. */
BP_API void bp_permit_free(bp_permit *permit);

/* Appends the permit's draft, once: of any number of threads one commits, the others get BP_PERMIT_USED, also while the one
 * has not yet succeeded.  A permit is spent when its event is in the store, or may be (BP_SYNC_FAILED); after any other
 * failure it can be committed again.
 * Errors: BP_PERMIT_USED, BP_ARGUMENT (no permit), and those of bp_store_append.  Since 0.2. */
BP_API bp_status bp_store_commit_permit(bp_store *store, bp_permit *permit, bp_receipt *receipt, bp_error *error);

/* Writes a denial to the log: an event of kind 0x000F (SYSTEM_DENIAL) in the entity of `draft`, with the draft's ids,
 * expectation, hints, extensions and durability; its kind and payload are not looked at.  The payload is a trace by the
 * order of the gates: those before the one that denied are written as Permit, those behind it as Skipped.  A denial made by
 * hand that names no gate of the set stands behind all of them.  proposed_kind is the kind of the event that was refused;
 * content_hash (32 bytes, or NULL) the BLAKE3 of its payload; pipeline_id (UTF-8) a name for the run, NULL for none.
 * Errors: BP_ARGUMENT (also: the denial's position is not that of its gate in this set), BP_UTF8, and those of
 * bp_store_append.  Since 0.2. */
BP_API bp_status bp_store_append_denial(bp_store *store, const bp_draft *draft, const bp_gates *gates,
                                        const bp_denial *denial, uint16_t proposed_kind, const uint8_t *content_hash,
                                        const uint8_t *pipeline_id, size_t pipeline_id_length, bp_receipt *receipt,
                                        bp_error *error);

/* As bp_store_verify_receipt, for the receipt of a denial: BP_RECEIPT_DENIAL_KIND where the event is none.  Since 0.2. */
BP_API bp_status bp_store_verify_denial(const bp_store *store, const bp_receipt *receipt, const bp_trust *trust,
                                        int32_t *outcome, bp_error *error);

/* A step of a machine: from one state to another by an event of this kind. */
typedef struct bp_transition {
  uint32_t from;
  uint32_t to;
  uint16_t kind;
  uint16_t reserved;
} bp_transition;

/* States, by number, and the steps between them that are allowed.  A table of the caller's, made to be static. */
typedef struct bp_machine {
  uint32_t struct_size;
  uint32_t reserved;
  const uint8_t *name;        /* UTF-8, for people, as are the names of states */
  size_t name_length;
  const bp_text *states;      /* names by number; may be NULL */
  size_t state_count;
  const bp_transition *transitions;
  size_t transition_count;
} bp_machine;

/* Zeroes and the size.  Errors: BP_ARGUMENT, BP_STRUCT_SIZE.  Since 0.2. */
BP_API bp_status bp_machine_init(bp_machine *machine, size_t size);

/* Appends `draft` if the machine allows the step.  Its kind is that of the machine's first step between these states where
 * draft->kind is 0, else a step of that kind must be there.  The states leave no trace in the event, and the store does not
 * know which one the entity is in: draft->expect (BP_EXPECT_EVENT) binds the step to the event it was decided on.
 * Errors: BP_TRANSITION, BP_ARGUMENT, BP_STRUCT_SIZE, and those of bp_store_append.  Since 0.2. */
BP_API bp_status bp_store_apply_transition(bp_store *store, const bp_machine *machine, uint32_t from, uint32_t to,
                                           const bp_draft *draft, bp_receipt *receipt, bp_error *error);

/* ----------------------------------------------------------------------------------------------------------- values -- */

/* BP_OK, or the first coordinate rule that is broken.  Since 0.1. */
BP_API bp_status bp_coordinate_check(const uint8_t *entity, size_t entity_length, const uint8_t *scope,
                                     size_t scope_length, bp_error *error);

/* Category 1..15 but 13, type id 0..0xFFF.  Errors, in this order: BP_KIND_RANGE (category), BP_KIND_RESERVED,
 * BP_KIND_RANGE (type id).  Since 0.1. */
BP_API bp_status bp_kind_make(uint32_t category, uint32_t type_id, uint16_t *kind, bp_error *error);

/* Text `F:001` (hexadecimal category and type id), `61441` or `0xF001`.  Any 16 bits.  Errors: BP_KIND_RANGE,
 * BP_ARGUMENT.  Since 0.1. */
BP_API bp_status bp_kind_parse(const char *text, size_t length, uint16_t *kind, bp_error *error);
/* `F:001`, terminated.  Since 0.1. */
BP_API void bp_kind_format(uint16_t kind, char text[6]);

/* A fresh UUIDv7, above every id this process made before.  Errors: BP_SYSTEM.  Since 0.1. */
BP_API bp_status bp_id_new(uint8_t id[16], bp_error *error);

/* Draws a seed, or with bp_key_derive takes it, and derives public key and key id.  Whoever has the seed can sign.
 * Errors: BP_SYSTEM, BP_SEED_ZERO.  Since 0.1. */
BP_API bp_status bp_key_generate(uint8_t seed[32], uint8_t public_key[32], uint8_t key_id[32], bp_error *error);
BP_API bp_status bp_key_derive(const uint8_t seed[32], uint8_t public_key[32], uint8_t key_id[32], bp_error *error);
BP_API void bp_key_id(const uint8_t public_key[32], uint8_t key_id[32]);

/* The seed in a key file: a line of comment, 64 hexadecimal digits.  `path` is terminated and relative to the working
 * directory.  Reading refuses a file that group or others may read or write, a symbolic link, what is no regular file, and
 * a file that holds anything else (BP_KEY_FILE).  Writing makes a new file for its owner alone (mode 0600) and flushes it;
 * it never overwrites.  The library keeps no copy of the seed; wiping the caller's is the caller's.
 * Errors: BP_ARGUMENT, BP_KEY_FILE, BP_SEED_ZERO, BP_SYSTEM and its kin (os_error EEXIST: there is such a file).
 * Since 0.2. */
BP_API bp_status bp_key_file_read(const char *path, uint8_t seed[32], bp_error *error);
BP_API bp_status bp_key_file_write(const char *path, const uint8_t seed[32], bp_error *error);

/* JSON text to one canonical MessagePack value, and back.  Member order is kept; of equal names the last counts, in the
 * first one's place.  Integers are exact and refused beyond 64 bits (BP_JSON); all other numbers, -0 too, are doubles.
 * Bytes behind the first MessagePack value are ignored, as the reference does.  *needed is always written; a buffer that is
 * too small is untouched: BP_TOO_SMALL.  Errors: BP_JSON, BP_MESSAGEPACK, BP_NOT_JSON, BP_DEPTH, BP_UTF8,
 * BP_NO_MEMORY.  Since 0.1. */
BP_API bp_status bp_payload_from_json(const uint8_t *json, size_t json_length, uint8_t *buffer, size_t capacity,
                                      size_t *needed, bp_error *error);
BP_API bp_status bp_payload_to_json(const uint8_t *payload, size_t payload_length, uint8_t *buffer, size_t capacity,
                                    size_t *needed, bp_error *error);

enum { /* bp_token.type */
  BP_TOKEN_NIL = 1,
  BP_TOKEN_BOOL = 2,
  BP_TOKEN_UINT = 3,
  BP_TOKEN_INT = 4,
  BP_TOKEN_FLOAT32 = 5,
  BP_TOKEN_FLOAT64 = 6,
  BP_TOKEN_STRING = 7,
  BP_TOKEN_BYTES = 8,
  BP_TOKEN_ARRAY = 9,
  BP_TOKEN_MAP = 10
};

/* A piece of a value.  A value is a run of them in prefix order: a container's token, then its elements, a map's as key,
 * value, key, value.  Languages flatten their own values to such a run, and build them from one, at one call a value. */
typedef struct bp_token {
  uint32_t type;              /* BP_TOKEN_* */
  uint32_t reserved;
  uint64_t number;            /* BOOL: 0 or 1; UINT; INT: two's complement; FLOAT32, FLOAT64: the bits; STRING, BYTES:
                                 length; ARRAY: elements; MAP: pairs */
  uint64_t offset;            /* STRING, BYTES: where they begin, in the arena or in the payload */
} bp_token;

/* One value to canonical MessagePack: shortest forms, floats as wide as they are given, maps in the order given.
 * *needed is written on success and with BP_TOO_SMALL; a buffer that is too small is untouched.  The place in an error's
 * `offset` is the index of a token.  Errors: BP_ARGUMENT (a run that is no value, bytes outside the arena), BP_UTF8,
 * BP_DEPTH (more than 1,023 containers in one another), BP_VALUE (a key twice in one map), BP_NO_MEMORY.  Since 0.1. */
BP_API bp_status bp_payload_encode(const bp_token *tokens, size_t count, const uint8_t *arena, size_t arena_length,
                                   uint8_t *buffer, size_t capacity, size_t *needed, bp_error *error);

/* The first MessagePack value, in any of its forms, to tokens; bytes behind it are ignored.  *count, never more than
 * payload_length, is written on success and with BP_TOO_SMALL, when the tokens that fit are written too.  A negative
 * integer is INT, every other UINT.  Keys may repeat.  Errors: BP_MESSAGEPACK (also for an extension type), BP_UTF8,
 * BP_DEPTH.  Since 0.1. */
BP_API bp_status bp_payload_decode(const uint8_t *payload, size_t payload_length, bp_token *tokens, size_t capacity,
                                   size_t *count, bp_error *error);

/* The canonical map of extensions (the form that receipts carry), and back.  Encoding checks the names.  Decoding needs
 * `items` for `*count` entries and `values` for their bytes; with either too small it writes the needs: BP_TOO_SMALL.
 * The decoded names point into `map`, the values into `values`.  Since 0.1. */
BP_API bp_status bp_extensions_encode(const bp_extension *items, size_t count, uint8_t *buffer, size_t capacity,
                                      size_t *needed, bp_error *error);
BP_API bp_status bp_extensions_decode(const uint8_t *map, size_t map_length, bp_extension *items, size_t items_capacity,
                                      size_t *count, uint8_t *values, size_t values_capacity, size_t *values_length,
                                      bp_error *error);

#ifdef __cplusplus
}
#endif

#endif
