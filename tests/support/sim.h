/* The simulated system: a bp_system over memory that can crash, fail, fill up and be looked into.
 *
 *   sim_system *sim = sim_new();
 *   config.system = sim_table(sim);          the store runs on it like on any other system
 *   sim_stop_at(sim, 17);                    the 17th call from now and all later ones answer EIO
 *   ... run ...
 *   sim_choice choices[64];                  what the disk may hold after the power failed here
 *   size_t count = sim_choices(sim, choices, 64, seed);
 *   for each: sim_system *after = sim_crashed(sim, &choices[i]); open, compare, sim_free(after);
 *
 * The disk.  Each file has its content as processes see it and its content as it is surely on the disk; each directory its
 * entries likewise.  What was done since the last flush of a file or directory is a list of pending operations, one order
 * for the whole disk.  A flush of a file settles its writes and truncations; a flush of a directory settles the names made,
 * renamed and removed in it, and not those of its subdirectories.  A file whose name was never flushed may vanish, however
 * often it was flushed itself.
 *
 * A crash decides the fate of every pending operation.  Any combination of fates is a legal disk, because these rules hold
 * whatever was chosen:
 *   - Settled operations stay.
 *   - A sector of 512 bytes holds all the pending writes up to some point in their order, and none after it: the system
 *     keeps one copy of each page, so a later write to a sector never lands without an earlier one.
 *   - Sizes change in order: where a later change of a file's size landed, so did all earlier ones.  Bytes below the size
 *     that never landed read as zeros.  A lost truncation leaves the old bytes where they were.
 *   - A rename lands whole or not at all.
 * Different files and directories have nothing to do with each other.
 *
 * A failed flush of a file drops its pages as Linux does: what was pending is then in doubt until the crash, and a later
 * flush that succeeds says nothing about it.  Processes go on seeing it.
 *
 * Deviations from Linux: no symbolic links, no "..", no rename from one directory to another (EXDEV), files of at most
 * SIM_FILE_MAX bytes.  All functions may be called from any thread. */
#ifndef SUPPORT_SIM_H
#define SUPPORT_SIM_H

#include "base/bytes.h"
#include "sys/system.h"

typedef struct sim_system sim_system;

enum { SIM_SECTOR = 512, SIM_FILE_MAX = 512 * 1024 * 1024 };

/* An empty disk at 2020-01-01 with seed 0.  Aborts without memory, as all of this does. */
sim_system *sim_new(void);
void sim_free(sim_system *sim);
/* The table to put into a configuration; it lives as long as `sim`. */
const bp_system *sim_table(const sim_system *sim);

/* ----------------------------------------------------------------------------------------------- death and crash -- */

/* Another machine with the same disk, pending operations included: no open files, no locks, no faults, not stopped.
 * Clock and random go on from the same place. */
sim_system *sim_clone(sim_system *sim);

/* The process dies, the machine lives: all files are closed, locks released, faults forgotten, a stop lifted.  Everything
 * written is still seen.  Views made before stay readable; their owner may unmap them later. */
void sim_kill(sim_system *sim);

enum {
  SIM_LOST = 0,   /* nothing of it landed */
  SIM_KEPT = 1,   /* all of it landed */
  SIM_HOLE = 2,   /* a write changed the size, its bytes are lost */
  SIM_BLOCKS = 3, /* a write's bytes landed where there was a place for them, the size is lost */
  SIM_CUT = 4,    /* a write ends after its first `sectors` sectors */
  SIM_TORN = 5    /* the size landed, and of the sectors those that `seed` picks */
};

/* For names and truncations everything but SIM_LOST is SIM_KEPT. */
typedef struct sim_fate {
  uint32_t kind;
  uint32_t sectors;
  uint64_t seed;
} sim_fate;

enum {
  SIM_OP_WRITE = 1,
  SIM_OP_TRUNCATE = 2,
  SIM_OP_LINK = 3, /* a name made, for a file or a directory */
  SIM_OP_UNLINK = 4,
  SIM_OP_RENAME = 5
};

typedef struct sim_pending {
  uint32_t kind;     /* SIM_OP_* */
  uint32_t in_doubt; /* 1: a failed flush left it */
  uint64_t offset;   /* of a write; the new size of a truncation */
  uint64_t length;
  const char *name;  /* of a name operation, else NULL; the sim's, until the next call */
} sim_pending;

size_t sim_pending_count(sim_system *sim);
sim_pending sim_pending_at(sim_system *sim, size_t index);

/* The machine dies: sim_kill, and each pending operation has the fate given for it (`count` of them, the rest lost). */
void sim_crash_fates(sim_system *sim, const sim_fate *fates, size_t count);

enum {
  SIM_ALL_LOST = 0,
  SIM_ALL_KEPT = 1,
  SIM_ALL_HOLES = 2,  /* names and sizes, no bytes */
  SIM_ALL_BLOCKS = 3, /* names and bytes, no sizes */
  SIM_PREFIX = 4,     /* the operations before `op` */
  SIM_WITHOUT = 5,    /* all but `op` */
  SIM_ONLY = 6,       /* nothing but `op` */
  SIM_PREFIX_CUT = 7, /* the operations before `op`, and `sectors` sectors of it */
  SIM_PREFIX_TORN = 8,/* the operations before `op`, and of it the sectors that `seed` picks */
  SIM_NAMES = 9,      /* all names, none of the files' contents */
  SIM_CONTENTS = 10,  /* all contents, no name */
  SIM_RANDOM = 11     /* a fate for each, by `seed` */
};

