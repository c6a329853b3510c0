/* The loops behind the arrays of octets, one set for each kind of machine.  Within this room. */
#ifndef BPI_CODEC_OCTETS_H
#define BPI_CODEC_OCTETS_H

#include "base/bytes.h"

typedef struct bpi_octets_loops {
  /* Both answer the end of `wanted` elements, or NULL where one is no octet or the input is cut short.  `room` is what may
   * be written, `wanted` at least: more than is wanted makes the end faster. */
  const uint8_t *(*scan)(const uint8_t *at, const uint8_t *end, size_t wanted);
  const uint8_t *(*decode)(const uint8_t *at, const uint8_t *end, size_t wanted, uint8_t *out, size_t room);
  /* Elements without header; room for 2*length bytes. */
  uint8_t *(*put)(uint8_t *at, const uint8_t *bytes, size_t length);
} bpi_octets_loops;

extern const bpi_octets_loops bpi_octets_portable;
extern const bpi_octets_loops bpi_octets_shuffle;
extern const bpi_octets_loops bpi_octets_wide;
/* May this machine run them? */
int bpi_octets_shuffle_works(void);
int bpi_octets_wide_works(void);

#endif
