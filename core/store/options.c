/* Defaults and ranges of the public structs. */
#include "store/options.h"

#include "base/status.h"
#include "model/draft.h"
#include "model/event.h"

#include <string.h>

static const bp_config default_config = {
    .mode = BP_MODE_CREATE,
    .durability = BP_DURABLE,
    .sync_mode = BP_SYNC_DATA,
    .segment_max_bytes = 268435456,
    .single_append_max_bytes = 16777216,
    .sync_every_events = 1000,
    .group_max_events = 1024,
    .batch_max_events = 256,
    .batch_max_bytes = 1048576,
    .queue_capacity = 4096,
    .pressure_percent = 75,
    .drain_limit = 1024,
    .restart_max = 1,
    .preallocate_bytes = 1048576,
};

enum {
  SINGLE_APPEND_MOST = 67108864,
  GROUP_MOST = 4096,
  BATCH_BYTES_MOST = 16777216,
  PREALLOCATE_MOST = 16777216,
  KEYS_MOST = 1024
};

bp_status bp_config_init(bp_config *config, size_t size) {
  return bpi_init_struct(config, size, &default_config, sizeof default_config);
}

bp_status bp_draft_init(bp_draft *draft, size_t size) {
  static const bp_draft defaults;
  return bpi_init_struct(draft, size, &defaults, sizeof defaults);
}

bp_status bp_receipt_init(bp_receipt *receipt, size_t size) {
  static const bp_receipt defaults;
  return bpi_init_struct(receipt, size, &defaults, sizeof defaults);
}

bp_status bp_query_init(bp_query *query, size_t size) {
  static const bp_query defaults = {.limit = 256, .max_bytes = 4 << 20};
  return bpi_init_struct(query, size, &defaults, sizeof defaults);
}

bp_status bp_trust_init(bp_trust *trust, size_t size) {
  static const bp_trust defaults;
  return bpi_init_struct(trust, size, &defaults, sizeof defaults);
}

static bp_status out_of_range(bp_error *error, const char *name, uint64_t value) {
  return bpi_fail(error, BP_CONFIGURATION, "%s is out of range: %llu", name, (unsigned long long)value);
}

static bp_status check_batch_and_queue(const bp_config *config, bp_error *error) {
  if (config->batch_max_events == 0 || config->batch_max_events > BPI_BATCH_EVENTS_MOST) {
    return out_of_range(error, "batch_max_events", config->batch_max_events);
  }
  if (config->batch_max_bytes == 0 || config->batch_max_bytes > BATCH_BYTES_MOST) {
    return out_of_range(error, "batch_max_bytes", config->batch_max_bytes);
  }
  if (config->queue_capacity == 0) return out_of_range(error, "queue_capacity", 0);
  if (config->pressure_percent == 0 || config->pressure_percent > 100) {
    return out_of_range(error, "pressure_percent", config->pressure_percent);
  }
  return BP_OK;
}

/* Rather refused than never asked. */
static bp_status check_fault(const bp_config *config, bp_error *error) {
#ifndef BATPAK_FAULT_POINTS
  if (config->fault != NULL) {
    return bpi_fail(error, BP_UNSUPPORTED, "fault: this build of the library has no fault points (BATPAK_FAULT_POINTS)");
  }
#endif
  (void)config;
  (void)error;
  return BP_OK;
}

static bp_status check_ranges(const bp_config *config, bp_error *error) {
  if (config->mode > BP_MODE_READ_ONLY) return out_of_range(error, "mode", config->mode);
  if (config->durability > BP_WRITTEN) return out_of_range(error, "durability", config->durability);
  if (config->sync_mode > BP_SYNC_ALL) return out_of_range(error, "sync_mode", config->sync_mode);
  if (config->segment_max_bytes == 0) return out_of_range(error, "segment_max_bytes", 0);
  if (config->single_append_max_bytes == 0 || config->single_append_max_bytes > SINGLE_APPEND_MOST) {
    return out_of_range(error, "single_append_max_bytes", config->single_append_max_bytes);
  }
  if (config->group_max_events == 0 || config->group_max_events > GROUP_MOST) {
    return out_of_range(error, "group_max_events", config->group_max_events);
  }
  if (config->preallocate_bytes > PREALLOCATE_MOST) {
    return out_of_range(error, "preallocate_bytes", config->preallocate_bytes);
  }
  if (config->flags != 0) return out_of_range(error, "flags", config->flags);
  if (config->signing_seed_count > KEYS_MOST) return out_of_range(error, "signing_seed_count", config->signing_seed_count);
  if (config->verify_key_count > KEYS_MOST) return out_of_range(error, "verify_key_count", config->verify_key_count);
  if ((config->signing_seeds == NULL && config->signing_seed_count > 0) ||
      (config->verify_keys == NULL && config->verify_key_count > 0)) {
    return bpi_fail(error, BP_ARGUMENT, "keys are announced but not given");
  }
  return check_batch_and_queue(config, error);
}

bp_status bpi_config_effective(const bp_config *given, bp_config *config, bp_error *error) {
  *config = default_config;
  config->struct_size = sizeof *config;
  if (given == NULL) return BP_OK;
  bp_status status = bpi_check_struct(given, given->struct_size, sizeof *config, sizeof *config, error);
  if (status != BP_OK) return status;
  memcpy(config, given, sizeof *config);
  if (config->durability == BP_DURABILITY_DEFAULT) config->durability = BP_DURABLE;
  status = check_fault(config, error);
  return status == BP_OK ? check_ranges(config, error) : status;
}

uint64_t bpi_draft_bytes(const bp_draft *draft) {
  size_t extensions = 0;
  if (draft->extension_count > 0) {
    (void)bp_extensions_encode(draft->extensions, draft->extension_count, NULL, 0, &extensions, NULL);
  }
  return (uint64_t)draft->payload_length + extensions;
}

bp_status bpi_draft_check(const bp_draft *draft, const bp_config *config, bp_error *error) {
  bp_status status = bpi_draft_check_lengths(draft, error);
  if (status != BP_OK) return status;
  if (draft->durability > BP_WRITTEN || draft->expect > BP_EXPECT_EVENT || (draft->given & ~(uint32_t)BP_GIVEN_MASK) ||
      draft->allow_reserved > 1 || draft->gate > BP_GATE_VISIBLE || draft->reserved != 0) {
    return bpi_fail(error, BP_ARGUMENT, "an option of the draft has an unknown value");
  }
  status = bp_coordinate_check(draft->entity, draft->entity_length, draft->scope, draft->scope_length, error);
  if (status != BP_OK) return status;
  status = bpi_kind_check(draft->kind, (int)draft->allow_reserved);
  if (status != BP_OK) return bpi_fail(error, status, "kind 0x%04X may not be appended", draft->kind);
  status = bpi_extensions_check(draft->extensions, draft->extension_count, error);
  if (status != BP_OK) return status;
  uint64_t size = bpi_draft_bytes(draft);
  if (size > config->single_append_max_bytes) {
    return bpi_fail_values(error, BP_PAYLOAD_TOO_LARGE, config->single_append_max_bytes, size,
                           "payload and extensions exceed single_append_max_bytes");
  }
  return BP_OK;
}
