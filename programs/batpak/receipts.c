#include "receipts.h"

#include "extensions.h"
#include "file.h"
#include "output.h"
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bp_status write_extensions(const bp_store *store, const bp_receipt *receipt, text *json, bp_error *error) {
  bp_page *page;
  size_t count;
  if (receipt->extensions_length == 0) {
    extensions_json(NULL, 0, json);
    return BP_OK;
  }
  bp_status status = bp_page_new(&page, error);
  if (status != BP_OK) return status;
  status = bp_store_get(store, receipt->event_id, page, error);
  if (status == BP_OK) {
    const bp_event *event = bp_page_events(page, &count);
    extensions_json(event->extensions, event->extension_count, json);
  }
  bp_page_free(page);
  return status;
}

bp_status receipt_write(const bp_store *store, const bp_receipt *receipt, bool json, text *out, bp_error *error) {
  text extensions = {0};
  bp_status status = write_extensions(store, receipt, &extensions, error);
  record members = record_begin(json);
  record_hex(&members, "event_id", receipt->event_id, sizeof receipt->event_id);
  record_number(&members, "sequence", receipt->sequence);
  record_hex(&members, "content_hash", receipt->content_hash, sizeof receipt->content_hash);
  record_hex_or_null(&members, "key_id", receipt->key_id, sizeof receipt->key_id);
  if (receipt->has_signature) {
    record_hex(&members, "signature", receipt->signature, sizeof receipt->signature);
  } else {
    record_null(&members, "signature");
  }
  record_json(&members, "extensions", &extensions);
  record_bool(&members, "durable", receipt->durable != 0);
  record_bool(&members, "replayed", receipt->replayed != 0);
  if (receipt->replayed) {
    record_bool(&members, "same", receipt->same != 0);
  } else {
    record_null(&members, "same");
  }
  record_end(&members, out);
  text_free(&extensions);
  return status;
}

/* Where the last whole line ends. */
static int whole_lines(int file, off_t size, off_t *end) {
  char last;
  for (*end = size; *end > 0; --*end) {
    if (pread(file, &last, 1, *end - 1) != 1) return -1;
    if (last == '\n') break;
  }
  return 0;
}

static int cut_unfinished(const receipt_file *kept) {
  struct stat about;
  off_t end;
  if (fstat(kept->file, &about) != 0) return file_failed(kept->path);
  if (!S_ISREG(about.st_mode)) return EXIT_FINE;
  if (whole_lines(kept->file, about.st_size, &end) != 0) return file_failed(kept->path);
  if (end == about.st_size) return EXIT_FINE;
  message("%s: an unfinished last line was cut off", kept->path);
  return ftruncate(kept->file, end) == 0 ? EXIT_FINE : file_failed(kept->path);
}

int receipt_file_open(receipt_file *kept, const char *path) {
  *kept = (receipt_file){.path = path, .file = -1};
  if (path == NULL) return EXIT_FINE;
  kept->file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (kept->file < 0) return file_failed(path);
  int code = cut_unfinished(kept);
  return code == EXIT_FINE ? file_sync_directory(path) : code;
}

int receipt_file_append(receipt_file *kept, const text *lines) {
  if (kept->path == NULL || lines->length == 0) return EXIT_FINE;
  return file_write_synced(kept->path, kept->file, lines);
}

void receipt_file_close(receipt_file *kept) {
  if (kept->path != NULL && kept->file >= 0) close(kept->file);
}
