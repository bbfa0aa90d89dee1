/* Where a run's results go besides the report: files, or standard output for the name "-". */
#ifndef WSLOAD_COMMAND_OUTPUTS_H
#define WSLOAD_COMMAND_OUTPUTS_H

#include "wsload/command/run_options.h"
#include "wsload/stats/results.h"

enum output_place { OUTPUT_TO_FILE, OUTPUT_TO_STDOUT };

/* Whether one of them takes standard output, so that the report has to make room. */
bool outputs_take_stdout(const struct run_options *options);

/* Whether all could be written now, each to a place of its own. 0 or -1. */
int outputs_check(const struct run_options *options, struct error *error);

/* Writes those that go to PLACE. 0 or -1. */
int outputs_write(const struct results *results, const struct run_options *options,
                  enum output_place place, struct error *error);

#endif
