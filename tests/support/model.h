/* What a store must hold: every event that a program tried to append, what it was told about it, and the comparison of a
 * store with that.
 *
 *   - Acknowledged as durable: there, with its sequence, for ever.
 *   - Acknowledged as written: there, or lost together with everything after it.
 *   - Answered with a failure that says that nothing was written: not there.
 *   - Not answered: there or not.
 *   - What a mutable open did not find does not come back; what it found stays.
 *   - Of a batch all is there or nothing.
 *   - Behind an open fence: not there.  Of a fence that is being committed all is there or nothing.
 *   - Nothing else is there but the store's own events. */
#ifndef SUPPORT_MODEL_H
#define SUPPORT_MODEL_H

#include <batpak/ffi.h>

enum {
  MODEL_TRIED = 0,
  MODEL_REFUSED = 1,
  MODEL_WRITTEN = 2,
  MODEL_DURABLE = 3,
  MODEL_GONE = 4,
  MODEL_FENCED = 5,    /* submitted to a fence that is open: not there, and may become hidden or come to light */
  MODEL_REVEALED = 6   /* of a fence whose commit was begun */
};

typedef struct model_event {
  uint8_t id[16];
  uint64_t number;     /* everything about the event follows from it and from its payload's length */
  uint32_t payload_length;
  uint32_t entity;
  uint32_t batch;      /* the number of the first event of its batch or fence, 0: of none */
  int answer;          /* MODEL_* */
  int is_numbered;     /* `sequence` is promised */
  int has_receipt;
  int present;         /* at the last comparison, as `found` */
  uint64_t sequence;
  uint64_t found;
  bp_receipt receipt;
} model_event;

typedef struct model_state {
  model_event *events; /* in the order of the calls */
  size_t count;
  size_t capacity;
  uint64_t sequence_end; /* behind the last event seen at the last comparison */
  uint8_t *payloads[64]; /* of the latest drafts */
} model_state;

void model_init(model_state *model);
void model_free(model_state *model);
/* `to` is overwritten; it is freed like any other. */
void model_copy(model_state *to, const model_state *from);

/* The last is for what is submitted to fences: its clocks run on over events that stay hidden. */
enum { MODEL_ENTITIES = 5, MODEL_FENCED_ENTITY = 4 };

/* A new event, tried.  The bytes of the draft live until 64 further ones were made. */
size_t model_add(model_state *model, uint32_t entity, uint32_t payload_length, uint8_t durability, bp_draft *draft);
/* The draft of an event again. */
void model_draft(model_state *model, size_t event, uint8_t durability, bp_draft *draft);
/* The latest `count` events are one batch. */
void model_bind(model_state *model, size_t count);
void model_acknowledge(model_state *model, size_t event, const bp_receipt *receipt);
void model_refuse(model_state *model, size_t event);
/* The commit of the fence is begun; it has ended, with all of it hidden. */
void model_reveal(model_state *model);
void model_hide(model_state *model);
/* A sync succeeded: what was written is durable. */
void model_sync(model_state *model);
/* A mutable open succeeded and the store was compared: what is there stays, what is not does not come back. */
void model_settle(model_state *model);
/* Is anything promised to be there? */
int model_promises(const model_state *model);

enum {
  /* Sectors in the middle of what was not flushed were lost: what stands behind them may be missing in the middle, or be
   * there under another number, if the store says from where on its numbers are unproven; of a batch a part may be left. */
  MODEL_HOLES = 1,
  /* The verdict and the receipts too. */
  MODEL_VERIFY = 2,
  /* A repair was begun since the holes came about: it may have made its numbers final. */
  MODEL_REPAIRED = 4
};

/* Compares; ends the process with a message where they differ. */
void model_compare(model_state *model, const bp_store *store, unsigned rules);
/* One event that could be read: is it one of the model's, with its content, or the store's own? */
void model_compare_one(const model_state *model, const bp_event *found);

#endif
