/* Typemaps.  A wrapper that fails leaves an exception pending and returns; no C++ exception passes through the library. */

/* --- numbers */

%typemap(in) uint64_t (uint64_t number), int64_t (int64_t number) {
  if (!bpn_uint64(env, $input, &number)) SWIG_fail;
  $1 = number;
}
%typemap(in) uint32_t (uint32_t number) {
  if (!bpn_uint32(env, $input, &number)) SWIG_fail;
  $1 = number;
}
%typemap(in) uint16_t (uint32_t wide) {
  if (!bpn_uint32(env, $input, &wide)) SWIG_fail;
  if (wide > UINT16_MAX) {
    bpn_refuse(env, BP_ARGUMENT, "more than 16 bits");
    SWIG_fail;
  }
  $1 = static_cast<uint16_t>(wide);
}
%typemap(in) int32_t, bp_status {
  if (!bpn_int32(env, $input, &$1)) SWIG_fail;
}
%typemap(out) uint32_t { $result = Napi::Number::New(env, $1); }
%typemap(out) const char * { $result = Napi::Value(env, bpn_text(env, $1)); }

/* --- status and error */

/* Declared in the wrapper's own scope, without initialiser: the jumps to its end pass over it. */
%typemap(in, numinputs=0, noblock=1) bp_error *error {
  bp_error failure;
  bpn_error_clear(&failure);
  $1 = &failure;
}
%typemap(out, noblock=1) bp_status {
  if ($1 != BP_OK) {
    bpn_throw(env, $1, &failure);
    SWIG_fail;
  }
  $result = env.Undefined();
}
/* The one that takes no bp_error. */
%typemap(out, noblock=1) bp_status bp_report_verdict {
  if ($1 != BP_OK) {
    bpn_throw(env, $1, NULL);
    SWIG_fail;
  }
}

/* --- bytes */

%typemap(in) (const uint8_t *entity, size_t entity_length), (const uint8_t *scope, size_t scope_length) {
  const uint8_t *bytes;
  if (!bpn_bytes(env, $input, &bytes, &$2)) SWIG_fail;
  $1 = const_cast<uint8_t *>(bytes);
}
%typemap(in) (const char *text, size_t length) {
  const uint8_t *bytes;
  if (!bpn_bytes(env, $input, &bytes, &$2)) SWIG_fail;
  $1 = reinterpret_cast<char *>(const_cast<uint8_t *>(bytes));
}
%typemap(in) const uint8_t seed[32], const uint8_t public_key[32] {
  const uint8_t *bytes;
  if (!bpn_fixed_bytes(env, $input, 32, &bytes)) SWIG_fail;
  $1 = const_cast<uint8_t *>(bytes);
}
%typemap(in, numinputs=0) uint8_t id[16] (uint8_t bytes[16]) { $1 = bytes; }
%typemap(argout) uint8_t id[16] { $result = Napi::Value(env, bpn_copy_bytes(env, $1, 16)); }
%typemap(in, numinputs=0) uint8_t key_id[32] (uint8_t bytes[32]) { $1 = bytes; }
%typemap(argout) uint8_t key_id[32] { $result = Napi::Value(env, bpn_copy_bytes(env, $1, 32)); }
%typemap(in, numinputs=0) char text[6] (char text[6]) { $1 = text; }
%typemap(argout) char text[6] { $result = Napi::Value(env, bpn_text(env, $1)); }
%typemap(in, numinputs=0) uint16_t *kind (uint16_t kind) { $1 = &kind; }
%typemap(argout) uint16_t *kind { $result = Napi::Number::New(env, *$1); }
%typemap(in, numinputs=0) int32_t *outcome (int32_t outcome) { $1 = &outcome; }
%typemap(argout) int32_t *outcome { $result = Napi::Number::New(env, *$1); }

