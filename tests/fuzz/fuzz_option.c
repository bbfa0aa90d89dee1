/* Command lines: the input's lines are the words. Whatever they are, values stay in their ranges,
 * and an error is one line. */
#include "fuzz.h"

#include "run_options.h"

#define WORDS_MAX 64

static void check_values(const struct run_options *options)
{
    REQUIRE(options->connections <= CONNECTIONS_MAX);
    REQUIRE(options->plan.reply_timeout_ns >= 1000000 &&
            options->plan.connect_timeout_ns >= 1000000);
    REQUIRE(options->min_success_rate <= 100);
    REQUIRE(options->headers.count <= OPTION_LIST_MAX);
    REQUIRE(options->template != NULL && options->summary != NULL && options->progress != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string("", data, size, "");
    char *argv[WORDS_MAX + 1] = {(char *)"wsload"};
    int argc = 1;
    struct run_options options;
    struct error error = {""};

    for (char *word = text, *next; word && argc < WORDS_MAX; word = next) {
        next = strchr(word, '\n');
        if (next)
            *next++ = '\0';
        argv[argc++] = word;
    }
    if (run_options_parse(argc, argv, &options, &error) == 0)
        check_values(&options);
    else
        REQUIRE(error.text[0] != '\0');
    free(text);
    return 0;
}
