/* What must not compile: each MISUSE but 0 is an error of the compiler.  V-73, 13.3 typestate_safety. */
/* P-092 */
#include "invoice.h"

bp_status example(bp_store *store, bp_gates *gates, bp_permit *permit, invoice_draft draft);

bp_status example(bp_store *store, bp_gates *gates, bp_permit *permit, invoice_draft draft) {
  invoice_sent sent;
  invoice_paid paid;
  (void)gates;
  (void)invoice_steps;
#if MISUSE == 0
  bp_status status = invoice_send(store, draft, &sent);
  if (status == BP_OK) status = invoice_pay(store, sent, &paid);
  return status == BP_OK ? bp_store_commit_permit(store, permit, NULL, NULL) : status;
#elif MISUSE == 1 /* a step from a state that the invoice is not in */
  (void)sent;
  return invoice_pay(store, draft, &paid);
#elif MISUSE == 2 /* a permit that nobody gave */
  struct bp_permit forged = {0};
  return bp_store_commit_permit(store, &forged, NULL, NULL);
#elif MISUSE == 3 /* changing what was permitted */
  bp_permit_draft(permit)->kind = 0x1001;
  return bp_store_commit_permit(store, permit, NULL, NULL);
#elif MISUSE == 4 /* gates are no permit */
  return bp_store_commit_permit(store, gates, NULL, NULL);
#elif MISUSE == 5 /* a copy of a permit */
  struct bp_permit copy = *permit;
  return bp_store_commit_permit(store, &copy, NULL, NULL);
#endif
}
