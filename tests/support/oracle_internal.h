/* What the files of the oracle share. */
#ifndef SUPPORT_ORACLE_INTERNAL_H
#define SUPPORT_ORACLE_INTERNAL_H

#include "support/oracle.h"

void oracle_forget_from(oracle *o, size_t first);
void oracle_begin_segment(oracle *o);
/* A new segment where as much is written as a segment may have; what stands before it was flushed. */
void oracle_rotate_if_full(oracle *o);
/* The event behind all others, judged by nobody; oracle_place puts its frame behind the last one. */
oracle_event *oracle_write_event(oracle *o, const bp_draft *draft, int64_t timestamp_us);
void oracle_place(oracle *o, oracle_event *event);
void oracle_resolve_cause(oracle *o, oracle_event *event);

#endif
