#include "progress.h"

#include "output.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_AFTER_MS = 300, EVERY_MS = 100, BAR_CELLS = 28 };

static struct {
  const char *label;
  int64_t began;
  int64_t next;
  bool visible;
} bar;

int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_clear(void) {
  if (bar.visible) fputs("\r\033[K", stderr);
  bar.visible = false;
}

static void draw_cells(text *line, double share) {
  bool utf8 = output_is_utf8();
  int full = (int)(share * BAR_CELLS);
  for (int i = 0; i < BAR_CELLS; i++) text_string(line, i < full ? (utf8 ? "█" : "#") : (utf8 ? "░" : "."));
  text_format(line, " %3d %%", (int)(share * 100));
}

static void draw(uint64_t done, uint64_t total, uint64_t events, double seconds) {
  text line = {0};
  text_format(&line, "\r%s ", bar.label);
  if (total > 0) {
    double share = done < total ? (double)done / (double)total : 1;
    draw_cells(&line, share);
    if (share > 0.01) text_format(&line, "  %.0f s left", seconds / share - seconds);
  }
  if (events > 0) {
    text_string(&line, "  ");
    text_count(&line, events);
    text_string(&line, " events, ");
    text_count(&line, (uint64_t)((double)events / seconds));
    text_string(&line, "/s");
  }
  text_string(&line, "\033[K");
  fwrite(line.data, 1, line.length, stderr);
  text_free(&line);
  bar.visible = true;
}

void progress_show(const char *label, uint64_t done, uint64_t total, uint64_t events) {
  int64_t now = now_ms();
  if (bar.label == NULL || strcmp(bar.label, label) != 0) {
    bar.label = label;
    bar.began = now;
    bar.next = now + FIRST_AFTER_MS;
  }
  if (now < bar.next || !isatty(STDERR_FILENO)) return;
  bar.next = now + EVERY_MS;
  draw(done, total, events, (double)(now - bar.began) / 1000);
}
