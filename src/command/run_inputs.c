#include "run_build.h"

#include <limits.h>
#include <stdio.h>

#include "help.h"
#include "wsload/base/file.h"
#include "wsload/load/secrets.h"

#define INPUTS_MAX (OPTION_ROWS_MAX + 2)

/* A file that is read, and what named it. */
struct input {
    char option[32];
    const char *path;
};

static void add_input(struct input inputs[INPUTS_MAX], size_t *count, const char *dashes,
                      const char *option, const char *path)
{
    struct input *input = &inputs[*count];
    if (!path)
        return;
    snprintf(input->option, sizeof(input->option), "%s%s", dashes, option);
    input->path = path;
    *count += 1;
}

/* All that the run reads, but the file that keys may come from. Returns how many. */
static size_t list_inputs(const struct run_options *options, struct input inputs[INPUTS_MAX])
{
    size_t count = 0;
    char unused[UNITS_SIZE];
    const char *template = options->template[0] == '@' ? options->template + 1 : NULL;
    add_input(inputs, &count, "", "PROMPTS_FILE", run_plan_prompts_file(options));
    add_input(inputs, &count, "--", "template", template);
    for (size_t i = 0; i < option_count(&run_option_set); i++) {
        const struct option_row *row = option_at(&run_option_set, i);
        if (row->type == OPTION_FILE)
            add_input(inputs, &count, "--", row->name, option_value(row, options, unused));
    }
    return count;
}

int run_inputs_check_stdin(const struct run_options *options, struct error *error)
{
    struct input inputs[INPUTS_MAX];
    const struct input *reader = NULL;
    size_t count = list_inputs(options, inputs);
    for (size_t i = 0; i < count; i++) {
        if (!file_is_stdin(inputs[i].path))
            continue;
        if (reader)
            return error_set(error,
                             "%s %s: %s reads standard input, which can be read once; give a file",
                             inputs[i].option, inputs[i].path, reader->option);
        reader = &inputs[i];
    }
    return 0;
}

/* The file that keys may come from; none when nobody knows where it is. */
static int check_credentials(const struct outputs *outputs, struct error *error)
{
    char path[PATH_MAX];
    struct error unknown;
    if (credentials_path(path, &unknown))
        return 0;
    return outputs_check_input(outputs, "--aws-sigv4", path, error);
}

int run_inputs_check(const struct run_options *options, const struct outputs *outputs,
                     struct error *error)
{
    struct input inputs[INPUTS_MAX];
    size_t count = list_inputs(options, inputs);
    for (size_t i = 0; i < count; i++)
        if (outputs_check_input(outputs, inputs[i].option, inputs[i].path, error))
            return -1;
    return options->identity.sigv4 ? check_credentials(outputs, error) : 0;
}
