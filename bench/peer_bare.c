/* The bare machine: what the work costs without a store around it.
 *   durable   one write and one fdatasync of a frame, in a growing file
 *   4, 16     the same, callers sharing a write and a flush
 *   written   hash, checksum and write of the same frames
 *   signed    Ed25519 signatures
 *   scan      checksums of the frames of a store's files, in memory */
#include "bench.h"

#include <blake3.h>
#include <dirent.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* About the size of a frame with 256 random bytes of payload. */
enum { FRAME = 840 };

/* With `room` zeros in it, on the disk. */
static int create(const bench_task *task, size_t room) {
  static const uint8_t zeros[1 << 20];
  char path[512];
  snprintf(path, sizeof path, "%s/bare", task->directory);
  int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (file < 0) bench_fail("cannot create a file");
  for (size_t at = 0; at < room; at += sizeof zeros) {
    if (pwrite(file, zeros, sizeof zeros, (off_t)at) != (ssize_t)sizeof zeros) bench_fail("write");
  }
  if (fsync(file) != 0) bench_fail("flush");
  return file;
}

static void make_frame(uint8_t frame[FRAME], size_t number) {
  uint8_t payload[BENCH_PAYLOAD];
  bench_payload(number, payload);
  for (size_t at = 0; at < FRAME; at += sizeof payload) {
    memcpy(frame + at, payload, FRAME - at < sizeof payload ? FRAME - at : sizeof payload);
  }
}

static double write_alone(const bench_task *task, size_t room) {
  uint8_t frame[FRAME];
  int file = create(task, room);
  make_frame(frame, 0);
  double start = bench_now();
  for (size_t i = 0; i < task->events; i++) {
    if (pwrite(file, frame, FRAME, (off_t)(i * FRAME)) != FRAME || fdatasync(file) != 0) bench_fail("write");
  }
  double rate = (double)task->events / (bench_now() - start);
  close(file);
  return rate;
}

static double durable_1(const bench_task *task) { return write_alone(task, 0); }
static double filled_1(const bench_task *task) { return write_alone(task, task->events * FRAME); }

/* --- many callers: whoever finds no leader writes and flushes for all who wait */

typedef struct {
  int file;
  size_t each;
  pthread_mutex_t lock;
  pthread_cond_t done;
  uint64_t asked;    /* frames wanted on the disk */
  uint64_t flushed;
  int leader;
  uint8_t *frames;
} group;

static void write_share(void *user, size_t thread) {
  group *g = user;
  (void)thread;
  for (size_t i = 0; i < g->each; i++) {
    pthread_mutex_lock(&g->lock);
    uint64_t mine = ++g->asked;
    while (g->flushed < mine) {
      if (g->leader) {
        pthread_cond_wait(&g->done, &g->lock);
        continue;
      }
      g->leader = 1;
      uint64_t from = g->flushed, to = g->asked;
      pthread_mutex_unlock(&g->lock);
      ssize_t length = (ssize_t)((to - from) * FRAME);
      if (pwrite(g->file, g->frames, (size_t)length, (off_t)(from * FRAME)) != length || fdatasync(g->file) != 0) {
        bench_fail("write");
      }
      pthread_mutex_lock(&g->lock);
      g->flushed = to;
      g->leader = 0;
      pthread_cond_broadcast(&g->done);
    }
    pthread_mutex_unlock(&g->lock);
  }
}

static double write_together(const bench_task *task, size_t callers, size_t room) {
  group g = {.file = create(task, room),
             .each = task->events / callers,
             .lock = PTHREAD_MUTEX_INITIALIZER,
             .done = PTHREAD_COND_INITIALIZER,
             .frames = calloc(callers, FRAME)};
  if (g.frames == NULL) bench_fail("no memory");
  for (size_t i = 0; i < callers; i++) make_frame(g.frames + i * FRAME, i);
  double seconds = bench_threads(callers, write_share, &g);
  close(g.file);
  free(g.frames);
  return (double)(g.each * callers) / seconds;
}

