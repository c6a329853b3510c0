/* The store as its own room sees it.
 *
 * Who may touch what:
 *   - `index` is read under `index_lock` shared, changed under it exclusive, and changed by the commit leader alone; the
 *     leader therefore reads it without the lock.
 *   - `writer`, `group`, `clock_us`, `frontier`, `unsynced` belong to the commit leader.
 *   - The queue, `leader`, `worker`, `watermarks` and `awaiting` are guarded by `commit_lock`.
 *   - All else is constant between open and close, or atomic. */
#ifndef BPI_STORE_STORE_INTERNAL_H
#define BPI_STORE_STORE_INTERNAL_H

#include "base/status.h"
#include "index/index.h"
#include "journal/findings.h"
#include "journal/frame.h"
#include "journal/writer.h"
#include "model/receipt.h"

enum { BPI_STORE_MAGIC = 0x42504b31 };

/* Bits of bp_store.users above the count. */
enum { BPI_STORE_CLOSING = 1 << 30, BPI_STORE_CLOSED = 1 << 29 };

static inline int bpi_point_after(bp_point a, bp_point b) {
  return a.wall_ms != b.wall_ms ? a.wall_ms > b.wall_ms : a.sequence > b.sequence;
}

/* Both halves, so that a point made of a receipt's sequence alone is reached when its event is.  For the points of events
 * it is the same as their order, in which time comes first. */
static inline int bpi_point_reached(bp_point stands, bp_point point) {
  return stands.wall_ms >= point.wall_ms && stands.sequence >= point.sequence;
}

/* How far the store has come, as everybody sees it (frontier.c).  Accepted is written: a group is told of when its write
 * has returned.  Emitted is visible: nobody subscribes yet.  Applied is where it was at open: nothing is projected yet. */
typedef struct bpi_watermarks {
  bp_point written;
  bp_point durable;
  bp_point visible;
  bp_point applied;
  int is_pending;              /* written is ahead of durable, */
  uint64_t pending_since_ns;   /* since then, by the system's monotonic clock */
  int poisoned;
  uint32_t waiting[BP_WATERMARK_APPLIED + 1];
} bpi_watermarks;

/* Tickets of points that one watermark is to reach, the lowest sequence first (await.c). */
typedef struct bpi_awaiting {
  bp_ticket *first;
  bp_ticket *last;
} bpi_awaiting;

typedef struct bpi_request bpi_request;

/* A line of requests, each of which stands in one line at a time. */
typedef struct bpi_requests {
  bpi_request *first;
  bpi_request *last;
} bpi_requests;

/* The store's thread (worker.c), and what it shares with those who submit.  The conditions go with commit_lock. */
typedef struct bpi_worker {
  bpi_thread thread;
  int is_running;
  int is_stopping;
  bpi_condition wake;          /* there is something to do */
  bpi_condition room;          /* there may be room in the queue */
  uint64_t queued;             /* tickets that wait, or whose group is being committed */
  bpi_requests done;           /* what nobody waits for and is done: tickets to be decided, fences that were dropped */
} bpi_worker;

/* The open fence (fence.h).  It belongs to the leader, who changes `fence` under commit_lock. */
typedef struct bpi_fencing {
  bp_fence *fence;             /* NULL: none */
  uint32_t first_row;
  uint64_t first_sequence;
  uint64_t covered_until;      /* the range on the disk reaches to here; 0: nobody knows how far */
  int has_range;               /* there may be one on the disk */
  int is_in_doubt;             /* the last try to write it failed */
  int is_abandoned;            /* nobody holds it, and it could not be cancelled yet */
  uint64_t tokens;             /* given so far */
} bpi_fencing;

struct bp_store {
  uint32_t magic;
  uint32_t mode;
  _Atomic uint32_t users;      /* calls under way; CLOSING: no new ones; CLOSED: somebody destroys it */
  const bp_system *system;
  uint64_t process;
  bpi_memory memory;
  bp_config config;            /* effective values; its borrowed pointers are not used after open */
  bpi_buffer directory;        /* terminated path */
  int lock_file;               /* -1: none (read-only medium) */

