/* SQLite in WAL mode: a table of events with the indexes that the same questions need.  Many callers share one connection
 * behind a mutex. */
#include "bench.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static void must(int code, sqlite3 *db) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
  bench_fail(db != NULL ? sqlite3_errmsg(db) : "sqlite");
}

static sqlite3 *open_db(const bench_task *task, const char *synchronous) {
  char path[512], pragma[64];
  sqlite3 *db;
  snprintf(path, sizeof path, "%s/events.db", task->directory);
  must(sqlite3_open(path, &db), NULL);
  must(sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL), db);
  snprintf(pragma, sizeof pragma, "PRAGMA synchronous=%s", synchronous);
  must(sqlite3_exec(db, pragma, NULL, NULL, NULL), db);
  must(sqlite3_exec(db,
                    "CREATE TABLE IF NOT EXISTS events(sequence INTEGER PRIMARY KEY, id BLOB UNIQUE, entity TEXT,"
                    " scope TEXT, kind INTEGER, payload BLOB);"
                    "CREATE INDEX IF NOT EXISTS by_entity ON events(entity, sequence)",
                    NULL, NULL, NULL),
       db);
  return db;
}

static sqlite3_stmt *statement(sqlite3 *db, const char *sql) {
  sqlite3_stmt *made;
  must(sqlite3_prepare_v2(db, sql, -1, &made, NULL), db);
  return made;
}

static sqlite3_stmt *insert_statement(sqlite3 *db) {
  return statement(db, "INSERT INTO events(id, entity, scope, kind, payload) VALUES(?, ?, 'bench', 61441, ?)");
}

static void insert(sqlite3 *db, sqlite3_stmt *statement, size_t number, size_t entities) {
  uint8_t id[16], payload[BENCH_PAYLOAD];
  char entity[32];
  bench_id(number, id);
  bench_payload(number, payload);
  int length = (int)bench_entity(number % entities, entity);
  sqlite3_bind_blob(statement, 1, id, sizeof id, SQLITE_STATIC);
  sqlite3_bind_text(statement, 2, entity, length, SQLITE_STATIC);
  sqlite3_bind_blob(statement, 3, payload, sizeof payload, SQLITE_STATIC);
  must(sqlite3_step(statement), db);
  must(sqlite3_reset(statement), db);
}

static double insert_all(const bench_task *task, const char *synchronous, size_t a_transaction) {
  sqlite3 *db = open_db(task, synchronous);
  sqlite3_stmt *st = insert_statement(db);
  size_t entities = bench_entities(task->events);
  double start = bench_now();
  for (size_t i = 0; i < task->events; i++) {
    if (a_transaction > 1 && i % a_transaction == 0) must(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), db);
    insert(db, st, i, entities);
    if (a_transaction > 1 && (i + 1 == task->events || (i + 1) % a_transaction == 0)) {
      must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), db);
    }
  }
  double rate = (double)task->events / (bench_now() - start);
  sqlite3_finalize(st);
  sqlite3_close(db);
  return rate;
}

static double durable_1(const bench_task *task) { return insert_all(task, "FULL", 1); }
static double written(const bench_task *task) { return insert_all(task, "OFF", 1); }
static double many(const bench_task *task) { return insert_all(task, "OFF", 1000); }
static double prepare(const bench_task *task) { return insert_all(task, "OFF", 10000); }

typedef struct {
  sqlite3 *db;
  sqlite3_stmt *insert;
  pthread_mutex_t lock;
  size_t each;
  size_t events;
} shared;

static void insert_share(void *user, size_t thread) {
  shared *s = user;
  for (size_t i = 0; i < s->each; i++) {
    pthread_mutex_lock(&s->lock);
    insert(s->db, s->insert, thread * s->each + i, bench_entities(s->events));
    pthread_mutex_unlock(&s->lock);
  }
}

static double insert_together(const bench_task *task, size_t callers) {
  shared s = {.db = open_db(task, "FULL"), .lock = PTHREAD_MUTEX_INITIALIZER, .each = task->events / callers};
  s.events = s.each * callers;
  s.insert = insert_statement(s.db);
  double seconds = bench_threads(callers, insert_share, &s);
  sqlite3_finalize(s.insert);
  sqlite3_close(s.db);
  return (double)s.events / seconds;
}

static double durable_4(const bench_task *task) { return insert_together(task, 4); }
static double durable_16(const bench_task *task) { return insert_together(task, 16); }

static volatile uint64_t sink;

static size_t drain(sqlite3 *db, sqlite3_stmt *st, int column) {
  size_t rows = 0;
  int code;
  while ((code = sqlite3_step(st)) == SQLITE_ROW) {
    sink += *(const uint8_t *)sqlite3_column_blob(st, column);
    rows++;
  }
  must(code, db);
  must(sqlite3_reset(st), db);
  return rows;
}

static double get(const bench_task *task) {
  sqlite3 *db = open_db(task, "OFF");
  sqlite3_stmt *st = statement(db, "SELECT sequence, entity, scope, kind, payload FROM events WHERE id = ?");
  double start = bench_now();
  for (size_t i = 0; i < task->events; i++) {
    uint8_t id[16];
    bench_id(bench_shuffle(i, task->events), id);
    sqlite3_bind_blob(st, 1, id, sizeof id, SQLITE_STATIC);
    if (drain(db, st, 4) != 1) bench_fail("sqlite lost an event");
  }
  double rate = (double)task->events / (bench_now() - start);
  sqlite3_finalize(st);
  sqlite3_close(db);
  return rate;
}

static double scan(const bench_task *task) {
  sqlite3 *db = open_db(task, "OFF");
  sqlite3_stmt *st = statement(db, "SELECT sequence, id, entity, scope, kind, payload FROM events ORDER BY sequence");
  double start = bench_now();
  size_t rows = drain(db, st, 5);
  double rate = (double)rows / (bench_now() - start);
  sqlite3_finalize(st);
  sqlite3_close(db);
  return rate;
}

static double replay(const bench_task *task) {
  sqlite3 *db = open_db(task, "OFF");
  sqlite3_stmt *st = statement(db, "SELECT sequence, id, kind, payload FROM events WHERE entity = ? ORDER BY sequence");
  size_t entities = bench_entities(task->events), rows = 0;
  double start = bench_now();
  for (size_t i = 0; i < entities; i++) {
    char entity[32];
    int length = (int)bench_entity(bench_shuffle(i, entities), entity);
    sqlite3_bind_text(st, 1, entity, length, SQLITE_STATIC);
    rows += drain(db, st, 3);
  }
  double rate = (double)rows / (bench_now() - start);
  sqlite3_finalize(st);
  sqlite3_close(db);
  return rate;
}

const bench_peer bench_sqlite = {"SQLite",
                                 prepare,
                                 {[ROW_DURABLE_1] = durable_1, [ROW_DURABLE_4] = durable_4, [ROW_DURABLE_16] = durable_16, [ROW_WRITTEN] = written,
                                  [ROW_MANY] = many, [ROW_GET] = get, [ROW_SCAN] = scan, [ROW_REPLAY] = replay}};
