/* One JSON object on a line, read member by member: every name known (but where the list is open),
 * none twice, none missing. */
#ifndef BATPAK_PROGRAM_MEMBERS_H
#define BATPAK_PROGRAM_MEMBERS_H

#include "text.h"

#include <json-c/json.h>

typedef struct member {
  const char *name;
  json_object *value;  /* NULL: null */
  const char *json;    /* the value's own text, as it stands on the line */
  size_t json_length;
} member;

/* Takes member number `index`; false with the reason in `why`. */
typedef bool (*member_taker)(void *user, unsigned index, const member *found, text *why);

typedef struct member_list {
  const char *const *names;
  unsigned count;
  uint32_t required;  /* 1 << index */
  bool open;          /* other names are stepped over */
  member_taker take;
} member_list;

typedef struct member_reader member_reader;

member_reader *members_new(void);
void members_free(member_reader *reader);
/* False with the reason in `why` (replaced) when the line is anything else. */
bool members_read(member_reader *reader, const member_list *list, const char *line, size_t length, void *user,
                  text *why);

/* What most members want.  False with the reason in `why`. */
bool member_hex(const member *found, uint8_t *out, size_t capacity, text *why);
bool member_string(const member *found, const char **bytes, size_t *length, text *why);
bool member_number(const member *found, uint64_t *value, text *why);
/* A number or a kind's text. */
bool member_kind(const member *found, uint16_t *kind, text *why);
/* "entity is not a string" */
bool member_is_no(const member *found, const char *what, text *why);

#endif
