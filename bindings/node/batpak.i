/* The breadth of the addon: every function of ffi.h that is not one of the hot ones, wrapped by SWIG.
 *
 * The types that cross, by the typemaps below:
 *   64-bit numbers        BigInt out; BigInt or a safe whole number in
 *   bytes                 Uint8Array, as pointer and length together; fixed arrays are checked for their length
 *   handles               externals over boxes (addon.h): a closed or a foreign one is an error
 *   a status              nothing when BP_OK, else an exception with the error's data
 *   structs out           plain objects
 * Structs in do not cross field by field: the hot functions take them as records, see append.c. */
%module batpak

%{
#include "glue.h"
%}

%include <stdint.i>
%include "maps.i"

/* Written by hand, in the same module: bpn_register. */
%ignore bp_store_open;
%ignore bp_store_close;
%ignore bp_store_append;
%ignore bp_store_append_many;
%ignore bp_store_append_batch;
%ignore bp_store_wait;
%ignore bp_store_await;
%ignore bp_store_page;
%ignore bp_store_get;
%ignore bp_store_walk;
%ignore bp_store_fold;
%ignore bp_store_verify;
%ignore bp_store_release;
%rename("$ignore", regextarget=1) "^bp_store_submit";
%rename("$ignore", regextarget=1) "^bp_(ticket|payload|extensions|claim|key_file)_";
%rename("$ignore", regextarget=1) "^bp_(gates|denial|denials|permit)_";
%rename("$ignore", regextarget=1) "^bp_store_(commit_permit|append_denial|apply_transition)$";
/* A batch is gathered as an array of drafts. */
%rename("$ignore", regextarget=1) "^bp_batch_";
%rename("$ignore", regextarget=1) "^bp_fence_";
%rename("$ignore", regextarget=1) "^bp_store_try_submit";
/* A page never crosses as a handle: the functions that fill one answer a copy of it. */
%rename("$ignore", regextarget=1) "^bp_page_";
/* Outcomes are objects of JavaScript, and so are their combinators. */
%rename("$ignore", regextarget=1) "^bp_(outcome|outcomes)_";
/* Defaults are set by the functions that take the struct. */
%rename("$ignore", regextarget=1) "^bp_.*_init$";
%rename("$ignore", %$isclass) "";
%rename("$ignore", regextarget=1, %$istypedef) "";

#define BP_API
%include "batpak/ffi.h"

/* SWIG keeps the environment's one slot of data; its instance grows by ours. */
%wrapper %{
struct BatpakInstance : EnvInstanceData {
  bpn_state *state;
  BatpakInstance(Napi::Env env, swig_module_info *module) : EnvInstanceData(env, module), state(bpn_state_new(env)) {}
  ~BatpakInstance() { bpn_state_free(state); }
};

static bpn_state *batpak_state(napi_env env) {
  return static_cast<BatpakInstance *>(Napi::Env(env).GetInstanceData<EnvInstanceData>())->state;
}

static bool batpak_instance_begin(Napi::Env env, napi_value exports) {
  auto plain = env.GetInstanceData<EnvInstanceData>();
  auto instance = new BatpakInstance(env, plain->swig_module);
  env.SetInstanceData(instance);
  delete plain;
  return instance->state != nullptr && bpn_register(instance->state, exports);
}
%}

%init %{
  if (!batpak_instance_begin(env, exports)) return exports;
%}
