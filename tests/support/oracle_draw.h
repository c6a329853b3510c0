/* Drafts and queries by chance, with an eye on what the store holds: names that meet, payloads that are equal, keys that
 * are known, expectations that hold and others that do not, and now and then something that must be refused. */
#ifndef SUPPORT_ORACLE_DRAW_H
#define SUPPORT_ORACLE_DRAW_H

#include "support/oracle.h"
#include "support/random.h"

enum { DRAW_EXTENSIONS = 3, DRAW_PAYLOAD_MAX = 3000, DRAW_NAME_MAX = 1040 };

/* A draft and what it points to. */
typedef struct drawn_draft {
  bp_draft draft;
  uint8_t entity[DRAW_NAME_MAX], scope[DRAW_NAME_MAX];
  uint8_t payload[DRAW_PAYLOAD_MAX];
  bp_extension extensions[DRAW_EXTENSIONS];
  uint8_t extension_name[300], extension_value[DRAW_EXTENSIONS][64];
} drawn_draft;

void draw_draft(test_random *random, const oracle *o, drawn_draft *drawn);
/* Drafts for a batch: mostly such that they may stand in one. */
void draw_batch(test_random *random, const oracle *o, drawn_draft *drawn, size_t count);
void draw_query(test_random *random, const oracle *o, bp_query *query);
/* An id that the store made, or one that nobody knows. */
void draw_id(test_random *random, const oracle *o, uint8_t id[16]);

#endif
