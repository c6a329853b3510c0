"""The constants of the C interface.

Generated from ffi.h by bindings/tables.py; do not edit.
"""

import enum
from typing import Final


class Status(enum.IntEnum):
    """What a call answered. Numbers and names are never reused."""

    BP_OK = 0
    #: a NULL, a value outside its enum, an unknown flag bit, a reserved field not zero
    BP_ARGUMENT = 1
    #: a struct_size that no version of this library has
    BP_STRUCT_SIZE = 2
    #: an option outside its range; `text` names it
    BP_CONFIGURATION = 3
    BP_NO_MEMORY = 4
    #: the caller's buffer; the needed length was written
    BP_TOO_SMALL = 5
    #: close: calls of other threads are under way, `actual` of them
    BP_BUSY = 6
    #: the store was closed or released while the call waited
    BP_CLOSED = 7
    #: the handle belongs to the parent process
    BP_FORKED = 8
    #: a write through a store opened read-only
    BP_READ_ONLY = 9
    #: no visible event has this id
    BP_NOT_FOUND = 10
    #: a callback asked to stop
    BP_STOPPED = 11
    #: a wait ended by its time: `expected` is the sequence waited for, `actual` where the watermark stands
    BP_WAIT_TIMEOUT = 12
    #: the coordinate rules, in the order in which they are checked
    BP_ENTITY_EMPTY = 100
    BP_SCOPE_EMPTY = 101
    BP_ENTITY_TOO_LONG = 102
    BP_SCOPE_TOO_LONG = 103
    BP_COORDINATE_NUL = 104
    BP_COORDINATE_CONTROL = 105
    BP_COORDINATE_TRAVERSAL = 106
    BP_COORDINATE_SEPARATOR = 107
    BP_COORDINATE_UTF8 = 108
    #: category above 15 or type id above 0xFFF
    BP_KIND_RANGE = 110
    #: categories 0x0 and 0xD, unless the draft allows them
    BP_KIND_RESERVED = 111
    #: 0x0006 and 0x0007 mark batches on disk; no caller may write them
    BP_KIND_MARKER = 112
    BP_EXTENSION_EMPTY = 120
    BP_EXTENSION_NON_ASCII = 121
    BP_EXTENSION_TOO_LONG = 122
    BP_EXTENSION_NAMESPACE = 123
    BP_EXTENSION_RESERVED = 124
    #: payload and extensions above single_append_max_bytes: `actual` against `expected`
    BP_PAYLOAD_TOO_LARGE = 130
    #: the clock answered a time before 1970
    BP_CLOCK_INVALID = 131
    #: the entity has 2^32 events
    BP_CLOCK_OVERFLOW = 132
    #: BP_EXPECT_CLOCK not met: `expected`, `actual`
    BP_EXPECTED_CLOCK = 140
    #: BP_EXPECT_EMPTY not met: `actual` is the clock of the last event
    BP_EXPECTED_EMPTY = 141
    #: BP_EXPECT_EVENT not met: `event_id` is the last event's, zeros where there is none
    BP_EXPECTED_EVENT = 142
    #: the key is held by an event that was cancelled and stays hidden
    BP_KEY_CANCELLED = 143
    #: not a MessagePack value, or cut short; `offset` says where
    BP_MESSAGEPACK = 150
    #: nested deeper than 1,023 containers
    BP_DEPTH = 151
    #: a string that is not UTF-8
    BP_UTF8 = 152
    #: not a JSON text; `offset` says where
    BP_JSON = 153
    #: MessagePack that JSON cannot say: bin, ext, a key that is no string
    BP_NOT_JSON = 154
    #: a value without canonical form: a key twice in one map; in other languages also a type or a number that cannot
    #: be said; `offset` is the token
    BP_VALUE = 155
    #: bytes that are no claim: `offset` says where; or a receipt that can become none: `actual` is its outcome
    #: (BP_RECEIPT_*)
    BP_CLAIM = 156
    #: an all-zero signing seed
    BP_SEED_ZERO = 160
    #: 32 bytes that are no Ed25519 public key
    BP_KEY_INVALID = 161
    #: a key file that others than its owner may use, that is a link or no regular file, or that holds no key
    BP_KEY_FILE = 162
    #: more events than batch_max_events: `actual` against `expected`
    BP_BATCH_COUNT = 170
    #: payloads and extensions above batch_max_bytes: `actual` against `expected`
    BP_BATCH_BYTES = 171
    #: an item of a batch with an expectation; of all but BP_BATCH_COUNT `offset` is the item
    BP_BATCH_EXPECTATION = 172
    #: keys on some items and not on others, or some known and others not
    BP_BATCH_KEYS = 173
    BP_BATCH_DUPLICATE_KEY = 174
    #: cause_item names no earlier item: `actual` against `expected`
    BP_BATCH_CAUSE = 175
    #: a fence is open: appends and another fence are refused until it ends
    BP_FENCE_ACTIVE = 180
    #: the fence was committed or cancelled, or its store was closed
    BP_FENCE_NOT_ACTIVE = 181
    #: of a ticket: the fence was cancelled; the event stays hidden for ever
    BP_FENCE_CANCELLED = 182
    #: a gate refused; `text` is its name in brackets and its message, cut to fit
    BP_DENIED = 190
    #: the permit was committed, or another thread is committing it
    BP_PERMIT_USED = 191
    #: the machine has no such transition: `expected` the state from, `actual` the state to
    BP_TRANSITION = 192
    #: must_exist or read_only, and there is no store at the path
    BP_NO_STORE = 200
    #: the directory holds something else, or a segment that begins with other bytes
    BP_NOT_A_STORE = 201
    #: a segment or a claim of a format version that this library does not know
    BP_NEWER_VERSION = 202
    #: another handle holds the store; `text` says which access was asked for
    BP_LOCKED = 203
    #: an interrupted compaction must be finished before this store can be written
    BP_COMPACTION_PENDING = 204
    #: visibility_ranges.fbv is unreadable; without it hidden events would come to light
    BP_HIDDEN_RANGES = 205
    #: an earlier write or flush failed for good: reads go on, writes need a new open
    BP_POISONED = 206
    #: checksum or structure of a frame: `segment_id`, `offset`
    BP_DAMAGED_FRAME = 300
    #: a system call failed: `os_error` is its errno
    BP_SYSTEM = 400
    #: ENOSPC or EDQUOT; nothing of the failed write remains
    BP_DISK_FULL = 401
    #: the system could not promise the disk; the writer is poisoned
    BP_SYNC_FAILED = 402
    BP_PERMISSION = 403
    #: the system, its file system or this build of the library lacks something that is needed
    BP_UNSUPPORTED = 404
    #: a fault point of a test build said so: `expected` is the point, `actual` what the function answered
    BP_FAULT = 405


