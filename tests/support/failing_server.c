/* The server of a file system in memory: answers the kernel's requests one after the other (linux/fuse.h). */
#include "support/failing_internal.h"

#include <errno.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE_MOST = 1 << 20, REQUEST_MOST = WRITE_MOST + 4096, NAME_MOST = 64, FILE_MOST = 64 << 20, VALID_SECONDS = 3600 };

/* Number i stands for the kernel's number i + 1; the first is the root. */
typedef struct node {
  int is_used;
  uint64_t parent;      /* the kernel's number; 0: has no name any more */
  char name[NAME_MOST];
  uint32_t mode;
  uint8_t *bytes;
  size_t length;
  uint64_t lookups;     /* of the kernel: at 0 it knows it no more */
  uint64_t opens;
  uint64_t generation;
} node;

typedef struct server {
  int device;
  failing_control *control;
  node *nodes;
  size_t count;
  uint64_t generation;
} server;

typedef struct request {
  const struct fuse_in_header *head;
  const uint8_t *body;
} request;

static node *node_of(const server *s, uint64_t number) {
  return number >= 1 && number <= s->count && s->nodes[number - 1].is_used ? &s->nodes[number - 1] : NULL;
}

static uint64_t number_of(const server *s, const node *n) { return (uint64_t)(n - s->nodes) + 1; }

static node *find(const server *s, uint64_t parent, const char *name) {
  for (size_t i = 1; i < s->count; i++) {
    node *n = &s->nodes[i];
    if (n->is_used && n->parent == parent && strcmp(n->name, name) == 0) return n;
  }
  return NULL;
}

static void forget_unused(node *n) {
  if (n->parent != 0 || n->lookups != 0 || n->opens != 0) return;
  free(n->bytes);
  memset(n, 0, sizeof *n);
}

static node *add(server *s, uint64_t parent, const char *name, uint32_t mode) {
  size_t at = 0;
  while (at < s->count && s->nodes[at].is_used) at++;
  if (at == s->count) {
    node *grown = realloc(s->nodes, (s->count + 1) * sizeof *grown);
    if (grown == NULL) return NULL;
    s->nodes = grown;
    s->count++;
  }
  node *n = &s->nodes[at];
  *n = (node){.is_used = 1, .parent = parent, .mode = mode, .generation = ++s->generation};
  snprintf(n->name, sizeof n->name, "%s", name);
  return n;
}

static int set_length(node *n, uint64_t length) {
  if (length > FILE_MOST) return ENOSPC;
  uint8_t *bytes = realloc(n->bytes, length + 1);
  if (bytes == NULL) return ENOSPC;
  if (length > n->length) memset(bytes + n->length, 0, (size_t)length - n->length);
  n->bytes = bytes;
  n->length = (size_t)length;
  return 0;
}

/* --- answers */

static void answer(const server *s, const request *r, int failed, const void *bytes, size_t length) {
  struct fuse_out_header head = {.unique = r->head->unique, .error = -failed};
  struct iovec parts[2] = {{&head, sizeof head}, {(void *)(uintptr_t)bytes, failed ? 0 : length}};
  head.len = (uint32_t)(sizeof head + parts[1].iov_len);
  /* ENOENT: the one who asked was killed meanwhile. */
  if (writev(s->device, parts, 2) < 0 && errno != ENOENT) _exit(1);
}

static struct fuse_attr attributes(const server *s, const node *n) {
  return (struct fuse_attr){.ino = number_of(s, n),
                            .size = n->length,
                            .blocks = (n->length + 511) / 512,
                            .mode = n->mode,
                            .nlink = n->parent != 0 ? 1 : 0,
                            .blksize = 4096};
}

static struct fuse_entry_out entry(const server *s, node *n) {
  n->lookups++;
  return (struct fuse_entry_out){.nodeid = number_of(s, n),
                                 .generation = n->generation,
                                 .entry_valid = VALID_SECONDS,
                                 .attr_valid = VALID_SECONDS,
                                 .attr = attributes(s, n)};
}

static void answer_entry(const server *s, const request *r, node *n) {
  struct fuse_entry_out out = entry(s, n);
  answer(s, r, 0, &out, sizeof out);
}

static void answer_attributes(const server *s, const request *r, const node *n) {
  const struct fuse_attr_out out = {.attr_valid = VALID_SECONDS, .attr = attributes(s, n)};
  answer(s, r, 0, &out, sizeof out);
}

/* 0, or what the call is to fail with. */
static int fault_for(const server *s, uint32_t call, uint64_t from, uint64_t to) {
  failing_control *control = s->control;
  if ((atomic_load(&control->calls) & call) == 0) return 0;
  const failing_fault *fault = &control->fault;
  if (call == FAILING_WRITE && fault->to > 0 && (to <= fault->from || from >= fault->to)) return 0;
  uint64_t number = atomic_fetch_add(&control->seen, 1) + 1;
  if (number < fault->at || number - fault->at >= fault->times) return 0;
  atomic_fetch_add(&control->failed, 1);
  return fault->errno_value;
}

/* --- requests */

