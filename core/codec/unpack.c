/* The reader.  Invariants: `at` never passes `end`; a token is taken whole or not at all; a declared length or count is
 * compared with the bytes that are left before anything is done with it. */
#include "codec/text.h"
#include "codec/unpack.h"

static size_t left(const bpi_unpack *in) { return (size_t)(in->end - in->at); }

/* A big-endian integer of 1, 2, 4 or 8 bytes. */
static uint64_t load(const uint8_t *bytes, unsigned width) {
  switch (width) {
    case 1: return bytes[0];
    case 2: return bpi_load_be16(bytes);
    case 4: return bpi_load_be32(bytes);
    default: return bpi_load_be64(bytes);
  }
}

static void set_signed(bpi_token *token, uint64_t bits, unsigned width) {
  unsigned unused = 64 - 8 * width;
  int64_t value = (int64_t)(bits << unused) >> unused;
  if (value < 0) {
    token->type = BPI_TOKEN_INT;
    token->i = value;
  } else {
    token->type = BPI_TOKEN_UINT;
    token->u = (uint64_t)value;
  }
}

static void set_float(bpi_token *token, uint64_t bits, unsigned width) {
  token->type = BPI_TOKEN_FLOAT;
  if (width == 8) {
    memcpy(&token->f, &bits, sizeof token->f);
    return;
  }
  uint32_t narrow = (uint32_t)bits;
  float value;
  memcpy(&value, &narrow, sizeof value);
  token->is_f32 = 1;
  token->f = (double)value;
}

/* `length` bytes behind a header of `header` bytes. */
static bp_status take_bytes(bpi_unpack *in, bpi_token *token, bpi_token_type type, size_t header, uint64_t length) {
  if (left(in) < header || length > left(in) - header) return BP_MESSAGEPACK;
  token->type = type;
  token->bytes = bpi_bytes_of(in->at + header, (size_t)length);
  if (type == BPI_TOKEN_EXT) token->u = in->at[header - 1];
  in->at += header + (size_t)length;
  return BP_OK;
}

/* An element takes a byte at least, a pair two. */
static bp_status take_count(bpi_unpack *in, bpi_token *token, bpi_token_type type, size_t header, uint64_t count) {
  if (count > (left(in) - header) / (type == BPI_TOKEN_MAP ? 2 : 1)) return BP_MESSAGEPACK;
  token->type = type;
  token->u = count;
  in->at += header;
  return BP_OK;
}

/* Markers 0xc4..0xdf with their own bytes: `width` of them hold a number, a length or a count. */
static bp_status next_sized(bpi_unpack *in, bpi_token *token, uint8_t marker) {
  static const uint8_t widths[] = {
      1, 2, 4,    /* c4 bin */
      1, 2, 4,    /* c7 ext */
      4, 8,       /* ca float */
      1, 2, 4, 8, /* cc unsigned */
      1, 2, 4, 8, /* d0 signed */
      0, 0, 0, 0, 0, /* d4 ext of 1, 2, 4, 8, 16 bytes */
      1, 2, 4,    /* d9 str */
      2, 4,       /* dc array */
      2, 4,       /* de map */
  };
  unsigned width = widths[marker - 0xc4];
  if (left(in) <= width) return BP_MESSAGEPACK;
  if (width == 0) return take_bytes(in, token, BPI_TOKEN_EXT, 2, (uint64_t)1 << (marker - 0xd4));
  uint64_t number = load(in->at + 1, width);
  size_t header = 1 + (size_t)width;
  if (marker <= 0xc6) return take_bytes(in, token, BPI_TOKEN_BIN, header, number);
  if (marker <= 0xc9) return take_bytes(in, token, BPI_TOKEN_EXT, header + 1, number);
  if (marker >= 0xde) return take_count(in, token, BPI_TOKEN_MAP, header, number);
  if (marker >= 0xdc) return take_count(in, token, BPI_TOKEN_ARRAY, header, number);
  if (marker >= 0xd9) return take_bytes(in, token, BPI_TOKEN_STR, header, number);
  if (marker >= 0xd0) {
    set_signed(token, number, width);
  } else if (marker >= 0xcc) {
    token->type = BPI_TOKEN_UINT;
    token->u = number;
  } else {
    set_float(token, number, width);
  }
  in->at += header;
  return BP_OK;
}

bp_status bpi_unpack_next(bpi_unpack *in, bpi_token *token) {
  memset(token, 0, sizeof *token);
  if (in->at == in->end) return BP_MESSAGEPACK;
  uint8_t marker = *in->at;
  if (marker < 0x80) {
    token->type = BPI_TOKEN_UINT;
    token->u = marker;
  } else if (marker < 0x90) {
    return take_count(in, token, BPI_TOKEN_MAP, 1, marker & 0x0f);
  } else if (marker < 0xa0) {
    return take_count(in, token, BPI_TOKEN_ARRAY, 1, marker & 0x0f);
  } else if (marker < 0xc0) {
    return take_bytes(in, token, BPI_TOKEN_STR, 1, marker & 0x1f);
  } else if (marker >= 0xe0) {
    token->type = BPI_TOKEN_INT;
    token->i = (int64_t)marker - 0x100;
  } else if (marker == 0xc0) {
    token->type = BPI_TOKEN_NIL;
  } else if (marker == 0xc1) {
    return BP_MESSAGEPACK;
  } else if (marker <= 0xc3) {
    token->type = BPI_TOKEN_BOOL;
    token->u = marker & 1;
  } else {
    return next_sized(in, token, marker);
  }
  in->at++;
  return BP_OK;
}