# bp_config.mode
#: read and write; make the store where there is none (a directory that holds other files only is refused)
BP_MODE_CREATE: Final = 0
#: read and write; BP_NO_STORE where there is none
BP_MODE_MUST_EXIST: Final = 1
#: change nothing, not even the directory; readers stand beside each other
BP_MODE_READ_ONLY: Final = 2

# bp_config.durability, bp_draft.durability
BP_DURABILITY_DEFAULT: Final = 0
#: the receipt comes after the system reported the flush complete
BP_DURABLE: Final = 1
#: the receipt comes after the write: survives the death of the process, not of the machine
BP_WRITTEN: Final = 2

# bp_config.sync_mode
#: fdatasync for segment data
BP_SYNC_DATA: Final = 0
#: fsync
BP_SYNC_ALL: Final = 1

# bp_progress.stage
BP_STAGE_OPEN: Final = 1
BP_STAGE_VERIFY: Final = 2

# where a bp_fault_point is asked, and what another answer than 0 does there (docs/faults.md)
#: an append is about to be placed: it alone fails, nothing happened
BP_FAULT_SINGLE_START: Final = 1
#: it was written: the whole write is taken back, with the appends that shared it
BP_FAULT_SINGLE_WRITTEN: Final = 2
#: readers see it: it stays, the caller gets an error
BP_FAULT_SINGLE_PUBLISHED: Final = 3
#: a batch is about to be placed: from here to ITEMS_COMPLETE it alone fails, nothing happened
BP_FAULT_BATCH_START: Final = 4
#: its BEGIN is placed
BP_FAULT_BATCH_BEGIN_WRITTEN: Final = 5
#: its item `item` is placed
BP_FAULT_BATCH_ITEM_WRITTEN: Final = 6
#: its last item is placed
BP_FAULT_BATCH_ITEMS_COMPLETE: Final = 7
#: all of it was written, with one write: as SINGLE_WRITTEN
BP_FAULT_BATCH_COMMIT_WRITTEN: Final = 8
#: it is about to be flushed: as a flush that failed, the writer is poisoned
BP_FAULT_BATCH_FSYNC: Final = 9
#: it was flushed: the handle never shows it, the next open does; the writer is poisoned
BP_FAULT_BATCH_PRE_PUBLISH: Final = 10

