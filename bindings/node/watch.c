/* Tickets that are awaited.  One thread for all of them sleeps until a descriptor is readable; an awaited ticket is kept. */
#include "addon.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct bpn_watch {
  bpn_errand ended;  /* first */
  bpn_state *state;
  bpn_box *box;
  napi_deferred deferred;
  int32_t descriptor;
  struct bpn_watch *next;
} bpn_watch;

typedef struct bpn_watcher {
  bpn_state *state;
  int epoll;
  int wake;            /* readable: the end */
  pthread_t thread;
  bpn_watch *watches;  /* the environment's own thread alone */
} bpn_watcher;

/* --- the thread */

static void *look(void *data) {
  enum { AT_ONCE = 64 };
  bpn_watcher *watcher = data;
  struct epoll_event events[AT_ONCE];
  for (;;) {
    int count = epoll_wait(watcher->epoll, events, AT_ONCE, -1);
    for (int i = 0; i < count; i++) {
      bpn_watch *watch = events[i].data.ptr;
      if (watch == NULL) return NULL;
      /* Before it can be closed. */
      epoll_ctl(watcher->epoll, EPOLL_CTL_DEL, watch->descriptor, NULL);
      bpn_loop_tell(watcher->state, &watch->ended);
    }
  }
}

static bool watcher_start(bpn_watcher *watcher) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  watcher->epoll = epoll_create1(EPOLL_CLOEXEC);
  watcher->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (watcher->epoll >= 0 && watcher->wake >= 0 && epoll_ctl(watcher->epoll, EPOLL_CTL_ADD, watcher->wake, &event) == 0 &&
      pthread_create(&watcher->thread, NULL, look, watcher) == 0) {
    return true;
  }
  if (watcher->epoll >= 0) close(watcher->epoll);
  if (watcher->wake >= 0) close(watcher->wake);
  return false;
}

static bpn_watcher *watcher_of(bpn_state *state) {
  if (state->watcher != NULL) return state->watcher;
  bpn_watcher *watcher = calloc(1, sizeof *watcher);
  if (watcher == NULL) return NULL;
  watcher->state = state;
  if (watcher_start(watcher)) return state->watcher = watcher;
  free(watcher);
  return NULL;
}

/* --- a watch */

static void watch_free(bpn_watch *watch) {
  bpn_box_drop(watch->box);
  free(watch);
}

static void unlink_watch(bpn_watch *watch) {
  bpn_watch **at = &watch->state->watcher->watches;
  while (*at != watch) at = &(*at)->next;
  *at = watch->next;
}

static void complete_watch(napi_env env, bpn_errand *errand) {
  bpn_watch *watch = (bpn_watch *)errand;
  napi_value nothing;
  unlink_watch(watch);
  if (napi_get_undefined(env, &nothing) == napi_ok) napi_resolve_deferred(env, watch->deferred, nothing);
  watch_free(watch);
}

static bool watch_start(bpn_watcher *watcher, bpn_watch *watch) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};
  if (epoll_ctl(watcher->epoll, EPOLL_CTL_ADD, watch->descriptor, &event) != 0) return false;
  watch->next = watcher->watches;
  watcher->watches = watch;
  return true;
}

static napi_value begin(bpn_state *state, bpn_box *box, int32_t descriptor) {
  napi_env env = state->env;
  napi_value promise;
  bpn_watcher *watcher = watcher_of(state);
  bpn_watch *watch = watcher == NULL ? NULL : calloc(1, sizeof *watch);
  if (watch == NULL) return bpn_refuse(env, BP_NO_MEMORY, "watching a ticket");
  bpn_box_keep(box);
  *watch = (bpn_watch){.ended.run = complete_watch, .state = state, .box = box, .descriptor = descriptor};
  if (!bpn_loop_expect(state)) {
    watch_free(watch);
    return NULL;
  }
  if (napi_create_promise(env, &watch->deferred, &promise) == napi_ok && watch_start(watcher, watch)) return promise;
  bpn_loop_forget(state);
  watch_free(watch);
  return bpn_refuse(env, BP_ARGUMENT, "the ticket is awaited already");
}

/* ticket_decided(ticket): a promise, one at a time for each ticket. */
napi_value bpn_ticket_decided(napi_env env, napi_callback_info info) {
  napi_value handle;
  bpn_state *state = bpn_enter(env, info, 1, &handle);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, handle, BPN_TICKET);
  if (box == NULL) return NULL;
  int32_t descriptor;
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = bp_ticket_descriptor(box->held, &descriptor, &error);
  return status == BP_OK ? begin(state, box, descriptor) : bpn_throw(env, status, &error);
}

void bpn_watches_stop(bpn_state *state) {
  bpn_watcher *watcher = state->watcher;
  if (watcher == NULL) return;
  const uint64_t one = 1;
  (void)!write(watcher->wake, &one, sizeof one);
  pthread_join(watcher->thread, NULL);
  close(watcher->epoll);
  close(watcher->wake);
  for (bpn_watch *watch = watcher->watches, *next; watch != NULL; watch = next) {
    next = watch->next;
    watch_free(watch);
  }
  state->watcher = NULL;
  free(watcher);
}
