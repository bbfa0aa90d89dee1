/* The subcommands. Each takes argv from its own name on and returns the process's exit code; they
 * are the only ones that print. */
#ifndef WSLOAD_COMMAND_COMMAND_H
#define WSLOAD_COMMAND_COMMAND_H

#include "wsload/base/error.h"

int command_run(int argc, char *const argv[]);    /* `wsload [OPTIONS] URL [PROMPTS_FILE]` */
int command_try(int argc, char *const argv[]);    /* `wsload try [OPTIONS] URL [PROMPT]` */
int command_serve(int argc, char *const argv[]);  /* `wsload serve [OPTIONS]` */
int command_report(int argc, char *const argv[]); /* `wsload report [OPTIONS] SUMMARY` */
int command_merge(int argc, char *const argv[]);  /* `wsload merge [OPTIONS] SUMMARY...` */
int command_help(int argc, char *const argv[]);   /* `wsload help [SUBCOMMAND] [TOPIC]` */

/* Complains about a variable WSLOAD_... of the environment that no subcommand knows. Returns 0 or
 * the exit code for usage errors. */
int command_check_environment(void);

/* Prints the usage of the subcommand NAME, or of a load test ("wsload"). Returns 0. */
int command_usage(const char *name);

/* Prints the versions of wsload and of the libraries in use, and the commit if it is known. */
void command_version(void);

/* Prints ERROR as "wsload: ..." on standard error. Returns the exit code for usage errors. */
int command_complain(const struct error *error);

/* Prints TEXT as "wsload: note: ..." on standard error. */
void command_note(const char *text);

#endif
