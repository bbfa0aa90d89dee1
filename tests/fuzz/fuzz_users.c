/* Files of users: what loads has cells for every column, valid, safe in a header, and escaped so
 * that another parser reads them back; an error names the file. */
#include "fuzz.h"

#include <cjson/cJSON.h>
#include <unistd.h>

#include "wsload/base/text.h"
#include "wsload/load/users.h"
#include "wsload/protocol/handshake.h"

static char path[] = "/tmp/wsload-fuzz-XXXXXX";
static int fd = -1;

static void remove_file(void)
{
    unlink(path);
}

static void open_file(void)
{
    fd = mkstemp(path);
    REQUIRE(fd >= 0 && atexit(remove_file) == 0);
}

static void check_escaped(const struct template_column *cell)
{
    size_t room = cell->escaped.length + 3;
    char *json = malloc(room);
    cJSON *string;

    REQUIRE(json != NULL);
    snprintf(json, room, "\"%.*s\"", (int)cell->escaped.length, cell->escaped.data);
    string = cJSON_Parse(json);
    REQUIRE(cJSON_IsString(string));
    REQUIRE(text_equal(text_of(string->valuestring), cell->text));
    cJSON_Delete(string);
    free(json);
}

static void check_loaded(const struct users *users)
{
    REQUIRE(users->rows > 0 && users->columns > 0);
    for (size_t i = 0; i < users->columns; i++)
        REQUIRE(template_column_valid(users->names[i]));
    for (size_t row = 0; row < users->rows; row++) {
        const struct template_column *cells = users_row(users, row);

        for (size_t i = 0; i < users->columns; i++) {
            REQUIRE(utf8_valid(cells[i].text) && header_value_valid(cells[i].text));
            check_escaped(&cells[i]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct users users;
    struct error error = {""};

    if (fd < 0)
        open_file();
    REQUIRE(ftruncate(fd, 0) == 0);
    REQUIRE(pwrite(fd, data, size, 0) == (ssize_t)size);
    if (users_load(&users, path, &error) == 0)
        check_loaded(&users);
    else
        REQUIRE(strncmp(error.text, path, strlen(path)) == 0);
    users_free(&users);
    return 0;
}
