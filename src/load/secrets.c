#include "wsload/load/secrets.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "wsload/base/file.h"
#include "wsload/base/helpers.h"
#include "wsload/base/text.h"
#include "wsload/protocol/handshake.h"

#define SECRET_SIZE_MAX (16U * 1024)
#define FILE_SIZE_MAX   (1U << 20)

/* --- Files --- */

/* When PATH was last changed. Nothing but a regular file has such a time: a pipe cannot be read
 * twice, and opening it could wait forever. */
static bool find_modified(const char *path, int64_t *modified_ns)
{
    struct stat status;
    if (stat(path, &status) || !S_ISREG(status.st_mode))
        return false;
    *modified_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
    return true;
}

static int compile(struct template *content, struct text text, const char *path,
                   const struct template_scope *scope, struct error *error)
{
    text = text_trim(text);
    if (text.length == 0)
        return error_set(error, "%s: nothing in it; write the token or key into it", path);
    if (!header_value_valid(text))
        return error_set(error,
                         "%s: a line break or another control character in it, which no header "
                         "can hold; write the token or key alone",
                         path);
    struct error unused; /* not shown: it would repeat what stands in the file */
    if (template_compile(content, text, scope, &unused))
        return error_set(error,
                         "%s: what follows {{ in it is no variable of a handshake; there "
                         "are {{connection}}, {{timestamp}} and the columns of --users",
                         path);
    return 0;
}

/* NULL when PATH has nothing that can be used. */
static struct secret_version *read_version(const char *path, const struct template_scope *scope,
                                           struct error *error)
{
    struct secret_version *version = calloc(1, sizeof(*version));
    if (!version) {
        error_set(error, "out of memory");
        return NULL;
    }
    struct buffer text;
    buffer_init(&text, SECRET_SIZE_MAX);
    find_modified(path, &version->modified_ns); /* first: a change while it is read is seen later */
    int result = file_read_text(path, &text, error);
    if (result == 0)
        result = compile(&version->content, buffer_text(&text), path, scope, error);
    buffer_free(&text);
    if (result == 0)
        return version;
    free(version);
    return NULL;
}

static void free_version(struct secret_version *version)
{
    template_free(&version->content);
    free(version);
}

struct secret_file *secret_file_new(const char *path, const struct template_scope *scope,
                                    struct error *error)
{
    struct secret_file *file = calloc(1, sizeof(*file));
    if (!file) {
        error_set(error, "out of memory");
        return NULL;
    }
    file->path = path;
    atomic_init(&file->newest, read_version(path, scope, error));
    if (atomic_load(&file->newest))
        return file;
    free(file);
    return NULL;
}

const struct template *secret_file_now(struct secret_file *file, const struct template_scope *scope)
{
    const struct secret_version *last = atomic_load(&file->newest);
    int64_t modified_ns;
    if (!find_modified(file->path, &modified_ns) || modified_ns == last->modified_ns)
        return &last->content;
    struct error unused;
    struct secret_version *fresh = read_version(file->path, scope, &unused);
    if (!fresh)
        return &last->content;
    fresh->older = last;
    if (atomic_compare_exchange_strong(&file->newest, &last, fresh))
        return &fresh->content;
    free_version(fresh); /* another worker was first, and has put it into LAST */
    return &last->content;
}

void secret_file_free(struct secret_file *file)
{
    if (!file)
        return;
    for (const struct secret_version *version = atomic_load(&file->newest); version;) {
        const struct secret_version *older = version->older;
        free_version((struct secret_version *)version); /* const for those who read it */
        version = older;
    }
    free(file);
}

/* --- AWS credentials --- */

void credentials_free(struct credentials *credentials)
{
    free(credentials->access_key);
    free(credentials->secret_key);
    free(credentials->session_token);
    *credentials = (struct credentials){0};
}

/* Replaces *OUT by VALUE, which errors call NAME. An empty value counts as none. */
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

/* Where PROFILE's keys go, while its section lasts. */
struct section {
    struct credentials *credentials;
    const char *profile;
    bool inside;
    bool found;
};

/* Takes "NAME = VALUE". Nothing after the value is a comment: a secret may hold any mark. */
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
    struct text value = line;
    struct text name = text_cut(&value, '=');
    for (size_t i = 0; name.length < line.length && i < ARRAY_LENGTH(known); i++) {
        if (text_is_word(text_trim(name), known[i].key))
            return set_value(known[i].value, known[i].key, text_trim(value), error);
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
    section->found |= section->inside;
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

int credentials_parse(struct credentials *credentials, struct text file, const char *profile,
                      struct error *error)
{
    struct section section = {.credentials = credentials, .profile = profile};
    int result = 0;
    *credentials = (struct credentials){0};
    while (file.length > 0 && result == 0)
        result = take_line(&section, text_cut(&file, '\n'), error);
    if (result == 0)
        result = check_complete(&section, error);
    if (result)
        credentials_free(credentials);
    return result;
}

/* NAME of the environment; NULL when it is not set or empty. */
static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] != '\0' ? value : NULL;
}

int credentials_path(char path[PATH_MAX], struct error *error)
{
    const char *given = environment("AWS_SHARED_CREDENTIALS_FILE");
    const char *home = environment("HOME");
    if (!given && !home)
        return error_set(error, "HOME is not set, so that ~/.aws/credentials cannot be found");
    if (snprintf(path, PATH_MAX, "%s%s", given ? given : home, given ? "" : "/.aws/credentials") >=
        PATH_MAX)
        return error_set(error, "the path of the credentials file is too long");
    return 0;
}

static int from_file(struct credentials *credentials, const char *profile, struct error *error)
{
    char path[PATH_MAX];
    if (credentials_path(path, error))
        return -1;
    struct buffer file;
    buffer_init(&file, FILE_SIZE_MAX);
    int result = file_read_text(path, &file, error);
    if (result == 0 && credentials_parse(credentials, buffer_text(&file), profile, error))
        result = error_prefix(error, "%s", path);
    buffer_free(&file);
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

int credentials_find(struct credentials *credentials, const char *profile, struct error *error)
{
    *credentials = (struct credentials){0};
    const char *usual = environment("AWS_PROFILE");
    int result;
    if (profile)
        result = from_file(credentials, profile, error);
    else if (environment("AWS_ACCESS_KEY_ID") || environment("AWS_SECRET_ACCESS_KEY"))
        result = from_environment(credentials, error);
    else if ((result = from_file(credentials, usual ? usual : "default", error)))
        error_prefix(error,
                     "no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                     "mend the file");
    if (result)
        credentials_free(credentials);
    return result;
}
