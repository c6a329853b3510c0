/* Tickets that are awaited.  The store's thread tells the loop of each; an awaited ticket is kept until then. */
#include "addon.h"

#include <stdlib.h>

typedef struct bpn_watch {
  bpn_errand ended;  /* first */
  bpn_state *state;
  bpn_box *box;
  bool is_told;           /* the errand is under way; read once nobody can be told any more */
  napi_deferred deferred;
  struct bpn_watch *next;
  struct bpn_watch **at;  /* what points to it */
} bpn_watch;

static void link_watch(bpn_watch *watch) {
  bpn_watch **first = &watch->state->watches;
  watch->at = first;
  watch->next = *first;
  if (watch->next != NULL) watch->next->at = &watch->next;
  *first = watch;
  watch->box->watch = watch;
}

static void watch_free(bpn_watch *watch) {
  *watch->at = watch->next;
  if (watch->next != NULL) watch->next->at = watch->at;
  watch->box->watch = NULL;
  bpn_box_drop(watch->box);
  free(watch);
}

static void complete_watch(napi_env env, bpn_errand *errand) {
  bpn_watch *watch = (bpn_watch *)errand;
  napi_value nothing;
  if (napi_get_undefined(env, &nothing) == napi_ok) napi_resolve_deferred(env, watch->deferred, nothing);
  watch_free(watch);
}

/* On the store's thread, or at once. */
static void tell(void *user) {
  bpn_watch *watch = user;
  watch->is_told = true;
  bpn_loop_tell(watch->state, &watch->ended);
}

static bpn_watch *watch_new(bpn_state *state, bpn_box *box) {
  bpn_watch *watch = calloc(1, sizeof *watch);
  if (watch == NULL) {
    bpn_refuse(state->env, BP_NO_MEMORY, "watching a ticket");
    return NULL;
  }
  if (!bpn_loop_expect(state)) {
    free(watch);
    return NULL;
  }
  bpn_box_keep(box);
  *watch = (bpn_watch){.ended.run = complete_watch, .state = state, .box = box};
  link_watch(watch);
  return watch;
}

/* ticket_decided(ticket): a promise, one at a time for each ticket. */
napi_value bpn_ticket_decided(napi_env env, napi_callback_info info) {
  napi_value handle, promise;
  bpn_state *state = bpn_enter(env, info, 1, &handle);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, handle, BPN_TICKET);
  if (box != NULL && box->watch != NULL) return bpn_refuse(env, BP_BUSY, "the ticket is awaited already");
  bpn_watch *watch = box == NULL ? NULL : watch_new(state, box);
  if (watch == NULL) return NULL;
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = napi_create_promise(env, &watch->deferred, &promise) != napi_ok
                         ? BP_NO_MEMORY
                         : bp_ticket_notify(box->held, tell, watch, &error);
  if (status == BP_OK) return promise;
  bpn_loop_forget(state);
  watch_free(watch);
  return bpn_throw(env, status, &error);
}

/* free(ticket): a promise of it is settled, now or, where the word is on its way, soon. */
napi_value bpn_ticket_free(napi_env env, napi_callback_info info) {
  napi_value handle;
  bpn_state *state = bpn_enter(env, info, 1, &handle);
  bpn_box *box = state == NULL ? NULL : bpn_box_any(state, handle, BPN_TICKET);
  if (box == NULL) return NULL;
  bpn_watch *watch = box->watch;
  if (watch != NULL) {
    (void)bp_ticket_notify(box->held, NULL, NULL, NULL);
    if (!watch->is_told) {
      bpn_loop_forget(state);
      complete_watch(env, &watch->ended);
    }
  }
  bpn_free_held(state, handle, BPN_TICKET);
  return NULL;
}

/* Once a ticket has been taken back nobody tells of it, so that the way into the loop can be closed. */
void bpn_watches_stop(bpn_state *state) {
  while (state->watches != NULL) {
    bpn_watch *watch = state->watches;
    (void)bp_ticket_notify(watch->box->held, NULL, NULL, NULL);
    watch_free(watch);
  }
}
