/* Where results go: the report on the terminal, and other forms of them to files, or to standard
 * output for the name "-".
 *
 * It knows the formats by their table and options by their names. Each output must have a place of
 * its own, and none may be a file that the command reads. */
#ifndef WSLOAD_COMMAND_OUTPUTS_H
#define WSLOAD_COMMAND_OUTPUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "option.h"
#include "wsload/base/error.h"
#include "wsload/judge/verdict.h"
#include "wsload/report/formats.h"

#define OUTPUTS_MAX (OPTION_LIST_MAX + 3) /* and --summary, --hgrm, --record */

struct output {
    const char *option; /* "--summary", "--out" */
    const char *path;
    const struct format *format; /* NULL: somebody else writes it while the run goes on */
};

struct outputs {
    struct output items[OUTPUTS_MAX];
    size_t count;
};

/* PATH of an output, or "-" when it leads to our own standard output, however it is spelt: what
 * goes there must come after the report or drive it to standard error. NULL stays NULL. */
const char *outputs_place(const char *path);

/* Adds the output of OPTION to PATH, which are borrowed; nothing when PATH is NULL. KIND is a
 * format of the table, or NULL. */
void outputs_add(struct outputs *outputs, const char *option, const char *kind, const char *path);

/* Adds each KIND=PATH of LIST, which is borrowed. 0 or -1. */
int outputs_add_list(struct outputs *outputs, const struct option_list *list, struct error *error);

/* PATH of what is read, in which "-" is standard input, as file_same() takes it. */
const char *outputs_input(const char *path);

/* Refuses an output that is the file at INPUT, which OPTION reads; NULL is fine. 0 or -1. */
int outputs_check_input(const struct outputs *outputs, const char *option, const char *input,
                        struct error *error);

/* Whether all could be written now, each to a place of its own. 0 or -1. */
int outputs_check(const struct outputs *outputs, struct error *error);

/* The path of the first output of KIND that is a file; NULL when there is none. */
const char *outputs_file_of(const struct outputs *outputs, const char *kind);

/* Writes those that are files, all even if one fails; the error is of the first. 0 or -1. */
int outputs_write_files(const struct outputs *outputs, const struct measurement *measurement,
                        const struct verdict *verdict, struct error *error);

struct show {
    bool quiet; /* only the verdict, when it is not PASSED */
    bool no_color;
    bool required;            /* that it cannot be written is an error */
    const char *summary_path; /* named in the last line; NULL: no such line */
};

/* Prints the report and then what goes to standard output. That is for results: if QUIET or one of
 * OUTPUTS takes it, the report goes to standard error. 0, or -1 when an output failed. */
int outputs_print(const struct outputs *outputs, const struct show *show,
                  const struct measurement *measurement, const struct verdict *verdict,
                  struct error *error);

#endif