  bpi_rwlock index_lock;
  bpi_index index;
  bpi_segments segments;
  bpi_keyring keyring;
  bpi_findings open_findings;
  uint64_t first_unproven;
  int clean_close;

  bpi_mutex commit_lock;
  bpi_condition group_done[2]; /* with commit_lock: the group of this parity is finished; see queue.c */
  bpi_condition head_leads;    /* the same: the request behind the group is at the head */
  bpi_requests queue;
  int leader;
  uint64_t group_number;       /* of the one that is being committed, or the last */
  bpi_request *group_last;     /* of the group that is being committed */
  bpi_worker worker;
  bpi_fencing fencing;
  bpi_watermarks watermarks;
  bpi_condition watermark_moved; /* with commit_lock */
  bpi_awaiting awaiting[BP_WATERMARK_APPLIED + 1];
  size_t awaiting_count;       /* in all of these lines */
  bpi_writer writer;
  bpi_buffer group;            /* frames of the unit that is being written */
  int64_t clock_us;            /* the last time read; never goes back */
  bp_point frontier;           /* the newest event that was assigned */
  uint64_t next_sequence;
  uint64_t next_segment;
  uint32_t segment_row;        /* first row of the segment that is being written */
  uint64_t unsynced;           /* written events since the last flush */
  _Atomic uint64_t durable_rows;
  _Atomic int poisoned;

  bpi_mutex scratch_lock;
  bpi_buffer scratch[16];      /* spare buffers of callers */
  size_t scratch_count;
};

/* --- entering and leaving (gate.c): every public function that takes a store begins and ends with these. */

/* BP_ARGUMENT, BP_FORKED, BP_CLOSED. */
bp_status bpi_store_enter(const bp_store *store, bp_error *error);
/* The same for a call that writes: BP_READ_ONLY too. */
bp_status bpi_store_enter_writable(const bp_store *store, bp_error *error);
/* The last one out of a store that was released closes it. */
void bpi_store_leave(const bp_store *store);
/* The store behind a const handle: const promises the caller that nothing changes but caches and locks. */
bp_store *bpi_store_of(const bp_store *store);
/* Strict: writes the close, frees all.  Called once, by whoever set BPI_STORE_CLOSED. */
bp_status bpi_store_destroy(bp_store *store, bp_error *error);
/* All or none: 0, or an errno value. */
int bpi_store_init_conditions(bp_store *store);
/* Frees everything; writes nothing. */
void bpi_store_free(bp_store *store);
void bpi_store_log(const bp_store *store, const char *text);


/* --- committing (queue.c, commit.c) */

typedef struct bpi_item {
  const bp_draft *draft;
  uint8_t event_hash[32];
  bpi_bytes extensions;        /* encoded map; length 0: none */
  int64_t forced_us;           /* timestamp of a lifecycle event; BPI_NOW otherwise */
  const uint8_t *cause;        /* id of the earlier item of its batch that caused it; NULL: as the draft says */
  /* what became of it */
  uint32_t number;             /* of its row */
  bpi_row row;                 /* a copy */
  uint8_t replayed;
  uint8_t prev_hash[32];
} bpi_item;

#define BPI_NOW INT64_MIN

/* Steps of a fence have no items. */
enum { BPI_APPEND = 0, BPI_FENCE_BEGIN, BPI_FENCE_COMMIT, BPI_FENCE_CANCEL };