/* One whole value.  `open` holds, for each container around the next token, how many values it still wants; no count
 * can pass the length of the input, so nothing overflows. */
static bp_status walk(bpi_unpack *in, int check_text, size_t deepest) {
  size_t open[BPI_DEPTH_MAX + 1];
  size_t depth = 0;
  open[0] = 1;
  for (;;) {
    const uint8_t *start = in->at;
    bpi_token token;
    bp_status status = bpi_unpack_next(in, &token);
    if (status != BP_OK) return status;
    if (check_text && token.type == BPI_TOKEN_STR && !bpi_utf8_valid(token.bytes.data, token.bytes.length)) {
      in->at = start;
      return BP_UTF8;
    }
    open[depth]--;
    if (token.type >= BPI_TOKEN_ARRAY) {
      if (depth == deepest) {
        in->at = start;
        return BP_DEPTH;
      }
      open[++depth] = (size_t)token.u * (token.type == BPI_TOKEN_MAP ? 2 : 1);
    }
    while (open[depth] == 0) {
      if (depth == 0) return BP_OK;
      depth--;
    }
  }
}

bp_status bpi_unpack_skip(bpi_unpack *in) { return walk(in, 0, BPI_DEPTH_MAX); }
bp_status bpi_unpack_check(bpi_unpack *in) { return walk(in, 1, BPI_DEPTH_MAX); }
bp_status bpi_unpack_check_inside(bpi_unpack *in, unsigned around) { return walk(in, 1, BPI_DEPTH_MAX - around); }

bp_status bpi_unpack_u64(bpi_unpack *in, uint64_t max, uint64_t *value) {
  bpi_unpack ahead = *in;
  bpi_token token;
  if (bpi_unpack_next(&ahead, &token) != BP_OK || token.type != BPI_TOKEN_UINT || token.u > max) return BP_MESSAGEPACK;
  *value = token.u;
  in->at = ahead.at;
  return BP_OK;
}

bp_status bpi_unpack_i64(bpi_unpack *in, int64_t *value) {
  bpi_unpack ahead = *in;
  bpi_token token;
  if (bpi_unpack_next(&ahead, &token) != BP_OK) return BP_MESSAGEPACK;
  if (token.type == BPI_TOKEN_INT) {
    *value = token.i;
  } else if (token.type == BPI_TOKEN_UINT && token.u <= INT64_MAX) {
    *value = (int64_t)token.u;
  } else {
    return BP_MESSAGEPACK;
  }
  in->at = ahead.at;
  return BP_OK;
}

bp_status bpi_unpack_str(bpi_unpack *in, bpi_bytes *text) {
  bpi_unpack ahead = *in;
  bpi_token token;
  if (bpi_unpack_next(&ahead, &token) != BP_OK) return BP_MESSAGEPACK;
  if (token.type != BPI_TOKEN_STR && token.type != BPI_TOKEN_BIN) return BP_MESSAGEPACK;
  if (!bpi_utf8_valid(token.bytes.data, token.bytes.length)) return BP_UTF8;
  *text = token.bytes;
  in->at = ahead.at;
  return BP_OK;
}

static bp_status unpack_count(bpi_unpack *in, bpi_token_type type, uint32_t *count) {
  bpi_unpack ahead = *in;
  bpi_token token;
  if (bpi_unpack_next(&ahead, &token) != BP_OK || token.type != type) return BP_MESSAGEPACK;
  *count = (uint32_t)token.u;
  in->at = ahead.at;
  return BP_OK;
}

bp_status bpi_unpack_array(bpi_unpack *in, uint32_t *count) { return unpack_count(in, BPI_TOKEN_ARRAY, count); }
bp_status bpi_unpack_map(bpi_unpack *in, uint32_t *count) { return unpack_count(in, BPI_TOKEN_MAP, count); }

bp_status bpi_unpack_id(bpi_unpack *in, uint8_t id[16]) {
  bpi_unpack ahead = *in;
  bpi_token token;
  if (bpi_unpack_next(&ahead, &token) != BP_OK) return BP_MESSAGEPACK;
  if (token.type == BPI_TOKEN_ARRAY) return bpi_unpack_octets_exact(in, id, 16);
  if (token.bytes.length != 16) return BP_MESSAGEPACK;
  /* The reference takes a str for an id only where it fails as text: an accident of its library that stored bytes may
   * rest on. */
  int taken = token.type == BPI_TOKEN_BIN || (token.type == BPI_TOKEN_STR && !bpi_utf8_valid(token.bytes.data, 16));
  if (!taken) return BP_MESSAGEPACK;
  memcpy(id, token.bytes.data, 16);
  in->at = ahead.at;
  return BP_OK;
}

bp_status bpi_unpack_hash(bpi_unpack *in, uint8_t hash[32]) {
  if (in->at < in->end && *in->at >= 0xc4 && *in->at <= 0xc6) {
    bpi_token token;
    bpi_unpack ahead = *in;
    if (bpi_unpack_next(&ahead, &token) != BP_OK || token.bytes.length < 32) return BP_MESSAGEPACK;
    memcpy(hash, token.bytes.data, 32);
    in->at = ahead.at;
    return BP_OK;
  }
  return bpi_unpack_octets_exact(in, hash, 32);
}

int bpi_unpack_nil(bpi_unpack *in) {
  if (in->at == in->end || *in->at != 0xc0) return 0;
  in->at++;
  return 1;
}
