/* Opening: configuration, directory, lock, recovery, a new segment, the open event; in this order. */
#include "store/options.h"
#include "store/recover.h"

#include "sys/file.h"

#include <errno.h>
#include <string.h>

static bpi_memory memory_of(const bp_config *config) {
  bpi_memory memory = {config->reallocate, config->reallocate_user};
  return config->reallocate != NULL ? memory : bpi_memory_default();
}

static bp_status init_locks(bp_store *store, bp_error *error) {
  int failed = bpi_rwlock_init(&store->index_lock);
  if (failed != 0) return bpi_fail_system(error, failed, "making a lock");
  failed = bpi_mutex_init(&store->commit_lock);
  if (failed == 0) {
    failed = bpi_mutex_init(&store->scratch_lock);
    if (failed == 0) {
      failed = bpi_store_init_conditions(store);
      if (failed == 0) return BP_OK;
      bpi_mutex_free(&store->scratch_lock);
    }
    bpi_mutex_free(&store->commit_lock);
  }
  bpi_rwlock_free(&store->index_lock);
  return bpi_fail_system(error, failed, "making a lock");
}

/* Everything that needs no disk.  On failure nothing is left. */
static bp_status make_store(const char *path, const bp_config *config, bp_store **out, bp_error *error) {
  bpi_memory memory = memory_of(config);
  bp_store *store = bpi_allocate(&memory, sizeof *store);
  if (store == NULL) return bpi_fail(error, BP_NO_MEMORY, "opening");
  store->magic = BPI_STORE_MAGIC;
  store->mode = config->mode;
  store->memory = memory;
  store->config = *config;
  store->system = config->system != NULL ? config->system : bpi_system_real();
  store->process = store->system->process_id(store->system->context);
  store->lock_file = -1;
  store->writer.file = -1;
  uint64_t seed = 0;
  bp_status status = BP_OK;
  int failed = store->system->random_fill(store->system->context, &seed, sizeof seed);
  if (failed != 0) status = bpi_fail_system(error, failed, "drawing random bytes");
  if (status == BP_OK) status = init_locks(store, error);
  if (status != BP_OK) {
    bpi_release(&memory, store, sizeof *store);
    return status;
  }
  bpi_index_init(&store->index, &memory, seed);
  bpi_findings_init(&store->open_findings, &memory);
  bpi_buffer_init(&store->group, &memory);
  bpi_buffer_init(&store->directory, &memory);
  bpi_buffer_append(&store->directory, path, strlen(path) + 1);
  *out = store;
  if (store->directory.failed) status = bpi_fail(error, BP_NO_MEMORY, "opening");
  if (status == BP_OK) {
    status = bpi_segments_init(&store->segments, store->system, &memory, (const char *)store->directory.data, error);
  }
  if (status == BP_OK) {
    bpi_writer_init(&store->writer, &store->segments, config->sync_mode == BP_SYNC_DATA);
    store->writer.room_most = config->preallocate_bytes;
    store->writer.frames_most = config->segment_max_bytes;
    status = bpi_keyring_init(&store->keyring, &memory, config->signing_seeds, config->signing_seed_count,
                              config->verify_keys, config->verify_key_count, error);
  }
  /* The store keeps no way to the caller's seeds. */
  store->config.signing_seeds = store->config.verify_keys = NULL;
  store->config.signing_seed_count = store->config.verify_key_count = 0;
  return status;
}

static bp_status take_lock(bp_store *store, bp_error *error) {
  const bp_system *system = store->system;
  int read_only = store->mode == BP_MODE_READ_ONLY;
  bpi_buffer path;
  bpi_buffer_init(&path, &store->memory);
  bp_status status = bpi_path_join(&path, (const char *)store->directory.data, BPI_LOCK_NAME, error);
  if (status == BP_OK) {
    int failed = system->file_open(system->context, (const char *)path.data, read_only ? BPI_OPEN_READ : BPI_OPEN_LOCK,
                                   &store->lock_file);
    if (failed != 0) store->lock_file = -1;
    if (failed == 0) failed = system->file_lock(system->context, store->lock_file, !read_only);
    if (failed == EWOULDBLOCK) {
      status = bpi_fail(error, BP_LOCKED, "another handle holds the store; asked for %s access",
                        read_only ? "read-only" : "mutable");
    } else if (failed != 0 && !(read_only && store->lock_file < 0)) {
      status = bpi_fail_system(error, failed, "taking the lock");
    } else if (failed != 0) {
      /* No lock file, or one that may not be opened: a medium that nobody writes, or so it must be. */
      bpi_find(&store->open_findings, BP_SEVERITY_NOTE, "no_lock", UINT64_MAX, UINT64_MAX,
               "read without a lock: a writer would not be noticed");
    }
  }
  bpi_buffer_free(&path);
  return status;
}