static double durable_4(const bench_task *task) { return write_together(task, 4, 0); }
static double durable_16(const bench_task *task) { return write_together(task, 16, 0); }
static double filled_4(const bench_task *task) { return write_together(task, 4, task->events * FRAME); }
static double filled_16(const bench_task *task) { return write_together(task, 16, task->events * FRAME); }

static double written(const bench_task *task) {
  uint8_t *frames = calloc(task->events, FRAME);
  if (frames == NULL) bench_fail("no memory");
  for (size_t i = 0; i < task->events; i++) make_frame(frames + i * FRAME, i);
  int file = create(task, 0);
  double start = bench_now();
  for (size_t i = 0; i < task->events; i++) {
    uint8_t *frame = frames + i * FRAME;
    blake3_hasher hasher;
    blake3_hasher_init(&hasher);
    blake3_hasher_update(&hasher, frame, BENCH_PAYLOAD);
    blake3_hasher_finalize(&hasher, frame + 8, 32);
    uint32_t crc = libdeflate_crc32(0, frame + 8, FRAME - 8);
    memcpy(frame + 4, &crc, sizeof crc);
    if (pwrite(file, frame, FRAME, (off_t)(i * FRAME)) != FRAME) bench_fail("write");
  }
  double rate = (double)task->events / (bench_now() - start);
  close(file);
  free(frames);
  return rate;
}

static double sign(const bench_task *task) {
  uint8_t seed[crypto_sign_SEEDBYTES] = {1, 2, 3}, public_key[crypto_sign_PUBLICKEYBYTES];
  uint8_t secret[crypto_sign_SECRETKEYBYTES], signature[crypto_sign_BYTES], digest[32] = {0};
  if (sodium_init() < 0) bench_fail("libsodium");
  crypto_sign_seed_keypair(public_key, secret, seed);
  double start = bench_now();
  for (size_t i = 0; i < task->events; i++) {
    memcpy(digest, &i, sizeof i);
    crypto_sign_detached(signature, NULL, digest, sizeof digest, secret);
  }
  return (double)task->events / (bench_now() - start);
}

static uint32_t big_endian(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Every frame of one segment whose checksum holds. */
static size_t check_file(const uint8_t *bytes, size_t size) {
  size_t frames = 0, at = 8 + (size_t)big_endian(bytes + 4);
  while (size - at > 8) {
    size_t length = big_endian(bytes + at);
    if (length == 0 || length > size - at - 8) break;
    if (libdeflate_crc32(0, bytes + at + 8, length) != big_endian(bytes + at + 4)) break;
    frames++;
    at += 8 + length;
  }
  return frames;
}

/* The files of the store under test lie beside the peers' own folders. */
static double scan(const bench_task *task) {
  char path[768], store[512];
  snprintf(store, sizeof store, "%s/../batpak", task->directory);
  DIR *folder = opendir(store);
  if (folder == NULL) return -1;
  size_t frames = 0;
  double seconds = 0;
  for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (strstr(entry->d_name, ".fbat") == NULL) continue;
    snprintf(path, sizeof path, "%s/%s", store, entry->d_name);
    int file = open(path, O_RDONLY);
    struct stat about;
    if (file < 0 || fstat(file, &about) != 0) bench_fail("cannot read a segment");
    size_t size = (size_t)about.st_size;
    const uint8_t *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED) bench_fail("cannot map a segment");
    double start = bench_now();
    frames += check_file(bytes, size);
    seconds += bench_now() - start;
    munmap((void *)(uintptr_t)bytes, size);
    close(file);
  }
  closedir(folder);
  return (double)frames / seconds;
}

const bench_peer bench_bare = {"bare machine",
                               NULL,
                               {[ROW_DURABLE_1] = durable_1, [ROW_DURABLE_4] = durable_4, [ROW_DURABLE_16] = durable_16,
                                [ROW_WRITTEN] = written, [ROW_SIGNED] = sign, [ROW_SCAN] = scan, [ROW_VERIFY] = scan}};

const bench_peer bench_filled = {
    "bare, filled",
    NULL,
    {[ROW_DURABLE_1] = filled_1, [ROW_DURABLE_4] = filled_4, [ROW_DURABLE_16] = filled_16}};