# bp_draft.given: which of the optional ids count
BP_GIVEN_KEY: Final = 1
BP_GIVEN_CORRELATION: Final = 2
BP_GIVEN_CAUSATION: Final = 4
#: in a batch: caused by its earlier item cause_item
BP_GIVEN_CAUSE_ITEM: Final = 8
BP_GIVEN_MASK: Final = 15

# bp_draft.expect: what must hold of the entity's last event, or nothing is written
BP_EXPECT_ANY: Final = 0
#: its clock is expect_clock; 0 holds for an empty entity and for one event, as in the reference
BP_EXPECT_CLOCK: Final = 1
#: there is none
BP_EXPECT_EMPTY: Final = 2
#: its id is expect_event_id
BP_EXPECT_EVENT: Final = 3

# bp_draft.gate: which watermark must reach the event before the call answers; of many drafts the last one's counts
# for all, and no other may have one
BP_GATE_NONE: Final = 0
BP_GATE_DURABLE: Final = 1
BP_GATE_APPLIED: Final = 2
BP_GATE_VISIBLE: Final = 3

# bp_draft.flags: stored, without behaviour; other bits pass through
BP_EVENT_REQUIRES_ACK: Final = 1
BP_EVENT_TRANSACTIONAL: Final = 2
BP_EVENT_REPLAY: Final = 8

# the watermarks: how far the store has come
#: numbered; told of when it is written, too
BP_WATERMARK_ACCEPTED: Final = 1
#: handed to the system
BP_WATERMARK_WRITTEN: Final = 2
#: the system reported the flush complete
BP_WATERMARK_DURABLE: Final = 3
#: readers see it
BP_WATERMARK_VISIBLE: Final = 4
#: subscribers were told; there are none yet, so it is visible
BP_WATERMARK_EMITTED: Final = 5
#: projections hold it; there are none yet, so it stays at the event of the open
BP_WATERMARK_APPLIED: Final = 6

# timeouts in milliseconds
#: from here on, 24 days, a timeout never ends; so UINT32_MAX does not either
BP_WAIT_FOREVER: Final = 2147483647

# bp_query.kind_filter
BP_KIND_ANY: Final = 0
BP_KIND_EXACT: Final = 1
BP_KIND_CATEGORY: Final = 2

# bp_query.flags
#: `after` counts: sequences strictly above it
BP_QUERY_AFTER: Final = 1
#: exactly this entity
BP_QUERY_ENTITY: Final = 2
#: this entity and everything below it: `E` and `E:...`
BP_QUERY_UNDER: Final = 4
BP_QUERY_SCOPE: Final = 8
#: clock_min..clock_max, inclusive
BP_QUERY_CLOCK: Final = 16
BP_QUERY_MASK: Final = 31

# what became of a receipt: steps in the order in which they are judged
#: valid: everything agrees and the signature holds
BP_RECEIPT_SIGNED: Final = 0
#: valid: everything agrees, nobody signed, no keys are known
BP_RECEIPT_UNSIGNED_ACCEPTED: Final = 1
BP_RECEIPT_MISSING_EVENT: Final = 10
BP_RECEIPT_SEQUENCE: Final = 11
BP_RECEIPT_POSITION: Final = 12
BP_RECEIPT_CONTENT_HASH: Final = 13
BP_RECEIPT_EXTENSIONS: Final = 14
#: keys are known, the receipt has no signature
BP_RECEIPT_UNSIGNED_REJECTED: Final = 15
#: a key id without a signature
BP_RECEIPT_MISSING_SIGNATURE: Final = 16
#: a signature without a key id
BP_RECEIPT_ZERO_KEY: Final = 17
BP_RECEIPT_UNKNOWN_KEY: Final = 18
BP_RECEIPT_INVALID_SIGNATURE: Final = 19
#: the event's frame is damaged: nothing can be said
BP_RECEIPT_UNREADABLE: Final = 20
#: a claim that nobody signed, held against nothing: not valid, nothing vouches for it
BP_RECEIPT_UNVOUCHED: Final = 21
#: bp_store_verify_denial: the event is no denial; judged second
BP_RECEIPT_DENIAL_KIND: Final = 22