/* A drawn seed and what it derives; a given seed and the same. */
%typemap(in, numinputs=0) (uint8_t seed[32], uint8_t public_key[32], uint8_t key_id[32]) (uint8_t key[96]) {
  $1 = key;
  $2 = key + 32;
  $3 = key + 64;
}
%typemap(argout) (uint8_t seed[32], uint8_t public_key[32], uint8_t key_id[32]) {
  $result = Napi::Value(env, batpak_key(env, $1, $2, $3));
}
/* What held the seed outside of JavaScript's memory. */
%typemap(freearg) (uint8_t seed[32], uint8_t public_key[32], uint8_t key_id[32]) { explicit_bzero($1, 32); }
%typemap(in, numinputs=0) (uint8_t public_key[32], uint8_t key_id[32]) (uint8_t key[64]) {
  $1 = key;
  $2 = key + 32;
}
%typemap(argout) (uint8_t public_key[32], uint8_t key_id[32]) {
  $result = Napi::Value(env, batpak_key(env, NULL, $1, $2));
}

/* --- handles */

%typemap(in) bp_store *store, const bp_store *store {
  $1 = static_cast<bp_store *>(bpn_held(batpak_state(env), $input, BPN_STORE));
  if ($1 == NULL) SWIG_fail;
}
%typemap(in) const bp_report *report {
  $1 = static_cast<bp_report *>(bpn_held(batpak_state(env), $input, BPN_REPORT));
  if ($1 == NULL) SWIG_fail;
}
%typemap(in, numinputs=0) bp_report **report (bp_report *report) {
  report = NULL;
  $1 = &report;
}
%typemap(argout) bp_report **report {
  napi_value handle = bpn_handle_of(batpak_state(env), BPN_REPORT, *$1);
  if (handle == NULL) SWIG_fail;
  $result = Napi::Value(env, handle);
}
/* The box frees what it holds, so that a second time does nothing. */
%typemap(in) bp_report *report {
  if (!bpn_free_held(batpak_state(env), $input, BPN_REPORT)) SWIG_fail;
  $1 = NULL;
}

/* --- structs */

/* Objects of C++, so that they end on every way out of the wrapper. */
%typemap(in) const bp_receipt *receipt (BatpakReceipt receipt) {
  if (!receipt.take(batpak_state(env), $input)) SWIG_fail;
  $1 = receipt.value;
}
%typemap(in) const bp_trust *trust (BatpakTrust trust) {
  if (!bpn_trust_begin(batpak_state(env), $input, &trust.value)) SWIG_fail;
  $1 = &trust.value;
}
%typemap(in, numinputs=0) bp_stat *stat (bp_stat stat) {
  memset(&stat, 0, sizeof stat);
  stat.struct_size = sizeof stat;
  $1 = &stat;
}
%typemap(argout) bp_stat *stat { $result = Napi::Value(env, bpn_record_value(env, bpn_stat_fields, $1)); }
%typemap(in, numinputs=0) bp_frontier *frontier (bp_frontier frontier) {
  memset(&frontier, 0, sizeof frontier);
  frontier.struct_size = sizeof frontier;
  $1 = &frontier;
}
%typemap(argout) bp_frontier *frontier { $result = Napi::Value(env, bpn_record_value(env, bpn_frontier_fields, $1)); }
%typemap(in, numinputs=0) bp_pressure *pressure (bp_pressure pressure) {
  memset(&pressure, 0, sizeof pressure);
  pressure.struct_size = sizeof pressure;
  $1 = &pressure;
}
%typemap(argout) bp_pressure *pressure { $result = Napi::Value(env, bpn_record_value(env, bpn_pressure_fields, $1)); }
%typemap(in, numinputs=0) bp_verdict *verdict (bp_verdict verdict) {
  memset(&verdict, 0, sizeof verdict);
  verdict.struct_size = sizeof verdict;
  $1 = &verdict;
}
%typemap(argout) bp_verdict *verdict { $result = Napi::Value(env, bpn_record_value(env, bpn_verdict_fields, $1)); }
%typemap(in, numinputs=0) size_t *count (size_t count) {
  count = 0;
  $1 = &count;
}
%typemap(out) const bp_finding * { (void)result; }
%typemap(argout) size_t *count { $result = Napi::Value(env, batpak_findings(env, result, *$1)); }