typedef struct sim_choice {
  uint32_t kind;
  uint32_t sectors;
  size_t op;
  uint64_t seed;
} sim_choice;

/* The choices worth trying, at most `capacity`, in this order: the ones for everything; prefixes; each one lost; each one
 * alone; each write cut after one sector, in the middle and before its last; each write torn; then random ones from
 * `seed` on, to the capacity.  Where the regular ones are too many, evenly spaced ones are taken.  With nothing pending
 * there is one choice.  The answer is how many were filled. */
size_t sim_choices(sim_system *sim, sim_choice *choices, size_t capacity, uint64_t seed);
void sim_crash(sim_system *sim, const sim_choice *choice);
/* The crash of a clone; `sim` stays as it is. */
sim_system *sim_crashed(sim_system *sim, const sim_choice *choice);
/* A number for everything that processes see on the disk: names and bytes.  Tells distinct states apart. */
uint64_t sim_digest(sim_system *sim);

/* ------------------------------------------------------------------------------------------------ calls and faults -- */

enum {
  SIM_ANY = 0,
  SIM_OPEN,
  SIM_CLOSE,
  SIM_SIZE,
  SIM_MODE,
  SIM_READ,
  SIM_WRITE,
  SIM_TRUNCATE,
  SIM_SYNC,
  SIM_LOCK,
  SIM_MAP,
  SIM_PATH_KIND,
  SIM_RENAME,
  SIM_REMOVE,
  SIM_DIRECTORY_CREATE,
  SIM_DIRECTORY_LIST,
  SIM_DIRECTORY_SYNC,
  SIM_RANDOM_FILL,
  SIM_EVENT_OPEN,
  SIM_CALL_KINDS
};

/* Calls of this kind since sim_new, failed ones included; SIM_ANY: all of them.  A clone begins at 0. */
uint64_t sim_calls(sim_system *sim, int kind);
const char *sim_call_name(int kind);
/* Bytes that writes have taken. */
uint64_t sim_written_bytes(sim_system *sim);
/* Goes up whenever the disk, or what a crash could leave of it, changes. */
uint64_t sim_changes(sim_system *sim);
/* Called before each call, on the calling thread, with nothing locked: may look at the sim and clone it.  NULL: nobody.  A
 * clone has none. */
void sim_set_observer(sim_system *sim, void (*observer)(void *user), void *user);
/* Files now open, views now mapped, events now open (real descriptors, for poll): what a test that has closed everything
 * finds to be 0. */
size_t sim_open_files(sim_system *sim);
size_t sim_open_events(sim_system *sim);
size_t sim_mapped_views(sim_system *sim);
/* Calls with a file that is closed or never was open (those after sim_kill aside).  A test finds it to be 0. */
uint64_t sim_misuses(sim_system *sim);

/* The n-th call from now (1: the next) does nothing and answers EIO, and so do all after it until sim_kill or a crash;
 * 0: no stop.  Closing still closes.  Clock and process id go on. */
void sim_stop_at(sim_system *sim, uint64_t n);
int sim_stopped(sim_system *sim);

typedef struct sim_fault {
  int kind;             /* SIM_ANY: every kind */
  uint64_t at;          /* the n-th matching call from now, 1: the next */
  int errno_value;
  int forever;          /* that call and all matching ones after it */
  const char *path_end; /* matching: the path ends so; NULL: every path; random has none */
  uint32_t more;        /* so many matching calls after it fail too */
} sim_fault;

/* A failed call does nothing, but a failed close closes, and a failed sync drops pages.  At most 16. */
void sim_add_fault(sim_system *sim, sim_fault fault);
/* Reads that touch [offset, offset + length) of the file fail with EIO. */
void sim_add_bad_range(sim_system *sim, const char *path, uint64_t offset, uint64_t length);
void sim_clear_faults(sim_system *sim); /* bad ranges and the stop too; not the capacity */

/* No write takes more than this many bytes; 0: as many as asked. */
void sim_set_write_limit(sim_system *sim, size_t bytes);
/* The disk holds this many bytes of file content in all: a write that does not fit is short, the next is ENOSPC. */
void sim_set_capacity(sim_system *sim, uint64_t bytes);
uint64_t sim_used_bytes(sim_system *sim);

/* ----------------------------------------------------------------------------------------- clock, chance, process -- */

void sim_set_clock(sim_system *sim, int64_t wall_ns);
/* Added to the wall clock after each reading, 1,000 at first; may be negative.  The monotonic clock goes on by its
 * absolute value. */
void sim_set_clock_step(sim_system *sim, int64_t step_ns);
void sim_set_seed(sim_system *sim, uint64_t seed);
/* 1 at first.  Another id makes the caller a forked child. */
void sim_set_process_id(sim_system *sim, uint64_t id);

/* ---------------------------------------------------------------------------------------------- behind the system -- */

/* A file as if it had always been there, durable; what was pending for it and in the directories on its way is settled. */
void sim_put(sim_system *sim, const char *path, const void *bytes, size_t length);
/* The file's bytes as processes see them; 0 when there is none. */
int sim_get(sim_system *sim, const char *path, bpi_buffer *content);
/* The file's mode, as chmod sets it; 0644 where it was put there or made without asking for more. */
void sim_set_mode(sim_system *sim, const char *path, uint32_t mode);
/* Would the name and these bytes of the file outlive any crash? */
int sim_is_flushed(sim_system *sim, const char *path, uint64_t offset, uint64_t length);
/* Flips bits of a byte, in what processes see and on the disk alike. */
void sim_flip(sim_system *sim, const char *path, uint64_t offset, uint8_t bits);

#endif