# bp_verdict.verdict: the first that applies
#: bytes that cannot be what was written
BP_VERDICT_DAMAGED: Final = 1
#: disagrees with a receipt given
BP_VERDICT_CONTRADICTED: Final = 2
#: something could not be checked
BP_VERDICT_INCOMPLETE: Final = 3
#: receipts were given and hold
BP_VERDICT_ATTESTED: Final = 4
#: agrees with itself; nothing outside vouches for it
BP_VERDICT_CONSISTENT: Final = 5

# bp_finding.severity
BP_SEVERITY_NOTE: Final = 1
BP_SEVERITY_DAMAGE: Final = 2
BP_SEVERITY_CONTRADICTION: Final = 3
BP_SEVERITY_UNCHECKED: Final = 4

# bp_outcome.type
BP_OUTCOME_OK: Final = 1
BP_OUTCOME_ERR: Final = 2
BP_OUTCOME_RETRY: Final = 3
BP_OUTCOME_PENDING: Final = 4
BP_OUTCOME_CANCELLED: Final = 5
BP_OUTCOME_BATCH: Final = 6

# bp_outcome.error_kind
BP_ERROR_KIND_NONE: Final = 0
BP_ERROR_KIND_NOT_FOUND: Final = 1
BP_ERROR_KIND_CONFLICT: Final = 2
BP_ERROR_KIND_VALIDATION: Final = 3
BP_ERROR_KIND_POLICY_REJECTION: Final = 4
BP_ERROR_KIND_CANCELLED: Final = 5
BP_ERROR_KIND_STORAGE_ERROR: Final = 6
BP_ERROR_KIND_TIMEOUT: Final = 7
BP_ERROR_KIND_PENDING: Final = 8
BP_ERROR_KIND_SERIALIZATION: Final = 9
BP_ERROR_KIND_INTERNAL: Final = 10
BP_ERROR_KIND_BATCH_COLLAPSE: Final = 11
#: with a number of the caller's in error_custom
BP_ERROR_KIND_CUSTOM: Final = 12

# bp_compensation.type: what would undo what was done before an error
#: `ids` are events
BP_COMPENSATION_ROLLBACK: Final = 1
#: `target_id`, `text`
BP_COMPENSATION_NOTIFY: Final = 2
#: `ids` are resources
BP_COMPENSATION_RELEASE: Final = 3
#: `text` is the action's type, `data` whatever it needs
BP_COMPENSATION_CUSTOM: Final = 4

# bp_wait_condition.type: what a pending outcome waits for
#: `resume_at_ms`
BP_WAIT_FOR_TIME: Final = 1
#: `event_id`
BP_WAIT_FOR_EVENT: Final = 2
#: of `items`
BP_WAIT_FOR_ALL: Final = 3
BP_WAIT_FOR_ANY: Final = 4
#: `tag`, `data`
BP_WAIT_FOR_CUSTOM: Final = 5

# bp_error_kind_class
#: the caller's own kinds
BP_ERROR_CLASS_NONE: Final = 0
#: what was asked is refused
BP_ERROR_CLASS_DOMAIN: Final = 1
#: the machinery failed
BP_ERROR_CLASS_OPERATIONAL: Final = 2

# bp_token.type
BP_TOKEN_NIL: Final = 1
BP_TOKEN_BOOL: Final = 2
BP_TOKEN_UINT: Final = 3
BP_TOKEN_INT: Final = 4
BP_TOKEN_FLOAT32: Final = 5
BP_TOKEN_FLOAT64: Final = 6
BP_TOKEN_STRING: Final = 7
BP_TOKEN_BYTES: Final = 8
BP_TOKEN_ARRAY: Final = 9
BP_TOKEN_MAP: Final = 10