static void do_init(const server *s, const request *r) {
  const struct fuse_init_in *in = (const void *)r->body;
  struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION,
                              .minor = FUSE_KERNEL_MINOR_VERSION,
                              .max_readahead = in->max_readahead,
                              .flags = in->flags & (FUSE_BIG_WRITES | FUSE_MAX_PAGES | FUSE_ATOMIC_O_TRUNC),
                              .max_background = 16,
                              .congestion_threshold = 12,
                              .max_write = WRITE_MOST,
                              .time_gran = 1,
                              .max_pages = WRITE_MOST / 4096};
  answer(s, r, 0, &out, sizeof out);
}

static void do_lookup(const server *s, const request *r) {
  node *n = find(s, r->head->nodeid, (const char *)r->body);
  if (n == NULL) {
    answer(s, r, ENOENT, NULL, 0);
  } else {
    answer_entry(s, r, n);
  }
}

static void forget(const server *s, uint64_t number, uint64_t times) {
  node *n = node_of(s, number);
  if (n == NULL || number == FUSE_ROOT_ID) return;
  n->lookups = n->lookups > times ? n->lookups - times : 0;
  forget_unused(n);
}

static void do_forget(const server *s, const request *r) {
  if (r->head->opcode == FUSE_FORGET) {
    forget(s, r->head->nodeid, ((const struct fuse_forget_in *)(const void *)r->body)->nlookup);
    return;
  }
  const struct fuse_batch_forget_in *many = (const void *)r->body;
  const struct fuse_forget_one *each = (const void *)(many + 1);
  for (uint32_t i = 0; i < many->count; i++) forget(s, each[i].nodeid, each[i].nlookup);
}

static void do_setattr(const server *s, const request *r, node *n) {
  const struct fuse_setattr_in *in = (const void *)r->body;
  int failed = 0;
  if (in->valid & FATTR_SIZE) {
    failed = fault_for(s, FAILING_CHANGE, 0, 0);
    if (failed == 0) failed = set_length(n, in->size);
  }
  if (failed == 0 && (in->valid & FATTR_MODE)) n->mode = (n->mode & S_IFMT) | (in->mode & 07777);
  if (failed != 0) {
    answer(s, r, failed, NULL, 0);
  } else {
    answer_attributes(s, r, n);
  }
}

/* Create and open, or a directory. */
static void do_create(server *s, const request *r) {
  int is_directory = r->head->opcode == FUSE_MKDIR;
  const struct fuse_create_in *file = (const void *)r->body;
  const struct fuse_mkdir_in *directory = (const void *)r->body;
  uint32_t mode = is_directory ? S_IFDIR | (directory->mode & 07777) : file->mode;
  const char *name = (const char *)r->body + (is_directory ? sizeof *directory : sizeof *file);
  node *n = NULL;
  int failed = fault_for(s, FAILING_CHANGE, 0, 0);
  if (failed == 0 && find(s, r->head->nodeid, name) != NULL) failed = EEXIST;
  if (failed == 0 && strlen(name) >= NAME_MOST) failed = ENAMETOOLONG;
  if (failed == 0 && (n = add(s, r->head->nodeid, name, mode)) == NULL) failed = ENOSPC;
  if (failed != 0) {
    answer(s, r, failed, NULL, 0);
  } else if (is_directory) {
    answer_entry(s, r, n);
  } else {
    struct {
      struct fuse_entry_out entry;
      struct fuse_open_out open;
    } out = {.entry = entry(s, n)};
    n->opens++;
    answer(s, r, 0, &out, sizeof out);
  }
}

static void do_remove(const server *s, const request *r) {
  node *n = find(s, r->head->nodeid, (const char *)r->body);
  int failed = n == NULL ? ENOENT : fault_for(s, FAILING_CHANGE, 0, 0);
  for (size_t i = 0; failed == 0 && r->head->opcode == FUSE_RMDIR && i < s->count; i++) {
    if (s->nodes[i].is_used && s->nodes[i].parent == number_of(s, n)) failed = ENOTEMPTY;
  }
  if (failed == 0) {
    n->parent = 0;
    forget_unused(n);
  }
  answer(s, r, failed, NULL, 0);
}

static void do_rename(const server *s, const request *r) {
  int has_flags = r->head->opcode == FUSE_RENAME2;
  uint64_t to = has_flags ? ((const struct fuse_rename2_in *)(const void *)r->body)->newdir
                          : ((const struct fuse_rename_in *)(const void *)r->body)->newdir;
  const char *from_name =
      (const char *)r->body + (has_flags ? sizeof(struct fuse_rename2_in) : sizeof(struct fuse_rename_in));
  const char *to_name = from_name + strlen(from_name) + 1;
  node *n = find(s, r->head->nodeid, from_name), *replaced = find(s, to, to_name);
  int failed = n == NULL ? ENOENT : strlen(to_name) >= NAME_MOST ? ENAMETOOLONG : fault_for(s, FAILING_CHANGE, 0, 0);
  if (failed == 0 && replaced != NULL && replaced != n) {
    replaced->parent = 0;
    forget_unused(replaced);
  }
  if (failed == 0) {
    n->parent = to;
    snprintf(n->name, sizeof n->name, "%s", to_name);
  }
  answer(s, r, failed, NULL, 0);
}

