/* SQLite in WAL mode: a table of events with the indexes that the same questions need.  Many callers share one connection
 * behind a mutex. */
#include "bench.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
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

static void insert(sqlite3 *db, sqlite3_stmt *statement, const bench_event *event) {
  sqlite3_bind_blob(statement, 1, event->id, sizeof event->id, SQLITE_STATIC);
  sqlite3_bind_text(statement, 2, event->entity, (int)event->entity_length, SQLITE_STATIC);
  sqlite3_bind_blob(statement, 3, event->payload, sizeof event->payload, SQLITE_STATIC);
  must(sqlite3_step(statement), db);
  must(sqlite3_reset(statement), db);
}

typedef struct {
  sqlite3 *db;
  sqlite3_stmt *insert, *begin, *commit;
  bench_event *events;
  pthread_mutex_t lock;
} writer;

static void run(writer *w, sqlite3_stmt *statement) {
  must(sqlite3_step(statement), w->db);
  must(sqlite3_reset(statement), w->db);
}

/* One transaction; a single insert is one by itself. */
static void insert_some(void *user, size_t first, size_t count) {
  writer *w = user;
  pthread_mutex_lock(&w->lock);
  if (count > 1) run(w, w->begin);
  for (size_t i = 0; i < count; i++) insert(w->db, w->insert, &w->events[first + i]);
  if (count > 1) run(w, w->commit);
  pthread_mutex_unlock(&w->lock);
}

static double insert_all(const bench_task *task, const char *synchronous) {
  writer w = {.db = open_db(task, synchronous), .events = bench_events_make(task->events)};
  w.insert = insert_statement(w.db);
  w.begin = statement(w.db, "BEGIN IMMEDIATE");
  w.commit = statement(w.db, "COMMIT");
  pthread_mutex_init(&w.lock, NULL);
  double rate = bench_calls(task, insert_some, &w);
  pthread_mutex_destroy(&w.lock);
  sqlite3_finalize(w.insert);
  sqlite3_finalize(w.begin);
  sqlite3_finalize(w.commit);
  sqlite3_close(w.db);
  free(w.events);
  return rate;
}

static double durable(const bench_task *task) { return insert_all(task, "FULL"); }
static double written(const bench_task *task) { return insert_all(task, "OFF"); }

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
                                 written,
                                 {[JOB_DURABLE] = durable,
                                  [JOB_BATCH] = durable,
                                  [JOB_WRITTEN] = written,
                                  [JOB_MANY] = written,
                                  [JOB_GET] = get,
                                  [JOB_SCAN] = scan,
                                  [JOB_REPLAY] = replay}};
