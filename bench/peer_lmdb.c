/* LMDB: events by sequence, ids to sequences, entities to sequences; one transaction an append. */
#include "bench.h"

#include <lmdb.h>
#include <pthread.h>
#include <string.h>

typedef struct {
  MDB_env *env;
  MDB_dbi events, ids, entities;
  pthread_mutex_t lock;
  size_t each;
} database;

static void must(int code) {
  if (code != 0) bench_fail(mdb_strerror(code));
}

static MDB_val value(const void *data, size_t size) { return (MDB_val){.mv_size = size, .mv_data = (void *)(uintptr_t)data}; }

static void open_db(database *db, const bench_task *task, unsigned flags) {
  MDB_txn *txn;
  must(mdb_env_create(&db->env));
  must(mdb_env_set_mapsize(db->env, (size_t)8 << 30));
  must(mdb_env_set_maxdbs(db->env, 3));
  must(mdb_env_open(db->env, task->directory, flags | MDB_NOTLS, 0644));
  must(mdb_txn_begin(db->env, NULL, 0, &txn));
  must(mdb_dbi_open(txn, "events", MDB_CREATE | MDB_INTEGERKEY, &db->events));
  must(mdb_dbi_open(txn, "ids", MDB_CREATE, &db->ids));
  must(mdb_dbi_open(txn, "entities", MDB_CREATE | MDB_DUPSORT | MDB_INTEGERDUP | MDB_DUPFIXED, &db->entities));
  must(mdb_txn_commit(txn));
}

static void put(database *db, MDB_txn *txn, size_t number, size_t entities) {
  uint8_t id[16], payload[BENCH_PAYLOAD];
  char entity[32];
  bench_id(number, id);
  bench_payload(number, payload);
  MDB_val sequence = value(&number, sizeof number), data = value(payload, sizeof payload), key = value(id, sizeof id);
  must(mdb_put(txn, db->events, &sequence, &data, MDB_APPEND));
  must(mdb_put(txn, db->ids, &key, &sequence, 0));
  key = value(entity, bench_entity(number % entities, entity));
  must(mdb_put(txn, db->entities, &key, &sequence, MDB_APPENDDUP));
}

static double put_all(const bench_task *task, unsigned flags, size_t a_transaction) {
  database db;
  MDB_txn *txn = NULL;
  size_t entities = bench_entities(task->events);
  open_db(&db, task, flags);
  double start = bench_now();
  for (size_t i = 0; i < task->events; i++) {
    if (i % a_transaction == 0) must(mdb_txn_begin(db.env, NULL, 0, &txn));
    put(&db, txn, i, entities);
    if (i + 1 == task->events || (i + 1) % a_transaction == 0) must(mdb_txn_commit(txn));
  }
  double rate = (double)task->events / (bench_now() - start);
  mdb_env_close(db.env);
  return rate;
}

static double durable_1(const bench_task *task) { return put_all(task, 0, 1); }
static double written(const bench_task *task) { return put_all(task, MDB_NOSYNC, 1); }
static double many(const bench_task *task) { return put_all(task, MDB_NOSYNC, 1000); }
static double prepare(const bench_task *task) { return put_all(task, MDB_NOSYNC, 10000); }

/* LMDB admits one writer; the lock only keeps the sequences in order, as MDB_APPEND wants them. */
typedef struct {
  database *db;
  size_t next;
  size_t events;
} shared;

static void put_share(void *user, size_t thread) {
  shared *s = user;
  (void)thread;
  for (size_t i = 0; i < s->db->each; i++) {
    MDB_txn *txn;
    pthread_mutex_lock(&s->db->lock);
    must(mdb_txn_begin(s->db->env, NULL, 0, &txn));
    put(s->db, txn, s->next++, bench_entities(s->events));
    must(mdb_txn_commit(txn));
    pthread_mutex_unlock(&s->db->lock);
  }
}

static double put_together(const bench_task *task, size_t callers) {
  database db = {.lock = PTHREAD_MUTEX_INITIALIZER, .each = task->events / callers};
  shared s = {&db, 0, db.each * callers};
  open_db(&db, task, 0);
  double seconds = bench_threads(callers, put_share, &s);
  mdb_env_close(db.env);
  return (double)s.events / seconds;
}

static double durable_4(const bench_task *task) { return put_together(task, 4); }
static double durable_16(const bench_task *task) { return put_together(task, 16); }

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
  must(mdb_get(txn, db->events, sequence, &data));
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
    must(mdb_get(txn, db.ids, &key, &sequence));
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
  must(mdb_cursor_open(txn, db.events, &cursor));
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
  must(mdb_cursor_open(txn, db.entities, &cursor));
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
                               prepare,
                               {[ROW_DURABLE_1] = durable_1, [ROW_DURABLE_4] = durable_4, [ROW_DURABLE_16] = durable_16, [ROW_WRITTEN] = written,
                                [ROW_MANY] = many, [ROW_GET] = get, [ROW_SCAN] = scan, [ROW_REPLAY] = replay}};
