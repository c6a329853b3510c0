/* LMDB: events by sequence, ids to sequences, entities to sequences; one transaction an append. */
#include "bench.h"

#include <lmdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS, IDS, ENTITIES, TABLES };

typedef struct {
  MDB_env *env;
  MDB_dbi tables[TABLES];
  bench_event *made;
  size_t next;          /* sequence */
  pthread_mutex_t lock;
} database;

static void must(int code) {
  if (code != 0) bench_fail(mdb_strerror(code));
}

static MDB_val value(const void *data, size_t size) { return (MDB_val){.mv_size = size, .mv_data = (void *)(uintptr_t)data}; }

static void open_db(database *db, const bench_task *task, unsigned flags) {
  MDB_txn *txn;
  must(mdb_env_create(&db->env));
  must(mdb_env_set_mapsize(db->env, (size_t)8 << 30));
  must(mdb_env_set_maxdbs(db->env, TABLES));
  must(mdb_env_open(db->env, task->directory, flags | MDB_NOTLS, 0644));
  must(mdb_txn_begin(db->env, NULL, 0, &txn));
  must(mdb_dbi_open(txn, "events", MDB_CREATE | MDB_INTEGERKEY, &db->tables[EVENTS]));
  must(mdb_dbi_open(txn, "ids", MDB_CREATE, &db->tables[IDS]));
  must(mdb_dbi_open(txn, "entities", MDB_CREATE | MDB_DUPSORT | MDB_INTEGERDUP | MDB_DUPFIXED, &db->tables[ENTITIES]));
  must(mdb_txn_commit(txn));
}

static void put(database *db, MDB_txn *txn, const bench_event *event) {
  MDB_val sequence = value(&db->next, sizeof db->next), data = value(event->payload, sizeof event->payload);
  MDB_val key = value(event->id, sizeof event->id);
  must(mdb_put(txn, db->tables[EVENTS], &sequence, &data, MDB_APPEND));
  must(mdb_put(txn, db->tables[IDS], &key, &sequence, 0));
  key = value(event->entity, event->entity_length);
  must(mdb_put(txn, db->tables[ENTITIES], &key, &sequence, MDB_APPENDDUP));
  db->next++;
}

/* LMDB admits one writer; the lock only keeps the sequences in order, as MDB_APPEND wants them. */
static void put_some(void *user, size_t first, size_t count) {
  database *db = user;
  MDB_txn *txn;
  pthread_mutex_lock(&db->lock);
  must(mdb_txn_begin(db->env, NULL, 0, &txn));
  for (size_t i = 0; i < count; i++) put(db, txn, &db->made[first + i]);
  must(mdb_txn_commit(txn));
  pthread_mutex_unlock(&db->lock);
}

static double put_all(const bench_task *task, unsigned flags) {
  database db = {.made = bench_events_make(task->events)};
  open_db(&db, task, flags);
  pthread_mutex_init(&db.lock, NULL);
  double rate = bench_calls(task, put_some, &db);
  pthread_mutex_destroy(&db.lock);
  mdb_env_close(db.env);
  free(db.made);
  return rate;
}

static double durable(const bench_task *task) { return put_all(task, 0); }
static double written(const bench_task *task) { return put_all(task, MDB_NOSYNC); }

static volatile uint64_t sink;

static MDB_txn *begin_reading(database *db, const bench_task *task) {
  MDB_txn *txn;
  open_db(db, task, MDB_NOSYNC);
  must(mdb_txn_begin(db->env, NULL, MDB_RDONLY, &txn));
  return txn;
}

static void read_event(database *db, MDB_txn *txn, MDB_val *sequence) {
  MDB_val data;
  uint8_t copy[BENCH_PAYLOAD];
  must(mdb_get(txn, db->tables[EVENTS], sequence, &data));
  memcpy(copy, data.mv_data, data.mv_size);
  sink += copy[0];
}

static double get(const bench_task *task) {
  database db;
  MDB_txn *txn = begin_reading(&db, task);
  double start = bench_now();
  for (size_t i = 0; i < task->events; i++) {
    uint8_t id[16];
    bench_id(bench_shuffle(i, task->events), id);
    MDB_val key = value(id, sizeof id), sequence;
    must(mdb_get(txn, db.tables[IDS], &key, &sequence));
    read_event(&db, txn, &sequence);
  }
  double rate = (double)task->events / (bench_now() - start);
  mdb_txn_abort(txn);
  mdb_env_close(db.env);
  return rate;
}

static double scan(const bench_task *task) {
  database db;
  MDB_txn *txn = begin_reading(&db, task);
  MDB_cursor *cursor;
  MDB_val key, data;
  size_t rows = 0;
  uint8_t copy[BENCH_PAYLOAD];
  must(mdb_cursor_open(txn, db.tables[EVENTS], &cursor));
  double start = bench_now();
  while (mdb_cursor_get(cursor, &key, &data, MDB_NEXT) == 0) {
    memcpy(copy, data.mv_data, data.mv_size);
    sink += copy[0];
    rows++;
  }
  double rate = (double)rows / (bench_now() - start);
  mdb_cursor_close(cursor);
  mdb_txn_abort(txn);
  mdb_env_close(db.env);
  return rate;
}

static double replay(const bench_task *task) {
  database db;
  MDB_txn *txn = begin_reading(&db, task);
  MDB_cursor *cursor;
  size_t entities = bench_entities(task->events), rows = 0;
  must(mdb_cursor_open(txn, db.tables[ENTITIES], &cursor));
  double start = bench_now();
  for (size_t i = 0; i < entities; i++) {
    char entity[32];
    MDB_val key = value(entity, bench_entity(bench_shuffle(i, entities), entity)), sequence;
    for (int code = mdb_cursor_get(cursor, &key, &sequence, MDB_SET_KEY); code == 0;
         code = mdb_cursor_get(cursor, &key, &sequence, MDB_NEXT_DUP)) {
      read_event(&db, txn, &sequence);
      rows++;
    }
  }
  double rate = (double)rows / (bench_now() - start);
  mdb_cursor_close(cursor);
  mdb_txn_abort(txn);
  mdb_env_close(db.env);
  return rate;
}

const bench_peer bench_lmdb = {"LMDB",
                               written,
                               {[JOB_DURABLE] = durable,
                                [JOB_BATCH] = durable,
                                [JOB_WRITTEN] = written,
                                [JOB_MANY] = written,
                                [JOB_GET] = get,
                                [JOB_SCAN] = scan,
                                [JOB_REPLAY] = replay}};
