#include "outputs.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/file.h"
#include "wsload/report/hgrm.h"
#include "wsload/report/json.h"

#define OUTPUT_MAX   (16u * 1024u * 1024u)
#define OUTPUT_COUNT 3

struct output {
    const char *option;
    const char *path; /* NULL: not asked for */
    /* NULL: written while the run goes on */
    int (*render)(const struct results *results, struct buffer *out);
};

static void list_outputs(const struct run_options *options, struct output outputs[OUTPUT_COUNT])
{
    outputs[0] = (struct output){"--summary", options->summary, report_json};
    outputs[1] = (struct output){"--hgrm", options->hgrm, report_hgrm};
    outputs[2] = (struct output){"--record", options->record, NULL};
}

static bool goes_to(const struct output *output, enum output_place place)
{
    return output->path && (strcmp(output->path, "-") == 0) == (place == OUTPUT_TO_STDOUT);
}

static bool same_place(const struct output *a, const struct output *b)
{
    return a->path && b->path && strcmp(a->path, b->path) == 0;
}

bool outputs_take_stdout(const struct run_options *options)
{
    struct output outputs[OUTPUT_COUNT];
    list_outputs(options, outputs);
    for (size_t i = 0; i < OUTPUT_COUNT; i++)
        if (goes_to(&outputs[i], OUTPUT_TO_STDOUT))
            return true;
    return false;
}

int outputs_check(const struct run_options *options, struct error *error)
{
    struct output outputs[OUTPUT_COUNT];
    list_outputs(options, outputs);
    for (size_t i = 0; i < OUTPUT_COUNT; i++) {
        const struct output *output = &outputs[i];
        for (size_t other = 0; other < i; other++)
            if (same_place(&outputs[other], output))
                return error_set(error, "%s %s: %s goes there; give another path", output->option,
                                 output->path, outputs[other].option);
        if (goes_to(output, OUTPUT_TO_FILE) && file_check_writable(output->path, error))
            return error_prefix(error, "%s", output->option);
    }
    return 0;
}

static int write_output(const struct output *output, const struct results *results,
                        struct error *error)
{
    struct buffer text;
    buffer_init(&text, OUTPUT_MAX);
    int status = output->render(results, &text);
    if (status)
        error_set(error, "%s: out of memory", output->option);
    else if (goes_to(output, OUTPUT_TO_FILE))
        status = file_write_atomic(output->path, buffer_text(&text), error);
    else if (fwrite(text.data, 1, text.length, stdout) != text.length || fflush(stdout) != 0)
        status = error_set(error, "%s: standard output cannot be written", output->option);
    buffer_free(&text);
    return status;
}

int outputs_write(const struct results *results, const struct run_options *options,
                  enum output_place place, struct error *error)
{
    struct output outputs[OUTPUT_COUNT];
    list_outputs(options, outputs);
    for (size_t i = 0; i < OUTPUT_COUNT; i++)
        if (outputs[i].render && goes_to(&outputs[i], place) &&
            write_output(&outputs[i], results, error))
            return -1;
    return 0;
}
