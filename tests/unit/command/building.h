/* Plans built from the words of a command line, for tests. */
#ifndef WSLOAD_TESTS_COMMAND_BUILDING_H
#define WSLOAD_TESTS_COMMAND_BUILDING_H

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run_build.h"

static char prompts_path[] = "/tmp/wsload-test-XXXXXX";
static char other_path[] = "/tmp/wsload-test-XXXXXX.jsonl"; /* whatever a test puts there */
static struct run_plan run;
static struct run_options options;
static struct error error;

static int write_prompts(void **state)
{
    (void)state;
    int fd = mkstemp(prompts_path);
    int other_fd = mkstemps(other_path, 6);
    if (fd < 0 || write(fd, "one\ntwo\n", 8) != 8)
        return -1;
    return close(fd) || close(other_fd);
}

static int remove_prompts(void **state)
{
    (void)state;
    return unlink(prompts_path) || unlink(other_path);
}

/* Makes TEXT the content of the other file. */
static void write_other(const char *text)
{
    FILE *file = fopen(other_path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Builds a plan from the words up to a NULL, behind the URL and the prompts file. */
static int build(const char *url, const char *const *words)
{
    char *argv[20] = {(char *)"wsload", (char *)url, prompts_path};
    int argc = 3;
    for (; words[argc - 3]; argc++)
        argv[argc] = (char *)words[argc - 3];
    run_plan_free(&run);
    memset(&run, 0, sizeof(run));
    if (run_options_parse(argc, argv, &options, &error))
        return -1;
    return run_plan_build(&run, &options, &error);
}

static int build_words(const char *const *url_and_words)
{
    return build(url_and_words[0], url_and_words + 1);
}

#define BUILD(...) build_words((const char *const[]){__VA_ARGS__, NULL})

static int release(void **state)
{
    (void)state;
    run_plan_free(&run);
    memset(&run, 0, sizeof(run));
    return 0;
}

#endif
