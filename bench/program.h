/* What the benchmark programs share: they end at the first thing that goes wrong. */
#ifndef WSLOAD_BENCH_PROGRAM_H
#define WSLOAD_BENCH_PROGRAM_H

/* Prints WHAT and errno's text, and ends the program. */
_Noreturn void die(const char *what);

/* TEXT as a whole number from 1 to HIGHEST; ends the program when it is none. */
unsigned long number(const char *text, unsigned long highest);

/* Raises the soft limit of open files to the hard one; a write to a closed socket fails instead of
 * ending the program. */
void prepare_process(void);

#endif
