/* Options as they come: words of a command line, and variables of the environment. */
#ifndef WSLOAD_COMMAND_OPTION_PARSE_H
#define WSLOAD_COMMAND_OPTION_PARSE_H

#include "option.h"

/* Fills VALUES with every row's default, then from ARGV[1..ARGC-1], then from the environment.
 * ARGUMENTS gets what is no option, NULL where there is none. Values of a list from the environment
 * are copies that live as long as the process. 0 or -1; the error names the option or variable, the
 * value, and what is allowed. */
int options_parse(const struct option_set *set, int argc, char *const argv[], void *values,
                  const char *arguments[], struct error *error);

/* Calls GIVEN for each option in ARGV with its value as it was typed, "1" for a flag; sets nothing.
 * 0, or -1 when words are no options of SET. */
int options_each(const struct option_set *set, int argc, char *const argv[],
                 void (*given)(void *user, const struct option_row *row, const char *value),
                 void *user, struct error *error);

/* Looks in ENVIRONMENT, "NAME=VALUE" up to a NULL, for a variable that begins like this program's
 * own and that none of SETS, COUNT of them, has: 0, or -1 and an error that suggests the nearest.
 */
int option_check_environment(const struct option_set *const *sets, size_t count,
                             const char *const *environment, struct error *error);

#endif
