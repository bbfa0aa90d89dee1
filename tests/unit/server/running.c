#include "running.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testing.h"

#define PATH_SIZE 64

struct server_options default_options(void)
{
    return (struct server_options){.address = "127.0.0.1", .reply = text_of("{{prompt:raw}}")};
}

static void *run(void *server)
{
    server_run(server);
    return NULL;
}

struct running start(struct server_options options)
{
    struct error error = {""};
    struct running running = {.server = server_new(&options, &error)};

    if (running.server == NULL)
        fail_msg("%s", error.text);
    running.port = server_port(running.server);
    assert_int_equal(pthread_create(&running.thread, NULL, run, running.server), 0);
    return running;
}

struct server_counts finish(struct running *running)
{
    struct server_counts counts;

    assert_int_equal(pthread_join(running->thread, NULL), 0);
    counts = server_counts(running->server);
    server_free(running->server);
    return counts;
}

struct server_counts stop(struct running *running)
{
    server_stop(running->server);
    return finish(running);
}

void expect_text(struct client *client, const char *expected)
{
    char *text = client_read_text(client);

    assert_string_equal(text, expected);
    free(text);
}

char *temporary_path(void)
{
    char *path = calloc(1, PATH_SIZE);

    assert_non_null(path);
    snprintf(path, PATH_SIZE, "/tmp/wsload-test-XXXXXX");
    assert_non_null(mkdtemp(path));
    snprintf(path + strlen(path), PATH_SIZE - strlen(path), "/file");
    return path;
}

void remove_temporary(char *path)
{
    unlink(path);
    *strrchr(path, '/') = '\0';
    assert_int_equal(rmdir(path), 0);
    free(path);
}
