#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { GAP = 2, LAST_COLUMNS_LEAST = 20 };

table table_begin(const column *columns, size_t column_count, bool cut) {
  return (table){.columns = columns, .column_count = column_count, .cut = cut};
}

static size_t cell_count(const table *out) { return out->cells.length / sizeof(table_cell); }

static void keep_cell(table *out, size_t offset) {
  size_t at = cell_count(out) % out->column_count;
  table_cell cell = {.offset = offset, .length = out->texts.length - offset};
  cell.columns = utf8_columns(out->texts.data + offset, cell.length);
  if (cell.columns > out->widths[at]) out->widths[at] = cell.columns;
  text_bytes(&out->cells, &cell, sizeof cell);
}

void table_add(table *out, const void *bytes, size_t length) {
  size_t offset = out->texts.length;
  text_printable(&out->texts, bytes, length);
  keep_cell(out, offset);
}

void table_format(table *out, const char *format, ...) {
  char cell[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(cell, sizeof cell, format, arguments);
  va_end(arguments);
  table_add(out, cell, strlen(cell));
}

void table_hex(table *out, const uint8_t *bytes, size_t length) {
  size_t offset = out->texts.length;
  text_hex(&out->texts, bytes, length);
  keep_cell(out, offset);
}

/* As much of the bytes as fits, with a mark where something is left out. */
static void add_cut(text *line, const char *bytes, size_t length, size_t columns) {
  const char *mark = output_is_utf8() ? "…" : "~";
  size_t kept = 0, used = 0;
  while (kept < length) {
    uint32_t character;
    size_t step = utf8_next(bytes + kept, length - kept, &character);
    size_t width = utf8_columns(bytes + kept, step);
    if (used + width + 1 > columns) break;
    used += width;
    kept += step;
  }
  text_bytes(line, bytes, kept);
  text_string(line, mark);
}

static bool is_shown(const table *out, size_t at) {
  return out->columns[at].spare == 0 || out->columns[at].spare > out->spared;
}

static void add_cell(const table *out, size_t at, const char *bytes, const table_cell *cell, size_t room, text *line) {
  const column *style = &out->columns[at];
  bool last = at + 1 == out->column_count;
  bool padded = (style->right || !last) && cell->columns < out->widths[at];
  int padding = padded ? (int)(out->widths[at] - cell->columns) : 0;
  if (!is_shown(out, at)) return;
  if (style->right) text_format(line, "%*s", padding, "");
  if (style->colour != INK_PLAIN) output_ink(line, style->colour);
  if (last && out->cut && output_columns() > 0 && cell->columns > room) {
    add_cut(line, bytes, cell->length, room);
  } else {
    text_bytes(line, bytes, cell->length);
  }
  if (style->colour != INK_PLAIN) output_ink(line, INK_PLAIN);
  if (!style->right) text_format(line, "%*s", padding, "");
  if (!last) text_format(line, "%*s", GAP, "");
}

/* What the columns before the last leave of the terminal's line. */
static size_t room_left(const table *out) {
  size_t used = 0;
  for (size_t i = 0; i + 1 < out->column_count; i++) used += is_shown(out, i) ? out->widths[i] + GAP : 0;
  return output_columns() > used + 1 ? output_columns() - used : 1;
}

static size_t spare_columns(table *out) {
  size_t room = room_left(out);
  while (output_columns() > 0 && room < LAST_COLUMNS_LEAST && out->spared < out->column_count) {
    out->spared++;
    room = room_left(out);
  }
  return room;
}

static void add_heading(const table *out, text *line) {
  column dim[TABLE_COLUMNS_MAX];
  table heading = *out;
  heading.columns = dim;
  for (size_t i = 0; i < out->column_count; i++) {
    table_cell cell = {.length = strlen(out->columns[i].title), .columns = strlen(out->columns[i].title)};
    dim[i] = out->columns[i];
    dim[i].colour = INK_DIM;
    add_cell(&heading, i, out->columns[i].title, &cell, cell.columns, line);
  }
  text_bytes(line, "\n", 1);
}

/* Columns are at least as wide as their titles, where those are shown. */
static void widen_for_titles(table *out) {
  for (size_t i = 0; i < out->column_count; i++) {
    size_t columns = strlen(out->columns[i].title);
    if (columns > out->widths[i]) out->widths[i] = columns;
  }
}

void table_flush(table *out) {
  text line = {0};
  const table_cell *cells = (const table_cell *)(const void *)out->cells.data;
  size_t count = cell_count(out);
  bool heads = count > 0 && !out->headed && output_columns() > 0;
  if (heads) widen_for_titles(out);
  size_t room = spare_columns(out);
  if (heads) add_heading(out, &line);
  out->headed = out->headed || heads;
  for (size_t i = 0; i < count; i++) {
    size_t at = i % out->column_count;
    add_cell(out, at, out->texts.data + cells[i].offset, &cells[i], room, &line);
    if (at + 1 == out->column_count) text_bytes(&line, "\n", 1);
  }
  output_text(&line);
  text_free(&line);
  out->texts.length = out->cells.length = 0;
}

void table_end(table *out) {
  table_flush(out);
  text_free(&out->texts);
  text_free(&out->cells);
}
