/* A histogram as bytes that every HdrHistogram library reads: the V2 form, compressed, of a
 * histogram of 1 ns to 1 h with 3 significant digits, whose counts have the same indexes as our
 * buckets (HdrHistogram, AbstractHistogram.encodeIntoCompressedByteBuffer()).
 *
 * Integers of fixed size are big-endian. Eight bytes, a cookie and the length of what follows, then
 * a zlib stream of 40 bytes, which say what histogram it is, and of the counts: ZigZag LEB128 of at
 * most 9 bytes each, where -N stands for N empty buckets. The form has no sums; the summary writes
 * those beside it. Base64 is not made here. */
#ifndef WSLOAD_STATS_HISTOGRAM_CODE_H
#define WSLOAD_STATS_HISTOGRAM_CODE_H

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/stats/histogram.h"

/* No code that histogram_encode() makes has more bytes. */
#define HISTOGRAM_CODE_MAX (HISTOGRAM_BUCKETS * 10)

/* What the buckets cannot tell. */
struct histogram_figures {
    uint64_t min;
    uint64_t max;
    histogram_sum sum;
    histogram_sum sum_squares;
};

/* Appends HISTOGRAM's bytes to OUT: the same for the same buckets. 0, or -1 when OUT is full,
 * memory is out, or there are 2^63 samples; OUT is as before then. */
int histogram_encode(const struct histogram *histogram, struct buffer *out);

/* Reads buckets and count of any V2 code of such a histogram, whoever wrote it; minimum and maximum
 * are as the buckets have them, the sums are 0: histogram_restore() puts the true ones there. -1
 * when CODE is damaged, of other values or digits, or counts what is over 1 h; HISTOGRAM is
 * undefined then. Safe with any bytes, and takes no more than 1 MB. */
int histogram_decode(struct text code, struct histogram *histogram, struct error *error);

/* Gives a decoded HISTOGRAM its exact FIGURES. -1 when they cannot be of the samples in its
 * buckets. */
int histogram_restore(struct histogram *histogram, const struct histogram_figures *figures,
                      struct error *error);

/* Room for any sum in decimal with its NUL: 2^128 - 1 has 39 digits. */
#define HISTOGRAM_SUM_SIZE 40

/* SUM in decimal. Returns OUT. */
char *histogram_sum_format(histogram_sum sum, char out[HISTOGRAM_SUM_SIZE]);

/* Reads it back. -1 unless TEXT is digits, with no zero before them, of at most 2^128 - 1. */
int histogram_sum_parse(struct text text, histogram_sum *sum, struct error *error);

#endif
