/* The subcommands. Each takes argv from its own name on and returns the process's exit code; they
 * are the only ones that print. */
#ifndef WSLOAD_COMMAND_COMMAND_H
#define WSLOAD_COMMAND_COMMAND_H

#include "wsload/base/error.h"

/* Chooses the subcommand from ARGV[1]: serve, help, or a load test. */
int command_main(int argc, char *const argv[]);

/* `wsload [OPTIONS] URL [PROMPTS_FILE]` */
int command_run(int argc, char *const argv[]);

/* `wsload serve [OPTIONS]` */
int command_serve(int argc, char *const argv[]);

/* `wsload help [OPTION | all | serve [OPTION | all]]` */
int command_help(int argc, char *const argv[]);

/* Prints the whole help of `wsload` or `wsload serve` to standard output. Returns 0. */
int command_run_help(void);
int command_serve_help(void);

/* Prints ERROR as "wsload: ..." on standard error. Returns the exit code for usage errors. */
int command_complain(const struct error *error);

#endif