struct bpi_request {
  bpi_item *items;
  size_t count;
  int durable;
  int atomic;                  /* a batch: all or none, and durable */
  int op;                      /* BPI_APPEND, BPI_FENCE_* */
  bp_fence *fence;             /* that the items stand behind, or the one that is begun or ended; NULL: none */
  bp_error *error;             /* of the item that failed */
  /* what became of it */
  bp_status status;
  size_t accepted;             /* items that are in the store */
  int is_durable;              /* and on the disk */
  int finished;
  uint64_t group;              /* its number, once it is in one */
  int by_worker;               /* nobody waits for it: the worker leads it, and does what is left to do afterwards */
  bpi_request *next;
};

static inline void bpi_requests_put(bpi_requests *line, bpi_request *request) {
  request->next = NULL;
  if (line->last != NULL) {
    line->last->next = request;
  } else {
    line->first = request;
  }
  line->last = request;
}

/* The first of the line, which is empty then. */
static inline bpi_request *bpi_requests_take_all(bpi_requests *line) {
  bpi_request *first = line->first;
  *line = (bpi_requests){NULL, NULL};
  return first;
}

/* The line begins at `first`, one of its requests, or NULL. */
static inline void bpi_requests_cut(bpi_requests *line, bpi_request *first) {
  line->first = first;
  if (first == NULL) line->last = NULL;
}

/* Commits, waits for it, answers request->status.  At most config.group_max_events items. */
bp_status bpi_store_commit(bp_store *store, bpi_request *request);
/* Under the lock: nobody leads, and it is for the worker to do so. */
int bpi_queue_worker_leads(const bp_store *store);
/* By who stands at the head, under the lock, which is released: the group is done then. */
void bpi_queue_lead(bp_store *store);
/* Puts a request that nobody waits for at the end. */
void bpi_queue_put(bp_store *store, bpi_request *request);
/* By the leader: commits the requests from `first` to `last`, and fills in what became of each. */
void bpi_store_run_group(bp_store *store, bpi_request *first, bpi_request *last);
/* The leader's thread ends before it has touched anything: its own request, the first, goes with it, and the next one leads. */
void bpi_store_give_up_lead(bp_store *store);
/* bp_store_append; *kept is set to 1 when the event is in the store, or may be. */
bp_status bpi_store_append(bp_store *store, const bp_draft *draft, bp_receipt *receipt, int *kept, bp_error *error);
/* Microseconds, never backwards within this handle.  For the leader and for open. */
bp_status bpi_store_now(bp_store *store, int64_t *now_us, bp_error *error);

/* Ends the segment that is being written: footer, flush, close. */
bp_status bpi_store_seal(bp_store *store, bp_error *error);

/* Appends an event of the store's own.  The open event carries an extension that names this library: sessions of ours
 * have no gaps in their sequences, those of the reference may, and verify must tell one from the other. */
#define BPI_WRITER_EXTENSION "batpak_c.version"
/* And, where the session signs, the id of the key: so that a receipt stripped of its signature is missed later. */
#define BPI_SIGNER_EXTENSION "batpak_c.key_id"
bp_status bpi_store_append_opened(bp_store *store, uint64_t restored, uint64_t elapsed_us, bp_error *error);
bp_status bpi_store_append_closed(bp_store *store, bp_error *error);

/* --- the store's thread (worker.c) */

/* Under the lock.  Nothing happens where it runs.  BP_SYSTEM and its kin. */
bp_status bpi_worker_start(bp_store *store, bp_error *error);
/* The same without the lock. */
bp_status bpi_worker_need(bp_store *store, bp_error *error);
/* Under the lock: wakes it if there is something to do. */
void bpi_worker_wake(bp_store *store);
/* Under the lock: a request of its own is done. */
void bpi_worker_take(bpi_worker *worker, bpi_request *request);
/* Ends it when all that is queued is committed and all of that decided.  Nobody is in the store. */
void bpi_worker_stop(bp_store *store);
/* By the closing thread once it has ended: decides what has come since. */
void bpi_worker_finish(bp_store *store);
/* Under the lock, by the worker that is about to die: starts another, unless the closing thread will see to what is left. */
void bpi_worker_replace(bp_store *store);

/* --- the frontier (frontier.c) */

