#include "wsload/load/credentials.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "wsload/base/buffer.h"
#include "wsload/base/file.h"
#include "wsload/base/helpers.h"
#include "wsload/protocol/handshake.h"

#define FILE_SIZE_MAX (1U << 20)
#define PATH_SIZE_MAX 4096

void credentials_free(struct credentials *credentials)
{
    free(credentials->access_key);
    free(credentials->secret_key);
    free(credentials->session_token);
    *credentials = (struct credentials){0};
}

/* Puts VALUE, which errors call NAME, in the place of *OUT. An empty one is none. */
static int set_value(char **out, const char *name, struct text value, struct error *error)
{
    free(*out);
    *out = NULL;
    if (value.length == 0)
        return 0;
    if (!header_value_valid(value)) /* it may go into a header */
        return error_set(error, "%s holds a control character; take it out", name);
    *out = strndup(value.data, value.length);
    return *out ? 0 : error_set(error, "out of memory");
}

/* --- The file --- */

/* Where PROFILE's keys go, while its section lasts. */
struct section {
    struct credentials *credentials;
    const char *profile;
    bool inside;
    bool found;
};

static bool is_key(struct text name, const char *key)
{
    return name.length == strlen(key) && strncasecmp(name.data, key, name.length) == 0;
}

/* Takes "NAME = VALUE". Nothing behind the value is a comment: a secret may hold any mark. */
static int take_setting(struct section *section, struct text line, struct error *error)
{
    struct credentials *credentials = section->credentials;
    const struct {
        const char *key;
        char **value;
    } known[] = {
        {"aws_access_key_id", &credentials->access_key},
        {"aws_secret_access_key", &credentials->secret_key},
        {"aws_session_token", &credentials->session_token},
    };
    const char *equals = memchr(line.data, '=', line.length);
    size_t length = equals ? (size_t)(equals - line.data) : line.length;
    struct text value = {line.data + length, line.length - length};
    if (!equals)
        return 0;
    value = text_trim((struct text){value.data + 1, value.length - 1});
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        if (is_key(text_trim((struct text){line.data, length}), known[i].key))
            return set_value(known[i].value, known[i].key, value, error);
    }
    return 0;
}

static int take_line(struct section *section, struct text line, struct error *error)
{
    line = text_trim(line);
    if (line.length == 0 || line.data[0] == '#' || line.data[0] == ';')
        return 0;
    if (line.data[0] != '[')
        return section->inside ? take_setting(section, line, error) : 0;
    const char *end = memchr(line.data, ']', line.length);
    line = (struct text){line.data + 1, (size_t)(end ? end - line.data - 1 : 0)};
    section->inside = text_equal(text_trim(line), text_of(section->profile));
    section->found = section->found || section->inside;
    return 0;
}

static int check_complete(const struct section *section, struct error *error)
{
    const char *profile = section->profile;
    const char *missing = section->credentials->access_key ? "aws_secret_access_key"
                                                           : "aws_access_key_id";
    if (!section->found)
        return error_set(error, "no profile [%s] in it", profile);
    if (section->credentials->access_key && section->credentials->secret_key)
        return 0;
    return error_set(error,
                     "no %s in [%s]; when it gets its keys elsewhere, put what `aws configure "
                     "export-credentials --profile %s --format env` prints into the environment",
                     missing, profile, profile);
}

static int parse(struct section *section, struct text file, struct error *error)
{
    while (file.length > 0) {
        const char *end = memchr(file.data, '\n', file.length);
        size_t length = end ? (size_t)(end - file.data) : file.length;
        size_t used = end ? length + 1 : length;
        if (take_line(section, (struct text){file.data, length}, error))
            return -1;
        file = (struct text){file.data + used, file.length - used};
    }
    return check_complete(section, error);
}

int credentials_parse(struct credentials *credentials, struct text file, const char *profile,
                      struct error *error)
{
    struct section section = {.credentials = credentials, .profile = profile};
    *credentials = (struct credentials){0};
    if (parse(&section, file, error) == 0)
        return 0;
    credentials_free(credentials);
    return -1;
}

/* --- Where to look --- */

/* The environment's NAME; empty is as good as not there. */
static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] != '\0' ? value : NULL;
}

static int append_path(struct buffer *path, struct error *error)
{
    const char *given = environment("AWS_SHARED_CREDENTIALS_FILE");
    const char *home = environment("HOME");
    if (!given && !home)
        return error_set(error, "HOME is not set, so that ~/.aws/credentials cannot be found");
    if (given ? buffer_printf(path, "%s", given) : buffer_printf(path, "%s/.aws/credentials", home))
        return error_set(error, "the path of the credentials file is too long");
    return 0;
}

static int read_file(struct credentials *credentials, const char *path, const char *profile,
                     struct error *error)
{
    struct buffer file;
    buffer_init(&file, FILE_SIZE_MAX);
    int result = file_read(path, &file, error);
    if (result == 0) {
        result = credentials_parse(credentials, buffer_text(&file), profile, error);
        if (result != 0)
            error_prefix(error, "%s", path);
    }
    buffer_free(&file);
    return result;
}

static int from_file(struct credentials *credentials, const char *profile, struct error *error)
{
    struct buffer path;
    buffer_init(&path, PATH_SIZE_MAX);
    int result = append_path(&path, error);
    if (result == 0)
        result = read_file(credentials, path.data, profile, error);
    buffer_free(&path);
    return result;
}

static int from_environment(struct credentials *credentials, struct error *error)
{
    const struct {
        const char *name;
        char **value;
    } variables[] = {
        {"AWS_ACCESS_KEY_ID", &credentials->access_key},
        {"AWS_SECRET_ACCESS_KEY", &credentials->secret_key},
        {"AWS_SESSION_TOKEN", &credentials->session_token},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(variables); i++) {
        struct text value = text_of(environment(variables[i].name));
        if (set_value(variables[i].value, variables[i].name, value, error))
            return -1;
        if (value.length == 0 && variables[i].value != &credentials->session_token)
            return error_set(error,
                             "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together, and %s is "
                             "not set",
                             variables[i].name);
    }
    return 0;
}

static int find(struct credentials *credentials, const char *profile, struct error *error)
{
    if (profile)
        return from_file(credentials, profile, error);
    if (environment("AWS_ACCESS_KEY_ID") || environment("AWS_SECRET_ACCESS_KEY"))
        return from_environment(credentials, error);
    profile = environment("AWS_PROFILE");
    if (from_file(credentials, profile ? profile : "default", error) == 0)
        return 0;
    return error_prefix(error, "no AWS credentials; set AWS_ACCESS_KEY_ID and "
                               "AWS_SECRET_ACCESS_KEY, or mend the file");
}

int credentials_find(struct credentials *credentials, const char *profile, struct error *error)
{
    *credentials = (struct credentials){0};
    if (find(credentials, profile, error) == 0)
        return 0;
    credentials_free(credentials);
    return -1;
}
