/* Prompts files of every form: what loads is valid, in order, and escaped so that another parser
 * reads it back, with each field that a template uses; an error names the file. */
#include "fuzz.h"

#include <cjson/cJSON.h>
#include <unistd.h>

#include "wsload/base/text.h"
#include "wsload/load/prompts.h"

/* A file of each form, and one whose content alone tells it. */
static struct file {
    char path[40];
    const char *suffix;
    const char *field;
    int fd;
} files[] = {
    {.suffix = ".txt"},
    {.suffix = ".jsonl"},
    {.suffix = ".csv"},
    {.suffix = "", .field = "q"},
};

#define FILE_COUNT (sizeof(files) / sizeof(files[0]))

static void remove_files(void)
{
    for (size_t i = 0; i < FILE_COUNT; i++)
        unlink(files[i].path);
}

static void open_files(void)
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        struct file *file = &files[i];
        snprintf(file->path, sizeof(file->path), "/tmp/wsload-fuzz-XXXXXX%s", file->suffix);
        file->fd = mkstemps(file->path, (int)strlen(file->suffix));
        REQUIRE(file->fd >= 0);
    }
    REQUIRE(atexit(remove_files) == 0);
}

static void check_text(struct text text, struct text escaped)
{
    size_t room = escaped.length + 3;
    char *json = malloc(room);
    REQUIRE(json != NULL);
    REQUIRE(utf8_valid(text));
    snprintf(json, room, "\"%.*s\"", (int)escaped.length, escaped.data);
    cJSON *string = cJSON_Parse(json);
    REQUIRE(cJSON_IsString(string));
    REQUIRE(text_equal(text_of(string->valuestring), text));
    cJSON_Delete(string);
    free(json);
}

static void check_loaded(const struct prompts *prompts, bool lines)
{
    size_t line = 0;
    REQUIRE(prompts->count > 0);
    for (size_t i = 0; i < prompts->count; i++) {
        const struct prompt *prompt = &prompts->items[i];
        const struct template_column *fields = prompts_fields(prompts, i);
        REQUIRE(prompt->line > line);
        REQUIRE(!lines ||
                (prompt->text.length > 0 && text_equal(text_trim(prompt->text), prompt->text)));
        check_text(prompt->text, prompt->escaped);
        for (size_t place = 0; place < prompts->fields.used; place++)
            check_text(fields[place].text, fields[place].escaped);
        line = prompt->line;
    }
}

/* A template that uses every field that can be written between braces, but every third. */
static void use_fields(struct prompts *prompts)
{
    for (size_t i = 0; i < prompts->fields.count; i++) {
        struct buffer text;
        struct template template;
        struct error error;
        struct template_scope scope = {.fields = &prompts->fields};
        buffer_init(&text, SIZE_MAX);
        REQUIRE(buffer_printf(&text, "{{%s}}", prompts->names[i]) == 0);
        if (i % 3 != 2 && template_compile(&template, buffer_text(&text), &scope, &error) == 0)
            template_free(&template);
        buffer_free(&text);
    }
    REQUIRE(prompts->fields.used <= prompts->fields.count);
}

static void check_file(const struct file *file, const uint8_t *data, size_t size)
{
    struct prompts prompts;
    struct error error = {""};
    REQUIRE(ftruncate(file->fd, 0) == 0);
    REQUIRE(pwrite(file->fd, data, size, 0) == (ssize_t)size);
    int result = prompts_open(&prompts, file->path, file->field, &error);
    if (result == 0) {
        use_fields(&prompts);
        result = prompts_load(&prompts, &error);
    }
    if (result == 0)
        check_loaded(&prompts, file == files);
    else
        REQUIRE(strncmp(error.text, file->path, strlen(file->path)) == 0);
    prompts_free(&prompts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (files[0].path[0] == '\0')
        open_files();
    for (size_t i = 0; i < FILE_COUNT; i++)
        check_file(&files[i], data, size);
    return 0;
}