/* At the end of open: every point is the newest event's. */
void bpi_watermarks_begin(bp_store *store);
/* By the leader, under commit_lock: takes the points of what is assigned and written (the index's rows), flushed
 * (durable_rows) and published, and wakes who waited for it. */
void bpi_watermarks_advance(bp_store *store);
/* Wakes all who wait; they look at what has changed beside the points. */
void bpi_watermarks_wake(bp_store *store);
/* BP_ARGUMENT for a watermark that nobody can wait for, or no point. */
bp_status bpi_watermarks_check(uint32_t watermark, const bp_point *point, bp_error *error);
/* Under the lock: where it stands. */
bp_point bpi_watermarks_at(const bp_store *store, uint32_t watermark);
/* Under the lock: the point is not reached, and never will be.  BP_POISONED, or BP_OK: it may be. */
bp_status bpi_watermarks_hopeless(const bp_store *store, bp_error *error);
/* The newest event that readers see. */
bp_point bpi_newest_visible(const bp_store *store);
/* Waits for the committed item as its draft's gate says.  What the receipts (`count` of them, its own the last; or NULL)
 * say of the disk is then true of that moment.  BP_WAIT_TIMEOUT, BP_POISONED, BP_CLOSED. */
bp_status bpi_store_pass_gate(bp_store *store, const bpi_item *item, bp_receipt *receipts, size_t count, bp_error *error);

/* --- tickets of points (await.c) */

/* By the leader, under commit_lock, when the watermarks have moved: hands to the worker what is to be decided. */
void bpi_await_advance(bp_store *store);
/* By the closing thread: all that is left is decided. */
void bpi_await_close(bp_store *store);

/* --- spare buffers (scratch.c) */

bpi_buffer bpi_store_borrow(bp_store *store);
void bpi_store_give_back(bp_store *store, bpi_buffer *buffer);

/* --- reading (read.c, page.c) */

/* The length of a row's frame; 0 for one that a footer invented and that reaches past the end of its segment. */
size_t bpi_store_frame_room(const bp_store *store, const bpi_row *row);

/* The frame of a row, checksum and id checked; with `room` (of row->frame_length bytes; or NULL) the payload is decoded
 * into it.  BP_DAMAGED_FRAME with its position, BP_SYSTEM and its kin. */
bp_status bpi_store_read_frame(bp_store *store, const bpi_row *row, uint8_t *room, bpi_frame *frame, bp_error *error);

/* The frame of the row will be read soon. */
static inline void bpi_store_ask_for(const bp_store *store, const bpi_row *row) {
  bpi_segments_prefetch(&store->segments, row->segment, row->offset, row->frame_length);
}

/* --- receipts (receipt.c) */

/* Fills the caller's receipt for an item that was accepted, and signs it. */
bp_status bpi_store_fill_receipt(bp_store *store, const bpi_item *item, int durable, bp_receipt *receipt,
                                 bp_error *error);
/* Is the caller's receipt well-formed?  BP_STRUCT_SIZE, BP_ARGUMENT, BP_MESSAGEPACK. */
bp_status bpi_receipt_check(const bp_receipt *receipt, bp_error *error);
/* The public keys in `trust` (may be NULL).  The caller frees what was made. */
bp_status bpi_trust_keyring(const bp_store *store, const bp_trust *trust, bpi_keyring *keyring, bp_error *error);
/* What became of a receipt: BP_RECEIPT_*, and the row of its event. */
int32_t bpi_store_judge(bp_store *store, const bp_receipt *receipt, const bpi_keyring *extra, uint32_t *row);
/* The same; the event's frame where the judgement is a valid one, and where it is BP_RECEIPT_UNREADABLE the reason. */
int32_t bpi_store_judge_frame(bp_store *store, const bp_receipt *receipt, const bpi_keyring *extra, uint32_t *row,
                              bpi_frame *frame, bp_error *unread);

#endif
