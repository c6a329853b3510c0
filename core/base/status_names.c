/* What each status is called and what to do about it.  One row a status, in the order of ffi.h. */
#include <batpak/ffi.h>

#include <stddef.h>

typedef struct status_row {
  bp_status status;
  const char *name;
  const char *advice;
} status_row;

#define ROW(status, advice) {status, #status, advice}

static const status_row rows[] = {
    ROW(BP_OK, "Nothing is wrong."),

    ROW(BP_ARGUMENT, "Look at the call: a required pointer is NULL, a number is outside its enum, or a reserved field "
                     "is not zero."),
    ROW(BP_STRUCT_SIZE, "Fill the struct with its init function, and pass sizeof of the struct you compiled."),
    ROW(BP_CONFIGURATION, "Bring the option that the text names into its range, or leave it as the init function set "
                          "it."),
    ROW(BP_NO_MEMORY, "Free some memory or ask for less at once, then try again; nothing was changed."),
    ROW(BP_TOO_SMALL, "Call again with a buffer of at least the length that was answered."),
    ROW(BP_BUSY, "Let the calls of the other threads return, then close again; or release the store, which waits for "
                 "them."),
    ROW(BP_CLOSED, "Open the store again; this handle no longer takes calls."),
    ROW(BP_FORKED, "Open the store in the process that uses it; a handle does not outlive a fork."),
    ROW(BP_READ_ONLY, "Open the store in a mode that may write."),
    ROW(BP_NOT_FOUND, "Check the id: no visible event of this store has it."),
    ROW(BP_STOPPED, "A callback asked to stop; call again when it should go on."),
    ROW(BP_WAIT_TIMEOUT, "Wait again, or see to it that the watermark moves; an append's event is in the store, and its "
                         "receipt was given."),

    ROW(BP_ENTITY_EMPTY, "Give the entity a name of 1 to 1,024 bytes."),
    ROW(BP_SCOPE_EMPTY, "Give the scope a name of 1 to 1,024 bytes."),
    ROW(BP_ENTITY_TOO_LONG, "Shorten the entity to 1,024 bytes."),
    ROW(BP_SCOPE_TOO_LONG, "Shorten the scope to 1,024 bytes."),
    ROW(BP_COORDINATE_NUL, "Take the zero byte out of the entity or the scope."),
    ROW(BP_COORDINATE_CONTROL, "Take the control bytes out of the entity or the scope."),
    ROW(BP_COORDINATE_TRAVERSAL, "Take slashes and double dots out of the entity or the scope; a colon makes levels."),
    ROW(BP_COORDINATE_SEPARATOR, "Take the reserved separators out of the entity or the scope; a colon makes levels."),
    ROW(BP_COORDINATE_UTF8, "Encode the entity and the scope as UTF-8."),
    ROW(BP_KIND_RANGE, "Choose a category of at most 15 and a type id of at most 0xFFF."),
    ROW(BP_KIND_RESERVED, "Choose a category other than 0x0 and 0xD; those belong to the store and its family."),
    ROW(BP_KIND_MARKER, "Choose another kind: 0x0006 and 0x0007 mark batches on the disk."),
    ROW(BP_EXTENSION_EMPTY, "Name the extension `prefix.field`."),
    ROW(BP_EXTENSION_NON_ASCII, "Name the extension with ASCII characters only."),
    ROW(BP_EXTENSION_TOO_LONG, "Shorten the extension's name to 256 bytes."),
    ROW(BP_EXTENSION_NAMESPACE, "Name the extension `prefix.field`, with exactly one dot and something on both sides."),
    ROW(BP_EXTENSION_RESERVED, "Choose another prefix for the extension; `batpak` is reserved."),
    ROW(BP_PAYLOAD_TOO_LARGE, "Split the payload, keep it elsewhere and append its hash, or raise "
                              "single_append_max_bytes."),
    ROW(BP_CLOCK_INVALID, "Correct the clock: it answers a time before 1970."),
    ROW(BP_CLOCK_OVERFLOW, "Go on under a new entity; this one holds as many events as it can."),
    ROW(BP_EXPECTED_CLOCK, "Read the entity's latest event, decide anew, and append with its clock."),
    ROW(BP_EXPECTED_EMPTY, "The entity has events already: read them, and decide whether to append behind them."),
    ROW(BP_EXPECTED_EVENT, "Read the entity's latest event, decide anew, and append with its id."),
    ROW(BP_KEY_CANCELLED, "Append under another key; the event of this one was cancelled and stays hidden."),
    ROW(BP_MESSAGEPACK, "Encode the bytes as one MessagePack value; `offset` says where they stop being one."),
    ROW(BP_DEPTH, "Flatten the value to at most 1,023 nested containers."),
    ROW(BP_UTF8, "Encode the string as UTF-8, or store it as bytes."),
    ROW(BP_JSON, "Correct the JSON text at `offset`."),
    ROW(BP_NOT_JSON, "Read the payload as MessagePack; JSON cannot say what it holds."),
    ROW(BP_VALUE, "Use what MessagePack says in one way: null, truth, 64-bit integers, floats, text, bytes, lists, maps."),
    ROW(BP_CLAIM, "Ask for the claim again where it was made; a receipt that does not hold makes none: `actual` is its "
                  "outcome."),
    ROW(BP_SEED_ZERO, "Draw a random signing seed; an all-zero one was probably never filled."),
    ROW(BP_KEY_INVALID, "Pass the 32 bytes of an Ed25519 public key."),
    ROW(BP_KEY_FILE, "Take the file away from everybody but its owner (mode 0600), or draw a new key into a new file."),

    ROW(BP_BATCH_COUNT, "Append in several batches, or raise batch_max_events."),
    ROW(BP_BATCH_BYTES, "Append in several batches, or raise batch_max_bytes."),
    ROW(BP_BATCH_EXPECTATION, "Take the expectation off the item, or append the event by itself."),
    ROW(BP_BATCH_KEYS, "Give every item a key or none, and repeat a batch with just the items that it had."),
    ROW(BP_BATCH_DUPLICATE_KEY, "Give each item of the batch a key of its own."),
    ROW(BP_BATCH_CAUSE, "Let cause_item name an item that stands before this one in the batch."),

    ROW(BP_DENIED, "Read the denials: they say which gate refused and why; change the proposal or what the gate looks at."),
    ROW(BP_PERMIT_USED, "Evaluate the gates again; a permit commits one event."),
    ROW(BP_TRANSITION, "Read the entity's events to see which state it is in; the machine has no such step."),

    ROW(BP_NO_STORE, "Check the path, or open in the mode that creates a store."),
    ROW(BP_NOT_A_STORE, "Choose an empty directory or an existing store; the text says what is in the way."),
    ROW(BP_NEWER_VERSION, "Use a newer version of this library; the store, or the claim, was written by one."),
    ROW(BP_LOCKED, "Close the store in the other process or handle, or open it read-only beside other readers."),
    ROW(BP_COMPACTION_PENDING, "Open the store with the program that began the compaction, or open it read-only."),
    ROW(BP_HIDDEN_RANGES, "Restore visibility_ranges.fbv from a copy; without it hidden events would come to light."),
    ROW(BP_POISONED, "Close the store, look after the disk, and open it again; what was acknowledged stays readable."),

    ROW(BP_DAMAGED_FRAME, "Run verify to see what else is damaged, and restore the event from a copy; other events stay "
                          "readable."),

    ROW(BP_SYSTEM, "Look at os_error: it is what the system answered."),
    ROW(BP_DISK_FULL, "Make room on the disk, then append again; nothing of the failed write remains."),
    ROW(BP_SYNC_FAILED, "Suspect the disk; close the store, open it again, and see what survived."),
    ROW(BP_PERMISSION, "Give this user the right to the store's directory and files, or open it read-only."),
    ROW(BP_UNSUPPORTED, "Put the store on a local file system with locks and memory maps; for fault points use a test build."),
    ROW(BP_FAULT, "Do what the application does when this step fails: that is what is being tested."),
};

static const status_row *find(bp_status status) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (rows[i].status == status) return &rows[i];
  }
  return NULL;
}

const char *bp_status_name(bp_status status) {
  const status_row *row = find(status);
  return row == NULL ? "BP_UNKNOWN" : row->name;
}

const char *bp_status_advice(bp_status status) {
  const status_row *row = find(status);
  return row == NULL ? "Use a newer version of this library; this one does not know the status." : row->advice;
}
