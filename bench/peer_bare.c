/* The bare machine: what the work costs without a store around it.
 *   durable   one write and one fdatasync of frames that are there, in a growing file and in one that was filled with zeros;
 *             many callers share a write and a flush
 *   batch     the same with the frames of a batch
 *   written   hash, checksum and write of the same frames
 *   signed    Ed25519 signatures alone
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

/* Frames that are there before the clock starts, of which call after call writes some to where the file ends. */
typedef struct {
  int file;
  uint8_t *frames;
  uint64_t end;      /* of the file, in frames */
  /* many callers: whoever finds no leader writes and flushes for all who wait */
  pthread_mutex_t lock;
  pthread_cond_t done;
  uint64_t asked;    /* frames wanted on the disk */
  uint64_t flushed;
  int leader;
} journal;

static void write_flushed(const journal *j, uint64_t from, size_t count) {
  ssize_t length = (ssize_t)(count * FRAME);
  if (pwrite(j->file, j->frames, (size_t)length, (off_t)(from * FRAME)) != length || fdatasync(j->file) != 0) {
    bench_fail("write");
  }
}

static void write_alone(void *user, size_t first, size_t count) {
  journal *j = user;
  (void)first;
  write_flushed(j, j->end, count);
  j->end += count;
}

static void write_together(void *user, size_t first, size_t count) {
  journal *j = user;
  (void)first;
  pthread_mutex_lock(&j->lock);
  uint64_t mine = j->asked += count;
  while (j->flushed < mine) {
    if (j->leader) {
      pthread_cond_wait(&j->done, &j->lock);
      continue;
    }
    j->leader = 1;
    uint64_t from = j->flushed, to = j->asked;
    pthread_mutex_unlock(&j->lock);
    write_flushed(j, from, (size_t)(to - from));
    pthread_mutex_lock(&j->lock);
    j->flushed = to;
    j->leader = 0;
    pthread_cond_broadcast(&j->done);
  }
  pthread_mutex_unlock(&j->lock);
}

static double write_frames(const bench_task *task, size_t room) {
  size_t frames = task->callers * task->batch;
  journal j = {.file = create(task, room),
               .frames = calloc(frames, FRAME),
               .lock = PTHREAD_MUTEX_INITIALIZER,
               .done = PTHREAD_COND_INITIALIZER};
  if (j.frames == NULL) bench_fail("no memory");
  for (size_t i = 0; i < frames; i++) make_frame(j.frames + i * FRAME, i);
  double rate = bench_calls(task, task->callers == 1 ? write_alone : write_together, &j);
  close(j.file);
  free(j.frames);
  return rate;
}

static double growing(const bench_task *task) { return write_frames(task, 0); }
static double filled(const bench_task *task) { return write_frames(task, task->events * FRAME); }

static void write_one(void *user, size_t first, size_t count) {
  const journal *j = user;
  (void)count;
  uint8_t *frame = j->frames + first * FRAME;
  blake3_hasher hasher;
  blake3_hasher_init(&hasher);
  blake3_hasher_update(&hasher, frame, BENCH_PAYLOAD);
  blake3_hasher_finalize(&hasher, frame + 8, 32);
  uint32_t crc = libdeflate_crc32(0, frame + 8, FRAME - 8);
  memcpy(frame + 4, &crc, sizeof crc);
  if (pwrite(j->file, frame, FRAME, (off_t)(first * FRAME)) != FRAME) bench_fail("write");
}

static double written(const bench_task *task) {
  journal j = {.file = create(task, 0), .frames = calloc(task->events, FRAME)};
  if (j.frames == NULL) bench_fail("no memory");
  for (size_t i = 0; i < task->events; i++) make_frame(j.frames + i * FRAME, i);
  double rate = bench_calls(task, write_one, &j);
  close(j.file);
  free(j.frames);
  return rate;
}

static void sign_one(void *user, size_t first, size_t count) {
  const uint8_t *secret = user;
  uint8_t signature[crypto_sign_BYTES], digest[32] = {0};
  (void)count;
  memcpy(digest, &first, sizeof first);
  crypto_sign_detached(signature, NULL, digest, sizeof digest, secret);
}

static double sign(const bench_task *task) {
  uint8_t seed[crypto_sign_SEEDBYTES] = {1, 2, 3}, public_key[crypto_sign_PUBLICKEYBYTES];
  uint8_t secret[crypto_sign_SECRETKEYBYTES];
  if (sodium_init() < 0) bench_fail("libsodium");
  crypto_sign_seed_keypair(public_key, secret, seed);
  return bench_calls(task, sign_one, secret);
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
                               {[JOB_DURABLE] = growing,
                                [JOB_BATCH] = growing,
                                [JOB_WRITTEN] = written,
                                [JOB_SIGNED] = sign,
                                [JOB_SCAN] = scan,
                                [JOB_VERIFY] = scan}};

const bench_peer bench_filled = {"bare, filled", NULL, {[JOB_DURABLE] = filled, [JOB_BATCH] = filled}};
