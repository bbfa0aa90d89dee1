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

struct server_options delayed_options(uint64_t delay_ns)
{
    struct server_options options = default_options();

    options.delay_low_ns = options.delay_high_ns = delay_ns;
    return options;
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

struct talk begin_talk(struct server_options options)
{
    struct talk talk = {.running = start(options)};

    talk.client = client_open(talk.running.port);
    return talk;
}

struct server_counts end_talk(struct talk *talk)
{
    client_close(&talk->client);
    return stop(&talk->running);
}

void expect_text(struct client *client, const char *expected)
{
    char *text = client_read_text(client);

    assert_string_equal(text, expected);
    free(text);
}

void expect_text_with(struct client *client, const char *part)
{
    char *text = client_read_text(client);

    assert_non_null(strstr(text, part));
    free(text);
}

void expect_echo(struct client *client, const char *text)
{
    client_send_text(client, text);
    expect_text(client, text);
}

void expect_pong(struct client *client)
{
    client_send_frame(client, FRAME_PING, "", 0);
    assert_int_equal(client_skip_frame(client), FRAME_PONG);
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
