/* A histogram as a few bytes: the form in which the summary keeps it, to be merged or read later by
 * anyone. docs/HISTOGRAMS.md describes it for other programs.
 *
 * Integers are LEB128: seven bits a byte, the lowest first, the high bit set on all but the last,
 * no more bytes than needed. In this order: the version (1); HISTOGRAM_SUB_BITS; count, min, max
 * and sum of the values in ns; the sum of their squares (up to 128 bits); then for each bucket that
 * is not empty, in ascending order, the distance of its index from the one before (the first: from
 * -1) and its count. Bucket I below 2^11 holds the value I; above, octave e = (I >> 10) - 1 and
 * values from (I - (e << 10)) << e on, 2^e of them. */
#ifndef WSLOAD_STATS_HISTOGRAM_CODE_H
#define WSLOAD_STATS_HISTOGRAM_CODE_H

#include "wsload/base/buffer.h"
#include "wsload/base/error.h"
#include "wsload/stats/histogram.h"

/* Appends HISTOGRAM's bytes to OUT. 0, or -1 when OUT is full or memory is out; it has a part of
 * them then. */
int histogram_encode(const struct histogram *histogram, struct buffer *out);

/* Reads them back: equal to what was encoded. -1 when CODE is cut, of another version, or its sums
 * do not hold; HISTOGRAM is undefined then. Safe with any bytes. */
int histogram_decode(struct text code, struct histogram *histogram, struct error *error);

#endif