/* Is this, or may it become, a store? */
static bp_status judge_directory(const bp_store *store, const bpi_directory *directory, bp_error *error) {
  int is_store = directory->segments.count > 0 || directory->sources.count > 0;
  if (directory->has_compaction && store->mode != BP_MODE_READ_ONLY) {
    return bpi_fail(error, BP_COMPACTION_PENDING, "the reference must finish its compaction first");
  }
  if (is_store) return BP_OK;
  if (directory->has_other_store_files || directory->caches.count > 0) {
    return bpi_fail(error, BP_NOT_A_STORE, "files of a store, but no segment");
  }
  if (directory->foreign > 0) return bpi_fail(error, BP_NOT_A_STORE, "the directory holds other files and no segment");
  if (store->mode != BP_MODE_CREATE) return bpi_fail(error, BP_NO_STORE, "the directory is empty");
  return BP_OK;
}

static bp_status begin_writing(bp_store *store, uint64_t started_ns, bp_error *error) {
  const bp_system *system = store->system;
  int64_t now_us;
  uint64_t restored = store->index.count;
  bp_status status = bpi_writer_begin(&store->writer, store->next_segment, system->clock_wall_ns(system->context), error);
  if (status != BP_OK) return status;
  store->next_segment++;
  store->segment_row = store->index.count;
  /* A clock before 1970 does not keep the store from opening; appends will say so. */
  if (bpi_store_now(store, &now_us, NULL) == BP_OK && (uint64_t)now_us / 1000 > store->frontier.wall_ms) {
    store->frontier.wall_ms = (uint64_t)now_us / 1000;
  }
  return bpi_store_append_opened(store, restored, (system->clock_mono_ns(system->context) - started_ns) / 1000, error);
}

static bp_status make_directory(const bp_system *system, const char *path, bp_error *error) {
  int kind = BPI_PATH_NONE;
  int failed = system->path_kind(system->context, path, &kind);
  if (failed == 0 && kind != BPI_PATH_NONE && kind != BPI_PATH_DIRECTORY) {
    return bpi_fail(error, BP_NOT_A_STORE, "the path is not a directory");
  }
  return bpi_directory_create_all(system, path, error);
}

static bp_status open_store(bp_store *store, bp_error *error) {
  const bp_system *system = store->system;
  const char *path = (const char *)store->directory.data;
  uint64_t started_ns = system->clock_mono_ns(system->context);
  bpi_directory directory = {.memory = store->memory};
  bp_status status = BP_OK;
  if (store->mode == BP_MODE_CREATE) status = make_directory(system, path, error);
  /* Looked at before the lock is taken, so that nothing is left in a directory that is no store; and again after. */
  if (status == BP_OK) status = bpi_directory_read(system, &store->memory, path, &directory, error);
  if (status == BP_OK) status = judge_directory(store, &directory, error);
  bpi_directory_free(&directory);
  if (status == BP_OK) status = take_lock(store, error);
  if (status != BP_OK) return status;

  status = bpi_directory_read(system, &store->memory, path, &directory, error);
  if (status == BP_OK) status = judge_directory(store, &directory, error);
  if (status == BP_OK && directory.has_compaction) {
    status = bpi_directory_resolve_compaction(system, path, &directory, error);
  }
  if (status == BP_OK) status = bpi_store_recover(store, &directory, error);
  bpi_directory_free(&directory);
  if (status == BP_OK && store->mode != BP_MODE_READ_ONLY) status = begin_writing(store, started_ns, error);
  if (status == BP_OK) bpi_watermarks_begin(store);
  return status;
}

bp_status bp_store_open(const char *path, const bp_config *config, bp_store **store, bp_error *error) {
  if (store == NULL) return bpi_fail(error, BP_ARGUMENT, "store is NULL");
  *store = NULL;
  if (path == NULL || path[0] == 0) return bpi_fail(error, BP_ARGUMENT, "the path is empty");
  bp_config effective;
  bp_store *made = NULL;
  bp_status status = bpi_config_effective(config, &effective, error);
  if (status == BP_OK) status = make_store(path, &effective, &made, error);
  if (status == BP_OK) status = open_store(made, error);
  if (status != BP_OK) {
    if (made != NULL) bpi_store_free(made);
    return status;
  }
  *store = made;
  return BP_OK;
}
