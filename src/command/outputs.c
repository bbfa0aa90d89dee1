#include "outputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "terminal.h"
#include "wsload/base/file.h"
#include "wsload/report/console.h"

#define OUTPUT_MAX (64u * 1024u * 1024u)
#define REPORT_MAX (1024u * 1024u)

/* --- Adding --- */

const char *outputs_place(const char *path)
{
    return path && file_is_stdout(path) ? "-" : path;
}

void outputs_add(struct outputs *outputs, const char *option, const char *kind, const char *path)
{
    const struct format *format = kind ? format_find(text_of(kind)) : NULL;
    if (path)
        outputs->items[outputs->count++] = (struct output){option, outputs_place(path), format};
}

/* KIND=PATH */
static int add_one(struct outputs *outputs, const char *text, struct error *error)
{
    char kinds[128] = ""; /* "json, hgrm, hlog" */
    size_t count;
    size_t used = 0;
    size_t length = strcspn(text, "=");
    const struct format *formats = formats_table(&count);
    const struct format *format = format_find((struct text){text, length});
    for (size_t i = 0; i < count && used < sizeof(kinds); i++)
        used += (size_t)snprintf(kinds + used, sizeof(kinds) - used, "%s%s", i ? ", " : "",
                                 formats[i].kind);
    if (!text[length])
        return error_set(error, "--out '%s': use KIND=PATH, as in json=run.json; KIND is one of %s",
                         text, kinds);
    if (!format)
        return error_set(error, "--out '%s': no such kind; use one of %s", text, kinds);
    if (!text[length + 1])
        return error_set(error,
                         "--out '%s': the path is missing; use KIND=PATH, where '-' is standard "
                         "output",
                         text);
    outputs_add(outputs, "--out", format->kind, text + length + 1);
    return 0;
}

int outputs_add_list(struct outputs *outputs, const struct option_list *list, struct error *error)
{
    for (size_t i = 0; i < list->count; i++)
        if (add_one(outputs, list->items[i], error))
            return -1;
    return 0;
}

/* --- Checking --- */

static bool is_stdout(const struct output *output)
{
    return strcmp(output->path, "-") == 0;
}

/* "--summary a.json", "--out hgrm=a.hgrm" */
static const char *describe(const struct output *output, char out[256])
{
    bool listed = strcmp(output->option, "--out") == 0;
    snprintf(out, 256, "%s %s%s%s", output->option, listed ? output->format->kind : "",
             listed ? "=" : "", output->path);
    return out;
}

int outputs_check(const struct outputs *outputs, struct error *error)
{
    char ours[256];
    char theirs[256];
    for (size_t i = 0; i < outputs->count; i++) {
        const struct output *output = &outputs->items[i];
        for (const struct output *other = outputs->items; other < output; other++)
            if (file_same(other->path, output->path))
                return error_set(error, "%s: %s goes there; give another path",
                                 describe(output, ours), describe(other, theirs));
        if (!is_stdout(output) && file_check_writable(output->path, error))
            return error_prefix(error, "%s", output->option);
    }
    return 0;
}

const char *outputs_input(const char *path)
{
    return strcmp(path, "-") == 0 ? "/dev/stdin" : path;
}

int outputs_check_input(const struct outputs *outputs, const char *option, const char *input,
                        struct error *error)
{
    char text[256];
    for (size_t i = 0; input && i < outputs->count; i++)
        if (file_same(outputs->items[i].path, outputs_input(input)))
            return error_set(error, "%s: %s %s is read; give another path",
                             describe(&outputs->items[i], text), option, input);
    return 0;
}

const char *outputs_file_of(const struct outputs *outputs, const char *kind)
{
    const struct format *format = format_find(text_of(kind));
    for (size_t i = 0; i < outputs->count; i++)
        if (outputs->items[i].format == format && !is_stdout(&outputs->items[i]))
            return outputs->items[i].path;
    return NULL;
}

/* --- Writing --- */

static int write_output(const struct output *output, const struct measurement *measurement,
                        const struct verdict *verdict, struct error *error)
{
    struct buffer text;
    buffer_init(&text, OUTPUT_MAX);
    int status = output->format->render(measurement, verdict, &text);
    if (status)
        error_set(error, "%s: out of memory", output->option);
    else if (!is_stdout(output))
        status = file_write_atomic(output->path, buffer_text(&text), error);
    else if (fwrite(text.data, 1, text.length, stdout) != text.length || fflush(stdout))
        status = error_set(error, "%s: standard output cannot be written", output->option);
    buffer_free(&text);
    return status;
}

/* All files, or what goes to standard output. */
static int write_outputs(const struct outputs *outputs, bool to_stdout,
                         const struct measurement *measurement, const struct verdict *verdict,
                         struct error *error)
{
    int status = 0;
    struct error later;
    for (size_t i = 0; i < outputs->count; i++) {
        const struct output *output = &outputs->items[i];
        if (output->format && is_stdout(output) == to_stdout &&
            write_output(output, measurement, verdict, status ? &later : error))
            status = -1;
    }
    return status;
}

int outputs_write_files(const struct outputs *outputs, const struct measurement *measurement,
                        const struct verdict *verdict, struct error *error)
{
    return write_outputs(outputs, false, measurement, verdict, error);
}

static bool wants_color(const struct show *show, FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    return !show->no_color && !(no_color && no_color[0]) && terminal_obeys(fileno(stream));
}

static int print_report(const struct show *show, FILE *stream,
                        const struct measurement *measurement, const struct verdict *verdict,
                        struct error *error)
{
    struct buffer text;
    const struct console_style style = {
        .color = wants_color(show, stream),
        .columns = terminal_columns(fileno(stream)),
        .summary_path = show->summary_path,
    };
    buffer_init(&text, REPORT_MAX);
    if (!show->quiet)
        report_console(measurement, verdict, &style, &text);
    else if (verdict->code != EXIT_PASSED &&
             report_verdict(measurement, verdict, &style, &text) == 0)
        buffer_printf(&text, "\n");
    bool written = (text.length == 0 || fwrite(text.data, 1, text.length, stream) == text.length) &&
                   !fflush(stream);
    buffer_free(&text);
    return written || !show->required ? 0 : error_set(error, "the report cannot be written");
}

int outputs_print(const struct outputs *outputs, const struct show *show,
                  const struct measurement *measurement, const struct verdict *verdict,
                  struct error *error)
{
    FILE *stream = show->quiet ? stderr : stdout;
    for (size_t i = 0; i < outputs->count; i++)
        if (is_stdout(&outputs->items[i]))
            stream = stderr;
    struct error later;
    int status = print_report(show, stream, measurement, verdict, error);
    return write_outputs(outputs, true, measurement, verdict, status ? &later : error) || status
               ? -1
               : 0;
}
