/* Prompts files, as text and as JSON lines: what loads is valid, in order, and escaped so that
 * another parser reads it back; an error names the file. */
#include "fuzz.h"

#include <cjson/cJSON.h>
#include <unistd.h>

#include "wsload/base/text.h"
#include "wsload/load/inputs.h"

static char text_path[] = "/tmp/wsload-fuzz-XXXXXX.txt";
static char json_path[] = "/tmp/wsload-fuzz-XXXXXX.jsonl";
static int text_fd = -1;
static int json_fd = -1;

static void remove_files(void)
{
    unlink(text_path);
    unlink(json_path);
}

static void open_files(void)
{
    text_fd = mkstemps(text_path, (int)strlen(".txt"));
    json_fd = mkstemps(json_path, (int)strlen(".jsonl"));
    REQUIRE(text_fd >= 0 && json_fd >= 0 && atexit(remove_files) == 0);
}

static void check_escaped(const struct prompt *prompt)
{
    size_t room = prompt->escaped.length + 3;
    char *json = malloc(room);
    cJSON *string;

    REQUIRE(json != NULL);
    snprintf(json, room, "\"%.*s\"", (int)prompt->escaped.length, prompt->escaped.data);
    string = cJSON_Parse(json);
    REQUIRE(cJSON_IsString(string));
    REQUIRE(text_equal(text_of(string->valuestring), prompt->text));
    cJSON_Delete(string);
    free(json);
}

static void check_loaded(const struct prompts *prompts, bool trimmed)
{
    size_t line = 0;

    REQUIRE(prompts->count > 0);
    for (size_t i = 0; i < prompts->count; i++) {
        const struct prompt *prompt = &prompts->items[i];

        REQUIRE(prompt->line > line);
        REQUIRE(utf8_valid(prompt->text));
        REQUIRE(!trimmed ||
                (prompt->text.length > 0 && text_equal(text_trim(prompt->text), prompt->text)));
        check_escaped(prompt);
        line = prompt->line;
    }
}

static void check_file(int fd, const char *path, const uint8_t *data, size_t size)
{
    struct prompts prompts;
    struct error error = {""};

    REQUIRE(ftruncate(fd, 0) == 0);
    REQUIRE(pwrite(fd, data, size, 0) == (ssize_t)size);
    if (prompts_load(&prompts, path, NULL, &error) == 0)
        check_loaded(&prompts, path == text_path);
    else
        REQUIRE(strncmp(error.text, path, strlen(path)) == 0);
    prompts_free(&prompts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (text_fd < 0)
        open_files();
    check_file(text_fd, text_path, data, size);
    check_file(json_fd, json_path, data, size);
    return 0;
}