static void do_read(const server *s, const request *r, const node *n) {
  const struct fuse_read_in *in = (const void *)r->body;
  size_t length = in->offset < n->length ? n->length - (size_t)in->offset : 0;
  if (length > in->size) length = in->size;
  answer(s, r, 0, length > 0 ? n->bytes + in->offset : NULL, length);
}

static void do_write(const server *s, const request *r, node *n) {
  const struct fuse_write_in *in = (const void *)r->body;
  struct fuse_write_out out = {.size = in->size};
  uint64_t end = in->offset + in->size;
  int failed = fault_for(s, FAILING_WRITE, in->offset, end);
  if (failed == 0 && end > n->length) failed = set_length(n, end);
  if (failed == 0) memcpy(n->bytes + in->offset, in + 1, in->size);
  answer(s, r, failed, &out, sizeof out);
}

/* All of it at once: stores have few files. */
static void do_readdir(const server *s, const request *r) {
  static _Alignas(8) uint8_t out[REQUEST_MOST];
  const struct fuse_read_in *in = (const void *)r->body;
  size_t length = 0;
  for (size_t i = (size_t)in->offset; i < s->count; i++) {
    const node *n = &s->nodes[i];
    if (i == 0 || !n->is_used || n->parent != r->head->nodeid) continue;
    struct fuse_dirent *item = (void *)(out + length);
    size_t name = strlen(n->name), whole = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + name);
    if (length + whole > in->size || length + whole > sizeof out) break;
    memset(item, 0, whole);
    item->ino = number_of(s, n);
    item->off = i + 1;
    item->namelen = (uint32_t)name;
    item->type = n->mode >> 12;
    memcpy(out + length + FUSE_NAME_OFFSET, n->name, name);
    length += whole;
  }
  answer(s, r, 0, out, length);
}

static void do_open(const server *s, const request *r, node *n) {
  const struct fuse_open_out out = {.open_flags = 0};
  n->opens++;
  answer(s, r, 0, &out, sizeof out);
}

static void do_release(const server *s, const request *r, node *n) {
  n->opens--;
  forget_unused(n);
  answer(s, r, 0, NULL, 0);
}

static void do_statfs(const server *s, const request *r) {
  const struct fuse_statfs_out out = {
      .st = {.blocks = FILE_MOST / 4096, .bfree = FILE_MOST / 4096, .bavail = FILE_MOST / 4096, .bsize = 4096, .namelen = NAME_MOST - 1, .frsize = 4096}};
  answer(s, r, 0, &out, sizeof out);
}

static void serve_one(server *s, const request *r) {
  node *n = node_of(s, r->head->nodeid);
  switch (r->head->opcode) {
    case FUSE_INIT: do_init(s, r); return;
    case FUSE_STATFS: do_statfs(s, r); return;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET: do_forget(s, r); return;
    case FUSE_INTERRUPT: return;
    default: break;
  }
  if (n == NULL) {
    answer(s, r, ENOENT, NULL, 0);
    return;
  }
  switch (r->head->opcode) {
    case FUSE_LOOKUP: do_lookup(s, r); break;
    case FUSE_GETATTR: answer_attributes(s, r, n); break;
    case FUSE_SETATTR: do_setattr(s, r, n); break;
    case FUSE_MKDIR:
    case FUSE_CREATE: do_create(s, r); break;
    case FUSE_UNLINK:
    case FUSE_RMDIR: do_remove(s, r); break;
    case FUSE_RENAME:
    case FUSE_RENAME2: do_rename(s, r); break;
    case FUSE_OPEN:
    case FUSE_OPENDIR: do_open(s, r, n); break;
    case FUSE_READ: do_read(s, r, n); break;
    case FUSE_READDIR: do_readdir(s, r); break;
    case FUSE_WRITE: do_write(s, r, n); break;
    case FUSE_FSYNC:
    case FUSE_FSYNCDIR: answer(s, r, fault_for(s, FAILING_SYNC, 0, 0), NULL, 0); break;
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR: do_release(s, r, n); break;
    case FUSE_FLUSH: answer(s, r, 0, NULL, 0); break;
    default: answer(s, r, ENOSYS, NULL, 0); break;
  }
}

void failing_serve(int device, failing_control *control) {
  static _Alignas(8) uint8_t bytes[REQUEST_MOST];
  server s = {.device = device, .control = control};
  if (add(&s, FUSE_ROOT_ID, "", S_IFDIR | 0755) == NULL) return;
  for (;;) {
    ssize_t got = read(device, bytes, sizeof bytes);
    if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT)) continue;
    if (got < (ssize_t)sizeof(struct fuse_in_header)) return; /* ENODEV: unmounted */
    const struct fuse_in_header *head = (const void *)bytes;
    const request r = {head, bytes + sizeof *head};
    serve_one(&s, &r);
  }
}
